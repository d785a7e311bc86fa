// Starts the page: loads the models beside it, measures, then lets the reader look. What fails is said where the answer
// would have stood.
import * as z from 'zod';
import { JepaError, UnavailableError } from '../../src/error.ts';
import { verdictHeadlines, verdictTones } from '../../src/report/answer.ts';
import { formatCount } from '../../src/report/number.ts';
import { HELD_OUT_BYTES_NAME, HELD_OUT_NAME } from '../held-out-format.ts';
import { startEncoderPage } from './encoder-page.ts';
import { startExplorer } from './explorer.ts';
import type { Measurement } from './measurement.ts';
import { readSettings } from './settings.ts';
import { byId, element } from './view/dom.ts';
import { answerSentence, measurementNotes, measurementTable, sentenceItem } from './view/measurement-table.ts';
import { fillSettingsForm } from './view/settings-form.ts';
import { loadInWorker, type PageModel } from './worker-model.ts';
import type { HeldOutFiles } from './worker-protocol.ts';
import type { World } from './world.ts';
import { worldOf } from './world-of.ts';

/** Beside the page, as the server and the static folder lay them. */
const MODEL_FOLDER = 'model/';
const runtimeFiles = {
  wasm: { mjs: address('runtime/ort-wasm-simd-threaded.js'), wasm: address('runtime/ort-wasm-simd-threaded.wasm') },
  webgpu: {
    mjs: address('runtime/ort-wasm-simd-threaded.asyncify.js'),
    wasm: address('runtime/ort-wasm-simd-threaded.asyncify.wasm'),
  },
};

function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

async function start(): Promise<void> {
  // The note that the script did not come goes; see document.ts.
  document.documentElement.dataset.state = 'measuring';
  byId('verdict').textContent = 'Measuring';
  // zod would try whether it may make code from text, which the page's policy reports.
  z.config({ jitless: true });
  const settings = readSettings(location.search);
  fillSettingsForm(byId('settings'), settings);
  const { model, measure } = await loadInWorker(
    address('worker.js'),
    {
      folder: address(MODEL_FOLDER),
      isKept: new URLSearchParams(location.search).get('from') === 'playground',
      runtime: settings.runtime,
      threads: settings.threads,
      runtimeFiles,
    },
    announce,
  );
  const heldOut = model.description.recording === undefined ? undefined : await readHeldOut();
  const world = worldOf(model.description, heldOut);
  showSubject(model, world);
  announce('Encoding observations');
  const measurement = await measure({ observations: settings.observations, heldOut }, (fraction) =>
    byId('progress').setAttribute('value', String(fraction)),
  );
  fillSettingsForm(byId('settings'), settings, {
    runtime: model.runtime.runtime,
    threads: model.runtime.threads,
    observations: measurement.latents.count,
  });
  showMeasurement(model, measurement, world);
  await startExplorer(model, world, measurement, {
    plot: byId('plot'),
    observation: byId('observation'),
    act: byId('act'),
    announce,
    onError: showError,
  });
  document.documentElement.dataset.state = 'ready';
}

/** The held-out observations of a recording, which lie beside the export. */
async function readHeldOut(): Promise<HeldOutFiles> {
  const read = async (name: string) => {
    const response = await fetch(address(MODEL_FOLDER + name));
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new JepaError(`${name}: expected held-out observations beside the export, got status ${response.status}`, {
      remedy: 'Make the page again: jepa serve RUN',
    });
  };
  const [json, bytes] = await Promise.all([read(HELD_OUT_NAME), read(HELD_OUT_BYTES_NAME)]);
  return { json, bytes };
}

function showSubject({ description, runtime }: PageModel, { name }: World): void {
  const where =
    runtime.runtime === 'webgpu' ? 'WebGPU' : `WebAssembly, ${runtime.threads} thread${runtime.threads > 1 ? 's' : ''}`;
  byId('subject').textContent =
    `World model ${description.run}, trained on ${name} for ${formatCount(description.step)} steps, in this browser: ${where}`;
  document.title = `${description.run}: world model · jepa-onnx`;
}

function showMeasurement(model: PageModel, measurement: Measurement, world: World): void {
  const { names } = world.classes;
  const { verdict } = measurement.distinctness.decision;
  const headline = verdictHeadlines[verdict];
  byId('progress').hidden = true;
  byId('verdict').className = `verdict ${verdictTones[verdict]}`;
  byId('verdict').textContent = headline;
  const answer = answerSentence(measurement, names);
  byId('answer').textContent = answer;
  byId('question').textContent = `Do the latents of ${names.length} classes stay apart?`;
  byId('measured-finding').textContent = `${headline}, on ${model.runtime.version}.`;
  byId('measured-table').replaceChildren(measurementTable(model.runtime, measurement));
  byId('notes').replaceChildren(...measurementNotes(model.runtime, measurement, world).map(sentenceItem));
  announce(`${headline}. ${answer}`);
}

function announce(text: string): void {
  byId('status').textContent = text;
}

function showError(error: unknown): void {
  document.documentElement.dataset.state = 'failed';
  byId('progress').hidden = true;
  byId('verdict').className = 'verdict bad';
  byId('verdict').textContent = 'Not measured';
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof JepaError ? error.remedy : undefined;
  const alert = byId('alert');
  alert.replaceChildren(
    element('p', {}, element('b', {}, message)),
    ...(remedy === undefined ? [] : [element('p', {}, remedy)]),
    ...(error instanceof UnavailableError && !location.search.includes('runtime=wasm')
      ? [element('p', {}, element('a', { href: '?runtime=wasm' }, 'Measure with WebAssembly'))]
      : []),
  );
  alert.hidden = false;
}

const isOfEncoder = document.documentElement.dataset.subject === 'encoder';
(isOfEncoder ? startEncoderPage({ address, announce }) : start()).catch(showError);
