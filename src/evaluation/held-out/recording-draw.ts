// Observations and transitions of a recording's split, in a seeded order, as an evaluation takes them.
// Letters: N transitions, M auxiliary numbers.
import type { RecordingSource } from '../../data/recording-source.ts';
import { UsageError } from '../../error.ts';
import type { Observations } from '../../run/encode.ts';
import { elementCount } from '../../shape.ts';

/** Bytes of observations that are held at once. */
const MAXIMAL_BYTES = 768 * 1024 ** 2;
/** Bytes of observations of all words. */
const MAXIMAL_WORD_BYTES = 192 * 1024 ** 2;
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

/** N words of K recorded actions, with the observations before, between and after them. */
export interface RecordedWords {
  readonly count: number;
  /** K */
  readonly length: number;
  /** [N]: actions of each, where some have fewer than K; what follows them is not looked at. */
  readonly lengths?: Int32Array | undefined;
  /** [N, K+1, ...observationShape] */
  readonly observations: Observations;
  /** [N, K, A] */
  readonly actions: Float32Array;
  /** [N, K+1, M] of the first M numbers that the source was asked for; NaN where an observation has none. */
  readonly auxiliary: Float32Array;
  /** [N]: the episode of each, and its first row there. */
  readonly episodes: Int32Array;
  readonly rows: Int32Array;
}

/** Up to `most` different words of `length` actions, or of as many as episodes have; undefined where none has one. */
export async function drawWords(
  source: RecordingSource,
  { most, length: wanted, auxiliarySize, seed }: WordsOptions,
): Promise<RecordedWords | undefined> {
  const length = longestWord(source, wanted);
  if (length === 0) return undefined;
  const size = elementCount(source.observationShape);
  const available = source.sequenceCount(length);
  const bytes = (length + 1) * size * (source.observationType === 'uint8' ? 1 : 4);
  const batchSize = Math.max(1, Math.min(BATCH, Math.floor(available / 8)));
  const firstStep = Math.ceil((seed * available) / batchSize);
  const left = (seed + 1) * available - firstStep * batchSize;
  const count = Math.max(1, Math.min(most, left, Math.floor(MAXIMAL_WORD_BYTES / bytes)));
  const places = count * (length + 1);
  const { actionSize } = source;
  const words = {
    count,
    length,
    observations: source.observationType === 'uint8' ? new Uint8Array(places * size) : new Float32Array(places * size),
    actions: new Float32Array(count * length * actionSize),
    auxiliary: new Float32Array(places * auxiliarySize),
    episodes: new Int32Array(count),
    rows: new Int32Array(count),
  };
  for (let start = 0; start < count; start += batchSize) {
    const batch = await source.batch(firstStep + start / batchSize, batchSize, length);
    for (let b = 0; b < batchSize && start + b < count; b++) {
      const word = start + b;
      words.episodes[word] = batch.episodes?.[b] ?? 0;
      words.rows[word] = batch.rows?.[b] ?? 0;
      for (let k = 0; k <= length; k++) {
        const [from, to] = [k * batchSize + b, word * (length + 1) + k];
        words.observations.set(batch.observations.subarray(from * size, (from + 1) * size), to * size);
        const all = from * source.auxiliarySize;
        words.auxiliary.set(batch.auxiliary.subarray(all, all + auxiliarySize), to * auxiliarySize);
        if (k < length)
          words.actions.set(
            batch.actions.subarray(from * actionSize, (from + 1) * actionSize),
            (word * length + k) * actionSize,
          );
      }
    }
  }
  return words;
}

export interface WordsOptions {
  readonly most: number;
  /** Actions of a word, where episodes have as many. */
  readonly length: number;
  /** M */
  readonly auxiliarySize: number;
  readonly seed: number;
}

function longestWord(source: RecordingSource, wanted: number): number {
  for (let length = wanted; length > 0; length--)
    try {
      if (source.sequenceCount(length) > 0) return length;
    } catch (error) {
      // No episode is that long.
      if (!(error instanceof UsageError)) throw error;
    }
  return 0;
}
