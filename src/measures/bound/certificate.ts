// The robustness margin on these observations: could latents that are as close to the reference's as this runtime's are have
// another verdict? The error is measured, not bounded: of other observations, or of a runtime that was not run, nothing is said.

import type { CentroidMeasures } from '../centroid.ts';
import { type ClassPair, classPairs } from '../class-gap.ts';
import type { LabelledLatents, Latents } from '../latents.ts';
import { squaredDistance } from '../pair-distance.ts';
import type { Separability } from '../separability.ts';
import { decideVerdict, type Verdict, type VerdictEvidence } from '../verdict.ts';

/** How far the latents of one runtime are from those of the reference. */
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

/** Whether an error of latents is too small to change which centroid is nearest. */
export interface Certificate {
  /** The largest latent error under which the verdict on the reference's latents cannot change, its rules being kept. */
  readonly tolerance: number;
  /** Twice the tolerance: the smallest gap that decides the verdict. */
  readonly decidingGap: number;
  /** The runtime's verdict is the reference's, and twice its largest latent error is below the deciding gap. */
  readonly verdictHolds: boolean;
  /** Share of the judged observations whose nearest centroid is their own class's, and stays so under this error. */
  readonly certifiedAccuracy: number;
  /** Pairs of classes between which single observations could change sides under this error, most first. */
  readonly pairsAtRisk: readonly PairAtRisk[];
}

/** The measures of the reference that a certificate is computed from. */
export interface CertifiedReference {
  readonly latents: LabelledLatents;
  readonly centroids: CentroidMeasures;
  readonly separability: Separability;
  readonly evidence: VerdictEvidence;
}

/**
 * Whether the verdict of the reference bears errors of the size that was measured on a runtime, and how many observations keep their
 * nearest class under it.
 *
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
    certifiedAccuracy: fractionAbove(Float64Array.from(reference.centroids.margins).sort(), 4 * maxDistance),
    pairsAtRisk: pairsAtRisk(reference, maxDistance),
  };
}

/** The largest error that leaves the verdict certain, to a relative 2^-40; 0 where none does. */
function verdictTolerance(reference: CertifiedReference): number {
  const pairs = marginsByPair(reference.separability, reference.latents.classCount);
  const isCertain = (error: number) => verdictsWithin(reference, pairs, error).size === 1;
  // Beyond this every latent can be anywhere among the others: nothing could be certain.
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
 * The verdicts that judged latents within `error` of the reference's can have, by the rules that were learned from the reference's
 * other latents. A distance of two judged latents changes by at most twice the error.
 */
function verdictsWithin(reference: CertifiedReference, pairs: readonly PairMargins[], error: number): Set<Verdict> {
  const { evidence } = reference;
  const moved = 2 * error;
  const separations = [error, -error].map((slack) => smallestSeparation(pairs, slack));
  const found = new Set<Verdict>();
  for (const separation of separations)
    for (const sign of [-1, 1])
      found.add(
        decideVerdict({
          ...evidence,
          separation,
          meanDistance: Math.max(0, evidence.meanDistance + sign * moved),
          typicalDistance: Math.max(0, evidence.typicalDistance + sign * moved),
          roundingLength: Math.max(0, evidence.roundingLength - sign * error * Math.sqrt(evidence.size) * 2 ** -24),
        }).verdict,
      );
  return found;
}

/** Of one pair of classes, for each rule and each of the two: the errors that its observations survive, rising. */
type PairMargins = readonly (readonly [Float32Array, Float32Array])[];

function marginsByPair({ margins, labels }: Separability, classCount: number): PairMargins[] {
  const rows: number[][] = Array.from({ length: classCount }, () => []);
  for (const [i, label] of labels.entries()) rows[label].push(i);
  const side = (of: Float32Array, own: number, other: number) =>
    Float32Array.from(rows[own], (i) => of[i * classCount + other]).sort();
  return classPairs(classCount).map(([a, b]) => margins.map((of) => [side(of, a, b), side(of, b, a)]));
}

/** As in separability.ts, of observations that survive more than `slack`. */
function smallestSeparation(pairs: readonly PairMargins[], slack: number): number {
  let smallest = 1;
  for (const rules of pairs) {
    let best = 0;
    for (const [first, second] of rules)
      best = Math.max(best, Math.min(fractionAbove(first, slack), fractionAbove(second, slack)));
    smallest = Math.min(smallest, best);
  }
  return smallest;
}

function fractionAbove(sorted: Float64Array | Float32Array, slack: number): number {
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
