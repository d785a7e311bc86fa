import { Matrix, SVD } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { estimateSpectralNorm, spectralNormBound } from '../../../src/measures/bound/spectral-norm.ts';
import { randomFor } from '../../../src/random.ts';

function randomMatrix(rows: number, columns: number, seed: number, scale = 1) {
  const random = randomFor('spectral', seed);
  return { values: Float64Array.from({ length: rows * columns }, () => scale * random.normal()), rows, columns };
}

function exactNorm({ values, rows, columns }: ReturnType<typeof randomMatrix>): number {
  return new SVD(Matrix.from1DArray(rows, columns, values), { autoTranspose: true }).norm2;
}

describe('bound on the spectral norm', () => {
  test.each([
    [1, 1],
    [5, 3],
    [3, 5],
    [30, 30],
    [20, 50],
  ])('of a random %i x %i matrix is above the largest singular value by one per cent at most', (rows, columns) => {
    for (let seed = 0; seed < 5; seed++) {
      const matrix = randomMatrix(rows, columns, seed);
      const ratio = spectralNormBound(matrix) / exactNorm(matrix);
      // A rounding error of 1e-12 is granted below 1.
      expect(ratio).toBeGreaterThan(1 - 1e-12);
      expect(ratio).toBeLessThan(1.01);
    }
  });

  test('is within the slack asked for', () => {
    const matrix = randomMatrix(30, 30, 9);
    expect(spectralNormBound(matrix, 1e-3) / exactNorm(matrix)).toBeLessThan(1.001);
  });

  test('squares until the factor n^(1 / 2^(t + 2)) is within the slack, twelve times at most', () => {
    const identity = { values: Float64Array.from(Matrix.identity(16).to1DArray()), rows: 16, columns: 16 };
    // The factors are 2, 2^(1/2), 2^(1/4) = 1.19, 2^(1/8) = 1.09, ...
    expect(spectralNormBound(identity, 1)).toBeCloseTo(2, 12);
    expect(spectralNormBound(identity, 0.99)).toBeCloseTo(Math.SQRT2, 12);
    expect(spectralNormBound(identity, 0.2)).toBeCloseTo(2 ** (1 / 4), 12);
    expect(spectralNormBound(identity, 0.1)).toBeCloseTo(2 ** (1 / 8), 12);
    expect(spectralNormBound(identity, 0)).toBeCloseTo(16 ** (1 / 2 ** 14), 12);
  });

  test('is the length of a vector, and the largest entry of a diagonal', () => {
    expect(spectralNormBound({ values: Float64Array.of(3, 4), rows: 1, columns: 2 })).toBeCloseTo(5, 12);
    expect(spectralNormBound({ values: Float64Array.of(7, 0, 0, -9), rows: 2, columns: 2 }, 1e-3)).toBeCloseTo(9, 2);
  });

  test('neither overflows nor vanishes for entries far from one, and is 0 for a matrix of zeros', () => {
    for (const scale of [1e-120, 1e120]) {
      const ratio = spectralNormBound(randomMatrix(20, 20, 1, scale)) / scale / exactNorm(randomMatrix(20, 20, 1));
      expect(ratio).toBeGreaterThan(1 - 1e-9);
      expect(ratio).toBeLessThan(1.01);
    }
    expect(spectralNormBound({ values: new Float64Array(6), rows: 2, columns: 3 })).toBe(0);
  });
});

describe('estimate of the spectral norm', () => {
  test('is never above the largest singular value, and below it by one per cent at most where others are not as large', () => {
    for (let seed = 0; seed < 20; seed++) {
      const matrix = randomMatrix(20, 30, seed);
      const ratio = estimateSpectralNorm(matrix) / exactNorm(matrix);
      expect(ratio).toBeLessThan(1 + 1e-12);
      expect(ratio).toBeGreaterThan(0.99);
    }
  });

  test('does not start from a direction that the matrix never leaves: it finds 9 beside a longer row of 0', () => {
    expect(estimateSpectralNorm({ values: Float64Array.of(7, 0, 0, -9), rows: 2, columns: 2 })).toBeCloseTo(9, 12);
    expect(estimateSpectralNorm({ values: new Float64Array(6), rows: 2, columns: 3 })).toBe(0);
  });

  test('is what 60 rounds from the longest row give, wherever that is', () => {
    expect(estimateSpectralNorm({ values: Float64Array.of(9, 0, 0, 0), rows: 2, columns: 2 })).toBeCloseTo(9, 12);
    // Eigenvalues 1 and 0.99, 45 degrees from the axes: each round takes the share of the second down by 0.99^2.
    const values = Float64Array.of(0.995, 0.005, 0.005, 0.995);
    const second = 0.99 ** (1 + 2 * 59);
    const expected = Math.sqrt((1 + (0.99 * second) ** 2) / (1 + second ** 2));
    expect(estimateSpectralNorm({ values, rows: 2, columns: 2 })).toBeCloseTo(expected, 10);
  });
});
