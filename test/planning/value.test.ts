// Objectives, worlds, tasks and acting, beside values worked out by hand.
import { describe, expect, test } from 'vitest';
import { createEnvironment } from '../../src/environments/index.ts';
import { act, planningPolicy } from '../../src/planning/acting.ts';
import { actionSpaceOf, oneHotActions } from '../../src/planning/action-space.ts';
import type { Arena, Outcome } from '../../src/planning/arena.ts';
import { finiteArena, taskSuccess } from '../../src/planning/finite-arena.ts';
import { avoidanceObjective, closenessObjective, rewardObjective } from '../../src/planning/index.ts';
import { latentWorld } from '../../src/planning/latent-world.ts';
import type { Objective } from '../../src/planning/objective.ts';
import type { PlanningProblem } from '../../src/planning/planner.ts';
import { summarize } from '../../src/planning/summary.ts';
import { createTask, drawStarts, highestReward } from '../../src/planning/task.ts';
import { actionOf, trueClosenessObjective, trueRewardObjective, trueWorld } from '../../src/planning/true-world.ts';
import { randomFor } from '../../src/random.ts';

const counting = createEnvironment('counting');

describe('objectives', () => {
  const event = { head: async (latents: Float32Array) => latents, output: 1, isLogit: true };

  test('to avoid an event score that it does not happen, and go on while it does not', async () => {
    const objective = avoidanceObjective(event, 0.9);
    expect(objective).toMatchObject({ fold: 'survival', discount: 0.9 });
    const scores = await objective.score(Float32Array.of(5, Math.log(3), 7, -Math.log(3)), new Float32Array(2));
    expect(Array.from(scores)).toEqual([expect.closeTo(0.25, 6), expect.closeTo(0.75, 6)]);
    expect(() => avoidanceObjective({ ...event, isLogit: false }, 0.9)).toThrow(
      'avoid: expected an event of 0 or 1 behind a sigmoid, got other values',
    );
  });

  test('of a reward are no survival, whatever the head gives', () => {
    for (const isLogit of [true, false])
      expect(() => rewardObjective({ ...event, isLogit, fold: 'survival', discount: 1 })).toThrow(
        'survival: expected an event to avoid, got a reward',
      );
    expect(rewardObjective({ ...event, fold: 'first-success', discount: 0.5 })).toMatchObject({
      fold: 'first-success',
      discount: 0.5,
    });
    expect(() => rewardObjective({ ...event, isLogit: false, fold: 'first-success', discount: 1 })).toThrow(
      'first-success: expected a reward of 0 or 1 behind a sigmoid, got other values',
    );
  });

  test('of closeness take the scores as they are told, the best by default', () => {
    const goal = Float32Array.of(1);
    expect(closenessObjective(goal, 0.5)).toMatchObject({ fold: 'best', discount: 0.5 });
    expect(closenessObjective(goal, 0.5, 'sum').fold).toBe('sum');
  });

  test('of the true world are rewards, and steps over those from where the decision is made', async () => {
    const reward = trueRewardObjective(counting, 'sum', 0.7);
    expect(reward).toMatchObject({ fold: 'sum', discount: 0.7 });
    expect(Array.from(await reward.score(Float32Array.of(3, 4, 5), Float32Array.of(0)))).toEqual([0, 1, 0]);
    const closeness = trueClosenessObjective(Int32Array.of(0, 1, 2, 4, -1), 0.7);
    expect(closeness).toMatchObject({ fold: 'best', discount: 0.7 });
    const from = async (state: number) =>
      Array.from(await closeness.score(Float32Array.of(0, 1, 2, 3, 4), Float32Array.of(state)));
    expect(await from(2)).toEqual([1, Math.exp(-0.5), Math.exp(-1), Math.exp(-2), 0].map((x) => expect.closeTo(x, 6)));
    // At the goal, and where nothing leads there, a step is the unit.
    for (const state of [0, 4])
      expect(await from(state)).toEqual(
        [1, Math.exp(-1), Math.exp(-2), Math.exp(-4), 0].map((x) => expect.closeTo(x, 6)),
      );
  });
});

describe('worlds', () => {
  test('of networks take the latents with their size', async () => {
    const seen: unknown[] = [];
    const actions = oneHotActions(2);
    const world = latentWorld(
      {
        predict: async ({ values, count, size }, encoded) => {
          seen.push({ count, size, encoded: [...encoded] });
          return values;
        },
      },
      actions,
    );
    expect(world.actions).toBe(actions);
    await world.predict(Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(1, 0, 0, 1));
    expect(seen).toEqual([{ count: 2, size: 3, encoded: [1, 0, 0, 1] }]);
  });

  test('of the environment itself take each state by its own action', async () => {
    const world = trueWorld(counting);
    expect(Array.from(await world.predict(Float32Array.of(3, 3, 8), Float32Array.of(1, 0, 0, 1, 0, 1)))).toEqual([
      counting.next(3, 0),
      counting.next(3, 1),
      counting.next(8, 1),
    ]);
    expect(world.placesOf?.(Float32Array.of(7))).toEqual(Float32Array.of(7));
    expect([Float32Array.of(0.2, 0.7), Float32Array.of(0.9, -1)].map((action) => actionOf(counting, action))).toEqual([
      1, 0,
    ]);
  });

  test('of numbers have the bounds of the environment for each', () => {
    const { kind, size } = actionSpaceOf(counting);
    expect({ kind, size }).toEqual({ kind: 'discrete', size: 2 });
    const continuous = createEnvironment('counting', { continuous: true, actions: 3 });
    const space = actionSpaceOf(continuous);
    if (space.kind !== 'continuous') throw new Error('expected numbers');
    expect(space.low).toEqual(Array(space.size).fill(continuous.continuous?.low));
    expect(space.high).toEqual(Array(space.size).fill(continuous.continuous?.high));
  });
});

describe('tasks', () => {
  test('start from every state that leads to a success as often, in an order of the seed', () => {
    const task = createTask(counting, highestReward(counting));
    expect(task.isSuccess).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((state) => state === 4));
    expect(task.farthest).toBe(4);
    const starts = drawStarts(task, 11, 3);
    expect(starts).toHaveLength(11);
    expect([...starts.subarray(0, 8)].sort()).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
    expect(drawStarts(task, 16, 3).subarray(0, 11)).toEqual(starts);
    expect(drawStarts(task, 16, 3).subarray(8)).not.toEqual(drawStarts(task, 16, 3).subarray(0, 8));
    expect(drawStarts(task, 11, 4)).not.toEqual(starts);
    const isSuccess = taskSuccess(task);
    const progress = { reward: 0, isTerminal: false, isTruncated: false, return: 0, isOver: false };
    expect([4, 5, undefined].map((state) => isSuccess({ ...progress, state }))).toEqual([true, false, false]);
    const near = createTask(counting, (state) => state <= 7);
    expect(near.farthest).toBe(1);
    expect(() => createTask(counting, () => true)).toThrow(
      'goal: expected a state of counting that others lead to, got none',
    );
  });
});

describe('acting', () => {
  /** What came of the actions of an episode, one after the other. */
  function arenaOf(outcomes: readonly Partial<Outcome>[], seen: number[][] = []): Arena {
    return {
      actions: oneHotActions(2),
      async startEpisode(episode) {
        let step = 0;
        return {
          start: 10 + episode,
          observe: () => Float32Array.of(step),
          locate: async () => Float32Array.of(step),
          async take(action) {
            seen.push([...action]);
            return { reward: 0, state: step, isTerminal: false, isTruncated: false, ...outcomes[step++] };
          },
        };
      },
    };
  }
  const right = Float32Array.of(0, 1);
  const ends = { maxSteps: 5, seed: 1, isSuccess: () => false };
  const clockBy = (step: number) => {
    let now = 0;
    return () => {
      now += step;
      return now;
    };
  };

  test.each([
    [[{ reward: 1 }, { reward: 2, isTerminal: true }], 2, 3],
    [[{ reward: 1 }, { reward: 2 }, { reward: 4, isTruncated: true }], 3, 7],
    [[], 5, 0],
  ])('ends where the arena ends it, or after so many steps (%#)', async (outcomes, steps, total) => {
    const over: boolean[] = [];
    const [episode] = await act(
      arenaOf(outcomes),
      { startEpisode: async () => async () => right },
      {
        ...{ ...ends, episodes: 1, clock: clockBy(3) },
        isSuccess: ({ isOver }) => {
          over.push(isOver);
          return false;
        },
      },
    );
    expect(episode).toEqual({ start: 10, isSuccess: false, steps, return: total, decisionMs: Array(steps).fill(3) });
    expect(over).toEqual(Array.from({ length: steps }, (_, k) => k === steps - 1));
  });

  test('takes several actions of a plan, tells how many, and succeeds by the return so far', async () => {
    const seen: number[][] = [];
    const problems: PlanningProblem[] = [];
    const plans: object[] = [];
    const objective: Objective = { fold: 'best', discount: 1, score: async (latents) => latents };
    const world = latentWorld({ predict: async ({ values }) => values }, oneHotActions(2));
    const policy = planningPolicy({
      planner: {
        ...{ name: 'given', options: {} },
        startEpisode: () => async (problem) => {
          problems.push(problem);
          return { actions: Float32Array.of(1, 0, 0, 1, 1, 0), value: 7, predictions: 11 };
        },
      },
      world,
      objectiveOf: async () => objective,
      locate: ({ locate }) => locate(),
      actionsTaken: 2,
      onPlan: (plan) => plans.push(plan),
    });
    const done: number[] = [];
    const episodes = await act(arenaOf([{ reward: 1 }, { reward: 2 }, { reward: 4 }, { reward: 8 }], seen), policy, {
      ...{ ...ends, episodes: 9, clock: () => 0 },
      isSuccess: (progress) => progress.return === 7,
      onEpisode: (episode) => done.push(episode),
      isEnough: () => done.length === 2,
    });
    expect(episodes.map(({ start, isSuccess, steps }) => [start, isSuccess, steps])).toEqual([
      [10, true, 3],
      [11, true, 3],
    ]);
    expect(done).toEqual([0, 1]);
    expect(seen.slice(0, 3)).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
    expect(problems.slice(0, 3).map(({ taken, latent }) => [taken, latent[0]])).toEqual([
      [0, 0],
      [2, 2],
      [0, 0],
    ]);
    expect(problems[0]).toMatchObject({ world, objective });
    expect(problems[2].random.uniform()).toBe(randomFor(1, 'planning decisions', 1).uniform());
    expect(plans[0]).toMatchObject({ value: 7, predictions: 11 });
  });

  test('in a finite world goes from state to state with their rewards', async () => {
    const episode = await finiteArena(counting, Int32Array.of(1, 3), 0).startEpisode(1);
    expect([episode.start, ...(await episode.locate())]).toEqual([3, 3]);
    const next = counting.next(3, 1);
    expect(await episode.take(right)).toEqual({
      ...{ reward: counting.reward(next), state: next, isTerminal: false, isTruncated: false },
    });
    expect(Array.from(await episode.locate())).toEqual([next]);
  });

  test('is summed up by means over episodes, of the successful ones where these are meant', () => {
    const result = { start: 0, isSuccess: true, steps: 2, return: 1, decisionMs: [1, 3] };
    const lost = { ...result, isSuccess: false, steps: 9, return: 4, decisionMs: [8] };
    expect(summarize([result, lost])).toEqual({ successRate: 0.5, meanReturn: 2.5, meanSteps: 2, decisionMs: 4 });
    expect(summarize([lost]).meanSteps).toBeNull();
  });
});
