// The runs of a reproduction: each row of the figure and each seed in child processes of the command line itself, so that one
// crash is one row, and so that what was interrupted goes on where it was.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JepaError, option, UsageError } from '../../src/error.ts';
import { evaluationSchema } from '../../src/evaluation/schema/evaluation.ts';
import { readReportPage } from '../../src/report/page.ts';
import {
  CLAIMS_VERSION,
  type ReproductionRow,
  type ReproductionRun,
} from '../../src/report/reproduction/reproduction.ts';
import { runPath } from '../../src/run/folder.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { makeFolder } from '../../src/storage/file-system.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import { runCommand } from '../child.ts';
import { argvOf, type RowPlan } from './row.ts';

export interface ReproductionOptions {
  readonly folder: string;
  readonly environment: string;
  readonly preset: string;
  readonly seeds: number;
  readonly jobs: number;
  /** Further arguments of every `jepa train`. */
  readonly argv: readonly string[];
  readonly onNote: (note: string) => void;
  /** Stops the runs that are being made, each with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The first seed. Presets, measures and thresholds were chosen on seeds below it; evaluations draw other observations than those
 * too, since their seed is the run's.
 */
export const FIRST_SEED = 100;

/**
 * Runs what is missing and returns every row with its runs.
 *
 * @throws JepaError naming the run and its log where one failed; the reason of `signal` where that stopped it
 */
export async function runReproduction(
  rows: readonly RowPlan[],
  options: ReproductionOptions,
): Promise<{ readonly rows: readonly ReproductionRow[]; readonly minutes: number | undefined }> {
  const tasks = rows.flatMap((row) =>
    Array.from({ length: options.seeds }, (_, index) => ({ row, seed: FIRST_SEED + index })),
  );
  const waiting = [...tasks];
  const isNew = !existsSync(options.folder);
  const start = performance.now();
  // The first failure ends what runs beside it: nothing is left behind that nobody waits for.
  const others = new AbortController();
  let done = 0;
  const worker = async () => {
    for (let task = waiting.shift(); task && !others.signal.aborted; task = waiting.shift()) {
      await runOne(task.row, task.seed, options, others.signal);
      options.onNote(`${++done} of ${tasks.length} runs done: ${task.row.name}, seed ${task.seed}`);
    }
  };
  requireSameSettings(options);
  const stop = () => {
    options.onNote('stopping the runs that are being made');
    others.abort();
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    await Promise.all(Array.from({ length: options.jobs }, worker));
  } catch (error) {
    // What a run that was told to stop ends with says nothing of its own.
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', stop);
    others.abort();
  }
  return {
    rows: rows.map((row) => ({
      ...row,
      runs: tasks.flatMap((task) =>
        task.row.id === row.id ? (readRun(options.folder, task.row, task.seed) ?? []) : [],
      ),
    })),
    minutes: isNew ? (performance.now() - start) / 60_000 : undefined,
  };
}

/** @throws UsageError where the folder holds runs of other settings, or of another version of the claims: a report must not mix them. */
function requireSameSettings({ folder, environment, preset, argv }: ReproductionOptions): void {
  makeFolder(folder);
  const path = join(folder, 'reproduction.json');
  const settings = JSON.stringify({ environment, preset, argv, claims: CLAIMS_VERSION }, undefined, 2);
  if (!existsSync(path)) {
    writeFileAtomic(path, `${settings}\n`);
    return;
  }
  const earlier = readFileSync(path, 'utf8').trim();
  if (earlier !== settings)
    throw new UsageError(
      `${path}: expected the settings and the version of the claims of this command, got ${oneLine(earlier)}`,
      {
        remedy: `Give another ${option('out')}; results that were judged by other claims stay what they were. Now: ${oneLine(settings)}.`,
      },
    );
}

const oneLine = (json: string) => json.replace(/\s+/g, ' ');

const runFolder = (folder: string, row: RowPlan, seed: number) => join(folder, `${row.id}-seed-${seed}`);

/** Probes and decoders are about what the rows of the figure keep of the images: of one seed, for they take as long as training. */
function readoutOf(row: RowPlan, seed: number): ('probes' | 'decoder')[] {
  return row.group === 'hard' || seed > FIRST_SEED ? [] : ['probes', 'decoder'];
}

/** A run that is done; undefined where something of it is missing or of an older version. */
function readRun(folder: string, row: RowPlan, seed: number): ReproductionRun | undefined {
  const run = runFolder(folder, row, seed);
  const paths = [runPath(run, 'evaluation'), runPath(run, 'report')];
  if (!paths.every((path) => existsSync(path))) return undefined;
  const [evaluation, page] = paths.map((path) => readFileSync(path, 'utf8'));
  const { data: record } = evaluationSchema.safeParse(JSON.parse(evaluation));
  const report = readReportPage(page);
  if (record === undefined || report === undefined) return undefined;
  if (readoutOf(row, seed).some((name) => record[name] === undefined)) return undefined;
  return { seed, record, report, measures: readMetrics(runPath(run, 'measures')).records };
}

async function runOne(row: RowPlan, seed: number, options: ReproductionOptions, signal: AbortSignal): Promise<void> {
  const run = runFolder(options.folder, row, seed);
  if (readRun(options.folder, row, seed)) return;
  const log = `${run}.log`;
  const threads = ['--threads', '1'];
  const begin = ['train', options.environment, '--out', run, '--preset', options.preset, '--seed', String(seed)];
  const isBegun = existsSync(join(run, 'config.json'));
  const train = [...begin, ...threads, ...argvOf(row, options.preset), ...options.argv];
  for (const argv of [
    isBegun ? ['train', '--resume', run] : train,
    ['export', run],
    ['evaluate', run, '--seed', String(seed), ...threads, ...readoutOf(row, seed).map((name) => `--${name}`)],
  ])
    await jepa(argv, log, signal);
}

/** One command in a process of its own; its output is added to `log`. */
async function jepa(argv: readonly string[], log: string, signal: AbortSignal): Promise<void> {
  const code = await runCommand(argv, log, signal);
  if (code !== 0)
    throw new JepaError(`jepa ${argv.join(' ')}: expected exit code 0, got ${code}`, {
      remedy: `Its output is in ${log}; what is done is kept: run the same command again.`,
    });
}
