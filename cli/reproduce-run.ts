// The runs of a reproduction: each row of the figure and each seed in child processes of the command line itself, so that one
// crash is one row, and so that what was interrupted goes on where it was.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JepaError } from '../src/error.ts';
import { type EvaluationRecord, evaluationSchema } from '../src/evaluation/record.ts';
import { packageRoot } from './package.ts';

export interface RowPlan {
  readonly id: string;
  readonly name: string;
  readonly expectation: string;
  /** Arguments of `jepa train` beside the folder, the preset and the seed. */
  readonly argv: readonly string[];
}

/** The rows of the paper's figure on the counting environment, and two more of its code. */
export const countingRows: readonly RowPlan[] = [
  {
    id: 'joint',
    name: 'dynamics + reward',
    expectation: 'nine clusters, one a count',
    argv: ['--auxiliary', 'reward'],
  },
  {
    id: 'random-projection',
    name: 'dynamics + random projection',
    expectation: 'not organised by count',
    argv: ['--auxiliary', 'random-projection'],
  },
  {
    id: 'reward-only',
    name: 'reward only',
    expectation: 'coarse: about three groups, 0-2, 3-5 and 6-8',
    argv: ['--auxiliary', 'reward', '--set', 'objective.dynamics=0'],
  },
  { id: 'dynamics-only', name: 'dynamics only', expectation: 'collapse to a point', argv: ['--auxiliary', 'none'] },
  {
    id: 'random-transformer',
    name: 'dynamics + random transformer',
    expectation: 'in its code; not in the figure',
    argv: ['--auxiliary', 'random-transformer'],
  },
  {
    id: 'dense-reward',
    name: 'dynamics + dense reward',
    expectation: 'in its code; not in the figure',
    argv: ['--auxiliary', 'reward', '--set', 'environment.reward=dense'],
  },
];

export interface ReproductionOptions {
  readonly folder: string;
  readonly environment: string;
  readonly preset: string;
  readonly seeds: number;
  readonly jobs: number;
  /** Further arguments of every `jepa train`. */
  readonly argv: readonly string[];
  readonly onNote: (note: string) => void;
}

/** Runs what is missing and returns all records, by row. @throws JepaError naming the run and its log where one failed. */
export async function runReproduction(
  rows: readonly RowPlan[],
  options: ReproductionOptions,
): Promise<Map<string, EvaluationRecord[]>> {
  const tasks = rows.flatMap((row) => Array.from({ length: options.seeds }, (_, seed) => ({ row, seed })));
  const waiting = [...tasks];
  const worker = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      await runOne(task.row, task.seed, options);
      options.onNote(
        `${tasks.length - waiting.length} of ${tasks.length} begun or done; last: ${task.row.id} seed ${task.seed}`,
      );
    }
  };
  mkdirSync(options.folder, { recursive: true });
  await Promise.all(Array.from({ length: options.jobs }, worker));
  const records = new Map<string, EvaluationRecord[]>();
  for (const { row, seed } of tasks) {
    const record = readRecord(runFolder(options.folder, row, seed));
    if (record) records.set(row.id, [...(records.get(row.id) ?? []), record]);
  }
  return records;
}

const runFolder = (folder: string, row: RowPlan, seed: number) => join(folder, `${row.id}-seed-${seed}`);

function readRecord(run: string): EvaluationRecord | undefined {
  const path = join(run, 'evaluation.json');
  if (!existsSync(path)) return undefined;
  const result = evaluationSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  return result.success ? result.data : undefined;
}

async function runOne(row: RowPlan, seed: number, options: ReproductionOptions): Promise<void> {
  const run = runFolder(options.folder, row, seed);
  if (readRecord(run)) return;
  const log = `${run}.log`;
  const threads = ['--threads', '1'];
  const begin = ['train', options.environment, '--out', run, '--preset', options.preset, '--seed', String(seed)];
  const isBegun = existsSync(join(run, 'config.json'));
  await jepa(isBegun ? ['train', '--resume', run] : [...begin, ...threads, ...row.argv, ...options.argv], log);
  await jepa(['export', run], log);
  await jepa(['evaluate', run, ...threads], log);
}

/** One command in a process of its own; its output is added to `log`. */
async function jepa(argv: readonly string[], log: string): Promise<void> {
  const stream = createWriteStream(log, { flags: 'a' });
  stream.write(`$ jepa ${argv.join(' ')}\n`);
  const child = spawn(process.execPath, [join(packageRoot(), 'bin', 'jepa.js'), ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(stream, { end: false });
  child.stderr.pipe(stream, { end: false });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  stream.end();
  if (code !== 0)
    throw new JepaError(`jepa ${argv.join(' ')}: expected exit code 0, got ${code}`, {
      remedy: `Its output is in ${log}; what is done is kept: run the same command again.`,
    });
}
