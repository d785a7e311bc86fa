// `jepa verify`: whether the same encoder and predictor give the same answer on every runtime that this machine has, and whether
// ONNX files do. Writes verify.json and verify.html into the folder, or beside the last file.

import { join } from 'node:path';
import { Command, Option } from 'commander';
import { option, UsageError } from '../../src/error.ts';
import { formatJson } from '../../src/json.ts';
import type { FailRule } from '../../src/verification/file/fail-rule.ts';
import type { ShapeChoices } from '../../src/verification/file/random-inputs.ts';
import type { Tolerance } from '../../src/verification/file/schema.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import {
  encoderFlagNames,
  type FeedingFlags,
  isEncoderFile,
  judgedOptions,
  refuseEncoderFlags,
  withEncoderFlags,
} from '../parse/encoder.ts';
import { type WantedFormat, withFormat } from '../parse/gate.ts';
import { parseNumber, parseWhole } from '../parse/number.ts';
import { parseNames, parsePair } from '../parse/runtime.ts';
import { parseFailRules, parseShapes, parseTolerance } from '../parse/tolerance.ts';
import type { Terminal } from '../terminal.ts';
import { withDashes } from '../text/option.ts';

interface VerifyFlags extends FileFlags {
  readonly format?: readonly WantedFormat[];
  readonly open?: boolean;
  readonly runtimes?: string;
  /** Another spelling of `runtimes`, as the other commands have it. */
  readonly runtime?: string;
  readonly require?: string;
  readonly reference?: string;
  readonly observations?: number;
  readonly batchSizes?: readonly number[];
  readonly seed: number;
  readonly classes?: string;
  readonly data?: string;
  readonly threads: number;
  readonly bisect?: string | true;
  readonly bisectTolerance: number;
  readonly timeLimit: number;
  readonly memoryLimit: number;
  readonly build?: boolean;
  readonly training?: number | true;
  readonly json?: boolean;
  readonly report: boolean;
}

/** Of comparisons of files alone. */
interface FileFlags extends FeedingFlags {
  readonly inputs?: string;
  readonly shape?: ShapeChoices;
  readonly tolerance?: Tolerance;
  readonly failOn?: FailRule[];
  readonly reduce?: string;
}

const fileFlagNames = ['inputs', 'shape', 'tolerance', 'failOn', 'reduce', ...encoderFlagNames] as const;
/** Of runs and exports alone. */
const runFlagNames = ['require', 'reference', 'batchSizes', 'build'] as const;

export function createVerifyCommand(terminal: Terminal): Command {
  const command = withFormat(new Command('verify'))
    .description('measure whether runtimes, or files, give the same answer')
    .argument('<subject>', 'the folder of a run, or of an export by itself; or an ONNX file')
    .argument('[others...]', 'files, runs or exports that are compared with it')
    .option(
      '--runtimes <names>',
      'comma-separated: tfjs, cpu, cuda, webgpu, wasm, chromium:wasm, chromium:wasm:2, chromium:webgpu, python, openvino, ' +
        'java, rust, go, c; variants: cuda:tf32, and NAME:fp16 and NAME:int8 of any that reads ONNX files (default: all; of files: cpu)',
    )
    .addOption(new Option('--runtime <names>').hideHelp())
    .option('--require <names>', 'runtimes whose absence is a failure, or all')
    .option(
      '--reference <name>',
      'runtime that the others are compared with (default: tfjs where it can run, else cpu)',
    )
    .option(
      '--observations <number>',
      'held-out observations; as many more give the centroids (default: 512; of random inputs of files 16)',
      parseWhole('--observations', 1),
    )
    .option(
      '--batch-sizes <numbers>',
      'comma-separated; the largest takes all observations (default: 1,16,64)',
      parseBatchSizes,
    )
    .option('--seed <number>', 'seed of the observations and actions', parseWhole('--seed', 0), 0)
    .option(
      '--classes <source>',
      'what must be told apart: reward (bisimulation), auxiliary, state; of a recording: a column, quantiles, observed',
    )
    .option(
      '--data <path>',
      'where the recording of the run is now (default: where the run found it); of files: the recording that they are fed with',
    )
    .option('--threads <number>', 'threads of each runtime', parseWhole('--threads', 1), 1)
    .option(
      '--bisect [A,B]',
      'find the nodes that introduce an error: between two runtimes of a run, or the files that are compared',
    )
    .option(
      '--bisect-tolerance <part>',
      "errors above this part of a value's scale are differences",
      parseNumber('--bisect-tolerance', 'a number between 0 and 1', (value) => value > 0 && value < 1),
      1e-4,
    )
    .option('--time-limit <seconds>', 'of one process', parseWhole('--time-limit', 1), 600)
    .option('--memory-limit <MiB>', 'of one process and what it starts (Linux)', parseWhole('--memory-limit', 1), 8192)
    .option('--build', 'build the programs in other languages that are not built yet')
    .option(
      '--inputs <path>',
      'of files: an .npz with an array for each input, or a folder of input_0.pb (ONNX test data)',
    )
    .option(
      '--shape <sizes>',
      'of files: axes that they leave open, N=4,tokens=16, or inputs, image=1x3x224x224',
      parseShapes,
    )
    .option(
      '--tolerance <numbers>',
      'of files: what outputs may be off by: relative (of the scale), absolute, cosine, sqnr, psnr (default: relative=0.001)',
      parseTolerance,
    )
    .option(
      '--fail-on <rules>',
      'of files: tolerance, verdict, certificate, elsewhere (default: tolerance; with classes certificate)',
      parseFailRules,
    )
    .option('--reduce <folder>', 'of files: write the smallest piece that fails, with its inputs and what is expected')
    .option(
      '--training [steps]',
      'compare training instead: the first steps (default: 50) anew on tensorflow, onnx:cpu, onnx:wasm, or on --runtimes of those',
      parseTrainingSteps,
    )
    .option('--json', 'print verify.json instead of the table')
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option('--no-report', 'write neither verify.json nor verify.html (of a training: verify-training.json and .html)');
  return withEncoderFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  jepa verify runs/a
  jepa verify runs/a/export --runtimes cpu,wasm,chromium:wasm --require chromium:wasm
  jepa verify runs/a --build --runtimes python,java,go,c
  jepa verify runs/a --runtimes cpu --bisect cpu,cpu:fp16
  jepa verify encoder.onnx encoder-int8.onnx --data frames.npz --classes column:label
  jepa verify old.onnx new.onnx --runtimes cpu,wasm --tolerance relative=1e-4,cosine=0.999
  jepa verify encoder.onnx encoder-int8.onnx --bisect --reduce failing
  jepa verify encoder.onnx --runtimes cpu,chromium:webgpu
  jepa verify runs/a --training

Exit code 1 where a verdict or a prediction may change. What is compared, and what follows: docs/verify.md`,
    )
    .action((subject, others, flags) => runVerify(terminal, subject, others, flags));
}

/** An optional value takes the next word, which may be the folder. */
function parseTrainingSteps(text: string): number {
  if (/^\d+$/.test(text.trim())) return parseWhole('--training', 1)(text);
  throw new UsageError(`--training: expected a number of steps, or nothing, got "${text}"`, {
    remedy: `Where that is the run: jepa verify ${text} --training`,
  });
}

function parseBatchSizes(text: string): number[] {
  return text.split(',').map(parseWhole('--batch-sizes', 1));
}

async function runVerify(
  terminal: Terminal,
  subject: string,
  others: readonly string[],
  flags: VerifyFlags,
): Promise<void> {
  const runtimes = flags.runtimes ?? flags.runtime;
  if (flags.training !== undefined) {
    refuseFormat(flags, 'trainings');
    const { runTrainingVerification } = await import('../training-verification.ts');
    await runTrainingVerification(terminal, subject, runtimes, flags);
    return;
  }
  // An optional value takes the next word, which may be a file.
  const { bisect } = flags;
  const isWord = typeof bisect === 'string' && !bisect.includes(',');
  const subjects = [subject, ...others, ...(isWord && (others.length > 0 || isEncoderFile(subject)) ? [bisect] : [])];
  if (subjects.length > 1 || isEncoderFile(subject)) await verifyFiles(terminal, subjects, runtimes, flags);
  else await verifyFolder(terminal, subject, runtimes, flags);
}

async function verifyFiles(
  terminal: Terminal,
  subjects: readonly string[],
  runtimes: string | undefined,
  flags: VerifyFlags,
): Promise<void> {
  refuseFormat(flags, 'files');
  const refused = runFlagNames.find((name) => flags[name] !== undefined);
  if (refused !== undefined)
    throw new UsageError(
      `${withDashes(option(refused))}: expected the folder of a run or an export alone, got ${subjects.join(' and ')}`,
    );
  const { compareFiles, comparisonPageOf } = await import('../../pipeline/verify/files.ts');
  const { ensureRuntimePackages } = await import('../upkeep/tensorflow.ts');
  const { bisect, reduce } = flags;
  const pair = typeof bisect === 'string' && bisect.includes(',') ? parsePair(bisect) : undefined;
  const names = runtimes === undefined ? pair : parseNames('--runtimes', runtimes, ['cpu', 'wasm']);
  await ensureRuntimePackages(terminal, names ?? ['cpu']);
  const record = await compareFiles(subjects, {
    ...flags,
    runtimes: names,
    ...(await judgedOptions(terminal, flags)),
    tensors: flags.inputs,
    shapes: flags.shape,
    bisection: bisect === undefined && reduce === undefined ? undefined : { tolerance: flags.bisectTolerance },
    limits: limitsOf(flags),
  });
  if (flags.json) terminal.stdout.write(formatJson(record));
  else terminal.stdout.write((await import('../text/comparison.ts')).renderComparison(record));
  if (flags.report) await openPage(terminal, flags.open, comparisonPageOf(subjects));
  if (!record.holds) terminal.exitCode = 1;
}

/** Lists of checks are made of runs and exports: what would be written of anything else is not to be missed silently. */
function refuseFormat({ format }: VerifyFlags, compared: string): void {
  if (format === undefined) return;
  throw new UsageError(`--format: expected the folder of a run or an export, got a comparison of ${compared}`, {
    remedy: 'What was found is in --json.',
  });
}

function limitsOf({ timeLimit, memoryLimit }: VerifyFlags) {
  return { timeMs: timeLimit * 1000, memoryByteLength: memoryLimit * 2 ** 20 };
}

async function verifyFolder(
  terminal: Terminal,
  folder: string,
  runtimes: string | undefined,
  flags: VerifyFlags,
): Promise<void> {
  refuseEncoderFlags(folder, flags, fileFlagNames, 'an ONNX file');
  const { allRuntimes } = await import('../../src/verification/runners.ts');
  const { bisect, bisectTolerance, require } = flags;
  if (flags.observations === 1) throw new UsageError('--observations: expected a whole number of at least 2, got "1"');
  if (bisect === true) throw new UsageError('--bisect: expected two runtimes as A,B, got none');
  const { verifyRun } = await import('../../pipeline/verify/run.ts');
  const record = await verifyRun(folder, {
    runtimes: runtimes === undefined || runtimes === 'all' ? 'all' : parseNames('--runtimes', runtimes, allRuntimes),
    required: require === undefined ? [] : parseNames('--require', require, allRuntimes),
    reference: flags.reference,
    observations: flags.observations,
    batchSizes: flags.batchSizes,
    seed: flags.seed,
    ...(await judgedOptions(terminal, { classes: flags.classes })),
    data: flags.data,
    threads: flags.threads,
    bisection: bisect === undefined ? undefined : { runtimes: parsePair(bisect), tolerance: bisectTolerance },
    limits: limitsOf(flags),
    builds: flags.build,
    report: flags.report,
  });
  const { writeFormats } = await import('../text/gate.ts');
  const { verificationChecks } = await import('../../src/report/check/check.ts');
  const isTaken = writeFormats(terminal, flags.format, verificationChecks(folder, record));
  if (flags.json) terminal.stdout.write(formatJson(record));
  else if (!isTaken) {
    terminal.stdout.write((await import('../text/verification.ts')).renderVerification(record));
    const { openSubject } = await import('../../src/run/subject.ts');
    const encoder = openSubject(folder).onnx?.encoder.path;
    const { proofLine } = await import('../text/proof.ts');
    if (encoder !== undefined) terminal.stdout.write(await proofLine(folder, encoder));
  }
  if (flags.report) {
    const { VERIFICATION_PAGE_NAME } = await import('../../src/verification/schema.ts');
    await openPage(terminal, flags.open, join(folder, VERIFICATION_PAGE_NAME));
  }
  if (!record.holds) terminal.exitCode = 1;
}
