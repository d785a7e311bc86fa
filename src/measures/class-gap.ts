// How far apart classes are, member to member: the strict form of "no two observations that must differ share a latent".
import type { LabelledLatents } from './latents.ts';
import type { PairDistances } from './pair-distance.ts';

/** Two classes, as numbers, the smaller first. */
export type ClassPair = readonly [a: number, b: number];

export interface ClassGaps {
  /** [C, C]: smallest distance between members of the two classes / the larger of the two diameters; infinite on the diagonal. */
  readonly ratios: Float64Array;
  /** The smallest ratio over all pairs. Above 1, a threshold on distance alone tells the classes apart. */
  readonly gapRatio: number;
  readonly worstPair: ClassPair;
  /** The smallest distance between observations of two classes, and the observations. */
  readonly smallestGap: number;
  readonly closestObservations: readonly [number, number];
}

export function measureClassGaps({ classCount }: LabelledLatents, pairs: PairDistances): ClassGaps {
  const { smallestBetween, largestWithin, closestPair } = pairs;
  const ratios = new Float64Array(classCount * classCount).fill(Number.POSITIVE_INFINITY);
  let smallestGap = Number.POSITIVE_INFINITY;
  let closestObservations: readonly [number, number] = [-1, -1];
  for (const [a, b] of classPairs(classCount)) {
    const ab = a * classCount + b;
    const gap = smallestBetween[ab];
    const ratio = ratioOf(gap, Math.max(largestWithin[a], largestWithin[b]));
    ratios[ab] = ratio;
    ratios[b * classCount + a] = ratio;
    if (gap < smallestGap) {
      smallestGap = gap;
      closestObservations = [closestPair[2 * ab], closestPair[2 * ab + 1]];
    }
  }
  const worstPair = worstPairOf(ratios, classCount);
  return {
    ratios,
    gapRatio: ratios[worstPair[0] * classCount + worstPair[1]],
    worstPair,
    smallestGap,
    closestObservations,
  };
}

/** gap / extent, and for classes that are points: 0 where they coincide, else infinite. */
export function ratioOf(gap: number, extent: number): number {
  if (extent > 0) return gap / extent;
  return gap > 0 ? Number.POSITIVE_INFINITY : 0;
}

export function classPairs(classCount: number): ClassPair[] {
  const pairs: ClassPair[] = [];
  for (let a = 0; a < classCount; a++) for (let b = a + 1; b < classCount; b++) pairs.push([a, b]);
  return pairs;
}

/** The pair with the smallest ratio; [0, 0] where there is one class only. */
export function worstPairOf(ratios: Float64Array, classCount: number): ClassPair {
  let worst: ClassPair = [0, 0];
  for (const pair of classPairs(classCount))
    if (worst[0] === worst[1] || ratios[pair[0] * classCount + pair[1]] < ratios[worst[0] * classCount + worst[1]])
      worst = pair;
  return worst;
}

/** Fraction of the observations whose nearest other observation is of their own class (leave-one-out 1-NN). */
export function nearestNeighbourAccuracy({ labels, count }: LabelledLatents, { nearest }: PairDistances): number {
  let correct = 0;
  for (let i = 0; i < count; i++) if (labels[nearest[i]] === labels[i]) correct++;
  return correct / count;
}

/**
 * Mean silhouette width (Rousseeuw 1987): (b - a) / max(a, b), where a is the mean distance to the others of the own
 * class and b the smallest mean distance to another class. -1..1; 0 where classes overlap.
 */
export function silhouette({ labels, count, classCount }: LabelledLatents, { sumToClass }: PairDistances): number {
  const sizes = new Int32Array(classCount);
  for (const label of labels) sizes[label]++;
  let sum = 0;
  labels.forEach((own, i) => {
    const a = sumToClass[i * classCount + own] / (sizes[own] - 1);
    let b = Number.POSITIVE_INFINITY;
    sizes.forEach((size, c) => {
      if (c !== own && size > 0) b = Math.min(b, sumToClass[i * classCount + c] / size);
    });
    // 0 by definition of one alone, whose a is 0 / 0.
    const larger = Math.max(a, b);
    if (larger > 0 && Number.isFinite(b)) sum += (b - a) / larger;
  });
  return sum / count;
}
