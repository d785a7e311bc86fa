// All measures of one set of latents together: what an evaluation records of one runtime.
import { UsageError } from '../error.ts';
import { type CentroidMeasures, centroidsOf, measureCentroids } from './centroid.ts';
import { type ClassGaps, measureClassGaps, nearestNeighbourAccuracy, silhouette } from './class-gap.ts';
import { twoNearestNeighbourDimension } from './intrinsic-dimension.ts';
import { type LabelledLatents, rootMeanSquareNorm, standardDeviations } from './latents.ts';
import { measurePairs, type PairDistances } from './pair-distance.ts';
import { measureSpectrum, type Spectrum } from './spectrum.ts';
import { decideVerdict, type VerdictDecision, type VerdictEvidence, verdictEvidence } from './verdict.ts';

export interface DistinctnessInput {
  /** The held-out observations that are judged. */
  readonly latents: LabelledLatents;
  /** Other observations, from which the centroids are taken. */
  readonly centroidLatents: LabelledLatents;
  /** Mean pairwise distance that the untrained encoder gives to the judged observations, where it is known. */
  readonly untrainedMeanDistance?: number | undefined;
  /** Whether the latents have the unit scale that initialisers give, where no untrained encoder is known. Default true. */
  readonly hasUnitScale?: boolean | undefined;
}

export interface Distinctness {
  readonly centroids: CentroidMeasures;
  readonly gaps: ClassGaps;
  readonly pairs: PairDistances;
  readonly spectrum: Spectrum;
  readonly nearestNeighbourAccuracy: number;
  readonly silhouette: number;
  /** [D] */
  readonly standardDeviations: Float64Array;
  /** NaN where too few observations have two distinct neighbours. */
  readonly intrinsicDimension: number;
  readonly evidence: VerdictEvidence;
  readonly decision: VerdictDecision;
}

/** @throws UsageError where there is one class only, or the two sets have other classes or sizes. */
export function measureDistinctness(input: DistinctnessInput): Distinctness {
  const { latents, centroidLatents, untrainedMeanDistance, hasUnitScale } = input;
  if (latents.classCount < 2)
    throw new UsageError(`distinctness: expected at least 2 classes, got ${latents.classCount}`, {
      remedy: 'Nothing needs to be told apart here: choose an auxiliary or an environment with more than one class.',
    });
  if (centroidLatents.classCount !== latents.classCount || centroidLatents.size !== latents.size)
    throw new UsageError(
      `distinctness: expected centroids of ${latents.classCount} classes in ${latents.size} dimensions, ` +
        `got ${centroidLatents.classCount} in ${centroidLatents.size}`,
    );
  const centroids = measureCentroids(latents, centroidsOf(centroidLatents));
  const pairs = measurePairs(latents);
  const deviations = standardDeviations(latents);
  const evidence = verdictEvidence(centroids, {
    meanDistance: pairs.meanDistance,
    latentStd: deviations.reduce((sum, deviation) => sum + deviation, 0) / latents.size,
    rootMeanSquareNorm: rootMeanSquareNorm(latents),
    untrainedMeanDistance,
    hasUnitScale,
  });
  return {
    centroids,
    gaps: measureClassGaps(latents, pairs),
    pairs,
    spectrum: measureSpectrum(latents),
    nearestNeighbourAccuracy: nearestNeighbourAccuracy(latents, pairs),
    silhouette: silhouette(latents, pairs),
    standardDeviations: deviations,
    intrinsicDimension: twoNearestNeighbourDimension(pairs.nearestDistance, pairs.secondDistance),
    evidence,
    decision: decideVerdict(evidence),
  };
}
