// What a sweep compares runs by: numbers out of evaluation.json, each under one name.
import type { EvaluationRecord, RuntimeRecord } from '../schema/evaluation.ts';

/** In the order of the table's columns. */
export const measureNames = [
  'accuracy',
  'certifiedAccuracy',
  'smallestRecall',
  'nearestNeighbourAccuracy',
  'toldApart',
  'clusterRatio',
  'relativeSpread',
  'meanDistance',
  'effectiveRank',
  'rankMe',
  'dynamicsResidual',
] as const;
/** A number that runs are compared by. */
export type SweepMeasure = (typeof measureNames)[number];

const readers: Readonly<Record<SweepMeasure, (runtime: RuntimeRecord) => number | null>> = {
  accuracy: (runtime) => runtime.nearestCentroidAccuracy,
  certifiedAccuracy: (runtime) => runtime.certifiedAccuracy,
  smallestRecall: (runtime) => runtime.smallestRecall,
  nearestNeighbourAccuracy: (runtime) => runtime.nearestNeighbourAccuracy,
  toldApart: (runtime) => runtime.separable.share,
  clusterRatio: (runtime) => runtime.clustered.ratio,
  relativeSpread: (runtime) => runtime.relativeSpread,
  meanDistance: (runtime) => runtime.meanDistance,
  effectiveRank: (runtime) => runtime.effectiveRank,
  rankMe: (runtime) => runtime.rankMe,
  dynamicsResidual: (runtime) => runtime.dynamicsResidual,
};

/** All measures of a run, of the first runtime it was evaluated on; null where one cannot be measured. */
export function measuresOf({ runtimes }: EvaluationRecord): Record<SweepMeasure, number | null> {
  const entries = measureNames.map((name) => [name, readers[name](runtimes[0])]);
  return Object.fromEntries(entries) as Record<SweepMeasure, number | null>;
}
