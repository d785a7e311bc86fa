// From a simulator to a recording in a file: opens, rolls out, checks that the same seed gives the same again, writes.
import { convertRecording, writtenFormatOf } from '../data/writers/index.ts';
import { option, UsageError } from '../error.ts';
import { episodeRecording, STATE_COLUMN } from './episode-recording.ts';
import { openSimulator, type SimulatorOptions } from './index.ts';
import type { Policy, PolicyOpener } from './policy.ts';
import type { SimulationRecord } from './provenance.ts';
import { resizedPool } from './resized-pool.ts';
import { findDifference, type RollOutOptions, rollOut } from './roll-out.ts';

export interface RecordOptions extends Omit<RollOutOptions, 'policy'>, SimulatorOptions {
  /** What acts. Default: random actions. */
  readonly policy?: PolicyOpener | undefined;
  /** Height and width that images are brought to. Default: as the simulator draws them. */
  readonly imageSize?: readonly [height: number, width: number] | undefined;
  /** Called when all is recorded, before anything is written. */
  readonly beforeWriting?: () => void;
  /** Told in one line what is odd. */
  readonly onNote?: (note: string) => void;
}

export interface SimulatorRecording {
  readonly episodes: number;
  /** Of all episodes together. */
  readonly steps: number;
  /** For `--map`: what the names of the columns do not say; undefined where they say all. */
  readonly map: string | undefined;
  /** What it takes to make it again. */
  readonly provenance: Omit<SimulationRecord, 'format' | 'episodes' | 'steps'>;
}

/** Records `simulator` into the new file `path`, whose ending says the format; there as a whole or not at all. */
export async function recordSimulator(
  simulator: string,
  path: string,
  options: RecordOptions,
): Promise<SimulatorRecording> {
  writtenFormatOf(path);
  const { policy: openPolicy } = options;
  const opened = await openSimulator(simulator, options);
  let policy: Policy | undefined;
  try {
    const pool = options.imageSize === undefined ? opened : resizedPool(opened, options.imageSize);
    for (const note of pool.notes ?? []) options.onNote?.(`${simulator}: ${note}`);
    if (pool.observation.kind !== 'vector' && Math.min(...pool.observation.shape.slice(0, 2)) > LARGE_SIDE)
      options.onNote?.(
        `${simulator}: images of ${pool.observation.shape.slice(0, 2).join(' x ')} make a large recording and a slow encoder; ${option('imageSize', '64x64')} makes them smaller`,
      );
    policy = await openPolicy?.(pool);
    const episodes = await rollOut(pool, { ...options, policy });
    const difference = await findDifference(pool, episodes[0], options.seed);
    if (difference !== undefined)
      options.onNote?.(
        `${simulator}: the same seed and actions gave another ${difference}: the recording stays what it is, but nobody can make it again`,
      );
    if (pool.action.kind === 'discrete') {
      const taken = new Set(episodes.flatMap(({ actions }) => actions));
      const missing = pool.action.names.filter((_, index) => !taken.has(index));
      if (missing.length > 0)
        throw new UsageError(
          `${simulator}: expected every action in the recording, got none of ${missing.join(', ')}`,
          {
            remedy:
              policy === undefined
                ? 'Record more or longer episodes.'
                : `Record more or longer episodes, or give chance a share of the actions: ${option('randomShare', '0.1')}.`,
          },
        );
    }
    options.beforeWriting?.();
    await convertRecording(episodeRecording(pool, episodes), path);
    return {
      episodes: episodes.length,
      steps: episodes.reduce((sum, { actions }) => sum + actions.length, 0),
      map: pool.hasState ? `state=${STATE_COLUMN}` : undefined,
      provenance: {
        simulator,
        seed: options.seed,
        policy: policy?.name ?? 'random',
        ...(policy === undefined ? {} : { randomShare: options.randomShare ?? 0 }),
        actionPersistence: options.actionPersistence,
        maximalSteps: options.steps,
        options: options.simulatorOptions ?? {},
        ...(options.render ? { render: true } : {}),
        ...(options.imageSize === undefined ? {} : { imageSize: [...options.imageSize] }),
        ...(pool.layout === undefined ? {} : { layout: pool.layout }),
        versions: pool.provenance,
      },
    };
  } finally {
    await policy?.dispose?.();
    await opened.dispose();
  }
}

/** Encoders here are measured on 64 x 64. */
const LARGE_SIDE = 128;
