// The configuration that the flags of `jepa train` describe, and the recording that it names, open.

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { permitCodeOnCommandLine, wordsOfAssignments } from '../code-permission.ts';
import type { Terminal } from '../terminal.ts';
import { noteTo } from '../text/option.ts';
import type { SimulationFlags } from './simulation.ts';

export interface TrainFlags extends SimulationFlags {
  readonly out?: string;
  readonly resume?: string;
  readonly preset?: string;
  readonly auxiliary?: string;
  readonly seed?: number;
  readonly threads?: number;
  readonly config?: string;
  readonly stopOn?: string;
  readonly on?: import('../../pipeline/train/place.ts').TrainingPlaceChoice;
  readonly data?: string;
  readonly map?: string;
  readonly imageSize?: readonly [number, number];
  readonly skipOddEpisodes?: boolean;
  readonly ffmpeg?: string;
  readonly set: readonly string[];
}

type ConfigurationParts = import('../../src/training/presets.ts').ConfigurationParts;
type ResolvedTraining = import('../../pipeline/train/configuration.ts').ResolvedTraining;

export async function partsOf(environment: string | undefined, flags: TrainFlags): Promise<ConfigurationParts> {
  const file =
    flags.config === undefined ? undefined : await (await import('./config-file.ts')).readConfigFile(flags.config);
  return {
    preset: flags.preset ?? 'small',
    environment,
    recording: recordingKeys(flags),
    file,
    assignments: flags.set,
    flags: {
      auxiliary:
        flags.auxiliary === undefined
          ? undefined
          : (await import('../../src/auxiliary/index.ts')).parseAuxiliaryNames('--auxiliary', flags.auxiliary),
      seed: flags.seed,
      threads: flags.threads,
      ...(flags.stopOn === 'collapse' ? { collapse: { action: 'stop' } } : {}),
    },
    threads: availableParallelism(),
  };
}

export async function configurationOf(
  terminal: Terminal,
  environment: string | undefined,
  flags: TrainFlags,
): Promise<ResolvedTraining> {
  const { resolveTraining } = await import('../../pipeline/train/configuration.ts');
  const words = wordsOfAssignments(flags.set);
  if (flags.ffmpeg !== undefined) words.add(flags.ffmpeg);
  return resolveTraining(await partsOf(environment, flags), {
    permit: (configuration) => permitCodeOnCommandLine(configuration, words),
    onNote: noteTo(terminal.stderr),
  });
}

/** `recording` of a configuration, as far as flags say it; paths do not depend on the working folder. */
function recordingKeys({ data, map, imageSize, skipOddEpisodes, ffmpeg }: TrainFlags) {
  const keys = { map, imageSize, skipOddEpisodes, ffmpeg };
  const isGiven = data !== undefined || Object.values(keys).some((value) => value !== undefined);
  return isGiven ? { ...(data === undefined ? {} : { path: resolve(data) }), ...keys } : undefined;
}
