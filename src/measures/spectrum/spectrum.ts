// Singular values of the latent matrix and what is read from them: ranks, and principal components. The work is done in the
// smaller of N and D; where both are large, a sample of the observations stands for all, and says how far off it may be.

import { type Latents, meanLatent } from '../latents.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** RankMe's epsilon (Garrido et al., arXiv 2210.02885, eq. 1), which keeps the logarithm finite for float32 embeddings. */
const RANK_ME_EPSILON = 1e-7;

const NEWER_EPSILON = 1e-5;

/** The smaller of N and D above which observations are sampled: the work grows with its third power, two seconds here. */
const EXACT_LIMIT = 1024;

/** Principal axes that are found: reports draw four. */
const AXES = 8;

/** Principal axes of latents, and the share of variance along each. */
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
  /** The same centred, with an epsilon of 1e-5, as newer code (stable-pretraining) has it: the two are not comparable. */
  readonly rankMeCentred: number;
  /** (sum l)^2 / sum l^2 of the covariance's eigenvalues l: 1..D, ruled by the largest of them; 0 for a point. */
  readonly participationRatio: number;
  /** [min(D, 8), D] principal axes as rows, by falling variance; the largest component of each is positive. */
  readonly axes: Float64Array;
  /** [min(N, D)] fraction of the variance along each axis. */
  readonly explainedVariance: Float64Array;
  /** Where N and D are both above 1,024: all of the above is of a sample of the observations, and this is how far off. */
  readonly sample?: SpectrumSample;
}

export interface SpectrumSample {
  readonly observations: number;
  /**
   * The largest relative change of the ranks from half of the sample to all of it. What more observations would change is
   * less where the change goes on falling, as it does once the sample exceeds the ranks.
   */
  readonly relativeError: number;
}

/**
 * Singular values as roots of the eigenvalues of Z'Z [D, D] or Z Z' [N, N], in float64: exact to about 1e-8 of the largest,
 * which is float32's own resolution.
 *
 * @param exactLimit where N and D are both above it, as many observations stand for all
 */
export function measureSpectrum(latents: Latents, exactLimit = EXACT_LIMIT): Spectrum {
  const { count, size } = latents;
  if (Math.min(count, size) <= exactLimit) return exactSpectrum(latents);
  const sampled = exactSpectrum(everyNth(latents, exactLimit));
  const half = exactSpectrum(everyNth(latents, exactLimit / 2));
  const change = (of: 'effectiveRank' | 'effectiveRankUncentred' | 'rankMe' | 'participationRatio') =>
    sampled[of] > 0 ? Math.abs(sampled[of] - half[of]) / sampled[of] : 0;
  const relativeError = Math.max(
    change('effectiveRank'),
    change('effectiveRankUncentred'),
    change('rankMe'),
    change('participationRatio'),
  );
  // Singular values of all observations are larger by the root of their number.
  const growth = Math.sqrt(count / exactLimit);
  return {
    ...sampled,
    singularValues: sampled.singularValues.map((value) => value * growth),
    centredSingularValues: sampled.centredSingularValues.map((value) => value * growth),
    sample: { observations: exactLimit, relativeError },
  };
}

/** `wanted` observations, evenly spread. */
function everyNth({ values, count, size }: Latents, wanted: number): Latents {
  const sampled = new Float32Array(wanted * size);
  for (let i = 0; i < wanted; i++) {
    const n = Math.floor((i * count) / wanted);
    sampled.set(values.subarray(n * size, (n + 1) * size), i * size);
  }
  return { values: sampled, count: wanted, size };
}

function exactSpectrum(latents: Latents): Spectrum {
  const { count, size } = latents;
  const rank = Math.min(count, size);
  const mean = meanLatent(latents);
  const centredRows = subtract(latents, mean);
  const isWide = count < size;
  const gram = isWide ? gramOfRows(centredRows, count, size) : gramOfColumns(centredRows, count, size);
  // Of the sums of products of positive terms only: nothing cancels, however far the latents are from 0.
  const uncentredGram = isWide ? addMeanToRows(gram, centredRows, mean, count) : withMean(gram, mean, count);
  return spectrumOfGrams(gram, uncentredGram, rank, (vectors) => axesOf(vectors, centredRows, { count, size, isWide }));
}

/**
 * The spectrum of rows of which only sums are known.
 * @param gram [D, D] of products of their centred numbers, summed over the rows
 */
export function spectrumOfSums(gram: Float64Array, mean: Float64Array, count: number): Spectrum {
  const size = mean.length;
  const none = new Float64Array(0);
  return spectrumOfGrams(gram, withMean(gram, mean, count), size, (vectors) =>
    axesOf(vectors, none, { count, size, isWide: false }),
  );
}

/** Z'Z of rows to which the mean is added again. */
function withMean(gram: Float64Array, mean: Float64Array, count: number): Float64Array {
  const size = mean.length;
  return gram.map((value, index) => value + count * mean[Math.floor(index / size)] * mean[index % size]);
}

/** @param axesFor from eigenvectors of the centred Gram matrix to axes */
function spectrumOfGrams(
  gram: Float64Array,
  uncentredGram: Float64Array,
  rank: number,
  axesFor: (vectors: Float64Array) => Float64Array,
): Spectrum {
  const uncentred = symmetricEigen(uncentredGram, rank);
  const centred = symmetricEigen(gram, rank, Math.min(AXES, rank));
  const singularValues = uncentred.values.map(rootOf);
  const centredSingularValues = centred.values.map(rootOf);
  const eigenvalues = centredSingularValues.map((value) => value ** 2);
  const variance = sumOf(eigenvalues);
  return {
    singularValues,
    centredSingularValues,
    effectiveRank: exponentialEntropy(centredSingularValues, 0),
    effectiveRankUncentred: exponentialEntropy(singularValues, 0),
    rankMe: exponentialEntropy(singularValues, RANK_ME_EPSILON),
    rankMeCentred: exponentialEntropy(centredSingularValues, NEWER_EPSILON),
    participationRatio: variance > 0 ? 1 / eigenvalues.reduce((sum, value) => sum + (value / variance) ** 2, 0) : 0,
    axes: axesFor(centred.vectors),
    explainedVariance: eigenvalues.map((value) => (variance > 0 ? value / variance : 0)),
  };
}

/** [N, D] latents onto the first `components` principal axes, at most 8: [N, components], centred. */
export function projectOnAxes(latents: Latents, { axes }: Spectrum, components: number): Float64Array {
  const { values, count, size } = latents;
  const mean = meanLatent(latents);
  const projected = new Float64Array(count * components);
  for (let i = 0; i < count; i++)
    for (let c = 0; c < Math.min(components, axes.length / size); c++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (values[i * size + k] - mean[k]) * axes[c * size + k];
      projected[i * components + c] = sum;
    }
  return projected;
}

/** exp(-sum p log p) of p = s / sum s + epsilon; 0 where all values are 0. */
export function exponentialEntropy(singularValues: Float64Array, epsilon: number): number {
  const total = sumOf(singularValues);
  if (total === 0) return 0;
  let entropy = 0;
  for (const value of singularValues) {
    const p = value / total + epsilon;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return Math.exp(entropy);
}

function subtract({ values, count, size }: Latents, mean: Float64Array): Float64Array {
  const rows = new Float64Array(count * size);
  for (let i = 0; i < count; i++) for (let k = 0; k < size; k++) rows[i * size + k] = values[i * size + k] - mean[k];
  return rows;
}

/** Z'Z of [N, D], [D, D]. */
export function gramOfColumns(rows: Float64Array, count: number, size: number): Float64Array {
  const columns = new Float64Array(count * size);
  for (let i = 0; i < count; i++) for (let k = 0; k < size; k++) columns[k * count + i] = rows[i * size + k];
  return gramOfRows(columns, size, count);
}

/** Numbers of a row that are worked on at once: two blocks of 64 rows of them stay in the second-level cache. */
const SLICE = 256;
const BLOCK = 64;

/** Z Z' of [N, D], [N, N]. */
export function gramOfRows(rows: Float64Array, count: number, size: number): Float64Array {
  const gram = new Float64Array(count * count);
  for (let start = 0; start < size; start += SLICE) {
    const end = Math.min(size, start + SLICE);
    for (let iBlock = 0; iBlock < count; iBlock += BLOCK)
      for (let jBlock = 0; jBlock <= iBlock; jBlock += BLOCK)
        for (let i = iBlock; i < Math.min(count, iBlock + BLOCK); i++) {
          const last = Math.min(i, jBlock + BLOCK - 1);
          let j = jBlock;
          // Four products of one row share its numbers.
          for (; j + 3 <= last; j += 4) {
            let s0 = 0;
            let s1 = 0;
            let s2 = 0;
            let s3 = 0;
            const offset = j * size;
            for (let k = start; k < end; k++) {
              const value = rows[i * size + k];
              s0 += value * rows[offset + k];
              s1 += value * rows[offset + size + k];
              s2 += value * rows[offset + 2 * size + k];
              s3 += value * rows[offset + 3 * size + k];
            }
            gram[i * count + j] += s0;
            gram[i * count + j + 1] += s1;
            gram[i * count + j + 2] += s2;
            gram[i * count + j + 3] += s3;
          }
          for (; j <= last; j++) {
            let sum = 0;
            for (let k = start; k < end; k++) sum += rows[i * size + k] * rows[j * size + k];
            gram[i * count + j] += sum;
          }
        }
  }
  for (let a = 0; a < count; a++) for (let b = 0; b < a; b++) gram[b * count + a] = gram[a * count + b];
  return gram;
}

/** Z Z' of rows to which the mean is added again. */
function addMeanToRows(gram: Float64Array, centred: Float64Array, mean: Float64Array, count: number): Float64Array {
  const size = mean.length;
  const along = new Float64Array(count);
  let square = 0;
  for (let k = 0; k < size; k++) square += mean[k] ** 2;
  for (let i = 0; i < count; i++) for (let k = 0; k < size; k++) along[i] += centred[i * size + k] * mean[k];
  return gram.map((value, index) => value + along[Math.floor(index / count)] + along[index % count] + square);
}

/** From eigenvectors of Z'Z, or of Z Z', to axes in the latent space. */
function axesOf(
  vectors: Float64Array,
  centred: Float64Array,
  { count, size, isWide }: { readonly count: number; readonly size: number; readonly isWide: boolean },
): Float64Array {
  const axes = new Float64Array(Math.min(AXES, size) * size);
  const length = isWide ? count : size;
  for (let index = 0; index < vectors.length / length; index++) {
    const axis = axes.subarray(index * size, (index + 1) * size);
    if (isWide) {
      for (let i = 0; i < count; i++)
        for (let k = 0; k < size; k++) axis[k] += vectors[index * count + i] * centred[i * size + k];
      const norm = Math.hypot(...axis);
      if (norm > 0) for (let k = 0; k < size; k++) axis[k] /= norm;
    } else axis.set(vectors.subarray(index * size, (index + 1) * size));
    let largest = 0;
    for (let k = 1; k < size; k++) if (Math.abs(axis[k]) > Math.abs(axis[largest])) largest = k;
    if (axis[largest] < 0) for (let k = 0; k < size; k++) axis[k] = -axis[k];
  }
  return axes;
}

/** Rounding can leave a vanishing eigenvalue just below zero. */
function rootOf(value: number): number {
  return Math.sqrt(Math.max(0, value));
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
