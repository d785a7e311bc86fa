// The cross-entropy method (Rubinstein 1999; for planning e.g. Chua et al. 2018, arXiv 1805.12114): the distribution is
// refitted to the best words, by maximum likelihood, which minimises the cross-entropy.
import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { elitesOption, horizonOption, iterationsOption, samplesOption, smoothingOption } from '../option.ts';
import type { PlannerProvider } from '../planner.ts';
import { distributionDecider } from './distribution-search.ts';
import { largestIndices } from './rollout.ts';

const cemOptions = z.strictObject({
  horizon: horizonOption(8),
  samples: samplesOption(128),
  iterations: iterationsOption(4),
  elites: elitesOption(0.1),
  smoothing: smoothingOption,
});

export const cemProvider: PlannerProvider = {
  name: 'cem',
  description: 'cross-entropy method: refits a distribution to the best words',
  create(given) {
    const options = parseOptions('planner cem', cemOptions, given);
    const { elites, smoothing: retained, ...search } = options;
    const weigh = (values: Float64Array) => eliteWeights(values, elites);
    return {
      name: 'cem',
      options,
      startEpisode: () => distributionDecider({ ...search, retained, keepSpread: false, weigh }),
    };
  },
};

/** [N] values -> [N]: the same weight for each of the best, at least one; 0 for the others. */
function eliteWeights(values: Float64Array, fraction: number): Float64Array {
  const count = Math.max(1, Math.round(fraction * values.length));
  const weights = new Float64Array(values.length);
  for (const index of largestIndices(values, count)) weights[index] = 1 / count;
  return weights;
}
