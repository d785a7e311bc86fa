// Intervals against tables: Student's of a mean, and exact binomial ones.
import { describe, expect, test } from 'vitest';
import { meanInterval, shareInterval } from '../../src/measures/interval.ts';

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

test('the exact interval of a share (Clopper and Pearson)', () => {
  // 0 of 10: 1 - 0.025^(1/10); 5 of 10: 0.187 to 0.813.
  expect(shareInterval(0, 10)[1]).toBeCloseTo(1 - 0.025 ** 0.1, 8);
  expect(shareInterval(5, 10)[0]).toBeCloseTo(0.18709, 4);
  expect(shareInterval(5, 10)[1]).toBeCloseTo(0.81291, 4);
});
