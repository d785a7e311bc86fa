// Looks for witnesses in what was recorded: two observations from which the same actions were recorded, after which the auxiliary
// differs, and whose latents are the nearest. Nothing is drawn and nothing is supposed of the world: the account of witness.ts holds for
// any two paths, a world that slips included, where the errors of the predictor say so.
// Letters: N words, K their actions, k those that are followed, M auxiliary numbers.
import { type Auxiliary, auxiliarySizeOf, sliceAuxiliaries } from '../../auxiliary/index.ts';
import { squaredDistance } from '../../measures/pair-distance.ts';
import type { Observations } from '../../run/encode.ts';
import type { RecordedWords } from '../held-out/recording-draw.ts';
import { type NearPair, nearestPairs, traceNearest, type WitnessReport } from './nearest.ts';
import type { WordPath } from './path.ts';
import type { LatentWorld } from './witness.ts';

export interface RecordedWitnessOptions {
  /** Whose columns are those of the words, in their order. */
  readonly auxiliaries: readonly Auxiliary[];
  /** Pairs to return, nearest first, at most one for each pair of episodes. */
  readonly count: number;
  /** [N, M]: an auxiliary that is a function of the observation. */
  readonly pixelAuxiliary: (auxiliary: Auxiliary, observations: Observations) => Promise<Float32Array>;
}

/** The auxiliary differs where it does by more than this part of its deviation: recorded numbers have noise. */
const DIFFERENCE = 0.1;

/** `world.auxiliary` gives the head's own outputs, logits where it is trained by cross-entropy. */
export async function findRecordedWitnesses(
  world: LatentWorld,
  words: RecordedWords,
  options: RecordedWitnessOptions,
): Promise<WitnessReport> {
  const { auxiliaries, count } = options;
  const values = await auxiliaryOfWords(words, options);
  const latents = await world.encode(startsOf(words));
  const stepsOf = distinguishingSteps(words, values);
  const near = nearestPairs(latents, (word) => words.episodes[word], stepsOf);
  const classCount = new Set(words.episodes).size;
  const pathOf = (pair: NearPair<number>) => pathOfWords(pair, words, values);
  return traceNearest(near, { count, classCount, pathOf }, world, auxiliaries);
}

/** [N, ...observationShape]: where each word begins. */
export function startsOf(words: RecordedWords): Observations {
  return placesOf(words.observations, words, [...Array(words.count).keys()], 0, 1);
}

/** [N, K+1, M] of all auxiliaries, in their order. */
async function auxiliaryOfWords(
  words: RecordedWords,
  { auxiliaries, pixelAuxiliary }: RecordedWitnessOptions,
): Promise<Float32Array> {
  const width = auxiliarySizeOf(auxiliaries);
  const places = words.count * (words.length + 1);
  const recordedWidth = words.auxiliary.length / places;
  const all = new Float32Array(places * width);
  let column = 0;
  for (const { auxiliary, start } of sliceAuxiliaries(auxiliaries)) {
    const { size } = auxiliary;
    const isRecorded = auxiliary.of === 'column';
    const own = isRecorded ? words.auxiliary : await pixelAuxiliary(auxiliary, words.observations);
    const [ownWidth, ownStart] = isRecorded ? [recordedWidth, column] : [size, 0];
    for (let n = 0; n < places; n++)
      all.set(own.subarray(n * ownWidth + ownStart, n * ownWidth + ownStart + size), n * width + start);
    if (isRecorded) column += size;
  }
  return all;
}

/**
 * How many of the actions that two words have in common lead to another auxiliary; undefined where none do.
 * @param values [N, K+1, M]; NaN where an observation has none
 */
export function distinguishingSteps(
  { count, length, lengths, actions }: Pick<RecordedWords, 'count' | 'length' | 'lengths' | 'actions'>,
  values: Float32Array,
): (first: number, second: number) => number | undefined {
  const width = values.length / (count * (length + 1));
  const actionSize = length === 0 ? 0 : actions.length / (count * length);
  const least = DIFFERENCE * deviationOf(values, width);
  return (first, second) => {
    const most = lengths === undefined ? length : Math.min(lengths[first], lengths[second]);
    for (let k = 0; k <= most; k++) {
      const at = (word: number) => (word * (length + 1) + k) * width;
      // What has no value does not differ.
      if (Math.sqrt(squaredDistance(values, at(first), values, at(second), width)) > least) return k;
      if (k === most) break;
      for (let i = 0; i < actionSize; i++)
        if (actions[(first * length + k) * actionSize + i] !== actions[(second * length + k) * actionSize + i])
          return undefined;
    }
    return undefined;
  };
}

/**
 * Root mean square distance of p from its mean, of the observations where words begin, each of which counts once; where these are all the
 * same, of all places of all words.
 * @param values [N, K+1, M]; NaN where an observation has none
 */
export function usualDeviation(words: Pick<RecordedWords, 'count' | 'length'>, values: Float32Array): number {
  const { count, length } = words;
  const width = values.length / (count * (length + 1));
  const starts = placesOf(values, words, [...Array(count).keys()], 0, 1) as Float32Array;
  return deviationOf(starts, width) || deviationOf(values, width);
}

/** Root mean square distance of p from its mean, of the observations that have one. @param values [N, M] */
export function deviationOf(values: Float32Array, width: number): number {
  const known = Array.from({ length: values.length / width }, (_, n) => n * width).filter(
    (start) => !Number.isNaN(values[start]),
  );
  const means = new Float64Array(width);
  for (const start of known) for (let m = 0; m < width; m++) means[m] += values[start + m] / known.length;
  let squares = 0;
  for (const start of known) for (let m = 0; m < width; m++) squares += (values[start + m] - means[m]) ** 2;
  return known.length === 0 ? 0 : Math.sqrt(squares / known.length);
}

/** @param nameOf what an action is called. Default: the number of a choice, or its numbers */
export function pathOfWords(
  { first, second, word: steps }: NearPair<number>,
  words: RecordedWords,
  values: Float32Array,
  nameOf: (action: Float32Array) => string = nameOfAction,
): WordPath {
  const { count, length, actions, episodes, rows } = words;
  const actionSize = length === 0 ? 0 : actions.length / (count * length);
  const own = actions.subarray(first * length * actionSize, (first * length + steps) * actionSize);
  const places = Array.from({ length: steps + 1 }, (_, k) => k);
  const namesOf = (word: number) => places.map((k) => `episode ${episodes[word]} row ${rows[word] + k}`);
  return {
    word: Array.from({ length: steps }, (_, k) => nameOf(own.subarray(k * actionSize, (k + 1) * actionSize))),
    actions: own.slice(),
    observations: placesOf(words.observations, words, [first, second], 0, steps + 1),
    states: [namesOf(first), namesOf(second)],
    auxiliary: placesOf(values, words, [first, second], 0, steps + 1) as Float32Array,
  };
}

/** The rows `from`..`to` - 1 of some words, one word after the other. */
export function placesOf(
  values: Observations,
  { count, length }: Pick<RecordedWords, 'count' | 'length'>,
  chosen: readonly number[],
  from: number,
  to: number,
): Observations {
  const size = values.length / (count * (length + 1));
  const total = chosen.length * (to - from) * size;
  const rows = values instanceof Uint8Array ? new Uint8Array(total) : new Float32Array(total);
  chosen.forEach((word, n) => {
    const start = word * (length + 1);
    rows.set(values.subarray((start + from) * size, (start + to) * size), n * (to - from) * size);
  });
  return rows;
}

/** The number of a choice, or the numbers of an action. */
export function nameOfAction(action: Float32Array): string {
  const chosen = action.indexOf(1);
  const isChoice = action.length > 1 && chosen >= 0 && action.every((value, i) => value === (i === chosen ? 1 : 0));
  return isChoice ? `action ${chosen}` : `(${Array.from(action, (value) => Number(value.toPrecision(3))).join(', ')})`;
}
