// With Python's Gymnasium itself: what comes over the pipes is what Python computes.
import { describe, expect, onTestFinished, test } from 'vitest';
import { act, planningPolicy, randomPolicy } from '../../src/planning/acting.ts';
import { createPlanner } from '../../src/planning/index.ts';
import { findBranchingFault } from '../../src/simulation/branching-fault.ts';
import { openGymnasium } from '../../src/simulation/gymnasium.ts';
import type { SimulatorOptions } from '../../src/simulation/index.ts';
import type { SimulatorPool } from '../../src/simulation/pool.ts';
import { episodeSeed, findDifference, rollOut } from '../../src/simulation/roll-out.ts';
import { simulatorArena } from '../../src/simulation/simulator-arena.ts';
import { findPython, runPython } from '../python/python.ts';

const python = findPython('gymnasium', 'pygame');

async function open(environment: string, options: SimulatorOptions = {}): Promise<SimulatorPool> {
  const pool = await openGymnasium(environment, { python, ...options });
  onTestFinished(() => pool.dispose());
  return pool;
}

const options = { episodes: 4, steps: 15, seed: 2, actionPersistence: 0 };

describe.skipIf(python === undefined)('gym:', () => {
  test.each(['CartPole-v1', 'Pendulum-v1'])("%s: observations and rewards are Python's, to the bit", async (id) => {
    const pool = await open(id, { lanes: 3 });
    const episodes = await rollOut(pool, options);
    const played = episodes.map(({ actions }, e) => ({ seed: episodeSeed(options.seed, e), actions }));
    const expected = runPython(python ?? '', 'play_gymnasium.py', id, JSON.stringify(played));
    const found = episodes.map(({ first, transitions }) => ({
      observations: [first, ...transitions].map(({ observation }) => [...observation]),
      rewards: transitions.map(({ reward }) => reward),
      ends: transitions.map(({ isTerminal, isTruncated }) => [isTerminal, isTruncated]),
    }));
    expect(found).toEqual(expected);
    expect(await findDifference(pool, episodes[0], options.seed)).toBeUndefined();
    const alone = await rollOut(await open(id, { lanes: 1 }), options);
    expect(alone).toEqual(episodes);
  });

  test('a discrete observation is one-hot and names the state; options reach gymnasium.make', async () => {
    const pool = await open('FrozenLake-v1', { simulatorOptions: { is_slippery: false } });
    expect(pool).toMatchObject({ hasState: true, observation: { kind: 'vector', size: 16 } });
    const [start] = await pool.reset([0], [0]);
    expect([start.state, start.observation.indexOf(1)]).toEqual([0, 0]);
    // 2 is to the right; without slipping it always is.
    const [right] = await pool.step([0], [2]);
    expect([right.state, right.observation.indexOf(1)]).toEqual([1, 1]);
  });

  test('with render, observations are frames', async () => {
    const pool = await open('CartPole-v1', { render: true, lanes: 1 });
    expect(pool.observation).toEqual({ kind: 'image', shape: [400, 600, 3] });
    const [first] = await pool.reset([0], [1]);
    const [next] = await pool.step([0], [1]);
    expect(first.observation).toHaveLength(400 * 600 * 3);
    // Black on white, and it moves.
    expect(new Set(first.observation).has(255)).toBe(true);
    expect(next.observation).not.toEqual(first.observation);
  });

  test('a dictionary of numbers is flattened', async () => {
    const pool = await open('Blackjack-v1');
    // A tuple of Discrete(32), Discrete(11), Discrete(2), each one-hot.
    expect(pool.observation).toEqual({ kind: 'vector', size: 32 + 11 + 2 });
  });

  test.each(['CartPole-v1', 'Pendulum-v1', 'FrozenLake-v1', 'Acrobot-v1', 'MountainCarContinuous-v0'])(
    '%s: what was kept goes on as the environment itself does',
    async (id) => {
      const pool = await open(id, { lanes: 1 });
      expect(await findBranchingFault(pool, 1)).toBeUndefined();
    },
  );

  test('branches are those of Python: all from one situation, and the lane stays where it is', async () => {
    const pool = await open('CartPole-v1', { lanes: 2 });
    const { branching } = pool;
    if (branching === undefined) throw new Error('no branching');
    await pool.reset([0, 1], [5, 5]);
    const handle = await branching.save(0);
    const branches = await branching.branch(0, [handle, handle, handle], [1, 0, 1]);
    expect(branches[2].observation).toEqual(branches[0].observation);
    expect(branches[1].observation).not.toEqual(branches[0].observation);
    const [further] = await branching.branch(0, [branches[0].handle], [0]);
    // The other lane plays the same without any of it.
    await pool.step([1], [1]);
    const [expected] = await pool.step([1], [0]);
    expect(further.observation).toEqual(expected.observation);
    const [first] = await pool.step([0], [1]);
    expect(first.observation).toEqual(branches[0].observation);
    await branching.release();
    await expect(branching.branch(0, [handle], [0])).rejects.toThrow('branch raised IndexError');
  });

  test('with the true dynamics, planning swings the pendulum up', async () => {
    const pool = await open('Pendulum-v1', { lanes: 1 });
    const arena = simulatorArena(pool, { seed: 0, stack: 1 });
    const { world } = arena;
    if (world === undefined) throw new Error('no world');
    const policy = planningPolicy({
      planner: createPlanner('icem', { horizon: 15, samples: 16, iterations: 2 }),
      world,
      objectiveOf: async () => ({
        fold: 'sum',
        discount: 0.95,
        score: async (latents) => Float32Array.from(world.transitionsOf(latents), (each) => each?.reward ?? 0),
      }),
      locate: ({ locate }) => locate(),
      actionsTaken: 1,
    });
    const acted = { episodes: 1, isSuccess: () => false, maxSteps: 120, seed: 0, clock: () => 0 };
    const [planned] = await act(arena, policy, acted);
    const [random] = await act(arena, randomPolicy(arena.actions), acted);
    // Random torque collects some -6 a step; hanging still -10; upright 0.
    expect(planned.return).toBeGreaterThan(0.6 * random.return);
    expect(planned.return).toBeGreaterThan(-450);
  });

  test.each([
    ['CartPole-v9', {}, /expected an environment that Gymnasium knows, got: .*CartPole/],
    ['Catpole', {}, /expected an environment that Gymnasium knows, got: .*doesn't exist/],
    ['nonesuch_module:X-v0', {}, /expected .*nonesuch_module/],
    [
      'CartPole-v1',
      { simulatorOptions: { gravityy: 3 } },
      /expected a result, got: gymnasium\.make raised TypeError: .*gravityy/,
    ],
  ])('%s %j is refused in one line', async (id, more, message) => {
    await expect(openGymnasium(id, { python, ...more })).rejects.toThrow(message);
  });
});
