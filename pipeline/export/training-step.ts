// The training step of a run as files, from the state of its newest checkpoint or of a file on: written after one real step of it gave what
// TensorFlow gives, or, where TensorFlow cannot be had, finite losses.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkOnnx, encodeModel } from '../../export/index.ts';
import {
  buildTrainingProgram,
  type TrainingProgram,
  type TrainingStartDescription,
} from '../../export/training/index.ts';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { JepaError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { randomFor } from '../../src/random.ts';
import type { Runtime } from '../../src/runtimes/index.ts';
import { elementCount } from '../../src/shape.ts';
import { newestCheckpoint } from '../../src/storage/checkpoint.ts';
import { loadedTensorFlow } from '../../src/tensorflow/load.ts';
import type { TrainingStepShape } from '../../src/training/training-graph.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import type { LoadedRun } from '../load.ts';
import { OnnxTrainingStep } from '../train/onnx-step.ts';
import { trainingShapeOf } from '../train/shape.ts';
import { withoutPlaces } from './plan.ts';
import type { TrainedState } from './trained-state.ts';

/** One file of a training step. */
export interface ExportedTrainingFile {
  readonly file: string;
  readonly bytes: number;
  readonly nodes: number;
}

/** The files of a training step, and how far its losses are from TensorFlow's. */
export interface ExportedTrainingStep {
  readonly files: readonly ExportedTrainingFile[];
  /** Largest relative difference of a loss from TensorFlow's; absent where TensorFlow is not there. */
  readonly lossError?: number;
}

/** Of a loss: float32 sums in another order, through the norms of a batch. */
const LOSS_TOLERANCE = 1e-3;

/** What of a network's metadata does not change while training: the step is a function of the configuration alone. */
const STEP_METADATA: readonly string[] = ['jepa_onnx.config', 'jepa_onnx.seed', 'jepa_onnx.versions'];

/**
 * Writes training-step.onnx, training-start.onnx, training-encoder.onnx and training-step.json into `folder`.
 * @throws JepaError where its losses are not those of TensorFlow, or not finite; nothing may be kept then
 */
export async function writeTrainingStep(
  folder: string,
  runFolder: string,
  run: LoadedRun,
  {
    runtime,
    opset,
    metadata,
    hasFixedBatch = false,
    trained,
  }: {
    readonly runtime: Runtime;
    readonly opset?: number | undefined;
    readonly metadata?: Readonly<Record<string, string>> | undefined;
    readonly hasFixedBatch?: boolean | undefined;
    /** Where it starts, if not at the newest checkpoint. */
    readonly trained?: TrainedState | undefined;
  },
): Promise<ExportedTrainingStep> {
  const { objective, optimization, seed } = run.configuration;
  const checkpoint = trained ?? newestCheckpoint(runFolder);
  if (checkpoint === undefined) throw new JepaError(`${runFolder}: expected a whole checkpoint, got none`);
  const shape = trainingShapeOf(run);
  const options = { objective, optimization, auxiliaries: run.auxiliaries, seed };
  const program = buildTrainingProgram(run.model, shape, {
    ...options,
    hasFixedBatch,
    producer: { name: 'jepa-onnx', version: packageVersion() },
    ...(opset === undefined ? {} : { opset }),
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).filter(([key]) => STEP_METADATA.includes(key))),
  });
  const values = new Map([...checkpoint.weights, ...checkpoint.optimizer]);
  const models = {
    'training-step.onnx': program.step,
    'training-start.onnx': program.start(values, checkpoint.step),
    'training-encoder.onnx': program.encoder(),
  };
  const files: ExportedTrainingFile[] = [];
  for (const [file, model] of Object.entries(models)) {
    const bytes = encodeModel(model);
    checkOnnx(bytes, file);
    await writeFile(join(folder, file), bytes);
    files.push({ file, bytes: bytes.byteLength, nodes: model.graph.nodes.length });
  }
  const configuration = withoutPlaces(run.configuration);
  const description: TrainingStartDescription = { ...program.description, stepsDone: checkpoint.step };
  await writeFile(join(folder, 'training-step.json'), formatJson({ ...description, configuration }));
  const lossError = await checkOneStep(program, { runtime, run, shape, options, checkpoint });
  return { files, ...(lossError === undefined ? {} : { lossError }) };
}

/** One step on random numbers: its losses are finite, and TensorFlow's where that is loaded. */
async function checkOneStep(
  program: TrainingProgram,
  given: {
    readonly runtime: Runtime;
    readonly run: LoadedRun;
    readonly shape: TrainingStepShape;
    readonly options: ConstructorParameters<typeof TrainingStep>[2];
    readonly checkpoint: Parameters<TrainingStep['restore']>[0];
  },
): Promise<number | undefined> {
  const { runtime, run, shape, options, checkpoint } = given;
  const batch = randomBatch(program, shape, options.objective.horizon);
  const rate = options.optimization.learningRate;
  const session = await OnnxTrainingStep.open(program, runtime, options);
  try {
    session.restore(checkpoint);
    const found = await session.run(batch, 0, rate);
    const losses = { loss: found.loss, ...found.terms };
    for (const [name, value] of Object.entries(losses))
      if (!Number.isFinite(value))
        throw new JepaError(`training-step.onnx: expected a finite ${name} of a step, got ${value}`);
    if (loadedTensorFlow() === undefined) return undefined;
    const reference = new TrainingStep(run.model, shape, options);
    try {
      reference.restore(checkpoint);
      const expected = reference.run(batch, 0, rate);
      const wanted: Readonly<Record<string, number>> = { loss: expected.loss, ...expected.terms };
      const scale = Math.abs(expected.loss);
      const errors = Object.entries(losses).map(([name, value]) => ({
        name,
        value,
        error: Math.abs(value - wanted[name]) / Math.max(Math.abs(wanted[name]), 1e-3 * scale),
      }));
      const worst = errors.reduce((a, b) => (b.error > a.error ? b : a));
      if (worst.error > LOSS_TOLERANCE)
        throw new JepaError(
          `training-step.onnx: expected ${worst.name} within ${LOSS_TOLERANCE} of TensorFlow's ${wanted[worst.name]}, got ${worst.value}`,
          { remedy: 'Report this configuration: the step is written wrongly, or the tolerance is too tight for it.' },
        );
      return worst.error;
    } finally {
      reference.dispose();
    }
  } finally {
    await session.dispose();
  }
}

function randomBatch(program: TrainingProgram, shape: TrainingStepShape, horizon: number): TransitionBatch {
  const { built } = program;
  const random = randomFor('training step');
  const sizeOf = (name: string): number => elementCount(built.graph.placeholders.get(name)?.shape ?? [0]);
  const length = built.observedNumbers;
  return {
    size: program.description.batchSize,
    horizon,
    observations:
      shape.observationType === 'uint8'
        ? Uint8Array.from({ length }, () => random.integer(256))
        : Float32Array.from({ length }, () => random.normal()),
    actions: Float32Array.from({ length: sizeOf('actions') }, () => random.integer(2)),
    auxiliary: Float32Array.from({ length: sizeOf('targets') }, () => random.integer(2)),
  };
}
