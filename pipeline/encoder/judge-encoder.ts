// Evaluates one encoder from anywhere: any ONNX file, on a recording of the user's or on an environment of ours.
import { basename, dirname } from 'node:path';
import { option } from '../../src/error.ts';
import { chooseLatent, findObservationInput } from '../../src/evaluation/encoder-input.ts';
import {
  evaluateForeignEncoder,
  type ForeignEvaluation,
  type ForeignEvaluationInput,
  parseForeignVariant,
} from '../../src/evaluation/foreign-encoder.ts';
import { encoderRecordOf } from '../../src/evaluation/schema/describe.ts';
import { recordPredictor } from '../../src/evaluation/schema/encoder-witness.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { significant } from '../../src/number-text.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';
import { openGate } from '../evaluate/gate.ts';
import { type ResolvedEvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import { answersOf, requireImageSize } from './columns.ts';
import { lookAtEncoder } from './file.ts';
import { type LookedPredictor, lookAtPredictor } from './follow.ts';
import { type ObservedEncoder, observeForEncoder } from './observe.ts';
import type { EvaluateEncoderOptions } from './option.ts';
import { pixelScaleNote } from './pixel-scale.ts';
import { referenceRuntime } from './reference-runtime.ts';
import { writeEncoderReport } from './report-file.ts';

/** Observations of an environment by which the scale of pixels is looked at. */
const SCALE_OBSERVATIONS = 64;

/** How many times smaller the error of another reading has to be, to be told. */
const MUCH_BETTER = 2;

type ResolvedOptions = EvaluateEncoderOptions & ResolvedEvaluateOptions;

/**
 * Measures an encoder with all pairs of observations compared: of as many as a machine compares in a minute.
 *
 * @param path of the encoder; NAME.evaluation.json and NAME.report.html go beside it, unless `report` is false
 */
export async function compareEncoder(path: string, given: EvaluateEncoderOptions): Promise<EncoderEvaluationRecord> {
  const options = encoderEvaluationOptions(path, given);
  // Before all measuring, not after it.
  if (options.report) requireWritable(dirname(path));
  const gate = openGate(options);
  const predictor = await lookAtPredictor(options);
  const looked = await observeForEncoder(path, options, { follow: true });
  const { observed, sha256 } = looked;
  const { name, observationShape } = observed.source;
  gate.expect({ name, observationShape, classes: observed.classes, metric: options.metric });
  const { evaluation, record: measured } = await judgeEncoder(path, { ...looked, predictor }, options);
  const record = gate.close(measured, evaluation.runtimes, {
    name: basename(path),
    sha256,
    observationShape,
    asked: options.observations,
  });
  if (options.report) await writeEncoderReport(path, evaluation, record, options.onProgress);
  return record;
}

/** With defaults. @throws UsageError for a runtime that does not run ONNX files */
export function encoderEvaluationOptions(path: string, given: EvaluateEncoderOptions): ResolvedOptions {
  const options = { ...given, ...resolveEvaluateOptions(given) };
  for (const name of options.runtimes) parseForeignVariant(path, name);
  if (options.reference !== undefined && !isFile(options.reference)) parseForeignVariant(path, options.reference);
  requireFile(path, 'an ONNX file');
  return options;
}

/** What is measured of an encoder on the observations that were found for it, and its record. */
export async function judgeEncoder(
  path: string,
  {
    found,
    observed,
    sha256,
    precision,
    predictor,
  }: ObservedEncoder & { readonly predictor?: LookedPredictor | undefined },
  options: ResolvedOptions,
): Promise<{ readonly evaluation: ForeignEvaluation; readonly record: EncoderEvaluationRecord }> {
  const { untrained, runtimes, threads, onNote } = options;
  const loading = { onNote, ...(threads === undefined ? {} : { threads }) };
  const referencePath = options.reference !== undefined && isFile(options.reference) ? options.reference : undefined;
  const named = referencePath === undefined ? options.reference : undefined;
  const reference = named ?? (await referenceRuntime(false, runtimes, loading));
  const { source } = observed;
  const { judged } = await source.draw(Math.min(options.observations, SCALE_OBSERVATIONS), options.seed);
  const odd = pixelScaleNote(path, basename(path), found.input, judged.observations, source.observationShape);
  if (odd !== undefined) onNote(odd);
  const evaluation = await evaluateForeignEncoder(
    {
      encoder: { path, input: found.input, untrained },
      predictor,
      referenceFile: referencePath === undefined ? undefined : await referenceFileOf(referencePath, observed, options),
      ...observed,
    },
    { ...options, reference },
  );
  const record = encoderRecordOf(evaluation, { sha256, precision });
  const { predictorPorts: ports } = evaluation;
  if (predictor === undefined || ports === undefined) return { evaluation, record };
  const { where, sha256: ofPredictor } = predictor;
  tellReading(where, evaluation.witnesses, onNote);
  return {
    evaluation,
    record: { ...record, predictor: recordPredictor(ports, { file: basename(predictor.path), sha256: ofPredictor }) },
  };
}

/** A predictor whose output fits much better when it is read the other way was exported so. */
function tellReading(where: string, witnesses: ForeignEvaluation['witnesses'], onNote: (note: string) => void): void {
  if (!witnesses?.isFound || witnesses.prediction === undefined) return;
  const { usual, otherwise, gives } = witnesses.prediction;
  if (otherwise > usual / MUCH_BETTER) return;
  const [now, other] = gives === 'next' ? ['the next latent', 'difference'] : ['a difference of latents', 'next'];
  onNote(
    `${where}: read as ${now}, its output is usually ${significant(usual)} away from the encoded latent, and ${significant(otherwise)} the other way: ${option('predictorGives', other)}`,
  );
}

function isFile(reference: string): boolean {
  return /\.onnx$/i.test(reference);
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
