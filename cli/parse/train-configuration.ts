// The configuration that the flags of `jepa train` describe, and the recording that it names, open.

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { permitCodeOnCommandLine, wordsOfAssignments } from '../code-permission.ts';
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

type Configuration = import('../../src/training/configuration.ts').Configuration;
type ConfigurationParts = import('../../src/training/presets.ts').ConfigurationParts;
type Recording = import('../../src/data/recording.ts').Recording;

export interface ResolvedTraining {
  readonly configuration: Configuration;
  /** Open as the configuration says; whoever asked for it disposes it. */
  readonly recording?: Recording;
}

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
      auxiliary: await parseAuxiliaries(flags.auxiliary),
      seed: flags.seed,
      threads: flags.threads,
      ...(flags.stopOn === 'collapse' ? { collapse: { action: 'stop' } } : {}),
    },
    threads: availableParallelism(),
  };
}

export async function configurationOf(environment: string | undefined, flags: TrainFlags): Promise<ResolvedTraining> {
  const { resolveConfiguration, recordingOfParts } = await import('../../src/training/presets.ts');
  const parts = await partsOf(environment, flags);
  const recording = recordingOfParts(parts);
  if (recording !== undefined) return resolveForRecording(parts, recording, flags);
  const configuration = resolveConfiguration(parts);
  await permitCodeOnCommandLine(configuration, wordsOfAssignments(flags.set));
  // Checked now, so that a wrong option costs no set-up; the defaults that it fills in are recorded.
  const { createEnvironment } = await import('../../src/environments/index.ts');
  const { requireEnvironmentConfiguration } = await import('../../src/training/configuration.ts');
  const { name, ...options } = requireEnvironmentConfiguration('train', configuration);
  return { configuration: { ...configuration, environment: { name, ...createEnvironment(name, options).options } } };
}

/** Opens the recording, and takes from it what nothing else says: an encoder, an auxiliary. */
async function resolveForRecording(
  parts: ConfigurationParts,
  given: import('../../src/data/configured-recording.ts').RecordingConfiguration,
  flags: TrainFlags,
): Promise<ResolvedTraining> {
  const { resolveConfiguration } = await import('../../src/training/presets.ts');
  const { openConfiguredRecording } = await import('../../src/data/configured-recording.ts');
  const { defaultsForRecording } = await import('../../src/training/recording-defaults.ts');
  // A wrong preset or key costs no reading.
  const words = wordsOfAssignments(flags.set);
  if (flags.ffmpeg !== undefined) words.add(flags.ffmpeg);
  await permitCodeOnCommandLine(resolveConfiguration(parts), words);
  const { recording, options } = await openConfiguredRecording(given);
  try {
    const { keys, note } = await defaultsForRecording(recording, options.roles);
    const configuration = resolveConfiguration({ ...parts, defaults: keys });
    if (!isAuxiliaryChosen(parts)) noteTo(process.stderr)(note);
    return { configuration, recording };
  } catch (error) {
    await recording.dispose();
    throw error;
  }
}

function isAuxiliaryChosen({ file, assignments = [], flags }: ConfigurationParts): boolean {
  return (
    [file?.auxiliary, flags?.auxiliary].some((given) => given !== undefined) ||
    assignments.some((text) => /^auxiliary\b/.test(text))
  );
}

/** `recording` of a configuration, as far as flags say it; paths do not depend on the working folder. */
function recordingKeys({ data, map, imageSize, skipOddEpisodes, ffmpeg }: TrainFlags) {
  const keys = { map, imageSize, skipOddEpisodes, ffmpeg };
  const isGiven = data !== undefined || Object.values(keys).some((value) => value !== undefined);
  return isGiven ? { ...(data === undefined ? {} : { path: resolve(data) }), ...keys } : undefined;
}

/** Names separated by commas; `column:NAME` is a column of a recording. */
async function parseAuxiliaries(names: string | undefined) {
  const { parseAuxiliary } = await import('../../src/auxiliary/index.ts');
  return names
    ?.split(',')
    .map((name) => name.trim())
    .map((name) =>
      parseAuxiliary('--auxiliary', name.startsWith('column:') ? { kind: 'column', column: name.slice(7) } : name),
    )
    .filter(({ kind }) => kind !== 'none');
}
