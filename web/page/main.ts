// Starts the page: loads the models beside it, measures, then lets the reader look. What fails is said where the answer
// would have stood.
import * as z from 'zod';
import { JepaError, UnavailableError } from '../../src/error.ts';
import { verdictHeadlines, verdictTones } from '../../src/report/answer.ts';
import { formatCount } from '../../src/report/number.ts';
import type { ExportDescription } from '../../src/storage/export-format.ts';
import { HELD_OUT_BYTES_NAME, HELD_OUT_NAME, parseHeldOut } from '../held-out-format.ts';
import { loadWorldModel, type WorldModel } from '../world-model.ts';
import { environmentWorld } from './environment-world.ts';
import { startExplorer } from './explorer.ts';
import { type Measurement, measureWorld } from './measurement.ts';
import { recordingWorld } from './recording-world.ts';
import { readSettings } from './settings.ts';
import { byId, element } from './view/dom.ts';
import { answerSentence, measurementNotes, measurementTable, sentenceItem } from './view/measurement-table.ts';
import { fillSettingsForm } from './view/settings-form.ts';
import type { World } from './world.ts';

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
  // zod would try whether it may make code from text, which the page's policy reports.
  z.config({ jitless: true });
  const settings = readSettings(location.search);
  fillSettingsForm(byId('settings'), settings);
  const model = await loadWorldModel(MODEL_FOLDER, {
    runtime: settings.runtime,
    threads: settings.threads,
    runtimeFiles,
    onProgress: announce,
  });
  const world = await worldOf(model.description);
  showSubject(model, world);
  announce('Encoding observations');
  const measurement = await measureWorld(model, world, {
    observations: settings.observations,
    onProgress: (fraction) => byId('progress').setAttribute('value', String(fraction)),
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

/** An export of a recording has its observations beside it; an environment is made again. */
async function worldOf(description: ExportDescription): Promise<World> {
  if (description.recording === undefined) return environmentWorld(description);
  const read = async (name: string) => {
    const response = await fetch(address(MODEL_FOLDER + name));
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new JepaError(`${name}: expected held-out observations beside the export, got status ${response.status}`, {
      remedy: 'Make the page again: jepa serve RUN',
    });
  };
  const [json, bytes] = await Promise.all([read(HELD_OUT_NAME), read(HELD_OUT_BYTES_NAME)]);
  return recordingWorld(description, parseHeldOut(json, bytes));
}

function showSubject({ description, runtime }: WorldModel, { name }: World): void {
  const where =
    runtime.runtime === 'webgpu' ? 'WebGPU' : `WebAssembly, ${runtime.threads} thread${runtime.threads > 1 ? 's' : ''}`;
  byId('subject').textContent =
    `World model ${description.run}, trained on ${name} for ${formatCount(description.step)} steps, in this browser: ${where}`;
  document.title = `${description.run}: world model · jepa-onnx`;
}

function showMeasurement(model: WorldModel, measurement: Measurement, world: World): void {
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

start().catch(showError);
