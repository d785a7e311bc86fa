// `jepa verify`: whether the same encoder and predictor give the same answer on every runtime that this machine has. Writes
// verify.json and verify.html into the folder.
import { Command } from 'commander';
import { UsageError } from '../src/error.ts';
import { packageRoot, packageVersion } from '../src/machine/package.ts';
import type { EvaluationSubject } from '../src/run/subject.ts';
import type { Runner } from '../src/verification/runner.ts';
import type { RunnerSources } from '../src/verification/runners.ts';
import type { VerificationInput } from '../src/verification/verify.ts';
import { parseWhole } from './parse/number.ts';

interface VerifyFlags {
  readonly runtimes: string;
  readonly require?: string;
  readonly reference?: string;
  readonly observations: number;
  readonly batchSizes: readonly number[];
  readonly seed: number;
  readonly classes?: string;
  readonly data?: string;
  readonly threads: number;
  readonly bisect?: readonly [string, string];
  readonly bisectTolerance: number;
  readonly timeLimit: number;
  readonly memoryLimit: number;
  readonly build?: boolean;
  readonly json?: boolean;
  readonly report: boolean;
}

export function createVerifyCommand(): Command {
  return new Command('verify')
    .description('prove that the latents of a run or an export tell apart the same on every runtime')
    .argument('<folder>', 'the folder of a run, or of an export by itself')
    .option(
      '--runtimes <names>',
      'comma-separated: tfjs, cpu, cuda, webgpu, wasm, chromium:wasm, chromium:wasm:2, chromium:webgpu, python, openvino, ' +
        'java, rust, go, c; variants: cuda:tf32, and NAME:fp16 and NAME:int8 of any that reads ONNX files',
      'all',
    )
    .option('--require <names>', 'runtimes whose absence is a failure, or all')
    .option(
      '--reference <name>',
      'runtime that the others are compared with (default: tfjs where it can run, else cpu)',
    )
    .option(
      '--observations <number>',
      'held-out observations; as many more give the centroids',
      parseWhole('--observations', 2),
      512,
    )
    .option(
      '--batch-sizes <numbers>',
      'comma-separated; the largest takes all observations',
      parseBatchSizes,
      [1, 16, 64],
    )
    .option('--seed <number>', 'seed of the observations and actions', parseWhole('--seed', 0), 0)
    .option(
      '--classes <source>',
      'what must be told apart: reward (bisimulation), auxiliary, state; of a recording: a column, quantiles, observed',
    )
    .option('--data <path>', 'where the recording of the run is now (default: where the run found it)')
    .option('--threads <number>', 'threads of each runtime', parseWhole('--threads', 1), 1)
    .option('--bisect <A,B>', 'find the first node whose value differs between two runtimes', parsePair)
    .option('--bisect-tolerance <part>', "errors above this part of a value's scale are differences", parsePart, 1e-4)
    .option('--time-limit <seconds>', 'of one process', parseWhole('--time-limit', 1), 600)
    .option('--memory-limit <MiB>', 'of one process and what it starts (Linux)', parseWhole('--memory-limit', 1), 8192)
    .option('--build', 'build the programs in other languages that are not built yet')
    .option('--json', 'print verify.json instead of the table')
    .option('--no-report', 'write neither verify.json nor verify.html')
    .addHelpText(
      'after',
      `
Examples:
  jepa verify runs/a
  jepa verify runs/a/export --runtimes cpu,wasm,chromium:wasm --require chromium:wasm
  jepa verify runs/a --build --runtimes python,java,go,c
  jepa verify runs/a --runtimes cpu --bisect cpu,cpu:fp16

Exit code 1 where a verdict or a prediction may change. What is compared, and what it proves: docs/verify.md`,
    )
    .action(runVerify);
}

function parseBatchSizes(text: string): number[] {
  return text.split(',').map(parseWhole('--batch-sizes', 1));
}

function parsePair(text: string): [string, string] {
  const names = text.split(',').map((name) => name.trim());
  if (names.length !== 2 || names[0] === names[1])
    throw new UsageError(`--bisect: expected two runtimes as A,B, got "${text}"`);
  return [names[0], names[1]];
}

function parsePart(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value < 1))
    throw new UsageError(`--bisect-tolerance: expected a number between 0 and 1, got "${text}"`);
  return value;
}

async function runVerify(folder: string, flags: VerifyFlags): Promise<void> {
  const { allRuntimes, runnerOf } = await import('../src/verification/runners.ts');
  const named = parseNames('--runtimes', flags.runtimes, allRuntimes);
  const required = flags.require === undefined ? [] : parseNames('--require', flags.require, allRuntimes);
  const onProgress = (message: string) => process.stderr.write(`${message}\n`);
  const { openSubject } = await import('../src/run/subject.ts');
  const subject = openSubject(folder);
  const variantOf = async (model: 'float16' | 'int8', scratch: string): Promise<string> => {
    const { makeVariant } = await import('../pipeline/verification-variant.ts');
    return makeVariant(model, scratch, subject, input.source, flags.seed);
  };
  const { join } = await import('node:path');
  const sources: RunnerSources = {
    inHouse: { program: process.execPath, arguments: [join(packageRoot(), 'bin', 'jepa.js'), 'runner'] },
    deployFolder: join(packageRoot(), 'examples', 'deploy'),
    builds: flags.build ?? false,
    required,
    named: flags.runtimes === 'all' ? [] : named,
    makeVariant: variantOf,
    onProgress,
  };
  const runners = [...new Set([...named, ...required])].map((name) => runnerOf(name, sources));
  const references = (await referenceNames(flags, subject.tfjs !== undefined)).map((name) => runnerOf(name, sources));
  const bisected = flags.bisect?.map((name) => runnerOf(name, sources));
  const limits = { timeMs: flags.timeLimit * 1000, memoryByteLength: flags.memoryLimit * 2 ** 20 };

  const input = await inputOf(subject, flags);
  const { readRecorded } = await import('../pipeline/verification-variant.ts');
  const { verify } = await import('../src/verification/verify.ts');
  const verification = await verify(
    {
      subject,
      source: input.source,
      classes: input.classes,
      untrainedEncoder: input.untrainedEncoder,
      recorded: readRecorded(subject),
      runners,
      references,
    },
    {
      observations: flags.observations,
      seed: flags.seed,
      batchSizes: flags.batchSizes,
      threads: flags.threads,
      limits,
      onProgress,
    },
  );
  const bisection = bisected && (await bisectRunners(bisected));
  const { verificationRecordOf } = await import('../src/verification/describe.ts');
  const record = verificationRecordOf(verification, bisection);
  const json = `${JSON.stringify(record, undefined, 2)}\n`;
  if (flags.report) await writeReport();
  if (flags.json) process.stdout.write(json);
  else {
    process.stdout.write((await import('./text/verification.ts')).renderVerification(record));
    const { proofLine } = await import('./proof-text.ts');
    if (subject.onnx !== undefined) process.stdout.write(proofLine(folder, subject.onnx.encoder.path));
  }
  if (!record.holds) process.exitCode = 1;

  async function bisectRunners([a, b]: readonly Runner[]) {
    onProgress(`comparing the nodes of ${a.name} and ${b.name}`);
    const { bisect } = await import('../src/verification/bisect.ts');
    const { exposeFile } = await import('../export/index.ts');
    const { readFileSync } = await import('node:fs');
    return bisect({
      subject,
      source: input.source,
      runners: [a, b],
      expose: (path) => exposeFile(readFileSync(path), 'encoder.onnx'),
      tolerance: flags.bisectTolerance,
      seed: flags.seed,
      threads: flags.threads,
      limits,
    });
  }

  async function writeReport(): Promise<void> {
    const { writeFileAtomic } = await import('../src/storage/atomic-file.ts');
    const { VERIFICATION_NAME, VERIFICATION_PAGE_NAME } = await import('../src/verification/schema.ts');
    const { verificationReport } = await import('../src/report/verification-report.ts');
    const { renderReport } = await import('../src/report/page.ts');
    const page = await renderReport(verificationReport(record, `jepa-onnx ${packageVersion()}`));
    writeFileAtomic(join(folder, VERIFICATION_NAME), json);
    writeFileAtomic(join(folder, VERIFICATION_PAGE_NAME), page);
    onProgress(`${join(folder, VERIFICATION_PAGE_NAME)}: the report`);
  }
}

/**
 * Held-out observations of the run's environment or recording, their classes, and the encoder before training; random
 * observations where the recording is not there.
 */
export async function inputOf(
  subject: EvaluationSubject,
  { classes, data, observations, seed }: Pick<VerifyFlags, 'classes' | 'data' | 'observations' | 'seed'>,
): Promise<Pick<VerificationInput, 'source' | 'classes' | 'untrainedEncoder'>> {
  const { parentRuntime } = await import('./parse/runtime-choice.ts');
  const runtime = await parentRuntime();
  if (subject.configuration.recording !== undefined) {
    const { parseRecordingClassSource } = await import('../src/evaluation/class/recording.ts');
    const { inputOfRecordingOrStatistics } = await import('../pipeline/network/recording.ts');
    return inputOfRecordingOrStatistics(subject, {
      path: data,
      classes: classes === undefined ? undefined : parseRecordingClassSource('--classes', classes),
      observations,
      seed,
      runtime,
      onNote: (note) => process.stderr.write(`${note}\n`),
    });
  }
  if (data !== undefined)
    throw new UsageError(`--data: expected a run of a recording, got ${subject.folder}, a run of an environment`);
  const { classesOf, parseClassSource } = await import('../src/evaluation/class/state.ts');
  const classSource = parseClassSource('--classes', classes ?? 'reward');
  const { networksOfConfiguration } = await import('../pipeline/network/environment.ts');
  const networks = await networksOfConfiguration(subject.configuration, runtime);
  return { ...networks, classes: await classesOf(networks.environment, classSource, networks.auxiliaries) };
}

/** Names one by one, or `all`. */
function parseNames(option: string, text: string, all: readonly string[]): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('all')) return [...new Set([...all, ...names.filter((name) => name !== 'all')])];
  if (new Set(names).size !== names.length)
    throw new UsageError(`${option}: expected each runtime once, got "${text}"`);
  return names;
}

/**
 * tfjs where the run has its models and native TensorFlow is set up (in JavaScript it takes minutes), then the CPU, then
 * WebAssembly: the first that runs.
 */
async function referenceNames(flags: VerifyFlags, hasTfjsModels: boolean): Promise<string[]> {
  if (flags.reference !== undefined) return [flags.reference];
  const { findNatives } = await import('../src/tensorflow/native/find.ts');
  return [...(hasTfjsModels && findNatives().length > 0 ? ['tfjs'] : []), 'cpu', 'wasm'];
}
