// New observations in the form in which an encoder took those of a baseline: which encoder it is, what it is fed, and what was
// drawn for it.
import { basename } from 'node:path';
import { createEnvironment } from '../../src/environments/index.ts';
import { option, UsageError } from '../../src/error.ts';
import type { Baseline } from '../../src/evaluation/baseline/schema.ts';
import { environmentEvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import { observationsThatFit } from '../../src/evaluation/held-out/labelled-rows.ts';
import { chooseRows, drawUnlabelled, type UnlabelledObservations } from '../../src/evaluation/held-out/unlabelled.ts';
import type { ObservationInput } from '../../src/run/encode.ts';
import { type EncoderSubject, type EvaluationSubject, openSubject } from '../../src/run/subject.ts';
import { requireFile } from '../../src/storage/file-system.ts';
import { openForEncoder } from '../encoder/columns.ts';
import { lookAtEncoder } from '../encoder/file.ts';
import type { EncoderOptions } from '../encoder/option.ts';
import type { DriftOptions, ResolvedDriftTest } from './option.ts';

export interface NamedBatch extends UnlabelledObservations {
  /** The file, or the environment. */
  readonly name: string;
}

export interface FedEncoder {
  /** The file, or the run. */
  readonly name: string;
  readonly subject: EncoderSubject;
  readonly batch: NamedBatch;
}

type Drawing = DriftOptions & Pick<ResolvedDriftTest, 'observations' | 'seed' | 'onNote'>;
type FileBaseline = Baseline['encoder'] & { readonly input: NonNullable<Baseline['encoder']['input']> };

/**
 * @param path of an ONNX file, or the folder of a run or an export
 * @throws UsageError where the baseline is of another encoder, or the observations are not what it takes
 */
export async function fedEncoder(path: string, baseline: Baseline, options: Drawing): Promise<FedEncoder> {
  const { data, environment, baseline: where } = options;
  if ((data === undefined) === (environment === undefined))
    throw new UsageError(
      `drift: expected new observations, either ${option('data', 'RECORDING')} or ${option('environment', 'NAME')}, got ${data === undefined ? 'neither' : 'both'}`,
    );
  const isFile = /\.onnx$/i.test(path);
  if (isFile) requireFile(path, 'an ONNX file');
  const run = isFile ? undefined : openSubject(path);
  await requireSameEncoder(isFile ? path : run?.onnx?.encoder.path, baseline, where);
  if (run !== undefined) {
    refuseInputs(options, `the run ${run.name}`);
    const batch =
      environment === undefined ? await batchOfRun(run, baseline, options) : await drawn(environment, options);
    requireShape(batch, baseline);
    return { name: run.name, subject: run, batch };
  }
  const { encoder } = baseline;
  const { input } = encoder;
  // The same file by its hash can be of a run's export: then the run says what it takes.
  if (input === undefined)
    throw new UsageError(`${where}: expected a baseline of an ONNX file, got one of the run ${encoder.name}`, {
      remedy: `Name its folder: jepa drift RUN ${option('baseline', where)}`,
    });
  const fed =
    environment === undefined
      ? await batchOfFile(path, { ...encoder, input }, baseline, options)
      : await batchOfEnvironment({ ...encoder, input }, environment, options);
  requireShape(fed.batch, baseline);
  return {
    name: basename(path),
    subject: { name: path, folder: path, onnx: { encoder: { path, input: fed.input } } },
    batch: fed.batch,
  };
}

/** Latents of two encoders have nothing in common. @param file undefined where a run was not exported */
async function requireSameEncoder(file: string | undefined, { encoder }: Baseline, where: string): Promise<void> {
  const { sha256, name } = encoder;
  if (encoder.elsewhere !== undefined)
    throw new UsageError(
      `${where}: expected a baseline of an encoder, got one of latents that were computed elsewhere (${name})`,
      {
        remedy: `Compare latents with it: jepa drift ${option('latents', 'FILE')} ${option('baseline', where)}`,
      },
    );
  if (file !== undefined && sha256 !== null && (await lookAtEncoder(file)).sha256 !== sha256)
    throw new UsageError(
      `${where}: expected a baseline of ${file}, got one of another file (${name}, SHA-256 ${sha256.slice(0, 12)}…)`,
      {
        remedy: 'Save one of this encoder: jepa evaluate ... --save-baseline FILE',
      },
    );
}

function refuseInputs({ input }: DriftOptions, subject: string): void {
  if (input !== undefined && input.length > 0)
    throw new UsageError(`${option('input')}: expected an ONNX file and a recording for it, got ${subject}`);
}

async function drawn(name: string, { observations, seed }: Drawing): Promise<NamedBatch> {
  const source = environmentEvaluationSource(createEnvironment(name));
  const { judged } = await source.draw(observations, seed);
  return { name: source.name, observationShape: source.observationShape, observations: judged.observations };
}

interface FedBatch {
  readonly input: ObservationInput;
  readonly batch: NamedBatch;
}

async function batchOfEnvironment(
  { input, furtherInputs = [], constants, output }: FileBaseline,
  environment: string,
  options: Drawing,
): Promise<FedBatch> {
  refuseInputs(options, `the environment ${environment}`);
  if (furtherInputs.length > 0)
    throw new UsageError(
      `${option('environment')}: expected a recording for the inputs ${[input, ...furtherInputs].map(({ name }) => name).join(', ')}, got the environment ${environment}`,
      { remedy: `Name one: ${option('data', 'RECORDING')}.` },
    );
  return { input: { ...input, constants, latent: output }, batch: await drawn(environment, options) };
}

/** Fed, and read, as it was when the baseline was made. */
async function batchOfFile(
  path: string,
  encoder: FileBaseline,
  { observed }: Baseline,
  options: Drawing,
): Promise<FedBatch> {
  const { data = '', observations, seed, onNote } = options;
  const { where, inputs } = await lookAtEncoder(path);
  const answers = answersIn(encoder, observed.shape, options);
  const { recording, rows, input, dispose } = await openForEncoder(
    { where, inputs, path: data },
    { ...answers, onNote },
  );
  try {
    const known = new Map([encoder.input, ...(encoder.furtherInputs ?? [])].map((port) => [port.name, port]));
    const { constants, parts } = input.input;
    const most = Math.min(observations, observationsThatFit(rows));
    const { chosen, episodes } = chooseRows(recording, rows, { most, seed });
    return {
      input: {
        ...encoder.input,
        ...(parts === undefined ? {} : { parts: parts.map((part) => ({ ...part, ...known.get(part.name) })) }),
        constants,
        latent: encoder.output,
      },
      batch: {
        name: basename(data),
        observationShape: rows.shape,
        observations: await rows.gather(chosen),
        episodes,
      },
    };
  } finally {
    await dispose();
  }
}

/** What a person would say of the encoder again: the baseline knows it. */
function answersIn(
  { input, furtherInputs = [], constants }: FileBaseline,
  shape: readonly number[],
  { map, stack, input: given }: DriftOptions,
): EncoderOptions {
  const ports = [input, ...furtherInputs];
  const image = ports.find(({ layout }) => layout !== 'flat');
  const columns = ports.flatMap(({ name, columns }) => (columns === undefined ? [] : [{ name, columns }]));
  return {
    map,
    stack,
    input: given ?? (columns.length === ports.length ? columns : undefined),
    fix: constants,
    layout: image && (image.layout.endsWith('hwc') ? 'nhwc' : 'nchw'),
    pixels: image?.normalization,
    ...(ports.length === 1 && shape.length === 3 ? { imageSize: [shape[0], shape[1]] } : {}),
  };
}

async function batchOfRun(run: EvaluationSubject, { observed }: Baseline, options: Drawing): Promise<NamedBatch> {
  const { data, map, stack, seed, observations } = options;
  const { recordingConfiguration } = await import('../../src/data/configured-recording.ts');
  const { parseOptions } = await import('../../src/options.ts');
  const known = run.configuration.recording;
  const imageSize = observed.shape.length === 3 ? observed.shape.slice(0, 2) : undefined;
  const configuration = parseOptions(option('data'), recordingConfiguration, {
    ...known,
    path: data,
    imageSize: known?.imageSize ?? imageSize,
    ...(map === undefined ? {} : { map }),
    ...(stack === undefined ? {} : { stack }),
  });
  return { name: basename(data ?? ''), ...(await drawUnlabelled(configuration, { most: observations, seed })) };
}

function requireShape({ observationShape, name }: NamedBatch, { observed }: Baseline): void {
  if (observationShape.join() === observed.shape.join()) return;
  throw new UsageError(
    `${name}: expected observations of shape [${observed.shape.join(', ')}] as in the baseline, got [${observationShape.join(', ')}]`,
    { remedy: `Say which column they are: ${option('map', 'observation=NAME')}.` },
  );
}
