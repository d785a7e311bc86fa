// Distributions over action words that are refitted to good ones: independent categoricals where actions are discrete,
// independent normals within the bounds where they are numbers.
// Letters: N words, H actions of a word, K choices, A numbers of an action, P parameters of an action in a sample.
import type { Random } from '../../random.ts';
import type { ActionWords } from './rollout.ts';

export interface WordSample {
  readonly words: ActionWords;
  /** [H, N, P]: what `refit` needs to know of them. */
  readonly parameters: Float32Array;
}

export interface RefitOptions {
  /** Share of the distribution before that stays, 0..1. */
  readonly retained: number;
  /** Whether the spread stays as it is, where it is a parameter by itself. */
  readonly keepSpread: boolean;
}

export interface WordDistribution {
  sample(count: number, random: Random): WordSample;
  /** @param weights [N], of sum 1 */
  refit(sample: WordSample, weights: Float64Array, options: RefitOptions): WordDistribution;
  /** [H, A]: the likeliest word. */
  mode(): Float32Array;
  /** For the decision after `taken` actions: shifted by as many, with spread enough to change the plan. */
  shifted(taken: number): WordDistribution;
}
