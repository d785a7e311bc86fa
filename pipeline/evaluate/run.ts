// Evaluates a run or an export: opens what it was trained on, measures the latents on every runtime asked for, and keeps the
// result and its page beside the models.
import { join } from 'node:path';
import { JepaError, option, UsageError } from '../../src/error.ts';
import { type Evaluation, type EvaluationInput, evaluate } from '../../src/evaluation/evaluate.ts';
import { recordOf } from '../../src/evaluation/schema/describe.ts';
import type { EvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { withAllRows } from '../../src/evaluation/schema/stream.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { LARGEST_COMPARED } from '../../src/measures/stream/block.ts';
import { SAMPLED_ROWS } from '../../src/measures/stream/moments.ts';
import { runPath } from '../../src/run/folder.ts';
import { openRuntimeVariant, parseRuntimeVariant, subjectOfVariant } from '../../src/run/runtime-variant.ts';
import { type EvaluationSubject, openSubject } from '../../src/run/subject.ts';
import { openEncoderSession } from '../../src/run/world-session.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireWritable } from '../../src/storage/file-system.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import { makeScratch, removeScratch } from '../../src/storage/scratch.ts';
import { lookAtEncoder } from '../encoder/file.ts';
import { referenceRuntime } from '../encoder/reference-runtime.ts';
import { streamEnvironment } from '../stream/environment.ts';
import { recordingClasses } from './class-choice.ts';
import { type Gate, openGate, refuseGate } from './gate.ts';
import {
  type EvaluateRunOptions,
  expectRuntimes,
  type ResolvedEvaluateOptions,
  resolveEvaluateOptions,
} from './option.ts';
import type { Readout } from './readout.ts';

/**
 * Measures whether the latents of a run or an export stay distinct.
 *
 * @param folder of a run, or of an export by itself; evaluation.json and report.html go there, unless `report` is false
 * @returns what evaluation.json holds, on every runtime that was asked for
 * @throws UsageError where an option does not fit the run, UnavailableError where this machine lacks one of the runtimes
 */
export async function evaluateRun(folder: string, given: EvaluateRunOptions = {}): Promise<EvaluationRecord> {
  const asked = resolveEvaluateOptions(given);
  expectRuntimes(asked.runtimes);
  const subject = openSubject(folder);
  const isStreamed = asked.observations > LARGEST_COMPARED && subject.configuration.recording === undefined;
  if (isStreamed) {
    refuseGate(asked);
    if (parseRuntimeVariant('runtime', asked.runtimes[0]).precision === 'float16')
      throw new UsageError(
        `${option('runtime')}: expected a runtime first that runs the exported file on ${asked.observations} observations, got ${asked.runtimes[0]}`,
      );
  }
  // What needs all pairs, and all that is beside the latents, is then of a sample.
  const options = isStreamed ? { ...asked, observations: SAMPLED_ROWS } : asked;
  // Before all measuring, not after it.
  if (options.report) requireWritable(folder);
  const gate = openGate(options);
  const evaluation = await evaluateSubject(subject, options, gate);
  const readout = await readLatents(evaluation, options);
  const sampled = { ...recordOf(evaluation), ...readout?.record };
  const measured = isStreamed ? await streamAll(evaluation, sampled, asked) : sampled;
  const record = gate.close(measured, evaluation.runtimes, {
    name: subject.name,
    sha256: await encoderHash(subject, options.runtimes[0]),
    observationShape: evaluation.input.source.observationShape,
    asked: options.observations,
  });
  if (options.report) await writeReport(folder, { evaluation, record, readout, onProgress: options.onProgress });
  return record;
}

/** With the measures of all observations that were asked for, on the first runtime. */
async function streamAll(
  { input: { subject, environment, classes, source }, runtimes }: Evaluation,
  sampled: EvaluationRecord,
  options: ResolvedEvaluateOptions,
): Promise<EvaluationRecord> {
  const { observations, seed, metric, threads, onProgress } = options;
  if (environment === undefined) throw new JepaError(`${subject.folder}: expected a run of an environment`);
  const variant = parseRuntimeVariant('evaluate', options.runtimes[0]);
  const runtime = await openRuntimeVariant(variant, threads);
  try {
    const session = await openEncoderSession(
      runtime,
      subjectOfVariant(variant, subject, undefined),
      source.observationShape,
    );
    try {
      const { encode } = session;
      const { measures, digest, judged, centroids } = await streamEnvironment({
        ...{ environment, classes, observations, seed, metric, encode, onProgress },
      });
      const { names } = classes;
      const all = {
        measures,
        digest,
        machines: [],
        classes: { names, judged, centroids },
        sampledClasses: names.length,
      };
      return withAllRows(sampled, runtimes[0], all);
    } finally {
      await session.dispose();
    }
  } finally {
    await runtime.dispose();
  }
}

/** Of the file that the runtime ran; null where it runs tfjs models, or a variant that is made for it. */
async function encoderHash({ onnx }: EvaluationSubject, name: string): Promise<string | null> {
  const { runtime, precision } = parseRuntimeVariant('runtime', name);
  if (onnx === undefined || runtime === 'tfjs' || precision === 'float16') return null;
  return (await lookAtEncoder(onnx.encoder.path)).sha256;
}

async function evaluateSubject(
  subject: EvaluationSubject,
  options: ResolvedEvaluateOptions,
  gate: Gate,
): Promise<Evaluation> {
  const { runtimes, seed, threads, onNote } = options;
  const loading = { onNote, ...(threads === undefined ? {} : { threads }) };
  const reference = options.reference ?? (await referenceRuntime(subject.tfjs !== undefined, runtimes, loading));
  const input = await inputOf(subject, options);
  const { observationShape, name } = input.source;
  gate.expect({ name, observationShape, classes: input.classes, metric: options.metric });
  return withHalfEncoder(input, [...runtimes, reference], seed, (halfEncoder) =>
    evaluate(input, {
      runtimes,
      reference,
      halfEncoder,
      observations: options.observations,
      seed,
      metric: options.metric,
      threads,
      onProgress: options.onProgress,
    }),
  );
}

async function inputOf(subject: EvaluationSubject, options: ResolvedEvaluateOptions): Promise<EvaluationInput> {
  if (subject.configuration.recording !== undefined) return inputOfRecording(subject, options);
  const { inputOfEnvironment } = await import('../network/environment.ts');
  const { classes, data, runtimes } = options;
  return { subject, ...(await inputOfEnvironment(subject, { classes, data, runtime: networkRuntime(runtimes) })) };
}

/** The runtime for networks that only an evaluation needs. */
function networkRuntime(runtimes: readonly string[]): string {
  return (runtimes.find((name) => name !== 'tfjs') ?? 'cpu').split(':')[0];
}

async function inputOfRecording(
  subject: EvaluationSubject,
  { classes, data, observations, seed, runtimes, onNote }: ResolvedEvaluateOptions,
): Promise<EvaluationInput> {
  const chosen = recordingClasses(classes, 'of a run of a recording');
  const { inputOfRecording: openInput } = await import('../network/recording.ts');
  return openInput(subject, {
    path: data,
    classes: chosen,
    observations,
    seed,
    runtime: networkRuntime(runtimes),
    onNote,
  });
}

/** With the encoder in half precision in a temporary folder, where a variant of that name is among the runtimes. */
async function withHalfEncoder<Result>(
  { subject, source }: EvaluationInput,
  names: readonly string[],
  seed: number,
  work: (halfEncoder: string | undefined) => Promise<Result>,
): Promise<Result> {
  if (!names.some((name) => name.endsWith(':fp16'))) return work(undefined);
  const { makeVariant } = await import('../verify/variant.ts');
  const folder = makeScratch('half');
  try {
    return await work(await makeVariant('float16', folder, subject, source, seed));
  } finally {
    removeScratch(folder);
  }
}

/** Probes and the decoder, which are trained by TensorFlow: only where they are asked for. */
async function readLatents(evaluation: Evaluation, options: ResolvedEvaluateOptions): Promise<Readout | undefined> {
  const { probes, decoder, decoderNoise, seed, threads, onProgress } = options;
  if (!probes && !decoder) return undefined;
  const { loadTensorFlow, loadedTensorFlow } = await import('../../src/tensorflow/load.ts');
  await loadTensorFlow({ threads: threads ?? loadedTensorFlow()?.threads });
  const { readOut } = await import('./readout.ts');
  return readOut(evaluation, { probes, decoder, decoderNoise, seed, threads, onProgress });
}

/** evaluation.json and report.html, beside the models. */
async function writeReport(
  folder: string,
  results: {
    readonly evaluation: Evaluation;
    readonly record: EvaluationRecord;
    readonly readout: Readout | undefined;
    readonly onProgress: (line: string) => void;
  },
): Promise<void> {
  const { evaluation, record, readout, onProgress } = results;
  const { evaluationReport } = await import('../../src/report/evaluation-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const { records: metrics } = readMetrics(runPath(folder, 'metrics'));
  const { records: measuresWhileTraining } = readMetrics(runPath(folder, 'measures'));
  const generator = `jepa-onnx ${packageVersion()}`;
  const sections = readout?.sections ?? [];
  const page = await renderReport(
    evaluationReport({ evaluation, record, metrics, measuresWhileTraining, generator, sections }),
  );
  writeFileAtomic(runPath(folder, 'evaluation'), formatJson(record));
  writeFileAtomic(runPath(folder, 'report'), page);
  (await import('../export/model-card.ts')).refreshModelCard(folder);
  onProgress(`${runPath(folder, 'report')}: the report`);
  if (readout?.decoder === undefined) return;
  writeFileAtomic(join(folder, 'decoder.onnx'), readout.decoder);
  onProgress(`${join(folder, 'decoder.onnx')}: the decoder`);
}
