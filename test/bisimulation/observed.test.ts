import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  auxiliaryGap,
  compareObserved,
  type FiniteSystem,
  followWord,
  largestBisimulation,
  mergeObserved,
  observedWord,
  observedWordLengths,
} from '../../src/bisimulation/index.ts';
import { allPartitions, arbitrarySystem, isConsistent, naiveLengths } from './automaton.ts';

/**
 * Merging 0 (a: 2, b: 3) with 1 (a: 3, b: 4) merges 2, 3 and 4; 2 and 4 have p 0 and 1 after c, and 3 has no c. No word
 * is observed on both sides of a pair with different ends, and yet no encoder with zero loss can merge 0 and 1.
 */
const chain: FiniteSystem = {
  stateCount: 7,
  actionCount: 3,
  next: Int32Array.of(2, 3, -1, -1, -1, -1, -1, 3, 4, -1, -1, -1, -1, -1, -1, -1, 5, -1, 6, -1, -1),
  auxiliarySize: 1,
  auxiliary: Float64Array.of(0, 0, 0, 0, 0, 0, 1),
};

describe('observed transitions', () => {
  test('an action that was not observed tells nothing apart', () => {
    expect(compareObserved(chain, 3, 4)).toEqual({ verdict: 'may merge' });
    expect(compareObserved(chain, 3, 2)).toEqual({ verdict: 'may merge' });
    expect(compareObserved(chain, 2, 4)).toEqual({ verdict: 'apart', word: [2] });
  });

  test('a pair may have to be apart although no single word shows it', () => {
    expect(observedWord(chain, 0, 1)).toBeUndefined();
    expect(compareObserved(chain, 0, 1)).toEqual({ verdict: 'apart by a chain', conflict: [5, 6] });
  });

  test('words inside the data are the shortest by definition and tell their pair apart', () => {
    fc.assert(
      fc.property(arbitrarySystem({ isPartial: true }), (system) => {
        const { stateCount } = system;
        const states = Array.from({ length: stateCount }, (_, state) => state);
        const words = states.map((s) => states.map((t) => observedWord(system, s, t)));
        const expected = naiveLengths(system);
        expect(words.map((row) => row.map((word) => word?.length ?? -1))).toEqual(expected);
        expect([...observedWordLengths(system)]).toEqual(expected.flat());
        const isToldApart = (s: number, t: number, word: readonly number[]) => {
          const [first, second] = [s, t].map((state) => followWord(system, state, word)[word.length]);
          return auxiliaryGap(system, first, second) > 0;
        };
        const wrong = words.flatMap((row, s) =>
          row.flatMap((word, t) => (word && !isToldApart(s, t, word) ? [{ s, t, word }] : [])),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test('a pair is told apart exactly when no consistent way to merge states, of all there are, merges it', () => {
    fc.assert(
      fc.property(arbitrarySystem({ isPartial: true, states: 6 }), (system) => {
        const { stateCount } = system;
        const mayMerge = new Set<number>();
        for (const of of allPartitions(stateCount)) {
          if (!isConsistent(system, of)) continue;
          for (let s = 0; s < stateCount; s++)
            for (let t = 0; t < stateCount; t++) if (of[s] === of[t]) mayMerge.add(s * stateCount + t);
        }
        const allowed = Array.from({ length: stateCount * stateCount }, (_, pair) => pair).filter(
          (pair) => compareObserved(system, Math.floor(pair / stateCount), pair % stateCount).verdict === 'may merge',
        );
        expect(allowed).toEqual([...mayMerge].sort((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  test('merged classes are consistent, and no two of them can be merged as well', () => {
    fc.assert(
      fc.property(arbitrarySystem({ isPartial: true, states: 6 }), (system) => {
        const { count, of } = mergeObserved(system);
        expect(isConsistent(system, of)).toBe(true);
        const coarser = [...allPartitions(count)].filter(
          (partition) =>
            new Set(partition).size < count &&
            isConsistent(
              system,
              Array.from(of, (number) => partition[number]),
            ),
        );
        expect(coarser).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('where everything was observed, the merged classes are the largest bisimulation', () => {
    fc.assert(
      fc.property(arbitrarySystem(), (system) => {
        expect([...mergeObserved(system).of]).toEqual([...largestBisimulation(system).classOf]);
      }),
      { numRuns: 1000 },
    );
  });
});
