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
    expect(walk('3,0', DOWN)).toBe('4,0 key');
    expect(walk('4,1', LEFT)).toBe('4,0 key');
    expect(walk('3,0', DOWN, UP)).toBe('3,0 key');
  });

  test('the door is a wall without the key, and the wall stays a wall with it', () => {
    expect(walk('2,1', RIGHT)).toBe('2,1');
    expect(walk('2,1 key', RIGHT, RIGHT)).toBe('2,3 key');
    expect(walk('1,1 key', RIGHT)).toBe('1,1 key');
    expect(walk('2,2 key', UP)).toBe('2,2 key');
  });

  test('the reward is in the far corner, twelve steps from the start', async () => {
    expect(walk('0,0', DOWN, DOWN, DOWN, DOWN, UP, UP, RIGHT, RIGHT, RIGHT, RIGHT, UP, UP)).toBe('0,4 key');
    expect(world.reward(stateOf('0,4 key'))).toBe(1);
    const dense = createEnvironment('door-key', { reward: 'dense' });
    // The farthest place is 0,1, thirteen steps away; the door is four steps away.
    expect(dense.reward(stateOf('0,1'))).toBe(0);
    expect(dense.reward(stateOf('2,2 key'))).toBeCloseTo(1 - 4 / 13, 6);
  });

  test('every state is its own class, and before the key words go all the way to the goal', async () => {
    const auxiliaries = await createAuxiliaries([parseAuxiliary('auxiliary', 'reward')], environmentContext(world, 0));
    const bisimulation = largestBisimulation(systemOfEnvironment(world, auxiliaries));
    expect(bisimulation.classCount).toBe(30);
    expect(Math.max(...distinguishingLengths(bisimulation))).toBe(12);
    const word = distinguishingWord(bisimulation, stateOf('0,1'), stateOf('0,0'));
    expect(word?.length).toBe(12);
  });
});
