// Latents as every measure takes them: a matrix of N observations by D numbers, with the class of each observation.
// Letters: N observations, D latent size, C classes. Latents are float32 as a runtime gives them; all sums are float64.
import { JepaError, UsageError } from '../error.ts';

/** N latents of D numbers, row by row. */
export interface Latents {
  /** [N, D], row-major. */
  readonly values: Float32Array;
  readonly count: number;
  readonly size: number;
}

/** euclidean: by their distance. cosine: by the angle between them, as the distance of the latents at unit length. */
export type Metric = 'euclidean' | 'cosine';

export const metrics: readonly Metric[] = ['euclidean', 'cosine'];

/**
 * Latents whose Euclidean distances are the metric's: for the cosine at unit length, where a squared distance is 2 - 2 cos. What is
 * 0 has no direction and stays 0.
 */
export function underMetric(latents: Latents, metric: Metric = 'euclidean'): Latents {
  if (metric === 'euclidean') return latents;
  const { values, count, size } = latents;
  const unit = new Float32Array(values.length);
  for (let i = 0; i < count; i++) {
    const row = values.subarray(i * size, (i + 1) * size);
    let squares = 0;
    for (const value of row) squares += value * value;
    if (squares > 0) for (let k = 0; k < size; k++) unit[i * size + k] = row[k] / Math.sqrt(squares);
  }
  return { values: unit, count, size };
}

/** Latents with the class of each. */
export interface LabelledLatents extends Latents {
  /** [N], each in 0..classCount-1. */
  readonly labels: Int32Array;
  readonly classCount: number;
}

/**
 * [N * D] -> N rows of `size` numbers.
 * @throws UsageError where the values do not fill whole rows, JepaError where some are not finite: nothing can be measured then.
 */
export function createLatents(values: Float32Array, size: number): Latents {
  if (!Number.isInteger(size) || size < 1 || values.length % size !== 0)
    throw new UsageError(`latents: expected rows of a positive size, got ${values.length} values in rows of ${size}`);
  const nonFinite = countNonFinite(values);
  if (nonFinite > 0)
    throw new JepaError(
      `latents: expected finite numbers, got ${nonFinite} of ${values.length} that are NaN or infinite`,
      {
        remedy: 'The encoder has diverged, or this runtime overflows: look at the losses, or choose another precision.',
      },
    );
  return { values, size, count: values.length / size };
}

/**
 * @throws UsageError where the labels do not fit, or a class has fewer than two observations: no distance within it then.
 */
export function labelLatents(latents: Latents, labels: Int32Array, classCount: number): LabelledLatents {
  if (labels.length !== latents.count)
    throw new UsageError(`latents: expected ${latents.count} labels, got ${labels.length}`);
  const counts = classCounts(labels, classCount);
  const rare = counts.findIndex((count) => count < 2);
  if (rare >= 0)
    throw new UsageError(
      `latents: expected at least 2 observations of every class, got ${counts[rare]} of class ${rare}`,
      {
        remedy: 'Evaluate more observations.',
      },
    );
  return { ...latents, labels, classCount };
}

/** Observations of each class, [C]. */
export function classCounts(labels: Int32Array, classCount: number): Int32Array {
  const counts = new Int32Array(classCount);
  for (const label of labels) {
    if (label < 0 || label >= classCount)
      throw new UsageError(`latents: expected labels in 0..${classCount - 1}, got ${label}`);
    counts[label]++;
  }
  return counts;
}

export function countNonFinite(values: Float32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}

/** Mean of each dimension, [D]. */
export function meanLatent({ values, count, size }: Latents): Float64Array {
  const mean = new Float64Array(size);
  for (let i = 0; i < values.length; i++) mean[i % size] += values[i];
  return mean.map((sum) => sum / count);
}

/** Standard deviation of each dimension over the observations (divided by N), [D]. Two passes: no cancellation. */
export function standardDeviations(latents: Latents): Float64Array {
  const { values, count, size } = latents;
  const mean = meanLatent(latents);
  const squares = new Float64Array(size);
  for (let i = 0; i < values.length; i++) squares[i % size] += (values[i] - mean[i % size]) ** 2;
  return squares.map((sum) => Math.sqrt(sum / count));
}

/** Root of the mean squared length of a latent: the scale against which rounding is judged. */
export function rootMeanSquareNorm({ values, count }: Latents): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum / count);
}

/** Half a float32 step of a number, relative to it; below the smallest normal number steps are all alike. */
const STEP = 2 ** -24;
const SMALLEST_STEP = 2 ** -149;

/** Length of a latent whose every number is one float32 step of the largest in its dimension: what rounding may add. */
export function roundingLength({ values, size }: Latents): number {
  const largest = new Float64Array(size);
  for (let i = 0; i < values.length; i++) largest[i % size] = Math.max(largest[i % size], Math.abs(values[i]));
  let squares = 0;
  // Over the smallest step, whose square would vanish.
  for (const value of largest) if (value > 0) squares += (Math.max(value * STEP, SMALLEST_STEP) / SMALLEST_STEP) ** 2;
  return SMALLEST_STEP * Math.sqrt(squares);
}
