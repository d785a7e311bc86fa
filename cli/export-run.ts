// Exports the networks of a run into one folder that can be used on its own: model files, their description, the parity
// that was measured, and test data. The folder appears whole, after every file passed its checks.
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  checkOnnx,
  defaultOpset,
  type ExportOptions,
  exportOnnx,
  type Parity,
  type ParityReport,
  verifyExport,
} from '../export/index.ts';
import { type LoadedRun, loadRun } from '../models/load-run.ts';
import { disposeRunParts } from '../models/run-parts.ts';
import { UnavailableError, UsageError } from '../src/error.ts';
import { openRuntime, type Runtime } from '../src/runtimes/index.ts';
import { writeFolderAtomic } from '../src/storage/atomic-file.ts';
import {
  EXPORT_DESCRIPTION_NAME,
  type ExportDescription,
  writeExportDescription,
} from '../src/storage/export-description.ts';
import { readMetrics } from '../src/storage/jsonl.ts';
import { runPath } from '../src/training/run-folder.ts';
import { packageVersion } from './package.ts';

export interface ExportRunOptions {
  /** Default: export/ in the run's folder. */
  readonly out?: string;
  readonly opset?: number;
  /** Layout of observations. */
  readonly layout: 'nchw' | 'nhwc';
  /** float32: observations in 0..1; uint8: raw pixels, scaled in the graph. */
  readonly pixels: 'float32' | 'uint8';
  readonly onNote?: (note: string) => void;
}

export interface ExportedNetwork {
  readonly name: 'encoder' | 'predictor' | 'auxiliary';
  readonly file: string;
  readonly bytes: number;
  readonly nodes: number;
  readonly parity: ParityReport;
}

/** @throws UsageError where `out` holds something else than an export; JepaError where a file does not pass its checks. */
export async function exportRun(
  runFolder: string,
  options: ExportRunOptions,
): Promise<{ readonly folder: string; readonly networks: readonly ExportedNetwork[] }> {
  const folder = options.out ?? runPath(runFolder, 'export');
  requireReplaceable(folder);
  await chooseBackend();
  const run = await loadRun(runFolder, options.onNote);
  const runtime = await openChecker(options.onNote);
  try {
    const plans = planNetworks(runFolder, run, options);
    const networks: ExportedNetwork[] = [];
    await writeFolderAtomic(
      folder,
      async (temporary) => {
        for (const { name, model, exportOptions } of plans) {
          const file = `${name}.onnx`;
          const bytes = exportOnnx(model, exportOptions);
          const parity = await verifyExport(bytes, { tensorflow: tf, model, exportOptions, runtime, where: file });
          await writeFile(join(temporary, file), bytes);
          await writeTestData(join(temporary, 'test_data', name), parity);
          const nodes = checkOnnx(bytes, file).graph.nodes.length;
          networks.push({ name, file, bytes: bytes.byteLength, nodes, parity: parity.report });
        }
        const reports = Object.fromEntries(networks.map(({ name, parity }) => [name, parity]));
        await writeFile(join(temporary, 'parity.json'), `${JSON.stringify(reports, undefined, 2)}\n`);
        writeExportDescription(temporary, describeExport(runFolder, run, options));
      },
      { replace: existsSync(folder) },
    );
    return { folder, networks };
  } finally {
    await runtime.dispose();
    disposeRunParts(run);
  }
}

/** An empty folder, an earlier export, or nothing. */
function requireReplaceable(folder: string): void {
  if (!existsSync(folder) || existsSync(join(folder, EXPORT_DESCRIPTION_NAME))) return;
  const [first] = readdirSync(folder);
  if (first !== undefined)
    throw new UsageError(`--out ${folder}: expected a new folder or an earlier export, got one that holds ${first}`, {
      remedy: 'Choose another --out.',
    });
}

/** Native TensorFlow where it is set up; else tfjs's own JavaScript, which takes seconds for these few observations. */
async function chooseBackend(): Promise<void> {
  tf.enableProdMode();
  const { findNatives } = await import('../src/training/tensorflow/native/find.ts');
  if (findNatives().length > 0) await (await import('../src/training/tensorflow/load.ts')).loadTensorFlow();
  else await tf.setBackend('cpu');
}

async function openChecker(onNote?: (note: string) => void): Promise<Runtime> {
  try {
    return await openRuntime('cpu');
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    onNote?.(`${error.message}; checking with onnxruntime-web`);
    return openRuntime('wasm');
  }
}

interface NetworkPlan {
  readonly name: 'encoder' | 'predictor' | 'auxiliary';
  readonly model: tf.LayersModel;
  readonly exportOptions: ExportOptions;
}

function planNetworks(runFolder: string, run: LoadedRun, options: ExportRunOptions): NetworkPlan[] {
  const { encoder, predictor, auxiliary } = run.model;
  const { layout, pixels, opset = defaultOpset } = options;
  const shared: ExportOptions = {
    opset,
    layout,
    producer: { name: 'jepa-onnx', version: packageVersion() },
    metadata: metadataOf(runFolder, run),
  };
  const environment = run.environment.name;
  const actions = run.environment.actionNames.join(', ');
  const range = pixels === 'uint8' ? '0..255' : '0..1';
  const plans: NetworkPlan[] = [
    {
      name: 'encoder',
      model: encoder,
      exportOptions: {
        ...shared,
        pixels,
        scope: 'encoder',
        inputNames: ['observation'],
        outputNames: ['latent'],
        doc: `Encoder of a JEPA world model trained on ${environment}: an observation to its latent.`,
        portDocs: {
          observation: `RGB images, ${layout.toUpperCase()}, pixels in ${range}`,
          latent: 'the latent of each observation',
        },
        metadata: {
          ...shared.metadata,
          'Image.BitmapPixelFormat': 'Rgb8',
          'Image.NominalPixelRange': pixels === 'uint8' ? 'NominalRange_0_255' : 'Normalized_0_1',
        },
      },
    },
    {
      name: 'predictor',
      model: predictor,
      exportOptions: {
        ...shared,
        scope: 'predictor',
        inputNames: ['latent', 'action'],
        outputNames: ['next_latent'],
        doc: `Latent transition model of a JEPA world model trained on ${environment}: latent and action to the next latent.`,
        portDocs: {
          latent: 'latents, as the encoder gives them',
          action: `encoded actions; the environment's are: ${actions}`,
          next_latent: 'the predicted latents after the actions',
        },
      },
    },
  ];
  if (auxiliary)
    plans.push({
      name: 'auxiliary',
      model: auxiliary,
      exportOptions: {
        ...shared,
        scope: 'auxiliary',
        inputNames: ['latent'],
        outputNames: ['auxiliary'],
        doc: `Auxiliary head of a JEPA world model trained on ${environment}: latent to ${describeAuxiliaries(run)}.`,
        portDocs: {
          latent: 'latents, as the encoder gives them',
          auxiliary: describeAuxiliaries(run),
        },
      },
    });
  return plans;
}

function describeAuxiliaries({ auxiliaries }: LoadedRun): string {
  return auxiliaries
    .map(({ name, size, loss }) => `${name} (${size} ${loss === 'cross-entropy' ? 'logits' : 'values'})`)
    .join(', ');
}

/** Nothing here depends on the clock or the machine: the same weights give the same bytes. */
function metadataOf(runFolder: string, { configuration, step }: LoadedRun): Record<string, string> {
  const metrics = existsSync(runPath(runFolder, 'metrics')) ? readMetrics(runPath(runFolder, 'metrics')).records : [];
  const last = metrics.filter((record) => record.step <= step).at(-1);
  return {
    'jepa_onnx.run': basename(resolve(runFolder)),
    'jepa_onnx.config': JSON.stringify(configuration),
    'jepa_onnx.seed': String(configuration.seed),
    'jepa_onnx.step': String(step),
    ...(last ? { 'jepa_onnx.metrics': JSON.stringify(last) } : {}),
    'jepa_onnx.versions': JSON.stringify({ 'jepa-onnx': packageVersion(), tfjs: tf.version.tfjs }),
  };
}

function describeExport(
  runFolder: string,
  run: LoadedRun,
  options: ExportRunOptions,
): Omit<ExportDescription, 'format'> {
  const { environment, auxiliaries, configuration, step } = run;
  const [height, width, channels] = environment.observationShape;
  const size = auxiliaries.reduce((sum, auxiliary) => sum + auxiliary.size, 0);
  return {
    run: basename(resolve(runFolder)),
    step,
    configuration,
    encoder: {
      file: 'encoder.onnx',
      input: { name: 'observation', layout: options.layout, type: options.pixels, height, width, channels },
      output: { name: 'latent', size: configuration.model.latentSize },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: environment.actionSize,
      output: { name: 'next_latent' },
    },
    ...(size > 0
      ? { auxiliary: { file: 'auxiliary.onnx', input: { name: 'latent' }, output: { name: 'auxiliary', size } } }
      : {}),
  };
}

/** test_data_set_0/{input,output}_i.pb, where ONNX's own runners look for them. */
async function writeTestData(folder: string, parity: Parity): Promise<void> {
  for (const { path, bytes } of parity.testData) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}
