import { describe, expect, test } from 'vitest';
import { adjustedRandIndex, measureGrouping } from '../../src/measures/grouping.ts';

const thirds = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
];

describe('grouping of centroids', () => {
  test('nine on an even line have a ratio of a third, and the groups as their best partition', () => {
    const { withinOverBetween, adjustedRandIndex } = measureGrouping(
      Float64Array.from({ length: 9 }, (_, i) => i),
      1,
      thirds,
    );
    expect(withinOverBetween).toBeCloseTo(1 / 3, 12);
    expect(adjustedRandIndex).toBe(1);
  });

  test('tight groups have a small ratio in any number of dimensions', () => {
    // Within each group: 0.1, 0.1 and 0.2 along a second axis; between: at least 3 along the first.
    const centroids = Float64Array.from(
      Array.from({ length: 9 }, (_, i) => [3 * Math.floor(i / 3), 0.1 * (i % 3)]).flat(),
    );
    const { withinOverBetween, adjustedRandIndex } = measureGrouping(centroids, 2, thirds);
    expect(withinOverBetween).toBeGreaterThan(0.4 / 3 / 4.1);
    expect(withinOverBetween).toBeLessThan(0.4 / 3 / 3.9);
    expect(adjustedRandIndex).toBe(1);
  });

  test('one class far from all others is no three groups', () => {
    const centroids = Float64Array.from([0, 0.01, 0.02, 0.03, 5, 0.05, 0.06, 0.07, 0.5]);
    expect(measureGrouping(centroids, 1, thirds).adjustedRandIndex).toBeLessThan(0.1);
  });

  test('refuses groups that leave a class out', () => {
    expect(() => measureGrouping(new Float64Array(4), 1, [[0, 1], [2]])).toThrow(
      'groups: expected each of at most 12 classes in one group, got [[0,1],[2]] for 4 classes',
    );
  });

  test('refuses a class in two groups, and more than twelve', () => {
    expect(() =>
      measureGrouping(new Float64Array(4), 1, [
        [0, 1],
        [1, 2],
      ]),
    ).toThrow('got [[0,1],[1,2]] for 4 classes');
    expect(() =>
      measureGrouping(new Float64Array(3), 1, [
        [0, 1],
        [1, 2],
      ]),
    ).toThrow('for 3 classes');
    const halves = (count: number) => [0, 1].map((half) => [...Array(count).keys()].filter((c) => c % 2 === half));
    expect(() => measureGrouping(new Float64Array(13), 1, halves(13))).toThrow('at most 12 classes');
    const twelve = Float64Array.from({ length: 12 }, (_, c) => 100 * (c % 2) + c);
    expect(measureGrouping(twelve, 1, halves(12)).adjustedRandIndex).toBe(1);
  });

  test('the best partition weighs groups by their means, not by their pairs, and is the first of equals', () => {
    // 0, 2, 4 and 9: squared distances to the means 8 and 0; of pairs alone 2 and 12.5. By sums of pairs the halves would win.
    expect(measureGrouping(Float64Array.of(0, 2, 4, 9), 1, [[0, 1, 2], [3]]).adjustedRandIndex).toBe(1);
    // 0 1 | 2 and 0 | 1 2 are alike.
    expect(measureGrouping(Float64Array.of(0, 1, 2), 1, [[0, 1], [2]]).adjustedRandIndex).toBe(1);
    expect(measureGrouping(Float64Array.of(0, 1, 2), 1, [[0], [1, 2]]).adjustedRandIndex).toBeLessThan(1);
    expect(adjustedRandIndex([0, 0], [1, 1])).toBe(1);
  });

  // Hubert and Arabie's index, worked by hand: (pairs together in both - expected) / (most - expected).
  test.each([
    [[0, 0, 1, 1], [1, 1, 0, 0], 1],
    [[0, 0, 1, 1], [0, 0, 1, 2], 4 / 7],
    [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2], 8 / 33],
    [[0, 1, 2, 3], [0, 0, 0, 0], 0],
  ])('adjusted Rand index of %j and %j is %d', (a, b, expected) => {
    expect(adjustedRandIndex(a, b)).toBeCloseTo(expected, 12);
  });
});
