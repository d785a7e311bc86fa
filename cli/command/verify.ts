// `jepa verify`: whether the same encoder and predictor give the same answer on every runtime that this machine has. Writes
// verify.json and verify.html into the folder.
import { join } from 'node:path';
import { Command } from 'commander';
import { UsageError, unknownName } from '../../src/error.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import { parseClasses } from '../parse/class.ts';
import { parseWhole } from '../parse/number.ts';
import { noteTo } from '../text/option.ts';

interface VerifyFlags {
  readonly open?: boolean;
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
  readonly training?: number | true;
  readonly json?: boolean;
  readonly report: boolean;
}

export function createVerifyCommand(): Command {
  return new Command('verify')
    .description('measure whether the latents of a run or an export tell apart the same on every runtime')
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
    .option(
      '--training [steps]',
      'compare training instead: the first steps (default: 50) anew on tensorflow, onnx:cpu, onnx:wasm, or on --runtimes of those',
      parseWhole('--training', 1),
    )
    .option('--json', 'print verify.json instead of the table')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option('--no-report', 'write neither verify.json nor verify.html')
    .addHelpText(
      'after',
      `
Examples:
  jepa verify runs/a
  jepa verify runs/a/export --runtimes cpu,wasm,chromium:wasm --require chromium:wasm
  jepa verify runs/a --build --runtimes python,java,go,c
  jepa verify runs/a --runtimes cpu --bisect cpu,cpu:fp16
  jepa verify runs/a --training

Exit code 1 where a verdict or a prediction may change. What is compared, and what follows: docs/verify.md`,
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
  if (flags.training !== undefined) {
    await runTrainingVerification(folder, flags);
    return;
  }
  const { allRuntimes } = await import('../../src/verification/runners.ts');
  const { timeLimit, memoryLimit, bisect, bisectTolerance, classes, require } = flags;
  const { verifyRun } = await import('../../pipeline/verify/run.ts');
  const record = await verifyRun(folder, {
    runtimes: flags.runtimes === 'all' ? 'all' : parseNames('--runtimes', flags.runtimes, allRuntimes),
    required: require === undefined ? [] : parseNames('--require', require, allRuntimes),
    reference: flags.reference,
    observations: flags.observations,
    batchSizes: flags.batchSizes,
    seed: flags.seed,
    classes: classes === undefined ? undefined : await parseClasses(classes),
    data: flags.data,
    threads: flags.threads,
    bisection: bisect && { runtimes: bisect, tolerance: bisectTolerance },
    limits: { timeMs: timeLimit * 1000, memoryByteLength: memoryLimit * 2 ** 20 },
    builds: flags.build,
    report: flags.report,
    onProgress: noteTo(process.stderr),
    onNote: noteTo(process.stderr),
  });
  if (flags.json) process.stdout.write(`${JSON.stringify(record, undefined, 2)}\n`);
  else {
    process.stdout.write((await import('../text/verification.ts')).renderVerification(record));
    const { openSubject } = await import('../../src/run/subject.ts');
    const encoder = openSubject(folder).onnx?.encoder.path;
    const { proofLine } = await import('../text/proof.ts');
    if (encoder !== undefined) process.stdout.write(await proofLine(folder, encoder));
  }
  if (flags.report) {
    const { VERIFICATION_PAGE_NAME } = await import('../../src/verification/schema.ts');
    await openPage(flags.open, join(folder, VERIFICATION_PAGE_NAME));
  }
  if (!record.holds) process.exitCode = 1;
}

async function runTrainingVerification(folder: string, flags: VerifyFlags): Promise<void> {
  const { verifyTraining } = await import('../../pipeline/verify/training.ts');
  const { trainingPlaces } = await import('../../pipeline/train/place.ts');
  const given = flags.runtimes === 'all' ? undefined : parseNames('--runtimes', flags.runtimes, trainingPlaces);
  const places = given?.map((name) => {
    const known = trainingPlaces.find((each) => each === name);
    if (known === undefined) throw unknownName('--runtimes', 'where to train', name, trainingPlaces);
    return known;
  });
  const record = await verifyTraining(folder, {
    ...(places ? { places } : {}),
    ...(typeof flags.training === 'number' ? { steps: flags.training } : {}),
    data: flags.data,
    threads: flags.threads,
    onNote: noteTo(process.stderr),
  });
  const { renderTrainingVerification } = await import('../text/training-verification.ts');
  process.stdout.write(flags.json ? `${JSON.stringify(record, undefined, 2)}\n` : renderTrainingVerification(record));
}

/** Names one by one, or `all`. */
function parseNames(option: string, text: string, all: readonly string[]): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('all')) return [...new Set([...all, ...names.filter((name) => name !== 'all')])];
  if (new Set(names).size !== names.length)
    throw new UsageError(`${option}: expected each runtime once, got "${text}"`);
  return names;
}
