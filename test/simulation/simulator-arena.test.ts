// A simulator as an arena, and its true dynamics as a world to plan in.
import { describe, expect, test } from 'vitest';
import { act, planningPolicy } from '../../src/planning/acting.ts';
import type { Success } from '../../src/planning/arena.ts';
import { createPlanner } from '../../src/planning/index.ts';
import { findBranchingFault } from '../../src/simulation/branching-fault.ts';
import { poolOf } from '../../src/simulation/module.ts';
import type { SimulatorPool } from '../../src/simulation/pool.ts';
import type { Simulator } from '../../src/simulation/simulator.ts';
import { type SimulatorWorld, simulatorArena } from '../../src/simulation/simulator-arena.ts';
import { lineSimulator } from './line-simulator.ts';

const linePool = (length?: number): SimulatorPool => poolOf(lineSimulator(length), 'line');
const right = Float32Array.of(0, 1);
const left = Float32Array.of(1, 0);

function worldOf(pool: SimulatorPool): {
  readonly arena: ReturnType<typeof simulatorArena>;
  readonly world: SimulatorWorld;
} {
  const arena = simulatorArena(pool, { seed: 0, stack: 1 });
  if (arena.world === undefined) throw new Error('no world');
  return { arena, world: arena.world };
}

/** A cart without friction: place and speed, pushed by a number between -2 and 1, and turned by another one. */
function cartSimulator(): Simulator {
  let cart = { place: 0, speed: 0 };
  return {
    observation: { kind: 'vector', size: 2 },
    action: { kind: 'continuous', low: [-2, 0], high: [1, 10] },
    reset: () => {
      cart = { place: 0, speed: 0 };
      return [0, 0];
    },
    step(action) {
      const [push] = typeof action === 'number' ? [action] : action;
      cart = { place: cart.place + cart.speed, speed: cart.speed + push };
      return { observation: [cart.place, cart.speed], reward: -Math.abs(cart.speed - 3), isTerminal: false };
    },
    save: () => cart,
    restore(kept: typeof cart) {
      cart = kept;
    },
  };
}

describe('an episode in a simulator', () => {
  test('is a function of the seed and its number', async () => {
    const play = async (seed: number, number: number) => {
      const episode = await simulatorArena(linePool(40), { seed, stack: 1 }).startEpisode(number);
      await episode.take(right);
      return [...episode.observe()];
    };
    expect(await play(0, 3)).toEqual(await play(0, 3));
    expect(await play(0, 3)).not.toEqual(await play(0, 4));
    expect(await play(0, 3)).not.toEqual(await play(1, 3));
  });

  test('stacks frames as a recording does: the newest last, the first one standing for those before it', async () => {
    const episode = await simulatorArena(linePool(40), { seed: 0, stack: 3 }).startEpisode(0);
    const places = () => [...episode.observe()].filter((_, i) => i % 2 === 0);
    const start = episode.start ?? Number.NaN;
    expect(places()).toEqual([start, start, start]);
    await episode.take(right);
    expect(places()).toEqual([start, start, start + 1]);
    await episode.take(right);
    await episode.take(left);
    expect(places()).toEqual([start + 1, start + 2, start + 1]);
  });
});

describe('the true dynamics', () => {
  test('branch without moving the agent, and what has ended is paid nothing more', async () => {
    const pool = linePool(3);
    const { arena, world } = worldOf(pool);
    const episode = await arena.startEpisode(0);
    // From wherever it begins, two steps to the right end it.
    await episode.take(left);
    await episode.take(left);
    const here = await episode.locate();
    const first = await world.predict(Float32Array.of(here[0], here[0]), Float32Array.of(...right, ...left));
    expect(world.transitionsOf(first).map((each) => each?.state)).toEqual([1, 0]);
    const end = await world.predict(first.subarray(0, 1), right);
    expect(world.transitionsOf(end)[0]).toMatchObject({ state: 2, reward: 1, isTerminal: true });
    const after = await world.predict(end, left);
    expect(world.transitionsOf(after)[0]).toMatchObject({ state: 2, reward: 0, isTerminal: true });
    expect(await episode.take(right)).toMatchObject({ state: 1 });
  });

  test('take no step twice, and places are states', async () => {
    const { arena, world } = worldOf(linePool(9));
    const here = await (await arena.startEpisode(0)).locate();
    const [there] = await world.predict(here, right);
    await world.predict(here, right);
    expect(world.stepsTaken()).toBe(1);
    const back = await world.predict(Float32Array.of(there), left);
    expect(world.placesOf?.(back)).toEqual(world.placesOf?.(here));
  });

  test.each(['exhaustive', 'cem', 'best-first'])('%s goes the shortest way in them', async (name) => {
    const { arena, world } = worldOf(linePool(6));
    const score = async (latents: Float32Array) =>
      Float32Array.from(world.transitionsOf(latents), (each) => each?.reward ?? 0);
    const policy = planningPolicy({
      planner: createPlanner(name, { horizon: 6 }),
      world,
      objectiveOf: async () => ({ fold: 'first-success', discount: 0.9, score }),
      locate: ({ locate }) => locate(),
      actionsTaken: 1,
    });
    const isSuccess: Success = ({ isTerminal }) => isTerminal;
    const results = await act(arena, policy, { episodes: 12, isSuccess, maxSteps: 20, seed: 0, clock: () => 0 });
    // An episode that begins at the end stays there for the step that it takes.
    for (const { start, steps } of results) expect(steps).toBe(Math.max(1, 5 - (start ?? 0)));
  });

  test('cem reaches a speed with actions whose numbers have bounds of their own', async () => {
    const { arena, world } = worldOf(poolOf(cartSimulator(), 'cart'));
    const score = async (latents: Float32Array) =>
      Float32Array.from(world.transitionsOf(latents), (each) => each?.reward ?? 0);
    const policy = planningPolicy({
      planner: createPlanner('cem', { horizon: 4 }),
      world,
      objectiveOf: async () => ({ fold: 'sum', discount: 1, score }),
      locate: ({ locate }) => locate(),
      actionsTaken: 1,
    });
    const options = { episodes: 1, isSuccess: () => false, maxSteps: 8, seed: 0, clock: () => 0 };
    const [{ return: total, steps }] = await act(arena, policy, options);
    expect(steps).toBe(8);
    // Speeds 1, 2, 3, 3 ... are the best there is: 2 + 1. Half a unit of error over eight steps is a tenth a step.
    expect(total).toBeLessThanOrEqual(-3 + 1e-6);
    expect(total).toBeGreaterThan(-3.8);
  });
});

describe('a fault of branching', () => {
  test('none where everything comes back', async () => {
    expect(await findBranchingFault(linePool(), 0)).toBeUndefined();
  });

  test('there is no save', async () => {
    const { save, restore, ...simulator } = lineSimulator();
    expect(await findBranchingFault(poolOf(simulator, 'line'), 0)).toBe('it has no save and restore');
  });

  test('something is forgotten', async () => {
    const simulator = lineSimulator(40);
    let count = 0;
    const forgetful: Simulator = {
      ...simulator,
      step: (action) => ({ ...Object(simulator.step(action)), observation: [count++, 0] }),
    };
    expect(await findBranchingFault(poolOf(forgetful, 'line'), 0)).toBe(
      'what was kept went on with another observation',
    );
  });

  test('it cannot be kept', async () => {
    const closed: Simulator = {
      ...lineSimulator(),
      save() {
        throw new Error('a handle of another program');
      },
    };
    expect(await findBranchingFault(poolOf(closed, 'line'), 0)).toBe(
      'it cannot be kept: simulator line: save: expected a result, got: Error: a handle of another program',
    );
  });
});
