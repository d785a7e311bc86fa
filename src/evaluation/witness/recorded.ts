// Looks for witnesses in what was recorded: two observations from which the same actions were recorded, after which the auxiliary
// differs, and whose latents are the nearest. Nothing is drawn and nothing is supposed of the world: the account of witness.ts holds for
// any two paths, a world that slips included, where the errors of the predictor say so.
// Letters: N words, K their actions, k those that are followed, M auxiliary numbers.
import { type Auxiliary, auxiliarySizeOf, sliceAuxiliaries } from '../../auxiliary/index.ts';
import { squaredDistance } from '../../measures/pair-distance.ts';
import type { Observations } from '../../run/encode.ts';
import type { RecordedWords } from '../held-out/recording-draw.ts';
import { type NearPair, nearestPairs, traceNearest, type WitnessReport } from './nearest.ts';
import type { LatentWorld, WordPath } from './witness.ts';

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
  const latents = await world.encode(rowsOf(words.observations, words, [...Array(words.count).keys()], 0, 1));
  const least = DIFFERENCE * deviationOf(values, values.length / (words.count * (words.length + 1)));
  const near = nearestPairs(
    latents,
    (word) => words.episodes[word],
    (first, second) => distinguishingSteps(first, second, words, { values, least }),
  );
  const classCount = new Set(words.episodes).size;
  const pathOf = (pair: NearPair<number>) => pathOfWords(pair, words, values);
  return traceNearest(near, { count, classCount, pathOf }, world, auxiliaries);
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

/** How many of the actions that both have recorded lead to another auxiliary; undefined where none do. */
function distinguishingSteps(
  first: number,
  second: number,
  { length, actions, count }: RecordedWords,
  { values, least }: { readonly values: Float32Array; readonly least: number },
): number | undefined {
  const width = values.length / (count * (length + 1));
  const actionSize = actions.length / (count * length);
  for (let k = 0; k <= length; k++) {
    const at = (word: number) => (word * (length + 1) + k) * width;
    if (Math.sqrt(squaredDistance(values, at(first), values, at(second), width)) > least) return k;
    if (k === length) break;
    for (let i = 0; i < actionSize; i++)
      if (actions[(first * length + k) * actionSize + i] !== actions[(second * length + k) * actionSize + i])
        return undefined;
  }
  return undefined;
}

/** Root mean square distance of p from its mean. */
function deviationOf(values: Float32Array, width: number): number {
  const means = new Float64Array(width);
  const rows = values.length / width;
  for (let i = 0; i < values.length; i++) means[i % width] += values[i] / rows;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - means[i % width]) ** 2;
  return Math.sqrt(squares / rows);
}

function pathOfWords(
  { first, second, word: steps }: NearPair<number>,
  words: RecordedWords,
  values: Float32Array,
): WordPath {
  const { count, length, actions, episodes, rows } = words;
  const actionSize = actions.length / (count * length);
  const own = actions.subarray(first * length * actionSize, (first * length + steps) * actionSize);
  const places = Array.from({ length: steps + 1 }, (_, k) => k);
  const nameOf = (word: number) => places.map((k) => `episode ${episodes[word]} row ${rows[word] + k}`);
  return {
    word: Array.from({ length: steps }, (_, k) => nameOfAction(own.subarray(k * actionSize, (k + 1) * actionSize))),
    actions: own.slice(),
    observations: rowsOf(words.observations, words, [first, second], 0, steps + 1),
    states: [nameOf(first), nameOf(second)],
    auxiliary: rowsOf(values, words, [first, second], 0, steps + 1) as Float32Array,
  };
}

/** The rows `from`..`to` - 1 of some words, one word after the other. */
function rowsOf(
  values: Observations,
  { count, length }: RecordedWords,
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
function nameOfAction(action: Float32Array): string {
  const chosen = action.indexOf(1);
  const isChoice = action.length > 1 && chosen >= 0 && action.every((value, i) => value === (i === chosen ? 1 : 0));
  return isChoice ? `action ${chosen}` : `(${Array.from(action, (value) => Number(value.toPrecision(3))).join(', ')})`;
}
