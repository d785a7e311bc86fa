// Where a run is trained: TensorFlow's graph, or the same step as an ONNX file on one of onnxruntime's providers.
import { cpus } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { buildTrainingProgram } from '../../export/training/index.ts';
import { option, UnavailableError, unknownName } from '../../src/error.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { openRuntime, type Runtime } from '../../src/runtimes/index.ts';
import { type LoadOptions, loadedTensorFlow, loadTensorFlow } from '../../src/tensorflow/load.ts';
import type { OpenTrainingBackend } from '../../src/training/backend.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { OnnxTrainingStep } from './onnx-step.ts';

/** Where a training can run, by the names of `--on`. */
export const trainingPlaces = ['tensorflow', 'onnx:cpu', 'onnx:wasm', 'onnx:webgpu', 'onnx:cuda'] as const;
/** One of them. */
export type TrainingPlaceName = (typeof trainingPlaces)[number];

/** `auto`: TensorFlow, or onnxruntime on the CPU where TensorFlow cannot be had. */
export type TrainingPlaceChoice = TrainingPlaceName | 'auto';

/** What made the run: versions and hardware, for environment.json and for the seal of a checkpoint. */
export type Provenance = Readonly<Record<string, string | number>>;

/** A place that is open. Whoever opened it disposes it, after its backends. */
export interface TrainingPlace {
  readonly name: TrainingPlaceName;
  readonly provenance: Provenance;
  readonly open: OpenTrainingBackend;
  dispose(): Promise<void>;
}

export interface TrainingPlaceOptions extends Pick<LoadOptions, 'onSetup' | 'signal'> {
  readonly threads: number;
  /** Told where `auto` takes another place than TensorFlow. */
  readonly onNote?: ((note: string) => void) | undefined;
}

const FALLBACK = 'onnx:cpu';

/**
 * @throws UsageError for a name that is none
 * @throws UnavailableError where this machine cannot train there; of TensorFlow's the remedy names the place that needs no download
 */
export async function openTrainingPlace(
  choice: TrainingPlaceChoice,
  options: TrainingPlaceOptions,
): Promise<TrainingPlace> {
  if (choice !== 'auto' && !trainingPlaces.includes(choice))
    throw unknownName(option('on'), 'where to train', choice, [...trainingPlaces, 'auto']);
  if (choice !== 'auto' && choice !== 'tensorflow') return openOnnxPlace(choice, options);
  try {
    return await openTensorFlowPlace(options);
  } catch (error) {
    const other = placeInstead(choice, error);
    options.onNote?.(other.note);
    return openOnnxPlace(other.name, options);
  }
}

/**
 * Where `auto` trains when TensorFlow could not be had, and what is said of it.
 * @throws the error itself where another place was not asked for, with the offer of one where TensorFlow is what is missing
 */
export function placeInstead(
  choice: TrainingPlaceChoice,
  error: unknown,
): { readonly name: typeof FALLBACK; readonly note: string } {
  if (!(error instanceof UnavailableError)) throw error;
  const [reason] = error.message.split('\n');
  if (choice === 'auto')
    return {
      name: FALLBACK,
      note: `${reason}; training on ${FALLBACK} (onnxruntime), which needs no native TensorFlow`,
    };
  throw new UnavailableError(error.message, {
    remedy: `${error.remedy ? `${error.remedy} ` : ''}Or train without TensorFlow: ${option('on', FALLBACK)}.`,
    cause: error,
  });
}

const machineOf = (place: TrainingPlaceName, { threads }: TrainingPlaceOptions): Provenance => ({
  package: `jepa-onnx ${packageVersion()}`,
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  tfjs: tf.version.tfjs,
  threads,
  place,
});

async function openTensorFlowPlace(options: TrainingPlaceOptions): Promise<TrainingPlace> {
  const { threads, onSetup, signal } = options;
  await loadTensorFlow({ threads, ...(onSetup && { onSetup }), ...(signal && { signal }) });
  return {
    name: 'tensorflow',
    provenance: { ...machineOf('tensorflow', options), tensorflow: loadedTensorFlow()?.tensorflowVersion ?? 'unknown' },
    open: (networks, shape, step) => new TrainingStep(networks, shape, step),
    dispose: async () => {},
  };
}

async function openOnnxPlace(
  name: Exclude<TrainingPlaceName, 'tensorflow'>,
  options: TrainingPlaceOptions,
): Promise<TrainingPlace> {
  const runtime: Runtime = await openRuntime(name.slice('onnx:'.length), { threads: options.threads });
  if (loadedTensorFlow() === undefined) {
    // Networks are only built and read: tfjs's own JavaScript is enough.
    tf.enableProdMode();
    await tf.setBackend('cpu');
  }
  return {
    name,
    provenance: { ...machineOf(name, options), [name]: runtime.describe().version },
    // The batch of a run never changes, and with fixed shapes every node can run where the others do: sizes would be computed on the CPU.
    open: (networks, shape, step) =>
      OnnxTrainingStep.open(buildTrainingProgram(networks, shape, { ...step, hasFixedBatch: true }), runtime, step),
    dispose: () => runtime.dispose(),
  };
}
