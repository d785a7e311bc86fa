// What is measured of an encoder again and again while it trains: on the same few observations each time, so that the curves
// show the encoder and not the draw. An evaluation measures more, of more observations.
// Letters: N observations, D latent, C classes.
import { UsageError } from '../error.ts';
import { centroidsOf, measureCentroids } from './centroid.ts';
import { measureClassGaps } from './class-gap.ts';
import { createLatents, labelLatents } from './latents.ts';
import { measurePairs } from './pair-distance.ts';
import { twoNearestNeighbourDimension } from './spectrum/intrinsic-dimension.ts';
import { lidar } from './spectrum/lidar.ts';
import { measureSpectrum } from './spectrum/spectrum.ts';
import { spectrumSlope } from './spectrum/spectrum-slope.ts';

/** The observations that every measurement is of. None of them is trained on. */
export interface Baseline {
  /** [N, ...observationShape] */
  readonly observations: Uint8Array | Float32Array;
  /** Where it is known what must be told apart: classes of all observations, and others for the centroids. */
  readonly classes?:
    | {
        readonly count: number;
        /** [N] in 0..count-1; at least two of every class. */
        readonly labels: Int32Array;
        readonly centroidObservations: Uint8Array | Float32Array;
        /** Of `centroidObservations`. */
        readonly centroidLabels: Int32Array;
      }
    | undefined;
}

const measuresOfClasses = ['accuracy', 'centroidGapRatio', 'gapRatio', 'lidar'] as const;
const measuresOfLatents = ['meanDistance', 'rankMe', 'effectiveRank', 'intrinsicDimension', 'alphaReQ'] as const;

/** Those of classes only where classes are known; `jacobianRank` is measured by the training, which has the encoder. */
export const baselineMeasureNames = [...measuresOfClasses, ...measuresOfLatents, 'jacobianRank'] as const;
export type BaselineMeasure = (typeof baselineMeasureNames)[number];

export type BaselineMeasures = Readonly<Partial<Record<BaselineMeasure, number>>>;

/**
 * Measures the latents of a baseline.
 * @param latents [N, D]
 * @param centroidLatents [M, D] of the centroids' observations; empty where there are no classes
 * @returns NaN for everything where a latent is not finite: training says so itself at its next step
 */
export function measureBaseline(
  { classes }: Baseline,
  size: number,
  latents: Float32Array,
  centroidLatents: Float32Array,
): BaselineMeasures {
  const count = classes?.count ?? 1;
  const labels = classes?.labels ?? new Int32Array(latents.length / size);
  const areFinite = latents.every(Number.isFinite) && centroidLatents.every(Number.isFinite);
  if (!areFinite) return Object.fromEntries(namesFor(count).map((name) => [name, Number.NaN]));
  const judged = labelLatents(createLatents(latents, size), labels, count);
  const pairs = measurePairs(judged);
  const { rankMe, effectiveRank, centredSingularValues } = measureSpectrum(judged);
  const general = {
    meanDistance: pairs.meanDistance,
    rankMe,
    effectiveRank,
    intrinsicDimension: twoNearestNeighbourDimension(pairs.nearestDistance, pairs.secondDistance),
    alphaReQ: spectrumSlope(centredSingularValues)?.alpha ?? Number.NaN,
  };
  if (classes === undefined) return general;
  const others = labelLatents(createLatents(centroidLatents, size), classes.centroidLabels, count);
  const { accuracy, centroidGapRatio } = measureCentroids(judged, centroidsOf(others));
  return {
    accuracy,
    centroidGapRatio,
    gapRatio: measureClassGaps(judged, pairs).gapRatio,
    lidar: lidar(judged),
    ...general,
  };
}

function namesFor(classCount: number): BaselineMeasure[] {
  return [...(classCount > 1 ? measuresOfClasses : []), ...measuresOfLatents];
}

/** What a training measures of this baseline. */
export function measuresOf({ classes }: Baseline): readonly BaselineMeasure[] {
  return [...namesFor(classes?.count ?? 1), 'jacobianRank'];
}

/**
 * A baseline with classes where they can be measured: where there are two at least, and each has two observations at least
 * in both sets.
 */
export function createBaseline(
  judged: { readonly observations: Uint8Array | Float32Array; readonly labels: Int32Array },
  others: { readonly observations: Uint8Array | Float32Array; readonly labels: Int32Array },
  classCount: number,
): Baseline {
  if (judged.labels.length === 0) throw new UsageError('baseline: expected labelled observations, got none');
  const isMeasurable = classCount > 1 && hasAll(judged.labels, classCount) && hasAll(others.labels, classCount);
  if (!isMeasurable) return { observations: judged.observations };
  return {
    observations: judged.observations,
    classes: {
      count: classCount,
      labels: judged.labels,
      centroidObservations: others.observations,
      centroidLabels: others.labels,
    },
  };
}

/** Whether every class has two observations at least, which latents with labels must have. */
function hasAll(labels: Int32Array, classCount: number): boolean {
  const counts = new Int32Array(classCount);
  for (const label of labels) counts[label]++;
  return counts.every((count) => count >= 2);
}
