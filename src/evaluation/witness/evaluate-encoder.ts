// Witnesses of an encoder from anywhere, with and without a predictor from anywhere: the nearest recorded observations after which the same
// recorded actions lead to another value of a column, each followed along these actions. There is no head and nothing is known of a
// training, so that nothing is promised: what is said is in separation.ts.
import type { Latents } from '../../measures/latents.ts';
import { relativeDynamicsResidual } from '../../measures/residual.ts';
import type { Observations } from '../../run/encode.ts';
import type { NoWords, RowWords } from '../held-out/row-words.ts';
import type { NoWitnesses } from './evaluate.ts';
import { followNearest, type NearPair, nearestPairs, type TracedPair } from './nearest.ts';
import { distinguishingSteps, pathOfWords, placesOf, startsOf, usualDeviation } from './recorded.ts';
import { type SeparationTrace, traceSeparations } from './separation.ts';

/** Pairs that are followed, nearest first: of two classes one, or of two episodes. */
const FOLLOWED_PAIRS = 36;

/** A pair that must be apart, followed, and what the column says of both at the end. */
export interface EncoderWitness extends TracedPair<SeparationTrace> {
  readonly values: readonly [string, string];
}

export type EncoderWitnessEvaluation = NoWitnesses | FoundEncoderWitnesses;

export interface FoundEncoderWitnesses {
  readonly isFound: true;
  /** The runtime whose latents they are of. */
  readonly runtime: string;
  /** What says that two must be apart. */
  readonly column: string;
  readonly of: RowWords['of'];
  /** Of every two of what one pair is followed: of classes that the column says, else of episodes, of one episode of observations. */
  readonly among: 'classes' | 'episodes' | 'observations';
  /** How many of them there are. */
  readonly classCount: number;
  readonly candidates: number;
  /** Of two candidates. */
  readonly meanDistance: number;
  /** Of the first step of every word; undefined without a predictor. */
  readonly prediction: PredictionError | undefined;
  /** The nearest first. */
  readonly witnesses: readonly EncoderWitness[];
}

/** How well a predictor predicts recorded transitions. */
export interface PredictionError {
  readonly transitions: number;
  /** Root mean square length of predicted minus encoded latent. */
  readonly usual: number;
  /** Mean squared error over the variance of the next latents: 1 is as good as always predicting their mean. */
  readonly relative: number;
  /** `usual` if the output were read the other way, as a difference or as the next latent. */
  readonly otherwise: number;
  readonly gives: Predictor['gives'];
}

/** The encoder of one runtime, and a predictor there. */
export interface EncoderNetworks {
  readonly runtime: string;
  encode(observations: Observations): Promise<Latents>;
  readonly predictor?: Predictor | undefined;
}

export interface Predictor {
  readonly gives: 'next' | 'difference';
  /** [N, D] next latents. @param actions [N, A] as recorded */
  predict(latents: Latents, actions: Float32Array): Promise<Float32Array>;
}

/** @throws JepaError where a network gives other values for the same input */
export async function evaluateEncoderWitnesses(
  words: RowWords | NoWords,
  { runtime, encode, predictor }: EncoderNetworks,
): Promise<EncoderWitnessEvaluation> {
  if ('none' in words) return { isFound: false, reason: words.none };
  const { auxiliary, column, of, count, length } = words;
  const latents = await encode(startsOf(words));
  const width = auxiliary.length / (count * (length + 1));
  const { among, classOf } = groupingOf(words, width);
  const near = nearestPairs(latents, (word) => classOf[word], distinguishingSteps(words, auxiliary));
  const scale = { gap: Math.SQRT2 * usualDeviation(words, auxiliary), distance: near.meanDistance };
  const networks = {
    encode,
    ...(predictor && {
      predict: (from: Latents, actions: Float32Array) => predictor.predict(from, actions),
    }),
  };
  const report = await followNearest(
    near,
    {
      count: FOLLOWED_PAIRS,
      classCount: new Set(classOf).size,
      pathOf: (pair: NearPair<number>) => pathOfWords(pair, words, auxiliary, words.nameOfAction),
    },
    (paths) => traceSeparations(networks, paths, scale),
  );
  const { witnesses, classCount, meanDistance } = report;
  if (witnesses.length === 0)
    return {
      isFound: false,
      reason: `no two of ${count} observations that were looked at have the same recorded actions and then another ${column}`,
    };
  return {
    ...{ isFound: true, runtime, column, of, among, classCount, candidates: count, meanDistance },
    prediction: predictor && (await predictionError(words, latents, encode, predictor)),
    witnesses: witnesses.map((witness) => ({ ...witness, values: valuesAtEnd(witness.path.auxiliary, words) })),
  };
}

/** Of which two words one pair is followed: the nearest of all would be much alike. */
function groupingOf(
  { of, auxiliary, episodes, count, length }: RowWords,
  width: number,
): { readonly among: FoundEncoderWitnesses['among']; readonly classOf: readonly number[] } {
  const words = [...Array(count).keys()];
  // Where it begins; -1 where nothing is known of that.
  const classAt = (word: number) =>
    auxiliary.subarray(word * (length + 1) * width, (word * (length + 1) + 1) * width).indexOf(1);
  if (of === 'classes') return { among: 'classes', classOf: words.map(classAt) };
  if (new Set(episodes).size > 1) return { among: 'episodes', classOf: [...episodes] };
  return { among: 'observations', classOf: words };
}

/** @param auxiliary [2, k+1, M] */
function valuesAtEnd(auxiliary: Float32Array, words: RowWords): [string, string] {
  const width = words.auxiliary.length / (words.count * (words.length + 1));
  const half = auxiliary.length / 2;
  return [
    words.nameOfValue(auxiliary.subarray(half - width, half)),
    words.nameOfValue(auxiliary.subarray(2 * half - width)),
  ];
}

/** Of the first action of every word that has one; undefined where none has. */
async function predictionError(
  words: RowWords,
  starts: Latents,
  encode: EncoderNetworks['encode'],
  predictor: Predictor,
): Promise<PredictionError | undefined> {
  const { lengths, length, actions, count } = words;
  const acting = [...Array(count).keys()].filter((word) => lengths[word] > 0);
  if (acting.length === 0) return undefined;
  const { size } = starts;
  const next = await encode(placesOf(words.observations, words, acting, 1, 2));
  const from = new Float32Array(acting.length * size);
  const actionSize = actions.length / (count * length);
  const taken = new Float32Array(acting.length * actionSize);
  acting.forEach((word, n) => {
    from.set(starts.values.subarray(word * size, (word + 1) * size), n * size);
    taken.set(actions.subarray(word * length * actionSize, (word * length + 1) * actionSize), n * actionSize);
  });
  const predicted = await predictor.predict({ values: from, count: acting.length, size }, taken);
  const sign = predictor.gives === 'next' ? 1 : -1;
  const read = (other: boolean) => {
    let squares = 0;
    for (let i = 0; i < predicted.length; i++)
      squares += (predicted[i] + (other ? sign * from[i] : 0) - next.values[i]) ** 2;
    return Math.sqrt(squares / acting.length);
  };
  return {
    transitions: acting.length,
    usual: read(false),
    relative: relativeDynamicsResidual(predicted, next.values, size),
    otherwise: read(true),
    gives: predictor.gives,
  };
}
