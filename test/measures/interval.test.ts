// Intervals against tables: Student's of a mean, and exact binomial ones.
import { describe, expect, test } from 'vitest';
import { effectiveCount, factorToDecide, meanInterval, shareInterval } from '../../src/measures/interval.ts';

describe('the interval of a mean', () => {
  // Two-sided 5% points of Student's t (any table).
  test.each([
    [2, 12.7062],
    [3, 4.30265],
    [5, 2.77645],
    [11, 2.22814],
    [31, 2.04227],
  ])('of %i values', (count, t) => {
    const values = Array.from({ length: count }, (_, index) => index);
    const mean = (count - 1) / 2;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
    const found = meanInterval(values);
    expect(found.mean).toBe(mean);
    expect(found.interval?.[1]).toBeCloseTo(mean + t * Math.sqrt(variance / count), 4);
    expect(found.interval?.[0]).toBeCloseTo(mean - t * Math.sqrt(variance / count), 4);
  });

  test('of one value there is none, and of equal ones it has no width', () => {
    expect(meanInterval([3])).toEqual({ mean: 3, interval: null });
    expect(meanInterval([2, 2, 2])).toEqual({ mean: 2, interval: [2, 2] });
    expect(meanInterval([1, Number.NaN]).interval).toBeNull();
  });
});

describe('the exact interval of a share (Clopper and Pearson)', () => {
  test('of few is that of the tables', () => {
    // 0 of 10: 1 - 0.025^(1/10); 5 of 10: 0.187 to 0.813.
    expect(shareInterval(0, 10)).toEqual([0, expect.closeTo(1 - 0.025 ** 0.1, 8)]);
    expect(shareInterval(10, 10)).toEqual([expect.closeTo(0.025 ** 0.1, 8), 1]);
    expect(shareInterval(5, 10)[0]).toBeCloseTo(0.18709, 4);
    expect(shareInterval(5, 10)[1]).toBeCloseTo(0.81291, 4);
  });

  /** P(X >= right) of a binomial, added up. */
  const upperTail = (right: number, count: number, p: number) => {
    let logChoose = 0;
    let sum = 0;
    for (let k = 0; k <= count; k++) {
      if (k >= right) sum += Math.exp(logChoose + k * Math.log(p) + (count - k) * Math.log1p(-p));
      logChoose += Math.log(count - k) - Math.log(k + 1);
    }
    return sum;
  };

  test.each([
    [1, 2, 1],
    [3, 7, 1],
    [9, 10, 1],
    [17, 40, 4],
    [1, 300, 2],
    [299, 300, 9],
    [950, 1000, 100],
    [30, 2000, 1],
  ])('%i of %i, one of %i intervals, leaves out half of its chance on either side', (right, count, comparisons) => {
    const [low, high] = shareInterval(right, count, comparisons);
    const tail = 0.025 / comparisons;
    expect(upperTail(right, count, low) / tail).toBeCloseTo(1, 9);
    // At most so many right: at least the rest wrong.
    expect(upperTail(count - right, count, 1 - high) / tail).toBeCloseTo(1, 9);
    // Known the second time.
    expect(shareInterval(right, count, comparisons)).toEqual([low, high]);
  });

  test('is between those of whole numbers where they are not whole', () => {
    const [low, high] = shareInterval(3.5, 7);
    expect(low).toBeGreaterThan(shareInterval(3, 7)[0]);
    expect(low).toBeLessThan(shareInterval(4, 7)[0]);
    expect(high).toBeCloseTo(1 - low, 9);
  });
});

describe('observations that frames of episodes are worth', () => {
  const of = (...episodes: readonly (readonly number[])[]) =>
    effectiveCount(
      episodes.flat().map((right) => right === 1),
      episodes.flatMap((frames, episode) => frames.map(() => episode)),
    );

  test('is their number over the ratio of the variance between episodes to that of independent ones', () => {
    // Sums from the mean: 1, 1, -1, -1. Their squares, 4, are 2 times 8 times 1/4; times 4/3.
    expect(of([1, 1], [1, 1], [0, 0], [0, 0])).toBeCloseTo(3, 12);
    // Mean 3/4; sums 1/2, 1/2, 1/2, -3/2: 3 over 8 times 3/16, times 4/3.
    expect(of([1, 1], [1, 1], [1, 1], [0, 0])).toBeCloseTo(3, 12);
    // Mean 1/2; sums 1/2, -1/2, 0: 1/2 over 4 times 1/4, times 3/2.
    expect(of([1], [0], [1, 0])).toBe(4);
  });

  test('is never more than there are, nor less than one, and of equal ones the episodes', () => {
    expect(of([1, 0], [0, 1], [1, 0])).toBe(6);
    expect(of([1, 1, 1, 1, 1], [0, 0, 0, 0, 0])).toBe(1);
    expect(of([1, 1], [1, 1], [1])).toBe(3);
    expect(of([0, 0], [0])).toBe(2);
    expect(of([1, 0, 1])).toBe(1);
    expect(of([1, 0])).toBe(1);
  });
});

describe('how many times as many would decide', () => {
  const isDecided = (right: number, count: number, comparisons: number) => {
    const [low, high] = shareInterval(right, count, comparisons);
    return low >= 0.9 || high < 0.9;
  };

  test.each([
    [95, 100, 1],
    [43, 50, 3],
    [184, 200, 10],
  ])('%i of %i beside 0.9, one of %i', (right, count, comparisons) => {
    const factor = factorToDecide({ right, count }, 0.9, comparisons);
    expect(factor).toBeGreaterThan(1);
    expect(isDecided(factor * right, factor * count, comparisons)).toBe(true);
    expect(isDecided(0.999 * factor * right, 0.999 * factor * count, comparisons)).toBe(false);
  });

  test('is 1 where it is decided, and infinite at the threshold', () => {
    expect(factorToDecide({ right: 100, count: 100 }, 0.9, 1)).toBe(1);
    expect(factorToDecide({ right: 10, count: 100 }, 0.9, 1)).toBe(1);
    expect(factorToDecide({ right: 90, count: 100 }, 0.9, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});
