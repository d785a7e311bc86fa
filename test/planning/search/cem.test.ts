// The cross-entropy method with draws that are given: what it refits to, and what it returns.
import { expect, test } from 'vitest';
import { continuousActions } from '../../../src/planning/action-space.ts';
import { createPlanner } from '../../../src/planning/index.ts';
import type { Random } from '../../../src/random.ts';
import { given, lineProblem } from './line-problem.ts';

/** Words of one number within -8 and 8, which is worth as much as it is near to `best`; of words that are worth the same the first. */
const problemOf = (best: number, random: Random) =>
  lineProblem(continuousActions([-8], [8]), (x) => -Math.abs(x - best), { random: { ...random, integer: () => 0 } });

test('draws around the mean of the elites, as far as these are spread, and tries the mean at last', async () => {
  // One deviation is 4 at first: -4, 0, 4, 8, of which 0 and 4 are nearest to 2. Their mean is 2, and so is their deviation.
  const { problem, batches } = problemOf(2, given(-1, 0, 1, 2));
  const options = { horizon: 1, samples: 4, elites: 0.5, iterations: 2, smoothing: 0 };
  const plan = await createPlanner('cem', options).startEpisode()(problem);
  // Then 2 is the best, and 0 the first of the two that come next: their mean is 1.
  expect(batches).toEqual([[-4, 0, 4, 8], [0, 2, 4, 6], [1]]);
  expect(plan).toEqual({ actions: Float32Array.of(2), value: -0, predictions: 9 });
});

test('keeps the best word that it has seen, though later ones and their mean are worse', async () => {
  // All elites: the mean of -4 and 6 is 1 and their deviation 5; then -4 again and -1.5; the first 6 was the best for 7.
  const { problem, batches } = problemOf(7, given(-1, 1.5, -1, -0.5));
  const options = { horizon: 1, samples: 2, elites: 1, iterations: 2, smoothing: 0 };
  const plan = await createPlanner('cem', options).startEpisode()(problem);
  expect(batches).toEqual([[-4, 6], [-4, -1.5], [-2.75]]);
  expect(plan).toEqual({ actions: Float32Array.of(6), value: -1, predictions: 5 });
});
