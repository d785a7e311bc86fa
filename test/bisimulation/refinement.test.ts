import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAuxiliaries, environmentContext, parseAuxiliary } from '../../src/auxiliary/index.ts';
import {
  auxiliaryGap,
  distinguishingLengths,
  distinguishingWord,
  type FiniteSystem,
  followWord,
  largestBisimulation,
  systemOfEnvironment,
} from '../../src/bisimulation/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { arbitrarySystem, naiveLengths } from './automaton.ts';

/** Moves on 0..size-1, one action down and one up, clipped; p is 1 at `target`. */
function line(size: number, target: number): FiniteSystem {
  const states = Array.from({ length: size }, (_, state) => state);
  return {
    stateCount: size,
    actionCount: 2,
    next: Int32Array.from([
      ...states.map((state) => Math.max(0, state - 1)),
      ...states.map((state) => Math.min(size - 1, state + 1)),
    ]),
    auxiliarySize: 1,
    auxiliary: Float64Array.from(states.map((state) => (state === target ? 1 : 0))),
  };
}

async function countingSystem(options: object): Promise<FiniteSystem> {
  const environment = createEnvironment('counting', options);
  const auxiliaries = await createAuxiliaries(
    [parseAuxiliary('auxiliary', 'reward')],
    environmentContext(environment, 0),
  );
  return systemOfEnvironment(environment, auxiliaries);
}

describe('largest bisimulation', () => {
  test('agrees with the naive fixed point on random automata, and every pair has a word that is shortest and tells it apart', () => {
    fc.assert(
      fc.property(arbitrarySystem(), (system) => {
        const bisimulation = largestBisimulation(system);
        const { classOf, classCount } = bisimulation;
        const lengths = distinguishingLengths(bisimulation);
        const states = Array.from({ length: system.stateCount }, (_, state) => state);
        const words = states.map((s) => states.map((t) => distinguishingWord(bisimulation, s, t)));
        const expected = naiveLengths(system);
        expect(words.map((row) => row.map((word) => word?.length ?? -1))).toEqual(expected);
        expect(states.map((s) => states.map((t) => lengths[classOf[s] * classCount + classOf[t]]))).toEqual(expected);
        const isToldApart = (s: number, t: number, word: readonly number[]) => {
          const [first, second] = [s, t].map((state) => followWord(system, state, word)[word.length]);
          return auxiliaryGap(system, first, second) > 0;
        };
        const wrong = words.flatMap((row, s) =>
          row.flatMap((word, t) => (word && !isToldApart(s, t, word) ? [{ s, t, word }] : [])),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  test('numbers classes by their smallest state and counts their members', () => {
    // States 1 and 3 lead to the rewarded state 2 by the only action; 0 leads to 1.
    const system: FiniteSystem = {
      stateCount: 4,
      actionCount: 1,
      next: Int32Array.of(1, 2, 2, 2),
      auxiliarySize: 1,
      auxiliary: Float64Array.of(0, 0, 1, 0),
    };
    const { classCount, classOf, classSize, representative } = largestBisimulation(system);
    expect(classCount).toBe(3);
    expect([...classOf]).toEqual([0, 1, 2, 1]);
    expect([...representative]).toEqual([0, 1, 2]);
    expect([...classSize]).toEqual([1, 2, 1]);
  });

  test('tells the nine counts apart, three and five by the word "+1"', async () => {
    const bisimulation = largestBisimulation(await countingSystem({}));
    expect(bisimulation.classCount).toBe(9);
    expect([[1], [0]]).toContainEqual(distinguishingWord(bisimulation, 3, 5));
    expect(distinguishingWord(bisimulation, 4, 8)).toEqual([]);
  });

  test('needs up to eight actions where the reward is at count 0', async () => {
    const bisimulation = largestBisimulation(await countingSystem({ target: 0 }));
    expect(Math.max(...distinguishingLengths(bisimulation))).toBe(7);
    expect(distinguishingWord(bisimulation, 7, 8)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test('merges all states where p is constant', () => {
    const system = { ...line(100, 3), auxiliary: new Float64Array(100) };
    expect(largestBisimulation(system)).toMatchObject({ classCount: 1 });
    expect(largestBisimulation({ ...system, auxiliarySize: 0, auxiliary: new Float64Array(0) }).classCount).toBe(1);
  });

  test('finds words of a hundred thousand actions on a long line without quadratic time', () => {
    const size = 100_001;
    const bisimulation = largestBisimulation(line(size, 0));
    expect(bisimulation.classCount).toBe(size);
    expect(distinguishingWord(bisimulation, size - 2, size - 1)).toHaveLength(size - 2);
  });

  test('refuses an unobserved action, naming the state', () => {
    const system = { ...line(3, 0), next: Int32Array.of(0, 0, 1, 1, -1, 2) };
    expect(() => largestBisimulation(system)).toThrow(
      'largest bisimulation: state 1, action 1: expected a next state, got none',
    );
  });

  test.each([
    [{ next: Int32Array.of(0, 0, 1, 1, 2) }, 'expected 2 x 3 entries in next, got 5'],
    [{ next: Int32Array.of(0, 0, 1, 1, 2, 3) }, 'state 2, action 1: expected a next state in 0..2, got 3'],
    [{ auxiliary: Float64Array.of(0, 1) }, 'expected 3 x 1 entries in auxiliary, got 2'],
    [{ auxiliary: Float64Array.of(0, Number.NaN, 1) }, 'state 1: expected finite auxiliary values, got NaN'],
  ])('refuses a table that is wrong: %j', (wrong, message) => {
    expect(() => largestBisimulation({ ...line(3, 0), ...wrong })).toThrow(message);
  });
});
