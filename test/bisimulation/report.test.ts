import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  distinguishingLengths,
  type FiniteSystem,
  largestBisimulation,
  reportBisimulation,
  reportObserved,
  wordLengthCounts,
} from '../../src/bisimulation/index.ts';
import { arbitrarySystem } from './automaton.ts';

/** 2 -> 1 -> 0 -> 0 by the only action, p = 1 at 0; 3 -> 1 as well. */
const countdown: FiniteSystem = {
  stateCount: 4,
  actionCount: 1,
  next: Int32Array.of(0, 0, 1, 1),
  auxiliarySize: 1,
  auxiliary: Float64Array.of(1, 0, 0, 0),
};
const options = { actionNames: ['down'], stateName: (state: number) => `s${state}` };
const [s0, s1, s2, s3] = [0, 1, 2, 3].map((state) => ({ state, name: `s${state}` }));

describe('report of a complete system', () => {
  const report = reportBisimulation(countdown, {
    ...options,
    discount: 0.5,
    pairs: [
      [1, 3],
      [2, 3],
      [0, 1],
    ],
  });

  test('names classes, words and pairs', () => {
    expect(report).toMatchObject({
      kind: 'complete',
      states: 4,
      actions: ['down'],
      classes: [
        { size: 1, example: s0 },
        { size: 1, example: s1 },
        { size: 2, example: s2 },
      ],
      wordLengths: [
        { length: 0, pairs: 2 },
        { length: 1, pairs: 1 },
      ],
      words: [
        { classes: [0, 1], word: [] },
        { classes: [0, 2], word: [] },
        { classes: [1, 2], word: ['down'] },
      ],
    });
    expect(report.pairs).toEqual([
      { states: [s1, s3], verdict: 'apart', word: ['down'], ends: [s0, s1], gap: 1, distance: 0.5 },
      { states: [s2, s3], verdict: 'bisimilar', word: null, ends: null, gap: null, distance: 0 },
      { states: [s0, s1], verdict: 'apart', word: [], ends: [s0, s1], gap: 1, distance: 1 },
    ]);
  });

  test('has the distances of all classes, where they were asked for', () => {
    // d(0,1) = 1, d(1,2) = g d(0,1), d(0,2) = 1 + g d(0,1), as in metric.test.ts.
    expect(report.metric).toEqual({
      discount: 0.5,
      distances: [
        [0, 1, 1.5],
        [1, 0, 0.5],
        [1.5, 0.5, 0],
      ],
    });
    const plain = reportBisimulation(countdown, { ...options, pairs: [[1, 3]] });
    expect(plain).not.toHaveProperty('metric');
    expect(plain.pairs[0]).not.toHaveProperty('distance');
    expect(reportBisimulation(countdown, options).pairs).toEqual([]);
  });

  test('takes values within the tolerance as equal', () => {
    const blurred = { ...countdown, auxiliary: Float64Array.of(1, 0.01, 0, 0.02) };
    expect(reportBisimulation(blurred, options).classes).toHaveLength(4);
    expect(reportBisimulation(blurred, { ...options, tolerance: 0.1 }).classes).toEqual(report.classes);
  });

  test('lists words and distances of all pairs of at most 256 classes', () => {
    const apart = (stateCount: number): FiniteSystem => ({
      ...{ stateCount, actionCount: 1, auxiliarySize: 1 },
      next: Int32Array.from({ length: stateCount }, (_, state) => state),
      auxiliary: Float64Array.from({ length: stateCount }, (_, state) => state),
    });
    const [most, more] = [256, 257].map((count) => reportBisimulation(apart(count), { ...options, discount: 0.5 }));
    expect(most.words).toHaveLength((256 * 255) / 2);
    expect(most.metric?.distances).toHaveLength(256);
    // Both stay where they are: the gap of 255 for ever.
    expect(most.metric?.distances?.[0][255]).toBe(510);
    expect(more).not.toHaveProperty('words');
    expect(more.metric).toEqual({ discount: 0.5 });
  });

  test('can be written as JSON and read back', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

test('the counts of word lengths are those of all pairs of classes', () => {
  fc.assert(
    fc.property(arbitrarySystem(), (system) => {
      const bisimulation = largestBisimulation(system);
      const lengths = distinguishingLengths(bisimulation);
      const expected = new Map<number, number>();
      for (const length of lengths) if (length >= 0) expected.set(length, (expected.get(length) ?? 0) + 1 / 2);
      expect(wordLengthCounts(bisimulation)).toEqual(
        [...expected].sort(([a], [b]) => a - b).map(([length, pairs]) => ({ length, pairs })),
      );
    }),
    { numRuns: 500 },
  );
});

test('the report of observed transitions tells what they leave open', () => {
  // As above, but what 3 leads to was not observed.
  const system = { ...countdown, next: Int32Array.of(0, 0, 1, -1) };
  const report = reportObserved(
    { system, omittedCount: 2 },
    {
      ...options,
      pairs: [
        [1, 3],
        [1, 2],
      ],
    },
  );
  expect(report).toEqual({
    kind: 'observed',
    states: 4,
    omittedTransitions: 2,
    actions: ['down'],
    classes: [
      { size: 1, example: s0 },
      { size: 2, example: s1 },
      { size: 1, example: s2 },
    ],
    pairs: [
      { states: [s1, s3], verdict: 'may merge', word: null, ends: null, gap: null },
      { states: [s1, s2], verdict: 'apart', word: ['down'], ends: [s0, s1], gap: 1 },
    ],
  });
});

test('observed values within the tolerance are equal, in the classes and in the pairs', () => {
  const system = { ...countdown, next: Int32Array.of(0, 0, 1, -1), auxiliary: Float64Array.of(1, 0.01, 0, 0.02) };
  const found = (tolerance?: number) =>
    reportObserved({ system, omittedCount: 0 }, { ...options, pairs: [[1, 3]], ...(tolerance ? { tolerance } : {}) });
  expect(found().classes).toHaveLength(4);
  expect(found().pairs[0]).toMatchObject({ verdict: 'apart', word: [], gap: 0.01 });
  expect(found(0.1).classes).toHaveLength(3);
  expect(found(0.1).pairs[0].verdict).toBe('may merge');
  expect(reportObserved({ system, omittedCount: 0 }, options).pairs).toEqual([]);
});
