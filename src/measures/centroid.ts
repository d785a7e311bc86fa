// Classes by their centroids: which class an observation is nearest to, and how far the centroids stand apart.
// The centroids come from other observations than those that are judged by them.
import { UsageError } from '../error.ts';
import { type ClassPair, classPairs, ratioOf, worstPairOf } from './class-gap.ts';
import { classCounts, type LabelledLatents } from './latents.ts';
import { squaredDistance } from './pair-distance.ts';

/** [C, D]: the mean latent of each class. */
export function centroidsOf({ values, size, labels, classCount }: LabelledLatents): Float64Array {
  const counts = classCounts(labels, classCount);
  const centroids = new Float64Array(classCount * size);
  for (let i = 0; i < labels.length; i++)
    for (let k = 0; k < size; k++) centroids[labels[i] * size + k] += values[i * size + k];
  return centroids.map((sum, index) => sum / counts[Math.floor(index / size)]);
}

export interface CentroidMeasures {
  /** [N, C]: distance of each observation to each centroid. */
  readonly distances: Float64Array;
  /** [N]: distance to the nearest other centroid minus distance to the own; positive where the decision is right. */
  readonly margins: Float64Array;
  /** [N]: the nearest other centroid's class. */
  readonly rivals: Int32Array;
  readonly accuracy: number;
  /** [C]: fraction of a class's observations that are nearest to their own centroid. */
  readonly recall: Float64Array;
  /** [C, C]: row the true class, column the nearest centroid's, counts. */
  readonly confusion: Int32Array;
  /** [C]: mean distance of a class's observations to their own centroid, the radius of the class. */
  readonly radii: Float64Array;
  /** [C, C]: distances between centroids. */
  readonly centroidDistances: Float64Array;
  /** [C, C]: distance of the centroids / (2 x the larger of the two radii); infinite on the diagonal. */
  readonly ratios: Float64Array;
  /** The smallest of the ratios: above 1, the balls of mean radius around the centroids are disjoint. */
  readonly centroidGapRatio: number;
  readonly worstPair: ClassPair;
}

/** Measures `latents` against `centroids` [C, D]. A tie between the own centroid and another counts as a mistake. */
export function measureCentroids(latents: LabelledLatents, centroids: Float64Array): CentroidMeasures {
  const { values, count, size, labels, classCount } = latents;
  if (centroids.length !== classCount * size)
    throw new UsageError(`centroids: expected ${classCount} of ${size} numbers, got ${centroids.length} numbers`);
  const distances = new Float64Array(count * classCount);
  const margins = new Float64Array(count);
  const rivals = new Int32Array(count);
  const confusion = new Int32Array(classCount * classCount);
  const radiusSums = new Float64Array(classCount);
  const counts = classCounts(labels, classCount);
  for (let i = 0; i < count; i++) {
    const own = labels[i];
    let rival = -1;
    for (let c = 0; c < classCount; c++) {
      const distance = Math.sqrt(squaredDistance(values, i * size, centroids, c * size, size));
      distances[i * classCount + c] = distance;
      if (c !== own && (rival < 0 || distance < distances[i * classCount + rival])) rival = c;
    }
    const ownDistance = distances[i * classCount + own];
    margins[i] = rival < 0 ? Number.POSITIVE_INFINITY : distances[i * classCount + rival] - ownDistance;
    rivals[i] = rival;
    radiusSums[own] += ownDistance;
    confusion[own * classCount + (margins[i] > 0 ? own : rival)]++;
  }
  const recall = Float64Array.from(counts, (n, c) => confusion[c * classCount + c] / n);
  const radii = radiusSums.map((sum, c) => sum / counts[c]);
  const centroidDistances = new Float64Array(classCount * classCount);
  const ratios = new Float64Array(classCount * classCount).fill(Number.POSITIVE_INFINITY);
  for (const [a, b] of classPairs(classCount)) {
    const distance = Math.sqrt(squaredDistance(centroids, a * size, centroids, b * size, size));
    for (const index of [a * classCount + b, b * classCount + a]) {
      centroidDistances[index] = distance;
      ratios[index] = ratioOf(distance, 2 * Math.max(radii[a], radii[b]));
    }
  }
  const worstPair = worstPairOf(ratios, classCount);
  return {
    distances,
    margins,
    rivals,
    accuracy: margins.reduce((correct, margin) => correct + (margin > 0 ? 1 : 0), 0) / count,
    recall,
    confusion,
    radii,
    centroidDistances,
    ratios,
    centroidGapRatio: ratios[worstPair[0] * classCount + worstPair[1]],
    worstPair,
  };
}
