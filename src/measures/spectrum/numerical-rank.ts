// How many directions a linear map really has: its singular values above a part of the largest.
import { symmetricEigen } from './symmetric-eigen.ts';

/**
 * Singular values below this part of the largest do not count. They are roots of eigenvalues of J J', whose float32 rounding
 * (some 1e-7 of the largest) blurs them at 3e-4 of the largest: well below this.
 */
export const RANK_THRESHOLD = 1e-2;

/**
 * The numerical rank of J from its Gram matrix J J' [D, D], row-major: 0 for the zero map. `size` is D.
 * Of an encoder's Jacobian dE/do, it is how many directions the latent moves in as the observation changes a little.
 */
export function rankOfGram(gram: ArrayLike<number>, size: number): number {
  const matrix = new Float64Array(size * size);
  for (let a = 0; a < size; a++)
    for (let b = 0; b < size; b++) {
      // Both halves, which rounding may have left a little different.
      const value = (gram[a * size + b] + gram[b * size + a]) / 2;
      if (!Number.isFinite(value)) return Number.NaN;
      matrix[a * size + b] = value;
    }
  // Of a symmetric matrix that is not negative the singular values are the eigenvalues.
  const { values } = symmetricEigen(matrix, size);
  return values.filter((value) => value > RANK_THRESHOLD ** 2 * values[0]).length;
}
