import { expect, test } from 'vitest';
import { oneHotActions } from '../../../src/planning/action-space.ts';
import type { PlanningProblem } from '../../../src/planning/planner.ts';
import { drawWords } from '../../../src/planning/search/random-shooting.ts';
import { largestIndex, rollOut, wordAt } from '../../../src/planning/search/rollout.ts';
import { randomFor } from '../../../src/random.ts';
import { valueOfScores, worldOf } from './planner.cases.ts';

const actions = oneHotActions(2);

/** z' = 2 z + choice, scored by its parity: every word gives other latents. */
function problemOf(onPredict: (count: number) => void = () => {}): PlanningProblem {
  const world = worldOf(actions, ([z], action) => [2 * z + action.indexOf(1)], 1);
  return {
    world: {
      actions,
      predict(latents, encoded) {
        onPredict(latents.length);
        return world.predict(latents, encoded);
      },
    },
    objective: { fold: 'sum', discount: 0.5, score: async (latents) => latents.map((z) => z % 2) },
    latent: Float32Array.of(0),
    random: randomFor('test'),
    taken: 0,
  };
}

test('words that begin alike share predictions, and each has its own value', async () => {
  const words = drawWords(actions, 200, 4, randomFor('test', 'words'));
  let predicted = 0;
  const { values, predictions } = await rollOut(
    problemOf((count) => {
      predicted += count;
    }),
    words,
  );
  // All of the 2 + 4 + 8 + 16 beginnings are among 200 words.
  expect(predictions).toBe(30);
  expect(predicted).toBe(30);
  values.forEach((value, n) => {
    const scores = Array.from({ length: 4 }, (_, step) => wordAt(words, n)[2 * step + 1]);
    expect(value).toBeCloseTo(valueOfScores(scores, 'sum', 0.5), 6);
  });
});

test('more words than a batch are all valued', async () => {
  const words = drawWords(actions, 9000, 2, randomFor('test', 'many'));
  const { values } = await rollOut(problemOf(), words);
  for (const n of [0, 8191, 8192, 8999]) {
    const word = wordAt(words, n);
    expect(values[n]).toBeCloseTo(word[1] + 0.5 * word[3], 6);
  }
});

test('of equal largest values each is taken sometimes', () => {
  const taken = Array.from({ length: 60 }, (_, seed) => largestIndex([1, 3, 2, 3, 3], randomFor('ties', seed)));
  expect([...new Set(taken)].sort()).toEqual([1, 3, 4]);
});
