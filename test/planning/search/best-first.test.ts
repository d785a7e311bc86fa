// Best-first search on graphs that are given: in which order it goes on from what it knows, and what it takes for known.
import { describe, expect, test } from 'vitest';
import { oneHotActions } from '../../../src/planning/action-space.ts';
import { createPlanner, plannerProviders } from '../../../src/planning/index.ts';
import type { Objective } from '../../../src/planning/objective.ts';
import type { PlanningProblem } from '../../../src/planning/planner.ts';
import { randomFor } from '../../../src/random.ts';
import { worldOf } from './planner.cases.ts';

interface Graph {
  readonly choices: number;
  /** Where the choices lead from a node, the first one first; back to node 0 by those that are not given. */
  readonly edges: Readonly<Record<number, readonly number[]>>;
  readonly scores: Readonly<Record<number, number>>;
}

/** Nodes have numbers that mean nothing; `rounds` are those gone on from, together. */
function problemOf({ choices, edges, scores }: Graph, fold: Objective['fold'] = 'best', discount = 1) {
  const rounds: number[][] = [];
  const actions = oneHotActions(choices);
  const world = worldOf(actions, ([node], action) => [edges[node]?.[action.indexOf(1)] ?? 0], 1);
  const problem: PlanningProblem = {
    world: {
      actions,
      placesOf: (latents) => latents,
      predict(latents, encoded) {
        rounds.push([...latents].filter((_, n) => n % choices === 0));
        return world.predict(latents, encoded);
      },
    },
    objective: { fold, discount, score: async (latents) => latents.map((node) => scores[node] ?? 0) },
    ...{ latent: Float32Array.of(0), random: randomFor('graph'), taken: 0 },
  };
  return { problem, rounds };
}

const plan = (problem: PlanningProblem, options: object = {}) =>
  createPlanner('best-first', options).startEpisode()(problem);

/** Twenty neighbours 1 to 20 of node 0, so that after a round of sixteen there are four that wait. */
const neighbours = Array.from({ length: 20 }, (_, k) => k + 1);
const scoresOf = (given: Readonly<Record<number, number>>) => ({
  ...Object.fromEntries(neighbours.map((node) => [node, node <= 16 ? 0.9 : 0.205 - node / 1e4])),
  ...given,
});

test('says what it is', () => {
  const { name, description } = plannerProviders[5];
  expect([name, description]).toEqual([
    'best-first',
    'best-first search that merges latents that are close; needs no gradient and no luck',
  ]);
});

describe('the order', () => {
  const edges = { 0: neighbours, 1: [30], 2: [31] };

  test('is that of the scores, of which those of one hundredth count as equal: then the shorter word comes first', async () => {
    // 30 scores a little more than 17 to 20, 31 a hundredth more.
    const { problem, rounds } = problemOf({ choices: 20, edges, scores: scoresOf({ 30: 0.209, 31: 0.211 }) });
    await plan(problem);
    expect(rounds).toEqual([[0], neighbours.slice(0, 16), [31, 17, 18, 19, 20, 30]]);
  });

  test('ends where all latents that may be gone on from have been, in the middle of a round too', async () => {
    const { problem, rounds } = problemOf({ choices: 20, edges, scores: scoresOf({}) });
    const { predictions } = await plan(problem, { samples: 18 });
    expect(rounds.map((round) => round.length)).toEqual([1, 16, 1]);
    expect(predictions).toBe(18 * 20);
  });

  test('ends at the horizon: no word is longer', async () => {
    const line = { choices: 1, edges: { 0: [1], 1: [2], 2: [3], 3: [4] }, scores: { 4: 1 } };
    const short = problemOf(line);
    expect((await plan(short.problem, { horizon: 3 })).value).toBe(0);
    expect(short.rounds).toEqual([[0], [1], [2]]);
    const { actions, value } = await plan(problemOf(line).problem, { horizon: 4 });
    expect([actions.length, value]).toEqual([4, 1]);
  });
});

describe('a latent that is known', () => {
  // 40 is three steps from 0 by way of 1 and 30, and two by way of 17, which waits until 30 is known; 50 lies behind it.
  const edges = { 0: neighbours, 1: [30], 30: [40], 17: [40], 40: [50] };

  test('is gone on from once, by the shorter word, though a longer one found it first', async () => {
    const scores = scoresOf({ 30: 0.95, 40: 0.5, 50: 1 });
    const { problem, rounds } = problemOf({ choices: 20, edges, scores }, 'best', 0.5);
    const { actions, value } = await plan(problem);
    expect(rounds).toEqual([[0], neighbours.slice(0, 16), [30, 17, 18, 19, 20], [40], [50]]);
    // 0.9 at once is worth more than 1 two steps later.
    expect([actions.length / 20, value]).toEqual([1, Math.fround(0.9)]);
  });

  test('and was gone on from is so again where a shorter word leads there, and what lies behind it comes sooner', async () => {
    // 1 to 20 score nothing, 30 and 40 do: these are gone on from before 17 is.
    const scores = Object.fromEntries([...neighbours.map((node) => [node, 0]), [30, 0.3], [40, 0.2], [50, 1]]);
    const many = Object.fromEntries(neighbours.slice(1, 16).map((node) => [node, [100 + node, 200 + node]]));
    const ahead = Object.fromEntries(Object.values(many).flatMap((nodes) => nodes.map((node) => [node, 0.25])));
    const { problem, rounds } = problemOf(
      { choices: 20, edges: { ...edges, ...many }, scores: { ...scores, ...ahead } },
      'first-success',
      0.5,
    );
    const { actions, value } = await plan(problem);
    expect(rounds.flat().filter((node) => node === 40)).toHaveLength(2);
    // 17, 40, 50: 0.2 at the second step, and 1 at the third where that has failed.
    const choices = [0, 1, 2].map((step) => actions.subarray(20 * step, 20 * step + 20).indexOf(1));
    expect(choices).toEqual([16, 0, 0]);
    expect(value).toBeCloseTo(0.5 * 0.2 + 0.25 * 0.8, 6);
  });
});

describe('refused are', () => {
  test('scores that are summed up, with what to do instead', async () => {
    const { problem } = problemOf({ choices: 1, edges: {}, scores: {} }, 'sum');
    await expect(plan(problem)).rejects.toMatchObject({
      message: 'planner best-first: expected scores taken together by first-success or best, got sum',
      remedy: 'To merge latents, a word must not gain by coming back: choose another planner or another fold.',
    });
  });

  test('worlds without an action', async () => {
    const { problem } = problemOf({ choices: 0, edges: {}, scores: {} });
    await expect(plan(problem)).rejects.toThrow('planner best-first: expected at least one action, got none');
  });
});
