// All measures of one set of latents together: what an evaluation records of one runtime.
import { UsageError } from '../error.ts';
import { type CentroidMeasures, centroidsOf, measureCentroids } from './centroid.ts';
import { type ClassGaps, measureClassGaps, nearestNeighbourAccuracy, silhouette } from './class-gap.ts';
import { sampleRows, takeRows } from './class-sample.ts';
import { type LabelledLatents, rootMeanSquareNorm, roundingLength, standardDeviations } from './latents.ts';
import { measureOrganisation, type Organisation } from './organisation.ts';
import { measurePairs, type PairDistances, typicalDistance } from './pair-distance.ts';
import { measureSeparability, type Separability } from './separability.ts';
import { twoNearestNeighbourDimension } from './spectrum/intrinsic-dimension.ts';
import { lidar } from './spectrum/lidar.ts';
import { measureSpectrum, type Spectrum } from './spectrum/spectrum.ts';
import { decideVerdict, type VerdictDecision, type VerdictEvidence, verdictThresholds } from './verdict.ts';

/** Labelled latents to judge, those that give the centroids, and what they are compared with. */
export interface DistinctnessInput {
  /** The held-out observations that are judged. */
  readonly latents: LabelledLatents;
  /** Other observations, from which the centroids are taken. */
  readonly centroidLatents: LabelledLatents;
  /** [N] of the judged observations, where they are frames of recorded episodes: those of one are not independent. */
  readonly episodes?: Int32Array | undefined;
  /** Mean pairwise distance that the untrained encoder gives to the judged observations, where it is known. */
  readonly untrainedMeanDistance?: number | undefined;
  /** Whether the latents have the unit scale that initialisers give, where no untrained encoder is known. Default true. */
  readonly hasUnitScale?: boolean | undefined;
}

/** All measures of whether latents of different classes stay apart, and the verdict on them. */
export interface Distinctness {
  readonly separability: Separability;
  readonly organisation: Organisation;
  /** Share of the observations whose latent, up to rounding, an observation of another class has as well. */
  readonly sharedLatents: number;
  readonly centroids: CentroidMeasures;
  readonly gaps: ClassGaps;
  readonly pairs: PairDistances;
  readonly spectrum: Spectrum;
  readonly lidar: number;
  readonly nearestNeighbourAccuracy: number;
  readonly silhouette: number;
  /** [D] */
  readonly standardDeviations: Float64Array;
  /** NaN where too few observations have two distinct neighbours. */
  readonly intrinsicDimension: number;
  readonly evidence: VerdictEvidence;
  readonly decision: VerdictDecision;
}

/** The work grows with the third power of the smaller of them and D. */
const LIDAR_OBSERVATIONS = 1024;

/** @throws UsageError where there is one class only, or the two sets have other classes or sizes. */
export function measureDistinctness(input: DistinctnessInput): Distinctness {
  const { latents, centroidLatents, episodes, untrainedMeanDistance, hasUnitScale } = input;
  if (latents.classCount < 2)
    throw new UsageError(`distinctness: expected at least 2 classes, got ${latents.classCount}`, {
      remedy: 'Nothing needs to be told apart here: choose an auxiliary or an environment with more than one class.',
    });
  if (centroidLatents.classCount !== latents.classCount || centroidLatents.size !== latents.size)
    throw new UsageError(
      `distinctness: expected centroids of ${latents.classCount} classes in ${latents.size} dimensions, ` +
        `got ${centroidLatents.classCount} in ${centroidLatents.size}`,
    );
  if (untrainedMeanDistance !== undefined && !(untrainedMeanDistance >= 0))
    throw new UsageError(
      `distinctness: expected a mean distance of untrained latents from 0 on, got ${untrainedMeanDistance}`,
    );
  const centroids = measureCentroids(latents, centroidsOf(centroidLatents));
  const pairs = measurePairs(latents);
  const deviations = standardDeviations(latents);
  const separability = measureSeparability({
    latents,
    learnedFrom: centroidLatents,
    episodes,
    threshold: verdictThresholds.separation,
  });
  const organisation = measureOrganisation({ latents, others: centroidLatents, episodes });
  const rounding = roundingLength(latents);
  const evidence: VerdictEvidence = {
    separation: separability.share,
    separationInterval: separability.interval,
    clusterRatio: organisation.ratio,
    clusterInterval: organisation.interval,
    smallestRecall: centroids.recall.reduce((smallest, recall) => Math.min(smallest, recall), 1),
    meanDistance: pairs.meanDistance,
    typicalDistance: typicalDistance(latents),
    latentStd: deviations.reduce((sum, deviation) => sum + deviation, 0) / latents.size,
    size: latents.size,
    rootMeanSquareNorm: rootMeanSquareNorm(latents),
    roundingLength: rounding,
    untrainedMeanDistance,
    hasUnitScale,
  };
  const shared = pairs.nearestOther.reduce((count, distance) => count + (distance <= 2 * rounding ? 1 : 0), 0);
  return {
    separability,
    organisation,
    sharedLatents: shared / latents.count,
    centroids,
    gaps: measureClassGaps(latents, pairs),
    pairs,
    spectrum: measureSpectrum(latents),
    lidar: lidar(takeRows(latents, sampleRows(latents, LIDAR_OBSERVATIONS))),
    nearestNeighbourAccuracy: nearestNeighbourAccuracy(latents, pairs),
    silhouette: silhouette(latents, pairs),
    standardDeviations: deviations,
    intrinsicDimension: twoNearestNeighbourDimension(pairs.nearestDistance, pairs.secondDistance),
    evidence,
    decision: decideVerdict(evidence),
  };
}
