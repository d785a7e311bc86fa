// Model predictive path integral control (Williams et al. 2017, "Information theoretic MPC for model-based reinforcement
// learning"): every word counts with the exponential of its value. For numbers the spread stays, as there; for discrete
// actions the same weights give the categoricals that minimise the same divergence.
import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { horizonOption, iterationsOption, samplesOption, smoothingOption } from '../option.ts';
import type { PlannerProvider } from '../planner.ts';
import { distributionDecider } from './distribution-search.ts';

const mppiOptions = z.strictObject({
  horizon: horizonOption(8),
  samples: samplesOption(128),
  iterations: iterationsOption(4),
  temperature: z
    .number()
    .gt(0)
    .max(100)
    .default(0.2)
    .describe("in units of the values' standard deviation: low is greedy, high averages"),
  smoothing: smoothingOption,
});

export const mppiProvider: PlannerProvider = {
  name: 'mppi',
  description: 'path integral control: weighs words by the exponential of their value',
  create(given) {
    const options = parseOptions('planner mppi', mppiOptions, given);
    const { temperature, smoothing: retained, ...search } = options;
    const weigh = (values: Float64Array) => exponentialWeights(values, temperature);
    return {
      name: 'mppi',
      options,
      startEpisode: () => distributionDecider({ ...search, retained, keepSpread: true, weigh }),
    };
  },
};

/** [N] values -> [N]: proportional to exp(value / (temperature x standard deviation of the values)); even where all are equal. */
export function exponentialWeights(values: Float64Array, temperature: number): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const largest = values.reduce((a, b) => Math.max(a, b));
  const weights = values.map((value) => (deviation > 0 ? Math.exp((value - largest) / (temperature * deviation)) : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
