// The numerical certificate: could the rounding of a runtime have changed the verdict? Not assumed but computed, by
// bounding every number that decides it over all latents that are as close to the reference as this runtime's are.
import type { CentroidMeasures } from './centroid.ts';
import type { ClassPair } from './class-gap.ts';
import type { LabelledLatents, Latents } from './latents.ts';
import { squaredDistance } from './pair-distance.ts';
import { decideVerdict, type Verdict, type VerdictEvidence } from './verdict.ts';

export interface LatentError {
  /** The largest Euclidean distance between the two latents of one observation. */
  readonly maxDistance: number;
  /** The largest difference of one number. */
  readonly maxAbsolute: number;
  /** maxDistance over the root mean square length of the reference's latents. */
  readonly relative: number;
  /** The observation with the largest distance. */
  readonly worst: number;
}

/** Compares the latents of the same observations, row by row. */
export function latentError(reference: Latents, latents: Latents): LatentError {
  const { size, count, values } = reference;
  if (latents.size !== size || latents.count !== count)
    throw new RangeError(`latents: expected [${count}, ${size}], got [${latents.count}, ${latents.size}]`);
  let maxSquared = 0;
  let maxAbsolute = 0;
  let worst = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const squared = squaredDistance(values, i * size, latents.values, i * size, size);
    if (squared > maxSquared) {
      maxSquared = squared;
      worst = i;
    }
    for (let k = i * size; k < (i + 1) * size; k++) {
      maxAbsolute = Math.max(maxAbsolute, Math.abs(values[k] - latents.values[k]));
      squares += values[k] * values[k];
    }
  }
  const maxDistance = Math.sqrt(maxSquared);
  const scale = Math.sqrt(squares / count);
  return { maxDistance, maxAbsolute, relative: scale > 0 ? maxDistance / scale : 0, worst };
}

/** Two classes and how many of the first's observations could change sides. */
export interface PairAtRisk {
  readonly classes: ClassPair;
  readonly observations: number;
}

export interface Certificate {
  /** The largest latent error under which the verdict on the reference's latents cannot change. */
  readonly tolerance: number;
  /** Twice the tolerance: the smallest gap that decides the verdict. */
  readonly decidingGap: number;
  /** The runtime's verdict is the reference's, and twice its largest latent error is below the deciding gap. */
  readonly verdictHolds: boolean;
  /** Pairs of classes between which single observations could change sides under this error, most first. */
  readonly pairsAtRisk: readonly PairAtRisk[];
}

/** The measures of the reference that a certificate is computed from. */
export interface CertifiedReference {
  readonly latents: LabelledLatents;
  readonly centroids: CentroidMeasures;
  readonly evidence: VerdictEvidence;
}

/**
 * @param maxDistance the runtime's largest latent error, over the judged observations and those of the centroids
 * @param verdict the verdict on the runtime's own latents
 */
export function certify(reference: CertifiedReference, maxDistance: number, verdict: Verdict): Certificate {
  const tolerance = verdictTolerance(reference);
  const isSame = verdict === decideVerdict(reference.evidence).verdict;
  return {
    tolerance,
    decidingGap: 2 * tolerance,
    verdictHolds: isSame && (maxDistance === 0 || maxDistance < tolerance),
    pairsAtRisk: pairsAtRisk(reference, maxDistance),
  };
}

/** The largest error that leaves the verdict certain, to a relative 2^-40; 0 where none does. */
function verdictTolerance(reference: CertifiedReference): number {
  const sortedMargins = marginsByClass(reference);
  const isCertain = (error: number) => verdictsWithin(reference, sortedMargins, error).size === 1;
  // Beyond this every centroid can be anywhere among the latents: nothing could be certain.
  let high = Math.max(reference.evidence.meanDistance, reference.evidence.rootMeanSquareNorm, Number.MIN_VALUE);
  if (isCertain(high)) return high;
  let low = 0;
  for (let step = 0; step < 80 && high - low > high * 2 ** -40; step++) {
    const middle = (low + high) / 2;
    if (isCertain(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The verdicts that latents within `error` of the reference's can have. A latent and a centroid (a mean of latents) move
 * by at most `error` each; so a distance changes by at most twice that, and a margin, a difference of two, by four times.
 */
function verdictsWithin(
  reference: CertifiedReference,
  sortedMargins: readonly Float64Array[],
  error: number,
): Set<Verdict> {
  const { evidence, centroids, latents } = reference;
  const moved = 2 * error;
  const pessimistic: VerdictEvidence = {
    ...evidence,
    smallestRecall: smallestRecall(sortedMargins, 2 * moved),
    centroidGapRatio: boundRatio(centroids, latents.classCount, moved),
  };
  const optimistic: VerdictEvidence = {
    ...evidence,
    smallestRecall: smallestRecall(sortedMargins, -2 * moved),
    centroidGapRatio: boundRatio(centroids, latents.classCount, -moved),
  };
  const spreads = [-1, 1].map((sign) => ({
    meanDistance: Math.max(0, evidence.meanDistance + sign * moved),
    // The mean over D of standard deviations moves by at most the root mean square of the movement of one number.
    latentStd: Math.max(0, evidence.latentStd + (sign * error) / Math.sqrt(latents.size)),
    rootMeanSquareNorm: Math.max(0, evidence.rootMeanSquareNorm - sign * error),
  }));
  const found = new Set<Verdict>();
  for (const order of [pessimistic, optimistic])
    for (const spread of spreads) found.add(decideVerdict({ ...order, ...spread }).verdict);
  return found;
}

/** The smallest fraction of a class whose margin exceeds `slack`. */
function smallestRecall(sortedMargins: readonly Float64Array[], slack: number): number {
  return sortedMargins.reduce((smallest, margins) => Math.min(smallest, fractionAbove(margins, slack)), 1);
}

/** Bounds every pair's centroid gap ratio when distances shrink and radii grow by `moved` (or the reverse where negative). */
function boundRatio({ centroidDistances, radii }: CentroidMeasures, classCount: number, moved: number): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let a = 0; a < classCount; a++)
    for (let b = a + 1; b < classCount; b++) {
      const gap = Math.max(0, centroidDistances[a * classCount + b] - moved);
      const extent = 2 * Math.max(0, Math.max(radii[a], radii[b]) + moved);
      const ratio = extent > 0 ? gap / extent : gap > 0 ? Number.POSITIVE_INFINITY : 0;
      smallest = Math.min(smallest, ratio);
    }
  return smallest;
}

function marginsByClass({ latents, centroids }: CertifiedReference): Float64Array[] {
  const lists: number[][] = Array.from({ length: latents.classCount }, () => []);
  latents.labels.forEach((label, index) => {
    lists[label].push(centroids.margins[index]);
  });
  return lists.map((list) => Float64Array.from(list).sort());
}

function fractionAbove(sorted: Float64Array, slack: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > slack) high = middle;
    else low = middle + 1;
  }
  return (sorted.length - low) / sorted.length;
}

function pairsAtRisk({ latents, centroids }: CertifiedReference, maxDistance: number): PairAtRisk[] {
  const { classCount, labels } = latents;
  const counts = new Map<number, number>();
  labels.forEach((own, index) => {
    if (Math.abs(centroids.margins[index]) > 4 * maxDistance || maxDistance === 0) return;
    const key = own * classCount + centroids.rivals[index];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  return [...counts]
    .map(
      ([key, observations]): PairAtRisk => ({
        classes: [Math.floor(key / classCount), key % classCount],
        observations,
      }),
    )
    .sort((a, b) => b.observations - a.observations || a.classes[0] - b.classes[0] || a.classes[1] - b.classes[1]);
}
