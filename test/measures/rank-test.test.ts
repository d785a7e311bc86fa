// Exact tests of two samples: against counting by hand, scipy, and every relabelling of small samples.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rankTest } from '../../src/measures/rank-test.ts';

/** All choices of `count` of the indices below `size`. */
function choices(size: number, count: number, first = 0): number[][] {
  if (count === 0) return [[]];
  const found: number[][] = [];
  for (let index = first; index < size; index++)
    for (const rest of choices(size, count - 1, index + 1)) found.push([index, ...rest]);
  return found;
}

describe('rank test', () => {
  test('samples of five apart have one chance in 252', () => {
    const { pLess, pGreater, shareLess, shift, interval } = rankTest([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]);
    expect(pLess).toBeCloseTo(1 / 252, 12);
    expect(pGreater).toBeCloseTo(1, 12);
    expect(shareLess).toBe(1);
    expect(shift).toBe(-5);
    // As in R: wilcox.test(1:5, 6:10, conf.int = TRUE, exact = TRUE).
    expect(interval).toEqual([-8, -2]);
  });

  test('the other way round, with ties, and of an even number of differences', () => {
    const { pLess, pGreater, shareLess } = rankTest([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]);
    expect(pLess).toBeCloseTo(1, 12);
    expect(pLess).toBeLessThanOrEqual(1);
    expect(pGreater).toBeCloseTo(1 / 252, 12);
    expect(shareLess).toBe(0);
    // 1 < 2, 1 > 0, 2 = 2, 2 > 0.
    expect(rankTest([1, 2], [2, 0]).shareLess).toBe(1.5 / 4);
    // -3, -2, 0 and 1.
    expect(rankTest([0, 1], [0, 3]).shift).toBe(-1);
  });

  test('the interval of eight against eight leaves out 13 differences at either end', () => {
    // The table's critical U at 5%, both sides. Differences: -15 once, -14 twice, ... so that the 14th is -11.
    const eight = Array.from({ length: 8 }, (_, n) => n + 1);
    expect(
      rankTest(
        eight,
        eight.map((value) => value + 8),
      ).interval,
    ).toEqual([-11, -5]);
  });

  test('agrees with scipy.stats.mannwhitneyu, method exact', () => {
    expect(rankTest([1.2, 3.4, 0.5, 2.2], [2.9, 4.1, 5.0, 3.9, 2.5]).pLess).toBeCloseTo(0.031746031746031744, 12);
  });

  test('three against three cannot be below one in twenty, and has no bounded interval', () => {
    const { pLess, interval } = rankTest([1, 2, 3], [4, 5, 6]);
    expect(pLess).toBeCloseTo(1 / 20, 12);
    expect(interval).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test('the chance is the share of relabellings with so small a rank sum, ties included', () => {
    const sample = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sample, sample, (first, second) => {
        const all = [...first, ...second];
        const rank = (value: number) =>
          all.filter((other) => other < value).length + (all.filter((other) => other === value).length + 1) / 2;
        const sum = (rows: readonly number[]) => rows.reduce((total, row) => total + rank(all[row]), 0);
        const own = sum(first.map((_, row) => row));
        const sums = choices(all.length, first.length).map(sum);
        const share = sums.filter((each) => each <= own + 1e-9).length / sums.length;
        expect(rankTest(first, second).pLess).toBeCloseTo(share, 10);
      }),
    );
  });

  test.each([
    [[], [1]],
    [[1], [Number.NaN]],
    [[1], []],
    [[1], Array<number>(200).fill(2)],
  ])('refuses %j against %j', (first, second) => {
    expect(() => rankTest(first, second)).toThrow('rank test: expected two samples of numbers');
  });

  test('200 together are taken', () => {
    expect(
      rankTest(
        [1],
        Array.from({ length: 199 }, (_, n) => n + 2),
      ).pLess,
    ).toBeCloseTo(1 / 200, 12);
  });
});
