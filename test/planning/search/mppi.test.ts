// Path integral control with draws that are given: what two words are worth, and where the next ones are drawn.
import { describe, expect, test } from 'vitest';
import { continuousActions, oneHotActions } from '../../../src/planning/action-space.ts';
import { createPlanner, plannerProviders } from '../../../src/planning/index.ts';
import { exponentialWeights } from '../../../src/planning/search/mppi.ts';
import { given, lineProblem } from './line-problem.ts';

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
    const { problem, batches } = lineProblem(continuousActions([-8], [8]), (x) => x, {
      random: given(-1, 1, -0.5, 0.5),
    });
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
    const { problem, batches } = lineProblem(oneHotActions(3), (x) => x, { random: given(0.1, 0.9, 0.85, 0.95) });
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
