// How far the predictions of a runtime may be from the reference's: derived from the margins by which the reference's
// predictions are nearer to one class than to the next, as the verdict's tolerance is from those of the latents.
import { cosine, squaredDistance } from '../measures/pair-distance.ts';
import { type Verdict, verdictThresholds } from '../measures/verdict.ts';

/** The nearest centroid of each prediction, and by how much the next one is farther. */
export interface PredictedClasses {
  /** [N] */
  readonly nearest: Int32Array;
  /** [N] */
  readonly margins: Float64Array;
}

/** @param centroids [C, D], C at least 2 */
export function predictedClasses(predicted: Float32Array, centroids: Float64Array, size: number): PredictedClasses {
  const count = predicted.length / size;
  const classCount = centroids.length / size;
  const nearest = new Int32Array(count);
  const margins = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let first = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    for (let c = 0; c < classCount; c++) {
      const distance = Math.sqrt(squaredDistance(predicted, i * size, centroids, c * size, size));
      if (distance < first) {
        second = first;
        first = distance;
        nearest[i] = c;
      } else if (distance < second) second = distance;
    }
    margins[i] = second - first;
  }
  return { nearest, margins };
}

/**
 * The largest error of a prediction that is certain to leave at least 3/4 of the predictions of every class (the verdict's
 * own threshold of recall) in their class, on a runtime whose centroids err by as much: a prediction and a centroid move by
 * at most e each, a distance by 2e, and a margin, the difference of two distances, by 4e.
 *
 * It is never more than the verdict's tolerance: a prediction within that is, to every later step, what a latent within it
 * is. Where the reference does not keep the classes apart, there are none to keep, and that tolerance alone remains.
 * @param latentTolerance the verdict's, from the certificate
 */
export function predictionTolerance(
  { nearest, margins }: PredictedClasses,
  latentTolerance: number,
  verdict: Verdict,
): number {
  if (verdict !== 'distinct') return latentTolerance;
  const byClass = new Map<number, number[]>();
  nearest.forEach((label, index) => {
    const own = byClass.get(label);
    if (own) own.push(margins[index]);
    else byClass.set(label, [margins[index]]);
  });
  let tolerance = latentTolerance;
  for (const own of byClass.values()) {
    own.sort((a, b) => a - b);
    const deciding = own[Math.floor((1 - verdictThresholds.smallestRecall) * own.length)];
    tolerance = Math.min(tolerance, deciding / 4);
  }
  return tolerance;
}

/** The largest Euclidean distance between rows of two arrays [N, D]; infinite where one is not finite. */
export function largestRowDistance(a: Float32Array, b: Float32Array, size: number): number {
  let largest = 0;
  for (let start = 0; start < Math.min(a.length, b.length); start += size) {
    const squared = squaredDistance(a, start, b, start, size);
    if (!Number.isFinite(squared)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, squared);
  }
  return Math.sqrt(largest);
}

/** The smallest cosine between rows of two arrays [N, D]; rows that are 0 in both agree. */
export function smallestRowCosine(a: Float32Array, b: Float32Array, size: number): number {
  let smallest = 1;
  for (let start = 0; start < Math.min(a.length, b.length); start += size)
    smallest = Math.min(smallest, cosine(a, start, b, start, size));
  return smallest;
}
