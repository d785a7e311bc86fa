// Path integral control with draws that are given: what two words are worth, and where the next ones are drawn.
import { describe, expect, test } from 'vitest';
import { type ActionSpace, continuousActions, oneHotActions } from '../../../src/planning/action-space.ts';
import { createPlanner, plannerProviders } from '../../../src/planning/index.ts';
import type { PlanningProblem } from '../../../src/planning/planner.ts';
import { exponentialWeights } from '../../../src/planning/search/mppi.ts';
import { type Random, randomFor } from '../../../src/random.ts';
import { worldOf } from './planner.cases.ts';

function given(...values: readonly number[]): Random {
  let drawn = 0;
  const next = () => values[drawn++ % values.length];
  return { ...randomFor('given'), uniform: next, normal: next, integer: () => 0 };
}

/** The score of a word of one action is what `score` says of its first number; `batches` are the actions that were tried. */
function problemOf(actions: ActionSpace, score: (first: number) => number, random: Random) {
  const batches: number[][] = [];
  const world = worldOf(actions, (_, action) => [action[0]], 1);
  const problem: PlanningProblem = {
    world: {
      actions,
      predict(latents, encoded) {
        batches.push([...encoded]);
        return world.predict(latents, encoded);
      },
    },
    objective: { fold: 'best', discount: 1, score: async (latents) => latents.map(score) },
    ...{ latent: Float32Array.of(0), random, taken: 0 },
  };
  return { problem, batches };
}

describe('weights', () => {
  test('of two words are 1 and exp(-2 / temperature), over their sum, whatever their values are', () => {
    // Two values are twice their standard deviation apart.
    for (const temperature of [0.2, 1, 5])
      for (const values of [
        [3, 7],
        [-1, -0.5],
      ]) {
        const less = Math.exp(-2 / temperature);
        expect([...exponentialWeights(Float64Array.from(values), temperature)]).toEqual(
          [less / (1 + less), 1 / (1 + less)].map((weight) => expect.closeTo(weight, 12)),
        );
      }
  });

  test('of one word, and of words that are worth the same, are even', () => {
    expect([...exponentialWeights(Float64Array.of(-4), 0.2)]).toEqual([1]);
    expect([...exponentialWeights(Float64Array.of(2, 2, 2, 2), 0.2)]).toEqual([0.25, 0.25, 0.25, 0.25]);
  });
});

describe('the planner', () => {
  test('says what it is', () => {
    expect(plannerProviders.find(({ name }) => name === 'mppi')?.description).toBe(
      'path integral control: weighs words by the exponential of their value',
    );
  });

  test('of numbers moves its mean to the weighted words, keeps its spread, and begins the next decision there', async () => {
    const { problem, batches } = problemOf(continuousActions([-8], [8]), (x) => x, given(-1, 1, -0.5, 0.5));
    const options = { horizon: 1, samples: 2, iterations: 2, temperature: 1, smoothing: 0.25 };
    const decide = createPlanner('mppi', options).startEpisode();
    const plan = await decide(problem);
    // A quarter of 16 is one deviation: -4 and 4, then half as far around the mean; at last the mean itself.
    const less = Math.exp(-2);
    const pull = (1 - less) / (1 + less);
    const first = 0.75 * 4 * pull;
    const second = 0.25 * first + 0.75 * (first + 2 * pull);
    expect(batches).toEqual([[-4, 4], [first - 2, first + 2].map(near), [near(second)]]);
    expect(plan).toEqual({ actions: Float32Array.of(first + 2), value: near(first + 2), predictions: 5 });
    // Nothing was taken: the next decision draws around the mean of the last one.
    await decide({ ...problem, random: given(0, 1, 0, 0) });
    expect(batches[3]).toEqual([second, second + 4].map(near));
  });

  test('of choices gives each the weights of the words that took it', async () => {
    // Drawn evenly: the choices 0 and 2 of three, of which 0 is worth more.
    const { problem, batches } = problemOf(oneHotActions(3), (x) => x, given(0.1, 0.9, 0.85, 0.95));
    const options = { horizon: 1, samples: 2, iterations: 2, temperature: 1, smoothing: 0 };
    const plan = await createPlanner('mppi', options).startEpisode()(problem);
    // Now 0 has 0.88 and 2 the rest.
    expect(1 / (1 + Math.exp(-2))).toBeCloseTo(0.88, 2);
    expect(batches[0]).toEqual([1, 0, 0, 0, 0, 1]);
    expect(batches[1]).toEqual([1, 0, 0, 0, 0, 1]);
    expect(plan).toMatchObject({ actions: Float32Array.of(1, 0, 0), value: 1 });
  });
});

function near(value: number) {
  return expect.closeTo(value, 5);
}
