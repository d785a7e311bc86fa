// A step of an evaluation in shards: its plan, one shard of a pass, or the merge of a pass. What an engine runs, again where it dies.
import type { Command } from 'commander';
import type { PlannedEvaluation } from '../pipeline/stream/run.ts';
import { UsageError } from '../src/error.ts';
import type { EncoderEvaluationRecord } from '../src/evaluation/schema/evaluation.ts';
import { formatJson } from '../src/json.ts';
import { type EncoderFlags, isEncoderFile, judgedOptions } from './parse/encoder.ts';
import type { WantedFormat } from './parse/gate.ts';
import { type JudgingFlags, latentOptions } from './parse/latents.ts';
import { parseRuntimes } from './parse/runtime.ts';
import type { ShardStep } from './parse/shard.ts';
import { EXIT_TRY_AGAIN, type Terminal } from './terminal.ts';
import { noteTo } from './text/option.ts';

/** @returns the record, after the last merge */
export async function runStep(
  terminal: Terminal,
  step: Exclude<ShardStep, { do: 'plan' }>,
  { report }: { readonly report: boolean },
): Promise<EncoderEvaluationRecord | undefined> {
  const { runEvaluationShard, mergeEvaluation } = await import('../pipeline/stream/run.ts');
  const { folder, pass } = step;
  const telling = { onProgress: noteTo(terminal.stderr), onNote: noteTo(terminal.stderr), report };
  if (step.do === 'merge') {
    const record = await mergeEvaluation(folder, pass, telling);
    if (record === undefined) terminal.stdout.write(`${folder}: pass ${pass} is merged\n`);
    return record;
  }
  const { index, of } = step.shard;
  const stopping = new AbortController();
  let exitCode = 0;
  const release = terminal.stopWhenInterrupted((code, signal) => {
    exitCode = signal === 'SIGINT' ? code : EXIT_TRY_AGAIN;
    terminal.stderr.write('jepa: stopping after this block\n');
    stopping.abort();
    return true;
  });
  try {
    const state = await runEvaluationShard(folder, pass, step.shard, { ...telling, signal: stopping.signal });
    terminal.stdout.write(`${folder}: shard ${index}/${of} of pass ${pass} ${state === 'done' ? 'is' : 'was'} done\n`);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    terminal.exitCode = exitCode;
    terminal.stderr.write(
      `jepa: interrupted; go on with: jepa evaluate --partial ${folder} --pass ${pass} --shard ${index}/${of}\n`,
    );
  } finally {
    release();
  }
  return undefined;
}

/** What `jepa evaluate --partial` is told of an encoder or of latents. */
interface PlanFlags extends EncoderFlags, JudgingFlags {
  readonly runtime: string;
  readonly data?: string;
  readonly threads?: number;
  readonly failOn?: string;
  readonly format?: readonly WantedFormat[];
  readonly json?: boolean;
}

/** Writes the plan of an evaluation in shards. @param subject the file of an encoder; undefined: latents, which the flags name */
export async function planInShards(
  terminal: Terminal,
  folder: string,
  {
    command,
    subject,
    flags,
  }: { readonly command: Command; readonly subject: string | undefined; readonly flags: PlanFlags },
): Promise<void> {
  if (flags.failOn !== undefined || flags.format !== undefined)
    throw new UsageError(
      `--${flags.failOn === undefined ? 'format' : 'fail-on'}: expected it with --merge, after the last pass, got --partial`,
    );
  if (subject !== undefined && !isEncoderFile(subject))
    throw new UsageError(`--partial: expected an ONNX file, or --latents FILE, got ${subject}`);
  // All of a recording, unless fewer are asked for: that is what shards are for.
  const isAsked = command.getOptionValueSource('observations') === 'cli';
  const observations = isAsked ? flags.observations : Number.POSITIVE_INFINITY;
  const { baseline, saveBaseline } = flags;
  const { encoderSubject, latentsSubject, planEvaluation } = await import('../pipeline/stream/run.ts');
  const options = { ...(await latentOptions(terminal, flags)), observations, baseline, saveBaseline };
  const { classes: _, ...feeding } = flags;
  const { pixels } = await judgedOptions(terminal, { pixels: flags.pixels });
  const evaluated =
    subject === undefined
      ? latentsSubject(flags.latents ?? '', options)
      : encoderSubject(subject, { ...feeding, runtimes: await parseRuntimes(flags.runtime), pixels });
  const planned = await planEvaluation(folder, evaluated, options);
  terminal.stdout.write(flags.json ? formatJson(planned) : renderPlan(planned));
}

function renderPlan({ folder, wasThere, ...plan }: PlannedEvaluation): string {
  const { rows, blocks, observations, centroidObservations, classes, size } = plan;
  return (
    `${folder}: ${wasThere ? 'the same plan as before' : 'planned'}, ${rows} rows in ${blocks} blocks, latents of ${size} numbers, ${classes} classes; ` +
    `${observations} observations are judged, ${centroidObservations} give the centroids\n` +
    `Run it: jepa launch slurm ${folder} --shards N; or for I from 0 to N-1, pass by pass:\n` +
    `  jepa evaluate --partial ${folder} --pass 1 --shard I/N, then jepa evaluate --merge ${folder} --pass 1; then --pass 2; then --pass 3\n`
  );
}
