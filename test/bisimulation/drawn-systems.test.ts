// Forty drawn systems beside the slow definitions: fewer than the property tests of each file take, and quickly.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  auxiliaryGap,
  bisimulationMetric,
  compareObserved,
  distinguishingLengths,
  distinguishingWord,
  type FiniteSystem,
  followWord,
  largestBisimulation,
  mergeObserved,
  observedWord,
  observedWordLengths,
} from '../../src/bisimulation/index.ts';
import { wordLengthCounts } from '../../src/bisimulation/word.ts';
import { allPartitions, arbitrarySystem, isConsistent, naiveLengths } from './automaton.ts';

const drawn = (options?: Parameters<typeof arbitrarySystem>[0]) =>
  fc.sample(arbitrarySystem(options), { seed: 7, numRuns: 40 });
const statesOf = ({ stateCount }: FiniteSystem) => Array.from({ length: stateCount }, (_, state) => state);
const isToldApart = (system: FiniteSystem, s: number, t: number, word: readonly number[]) => {
  const [first, second] = [s, t].map((state) => followWord(system, state, word)[word.length]);
  return auxiliaryGap(system, first, second) > 0;
};

describe('of complete systems', () => {
  const systems = drawn();

  test('the classes, their numbers, their sizes and the words between them', () => {
    for (const system of systems) {
      const bisimulation = largestBisimulation(system);
      const { classOf, classCount, classSize, representative } = bisimulation;
      const states = statesOf(system);
      const expected = naiveLengths(system);
      const smallest = states.map((s) => expected[s].indexOf(-1));
      const leaders = [...new Set(smallest)];
      expect([...representative]).toEqual(leaders);
      expect([...classOf]).toEqual(smallest.map((leader) => leaders.indexOf(leader)));
      expect([...classSize]).toEqual(leaders.map((leader) => smallest.filter((each) => each === leader).length));
      const words = states.map((s) => states.map((t) => distinguishingWord(bisimulation, s, t)));
      expect(words.map((row) => row.map((word) => word?.length ?? -1))).toEqual(expected);
      expect(states.map((s) => states.map((t) => isToldApart(system, s, t, words[s][t] ?? [])))).toEqual(
        expected.map((row) => row.map((length) => length >= 0)),
      );
      const lengths = distinguishingLengths(bisimulation);
      expect([...lengths]).toEqual(leaders.flatMap((s) => leaders.map((t) => expected[s][t])));
      const counts = new Map<number, number>();
      leaders.forEach((s, index) => {
        for (const t of leaders.slice(0, index)) counts.set(expected[s][t], (counts.get(expected[s][t]) ?? 0) + 1);
      });
      expect(wordLengthCounts(bisimulation)).toEqual(
        [...counts].sort(([a], [b]) => a - b).map(([length, pairs]) => ({ length, pairs })),
      );
      expect(classCount).toBe(leaders.length);
    }
  });

  test('the metric is the fixed point of its definition', () => {
    for (const system of systems.slice(0, 20)) {
      const { stateCount, actionCount, next } = system;
      const states = statesOf(system);
      // 0.5^40 is 1e-12.
      let exact = states.map(() => states.map(() => 0));
      for (let sweep = 0; sweep < 40; sweep++)
        exact = states.map((s) =>
          states.map((t) => {
            const following = Array.from(
              { length: actionCount },
              (_, action) => exact[next[action * stateCount + s]][next[action * stateCount + t]],
            );
            return 3 * auxiliaryGap(system, s, t) + 0.5 * Math.max(...following);
          }),
        );
      const { bisimulation, distances } = bisimulationMetric(system, { discount: 0.5, weight: 3 });
      const { classOf, classCount } = bisimulation;
      const found = states.map((s) => states.map((t) => distances[classOf[s] * classCount + classOf[t]]));
      expect(found).toEqual(exact.map((row) => row.map((distance) => expect.closeTo(distance, 9))));
    }
  });
});

describe('of systems in which some actions were not observed', () => {
  test('words are the shortest, and tell apart', () => {
    for (const system of drawn({ isPartial: true })) {
      const states = statesOf(system);
      const expected = naiveLengths(system);
      expect([...observedWordLengths(system)]).toEqual(expected.flat());
      const words = states.map((s) => states.map((t) => observedWord(system, s, t)));
      expect(words.map((row) => row.map((word) => word?.length ?? -1))).toEqual(expected);
      const wrong = words.flatMap((row, s) => row.filter((word, t) => word && !isToldApart(system, s, t, word)));
      expect(wrong).toEqual([]);
    }
  });

  test('a pair may merge where a consistent partition merges it, and what is merged can be merged no further', () => {
    for (const system of drawn({ isPartial: true, states: 5 })) {
      const states = statesOf(system);
      const partitions = [...allPartitions(system.stateCount)].filter((of) => isConsistent(system, of));
      for (const s of states)
        for (const t of states) {
          const compared = compareObserved(system, s, t);
          expect(compared.verdict === 'may merge').toBe(partitions.some((of) => of[s] === of[t]));
          if (compared.verdict === 'apart by a chain')
            expect(auxiliaryGap(system, ...compared.conflict)).toBeGreaterThan(0);
        }
      const { count, of } = mergeObserved(system);
      expect(partitions.map(String)).toContain(String([...of]));
      expect(Math.max(...of) + 1).toBe(count);
      const isCoarser = (other: readonly number[]) =>
        new Set(other).size < count &&
        states.every((s) => states.every((t) => of[s] !== of[t] || other[s] === other[t]));
      expect(partitions.filter(isCoarser)).toEqual([]);
    }
  });
});

describe('refused are', () => {
  /** States that all differ at once, and lead nowhere. */
  const apart = (stateCount: number): FiniteSystem => ({
    ...{ stateCount, actionCount: 0, next: new Int32Array(0), auxiliarySize: 1 },
    auxiliary: Float64Array.from({ length: stateCount }, (_, state) => state),
  });

  test('weights that are not positive, and distances of more than 4,000 classes', () => {
    for (const weight of [0, -1, Number.NaN])
      expect(() => bisimulationMetric(apart(2), { discount: 0.5, weight })).toThrow(
        `bisimulation metric: expected a positive weight, got ${weight}`,
      );
    expect(() => bisimulationMetric(apart(4001), { discount: 0.5 })).toThrow(
      expect.objectContaining({
        message: 'bisimulation metric: expected at most 4000 classes, got 4001',
        remedy: 'Compare pairs of states by their distinguishing words instead.',
      }),
    );
  });

  test('pairs of more than 8,192 observed states', () => {
    expect(() => observedWordLengths(apart(8193))).toThrow(
      expect.objectContaining({
        message: 'observed pairs: expected at most 8192 states, got 8193',
        remedy: 'Take a sample of the recording.',
      }),
    );
  });

  test('a first action that leads nowhere, and values apart by more than the tolerance', () => {
    const open = { ...apart(2), actionCount: 1, next: Int32Array.of(-1, 0) };
    expect(() => largestBisimulation(open)).toThrow(
      expect.objectContaining({
        message: 'largest bisimulation: state 0, action 0: expected a next state, got none',
        remedy: 'Ask what recorded transitions guarantee instead: mergeObserved and compareObserved.',
      }),
    );
    expect([0.5, 1].map((tolerance) => largestBisimulation(apart(2), { tolerance }).classCount)).toEqual([2, 1]);
  });
});
