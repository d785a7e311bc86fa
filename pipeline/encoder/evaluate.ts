// Evaluates one encoder from anywhere: any ONNX file, on a recording of the user's or on an environment of ours.
import { basename, dirname } from 'node:path';
import { evaluateForeignEncoder, parseForeignVariant } from '../../src/evaluation/foreign-encoder.ts';
import { encoderRecordOf } from '../../src/evaluation/schema/describe.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';
import { type ResolvedEvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import { observeForEncoder } from './observe.ts';
import type { EvaluateEncoderOptions } from './option.ts';
import { pixelScaleNote } from './pixel-scale.ts';
import { referenceRuntime } from './reference-runtime.ts';
import { writeEncoderReport } from './report-file.ts';

export { observeForEncoder } from './observe.ts';
export type { EvaluateEncoderOptions } from './option.ts';
export { encoderReportPath } from './report-file.ts';

/** Observations of an environment by which the scale of pixels is looked at. */
const SCALE_OBSERVATIONS = 64;

type ResolvedOptions = EvaluateEncoderOptions & ResolvedEvaluateOptions;

/**
 * Measures whether the latents of any ONNX encoder keep the classes of labelled observations apart.
 *
 * @param path of the encoder; NAME.evaluation.json and NAME.report.html go beside it, unless `report` is false
 * @returns what NAME.evaluation.json holds
 * @throws UsageError where the observations are not what the file takes, or both or neither of `data` and `environment` are given
 */
export async function evaluateEncoder(path: string, given: EvaluateEncoderOptions): Promise<EncoderEvaluationRecord> {
  const options: ResolvedOptions = { ...given, ...resolveEvaluateOptions(given) };
  const { untrained, runtimes, threads, onNote } = options;
  const loading = { onNote, ...(threads === undefined ? {} : { threads }) };
  const reference = options.reference ?? (await referenceRuntime(false, runtimes, loading));
  for (const name of [...runtimes, reference]) parseForeignVariant(path, name);
  requireFile(path, 'an ONNX file');
  // Before all measuring, not after it.
  if (options.report) requireWritable(dirname(path));
  const { found, observed, sha256, precision } = await observeForEncoder(path, options);
  const { source } = observed;
  const { judged } = await source.draw(Math.min(options.observations, SCALE_OBSERVATIONS), options.seed);
  const odd = pixelScaleNote(path, basename(path), found.input, judged.observations, source.observationShape);
  if (odd !== undefined) onNote(odd);
  const evaluation = await evaluateForeignEncoder(
    { encoder: { path, input: found.input, untrained }, ...observed },
    { ...options, reference },
  );
  const record = encoderRecordOf(evaluation, { sha256, precision });
  if (options.report) await writeEncoderReport(path, evaluation, record, options.onProgress);
  return record;
}
