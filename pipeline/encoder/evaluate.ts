// Evaluates one encoder from anywhere: any ONNX file, on a recording of the user's or on an environment of ours.
import { basename, dirname, join } from 'node:path';
import { classColumnOf } from '../../src/data/class-column.ts';
import type { Recording, Roles } from '../../src/data/recording.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { option, UsageError, unknownName } from '../../src/error.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { classesOf, type StateClasses } from '../../src/evaluation/class/state.ts';
import {
  evaluateForeignEncoder,
  type ForeignEvaluation,
  type ForeignEvaluationInput,
  type FoundInput,
  findObservationInput,
  parseForeignVariant,
} from '../../src/evaluation/foreign-encoder.ts';
import { environmentEvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import { encoderRecordOf } from '../../src/evaluation/schema/describe.ts';
import type { EncoderEvaluationRecord } from '../../src/evaluation/schema/evaluation.ts';
import { packageVersion } from '../../src/machine/package.ts';
import type { PixelNormalization } from '../../src/run/encode.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';
import { recordingClasses } from '../evaluate/class-choice.ts';
import { openGate } from '../evaluate/gate.ts';
import { type EvaluateOptions, type ResolvedEvaluateOptions, resolveEvaluateOptions } from '../evaluate/option.ts';
import { lookAtEncoder } from './file.ts';
import { referenceRuntime } from './reference-runtime.ts';

/** What an encoder from anywhere is measured on, beside the options of every evaluation. */
export interface EvaluateEncoderOptions extends EvaluateOptions {
  /** The name of an environment of ours to measure it on, instead of a recording in `data`. */
  readonly environment?: string | undefined;
  /** The recording's parts and their columns: observation=pixels,state=label. */
  readonly map?: string | undefined;
  /** Bring the recording's images to this size. Default: the file's. */
  readonly imageSize?: readonly [height: number, width: number] | undefined;
  /** Frames of an observation. Default: 1. */
  readonly stack?: number | undefined;
  /** The order of the file's axes. Default: by its shape. */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /** What the pixels are for a file that takes float32. Default: 0..1. */
  readonly pixels?: PixelNormalization | undefined;
  /** The same encoder before training, which shows a collapse best: an ONNX file. */
  readonly untrained?: string | undefined;
}

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
  const { name, observationShape } = observed.source;
  gate.expect({ name, observationShape, classes: observed.classes, metric: options.metric });
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
  { source }: Observed,
  { layout, pixels }: ResolvedOptions,
): Promise<ForeignEvaluationInput['referenceFile']> {
  requireFile(path, 'an ONNX file');
  const { where, inputs } = await lookAtEncoder(path);
  // Bytes have no scale to choose.
  const normalization = inputs[0]?.type === 'uint8' ? undefined : pixels;
  const found = findObservationInput(where, inputs, { layout, normalization });
  requireFit(where, found, source.observationShape);
  return { path, input: found.input };
}

export interface ObservedEncoder {
  readonly found: FoundInput;
  readonly observed: Observed;
  readonly sha256: string;
  /** What the file computes in. */
  readonly precision: 'float32' | 'float16' | 'int8';
}

/**
 * What an encoder takes, and observations with classes for it.
 * @throws UsageError where they do not fit, or both or neither of `data` and `environment` are given
 */
export async function observeForEncoder(path: string, given: EvaluateEncoderOptions): Promise<ObservedEncoder> {
  const options: ResolvedOptions = { ...given, ...resolveEvaluateOptions(given) };
  const { data, environment, layout, pixels, onNote } = options;
  if ((data === undefined) === (environment === undefined))
    throw new UsageError(
      `${path}: expected observations for it, either ${option('data', 'RECORDING')} or ${option('environment', 'NAME')}, got ${data === undefined ? 'neither' : 'both'}`,
    );
  requireFile(path, 'an ONNX file');
  const { where, inputs, outputs, precision, sha256 } = await lookAtEncoder(path);
  if (outputs.length > 1) {
    const [taken, ...others] = outputs.map(({ name, shape }) => `"${name}" [${shape.join(', ')}]`);
    onNote(`${where}: latents are taken from its first output, ${taken}, and not from ${others.join(', ')}`);
  }
  const found = findObservationInput(where, inputs, { layout, normalization: pixels });
  const observed =
    environment === undefined
      ? await observedInRecording(data ?? '', found, options)
      : await observedInEnvironment(environment, options);
  requireFit(where, found, observed.source.observationShape);
  return { found, observed, sha256, precision };
}

/** NAME.evaluation.json and NAME.report.html beside NAME.onnx. */
async function writeEncoderReport(
  path: string,
  evaluation: ForeignEvaluation,
  record: EncoderEvaluationRecord,
  onProgress: (line: string) => void,
): Promise<void> {
  const { encoderReport } = await import('../../src/report/encoder-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(encoderReport(evaluation, record, `jepa-onnx ${packageVersion()}`));
  writeFileAtomic(besideEncoder(path, 'evaluation.json'), `${JSON.stringify(record, undefined, 2)}\n`);
  writeFileAtomic(encoderReportPath(path), page);
  onProgress(`${encoderReportPath(path)}: the report`);
}

/** Where the page of an encoder's evaluation is written: NAME.report.html beside NAME.onnx. */
export function encoderReportPath(path: string): string {
  return besideEncoder(path, 'report.html');
}

function besideEncoder(path: string, suffix: string): string {
  return join(dirname(path), `${basename(path).replace(/\.onnx$/i, '')}.${suffix}`);
}

type Observed = Pick<ForeignEvaluationInput, 'source' | 'classes'>;

async function observedInEnvironment(name: string, { classes = 'reward' }: ResolvedOptions): Promise<Observed> {
  if (classes !== 'reward' && classes !== 'state')
    throw new UsageError(
      `${option('classes')}: expected reward or state for an encoder by itself, got ${typeof classes === 'string' ? classes : classes.of}`,
    );
  const environment = createEnvironment(name);
  return { source: environmentEvaluationSource(environment), classes: await classesOf(environment, classes, []) };
}

async function observedInRecording(
  path: string,
  { imageSize: fileSize }: FoundInput,
  { map, imageSize = fileSize, stack, classes, observations, seed, onNote }: ResolvedOptions,
): Promise<Observed> {
  const { openConfiguredRecording, recordingConfiguration } = await import('../../src/data/configured-recording.ts');
  const { openRecordingEvaluation } = await import('../../src/evaluation/held-out/recording.ts');
  const { openRunRecording } = await import('../../src/run/recording.ts');
  const { parseOptions } = await import('../../src/options.ts');
  const chosen = recordingClasses(classes, 'for a recording');
  const keys = { path, map, stack, imageSize: imageSize && [...imageSize] };
  const configuration = parseOptions(option('data'), recordingConfiguration, keys);
  const { recording, options } = await openConfiguredRecording(configuration);
  try {
    const columns = [...recording.columns.keys()];
    const asked = classesFor(recording, options.roles ?? {}, chosen);
    if (asked?.of === 'column' && !columns.includes(asked.column))
      throw unknownName(option('classes', 'column'), 'a column', asked.column, columns);
    // Images with labels need no actions here: whatever has a row an image stands in for them.
    const standIn = asked?.of === 'column' ? asked.column : recording.roles.reward;
    const hasActions = (options.roles?.action ?? recording.roles.action) !== undefined;
    const added = hasActions || standIn === undefined ? [] : [`action=${standIn}`];
    const opened = await openRunRecording({
      configuration: { ...configuration, map: [...(map === undefined ? [] : [map]), ...added].join(',') || undefined },
      seed,
      auxiliary: [],
      recording,
    });
    const { source, classes: found } = await openRecordingEvaluation({
      opened,
      auxiliaries: [],
      split: 'all',
      classes: asked,
      observations,
      seed,
      valuesOf: () => {
        throw new UsageError(`${option('classes')}: expected a column of the recording, got none`);
      },
      onNote,
    });
    return { source, classes: { ...found, claim: claimOf(found) } };
  } finally {
    await recording.dispose();
  }
}

/** The classes that are asked for; else, where there is no reward, those that the recording is labelled with. */
function classesFor(
  recording: Recording,
  roles: Roles,
  classes: RecordingClassSource | undefined,
): RecordingClassSource | undefined {
  if (classes !== undefined) return classes;
  if ((roles.reward ?? recording.roles.reward) !== undefined) return undefined;
  const column = classColumnOf(recording, roles.observation ?? recording.roles.observation);
  return column === undefined ? undefined : { of: 'column', column };
}

/** What a training promised is not known of an encoder from anywhere. */
function claimOf({ of, claim }: StateClasses): string | undefined {
  if (of === 'column')
    return 'the values of a recorded column; whether the encoder was trained to tell them apart is not known here';
  if (of === 'quantiles') return 'ranges of a recorded column: values beside a border may be as near as they like';
  return claim;
}

/** @throws UsageError where the observations are not what the file takes */
export function requireFit(where: string, { input, imageSize }: FoundInput, shape: readonly number[]): void {
  const isVector = shape.length === 1;
  if (isVector !== (input.layout === 'flat'))
    throw new UsageError(
      `${where}: expected observations that are ${isVector ? 'images' : 'numbers'}, got ${isVector ? `${shape[0]} numbers` : `images of ${shape.join(' x ')}`}`,
      { remedy: `Say which column they are: ${option('map', 'observation=NAME')}.` },
    );
  if (imageSize?.some((side, axis) => side !== shape[axis]))
    throw new UsageError(
      `${where}: expected images of ${imageSize.join(' x ')} pixels, got ${shape.slice(0, 2).join(' x ')}`,
      { remedy: `Bring them to its size: ${option('imageSize', imageSize.join('x'))}.` },
    );
  const numbers = input.normalization?.mean.length ?? 1;
  if (numbers !== 1 && numbers !== shape[2])
    throw new UsageError(`${option('pixels')}: expected 1 or ${shape[2]} means, one for each channel, got ${numbers}`);
}
