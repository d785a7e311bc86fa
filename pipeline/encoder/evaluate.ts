// Evaluates one encoder from anywhere: any ONNX file, on a recording of the user's or on an environment of ours.
import { basename, dirname } from 'node:path';
import { chooseLatent, findObservationInput } from '../../src/evaluation/encoder-input.ts';
import {
  evaluateForeignEncoder,
  type ForeignEvaluationInput,
  parseForeignVariant,
} from '../../src/evaluation/foreign-encoder.ts';
import { encoderRecordOf } from '../../src/evaluation/schema/describe.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';
import { openGate } from '../evaluate/gate.ts';
import { type ResolvedEvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import { answersOf, requireImageSize } from './columns.ts';
import { lookAtEncoder } from './file.ts';
import { type ObservedEncoder, observeForEncoder } from './observe.ts';
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
  const referencePath =
    options.reference !== undefined && /\.onnx$/i.test(options.reference) ? options.reference : undefined;
  const named = referencePath === undefined ? options.reference : undefined;
  const reference = named ?? (await referenceRuntime(false, runtimes, loading));
  for (const name of [...runtimes, reference]) parseForeignVariant(path, name);
  requireFile(path, 'an ONNX file');
  // Before all measuring, not after it.
  if (options.report) requireWritable(dirname(path));
  const gate = openGate(options);
  const { found, observed, sha256, precision } = await observeForEncoder(path, options);
  const { source } = observed;
  const { name, observationShape } = source;
  gate.expect({ name, observationShape, classes: observed.classes, metric: options.metric });
  const { judged } = await source.draw(Math.min(options.observations, SCALE_OBSERVATIONS), options.seed);
  const odd = pixelScaleNote(path, basename(path), found.input, judged.observations, observationShape);
  if (odd !== undefined) onNote(odd);
  const evaluation = await evaluateForeignEncoder(
    {
      encoder: { path, input: found.input, untrained },
      referenceFile: referencePath === undefined ? undefined : await referenceFileOf(referencePath, observed, options),
      ...observed,
    },
    { ...options, reference },
  );
  const record = gate.close(encoderRecordOf(evaluation, { sha256, precision }), evaluation.runtimes, {
    name: basename(path),
    sha256,
    observationShape,
    asked: options.observations,
  });
  if (options.report) await writeEncoderReport(path, evaluation, record, options.onProgress);
  return record;
}

/** Another file that takes the same observations, in its own layout. */
async function referenceFileOf(
  path: string,
  { source }: ObservedEncoder['observed'],
  options: ResolvedOptions,
): Promise<ForeignEvaluationInput['referenceFile']> {
  requireFile(path, 'an ONNX file');
  const { where, inputs, outputs } = await lookAtEncoder(path);
  const latent = chooseLatent(where, outputs, options, options.onNote);
  // Bytes have no scale to choose.
  const pixels = inputs[0]?.type === 'uint8' ? undefined : options.pixels;
  const found = findObservationInput(where, inputs, answersOf({ ...options, pixels }));
  requireImageSize(where, found.imageSize, source.observationShape);
  return { path, input: { ...found.input, latent } };
}
