// From an evaluation to the baseline that it leaves: its outcomes, a few latents to be found again, and a compact sample of all.
import { JepaError } from '../../error.ts';
import { centroidsOf } from '../../measures/centroid.ts';
import { sampleRows, takeRows } from '../../measures/class-sample.ts';
import { type LabelledLatents, rootMeanSquareNorm, roundingLength } from '../../measures/latents.ts';
import { squaredDistance } from '../../measures/pair-distance.ts';
import { permutation, randomFor } from '../../random.ts';
import type { EncoderEvaluation } from '../runtime-measurement.ts';
import type { AnyEvaluationRecord, EncoderEvaluationRecord } from '../schema/evaluation.ts';
import { numbersOf } from '../schema/outcome.ts';
import { BASELINE_FORMAT, type Baseline, packLatents } from './schema.ts';

/** Latents to be found again: a handful, of as many classes as there is room for. */
const PINNED = 16;
/** The reference sample: enough for a shift of a third of a deviation in one direction, small enough to be committed. */
const REFERENCE = { most: 1024, bytes: 2 ** 20, least: 64 } as const;
/** Of the held-out distances to the own centroid; beyond it an observation is outside of a class. */
export const INSIDE_QUANTILE = 0.99;

/** What was evaluated, as far as a baseline needs it beside the record. */
export interface EvaluatedEncoder {
  readonly name: string;
  /** Of its file. */
  readonly sha256: string | null;
  /** Undefined where only the latents are known. */
  readonly observationShape: readonly number[] | undefined;
  /** Judged observations that were asked for. */
  readonly asked: number;
}

/** Of the first runtime. @param madeBy package and version */
export function makeBaseline(
  record: AnyEvaluationRecord,
  { latents, centroidLatents, distinctness }: Pick<EncoderEvaluation, 'latents' | 'centroidLatents' | 'distinctness'>,
  { name, sha256, observationShape, asked }: EvaluatedEncoder,
  madeBy: string,
): Baseline {
  const [first] = record.runtimes;
  const { judged } = record;
  const { outcomes } = first;
  if (judged === undefined || outcomes === undefined)
    throw new JepaError('baseline: expected a record with the outcome of every observation, got none');
  const pinnedRows = sampleRows(latents, PINNED).slice(0, PINNED);
  const pinned = takeRows(latents, pinnedRows);
  const sampled = referenceRows(latents, record.seed);
  const reference = takeRows(latents, sampled);
  const episodes = judged.episodes === null ? null : numbersOf(judged.episodes);
  const centroids = Float32Array.from(centroidsOf(centroidLatents));
  const { verdict, separable, clustered, decidingGap, nearestCentroidAccuracy } = first;
  return {
    format: BASELINE_FORMAT,
    madeBy,
    encoder: { name, sha256, ...('encoder' in record ? fedWith(record.encoder) : {}) },
    observed: {
      name: record.environment.name,
      shape: [...(observationShape ?? [])],
      seed: record.seed,
      asked,
      metric: record.metric,
      classes: { of: record.classes.of, names: [...record.classes.names] },
      judged,
    },
    measured: {
      runtime: first.runtime,
      provider: first.provider,
      version: first.version,
      precision: first.precision,
      verdict,
      separable: { answer: separable.answer, share: separable.share, interval: separable.interval },
      clustered: { answer: clustered.answer, ratio: clustered.ratio, interval: clustered.interval },
      decidingGap,
      nearestCentroidAccuracy,
      recall: Array.from(distinctness.centroids.recall),
      outcomes,
    },
    pinned: { rows: Array.from(pinnedRows), latents: packLatents(pinned), scale: rootMeanSquareNorm(latents) },
    reference: {
      latents: packLatents(reference),
      labels: Array.from(reference.labels).join(','),
      episodes: episodes && Array.from(sampled, (row) => episodes[row]).join(','),
      centroids: packLatents({ values: centroids, count: latents.classCount, size: latents.size }),
      radii: radiiOf(centroidLatents, centroids),
    },
  };
}

/** As often of each class as it was judged: a balanced sample would differ from every batch by its mix alone. */
function referenceRows({ count, size }: LabelledLatents, seed: number): Int32Array {
  const affordable = Math.max(REFERENCE.least, Math.floor(REFERENCE.bytes / (4 * size)));
  const most = Math.min(count, REFERENCE.most, affordable);
  return permutation(count, randomFor(seed, 'baseline reference')).slice(0, most).sort();
}

/**
 * [C]: within which an observation of a class lies with 99% from the centroid of others: each is left out of its own centroid,
 * which is then n / (n - 1) times as far away. Not below what rounding moves.
 */
function radiiOf(latents: LabelledLatents, centroids: Float32Array): number[] {
  const { values, size, labels, classCount } = latents;
  const distances: number[][] = Array.from({ length: classCount }, () => []);
  labels.forEach((own, n) => {
    distances[own].push(Math.sqrt(squaredDistance(values, n * size, centroids, own * size, size)));
  });
  const least = 2 * roundingLength(latents);
  return distances.map((own) => {
    const sorted = own.sort((a, b) => a - b);
    const count = sorted.length;
    const index = Math.min(count - 1, Math.ceil(INSIDE_QUANTILE * (count + 1)) - 1);
    return Math.max(least, (sorted[index] * count) / (count - 1));
  });
}

/** What an ONNX file took, and what was taken of it; or where latents came from. */
function fedWith({
  input,
  furtherInputs,
  constants,
  output,
  elsewhere,
}: EncoderEvaluationRecord['encoder']): Omit<Baseline['encoder'], 'name' | 'sha256'> {
  return { input, furtherInputs, constants, output, elsewhere };
}
