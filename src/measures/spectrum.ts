// Singular values of the latent matrix and what is read from them: ranks, and principal components.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Latents, meanLatent } from './latents.ts';

/** RankMe's epsilon (Garrido et al., arXiv 2210.02885, eq. 1), which keeps the logarithm finite for float32 embeddings. */
const RANK_ME_EPSILON = 1e-7;

export interface Spectrum {
  /** [min(N, D)] singular values of the latents as they are, falling. */
  readonly singularValues: Float64Array;
  /** [min(N, D)] singular values after the mean latent was taken away. */
  readonly centredSingularValues: Float64Array;
  /** exp of the entropy of the *centred* normalised singular values (Roy and Vetterli, EUSIPCO 2007). 1..D; 0 for a point. */
  readonly effectiveRank: number;
  /** The same of the singular values that are not centred, as Roy and Vetterli define it for a matrix. */
  readonly effectiveRankUncentred: number;
  /** RankMe: not centred, p_k = s_k / sum s + 1e-7. */
  readonly rankMe: number;
  /** (sum l)^2 / sum l^2 of the covariance's eigenvalues l: 1..D, ruled by the largest of them; 0 for a point. */
  readonly participationRatio: number;
  /** [D, D] principal axes as rows, by falling variance; the largest component of each is positive. */
  readonly axes: Float64Array;
  /** [D] fraction of the variance along each axis. */
  readonly explainedVariance: Float64Array;
}

/**
 * Singular values as roots of the eigenvalues of Z'Z [D, D], in float64: exact to about 1e-8 of the largest, which is
 * float32's own resolution, at a cost that grows with N only in one pass over the latents.
 */
export function measureSpectrum(latents: Latents): Spectrum {
  const { count, size } = latents;
  const rank = Math.min(count, size);
  const uncentred = decompose(latents, new Float64Array(size));
  const centred = decompose(latents, meanLatent(latents));
  const singularValues = uncentred.eigenvalues.map(Math.sqrt).slice(0, rank);
  const centredSingularValues = centred.eigenvalues.map(Math.sqrt).slice(0, rank);
  const variance = sumOf(centred.eigenvalues);
  return {
    singularValues,
    centredSingularValues,
    effectiveRank: exponentialEntropy(centredSingularValues, 0),
    effectiveRankUncentred: exponentialEntropy(singularValues, 0),
    rankMe: exponentialEntropy(singularValues, RANK_ME_EPSILON),
    participationRatio:
      variance > 0 ? variance ** 2 / centred.eigenvalues.reduce((sum, value) => sum + value * value, 0) : 0,
    axes: centred.axes,
    explainedVariance: centred.eigenvalues.map((value) => (variance > 0 ? value / variance : 0)),
  };
}

/** [N, D] latents onto the first `components` principal axes: [N, components], centred. */
export function projectOnAxes(latents: Latents, { axes }: Spectrum, components: number): Float64Array {
  const { values, count, size } = latents;
  const mean = meanLatent(latents);
  const projected = new Float64Array(count * components);
  for (let i = 0; i < count; i++)
    for (let c = 0; c < components; c++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (values[i * size + k] - mean[k]) * axes[c * size + k];
      projected[i * components + c] = sum;
    }
  return projected;
}

/** exp(-sum p log p) of p = s / sum s + epsilon; 0 where all values are 0. */
function exponentialEntropy(singularValues: Float64Array, epsilon: number): number {
  const total = sumOf(singularValues);
  if (total === 0) return 0;
  let entropy = 0;
  for (const value of singularValues) {
    const p = value / total + epsilon;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return Math.exp(entropy);
}

/** Eigenvalues (falling, not negative) and axes of sum_n (z_n - origin)(z_n - origin)'. */
function decompose(
  { values, count, size }: Latents,
  origin: Float64Array,
): { readonly eigenvalues: Float64Array; readonly axes: Float64Array } {
  const gram = Matrix.zeros(size, size);
  const row = new Float64Array(size);
  const sums = new Float64Array(size * size);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < size; k++) row[k] = values[i * size + k] - origin[k];
    for (let a = 0; a < size; a++) {
      const left = row[a];
      const offset = a * size;
      for (let b = a; b < size; b++) sums[offset + b] += left * row[b];
    }
  }
  for (let a = 0; a < size; a++)
    for (let b = a; b < size; b++) {
      gram.set(a, b, sums[a * size + b]);
      gram.set(b, a, sums[a * size + b]);
    }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, index) => index).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const axes = new Float64Array(size * size);
  order.forEach((column, index) => {
    const axis = eigenvectorMatrix.getColumn(column);
    let largest = 0;
    for (let k = 1; k < size; k++) if (Math.abs(axis[k]) > Math.abs(axis[largest])) largest = k;
    const sign = axis[largest] < 0 ? -1 : 1;
    for (let k = 0; k < size; k++) axes[index * size + k] = sign * axis[k];
  });
  // Rounding can leave a vanishing eigenvalue just below zero.
  return { eigenvalues: Float64Array.from(order, (column) => Math.max(0, realEigenvalues[column])), axes };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
