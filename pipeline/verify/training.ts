// The same first steps of a run on every place that can train it, side by side: losses, how far the weights drift apart, and which node of
// the first step starts it. Nothing of the run is changed.
import { basename, resolve } from 'node:path';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { option, UnavailableError, UsageError } from '../../src/error.ts';
import { readConfiguration } from '../../src/run/folder.ts';
import { elementCount } from '../../src/shape.ts';
import type { StepState, TrainingBackend } from '../../src/training/backend.ts';
import type { ProbedTensor } from '../../src/training/probe.ts';
import { learningRateAt } from '../../src/training/schedule.ts';
import {
  originOf,
  relativeError,
  type TrainingComparison,
  type TrainingOrigin,
  type TrainingVerification,
  type TrainingVerificationRow,
} from '../../src/verification/training.ts';
import { openRunOrigin } from '../origin.ts';
import { openTrainingPlace, type TrainingPlace, type TrainingPlaceName, trainingPlaces } from '../train/place.ts';

/** Which places train how many steps, and what hears of it; nothing has to be said. */
export interface VerifyTrainingOptions {
  /** Default: tensorflow, onnx:cpu and onnx:wasm. Those that this machine lacks are left out, with a note. The first is the reference. */
  readonly places?: readonly TrainingPlaceName[];
  /** Default 50, or all steps of the run where these are fewer. */
  readonly steps?: number;
  /** Where the recording of the run is now. */
  readonly data?: string | undefined;
  /** Default: the run's. */
  readonly threads?: number | undefined;
  /** Told in one line of what is left out. */
  readonly onNote?: ((note: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const usual: readonly TrainingPlaceName[] = ['tensorflow', 'onnx:cpu', 'onnx:wasm'];

/**
 * Trains the first steps of the run anew in every place, on the same batches.
 * @throws UsageError where fewer than two places are asked for, UnavailableError where fewer than two can train here
 */
export async function verifyTraining(
  runFolder: string,
  options: VerifyTrainingOptions = {},
): Promise<TrainingVerification> {
  const { places: asked = usual, data, onNote, signal } = options;
  if (new Set(asked).size < 2)
    throw new UsageError(
      `${option('runtimes')}: expected two places or more (${trainingPlaces.join(', ')}), got ${asked.join(', ') || 'none'}`,
    );
  const configuration = readConfiguration(runFolder);
  const { optimization, objective, seed } = configuration;
  const steps = Math.min(options.steps ?? 50, optimization.steps);
  const threads = options.threads ?? configuration.threads;
  const opened: { readonly place: TrainingPlace; readonly backend: TrainingBackend }[] = [];
  const places: TrainingPlace[] = [];
  let origin: Awaited<ReturnType<typeof openRunOrigin>> | undefined;
  try {
    for (const name of asked)
      try {
        places.push(await openTrainingPlace(name, { threads, ...(signal && { signal }) }));
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        onNote?.(`${name}: left out: ${error.message.split('\n')[0]}`);
      }
    if (places.length < 2)
      throw new UnavailableError(
        `${runFolder}: expected two places that can train here, got ${places.map(({ name }) => name).join() || 'none'}`,
        { remedy: 'jepa doctor says what is missing.' },
      );
    origin = await openRunOrigin(runFolder, configuration, { recordingPath: data, onNote });
    const { parts, source } = origin;
    for (const place of places)
      opened.push({
        place,
        backend: await place.open(parts.model, source, {
          objective,
          optimization,
          auxiliaries: parts.auxiliaries,
          // Nodes have one name in every place where the graphs are equal.
          isMeasured: true,
          seed,
        }),
      });
    const start = await opened[0].backend.read();
    const first = await source.batch(0, optimization.batchSize, objective.horizon);
    const origins = await findOrigins(opened, first, signal);
    const rows: TrainingVerificationRow[] = [];
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const batch = await source.batch(step, optimization.batchSize, objective.horizon);
      const rate = learningRateAt(step, optimization);
      const losses: number[] = [];
      for (const { backend } of opened) losses.push((await backend.run(batch, step, rate)).loss);
      const expected = await opened[0].backend.read();
      const change = largestDifference(expected, start);
      const compared: [string, TrainingComparison][] = [];
      for (const [i, { place, backend }] of opened.entries()) {
        const error = i === 0 ? 0 : largestDifference(await backend.read(), expected);
        compared.push([
          place.name,
          {
            loss: losses[i],
            lossError: Math.abs(losses[i] - losses[0]) / Math.max(Math.abs(losses[0]), Number.MIN_VALUE),
            weightError: error / Math.max(change, Number.MIN_VALUE),
          },
        ]);
      }
      rows.push({ step: step + 1, places: Object.fromEntries(compared) });
    }
    return {
      run: basename(resolve(runFolder)),
      reference: places[0].name,
      places: Object.fromEntries(places.map(({ name, provenance }) => [name, String(provenance[name])])),
      rows,
      origins,
    };
  } finally {
    for (const { backend } of opened) await backend.dispose();
    await origin?.dispose();
    for (const place of places) await place.dispose();
  }
}

/** Bytes of values of a place that are held at once. */
const HELD_BYTE_LENGTH = 64 * 2 ** 20;

/** By place without the first: where it leaves the first one within a step on `batch`. */
async function findOrigins(
  opened: readonly { readonly place: TrainingPlace; readonly backend: TrainingBackend }[],
  batch: TransitionBatch,
  signal: AbortSignal | undefined,
): Promise<Record<string, TrainingOrigin>> {
  const [{ backend: reference }, ...others] = opened;
  const tensors = reference.probed;
  const errors = others.map((): number[] => []);
  for (const group of groupsOf(tensors)) {
    signal?.throwIfAborted();
    const expected = await reference.probe(batch, 0, group);
    for (const [i, { backend }] of others.entries()) {
      const found = await backend.probe(batch, 0, group);
      errors[i].push(...found.map((values, k) => relativeError(values, expected[k])));
    }
  }
  return Object.fromEntries(others.map(({ place }, i) => [place.name, originOf(tensors, errors[i])]));
}

/** In order, as many in each as may be held. */
function groupsOf(tensors: readonly ProbedTensor[]): ProbedTensor[][] {
  const groups: ProbedTensor[][] = [];
  let held = Number.POSITIVE_INFINITY;
  for (const tensor of tensors) {
    const byteLength = 4 * elementCount(tensor.shape);
    if (held + byteLength > HELD_BYTE_LENGTH) {
      groups.push([]);
      held = 0;
    }
    groups[groups.length - 1].push(tensor);
    held += byteLength;
  }
  return groups;
}

/** Of trained weights: those that have a moment. */
function largestDifference(a: StepState, b: StepState): number {
  let largest = 0;
  for (const [name, { shape, values }] of a.weights) {
    const other = b.weights.get(name)?.values;
    if (other === undefined || !a.optimizer.has(`adam/m/${name}`)) continue;
    for (let i = 0; i < elementCount(shape); i++)
      largest = Math.max(largest, Math.abs(Number(values[i]) - Number(other[i])));
  }
  return largest;
}
