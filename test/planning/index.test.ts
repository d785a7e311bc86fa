// The planners by name, with what help prints of each.
import { expect, test } from 'vitest';
import { createPlanner, plannerNames, plannerProviders } from '../../src/planning/index.ts';

test('planners are listed from the exhaustive one on, each with one line', () => {
  expect(plannerProviders.map(({ name, description }) => [name, description])).toEqual([
    ['exhaustive', 'all action words, at most 65536'],
    ['random-shooting', 'words drawn evenly'],
    ['cem', 'cross-entropy method: refits a distribution to the best words'],
    ['mppi', 'path integral control: weighs words by the exponential of their value'],
    ['icem', 'improved cross-entropy method: coloured noise, elites that stay'],
    ['best-first', 'best-first search that merges latents that are close; needs no gradient and no luck'],
  ]);
  expect(plannerNames).toEqual(plannerProviders.map(({ name }) => name));
});

test('a name that is none of them is refused with those that are', () => {
  expect(() => createPlanner('cen')).toThrow(
    'planner: expected the name of a planner (exhaustive, random-shooting, cem, mppi, icem, best-first), got "cen"',
  );
});

test('an option that a planner does not have is refused by its name', () => {
  expect(() => createPlanner('random-shooting', { iterations: 3 })).toThrow('planner random-shooting: ');
});
