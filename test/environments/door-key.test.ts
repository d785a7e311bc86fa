import { describe, expect, test } from 'vitest';
import { createAuxiliaries, environmentContext, parseAuxiliary } from '../../src/auxiliary/index.ts';
import {
  distinguishingLengths,
  distinguishingWord,
  largestBisimulation,
  systemOfEnvironment,
} from '../../src/bisimulation/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';

const [UP, DOWN, LEFT, RIGHT] = [0, 1, 2, 3];

describe('door-key', () => {
  const world = createEnvironment('door-key');
  const stateOf = (name: string) =>
    Array.from({ length: world.stateCount }, (_, state) => state).find((state) => world.stateName(state) === name) ??
    -1;
  const walk = (from: string, ...actions: number[]) =>
    world.stateName(actions.reduce((state, action) => world.next(state, action), stateOf(from)));

  test('has the nine places before the key is picked up, and all 21 after', () => {
    expect(world.stateCount).toBe(30);
  });

  test('the key is picked up by walking onto it and kept', () => {
    expect(walk('r3c0', DOWN)).toBe('r4c0 key');
    expect(walk('r4c1', LEFT)).toBe('r4c0 key');
    expect(walk('r3c0', DOWN, UP)).toBe('r3c0 key');
  });

  test('the door is a wall without the key, and the wall stays a wall with it', () => {
    expect(walk('r2c1', RIGHT)).toBe('r2c1');
    expect(walk('r2c1 key', RIGHT, RIGHT)).toBe('r2c3 key');
    expect(walk('r1c1 key', RIGHT)).toBe('r1c1 key');
    expect(walk('r2c2 key', UP)).toBe('r2c2 key');
  });

  test('the reward is in the far corner, twelve steps from the start', async () => {
    expect(walk('r0c0', DOWN, DOWN, DOWN, DOWN, UP, UP, RIGHT, RIGHT, RIGHT, RIGHT, UP, UP)).toBe('r0c4 key');
    expect(world.reward(stateOf('r0c4 key'))).toBe(1);
    const dense = createEnvironment('door-key', { reward: 'dense' });
    // The farthest place is r0c1, thirteen steps away; the door is four steps away.
    expect(dense.reward(stateOf('r0c1'))).toBe(0);
    expect(dense.reward(stateOf('r2c2 key'))).toBeCloseTo(1 - 4 / 13, 6);
  });

  test('every state is its own class, and before the key words go all the way to the goal', async () => {
    const auxiliaries = await createAuxiliaries([parseAuxiliary('auxiliary', 'reward')], environmentContext(world, 0));
    const bisimulation = largestBisimulation(systemOfEnvironment(world, auxiliaries));
    expect(bisimulation.classCount).toBe(30);
    expect(Math.max(...distinguishingLengths(bisimulation))).toBe(12);
    const word = distinguishingWord(bisimulation, stateOf('r0c1'), stateOf('r0c0'));
    expect(word?.length).toBe(12);
  });
});
