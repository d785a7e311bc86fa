// The flags by which latents that were computed elsewhere are judged, and what else cannot be said beside them.
import type { Command } from 'commander';
import { option, UsageError } from '../../src/error.ts';
import type { Metric } from '../../src/measures/latents.ts';
import type { Terminal } from '../terminal.ts';
import { withDashes } from '../text/option.ts';
import { type EncoderFlags, judgedOptions } from './encoder.ts';
import type { GateFlags } from './gate.ts';
import type { ShardFlags } from './shard.ts';

export interface LatentFlags {
  readonly latents?: string;
  readonly labels?: string;
  readonly referenceLatents?: string;
  readonly untrainedLatents?: string;
}

/** Attributes of the flags that `withGivenLatents` adds, but for the first. */
const companions = ['labels', 'referenceLatents', 'untrainedLatents'] as const;

/** What is said of latents as well as of encoders; everything else is of an encoder or of a run. */
const shared: ReadonlySet<string> = new Set([
  ...['latents', ...companions, 'classes', 'observations', 'seed', 'metric', 'map', 'pool', 'normalize'],
  ...['baseline', 'saveBaseline', 'leastCosine', 'level', 'permutations', 'ignoreMix', 'queries', 'partial'],
  ...['json', 'failOn', 'open', 'report', 'format', 'allowCode'],
]);

export const LATENTS_FLAG = '--latents <file>';
export const LATENTS_DESCRIPTION =
  'instead of an encoder: latents that were computed elsewhere (NPY, NPZ, Parquet, CSV)';

export function withGivenLatents(command: Command): Command {
  return command
    .option(LATENTS_FLAG, LATENTS_DESCRIPTION)
    .option('--labels <file>', 'of latents: the file of their classes (default: a column beside them)')
    .option('--reference-latents <file>', 'of latents: what a trusted runtime gave for the same observations')
    .option('--untrained-latents <file>', 'of latents: what the same encoder gave before training');
}

/**
 * The encoder that is the subject of a command, or undefined where latents are.
 * @throws UsageError where both or neither is named, or a flag is given that latents have no use for
 */
export function parseSubject(command: Command, subject: string | undefined, flags: LatentFlags): string | undefined {
  if ((subject === undefined) === (flags.latents === undefined))
    throw new UsageError(
      `${command.name()}: expected the folder of a run, an ONNX file, or --latents FILE, got ${subject === undefined ? 'none of them' : `${subject} and --latents ${flags.latents}`}`,
    );
  const dashed = (name: string) => withDashes(option(name));
  if (subject !== undefined) {
    const companion = companions.find((name) => flags[name] !== undefined);
    if (companion === undefined) return subject;
    throw new UsageError(`${dashed(companion)}: expected latents that were computed elsewhere, got ${subject}`, {
      remedy: 'Name them instead: --latents FILE',
    });
  }
  const foreign = command.options
    .map((each) => each.attributeName())
    .find((name) => !shared.has(name) && command.getOptionValueSource(name) === 'cli');
  if (foreign !== undefined)
    throw new UsageError(`${dashed(foreign)}: expected an encoder, got --latents ${flags.latents}`, {
      remedy: 'Latents are there already: nothing is run.',
    });
  return undefined;
}

/** Flags of `jepa evaluate` that say how latents are judged, whoever computed them. */
export interface JudgingFlags
  extends LatentFlags,
    GateFlags,
    Pick<EncoderFlags, 'map' | 'pool' | 'normalize'>,
    Pick<ShardFlags, 'queries'> {
  readonly observations: number;
  readonly seed: number;
  readonly classes?: string;
  readonly metric?: Metric;
  readonly report: boolean;
}

/** What these flags are to the library; notes and progress go to stderr. */
export async function latentOptions(terminal: Terminal, flags: JudgingFlags) {
  const { labels, referenceLatents, untrainedLatents, classes: written } = flags;
  const { observations, seed, metric, map, pool, normalize, queries, baseline, saveBaseline, leastCosine } = flags;
  const { classes, onNote, onProgress } = await judgedOptions(terminal, { classes: written });
  return {
    ...{ labels, referenceLatents, untrainedLatents, observations, seed, metric, map, pool, normalize, queries },
    ...{ baseline, saveBaseline, leastCosine, classes, onNote, onProgress },
    report: flags.report,
  };
}
