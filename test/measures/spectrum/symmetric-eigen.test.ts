import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { symmetricEigen } from '../../../src/measures/spectrum/symmetric-eigen.ts';
import { randomFor } from '../../../src/random.ts';

/** B B' of B [n, rank], whose numbers fall by up to 12 powers of ten where `isGraded`. */
function gramOf(n: number, rank: number, isGraded: boolean): Float64Array {
  const random = randomFor('symmetric eigen', n, rank);
  const b = Array.from({ length: n * rank }, () => random.normal() * (isGraded ? 10 ** (-12 * random.uniform()) : 1));
  return Float64Array.from({ length: n * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += b[i * rank + k] * b[j * rank + k];
    return sum;
  });
}

describe('eigenvalues of a symmetric matrix', () => {
  test.each([
    [1, 1, false],
    [2, 2, false],
    [5, 2, false],
    [20, 20, true],
    [60, 30, false],
    [60, 60, true],
  ])(
    'of %i rows and rank %i (graded: %s) are those of another solver, and the vectors belong to them',
    (n, rank, isGraded) => {
      const gram = gramOf(n, rank, isGraded);
      const expected = new EigenvalueDecomposition(Matrix.from1DArray(n, n, gram), { assumeSymmetric: true });
      const sorted = [...expected.realEigenvalues].sort((a, b) => b - a);
      const wanted = Math.min(8, n);
      const { values, vectors } = symmetricEigen(gram.slice(), n, wanted);
      sorted.forEach((value, k) => {
        expect(Math.abs(values[k] - value)).toBeLessThan(1e-13 * sorted[0]);
      });
      for (let q = 0; q < wanted; q++)
        for (let i = 0; i < n; i++) {
          let image = 0;
          for (let j = 0; j < n; j++) image += gram[i * n + j] * vectors[q * n + j];
          expect(Math.abs(image - values[q] * vectors[q * n + i])).toBeLessThan(1e-12 * sorted[0]);
        }
    },
  );

  test('vectors of equal values are orthonormal', () => {
    const n = 9;
    const diagonal = Float64Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? index % 3 : 0));
    const { values, vectors } = symmetricEigen(diagonal.slice(), n, 6);
    expect(Array.from(values)).toEqual([2, 2, 2, 1, 1, 1, 0, 0, 0]);
    for (let p = 0; p < 6; p++)
      for (let q = 0; q <= p; q++) {
        let product = 0;
        for (let k = 0; k < n; k++) product += vectors[p * n + k] * vectors[q * n + k];
        expect(product).toBeCloseTo(p === q ? 1 : 0, 12);
      }
  });

  test('no scale overflows or vanishes', () => {
    for (const scale of [1e-300, 1e300]) {
      const { values } = symmetricEigen(Float64Array.of(2 * scale, scale, scale, 2 * scale), 2);
      expect(values[0] / scale).toBeCloseTo(3, 12);
      expect(values[1] / scale).toBeCloseTo(1, 12);
    }
    expect(Array.from(symmetricEigen(new Float64Array(4), 2, 1).values)).toEqual([0, 0]);
  });

  test('of the zero matrix all values are 0, and the first axes are as good vectors as any', () => {
    expect(symmetricEigen(new Float64Array(9), 3, 2)).toEqual({
      values: new Float64Array(3),
      vectors: Float64Array.of(1, 0, 0, 0, 1, 0),
    });
    expect(symmetricEigen(new Float64Array(4), 2, 7).vectors).toEqual(Float64Array.of(1, 0, 0, 1));
  });

  test('of two equations are those worked by hand, with as many vectors as there can be', () => {
    // [[2, 1], [1, 2]]: 3 along (1, 1), 1 along (1, -1).
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2, 7);
    expect(Array.from(values)).toEqual([expect.closeTo(3, 12), expect.closeTo(1, 12)]);
    expect(vectors).toHaveLength(4);
    expect(Array.from(vectors, Math.abs)).toEqual(Array(4).fill(expect.closeTo(Math.SQRT1_2, 12)));
    expect(vectors[0] * vectors[1]).toBeGreaterThan(0);
    expect(vectors[2] * vectors[3]).toBeLessThan(0);
  });
});
