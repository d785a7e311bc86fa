// What one runtime gave, measured, and compared with the reference: errors, verdict, certificates, and what is wrong.

import type { NamedClasses } from '../evaluation/class/bisimulation.ts';
import { type Certificate, certify, latentError, type PairAtRisk } from '../measures/bound/certificate.ts';
import { centroidsOf } from '../measures/centroid.ts';
import type { ClassPair } from '../measures/class-gap.ts';
import { type Distinctness, measureDistinctness } from '../measures/distinctness.ts';
import {
  createLatents,
  type LabelledLatents,
  type Latents,
  labelLatents,
  rootMeanSquareNorm,
} from '../measures/latents.ts';
import type { RecordedLatents } from './held-out-files.ts';
import {
  largestRowDistance,
  type PredictedClasses,
  predictedClasses,
  predictionTolerance,
  smallestRowCosine,
} from './prediction.ts';
import type { RunnerResult, RunnerRuntime } from './protocol.ts';
import type { Runner } from './runner.ts';
import type { RanRow } from './schema.ts';

/** What the rows of a result are. */
export interface Rows {
  /** [n]: classes. */
  readonly judged: Int32Array;
  readonly centroids: Int32Array;
  readonly classes: NamedClasses;
  readonly recorded: RecordedLatents | undefined;
  readonly untrainedMeanDistance: number;
  /** [n] of the judged rows, where they are of recorded episodes. */
  readonly episodes?: Int32Array | undefined;
}

/** A result of all rows, measured. */
export interface Measured {
  readonly runtime: RunnerRuntime;
  readonly encodedCount: number;
  /** Of the held-out rows: judged, then those of the centroids, [N, D]. */
  readonly latents: Latents;
  readonly judged: LabelledLatents;
  readonly centroidLatents: LabelledLatents;
  /** [C, D] */
  readonly centroids: Float64Array;
  readonly distinctness: Distinctness;
  readonly predicted: readonly [Float32Array, Float32Array];
  readonly predictedClasses: readonly [PredictedClasses, PredictedClasses];
  /** Latents of the recorded observations, where there are any. */
  readonly recorded: Float32Array | undefined;
}

/** @throws JepaError where numbers are not finite */
export function measure({ runtime, latent, predicted }: RunnerResult, rows: Rows): Measured {
  const { judged, centroids: centroidRows, classes, untrainedMeanDistance, episodes } = rows;
  const heldOutCount = judged.length + centroidRows.length;
  const size = sizeOf(latent, heldOutCount, rows);
  const part = (from: number, to: number) => createLatents(latent.subarray(from * size, to * size), size);
  const judgedLatents = labelLatents(part(0, judged.length), judged, classes.count);
  const centroidLatents = labelLatents(part(judged.length, heldOutCount), centroidRows, classes.count);
  const centroids = centroidsOf(centroidLatents);
  const steps = [0, 1].map((step) => createLatents(predicted[step].subarray(0, heldOutCount * size), size).values);
  const ahead: [Float32Array, Float32Array] = [steps[0], steps[1]];
  return {
    runtime,
    encodedCount: latent.length / size,
    latents: part(0, heldOutCount),
    judged: judgedLatents,
    centroidLatents,
    centroids,
    distinctness: measureDistinctness({ latents: judgedLatents, centroidLatents, episodes, untrainedMeanDistance }),
    predicted: ahead,
    predictedClasses: [predictedClasses(ahead[0], centroids, size), predictedClasses(ahead[1], centroids, size)],
    recorded: latent.length > heldOutCount * size ? latent.subarray(heldOutCount * size) : undefined,
  };
}

/** D: the runner was checked to have written whole rows; with or without the recorded ones. */
function sizeOf(latent: Float32Array, heldOutCount: number, { recorded }: Rows): number {
  const withRecorded = latent.length / (heldOutCount + (recorded?.count ?? 0));
  const recordedSize = recorded ? recorded.latents.length / recorded.count : undefined;
  return recordedSize === undefined || withRecorded === recordedSize ? withRecorded : latent.length / heldOutCount;
}

export interface Tolerances {
  readonly certificate: Certificate;
  readonly predictor: readonly [number, number];
}

/** The tolerances that follow from the reference, for a runtime with this latent error and verdict. */
export function tolerancesOf(
  reference: Measured,
  maxDistance = 0,
  verdict = reference.distinctness.decision.verdict,
): Tolerances {
  const { decision } = reference.distinctness;
  const certificate = certify({ latents: reference.judged, ...reference.distinctness }, maxDistance, verdict);
  const [one, two] = reference.predictedClasses;
  return {
    certificate,
    predictor: [
      predictionTolerance(one, certificate.tolerance, decision.verdict),
      predictionTolerance(two, certificate.tolerance, decision.verdict),
    ],
  };
}

export interface Comparison {
  readonly runner: Runner;
  readonly main: Measured;
  /** The first rows again, at other batch sizes. */
  readonly tried: readonly RunnerResult[];
  readonly reference: Measured;
  readonly rows: Rows;
  readonly batchSizes: readonly number[];
}

export function compare({ runner, main, tried, reference, rows, batchSizes }: Comparison): RanRow {
  const { size } = reference.latents;
  const error = latentError(reference.latents, main.latents);
  let { maxDistance, maxAbsolute } = error;
  const predictorErrors: [number, number] = [0, 0];
  for (const step of [0, 1])
    predictorErrors[step] = largestRowDistance(reference.predicted[step], main.predicted[step], size);
  for (const result of tried) {
    const count = Math.min(result.latent.length, reference.latents.values.length) / size;
    const first = createLatents(result.latent.subarray(0, count * size), size);
    const again = latentError({ ...first, values: reference.latents.values.subarray(0, count * size) }, first);
    maxDistance = Math.max(maxDistance, again.maxDistance);
    maxAbsolute = Math.max(maxAbsolute, again.maxAbsolute);
    for (const step of [0, 1])
      predictorErrors[step] = Math.max(
        predictorErrors[step],
        largestRowDistance(reference.predicted[step], createLatents(result.predicted[step], size).values, size),
      );
  }
  const { decision, centroids } = main.distinctness;
  const { certificate, predictor } = tolerancesOf(reference, maxDistance, decision.verdict);
  const recordedError =
    main.recorded && rows.recorded ? largestRowDistance(rows.recorded.latents, main.recorded, size) : null;
  const predictorHolds = predictorErrors.every((each, step) => each === 0 || each < predictor[step]);
  const faults = [
    ...verdictFaults(reference, decision.verdict, maxDistance, certificate, rows.classes.names),
    ...predictorErrors.flatMap((each, step) =>
      each === 0 || each < predictor[step]
        ? []
        : [
            `predictions ${step + 1} ahead are off by ${each.toPrecision(3)}, of ${predictor[step].toPrecision(3)} allowed`,
          ],
    ),
    // Random inputs lie outside of what an 8-bit encoder was calibrated on: of variants the number is only told.
    ...(recordedError !== null &&
    runner.model === 'float32' &&
    recordedError >= certificate.tolerance &&
    recordedError > 0
      ? [`latents recorded at export are missed by ${recordedError.toPrecision(3)}`]
      : []),
  ];
  return {
    runtime: runner.name,
    status: 'ran',
    holds: faults.length === 0,
    faults,
    version: main.runtime.version,
    provider: main.runtime.provider,
    device: main.runtime.device,
    precision: main.runtime.precision,
    model: runner.model,
    threads: main.runtime.threads,
    nodesByProvider: main.runtime.nodesByProvider ? { ...main.runtime.nodesByProvider } : null,
    batchSizes: [...batchSizes],
    maxLatentError: maxDistance,
    maxAbsoluteError: maxAbsolute,
    relativeLatentError: maxDistance > 0 ? maxDistance / rootMeanSquareNorm(reference.latents) : 0,
    smallestCosine: smallestRowCosine(reference.latents.values, main.latents.values, size),
    recordedError,
    predictorErrors,
    predictionsElsewhere: [elsewhere(reference, main, 0), elsewhere(reference, main, 1)],
    predictorHolds,
    nearestCentroidAccuracy: centroids.accuracy,
    centroidGapRatio: Number.isFinite(centroids.centroidGapRatio) ? centroids.centroidGapRatio : null,
    verdict: decision.verdict,
    verdictHolds: certificate.verdictHolds,
    isReference: main === reference,
    certifiedAccuracy: certificate.certifiedAccuracy,
    pairsAtRisk: certificate.pairsAtRisk.map((pair) => namedPair(pair, rows.classes.names)),
    millisecondsPerObservation: main.runtime.encodeMs / main.encodedCount,
  };
}

function verdictFaults(
  reference: Measured,
  verdict: RanRow['verdict'],
  maxDistance: number,
  certificate: Certificate,
  names: readonly string[],
): string[] {
  const expected = reference.distinctness.decision.verdict;
  const risks = certificate.pairsAtRisk.slice(0, 5).map(({ classes: [a, b] }) => `${names[a]} as ${names[b]}`);
  const atRisk = risks.length > 0 ? `; at risk: ${risks.join(', ')}` : '';
  if (verdict !== expected) return [`the verdict is ${verdict} instead of ${expected}${atRisk}`];
  if (certificate.verdictHolds) return [];
  return [
    `twice the latent error of ${maxDistance.toPrecision(3)} reaches the deciding gap of ` +
      `${certificate.decidingGap.toPrecision(3)}${atRisk}`,
  ];
}

function elsewhere(reference: Measured, main: Measured, step: 0 | 1): number {
  const expected = reference.predictedClasses[step].nearest;
  const found = main.predictedClasses[step].nearest;
  return expected.reduce((count, label, index) => count + (found[index] === label ? 0 : 1), 0);
}

function namedPair(
  { classes: [a, b], observations }: PairAtRisk,
  names: readonly string[],
): RanRow['pairsAtRisk'][number] {
  const named = ([first, second]: ClassPair): [string, string] => [names[first], names[second]];
  return { classes: named([a, b]), observations };
}
