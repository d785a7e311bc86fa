// What a plan is worth: a score of each predicted latent, and how the scores along a word are taken together.
// Letters: N words, D latent, M outputs of the auxiliary head.
import { UsageError } from '../error.ts';

/**
 * s_1 .. s_H are the scores along a word, g the discount.
 * first-success: sum of g^(k-1) s_k (1 - s_1) .. (1 - s_(k-1)); scores are probabilities, and this one is that of the
 *   first success, sooner being worth more.
 * best: the largest g^(k-1) s_k; what comes after it does not count.
 * sum: the sum of g^(k-1) s_k; the episode is taken to go on after a success.
 * survival: sum of g^(k-1) s_1 .. s_k; scores are probabilities of going on, and this is how long the word is expected to.
 */
export const foldNames = ['first-success', 'best', 'sum', 'survival'] as const;
export type Fold = (typeof foldNames)[number];

export interface Objective {
  readonly fold: Fold;
  /** g in (0, 1]. */
  readonly discount: number;
  /** [N, D] latents, [D] where the decision is made from -> [N], more is better */
  score(latents: Float32Array, from: Float32Array): Promise<Float32Array>;
}

/** Words' scores taken together as far as they are known. */
export interface Returns {
  /** [N] */
  readonly values: Float64Array;
  /** [N]: probability that nothing has ended the word so far; used by first-success and survival only. */
  readonly survival: Float64Array;
}

export function startReturns(count: number, fold: Fold): Returns {
  return {
    values: new Float64Array(count).fill(fold === 'best' ? Number.NEGATIVE_INFINITY : 0),
    survival: new Float64Array(count).fill(1),
  };
}

/** Adds the scores [N] of action number `step` (from 0) in place. */
export function addScores(
  { values, survival }: Returns,
  scores: Float32Array,
  step: number,
  objective: Objective,
): void {
  const discount = objective.discount ** step;
  switch (objective.fold) {
    case 'sum':
      for (let n = 0; n < scores.length; n++) values[n] += discount * scores[n];
      return;
    case 'best':
      for (let n = 0; n < scores.length; n++) values[n] = Math.max(values[n], discount * scores[n]);
      return;
    case 'first-success':
      for (let n = 0; n < scores.length; n++) {
        values[n] += discount * survival[n] * scores[n];
        survival[n] *= 1 - scores[n];
      }
      return;
    case 'survival':
      for (let n = 0; n < scores.length; n++) {
        survival[n] *= scores[n];
        values[n] += discount * survival[n];
      }
  }
}

/** One output of the auxiliary head. */
export interface HeadOutput {
  /** [N, D] -> [N, M]: the auxiliary head. */
  readonly head: (latents: Float32Array) => Promise<Float32Array>;
  /** Which of the M outputs. */
  readonly output: number;
  /** Whether it is a logit, whose sigmoid is the probability of a 1. */
  readonly isLogit: boolean;
}

export interface RewardObjectiveOptions extends HeadOutput {
  readonly fold: Fold;
  readonly discount: number;
}

/**
 * By the predicted reward.
 * @throws UsageError for first-success where the reward is not a probability
 */
export function rewardObjective({ fold, discount, ...predicted }: RewardObjectiveOptions): Objective {
  if (fold === 'survival')
    throw new UsageError('survival: expected an event to avoid, got a reward', {
      remedy: 'Take the scores together by best or sum, or aim at avoid:COLUMN.',
    });
  if (fold === 'first-success' && !predicted.isLogit)
    throw new UsageError('first-success: expected a reward of 0 or 1 behind a sigmoid, got other values', {
      remedy: 'Take the scores together by best or sum.',
    });
  return { fold, discount, score: (latents, from) => readOutput(predicted, latents, from.length) };
}

/**
 * By the probability that an event of 0 or 1 does not happen, such as the end of an episode.
 * @throws UsageError where the output is no probability
 */
export function avoidanceObjective(event: HeadOutput, discount: number): Objective {
  if (!event.isLogit) throw new UsageError('avoid: expected an event of 0 or 1 behind a sigmoid, got other values');
  return {
    fold: 'survival',
    discount,
    score: async (latents, from) => (await readOutput(event, latents, from.length)).map((value) => 1 - value),
  };
}

/** [N, D] -> [N]: probabilities of logits, other outputs as they are. */
async function readOutput(
  { head, output, isLogit }: HeadOutput,
  latents: Float32Array,
  size: number,
): Promise<Float32Array> {
  const count = latents.length / size;
  const outputs = await head(latents);
  const width = outputs.length / count;
  return Float32Array.from({ length: count }, (_, n) => {
    const value = outputs[n * width + output];
    return isLogit ? 1 / (1 + Math.exp(-value)) : value;
  });
}

/**
 * By closeness to a goal: exp(-d / d_0), where d is the Euclidean distance to `goal` [D] and d_0 that of the latent from which
 * the decision is made. In `best`, a step then costs -ln(discount) of that distance; `sum` is for a goal to stay at.
 */
export function closenessObjective(goal: Float32Array, discount: number, fold: 'best' | 'sum' = 'best'): Objective {
  const size = goal.length;
  const distance = (latents: Float32Array, row: number) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (latents[row * size + i] - goal[i]) ** 2;
    return Math.sqrt(sum);
  };
  return {
    fold,
    discount,
    async score(latents, from) {
      // Where the encoder takes both for the same, any scale will do.
      const scale = distance(from, 0) || 1;
      return Float32Array.from({ length: latents.length / size }, (_, n) => Math.exp(-distance(latents, n) / scale));
    },
  };
}
