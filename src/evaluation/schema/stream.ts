// The record of an evaluation that streamed: over the measures of a sample, those of all rows.

import { spectrumSlope } from '../../measures/spectrum/spectrum-slope.ts';
import type { GapBracket } from '../../measures/stream/closest.ts';
import type { Estimate, StreamedMeasures } from '../../measures/stream/result.ts';
import { decideVerdict, type VerdictEvidence } from '../../measures/verdict.ts';
import type { EncoderEvaluation } from '../runtime-measurement.ts';
import type { AnyEvaluationRecord, AnyRuntimeRecord } from './evaluation.ts';

export interface AllRows {
  readonly measures: StreamedMeasures;
  readonly digest: string;
  readonly machines: readonly string[];
  readonly classes: {
    readonly names: readonly string[];
    readonly judged: readonly number[];
    readonly centroids: readonly number[];
  };
  readonly sampledClasses: number;
}

/** @param record of the sample @param sampled what was measured of it on the first runtime */
export function withAllRows<Record extends AnyEvaluationRecord>(
  record: Record,
  sampled: EncoderEvaluation,
  { measures, digest, machines, classes, sampledClasses }: AllRows,
): Record {
  const runtimes: readonly AnyRuntimeRecord[] = record.runtimes;
  return {
    ...record,
    // Of each observation of the sample, which is not what was judged.
    judged: undefined,
    observations: measures.count,
    centroidObservations: classes.centroids.reduce((sum, count) => sum + count, 0),
    classes: { ...record.classes, names: [...classes.names], counts: [...classes.judged] },
    runtimes: runtimes.map((runtime, index) =>
      index === 0 ? ofAllRows(runtime, sampled, measures, classes.names) : { ...runtime, outcomes: undefined },
    ),
    stream: {
      digest,
      machines: [...machines],
      queries: measures.queries,
      standardErrors: {
        meanDistance: errorOf(measures.meanDistance),
        meanDistanceWithin: errorOf(measures.meanDistanceWithin),
        meanDistanceBetween: errorOf(measures.meanDistanceBetween),
        nearestNeighbourAccuracy: errorOf(measures.nearestNeighbourAccuracy),
        silhouette: errorOf(measures.silhouette),
        sharedLatents: errorOf(measures.sharedLatents),
      },
      smallestGap: bracketOf(measures.smallestGap),
      gapRatio: bracketOf(measures.gapRatio),
      sample: {
        observations: record.observations,
        centroidObservations: record.centroidObservations,
        classes: sampledClasses,
      },
    },
  };
}

function ofAllRows(
  sample: AnyRuntimeRecord,
  { distinctness }: EncoderEvaluation,
  measures: StreamedMeasures,
  names: readonly string[],
): AnyRuntimeRecord {
  const evidence: VerdictEvidence = {
    ...distinctness.evidence,
    smallestRecall: measures.recall.reduce((smallest, recall) => Math.min(smallest, recall), 1),
    meanDistance: measures.meanDistance.value,
    typicalDistance: measures.typicalDistance,
    latentStd: measures.latentStd,
    rootMeanSquareNorm: measures.rootMeanSquareNorm,
    roundingLength: measures.roundingLength,
  };
  const decision = decideVerdict(evidence);
  const { spectrum } = measures;
  const [a, b] = measures.centroidGapRatioPair;
  return {
    ...sample,
    outcomes: undefined,
    nearestCentroidAccuracy: measures.accuracy,
    smallestRecall: evidence.smallestRecall,
    smallestRecallClass: names[measures.recall.indexOf(evidence.smallestRecall)],
    nearestNeighbourAccuracy: measures.nearestNeighbourAccuracy.value,
    gapRatio: finite(measures.gapRatio.high),
    centroidGapRatio: finite(measures.centroidGapRatio),
    centroidGapRatioPair: [names[a], names[b]],
    smallestGap: measures.smallestGap.high,
    silhouette: measures.silhouette.value,
    meanDistance: evidence.meanDistance,
    relativeSpread:
      evidence.untrainedMeanDistance === undefined
        ? null
        : finite(evidence.meanDistance / evidence.untrainedMeanDistance),
    meanDistanceWithin: finite(measures.meanDistanceWithin.value),
    meanDistanceBetween: measures.meanDistanceBetween.value,
    latentStd: measures.latentStd,
    standardDeviations: Array.from(measures.standardDeviations),
    ...(spectrum === undefined
      ? {}
      : {
          rankMe: spectrum.rankMe,
          rankMeCentred: spectrum.rankMeCentred,
          alphaReQ: spectrumSlope(spectrum.centredSingularValues) ?? null,
          effectiveRank: spectrum.effectiveRank,
          effectiveRankUncentred: spectrum.effectiveRankUncentred,
          participationRatio: spectrum.participationRatio,
          spectrumSample: null,
        }),
    intrinsicDimension: finite(measures.intrinsicDimension),
    sharedLatents: measures.sharedLatents.value,
    // Of the reference against itself nothing can change; of another runtime the error is known of the sample alone.
    ...(sample.maxLatentError === 0 ? { certifiedAccuracy: measures.accuracy } : {}),
    verdict: decision.verdict,
    separable: { ...sample.separable, answer: decision.separable },
    clustered: { ...sample.clustered, answer: decision.clustered },
    reasons: decision.reasons.map(({ value, interval, ...reason }) => ({
      ...reason,
      value: finite(value),
      ...(interval
        ? { interval: [Number.isFinite(interval[0]) ? interval[0] : Number.MAX_VALUE, finite(interval[1])] }
        : {}),
    })),
  };
}

function errorOf({ standardError }: Estimate): number {
  return Number.isFinite(standardError) ? standardError : Number.MAX_VALUE;
}

function bracketOf({ low, high }: GapBracket): [number, number | null] {
  return [Number.isFinite(low) ? low : Number.MAX_VALUE, finite(high)];
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
