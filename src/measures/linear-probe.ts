// A linear rule for every pair of classes at once: Fisher's discriminant with the classes' common covariance (Fisher, Annals of
// Eugenics 7, 1936). Solved in the smaller of observations and dimensions.
import type { LabelledLatents } from './latents.ts';
import { gramOfColumns, gramOfRows } from './spectrum/spectrum.ts';

export interface LinearProbe {
  /** [C, D]: between classes a and b the side is the sign of z (w_a - w_b) - (o_a - o_b). */
  readonly weights: Float64Array;
  /** [C] */
  readonly offsets: Float64Array;
  /** [C, D]: the classes' means from the mean of all. */
  readonly centres: Float64Array;
}

/**
 * @param ridges parts of the mean variance of a dimension that are added to every variance: a small one reads what lies in a
 * vanishing part of the variance, a large one needs fewer observations
 * @returns a probe for each ridge; none where the observations are one point
 */
export function linearProbes(latents: LabelledLatents, ridges: readonly number[]): LinearProbe[] {
  const { values, count, size, labels, classCount } = latents;
  const { means, total } = classMeans(latents);
  const variance = meanVariance(latents, total);
  if (variance === 0) return [];
  const residuals = new Float64Array(count * size);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < size; k++)
      // Over the deviation, so that no scale of the latents can overflow or vanish.
      residuals[i * size + k] = (values[i * size + k] - means[labels[i] * size + k]) / Math.sqrt(variance);
  const centres = means.map((mean, index) => (mean - total[index % size]) / Math.sqrt(variance));
  const isWide = count < size;
  const gram = isWide ? gramOfRows(residuals, count, size) : gramOfColumns(residuals, count, size);
  return ridges.map((ridge) => {
    const weights = isWide
      ? solveInRows(gram, residuals, centres, { count, size, classCount, ridge })
      : solveInColumns(gram, centres, { count, size, classCount, ridge });
    const offsets = new Float64Array(classCount);
    for (let c = 0; c < classCount; c++)
      for (let k = 0; k < size; k++) {
        weights[c * size + k] /= Math.sqrt(variance);
        offsets[c] += weights[c * size + k] * (total[k] + (means[c * size + k] - total[k]) / 2);
      }
    return { weights, offsets, centres: centres.map((centre) => centre * Math.sqrt(variance)) };
  });
}

function classMeans({ values, count, size, labels, classCount }: LabelledLatents) {
  const means = new Float64Array(classCount * size);
  const total = new Float64Array(size);
  const counts = new Float64Array(classCount);
  for (let i = 0; i < count; i++) {
    counts[labels[i]]++;
    for (let k = 0; k < size; k++) {
      means[labels[i] * size + k] += values[i * size + k];
      total[k] += values[i * size + k] / count;
    }
  }
  for (let index = 0; index < means.length; index++) means[index] /= counts[Math.floor(index / size)];
  return { means, total };
}

function meanVariance({ values, count, size }: LabelledLatents, mean: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - mean[i % size]) ** 2;
  return sum / (count * size);
}

interface Solving {
  readonly count: number;
  readonly size: number;
  readonly classCount: number;
  readonly ridge: number;
}

/** (X'X / n + ridge) w = c for every centre c. */
function solveInColumns(gram: Float64Array, centres: Float64Array, { count, size, classCount, ridge }: Solving) {
  const factor = gram.map((value, index) => value / count + (index % (size + 1) === 0 ? ridge : 0));
  factorise(factor, size);
  const weights = new Float64Array(centres);
  for (let c = 0; c < classCount; c++) solveFactorised(factor, size, weights.subarray(c * size, (c + 1) * size));
  return weights;
}

/** The same by way of X X' (Woodbury): w = (c - X' (n ridge + X X')^-1 X c) / ridge. */
function solveInRows(
  gram: Float64Array,
  rows: Float64Array,
  centres: Float64Array,
  { count, size, classCount, ridge }: Solving,
) {
  const factor = gram.map((value, index) => value + (index % (count + 1) === 0 ? count * ridge : 0));
  factorise(factor, count);
  const weights = new Float64Array(centres);
  const along = new Float64Array(count);
  for (let c = 0; c < classCount; c++) {
    const weight = weights.subarray(c * size, (c + 1) * size);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += rows[i * size + k] * weight[k];
      along[i] = sum;
    }
    solveFactorised(factor, count, along);
    for (let i = 0; i < count; i++) for (let k = 0; k < size; k++) weight[k] -= along[i] * rows[i * size + k];
    for (let k = 0; k < size; k++) weight[k] /= ridge;
  }
  return weights;
}

/** Cholesky's factor L of a positive definite [n, n], in place of its lower half. */
function factorise(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / a[j * n + j];
    }
}

/** L L' x = x, in place. */
function solveFactorised(l: Float64Array, n: number, x: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= l[i * n + k] * x[k];
    x[i] = sum / l[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = x[i] / l[i * n + i];
    x[i] = value;
    for (let k = 0; k < i; k++) x[k] -= value * l[i * n + k];
  }
}
