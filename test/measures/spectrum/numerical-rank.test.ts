import { describe, expect, test } from 'vitest';
import { RANK_THRESHOLD, rankOfGram } from '../../../src/measures/spectrum/numerical-rank.ts';

/** J J' of J = R diag(singular values) for a rotation R of the first two axes: other numbers, the same singular values. */
function gramOf(singularValues: readonly number[], angle: number): Float64Array {
  const size = singularValues.length;
  const gram = new Float64Array(size * size);
  singularValues.forEach((value, d) => {
    gram[d * size + d] = value ** 2;
  });
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [a, b] = [gram[0], gram[size + 1]];
  gram[0] = c * c * a + s * s * b;
  gram[size + 1] = s * s * a + c * c * b;
  gram[1] = c * s * (a - b);
  gram[size] = gram[1];
  return gram;
}

describe('numerical rank', () => {
  test.each([
    [[3, 2, 1], 3],
    [[1, 0.5, 0.02, 0.005], 3],
    [[1, 0.005, 0.002], 1],
    [[1e-12, 5e-13, 0], 2],
    [[0, 0], 0],
  ])('of singular values %j is %i, on any axes', (singularValues, rank) => {
    for (const angle of [0, 0.3, 2])
      expect(rankOfGram(gramOf(singularValues, angle), singularValues.length)).toBe(rank);
  });

  test('counts what is above the threshold, not what is at it', () => {
    expect(rankOfGram([1, 0, 0, RANK_THRESHOLD ** 2], 2)).toBe(1);
    expect(rankOfGram([1, 0, 0, 1.001 * RANK_THRESHOLD ** 2], 2)).toBe(2);
  });

  test('is not a number where the matrix is not', () => {
    expect(rankOfGram([1, Number.NaN, Number.NaN, 1], 2)).toBeNaN();
  });
});
