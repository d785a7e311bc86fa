// `jepa evaluate`: measures, on held-out observations and on one or several runtimes, whether the latents keep apart what
// must be told apart; writes evaluation.json and report.html beside the models.
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { EvaluateEncoderOptions } from '../../pipeline/encoder/option.ts';
import type { EvaluateRunOptions } from '../../pipeline/evaluate/option.ts';
import { UsageError } from '../../src/error.ts';
import type { AnyEvaluationRecord, EncoderRuntimeRecord } from '../../src/evaluation/schema/evaluation.ts';
import { formatJson } from '../../src/json.ts';
import { OPEN_DESCRIPTION, OPEN_FLAG, openPage } from '../open.ts';
import {
  type EncoderFlags,
  encoderFlagNames,
  isEncoderFile,
  judgedOptions,
  latentFlagNames,
  type PredictorFlags,
  predictorFlagNames,
  refuseEncoderFlags,
  withEncoderFlags,
  withLatentFlags,
  withPredictorFlags,
} from '../parse/encoder.ts';
import { failWordOf, parseFailOn } from '../parse/fail-on.ts';
import { type WantedFormat, withGate } from '../parse/gate.ts';
import { type JudgingFlags, latentOptions, parseSubject, withGivenLatents } from '../parse/latents.ts';
import { parseNonNegative, parseWhole } from '../parse/number.ts';
import { parseRuntimes } from '../parse/runtime.ts';
import { parseObservations, parseStep, type ShardFlags, withShards } from '../parse/shard.ts';
import type { Terminal } from '../terminal.ts';
import { ensureRuntimePackages, loadTensorFlowForCommand } from '../upkeep/tensorflow.ts';

interface EvaluateFlags extends EncoderFlags, PredictorFlags, JudgingFlags, ShardFlags {
  readonly format?: readonly WantedFormat[];
  readonly runtime: string;
  readonly reference?: string;
  readonly data?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly failOn?: string;
  readonly open?: boolean;
  readonly probes?: boolean;
  readonly decoder?: boolean;
  readonly decoderNoise: number;
  readonly untrained?: string;
}

export function createEvaluateCommand(terminal: Terminal): Command {
  const command = new Command('evaluate')
    .description('measure whether the latents of a run or an export stay distinct, on any runtime')
    .argument('[folder]', 'the folder of a run, or of an export by itself; or an ONNX file: an encoder from anywhere')
    .option(
      '--runtime <names>',
      'comma-separated: cpu, wasm, cuda, webgpu, tfjs; variants: cuda:tf32, NAME:fp16',
      'cpu',
    )
    .option(
      '--reference <name>',
      'runtime that the others are compared with (default: tfjs where it can run, else cpu); of an ONNX file also another file',
    )
    .option(
      '--observations <number>',
      'held-out observations; as many more give the centroids; of a recording, all of it: all (docs/scale.md)',
      parseObservations,
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
    .addOption(
      new Option('--metric <metric>', 'how latents are compared (default: euclidean)').choices(['euclidean', 'cosine']),
    )
    .option(
      '--fail-on <verdict>',
      'exit with 1 where a verdict, by its numbers as measured, is this or worse: undecided (more observations are needed), coarse, collapsed',
    )
    .option(OPEN_FLAG, OPEN_DESCRIPTION)
    .option('--no-report', 'write neither evaluation.json nor report.html');
  return withShards(withGate(withGivenLatents(withPredictorFlags(withLatentFlags(withEncoderFlags(command))))))
    .option('--untrained <file>', 'of an ONNX file: the same encoder before training, which shows a collapse best')
    .addHelpText(
      'after',
      `
Examples:
  jepa evaluate runs/a
  jepa evaluate runs/a --runtime cpu,wasm --fail-on coarse
  jepa evaluate runs/a/export --json
  jepa evaluate runs/a --probes --decoder
  jepa evaluate runs/a --save-baseline baseline.json
  jepa evaluate runs/a --baseline baseline.json --format github,junit=results.xml
  jepa evaluate encoder.onnx --data frames.npz --classes column:label --pixels imagenet --runtime cpu,wasm
  jepa evaluate encoder.onnx --data episodes.npz --predictor predictor.onnx --predictor-input u=action
  jepa evaluate dino.onnx --data photos --output last_hidden_state --pool cls --metric cosine
  jepa evaluate --latents phone.npy --labels labels.npy --reference-latents desktop.npy
  jepa evaluate encoder.onnx --data frames --classes column:label --observations all
  jepa evaluate encoder.onnx --data frames --classes column:label --partial parts && jepa launch slurm parts --shards 16

What every measure means, and what it cannot tell: docs/measures.md`,
    )
    .action((subject, flags, command) => runEvaluate(terminal, subject, flags, command));
}

/** What only an encoder from anywhere has to be told. */
const encoderFlags = [...encoderFlagNames, ...latentFlagNames, ...predictorFlagNames, 'untrained', 'queries'] as const;
/** What only a run has. */
const runFlags = ['probes', 'decoder'] as const;

async function runEvaluate(
  terminal: Terminal,
  named: string | undefined,
  flags: EvaluateFlags,
  command: Command,
): Promise<void> {
  const isFailure = parseFailOn(flags.failOn);
  const step = parseStep(command, named, flags);
  if (step !== undefined && step.do !== 'plan') {
    const { runStep } = await import('../shard-step.ts');
    const record = await runStep(terminal, step, flags);
    if (record === undefined) return;
    const reportPath = join(step.folder, 'report.html');
    await report(terminal, flags, record, { subject: step.folder, reportPath, isFailure });
    return;
  }
  const subject = parseSubject(command, named, flags);
  if (step !== undefined) {
    const { planInShards } = await import('../shard-step.ts');
    await planInShards(terminal, step.folder, { command, subject, flags });
    return;
  }
  if (subject === undefined) {
    await report(terminal, flags, await evaluateLatentsFile(terminal, flags), {
      subject: flags.latents ?? '',
      reportPath: await encoderReport(flags.latents ?? ''),
      isFailure,
    });
    return;
  }
  const isEncoder = isEncoderFile(subject);
  refuseForeignFlags(subject, flags, isEncoder);
  const runtimes = await parseRuntimes(flags.runtime);
  const names = [...runtimes, ...(flags.reference && !isEncoderFile(flags.reference) ? [flags.reference] : [])];
  await ensureRuntimePackages(terminal, names);
  const { runtime: _, open: _open, format: _format, ...rest } = flags;
  const options = { ...rest, runtimes, ...(await judgedOptions(terminal, flags)) };
  const record = isEncoder ? await evaluateFile(subject, options) : await evaluateFolder(terminal, subject, options);
  await report(terminal, flags, record, {
    subject,
    reportPath: await reportPathOf(subject, isEncoder),
    isFailure,
    printMore: () => printProof(terminal, subject, isEncoder),
  });
}

interface Reporting {
  /** What was evaluated, by its path. */
  readonly subject: string;
  readonly reportPath: string;
  readonly isFailure: (verdict: string) => boolean;
  /** Prints what is known beside the record, where the record is not for a machine. */
  readonly printMore?: () => Promise<void>;
}

/** Prints what was found, opens its page, and fails where that was asked for. */
async function report(
  terminal: Terminal,
  flags: EvaluateFlags,
  record: AnyEvaluationRecord,
  { subject, reportPath, isFailure, printMore }: Reporting,
): Promise<void> {
  const { writeFormats, gateLines } = await import('../text/gate.ts');
  const { evaluationChecks } = await import('../../src/report/check/check.ts');
  const checks = evaluationChecks(subject, record, (runtime) => isFailure(failWordOf(runtime)));
  const isTaken = writeFormats(terminal, flags.format, checks);
  if (flags.json) terminal.stdout.write(formatJson(record));
  else if (!isTaken) {
    terminal.stdout.write((await import('../text/evaluation.ts')).renderEvaluation(record));
    await printMore?.();
  }
  if (flags.report) await openPage(terminal, flags.open, reportPath);
  const measured: readonly EncoderRuntimeRecord[] = record.runtimes;
  const failed = measured.filter((runtime) => isFailure(failWordOf(runtime)));
  if (failed.length > 0) {
    const names = failed.map((runtime) => `${runtime.runtime} ${failWordOf(runtime)}`).join(', ');
    terminal.stderr.write(`jepa: --fail-on ${flags.failOn}: ${names}\n`);
    terminal.exitCode = 1;
  }
  if (record.gate === undefined) return;
  for (const line of gateLines(record.gate)) terminal.stderr.write(`jepa: ${line}\n`);
  if (!record.gate.holds) terminal.exitCode = 1;
}

async function evaluateLatentsFile(terminal: Terminal, flags: EvaluateFlags): Promise<AnyEvaluationRecord> {
  const { evaluateLatents } = await import('../../pipeline/encoder/latents.ts');
  return evaluateLatents(flags.latents ?? '', await latentOptions(terminal, flags));
}

/** What `jepa certify` proved of this encoder, where it did: the bound beside the errors that were measured. */
async function printProof(terminal: Terminal, subject: string, isEncoder: boolean): Promise<void> {
  const { proofLine } = await import('../text/proof.ts');
  const { openSubject } = await import('../../src/run/subject.ts');
  const encoder = isEncoder ? subject : openSubject(subject).onnx?.encoder.path;
  if (encoder !== undefined) terminal.stdout.write(await proofLine(subject, encoder));
}

async function reportPathOf(subject: string, isEncoder: boolean): Promise<string> {
  if (isEncoder) return encoderReport(subject);
  return (await import('../../src/run/folder.ts')).runPath(subject, 'report');
}

async function encoderReport(path: string): Promise<string> {
  return (await import('../../pipeline/encoder/report-file.ts')).encoderReportPath(path);
}

async function evaluateFile(path: string, options: EvaluateEncoderOptions): Promise<AnyEvaluationRecord> {
  const { evaluateEncoder } = await import('../../pipeline/encoder/evaluate.ts');
  return evaluateEncoder(path, options);
}

async function evaluateFolder(
  terminal: Terminal,
  folder: string,
  options: EvaluateRunOptions,
): Promise<AnyEvaluationRecord> {
  // Set up here, where its progress is shown.
  if (options.probes || options.decoder) await loadTensorFlowForCommand(terminal, { threads: options.threads });
  const { evaluateRun } = await import('../../pipeline/evaluate/run.ts');
  return evaluateRun(folder, options);
}

function refuseForeignFlags(subject: string, flags: EvaluateFlags, isEncoder: boolean): void {
  if (!isEncoder) {
    refuseEncoderFlags(subject, flags, encoderFlags, 'an ONNX file to evaluate');
    if (flags.observations === Number.POSITIVE_INFINITY)
      throw new UsageError(`--observations: expected a number for the folder of a run, got all`);
    return;
  }
  const refused = runFlags.find((name) => flags[name] !== undefined);
  if (refused !== undefined) throw new UsageError(`--${refused}: expected the folder of a run, got ${subject}`);
}
