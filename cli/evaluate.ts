// `jepa evaluate`: measures, on held-out observations and on one or several runtimes, whether the latents keep apart what
// must be told apart; writes evaluation.json and report.html beside the models.
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Readout } from '../pipeline/readout.ts';
import { UsageError, unknownName } from '../src/error.ts';
import type { Evaluation, EvaluationInput } from '../src/evaluation/evaluate.ts';
import type { AnyEvaluationRecord, EvaluationRecord } from '../src/evaluation/schema/evaluation.ts';
import { packageVersion } from '../src/machine/package.ts';
import type { EvaluationSubject } from '../src/run/subject.ts';
import { parseImageSize } from './data.ts';
import { parseNonNegative, parseWhole } from './parse/number.ts';
import { ensureRuntimePackages, loadTensorFlowForCommand } from './tensorflow.ts';

export interface EvaluateFlags {
  readonly runtime: string;
  readonly reference?: string;
  readonly observations: number;
  readonly seed: number;
  readonly classes?: string;
  readonly data?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly failOn?: string;
  readonly report: boolean;
  readonly probes?: boolean;
  readonly decoder?: boolean;
  readonly decoderNoise: number;
  readonly environment?: string;
  readonly map?: string;
  readonly imageSize?: readonly [height: number, width: number];
  readonly stack?: number;
  readonly layout?: 'nchw' | 'nhwc';
  readonly pixels?: string;
  readonly untrained?: string;
}

export function createEvaluateCommand(): Command {
  return new Command('evaluate')
    .description('measure whether the latents of a run or an export stay distinct, on any runtime')
    .argument('<folder>', 'the folder of a run, or of an export by itself; or an ONNX file: an encoder from anywhere')
    .option(
      '--runtime <names>',
      'comma-separated: cpu, wasm, cuda, webgpu, tfjs; variants: cuda:tf32, NAME:fp16',
      'cpu',
    )
    .option(
      '--reference <name>',
      'runtime that the others are compared with (default: tfjs where it can run, else cpu)',
    )
    .option(
      '--observations <number>',
      'held-out observations; as many more give the centroids',
      parseWhole('--observations', 2),
      4096,
    )
    .option('--seed <number>', 'seed of the observations', parseWhole('--seed', 0), 0)
    .option(
      '--classes <source>',
      'what must be told apart: reward (bisimulation; the default), auxiliary, state; of a recording: observed, column:NAME, quantiles:K (default: what can be claimed best)',
    )
    .option(
      '--data <path>',
      'where the recording of the run is now (default: where it was); of an ONNX file: the recording that it is measured on',
    )
    .option('--threads <number>', 'threads of each runtime (default: all cores)', parseWhole('--threads', 1))
    .option('--probes', 'probe the latents for the state and for what images show beside it (minutes)')
    .option('--decoder', 'train a decoder on the latents, and draw what it recovers (a minute)')
    .option(
      '--decoder-noise <fraction>',
      'noise on the latents that the decoder sees, of their scale',
      parseNonNegative('--decoder-noise'),
      0,
    )
    .option('--json', 'print evaluation.json instead of the table')
    .option('--fail-on <verdict>', 'exit with 1 where a verdict is this or worse: coarse, collapsed')
    .option('--no-report', 'write neither evaluation.json nor report.html')
    .option('--environment <name>', 'of an ONNX file: measure it on an environment of ours instead: counting, ...')
    .option('--map <parts>', "of an ONNX file: the recording's parts and their columns: observation=pixels,state=label")
    .option(
      '--image-size <HxW>',
      "of an ONNX file: bring the recording's images to this size (default: the file's)",
      parseImageSize,
    )
    .option('--stack <frames>', 'of an ONNX file: frames of an observation (default: 1)', parseWhole('--stack', 1))
    .addOption(
      new Option('--layout <layout>', 'of an ONNX file: the order of its axes (default: by its shape)').choices([
        'nchw',
        'nhwc',
      ]),
    )
    .option(
      '--pixels <scale>',
      'of an ONNX file that takes float32: unit (0..1, the default), bytes (0..255), signed (-1..1), imagenet, or means/deviations: 0.5,0.5,0.5/0.25,0.25,0.25',
    )
    .option('--untrained <file>', 'of an ONNX file: the same encoder before training, which shows a collapse best')
    .addHelpText(
      'after',
      `
Examples:
  jepa evaluate runs/a
  jepa evaluate runs/a --runtime cpu,wasm --fail-on coarse
  jepa evaluate runs/a/export --json
  jepa evaluate runs/a --probes --decoder
  jepa evaluate encoder.onnx --data frames.npz --classes column:label --pixels imagenet --runtime cpu,wasm

What every measure means, and what it cannot tell: docs/measures.md`,
    )
    .action(runEvaluate);
}

/** What only an encoder from anywhere has to be told. */
const encoderFlags = ['environment', 'map', 'imageSize', 'stack', 'layout', 'pixels', 'untrained'] as const;
/** What only a run has. */
const runFlags = ['probes', 'decoder'] as const;

async function runEvaluate(folder: string, flags: EvaluateFlags): Promise<void> {
  const runtimes = await parseRuntimes(flags.runtime);
  const isFailure = parseFailOn(flags.failOn);
  const isEncoder = folder.toLowerCase().endsWith('.onnx');
  refuseForeignFlags(folder, flags, isEncoder);
  const names = [...runtimes, ...(flags.reference ? [flags.reference] : [])];
  await ensureRuntimePackages(names.map((name) => name.split(':')[0]));
  const record = isEncoder ? await runForEncoder(folder, runtimes, flags) : await runForRun(folder, runtimes, flags);
  const verdicts: readonly { readonly runtime: string; readonly verdict: string }[] = record.runtimes;
  const failed = verdicts.filter((runtime) => isFailure(runtime.verdict));
  if (failed.length > 0) {
    const names = failed.map((runtime) => `${runtime.runtime} ${runtime.verdict}`).join(', ');
    process.stderr.write(`jepa: --fail-on ${flags.failOn}: ${names}\n`);
    process.exitCode = 1;
  }
}

function refuseForeignFlags(subject: string, flags: EvaluateFlags, isEncoder: boolean): void {
  const refused = (isEncoder ? runFlags : encoderFlags).find((name) => flags[name] !== undefined);
  if (refused === undefined) return;
  const option = `--${refused.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError(
    isEncoder
      ? `${option}: expected the folder of a run, got ${subject}`
      : `${option}: expected an ONNX file to evaluate, got ${subject}, which says itself what it takes`,
  );
}

async function runForEncoder(
  path: string,
  runtimes: readonly string[],
  flags: EvaluateFlags,
): Promise<AnyEvaluationRecord> {
  const { evaluateEncoderFile, writeEncoderReport } = await import('../pipeline/evaluate-encoder.ts');
  const reference = flags.reference ?? (await defaultReference(false, runtimes));
  const { evaluation, record } = await evaluateEncoderFile(path, { ...flags, runtimes, reference });
  if (flags.report) await writeEncoderReport(path, evaluation, record);
  await print(record, flags);
  if (!flags.json) await printProof(path, path);
  return record;
}

async function runForRun(
  folder: string,
  runtimes: readonly string[],
  flags: EvaluateFlags,
): Promise<AnyEvaluationRecord> {
  const evaluation = await evaluateFolder(folder, runtimes, flags);
  const { recordOf } = await import('../src/evaluation/schema/describe.ts');
  const readout = await readLatents(evaluation, flags);
  const record = { ...recordOf(evaluation), ...readout?.record };
  if (flags.report) await writeReport(folder, { evaluation, record, readout });
  await print(record, flags);
  const encoder = evaluation.input.subject.onnx?.encoder.path;
  if (!flags.json && encoder !== undefined) await printProof(folder, encoder);
  return record;
}

function jsonOf(record: AnyEvaluationRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

async function print(record: AnyEvaluationRecord, { json }: EvaluateFlags): Promise<void> {
  if (json) {
    process.stdout.write(jsonOf(record));
    return;
  }
  const { renderEvaluation } = await import('./text/evaluation.ts');
  process.stdout.write(renderEvaluation(record));
}

/** What `jepa certify` proved of this encoder, where it did: the bound beside the errors that were measured. */
async function printProof(subject: string, encoder: string): Promise<void> {
  const { proofLine } = await import('./proof-text.ts');
  process.stdout.write(proofLine(subject, encoder));
}

/** evaluation.json and report.html, beside the models. */
async function writeReport(
  folder: string,
  results: {
    readonly evaluation: Evaluation;
    readonly record: EvaluationRecord;
    readonly readout: Readout | undefined;
  },
): Promise<void> {
  const { evaluation, record, readout } = results;
  const { writeFileAtomic } = await import('../src/storage/atomic-file.ts');
  const { readMetrics } = await import('../src/storage/jsonl.ts');
  const { runPath } = await import('../src/run/folder.ts');
  const { evaluationReport } = await import('../src/report/evaluation-report.ts');
  const { renderReport } = await import('../src/report/page.ts');
  const { records: metrics } = readMetrics(runPath(folder, 'metrics'));
  const { records: measuresWhileTraining } = readMetrics(runPath(folder, 'measures'));
  const generator = `jepa-onnx ${packageVersion()}`;
  const sections = readout?.sections ?? [];
  const page = await renderReport(
    evaluationReport({ evaluation, record, metrics, measuresWhileTraining, generator, sections }),
  );
  writeFileAtomic(runPath(folder, 'evaluation'), jsonOf(record));
  writeFileAtomic(runPath(folder, 'report'), page);
  (await import('../pipeline/model-card.ts')).refreshModelCard(folder);
  process.stderr.write(`${runPath(folder, 'report')}: the report\n`);
  if (readout?.decoder === undefined) return;
  writeFileAtomic(join(folder, 'decoder.onnx'), readout.decoder);
  process.stderr.write(`${join(folder, 'decoder.onnx')}: the decoder\n`);
}

/** Probes and the decoder, which are trained by TensorFlow: only where they are asked for. */
async function readLatents(evaluation: Evaluation, flags: EvaluateFlags): Promise<Readout | undefined> {
  const { probes = false, decoder = false, decoderNoise, seed, threads } = flags;
  if (!probes && !decoder) return undefined;
  const { loadedTensorFlow } = await import('../src/tensorflow/load.ts');
  await loadTensorFlowForCommand({ threads: threads ?? loadedTensorFlow()?.threads });
  const { readOut } = await import('../pipeline/readout.ts');
  const onProgress = (message: string) => process.stderr.write(`${message}\n`);
  return readOut(evaluation, { probes, decoder, decoderNoise, seed, threads, onProgress });
}

async function evaluateFolder(folder: string, runtimes: readonly string[], flags: EvaluateFlags): Promise<Evaluation> {
  const { openSubject } = await import('../src/run/subject.ts');
  const subject = openSubject(folder);
  const input =
    subject.configuration.recording === undefined
      ? await inputOfEnvironment(subject, runtimes, flags)
      : await inputOfRecording(subject, runtimes, flags);
  const { evaluate } = await import('../src/evaluation/evaluate.ts');
  return withHalfEncoder(input, [...runtimes, flags.reference ?? ''], flags.seed, async (halfEncoder) =>
    evaluate(input, {
      runtimes,
      halfEncoder,
      reference: flags.reference ?? (await defaultReference(subject.tfjs !== undefined, runtimes)),
      observations: flags.observations,
      seed: flags.seed,
      threads: flags.threads,
      onProgress: (message) => process.stderr.write(`${message}\n`),
    }),
  );
}

/** With the encoder in half precision in a temporary folder, where a variant of that name is among the runtimes. */
async function withHalfEncoder<Result>(
  { subject, source }: EvaluationInput,
  names: readonly string[],
  seed: number,
  work: (halfEncoder: string | undefined) => Promise<Result>,
): Promise<Result> {
  if (!names.some((name) => name.endsWith(':fp16'))) return work(undefined);
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { makeVariant } = await import('../pipeline/verification-variant.ts');
  const folder = mkdtempSync(join(tmpdir(), 'jepa-half-'));
  try {
    return await work(await makeVariant('float16', folder, subject, source, seed));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The runtime for networks that only an evaluation needs. */
function onnxRuntimeOf(runtimes: readonly string[]): string {
  return (runtimes.find((name) => name !== 'tfjs') ?? 'cpu').split(':')[0];
}

async function inputOfEnvironment(
  subject: EvaluationSubject,
  runtimes: readonly string[],
  flags: EvaluateFlags,
): Promise<EvaluationInput> {
  if (flags.data !== undefined)
    throw new UsageError(`--data: expected a run of a recording, got ${subject.folder}, a run of an environment`);
  const { classesOf, parseClassSource } = await import('../src/evaluation/class/state.ts');
  const classSource = parseClassSource('--classes', flags.classes ?? 'reward');
  const { networksOfConfiguration } = await import('../pipeline/network/environment.ts');
  const networks = await networksOfConfiguration(subject.configuration, onnxRuntimeOf(runtimes));
  return { subject, ...networks, classes: await classesOf(networks.environment, classSource, networks.auxiliaries) };
}

async function inputOfRecording(
  subject: EvaluationSubject,
  runtimes: readonly string[],
  { data, classes, observations, seed }: EvaluateFlags,
): Promise<EvaluationInput> {
  const { parseRecordingClassSource } = await import('../src/evaluation/class/recording.ts');
  const { inputOfRecording: openInput } = await import('../pipeline/network/recording.ts');
  return openInput(subject, {
    path: data,
    classes: classes === undefined ? undefined : parseRecordingClassSource('--classes', classes),
    observations,
    seed,
    runtime: onnxRuntimeOf(runtimes),
    onNote: (note) => process.stderr.write(`${note}\n`),
  });
}

/**
 * tfjs where the run has its models and native TensorFlow is set up (in JavaScript it takes minutes); else the CPU; and
 * where there is no onnxruntime-node, the first runtime itself. The record says which it was.
 */
async function defaultReference(hasTfjsModels: boolean, runtimes: readonly string[]): Promise<string> {
  if (hasTfjsModels && runtimes.includes('tfjs')) return 'tfjs';
  const { findNatives } = await import('../src/tensorflow/native/find.ts');
  if (hasTfjsModels && findNatives().length > 0) return 'tfjs';
  const { findPackage, onnxruntimeNodePackage } = await import('../src/machine/optional-package.ts');
  return findPackage(onnxruntimeNodePackage) === undefined ? runtimes[0] : 'cpu';
}

async function parseRuntimes(text: string): Promise<string[]> {
  const { parseRuntimeVariant } = await import('../src/run/runtime-variant.ts');
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) parseRuntimeVariant('--runtime', name);
  if (new Set(names).size !== names.length)
    throw new UsageError(`--runtime: expected each runtime once, got "${text}"`);
  return names;
}

/** Whether a verdict is the given one or worse. */
function parseFailOn(name: string | undefined): (verdict: string) => boolean {
  if (name === undefined) return () => false;
  // From worst to best, as in src/measures/verdict.ts.
  const order = ['collapsed', 'coarse'];
  if (!order.includes(name)) throw unknownName('--fail-on', 'a verdict', name, order);
  return (verdict) => order.slice(0, order.indexOf(name) + 1).includes(verdict);
}
