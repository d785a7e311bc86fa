// The splits and words of a countdown and of a small machine, worked out by hand.
import { describe, expect, test } from 'vitest';
import {
  distinguishingLengths,
  distinguishingWord,
  type FiniteSystem,
  largestBisimulation,
  wordLengthCounts,
} from '../../src/bisimulation/index.ts';

/** 4 -> 3 -> 2 -> 1 -> 0 -> 0 by the only action, p = 1 at 0. */
const countdown: FiniteSystem = {
  ...{ stateCount: 5, actionCount: 1, auxiliarySize: 1 },
  next: Int32Array.of(0, 0, 1, 2, 3),
  auxiliary: Float64Array.of(1, 0, 0, 0, 0),
};

/** A turnstile: a coin (0) unlocks 0 and 2, a push (1) goes through 1, and 2 and 3 are the same door seen from behind; p = 1 in 1 and 3. */
const turnstile: FiniteSystem = {
  ...{ stateCount: 5, actionCount: 2, auxiliarySize: 1 },
  next: Int32Array.of(1, 1, 3, 3, 4, 0, 2, 2, 0, 4),
  auxiliary: Float64Array.of(0, 1, 0, 1, 0),
};

describe('of a countdown', () => {
  const bisimulation = largestBisimulation(countdown);

  test('each split parts the states that reach the reward one step sooner, by a word one action longer', () => {
    // 0 | the rest; then 1, 2 and 3 | what is left. Every split but the first is by action 0, and goes on as the one before it.
    expect(bisimulation.tree).toEqual({
      parent: Int32Array.of(-1, 0, 0, 2, 2, 4, 4, 6, 6),
      action: Int32Array.of(-1, -1, 0, -1, 0, -1, 0, -1, -1),
      continuation: Int32Array.of(-1, -1, 0, -1, 2, -1, 4, -1, -1),
      wordLength: Int32Array.of(0, 0, 1, 0, 2, 0, 3, 0, 0),
      leafOfClass: Int32Array.of(1, 3, 5, 7, 8),
    });
  });

  test('two states are told apart when the nearer one has arrived', () => {
    const nearer = (s: number, t: number) => (s === t ? -1 : Math.min(s, t));
    const states = [0, 1, 2, 3, 4];
    expect([...distinguishingLengths(bisimulation)]).toEqual(states.flatMap((s) => states.map((t) => nearer(s, t))));
    expect(distinguishingWord(bisimulation, 3, 4)).toEqual([0, 0, 0]);
    expect(distinguishingWord(bisimulation, 4, 1)).toEqual([0]);
    expect(distinguishingWord(bisimulation, 0, 4)).toEqual([]);
    expect(distinguishingWord(bisimulation, 2, 2)).toBeUndefined();
  });

  test('four pairs need no action, three need one, two need two, one needs three', () => {
    expect(wordLengthCounts(bisimulation)).toEqual([4, 3, 2, 1].map((pairs, length) => ({ length, pairs })));
  });
});

describe('of a turnstile', () => {
  const bisimulation = largestBisimulation(turnstile);

  test('the two sides of the door are one class each, open or closed, and what no coin opens is another', () => {
    expect([...bisimulation.classOf]).toEqual([0, 1, 0, 1, 2]);
    expect([...bisimulation.classSize]).toEqual([2, 2, 1]);
    expect([...bisimulation.representative]).toEqual([0, 1, 4]);
  });

  test('a coin tells the closed door from the wall', () => {
    expect(distinguishingWord(bisimulation, 2, 4)).toEqual([0]);
    expect(distinguishingWord(bisimulation, 3, 4)).toEqual([]);
    expect(distinguishingWord(bisimulation, 1, 3)).toBeUndefined();
    expect([...distinguishingLengths(bisimulation)]).toEqual([-1, 0, 1, 0, -1, 0, 1, 0, -1]);
    expect(wordLengthCounts(bisimulation)).toEqual([
      { length: 0, pairs: 2 },
      { length: 1, pairs: 1 },
    ]);
  });
});

test('of one class there are no pairs, and no words', () => {
  const bisimulation = largestBisimulation({ ...countdown, auxiliary: new Float64Array(5) });
  expect([...distinguishingLengths(bisimulation)]).toEqual([-1]);
  expect(wordLengthCounts(bisimulation)).toEqual([]);
  expect(bisimulation.tree).toMatchObject({ parent: Int32Array.of(-1, 0), leafOfClass: Int32Array.of(1) });
});

test('one state alone is a class below the root', () => {
  const alone = { ...countdown, stateCount: 1, next: Int32Array.of(0), auxiliary: Float64Array.of(1) };
  expect(largestBisimulation(alone).tree).toEqual({
    parent: Int32Array.of(-1, 0),
    action: Int32Array.of(-1, -1),
    continuation: Int32Array.of(-1, -1),
    wordLength: Int32Array.of(0, 0),
    leafOfClass: Int32Array.of(1),
  });
});
