// Products, entropies and samples of the spectrum beside their definitions, on both sides of every block of numbers.
import { describe, expect, test } from 'vitest';
import { createLatents, type Latents, meanLatent } from '../../../src/measures/latents.ts';
import {
  exponentialEntropy,
  gramOfColumns,
  gramOfRows,
  measureSpectrum,
  projectOnAxes,
  spectrumOfSums,
} from '../../../src/measures/spectrum/spectrum.ts';
import { randomFor } from '../../../src/random.ts';

/** Small whole numbers, so that sums are exact in any order. */
function wholeNumbers(count: number, size: number): Float64Array {
  const random = randomFor('gram', count, size);
  return Float64Array.from({ length: count * size }, () => random.integer(7) - 3);
}

describe('products', () => {
  test.each([
    [1, 1],
    [3, 5],
    [4, 256],
    [5, 257],
    [64, 2],
    [67, 3],
    [130, 2],
  ])('of %i rows of %i numbers with each other are those of the definition', (count, size) => {
    const rows = wholeNumbers(count, size);
    const expected = Array.from({ length: count * count }, (_, index) => {
      const [i, j] = [Math.floor(index / count), index % count];
      return Array.from({ length: size }, (_, k) => rows[i * size + k] * rows[j * size + k]).reduce((a, b) => a + b);
    });
    expect(Array.from(gramOfRows(rows, count, size), (value) => value + 0)).toEqual(expected.map((value) => value + 0));
  });

  test.each([
    [5, 3],
    [2, 66],
  ])('of the columns of %i rows of %i numbers are those of the rows of the transpose', (count, size) => {
    const rows = wholeNumbers(count, size);
    const columns = Float64Array.from({ length: rows.length }, (_, index) => {
      const [k, i] = [Math.floor(index / count), index % count];
      return rows[i * size + k];
    });
    expect(gramOfColumns(rows, count, size)).toEqual(gramOfRows(columns, size, count));
  });
});

describe('the exponential of the entropy', () => {
  test('of equal shares is their number, of one share 1, of none 0', () => {
    expect(exponentialEntropy(Float64Array.of(2, 2, 2), 0)).toBeCloseTo(3, 12);
    expect(exponentialEntropy(Float64Array.of(5, 0, 0), 0)).toBe(1);
    expect(exponentialEntropy(new Float64Array(3), 0)).toBe(0);
  });

  test('of 3 to 1 is 4 / 3^(3/4), and epsilon is added to every share', () => {
    expect(exponentialEntropy(Float64Array.of(3, 1), 0)).toBeCloseTo(4 / 3 ** 0.75, 12);
    const shares = [0.75 + 0.1, 0.25 + 0.1, 0.1];
    const entropy = shares.reduce((sum, p) => sum - p * Math.log(p), 0);
    expect(exponentialEntropy(Float64Array.of(3, 1, 0), 0.1)).toBeCloseTo(Math.exp(entropy), 12);
  });
});

describe('the spectrum', () => {
  /** Around (3, -4): three one way or the other along the first axis, one along the second. */
  const cross = createLatents(Float32Array.of(6, -4, 0, -4, 3, -3, 3, -5), 2);

  test('of a cross is worked out by hand, as it is and around its mean', () => {
    const spectrum = measureSpectrum(cross);
    const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 7));
    expect(Array.from(spectrum.centredSingularValues)).toEqual(near([Math.sqrt(18), Math.sqrt(2)]));
    expect(Array.from(spectrum.explainedVariance)).toEqual(near([0.9, 0.1]));
    expect(spectrum.participationRatio).toBeCloseTo(1 / (0.81 + 0.01), 9);
    expect(spectrum.effectiveRank).toBeCloseTo(4 / 3 ** 0.75, 7);
    expect(Array.from(spectrum.axes)).toEqual(near([1, 0, 0, 1]));
    // 18 + 4 x 9 and 2 + 4 x 16, with products of -48 between them: eigenvalues 60 + and - the root of 6^2 + 48^2.
    const split = Math.hypot(6, 48);
    const singular = [Math.sqrt(60 + split), Math.sqrt(60 - split)];
    expect(Array.from(spectrum.singularValues)).toEqual(near(singular));
    const shares = singular.map((value) => value / (singular[0] + singular[1]));
    const rank = (epsilon: number, of: readonly number[]) =>
      Math.exp(-of.reduce((sum, p) => sum + (p + epsilon) * Math.log(p + epsilon), 0));
    expect(spectrum.effectiveRankUncentred).toBeCloseTo(rank(0, shares), 7);
    expect(spectrum.rankMe).toBeCloseTo(rank(1e-7, shares), 9);
    expect(spectrum.rankMeCentred).toBeCloseTo(rank(1e-5, [0.75, 0.25]), 9);
    expect(spectrum).not.toHaveProperty('sample');
  });

  test('of sums is that of the rows', () => {
    const mean = meanLatent(cross);
    expect(spectrumOfSums(Float64Array.of(18, 0, 0, 2), mean, 4)).toEqual(measureSpectrum(cross));
  });

  test('has eight axes at most, each of length 1, and projects on no more', () => {
    const random = randomFor('axes');
    const latents = { values: Float32Array.from({ length: 12 * 10 }, () => random.normal()), count: 12, size: 10 };
    const wide = { values: Float32Array.from({ length: 9 * 30 }, () => random.normal()), count: 9, size: 30 };
    for (const each of [latents, wide]) {
      const { axes } = measureSpectrum(each);
      expect(axes).toHaveLength(8 * each.size);
      for (let axis = 0; axis < 8; axis++) {
        const own = Array.from(axes.subarray(axis * each.size, (axis + 1) * each.size));
        expect(Math.hypot(...own)).toBeCloseTo(1, 12);
        // The largest number of each is positive.
        expect(Math.max(...own)).toBe(Math.max(...own.map(Math.abs)));
      }
    }
    const projected = projectOnAxes(latents, measureSpectrum(latents), 9);
    expect(Array.from({ length: 12 }, (_, i) => projected[9 * i + 8])).toEqual(Array(12).fill(0));
  });
});

describe('where both sides are above the limit', () => {
  const random = randomFor('sampled');
  const latents: Latents = {
    values: Float32Array.from({ length: 12 * 10 }, (_, index) => (index % 10 === 0 ? 3 : 1) * random.normal()),
    ...{ count: 12, size: 10 },
  };
  const rowsOf = (rows: readonly number[]) =>
    createLatents(Float32Array.from(rows.flatMap((row) => [...latents.values.subarray(row * 10, row * 10 + 10)])), 10);

  test('every so-manieth observation stands for all, with the largest change from half as many', () => {
    const sampled = measureSpectrum(latents, 8);
    const eight = measureSpectrum(rowsOf([0, 1, 3, 4, 6, 7, 9, 10]));
    const four = measureSpectrum(rowsOf([0, 3, 6, 9]));
    const ranks = ['effectiveRank', 'effectiveRankUncentred', 'rankMe', 'participationRatio'] as const;
    const changes = ranks.map((rank) => Math.abs(eight[rank] - four[rank]) / eight[rank]);
    expect(sampled).toEqual({
      ...eight,
      // Twelve are one and a half times as many.
      singularValues: eight.singularValues.map((value) => value * Math.sqrt(1.5)),
      centredSingularValues: eight.centredSingularValues.map((value) => value * Math.sqrt(1.5)),
      sample: { observations: 8, relativeError: Math.max(...changes) },
    });
    // By the rank that changes most, whichever it is.
    expect(Math.max(...changes)).toBeGreaterThan(0.1);
  });

  test('nothing is sampled where the smaller side is at the limit', () => {
    expect(measureSpectrum(latents, 10)).toEqual(measureSpectrum(latents));
    expect(measureSpectrum(latents, 10)).not.toHaveProperty('sample');
  });

  test('of one point nothing changes', () => {
    const point = createLatents(new Float32Array(120), 10);
    expect(measureSpectrum(point, 8).sample).toEqual({ observations: 8, relativeError: 0 });
  });
});
