// Whether new observations, without labels, still have the latents of those of a baseline: the encoder of a run, of an export, or
// any ONNX file, and the batch of a day.
import { basename, dirname, join } from 'node:path';
import { createEnvironment } from '../../src/environments/index.ts';
import { option, UsageError } from '../../src/error.ts';
import { measureDrift as compare, type Drift } from '../../src/evaluation/baseline/drift.ts';
import type { Baseline } from '../../src/evaluation/baseline/schema.ts';
import { environmentEvaluationSource } from '../../src/evaluation/held-out/held-out.ts';
import type { UnlabelledObservations } from '../../src/evaluation/held-out/unlabelled.ts';
import type { DriftRecord } from '../../src/evaluation/schema/drift.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { underMetric } from '../../src/measures/latents.ts';
import { openRuntimeVariant, parseRuntimeVariant } from '../../src/run/runtime-variant.ts';
import { type EncoderSubject, type EvaluationSubject, openSubject } from '../../src/run/subject.ts';
import { openEncoderSession } from '../../src/run/world-session.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { requireFile, requireWritable } from '../../src/storage/file-system.ts';
import { lookAtEncoder } from '../encoder/file.ts';
import { besideEncoder } from '../encoder/report-file.ts';
import { readBaseline } from '../evaluate/gate.ts';

/** Which batch is compared with which baseline. */
export interface DriftOptions {
  /** A file of `saveBaseline`, made of this encoder. */
  readonly baseline: string;
  /** A recording of new observations: labels and actions are not needed. */
  readonly data?: string | undefined;
  /** The name of an environment of ours to draw the batch from, instead of `data`. */
  readonly environment?: string | undefined;
  /** The recording's parts and their columns: observation=pixels. */
  readonly map?: string | undefined;
  /** Frames of an observation. Default: 1; of a run what it was trained with. */
  readonly stack?: number | undefined;
  /** Default: the baseline's. */
  readonly runtime?: string | undefined;
  /** Of the runtime. Default: all cores. */
  readonly threads?: number | undefined;
  /** Observations that are drawn of the batch; at most 1,024 are compared. Default: 4,096. */
  readonly observations?: number | undefined;
  /** Of what is drawn, and of the permutations. Default: 1. */
  readonly seed?: number | undefined;
  /** The chance of an alarm if nothing has changed. Default: 0.01. */
  readonly level?: number | undefined;
  /** Default: 1,999. */
  readonly permutations?: number | undefined;
  /** Another mix of classes is told, and no alarm. Default: false. */
  readonly ignoreMix?: boolean | undefined;
  /** Whether the result and its page are written. Default: true. */
  readonly report?: boolean | undefined;
  /** Told in one line how far it is, and which files were written. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Told in one line of what is odd. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two steps of the work. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compares the latents of new observations with those of a baseline.
 *
 * @param path of an ONNX file, or the folder of a run or an export; drift.json and drift.html go there, beside an ONNX file as
 *   NAME.drift.json and NAME.drift.html, unless `report` is false
 * @returns what drift.json holds; `hasDrifted` where it is an alarm
 * @throws UsageError where the baseline is of another encoder, or the observations are of another shape
 */
export async function measureDrift(path: string, options: DriftOptions): Promise<DriftRecord> {
  const { seed = 1, level = 0.01, permutations = 1999, report = true, onNote } = options;
  const progress = (line: string): void => {
    options.signal?.throwIfAborted();
    options.onProgress?.(line);
  };
  if (1 / (1 + permutations) > level / 3)
    throw new UsageError(
      `permutations: expected at least ${Math.ceil(3 / level)} for a level of ${level}, got ${permutations}`,
      {
        remedy: 'With fewer no result could be below it, after the correction for three questions.',
      },
    );
  const { data, environment } = options;
  if ((data === undefined) === (environment === undefined))
    throw new UsageError(
      `drift: expected new observations, either ${option('data', 'RECORDING')} or ${option('environment', 'NAME')}, got ${data === undefined ? 'neither' : 'both'}`,
    );
  const baseline = readBaseline(options.baseline);
  const opened = await openEncoder(path, baseline, options.baseline);
  if (report) requireWritable(dirname(driftPath(path, 'json')));
  progress('drawing observations');
  const batch = await drawBatch(opened, baseline, { ...options, seed });
  requireShape(batch, baseline);
  const runtime = await openRuntimeVariant(
    parseRuntimeVariant('runtime', options.runtime ?? baseline.measured.runtime),
    options.threads,
  );
  try {
    const { runtime: name, provider, version } = runtime.describe();
    progress(`encoding on ${name}`);
    const session = await openEncoderSession(runtime, opened.subject, batch.observationShape);
    const encoded = await session.encode(batch.observations).finally(() => session.dispose());
    if (encoded.size !== baseline.reference.latents.size)
      throw new UsageError(
        `${options.baseline}: expected latents of ${encoded.size} numbers, got ${baseline.reference.latents.size}`,
      );
    progress('comparing');
    const drift = compare(
      baseline,
      { latents: underMetric(encoded, baseline.observed.metric), episodes: batch.episodes },
      { encoder: opened.name, baseline: options.baseline, observed: batch.name, runtime: name, provider, version },
      { level, permutations, seed, ignoresMix: options.ignoreMix ?? false },
    );
    noteSmallness(drift.record, onNote);
    if (report) await writeReport(path, drift, progress);
    return drift.record;
  } finally {
    await runtime.dispose();
  }
}

interface OpenedEncoder {
  readonly name: string;
  readonly subject: EncoderSubject;
  /** Of a run or an export. */
  readonly run?: EvaluationSubject;
}

/** @throws UsageError where the baseline is of another file: latents of two encoders have nothing in common */
async function openEncoder(path: string, baseline: Baseline, where: string): Promise<OpenedEncoder> {
  const isFile = /\.onnx$/i.test(path);
  if (isFile) requireFile(path, 'an ONNX file');
  const run = isFile ? undefined : openSubject(path);
  const file = isFile ? path : run?.onnx?.encoder.path;
  const { input, furtherInputs = [], constants, output, sha256, name } = baseline.encoder;
  if (file !== undefined && sha256 !== null && (await lookAtEncoder(file)).sha256 !== sha256)
    throw new UsageError(
      `${where}: expected a baseline of ${file}, got one of another file (${name}, SHA-256 ${sha256.slice(0, 12)}…)`,
      {
        remedy: 'Save one of this encoder: jepa evaluate ... --save-baseline FILE',
      },
    );
  if (run !== undefined) return { name: run.name, subject: run, run };
  // The same file by its hash can be of a run's export: then the run says what it takes.
  if (input === undefined)
    throw new UsageError(`${where}: expected a baseline of an ONNX file, got one of the run ${name}`, {
      remedy: `Name its folder: jepa drift RUN ${option('baseline', where)}`,
    });
  if (furtherInputs.length > 0)
    throw new UsageError(
      `${where}: expected an encoder with one input for observations, got ${furtherInputs.length + 1} (${[input, ...furtherInputs].map((port) => port.name).join(', ')})`,
      { remedy: `Gate it on labelled observations instead: jepa evaluate ${path} ... ${option('baseline', where)}` },
    );
  // Fed, and read, as it was when the baseline was made.
  const encoder = { path, input: { ...input, constants, latent: output } };
  return { name: basename(path), subject: { name: path, folder: path, onnx: { encoder } } };
}

interface NamedBatch extends UnlabelledObservations {
  readonly name: string;
}

async function drawBatch(
  { run }: OpenedEncoder,
  { observed }: Baseline,
  { data, environment, map, stack, seed = 1, observations = 4096 }: DriftOptions,
): Promise<NamedBatch> {
  if (environment !== undefined) {
    const source = environmentEvaluationSource(createEnvironment(environment));
    const { judged } = await source.draw(observations, seed);
    return { name: source.name, observationShape: source.observationShape, observations: judged.observations };
  }
  const { recordingConfiguration } = await import('../../src/data/configured-recording.ts');
  const { drawUnlabelled } = await import('../../src/evaluation/held-out/unlabelled.ts');
  const { parseOptions } = await import('../../src/options.ts');
  const known = run?.configuration.recording;
  const imageSize = observed.shape.length === 3 ? observed.shape.slice(0, 2) : undefined;
  const configuration = parseOptions(option('data'), recordingConfiguration, {
    ...known,
    path: data,
    imageSize: known?.imageSize ?? imageSize,
    ...(map === undefined ? {} : { map }),
    ...(stack === undefined ? {} : { stack }),
  });
  const path = data ?? '';
  return { name: basename(path), ...(await drawUnlabelled(configuration, { most: observations, seed })) };
}

function requireShape({ observationShape, name }: NamedBatch, { observed }: Baseline): void {
  if (observationShape.join() === observed.shape.join()) return;
  throw new UsageError(
    `${name}: expected observations of shape [${observed.shape.join(', ')}] as in the baseline, got [${observationShape.join(', ')}]`,
    { remedy: `Say which column they are: ${option('map', 'observation=NAME')}.` },
  );
}

/** Below so many a batch of this size hardly ever shows anything. */
const FEW = 30;

function noteSmallness({ observations, referenceObservations }: DriftRecord, onNote: DriftOptions['onNote']): void {
  const least = Math.min(observations, referenceObservations);
  if (least < FEW)
    onNote?.(`${least} independent observations on one side: a batch without an alarm says little (docs/gate.md)`);
}

/** drift.html of a run, NAME.drift.html beside NAME.onnx. */
export function driftPath(path: string, extension: 'html' | 'json'): string {
  if (!/\.onnx$/i.test(path)) return join(path, `drift.${extension}`);
  return besideEncoder(path, `drift.${extension}`);
}

async function writeReport(path: string, drift: Drift, onProgress: (line: string) => void): Promise<void> {
  const { driftReport } = await import('../../src/report/drift-report.ts');
  const { renderReport } = await import('../../src/report/page.ts');
  const page = await renderReport(driftReport(drift, `jepa-onnx ${packageVersion()}`));
  writeFileAtomic(driftPath(path, 'json'), formatJson(drift.record));
  writeFileAtomic(driftPath(path, 'html'), page);
  onProgress(`${driftPath(path, 'html')}: the report`);
}
