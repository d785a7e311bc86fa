import { describe, expect, test } from 'vitest';
import { count, divergenceOf, emptyHistogram, rangeOf } from '../../../export/precision/histogram.ts';

function histogramOf(numbers: Float32Array) {
  const [min, max] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  const histogram = emptyHistogram({ min, max });
  count(histogram, numbers);
  return histogram;
}

/** 20,000 numbers, evenly over the quantiles of a distribution. */
function quantiles(of: (share: number) => number): Float32Array {
  return Float32Array.from({ length: 20_000 }, (_, i) => of((((i * 7919) % 20_011) + 0.5) / 20_011));
}

const laplace = (u: number) => (u < 0.5 ? Math.log(2 * u) : -Math.log(2 * (1 - u)));

describe('percentile', () => {
  // HistogramCollector('percentile', symmetric=False, num_bins=2048, percentile=99.9) of onnxruntime 1.32 on the same numbers.
  test.each([
    ['Laplace', laplace, -6.963776588439941, 6.954105377197266],
    ['what a ReLU leaves of it', (u: number) => Math.max(0, laplace(u)), 0, 6.954105377197266],
    ['uniform', (u: number) => 2 * u - 1, -0.9999500513076782, 0.9989734888076782],
  ])('%s: the range that onnxruntime finds', (_, of, min, max) => {
    const range = rangeOf(histogramOf(quantiles(of)), 'percentile', 99.9);
    expect(range.min).toBeCloseTo(min, 5);
    expect(range.max).toBeCloseTo(max, 5);
  });

  test('by hand: of 1,000 numbers the outermost on each side is cut at 99.8', () => {
    // 998 between -0.5 and 0.5, one at -8 and one at 8: bins of 16 / 2048.
    const numbers = Float32Array.from({ length: 1000 }, (_, i) => (i === 0 ? -8 : i === 1 ? 8 : (i - 501) / 1000));
    const range = rangeOf(histogramOf(numbers), 'percentile', 99.6);
    expect(range.min).toBeGreaterThan(-0.51);
    expect(range.max).toBeLessThan(0.51);
    expect(rangeOf(histogramOf(numbers), 'min-max')).toEqual({ min: -8, max: 8 });
  });
});

describe('entropy', () => {
  test('a divergence by hand: [1, 3] of [2, 2] is 1/4 ln 1/2 + 3/4 ln 3/2', () => {
    const divergence = divergenceOf(Float64Array.of(1, 3), Float64Array.of(2, 2));
    expect(divergence).toBeCloseTo(0.25 * Math.log(0.5) + 0.75 * Math.log(1.5), 12);
    expect(divergenceOf(Float64Array.of(5, 7), Float64Array.of(5, 7))).toBe(0);
    expect(divergenceOf(Float64Array.of(0, 0), Float64Array.of(1, 1))).toBe(Number.POSITIVE_INFINITY);
  });

  test('what is spread evenly keeps its whole range, as in onnxruntime', () => {
    const range = rangeOf(histogramOf(quantiles((u) => 2 * u - 1)), 'entropy');
    expect(range.max).toBeCloseTo(0.99995, 4);
    expect(range.min).toBeCloseTo(-0.99995, 4);
  });

  test('a few numbers far outside are cut, and most of the others are not', () => {
    const numbers = quantiles((u) => (u > 0.9999 ? 100 : laplace(u) / 2));
    const range = rangeOf(histogramOf(numbers), 'entropy');
    expect(range.max).toBeLessThan(20);
    expect(range.max).toBeGreaterThan(2);
    expect(rangeOf(histogramOf(numbers), 'min-max').max).toBe(100);
  });

  test('values that are all 0 have the range 0', () => {
    for (const method of ['min-max', 'percentile', 'entropy'] as const)
      expect(rangeOf(histogramOf(new Float32Array(8)), method)).toEqual({ min: 0, max: 0 });
  });
});
