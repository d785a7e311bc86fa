// What cem and mppi share: draw words, see what they are worth, refit the distribution; at the end take the likeliest word
// or the best one seen, whichever is worth more.

import type { ActionSpace } from '../action-space.ts';
import type { Decider, PlanningProblem } from '../planner.ts';
import { createCategorical } from './categorical.ts';
import { createGaussian } from './gaussian.ts';
import { largestIndex, rollOut, wordAt } from './rollout.ts';
import type { RefitOptions, WordDistribution } from './word-distribution.ts';

export interface DistributionSearch extends RefitOptions {
  readonly horizon: number;
  readonly samples: number;
  readonly iterations: number;
  /** [N] values -> [N] weights of sum 1 */
  readonly weigh: (values: Float64Array) => Float64Array;
}

/** The decisions of one episode: each begins with the distribution of the one before, shifted. */
export function distributionDecider(search: DistributionSearch): Decider {
  const { horizon, samples, iterations } = search;
  let before: WordDistribution | undefined;
  return async (problem: PlanningProblem) => {
    let distribution = before?.shifted(problem.taken) ?? startDistribution(problem.world.actions, horizon);
    let predictions = 0;
    let best = { actions: distribution.mode(), value: Number.NEGATIVE_INFINITY };
    for (let iteration = 0; iteration < iterations; iteration++) {
      const sample = distribution.sample(samples, problem.random);
      const { values, predictions: predicted } = await rollOut(problem, sample.words);
      predictions += predicted;
      const index = largestIndex(values, problem.random);
      if (values[index] > best.value) best = { actions: wordAt(sample.words, index), value: values[index] };
      distribution = distribution.refit(sample, search.weigh(values), search);
    }
    before = distribution;
    const actions = distribution.mode();
    const last = await rollOut(problem, { count: 1, length: horizon, actions });
    const [value] = last.values;
    predictions += last.predictions;
    return value >= best.value ? { actions, value, predictions } : { ...best, predictions };
  };
}

/** Every word equally likely, or a normal in the middle of the bounds. */
function startDistribution(actions: ActionSpace, horizon: number): WordDistribution {
  return actions.kind === 'discrete' ? createCategorical(actions, horizon) : createGaussian(actions, horizon);
}
