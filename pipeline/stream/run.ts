// Evaluates observations without a limit: plans, runs shard 0 of 1 of every pass, and records; or does one of these steps for an engine.
import { basename, dirname, join, resolve } from 'node:path';
import { option, UsageError } from '../../src/error.ts';
import { findPredictorPorts } from '../../src/evaluation/predictor-input.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { LARGEST_COMPARED } from '../../src/measures/stream/block.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';
import { lookAtPredictor } from '../encoder/follow.ts';
import type { EvaluateLatentsOptions } from '../encoder/given-latents.ts';
import type { EvaluateEncoderOptions } from '../encoder/option.ts';
import { besideEncoder, encoderReportPath, writeEvaluationFiles } from '../encoder/report-file.ts';
import { recordingClasses } from '../evaluate/class-choice.ts';
import { refuseGate } from '../evaluate/gate.ts';
import { type EvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import { takeCensus } from './census.ts';
import { mergePass, type PassNumber, passes, runShard, type Shard } from './pass.ts';
import {
  blockCount,
  DEFAULT_QUERIES,
  readStreamPlan,
  type StoredPlan,
  type StreamSubject,
  writeStreamPlan,
} from './plan.ts';
import { streamResult } from './result.ts';
import { type OpenedSubject, openStreamSubject, wordsOf } from './subject.ts';

/** What is asked of a streamed evaluation, beside what is evaluated. */
export interface StreamingOptions {
  /** Judged rows that are compared with all others. Default: 1,024. */
  readonly queries?: number | undefined;
}

/** What is told of one step, and how it is stopped. */
export type StepOptions = Pick<EvaluateOptions, 'onProgress' | 'onNote' | 'signal' | 'report'>;

/** A planned evaluation. */
export interface PlannedEvaluation {
  readonly folder: string;
  readonly rows: number;
  readonly blocks: number;
  /** Judged, and those that give centroids and rules. */
  readonly observations: number;
  readonly centroidObservations: number;
  readonly classes: number;
  /** D */
  readonly size: number;
  /** Whether the same plan was there before. */
  readonly wasThere: boolean;
}

const whole = (file: string | undefined) => (file === undefined ? undefined : resolve(file));

/** With whole paths. @throws UsageError where no recording is named */
export function encoderSubject(path: string, given: EvaluateEncoderOptions): StreamSubject {
  const { data, reference, imageSize, pixels, input, fix } = given;
  const { map, stack, layout, output, pool, normalize } = given;
  const { runtimes, threads } = resolveEvaluateOptions(given);
  if (data === undefined || given.environment !== undefined)
    throw new UsageError(
      `${path}: expected a recording of so many observations, ${option('data', 'RECORDING')}, got none`,
    );
  return {
    of: 'encoder',
    path: resolve(path),
    data: resolve(data),
    ...{ map, stack, layout, output, pool, normalize, threads },
    imageSize: imageSize && [imageSize[0], imageSize[1]],
    pixels: pixels && { mean: [...pixels.mean], deviation: [...pixels.deviation] },
    input: input?.map(({ name, columns }) => ({ name, columns: [...columns] })),
    fix: fix?.map(({ name, values }) => ({ name, values: [...values] })),
    runtimes: [...runtimes],
    reference: reference !== undefined && /\.onnx$/i.test(reference) ? resolve(reference) : reference,
    untrained: whole(given.untrained),
    predictor: whole(given.predictor),
    predictorInput: given.predictorInput?.map(({ name, takes }) => ({
      name,
      takes: typeof takes === 'string' ? takes : [...takes],
    })),
    predictorGives: given.predictorGives,
  };
}

/** With whole paths. */
export function latentsSubject(path: string, given: EvaluateLatentsOptions): StreamSubject {
  const { labels, referenceLatents, untrainedLatents, map, pool, normalize } = given;
  return {
    of: 'latents',
    path: resolve(path),
    labels: whole(labels),
    referenceLatents: whole(referenceLatents),
    untrainedLatents: whole(untrainedLatents),
    ...{ map, pool, normalize },
  };
}

/**
 * Writes the plan of an evaluation into `folder`: reads the classes of all rows, and encodes one. Shards of it are run by
 * `runEvaluationShard` anywhere.
 * @throws UsageError where the observations are not what the encoder takes, or the folder has another plan
 */
export async function planEvaluation(
  folder: string,
  subject: StreamSubject,
  given: EvaluateOptions & StreamingOptions = {},
): Promise<PlannedEvaluation> {
  refuseGate(given);
  const { onNote } = resolveEvaluateOptions(given);
  const opened = await openStreamSubject(subject, recordingClasses(given.classes, 'for a recording'), onNote);
  try {
    const { plan, wasThere } = await planOpened(folder, subject, opened, given);
    const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
    return {
      folder,
      rows: plan.rows,
      blocks: blockCount(plan),
      observations: sum(plan.classes.judged),
      centroidObservations: sum(plan.classes.centroids),
      classes: plan.classes.keys.length,
      size: plan.size,
      wasThere,
    };
  } finally {
    await opened.dispose();
  }
}

async function planOpened(
  folder: string,
  subject: StreamSubject,
  opened: OpenedSubject,
  given: EvaluateOptions & StreamingOptions,
): Promise<StoredPlan & { readonly wasThere: boolean }> {
  const { seed, metric, observations, onNote, onProgress } = resolveEvaluateOptions(given);
  const { rows, sha256 } = opened;
  const share = Math.min(1, (2 * observations) / rows.count);
  if (opened.note !== undefined) onNote(opened.note);
  onProgress(`reading the classes of ${rows.count} rows`);
  const census = await takeCensus(opened, { seed, share }, onNote);
  const size = (await opened.latents(Int32Array.of(0))).length;
  await checkPredictor(subject, opened, size, { of: census.classes.of, seed });
  return writeStreamPlan(folder, {
    format: 1,
    ...{ subject, sha256, seed, metric, share, size },
    queries: given.queries ?? DEFAULT_QUERIES,
    rows: rows.count,
    ...census,
  });
}

/** @throws UsageError where the predictor fits neither latents nor actions: now, and not after all passes */
async function checkPredictor(
  subject: StreamSubject,
  opened: OpenedSubject,
  latentSize: number,
  asked: { readonly of: 'column' | 'quantiles'; readonly seed: number },
): Promise<void> {
  if (subject.of !== 'encoder') return;
  const predictor = await lookAtPredictor(subject);
  const words = predictor && (await wordsOf(opened, { ...asked, predictor: predictor.path }));
  if (predictor === undefined || words === undefined || 'none' in words) return;
  const encoder = basename(subject.path);
  findPredictorPorts({ ...predictor, encoder, latentSize, actions: words.recordedActions }, predictor.answers);
}

/**
 * One shard of one pass of a planned evaluation: the same file wherever and however often it runs.
 * @returns wasDone where its file was there
 */
export async function runEvaluationShard(
  folder: string,
  pass: PassNumber,
  shard: Shard,
  given: StepOptions = {},
): Promise<'done' | 'wasDone'> {
  const { onProgress } = resolveEvaluateOptions(given);
  return runShard(readStreamPlan(folder), pass, shard, { signal: given.signal, onProgress });
}

/**
 * Merges a pass whose shards are all there. After the last one evaluation.json and report.html are in the folder, unless `report` is false.
 * @returns the record, after the last pass
 */
export async function mergeEvaluation(
  folder: string,
  pass: PassNumber,
  given: StepOptions = {},
): Promise<EncoderEvaluationRecord | undefined> {
  const { onProgress, onNote, report } = resolveEvaluateOptions(given);
  const stored = readStreamPlan(folder);
  mergePass(stored, pass, onNote);
  if (pass !== passes[passes.length - 1]) return undefined;
  const { subject, classes } = stored.plan;
  const asked = { of: 'column', column: classes.column } as const;
  const opened = await openStreamSubject(subject, asked, () => {});
  try {
    const result = await streamResult(stored, opened, { onProgress, onNote });
    const files = { record: join(folder, 'evaluation.json'), page: join(folder, 'report.html') };
    if (report) await writeEvaluationFiles(files, result.evaluation, result, onProgress);
    return result.record;
  } finally {
    await opened.dispose();
  }
}

/**
 * Evaluates in this process, as shard 0 of 1.
 * @returns undefined where there are so few observations that all pairs can be compared; then nothing was done
 */
export async function streamEvaluation(
  subject: StreamSubject,
  given: EvaluateOptions & StreamingOptions,
): Promise<EncoderEvaluationRecord | { readonly comparable: number }> {
  const { observations, onNote, onProgress, report } = resolveEvaluateOptions(given);
  if (report) requireWritable(dirname(subject.path));
  const opened = await openStreamSubject(subject, recordingClasses(given.classes, 'for a recording'), onNote);
  const folder = makeScratch('evaluation');
  try {
    const comparable = Math.min(observations, Math.ceil(opened.rows.count / 2));
    if (comparable <= LARGEST_COMPARED) return { comparable };
    refuseGate(given);
    const stored = await planOpened(folder, subject, opened, given);
    for (const pass of passes) {
      await runShard(stored, pass, { index: 0, of: 1 }, { signal: given.signal, onProgress }, opened);
      mergePass(stored, pass, onNote);
    }
    const result = await streamResult(stored, opened, { onProgress, onNote });
    const { path } = subject;
    const files = { record: besideEncoder(path, 'evaluation.json'), page: encoderReportPath(path) };
    if (report) await writeEvaluationFiles(files, result.evaluation, result, onProgress);
    return result.record;
  } finally {
    await opened.dispose();
    removeScratch(folder);
  }
}
