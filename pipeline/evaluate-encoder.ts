// `jepa evaluate encoder.onnx`: an encoder from anywhere, on a recording of the user's or on an environment of ours.
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { EvaluateFlags } from '../cli/evaluate.ts';
import { inspectOnnx } from '../export/inspect.ts';
import { createEnvironment } from '../src/environments/index.ts';
import { UsageError, unknownName } from '../src/error.ts';
import type { StateClasses } from '../src/evaluation/class/state.ts';
import {
  evaluateForeignEncoder,
  type ForeignEvaluation,
  type ForeignEvaluationInput,
  type FoundInput,
  findObservationInput,
  parseForeignVariant,
  parsePixels,
} from '../src/evaluation/foreign-encoder.ts';
import { environmentEvaluationSource } from '../src/evaluation/held-out/held-out.ts';
import { encoderRecordOf } from '../src/evaluation/schema/describe.ts';
import type { EncoderEvaluationRecord } from '../src/evaluation/schema/evaluation.ts';
import { packageVersion } from '../src/machine/package.ts';
import { readModelFile } from '../src/runtimes/model-file.ts';
import { writeFileAtomic } from '../src/storage/atomic-file.ts';

export interface EncoderFlags extends EvaluateFlags {
  readonly runtimes: readonly string[];
  readonly reference: string;
}

export interface EncoderResults {
  readonly evaluation: ForeignEvaluation;
  readonly record: EncoderEvaluationRecord;
}

export async function evaluateEncoderFile(path: string, flags: EncoderFlags): Promise<EncoderResults> {
  const { untrained, runtimes, reference } = flags;
  for (const name of [...runtimes, reference]) parseForeignVariant(path, name);
  const { bytes, found, observed } = await observeForEncoder(path, flags);
  const evaluation = await evaluateForeignEncoder(
    { encoder: { path, input: found.input, untrained }, ...observed },
    { ...flags, onProgress: note },
  );
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { evaluation, record: encoderRecordOf(evaluation, sha256) };
}

export type ObservationFlags = Pick<
  EncoderFlags,
  'data' | 'environment' | 'layout' | 'pixels' | 'map' | 'imageSize' | 'stack' | 'classes' | 'observations' | 'seed'
>;

/** What an encoder takes, and observations with classes for it. */
export async function observeForEncoder(path: string, flags: ObservationFlags) {
  const { data, environment, layout, pixels } = flags;
  if ((data === undefined) === (environment === undefined))
    throw new UsageError(
      `${path}: expected observations for it, either --data RECORDING or --environment NAME, got ${data === undefined ? 'neither' : 'both'}`,
    );
  const { where, bytes } = readModelFile(path);
  const normalization = pixels === undefined ? undefined : parsePixels('--pixels', pixels);
  const found = findObservationInput(where, inspectOnnx(bytes, where).inputs, { layout, normalization });
  const observed =
    environment === undefined
      ? await observedInRecording(data ?? '', found, flags)
      : await observedInEnvironment(environment, flags);
  requireFit(where, found, observed.source.observationShape);
  return { bytes, found, observed };
}

/** NAME.evaluation.json and NAME.report.html beside NAME.onnx. */
export async function writeEncoderReport(
  path: string,
  evaluation: ForeignEvaluation,
  record: EncoderEvaluationRecord,
): Promise<void> {
  const { encoderReport } = await import('../src/report/encoder-report.ts');
  const { renderReport } = await import('../src/report/page.ts');
  const page = await renderReport(encoderReport(evaluation, record, `jepa-onnx ${packageVersion()}`));
  const beside = (suffix: string) => join(dirname(path), `${basename(path).replace(/\.onnx$/i, '')}.${suffix}`);
  writeFileAtomic(beside('evaluation.json'), `${JSON.stringify(record, undefined, 2)}\n`);
  writeFileAtomic(beside('report.html'), page);
  note(`${beside('report.html')}: the report`);
}

function note(message: string): void {
  process.stderr.write(`${message}\n`);
}

type Observed = Pick<ForeignEvaluationInput, 'source' | 'classes'>;

async function observedInEnvironment(name: string, { classes }: ObservationFlags): Promise<Observed> {
  const { classesOf, parseClassSource } = await import('../src/evaluation/class/state.ts');
  const asked = parseClassSource('--classes', classes ?? 'reward');
  if (asked === 'auxiliary')
    throw new UsageError('--classes: expected reward or state for an encoder by itself, got auxiliary');
  const environment = createEnvironment(name);
  return { source: environmentEvaluationSource(environment), classes: await classesOf(environment, asked, []) };
}

async function observedInRecording(
  path: string,
  { imageSize: fileSize }: FoundInput,
  { map, imageSize = fileSize, stack, classes, observations, seed }: ObservationFlags,
): Promise<Observed> {
  const { openConfiguredRecording, recordingConfiguration } = await import('../src/data/configured-recording.ts');
  const { openRecordingEvaluation } = await import('../src/evaluation/held-out/recording.ts');
  const { parseRecordingClassSource } = await import('../src/evaluation/class/recording.ts');
  const { openRunRecording } = await import('../src/run/recording.ts');
  const { parseOptions } = await import('../src/options.ts');
  const asked = classes === undefined ? undefined : parseRecordingClassSource('--classes', classes);
  const keys = { path, map, stack, imageSize: imageSize && [...imageSize] };
  const configuration = parseOptions('--data', recordingConfiguration, keys);
  const { recording, options } = await openConfiguredRecording(configuration);
  try {
    const columns = [...recording.columns.keys()];
    if (asked?.of === 'column' && !columns.includes(asked.column))
      throw unknownName('--classes column', 'a column', asked.column, columns);
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
        throw new UsageError('--classes: expected a column of the recording, got none');
      },
      onNote: note,
    });
    return { source, classes: { ...found, claim: claimOf(found) } };
  } finally {
    await recording.dispose();
  }
}

/** What a training promised is not known of an encoder from anywhere. */
function claimOf({ of, claim }: StateClasses): string | undefined {
  if (of === 'column')
    return 'the values of a recorded column; whether the encoder was trained to tell them apart is not known here';
  if (of === 'quantiles') return 'ranges of a recorded column: values beside a border may be as near as they like';
  return claim;
}

/** @throws UsageError where the observations are not what the file takes */
function requireFit(where: string, { input, imageSize }: FoundInput, shape: readonly number[]): void {
  const isVector = shape.length === 1;
  if (isVector !== (input.layout === 'flat'))
    throw new UsageError(
      `${where}: expected observations that are ${isVector ? 'images' : 'numbers'}, got ${isVector ? `${shape[0]} numbers` : `images of ${shape.join(' x ')}`}`,
      { remedy: 'Say which column they are: --map observation=NAME.' },
    );
  if (imageSize?.some((side, axis) => side !== shape[axis]))
    throw new UsageError(
      `${where}: expected images of ${imageSize.join(' x ')} pixels, got ${shape.slice(0, 2).join(' x ')}`,
      { remedy: `Bring them to its size: --image-size ${imageSize.join('x')}.` },
    );
  const numbers = input.normalization?.mean.length ?? 1;
  if (numbers !== 1 && numbers !== shape[2])
    throw new UsageError(`--pixels: expected 1 or ${shape[2]} means, one for each channel, got ${numbers}`);
}
