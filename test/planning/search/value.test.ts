// What planners try and find, counted and worked out by hand: options, words, rounds, elites.
import { describe, expect, test } from 'vitest';
import { choicesOf, continuousActions, oneHotActions } from '../../../src/planning/action-space.ts';
import { createPlanner } from '../../../src/planning/index.ts';
import type { PlanningProblem } from '../../../src/planning/planner.ts';
import { branch } from '../../../src/planning/search/exhaustive.ts';
import { drawWords } from '../../../src/planning/search/random-shooting.ts';
import { largestIndex, largestIndices, rollOut, wordAt } from '../../../src/planning/search/rollout.ts';
import { given, lineProblem as problemOf } from './line-problem.ts';
import { worldOf } from './planner.cases.ts';

describe('options', () => {
  test.each([
    ['exhaustive', { horizon: 6, levels: 5 }],
    ['random-shooting', { horizon: 8, samples: 512 }],
    ['cem', { horizon: 8, samples: 128, iterations: 4, elites: 0.1, smoothing: 0.1 }],
    ['mppi', { horizon: 8, samples: 128, iterations: 4, temperature: 0.2, smoothing: 0.1 }],
    [
      'icem',
      {
        ...{ horizon: 8, samples: 128, iterations: 4, elites: 0.1, noise: 1 },
        ...{ decay: 1.25, kept: 0.3, smoothing: 0.1, spread: 0.5 },
      },
    ],
    ['best-first', { horizon: 24, samples: 256, tolerance: 0.25, levels: 5 }],
  ])('of %s have their defaults', (name, options) => {
    expect(createPlanner(name)).toMatchObject({ name, options });
  });

  test.each([
    ['exhaustive', 'horizon', 256, 257],
    ['exhaustive', 'horizon', 1, 0],
    ['exhaustive', 'levels', 2, 1],
    ['exhaustive', 'levels', 33, 34],
    ['cem', 'samples', 65_536, 65_537],
    ['cem', 'samples', 1, 0],
    ['cem', 'iterations', 100, 101],
    ['cem', 'iterations', 1, 0],
    ['cem', 'elites', 1, 1.01],
    ['cem', 'elites', 1e-9, 0],
    ['cem', 'smoothing', 0, -0.01],
    ['cem', 'smoothing', 0.99, 1],
    ['mppi', 'temperature', 100, 101],
    ['mppi', 'temperature', 1e-9, 0],
    ['icem', 'noise', 0, -1],
    ['icem', 'noise', 8, 8.1],
    ['icem', 'decay', 1, 0.99],
    ['icem', 'decay', 10, 10.1],
    ['icem', 'kept', 0, -0.1],
    ['icem', 'kept', 1, 1.1],
    ['icem', 'spread', 10, 10.1],
    ['icem', 'spread', 1e-9, 0],
    ['best-first', 'tolerance', 0, -1],
  ])('of %s: %s may be %d and not %d', (name, option, good, bad) => {
    expect(createPlanner(name, { [option]: good }).options[option]).toBe(good);
    expect(() => createPlanner(name, { [option]: bad })).toThrow(`planner ${name}: ${option}: `);
  });
});

describe('words', () => {
  test('of numbers are predicted each by itself, and taken out with their numbers', async () => {
    const space = continuousActions([-1, 0], [1, 4]);
    const { problem, batches } = problemOf(space, (z) => z);
    const actions = Float32Array.of(0.5, 1, 0.5, 1, 0.25, 2, -0.5, 3);
    const words = { count: 2, length: 2, actions };
    expect(await rollOut(problem, words)).toEqual({ values: Float64Array.of(0.75, 0.5), predictions: 4 });
    expect(batches).toEqual([
      [0.5, 1, 0.5, 1],
      [0.25, 2, -0.5, 3],
    ]);
    expect(Array.from(wordAt(words, 1))).toEqual([0.5, 1, -0.5, 3]);
  });

  test('are drawn evenly within the bounds, or among the choices', () => {
    const numbers = drawWords(continuousActions([-1, 0], [1, 4]), 1, 2, given(0, 0.25, 0.5, 0.75));
    expect(numbers).toEqual({ count: 1, length: 2, actions: Float32Array.of(-1, 1, 0, 3) });
    const choices = drawWords(oneHotActions(3), 2, 1, given(0.99, 0.4));
    expect(choices).toEqual({ count: 2, length: 1, actions: Float32Array.of(0, 0, 1, 0, 1, 0) });
  });

  test('the largest come first, and of equal ones each is as likely', () => {
    expect(largestIndices(Float64Array.of(2, 5, 1, 9), 3)).toEqual([3, 1, 0]);
    expect(largestIndex([3, 1, 3], given(0.49))).toBe(2);
    expect(largestIndex([3, 1, 3], given(0.5))).toBe(0);
    // The third of three with a chance of a third, and a larger one begins anew.
    expect(largestIndex([3, 3, 3], given(0.9, 0.34))).toBe(0);
    expect(largestIndex([3, 3, 3], given(0.9, 0.33))).toBe(2);
    expect(largestIndex([3, 3, 4, 4], given(0.9, 0.49))).toBe(3);
  });
});

describe('choices', () => {
  test('of numbers are evenly spaced between the bounds, those of the first number fastest', () => {
    const { count, size, encoded, kind } = choicesOf(continuousActions([-1, 10], [1, 20]), 3);
    expect({ count, size, kind }).toEqual({ count: 9, size: 2, kind: 'discrete' });
    expect(Array.from(encoded)).toEqual([-1, 10, 0, 10, 1, 10, -1, 15, 0, 15, 1, 15, -1, 20, 0, 20, 1, 20]);
  });

  test('are at most 4,096', () => {
    const twelve = continuousActions(Array(12).fill(0), Array(12).fill(1));
    expect(choicesOf(twelve, 2).count).toBe(4096);
    const more = continuousActions(Array(13).fill(0), Array(13).fill(1));
    expect(() => choicesOf(more, 2)).toThrow('levels: expected at most 4096 choices, got 2 levels of 13 numbers: 8192');
  });

  test('go on from every latent', () => {
    const found = branch(Float32Array.of(1, 2, 3, 4), 2, oneHotActions(2));
    expect(found).toEqual({
      latents: Float32Array.of(1, 2, 1, 2, 3, 4, 3, 4),
      actions: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1),
    });
  });
});

describe('exhaustive', () => {
  test('finds the one best of all words, and predicts each beginning once', async () => {
    const space = oneHotActions(3);
    const world = worldOf(space, ([z], action) => [3 * z + action.indexOf(1)], 1);
    const { problem } = problemOf(space, (z) => (z === 21 ? 1 : 0), { world });
    const plan = await createPlanner('exhaustive', { horizon: 3 }).startEpisode()(problem);
    // 21 = 2 x 9 + 1 x 3 + 0.
    expect(plan).toEqual({ actions: Float32Array.of(0, 0, 1, 0, 1, 0, 1, 0, 0), value: 1, predictions: 3 + 9 + 27 });
  });

  test('of numbers takes its levels', async () => {
    const { problem } = problemOf(continuousActions([-1], [1]), (z) => -Math.abs(z - 1.5));
    const plan = await createPlanner('exhaustive', { horizon: 2, levels: 5 }).startEpisode()(problem);
    expect([...plan.actions].sort()).toEqual([0.5, 1]);
    expect([plan.value, plan.predictions]).toEqual([-0, 30]);
  });

  test('tries 65,536 words and not one more', async () => {
    const { problem } = problemOf(oneHotActions(2), () => 0);
    const found = (horizon: number) => createPlanner('exhaustive', { horizon }).startEpisode()(problem);
    expect((await found(16)).predictions).toBe(131_070);
    await expect(found(17)).rejects.toMatchObject({
      message: 'planner exhaustive: expected at most 65536 action words, got 2^17 = 131072',
      remedy: 'Choose a horizon of at most 16, or another planner: cem, icem, best-first.',
    });
  });
});

describe('best-first', () => {
  const find = (options: object, problem: PlanningProblem) =>
    createPlanner('best-first', options).startEpisode()(problem);

  test('takes latents closer than the tolerance for one, in units of the longest first move', async () => {
    // Moves of -1, 0 and 4: a quarter of the longest is 1.
    const space = { ...oneHotActions(3), size: 1, encoded: Float32Array.of(-1, 0, 4) };
    const merged = await find({ tolerance: 0.25, samples: 4, horizon: 9 }, problemOf(space, (z) => z).problem);
    // 0 and -1 are the root; from 4 on to 8 and so on.
    expect(merged).toEqual({ actions: Float32Array.of(4, 4, 4, 4), value: 16, predictions: 12 });
    const short = await find({ tolerance: 0.25, samples: 99, horizon: 2 }, problemOf(space, (z) => z).problem);
    expect(short).toEqual({ actions: Float32Array.of(4, 4), value: 8, predictions: 6 });
    // Nothing is one: 1 and 3 of which all but none differ by the order of moves.
    const apart = await find({ tolerance: 0.24, samples: 99, horizon: 2 }, problemOf(space, (z) => z).problem);
    expect(apart.predictions).toBe(9);
  });

  test('goes on from 16 at once, as far as the samples reach', async () => {
    const space = { ...oneHotActions(20), size: 1, encoded: Float32Array.from({ length: 20 }, (_, k) => 2 ** k) };
    const { problem, batches } = problemOf(space, (z) => z);
    const { predictions } = await find({ tolerance: 0, samples: 20, horizon: 5 }, problem);
    expect(batches.map((batch) => batch.length / 20)).toEqual([1, 16, 3]);
    expect(predictions).toBe(400);
  });
});

describe('icem', () => {
  const space = continuousActions([-2], [6]);
  const options = { horizon: 1, samples: 20, elites: 0.2, kept: 0.5, decay: 2, iterations: 3, smoothing: 0.25 };
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test('draws fewer words each time, keeps some of the elites, and tries the mean at last', async () => {
    const { problem, batches } = problemOf(space, (z) => -Math.abs(z - 3));
    const decide = createPlanner('icem', options).startEpisode();
    const plan = await decide(problem);
    // 20; 10 and two of four elites; twice the elites, two elites and the mean.
    expect(batches.map((batch) => batch.length)).toEqual([20, 12, 11]);
    expect(plan.predictions).toBe(43);
    const best = (batch: readonly number[], count: number) =>
      batch.toSorted((a, b) => Math.abs(a - 3) - Math.abs(b - 3)).slice(0, count);
    expect(batches[1].slice(10)).toEqual(best(batches[0], 2));
    expect(batches[2].slice(8, 10)).toEqual(best(batches[1], 2));
    // From the middle, 2: a quarter of the mean stays each time.
    const first = 0.25 * 2 + 0.75 * meanOf(best(batches[0], 4));
    expect(batches[2][10]).toBeCloseTo(0.25 * first + 0.75 * meanOf(best(batches[1], 4)), 5);
    expect(Array.from(plan.actions)).toEqual(best(batches[2], 1));
    expect(plan.value).toBeCloseTo(-Math.abs(plan.actions[0] - 3), 6);
    // The next decision begins with the last elites, of which one action was taken: they are drawn anew.
    const last = batches[2];
    await decide({ ...problem, taken: 1, random: given(0.25) });
    expect(batches[3].slice(20)).toEqual([0, 0]);
    await decide({ ...problem, taken: 0, random: given(0.25) });
    expect(batches[6].length).toBe(22);
    expect(last).toHaveLength(11);
  });

  test('draws around the mean of the elites, as far as they are spread', async () => {
    const { problem, batches } = problemOf(space, (z) => z, { random: given(-1, 0, 1, 2, 0.5) });
    await createPlanner('icem', { ...options, samples: 5, elites: 0.4, iterations: 2, spread: 0.25 }).startEpisode()(
      problem,
    );
    // One deviation is a quarter of 4, the middle is 2.
    expect(batches[0]).toEqual([1, 2, 3, 4, 2.5]);
    // Elites 4 and 3: their mean is 3.5 and their deviation 0.5, of which three quarters count.
    const [mean, deviation] = [0.25 * 2 + 0.75 * 3.5, 0.25 * 1 + 0.75 * 0.5];
    expect(batches[1].slice(0, 4)).toEqual([-1, 0, 1, 2].map((x) => expect.closeTo(mean + deviation * x, 5)));
    // At most 6.
    expect(Math.max(...batches[1])).toBeLessThanOrEqual(6);
  });

  test('goes on from the words before without what was taken', async () => {
    const { problem, batches } = problemOf(space, (z) => z);
    const decide = createPlanner('icem', { ...options, horizon: 3, kept: 1, iterations: 1 }).startEpisode();
    const { actions } = await decide(problem);
    const before = batches.length;
    await decide({ ...problem, taken: 2, random: given(0.75) });
    // Step by step all words; the first one kept is the 21st.
    const kept = batches.slice(before).map((batch) => batch[20]);
    expect(kept).toEqual([actions[2], 4, 4]);
  });
});

test('a sample is more than its best word: cem tries the likeliest at last', async () => {
  const { problem, batches } = problemOf(continuousActions([-1], [1]), (z) => -Math.abs(z), {
    random: given(-1, 1, 0.5, -0.5),
  });
  const options = { horizon: 1, samples: 4, elites: 0.5, iterations: 1, smoothing: 0 };
  const plan = await createPlanner('cem', options).startEpisode()(problem);
  // Half a unit is one deviation; the elites are the two near ones.
  expect(batches).toEqual([[-0.5, 0.5, 0.25, -0.25], [0]]);
  expect(plan).toEqual({ actions: Float32Array.of(0), value: -0, predictions: 5 });
});
