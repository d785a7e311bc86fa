// Exports the networks of a run into one folder that can be used on its own: model files, their description, the parity
// that was measured, and test data. The folder appears whole, after every file passed its checks.
import { cpSync, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, parse, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { checkOnnx, exportOnnx, type Parity, type ParityReport, verifyExport } from '../../export/index.ts';
import { option, UnavailableError, UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { rememberCode } from '../../src/machine/code-permission.ts';
import { readConfiguration, runPath } from '../../src/run/folder.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';
import { writeFolderAtomic } from '../../src/storage/atomic-file.ts';
import { holdsExport, writeExportDescription } from '../../src/storage/export-description.ts';
import { listIfPresent } from '../../src/storage/file-system.ts';
import { setNetworkWeights } from '../../src/tensorflow/weight.ts';
import { namedCodeOf } from '../../src/training/configuration.ts';
import { loadRun } from '../load.ts';
import { disposeRunParts } from '../parts.ts';
import { writeMlflowModel, writeModelCard } from './model-card.ts';
import { describeExport, type NetworkPlanOptions, planNetworks, resolveNetworkOptions } from './plan.ts';
import { readTrainedState } from './trained-state.ts';
import { type ExportedTrainingStep, writeTrainingStep } from './training-step.ts';

/** How the networks of a run are written, and where; nothing has to be said. */
export interface ExportRunOptions extends NetworkPlanOptions {
  /** Default: export/ in the run's folder; of a state NAME-export beside its file. */
  readonly out?: string;
  /**
   * A file of weights that the run's training step was trained to elsewhere, .npz or .safetensors: they are exported in place of the
   * run's own. Arrays `stepsDone`, `weights`, `first_moment`, `second_moment`, `averages`; perhaps a text `configuration`.
   */
  readonly state?: string;
  /** Of the weights, for the model card: an identifier of Hugging Face's list. Default: none is stated. */
  readonly license?: string;
  /** Writes the training step too, from the newest checkpoint or from `state` on. Default: false. */
  readonly trainingStep?: boolean;
  /** Whether that step is for batches of the run's size alone. Default: false, for batches of any size. */
  readonly fixedBatch?: boolean;
  /** Told in one line of what is odd: a runtime that is not here, a checkpoint passed over. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two networks; the folder stays as it was. */
  readonly signal?: AbortSignal | undefined;
}

/** One network that was written: its file, its size in bytes, and how far it is from TensorFlow.js. */
export interface ExportedNetwork {
  readonly name: 'encoder' | 'predictor' | 'auxiliary';
  readonly file: string;
  readonly bytes: number;
  readonly nodes: number;
  readonly parity: ParityReport;
}

/** What `exportRun` wrote. */
export interface ExportedRun {
  readonly folder: string;
  readonly networks: readonly ExportedNetwork[];
  /** Where it was asked for. */
  readonly trainingStep?: ExportedTrainingStep;
}

/**
 * Writes the networks of a run as encoder.onnx, predictor.onnx and auxiliary.onnx, each only after it agrees with TensorFlow.js.
 * The folder appears whole or not at all; its parity.json says how far each output is from the reference.
 *
 * @throws UsageError where `out` holds something else than an export; FormatError where `state` is none of this run's step;
 *   JepaError where a file does not pass its checks
 */
export async function exportRun(runFolder: string, given: ExportRunOptions = {}): Promise<ExportedRun> {
  const options = resolveNetworkOptions(given);
  if (options.fixedBatch && !options.trainingStep)
    throw new UsageError(`${option('fixedBatch')}: expected ${option('trainingStep')} beside it, got none`, {
      remedy: 'The networks themselves take batches of any size.',
    });
  const folder = outFolder(runFolder, options);
  readConfiguration(runFolder);
  requireReplaceable(folder);
  await chooseBackend(options.onNote);
  const loaded = await loadRun(runFolder, options.onNote);
  const runtime = await openChecker(options.onNote);
  try {
    const { state } = options;
    const trained = state === undefined ? undefined : await readTrainedState(state, runFolder, loaded);
    if (trained) setNetworkWeights(loaded.model, trained.weights);
    const run = trained === undefined ? loaded : { ...loaded, step: trained.step, stateFile: trained.stateFile };
    const plans = planNetworks(runFolder, run, options);
    const license: Readonly<Record<string, string>> = options.license === undefined ? {} : { license: options.license };
    const networks: ExportedNetwork[] = [];
    let trainingStep: ExportedTrainingStep | undefined;
    let encoder: Parameters<typeof writeMlflowModel>[2] | undefined;
    await writeFolderAtomic(
      folder,
      async (temporary) => {
        for (const plan of plans) {
          options.signal?.throwIfAborted();
          const { name, model, inputs } = plan;
          const { metadata } = plan.exportOptions;
          const exportOptions = { ...plan.exportOptions, metadata: { ...metadata, ...license } };
          const file = `${name}.onnx`;
          const bytes = exportOnnx(model, exportOptions);
          const where = file;
          const parity = await verifyExport(bytes, {
            ...{ tensorflow: tf, model, exportOptions, runtime, where, inputs, mustBeFinite: true },
          });
          await writeFile(join(temporary, file), bytes);
          if (name === 'encoder') encoder = { plan, bytes };
          await writeTestData(join(temporary, 'test_data', name), parity);
          const nodes = checkOnnx(bytes, file).graph.nodes.length;
          networks.push({ name, file, bytes: bytes.byteLength, nodes, parity: parity.report });
        }
        if (options.trainingStep) {
          options.signal?.throwIfAborted();
          const { opset, fixedBatch } = options;
          const { metadata } = plans[0].exportOptions;
          trainingStep = await writeTrainingStep(temporary, runFolder, run, {
            runtime,
            opset,
            metadata,
            hasFixedBatch: fixedBatch,
            trained,
          });
        }
        const reports = Object.fromEntries(networks.map(({ name, parity }) => [name, parity]));
        await writeFile(join(temporary, 'parity.json'), formatJson(reports));
        writeExportDescription(temporary, { ...describeExport(runFolder, run, options), ...license });
        // Of an encoder out of a module: evaluations of the export compare with it, without the module.
        const initial = runPath(runFolder, 'initialEncoder');
        if (existsSync(initial)) cpSync(initial, runPath(temporary, 'initialEncoder'), { recursive: true });
        writeModelCard(temporary, runFolder);
        if (encoder) writeMlflowModel(temporary, run, encoder);
      },
      { replace: existsSync(folder) },
    );
    const forgotten = rememberCode(folder, namedCodeOf(run.configuration));
    if (forgotten !== undefined) options.onNote?.(forgotten);
    return { folder, networks, ...(trainingStep ? { trainingStep } : {}) };
  } finally {
    await runtime.dispose();
    disposeRunParts(loaded);
  }
}

/** @throws UsageError where a state would take the place of the run's own weights, which evaluations compare with its models */
function outFolder(runFolder: string, { out, state }: ExportRunOptions): string {
  const own = runPath(runFolder, 'export');
  if (state === undefined) return out ?? own;
  const { dir, name } = parse(state);
  const folder = out ?? join(dir, `${name}-export`);
  if (resolve(folder) !== resolve(own)) return folder;
  throw new UsageError(`${option('out', folder)}: expected another folder than that of the run's own weights, got it`, {
    remedy: `Choose another ${option('out')}.`,
  });
}

/** An empty folder, an earlier export, or nothing. */
function requireReplaceable(folder: string): void {
  if (holdsExport(folder)) return;
  const [first] = listIfPresent(folder) ?? [];
  if (first !== undefined)
    throw new UsageError(
      `${option('out', folder)}: expected a new folder or an earlier export, got one that holds ${first}`,
      {
        remedy: `Choose another ${option('out')}.`,
      },
    );
}

/** Native TensorFlow where it is set up; else tfjs's own JavaScript, which takes seconds for these few observations. */
async function chooseBackend(onNote?: (note: string) => void): Promise<void> {
  tf.enableProdMode();
  const { findNatives } = await import('../../src/tensorflow/native/find.ts');
  if (findNatives().length > 0)
    try {
      await (await import('../../src/tensorflow/load.ts')).loadTensorFlow({ mayInstall: false });
      return;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      onNote?.(`${error.message.split('\n')[0]}; comparing with tfjs in JavaScript`);
    }
  await tf.setBackend('cpu');
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

/** test_data_set_0/{input,output}_i.pb, where ONNX's own runners look for them. */
async function writeTestData(folder: string, parity: Parity): Promise<void> {
  for (const { path, bytes } of parity.testData) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}
