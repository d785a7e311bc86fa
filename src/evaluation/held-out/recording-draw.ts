// Observations and transitions of a recording's split, in a seeded order, as an evaluation takes them.
// Letters: N transitions, M auxiliary numbers.
import type { RecordingSource } from '../../data/recording-source.ts';
import type { Observations } from '../../run/encode.ts';
import { elementCount } from '../../shape.ts';

/** Bytes of observations that are held at once. */
const MAXIMAL_BYTES = 768 * 1024 ** 2;
/** Sequences that are read together. */
const BATCH = 64;

/** N transitions; the second observation is the one that its action led to, so that the last of an episode is among them. */
export interface DrawnTransitions {
  readonly count: number;
  /** [N, ...observationShape] each */
  readonly from: Observations;
  readonly to: Observations;
  /** [N, A] */
  readonly actions: Float32Array;
  /** [N, M]: of `from` and of `to` */
  readonly auxiliaryFrom: Float32Array;
  readonly auxiliaryTo: Float32Array;
  /** [N]: the episode of each. */
  readonly episodes: Int32Array;
}

/**
 * Up to `most` different transitions: all, where there are no more. The same for the same source and `seed`; another seed
 * draws in another order.
 */
export async function drawTransitions(source: RecordingSource, most: number, seed: number): Promise<DrawnTransitions> {
  const { observationShape, observationType, actionSize, auxiliarySize } = source;
  const size = elementCount(observationShape);
  const available = source.sequenceCount(1);
  const bytes = 2 * size * (observationType === 'uint8' ? 1 : 4);
  const batchSize = Math.max(1, Math.min(BATCH, Math.floor(available / 8)));
  // Every epoch is a permutation of all: a seed has its own epoch, from the first whole batch in it.
  const firstStep = Math.ceil((seed * available) / batchSize);
  const left = (seed + 1) * available - firstStep * batchSize;
  const count = Math.max(1, Math.min(most, left, Math.floor(MAXIMAL_BYTES / bytes)));
  const create = (length: number) => (observationType === 'uint8' ? new Uint8Array(length) : new Float32Array(length));
  const drawn = {
    count,
    from: create(count * size),
    to: create(count * size),
    actions: new Float32Array(count * actionSize),
    auxiliaryFrom: new Float32Array(count * auxiliarySize),
    auxiliaryTo: new Float32Array(count * auxiliarySize),
    episodes: new Int32Array(count),
  };
  for (let start = 0; start < count; start += batchSize) {
    const batch = await source.batch(firstStep + start / batchSize, batchSize, 1);
    const rows = Math.min(batchSize, count - start);
    const copy = (values: Observations, target: Observations, width: number, step: number) =>
      target.set(values.subarray(step * batchSize * width, (step * batchSize + rows) * width), start * width);
    if (batch.episodes) drawn.episodes.set(batch.episodes.subarray(0, rows), start);
    copy(batch.observations, drawn.from, size, 0);
    copy(batch.observations, drawn.to, size, 1);
    copy(batch.actions, drawn.actions, actionSize, 0);
    copy(batch.auxiliary, drawn.auxiliaryFrom, auxiliarySize, 0);
    copy(batch.auxiliary, drawn.auxiliaryTo, auxiliarySize, 1);
  }
  return drawn;
}
