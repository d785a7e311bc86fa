// Planners whose actions and latents are several numbers, or choices, with draws that are given.
import { expect, test } from 'vitest';
import { type ActionSpace, continuousActions, oneHotActions } from '../../../src/planning/action-space.ts';
import { createPlanner } from '../../../src/planning/index.ts';
import type { Objective } from '../../../src/planning/objective.ts';
import type { PlanningProblem } from '../../../src/planning/planner.ts';
import { colouredNoise } from '../../../src/planning/search/coloured-noise.ts';
import { randomFor } from '../../../src/random.ts';
import { given } from './line-problem.ts';
import { worldOf } from './planner.cases.ts';

/** Two numbers, to which those of an action are added; `latents` are what was gone on from, `actions` by what. */
function problemOf(space: ActionSpace, score: (latent: readonly number[]) => number, more: Partial<PlanningProblem>) {
  const seen: { latents: number[]; actions: number[] }[] = [];
  const world = worldOf(space, ([x, y], action) => [x + action[0], y + action[1]], 2);
  const objective: Objective = {
    ...{ fold: 'best', discount: 1 },
    score: async (latents) =>
      Float32Array.from({ length: latents.length / 2 }, (_, n) => score([latents[2 * n], latents[2 * n + 1]])),
  };
  const problem: PlanningProblem = {
    world: {
      actions: space,
      predict(latents, actions) {
        seen.push({ latents: [...latents], actions: [...actions] });
        return world.predict(latents, actions);
      },
    },
    ...{ objective, latent: new Float32Array(2), random: randomFor('test'), taken: 0 },
    ...more,
  };
  return { problem, seen };
}

const normals = [0.5, -0.25, 1, 0.75, -0.5, 0.1, -1, 0.3, 0.2];

test('icem draws each number with noise of its own around its own middle, within its own bounds', async () => {
  const { problem, seen } = problemOf(continuousActions([-2, 100], [6, 104]), ([x, y]) => x - y, {
    random: given(...normals),
  });
  const options = { horizon: 2, samples: 3, elites: 0.3, iterations: 1, kept: 1, spread: 1.5, noise: 1 };
  const decide = createPlanner('icem', options).startEpisode();
  const plan = await decide(problem);
  const draw = colouredNoise(2, 1);
  const random = given(...normals);
  const clipped = (p: number, value: number) => Math.min([6, 104][p], Math.max([-2, 100][p], value));
  const words = Array.from({ length: 3 }, () => {
    const noise = [draw(random), draw(random)];
    return [0, 1].map((step) => [0, 1].map((p) => clipped(p, [2, 102][p] + 1.5 * [4, 2][p] * noise[p][step])));
  });
  const middle = [2, 102];
  const tried = [...words, [middle, middle]];
  expect(seen.map(({ actions }) => actions)).toEqual(
    [0, 1].map((step) => tried.flatMap((word) => word[step].map((x) => expect.closeTo(x, 4)))),
  );
  // The score of a word is the better of its steps; its first action is dropped for the next decision.
  const values = tried.map(([a, b]) => Math.max(a[0] - a[1], a[0] - a[1] + b[0] - b[1]));
  const best = tried[values.indexOf(Math.max(...values))];
  expect(Array.from(plan.actions)).toEqual(best.flat().map((x) => expect.closeTo(x, 4)));
  const before = seen.length;
  await decide({ ...problem, taken: 1, random: given(0.25) });
  const [first, second] = seen.slice(before).map(({ actions }) => actions.slice(6, 8));
  expect(first).toEqual(best[1].map((x) => expect.closeTo(x, 4)));
  expect(second).toEqual([0, 101]);
});

test('icem takes the choice with the largest preference, which has no bounds', async () => {
  const space = oneHotActions(3);
  const { problem, seen } = problemOf(space, ([x]) => x, { random: given(3, 4, 0, -1, -3, -2, 0.1, 0.2, 0.3) });
  const options = { horizon: 1, samples: 3, elites: 0.3, iterations: 1 };
  await createPlanner('icem', options).startEpisode()(problem);
  // Three words; the middle, where all are alike, is the first choice, which the second of them has already.
  expect(seen[0].actions).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 1]);
});

test('best-first goes on from the sixteen latents that score best, the best first', async () => {
  const encoded = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? ((i / 2) * 7) % 20 : 0.5));
  const space = { ...oneHotActions(20), size: 2, encoded };
  const { problem, seen } = problemOf(space, ([x]) => x, {});
  const plan = await createPlanner('best-first', { samples: 17, tolerance: 0, horizon: 3 }).startEpisode()(problem);
  const goneOn = Array.from({ length: 16 }, (_, n) => seen[1].latents.slice(40 * n, 40 * n + 2));
  expect(goneOn).toEqual(Array.from({ length: 16 }, (_, n) => [19 - n, 0.5]));
  expect(plan).toEqual({ actions: Float32Array.of(19, 0.5, 19, 0.5), value: 38, predictions: 340 });
});

test('best-first takes the shortest of the best words, and one of several by lot', async () => {
  const space = { ...oneHotActions(3), size: 2, encoded: Float32Array.of(1, 0, 0, 1, -1, 0) };
  const words = new Set<string>();
  for (let seed = 0; seed < 12; seed++) {
    const { problem } = problemOf(space, ([x, y]) => (x + y >= 1 ? 1 : 0), { random: randomFor('lot', seed) });
    const { actions, value } = await createPlanner('best-first', { samples: 30 }).startEpisode()(problem);
    expect(value).toBe(1);
    words.add(String([...actions]));
  }
  expect([...words].sort()).toEqual(['0,1', '1,0']);
});

test('best-first refuses scores that are summed up', async () => {
  const plan = (space: ActionSpace, fold: Objective['fold']) => {
    const { problem } = problemOf(space, ([x]) => x, {});
    return createPlanner('best-first').startEpisode()({ ...problem, objective: { ...problem.objective, fold } });
  };
  for (const fold of ['sum', 'survival'] as const)
    await expect(plan(oneHotActions(2), fold)).rejects.toThrow(`by first-success or best, got ${fold}`);
  expect((await plan(oneHotActions(2), 'first-success')).predictions).toBeGreaterThan(0);
});
