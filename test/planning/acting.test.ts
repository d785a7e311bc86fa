// Acting in environments whose numbers can be worked out: planned with the true dynamics, at random, and in latents that
// are the true states.
import { describe, expect, test } from 'vitest';
import { createEnvironment, type Environment } from '../../src/environments/index.ts';
import { act, type Policy, planningPolicy, randomPolicy } from '../../src/planning/acting.ts';
import { actionSpaceOf } from '../../src/planning/action-space.ts';
import { finiteArena, taskSuccess } from '../../src/planning/finite-arena.ts';
import { closenessObjective, createPlanner } from '../../src/planning/index.ts';
import { latentWorld } from '../../src/planning/latent-world.ts';
import { summarize } from '../../src/planning/summary.ts';
import { createTask, drawStarts, highestReward, type Task } from '../../src/planning/task.ts';
import { trueClosenessObjective, trueRewardObjective, trueWorld } from '../../src/planning/true-world.ts';

const counting = createEnvironment('counting');
const task = createTask(counting, highestReward(counting));
const options = { maxSteps: 8, seed: 0, clock: () => 0 };

/** One episode from each of `starts`. */
function actFrom(
  starts: Int32Array,
  policy: Policy,
  more: { readonly environment?: Environment; readonly task?: Task; readonly maxSteps?: number } = {},
) {
  const arena = finiteArena(more.environment ?? counting, starts, options.seed);
  const isSuccess = taskSuccess(more.task ?? task);
  return act(arena, policy, { ...options, episodes: starts.length, isSuccess, maxSteps: more.maxSteps ?? 8 });
}

const truePolicy = (actionsTaken = 1): Policy =>
  planningPolicy({
    planner: createPlanner('exhaustive', { horizon: 4 }),
    world: trueWorld(counting),
    objectiveOf: async () => trueRewardObjective(counting, 'first-success', 0.9),
    locate: ({ locate }) => locate(),
    actionsTaken,
  });

describe('task', () => {
  test('the target count is the success, the ends are farthest, and no episode starts at the target', () => {
    expect(Array.from(task.fewestSteps)).toEqual([4, 3, 2, 1, 0, 1, 2, 3, 4]);
    const starts = drawStarts(task, 80, 0);
    const counts = Array.from({ length: 9 }, (_, state) => starts.filter((start) => start === state).length);
    expect(counts).toEqual([10, 10, 10, 10, 0, 10, 10, 10, 10]);
  });

  test('a goal that nothing leads to is refused', () => {
    expect(() => createTask(counting, () => false)).toThrow(
      'goal: expected a state of counting that others lead to, got none',
    );
  });

  test('door-key: what cannot lead to the goal any more is no start', () => {
    const doorKey = createEnvironment('door-key');
    const isStart = (state: number) => doorKey.stateName(state) === 'r0c0';
    const back = createTask(doorKey, isStart);
    const withKey = Array.from(back.fewestSteps.keys()).filter((state) => doorKey.stateName(state).endsWith('key'));
    expect(withKey).toHaveLength(21);
    for (const state of withKey) expect(back.fewestSteps[state]).toBe(-1);
    for (const start of drawStarts(back, 20, 0)) expect(withKey).not.toContain(start);
  });
});

describe('acting', () => {
  test('with the true dynamics every episode takes the fewest steps', async () => {
    const starts = drawStarts(task, 16, 1);
    const episodes = await actFrom(starts, truePolicy());
    expect(episodes.map(({ steps }) => steps)).toEqual(Array.from(starts, (start) => Math.abs(start - 4)));
    expect(summarize(episodes)).toEqual({ successRate: 1, meanReturn: 1, meanSteps: 2.5, decisionMs: 0 });
  });

  test('best-first finds a far reward in the true world: neighbours in number are not one state', async () => {
    const doorKey = createEnvironment('door-key');
    const far = createTask(doorKey, highestReward(doorKey));
    const policy = planningPolicy({
      planner: createPlanner('best-first', { samples: 64 }),
      world: trueWorld(doorKey),
      objectiveOf: async () => trueRewardObjective(doorKey, 'first-success', 0.95),
      locate: ({ locate }) => locate(),
      actionsTaken: 1,
    });
    const starts = drawStarts(far, 29, 0);
    const episodes = await actFrom(starts, policy, { environment: doorKey, task: far, maxSteps: 30 });
    expect(episodes.map(({ steps }) => steps)).toEqual(Array.from(starts, (start) => far.fewestSteps[start]));
  });

  test('a decision is made at every step, or once a plan', async () => {
    const starts = Int32Array.of(0);
    const [closed] = await actFrom(starts, truePolicy(1));
    const [open] = await actFrom(starts, truePolicy(Number.POSITIVE_INFINITY));
    expect([closed.decisionMs.length, open.decisionMs.length]).toEqual([4, 1]);
    expect(open.steps).toBe(4);
  });

  test('an episode that does not get there ends after maxSteps without success', async () => {
    const away: Policy = { startEpisode: async () => async () => Float32Array.of(1, 0) };
    const [episode] = await actFrom(Int32Array.of(5), away, { maxSteps: 1 });
    // Five less one is the target.
    expect(episode).toMatchObject({ isSuccess: true, steps: 1, return: 1 });
    const [lost] = await actFrom(Int32Array.of(3), away);
    expect(lost).toMatchObject({ isSuccess: false, steps: 8, return: 0 });
  });

  test('random actions come from the seed and reach the target sometimes', async () => {
    const starts = drawStarts(task, 64, 0);
    const run = () => actFrom(starts, randomPolicy(actionSpaceOf(counting)));
    const first = await run();
    expect(await run()).toEqual(first);
    const { successRate } = summarize(first);
    expect(successRate).toBeGreaterThan(0.2);
    expect(successRate).toBeLessThan(0.8);
  });

  test('the same seed shows two policies the same first image', async () => {
    const seen: string[] = [];
    const looking: Policy = {
      startEpisode:
        async () =>
        async ({ observation }) => {
          seen.push(String(observation));
          return Float32Array.of(1, 0);
        },
    };
    await actFrom(Int32Array.of(2), looking, { maxSteps: 1 });
    await actFrom(Int32Array.of(2), looking, { maxSteps: 1 });
    expect(seen[0]).toBe(seen[1]);
    expect(new Set(seen[0].split(',')).size).toBeGreaterThan(1);
  });

  test.each(['cem', 'icem', 'mppi', 'random-shooting'])('%s acts with continuous actions', async (name) => {
    const continuous = createEnvironment('counting', { continuous: true, actions: 3 });
    // The latent is the count, and the network knows the true dynamics.
    const { predict } = trueWorld(continuous);
    const policy = planningPolicy({
      planner: createPlanner(name, { horizon: 5, samples: 64 }),
      world: latentWorld({ predict: ({ values }, actions) => predict(values, actions) }, actionSpaceOf(continuous)),
      objectiveOf: async () => closenessObjective(Float32Array.of(4), 0.9),
      locate: ({ locate }) => locate(),
      actionsTaken: 1,
    });
    const starts = drawStarts(task, 8, 0);
    const { successRate, meanSteps } = summarize(await actFrom(starts, policy, { environment: continuous }));
    expect(successRate).toBe(1);
    expect(meanSteps).toBeLessThan(3.5);
  });
});

test('closeness by steps is 1 at the goal, and 0 where nothing leads there', async () => {
  const { score } = trueClosenessObjective(Int32Array.of(0, 2, -1), 0.9);
  const [goal, there, nowhere] = await score(Float32Array.of(0, 1, 2), Float32Array.of(1));
  expect([goal, nowhere]).toEqual([1, 0]);
  expect(there).toBeCloseTo(Math.exp(-1), 6);
});
