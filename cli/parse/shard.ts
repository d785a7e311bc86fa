// The flags by which an evaluation of very many observations is done in steps, on any engine: planned, a shard of a pass, merged.
import type { Command } from 'commander';
import type { PassNumber, Shard } from '../../pipeline/stream/pass.ts';
import { UsageError } from '../../src/error.ts';
import { parseWhole } from './number.ts';

export interface ShardFlags {
  readonly queries?: number;
  readonly partial?: string;
  readonly pass?: PassNumber;
  readonly shard?: Shard;
  readonly merge?: string;
}

export function withShards(command: Command): Command {
  return command
    .option(
      '--queries <number>',
      'of more than 16,384 observations: how many are compared with all others (default: 1024)',
      parseWhole('--queries', 2),
    )
    .option(
      '--partial <folder>',
      'evaluate in shards, on any engine: with what is evaluated, plan them there; with --pass and --shard, run one',
    )
    .option(
      '--pass <number>',
      'of --partial or --merge: 1 encodes, 2 compares, 3 looks for the smallest gap',
      parsePass,
    )
    .option('--shard <i/n>', 'of --partial: shard I of N, from 0', parseShard)
    .option('--merge <folder>', 'merge a pass whose shards are done; after --pass 3 the evaluation is in the folder');
}

/** `all`, or a whole number. */
export function parseObservations(text: string): number {
  return text === 'all' ? Number.POSITIVE_INFINITY : parseWhole('--observations', 2)(text);
}

/** `0/4`: the first of four. */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (index !== undefined && shard.index < shard.of) return shard;
  throw new UsageError(`--shard: expected I/N with 0 <= I < N, got "${text}"`);
}

function parsePass(text: string): PassNumber {
  const pass = ([1, 2, 3] as const).find((each) => String(each) === text);
  if (pass !== undefined) return pass;
  throw new UsageError(`--pass: expected 1, 2 or 3, got "${text}"`);
}

/** What is to be done of an evaluation in steps; undefined where it is done as a whole. */
export type ShardStep =
  | { readonly do: 'plan'; readonly folder: string }
  | { readonly do: 'run'; readonly folder: string; readonly pass: PassNumber; readonly shard: Shard }
  | { readonly do: 'merge'; readonly folder: string; readonly pass: PassNumber };

/** Flags that are said of a step, beside what says which. */
const ofSteps: ReadonlySet<string> = new Set([
  ...['partial', 'pass', 'shard', 'merge', 'json', 'report', 'allowCode'],
  ...['failOn', 'format', 'open'],
]);

/** @throws UsageError for flags that do not make a step together */
export function parseStep(command: Command, subject: string | undefined, flags: ShardFlags): ShardStep | undefined {
  const { partial, pass, shard, merge } = flags;
  if (partial === undefined && merge === undefined) {
    const alone = shard !== undefined ? '--shard' : pass !== undefined ? '--pass' : undefined;
    if (alone === undefined) return undefined;
    throw new UsageError(`${alone}: expected it with --partial FOLDER, got no folder`);
  }
  if (partial !== undefined && merge !== undefined)
    throw new UsageError('--merge: expected one step at once, got --partial too');
  const isPlan = partial !== undefined && shard === undefined && pass === undefined;
  if (partial !== undefined && isPlan) return { do: 'plan', folder: partial };
  const foreign = command.options.find((each) => {
    const name = each.attributeName();
    return !ofSteps.has(name) && command.getOptionValueSource(name) === 'cli';
  });
  if (subject !== undefined || foreign !== undefined)
    throw new UsageError(
      `${merge === undefined ? '--shard' : '--merge'}: expected the plan to say everything else, got ${foreign?.long ?? subject}`,
    );
  if (pass === undefined)
    throw new UsageError(`${merge === undefined ? '--shard' : '--merge'}: expected --pass 1, 2 or 3, got none`);
  if (merge !== undefined) {
    if (shard === undefined) return { do: 'merge', folder: merge, pass };
    throw new UsageError('--merge: expected all shards of a pass, got --shard');
  }
  if (partial !== undefined && shard !== undefined) return { do: 'run', folder: partial, pass, shard };
  throw new UsageError('--pass: expected --shard I/N too, or --merge FOLDER, got neither');
}
