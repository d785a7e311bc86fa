// From the parts of a configuration to the whole: what an environment or a recording fills in, checked before anything is written.

import { openConfiguredRecording, type RecordingConfiguration } from '../../src/data/configured-recording.ts';
import type { Recording } from '../../src/data/recording.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { type Configuration, requireEnvironmentConfiguration } from '../../src/training/configuration.ts';
import { type ConfigurationParts, recordingOfParts, resolveConfiguration } from '../../src/training/presets.ts';
import { defaultsForRecording } from '../../src/training/recording-defaults.ts';

/** What a training is of: everything that its run is a function of, and the recording that it names. */
export interface ResolvedTraining {
  readonly configuration: Configuration;
  /** Open as the configuration says; whoever asked for it disposes it. */
  readonly recording?: Recording;
}

/** Who is asked and told while a configuration is put together; nothing has to be said. */
export interface ResolveTrainingOptions {
  /** Called with the configuration before any code that it names could run. */
  readonly permit?: ((configuration: Configuration) => void | Promise<void>) | undefined;
  /** Told in one line which auxiliary was taken, where nothing chose one. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * The whole configuration of `parts`, with the defaults of its environment, or with the encoder and the auxiliary that its
 * recording asks for.
 * @throws UsageError for a key, a value, a preset or an environment that there is not; what reading the recording throws
 */
export async function resolveTraining(
  parts: ConfigurationParts,
  options: ResolveTrainingOptions = {},
): Promise<ResolvedTraining> {
  const recording = recordingOfParts(parts);
  if (recording !== undefined) return resolveForRecording(parts, recording, options);
  const configuration = resolveConfiguration(parts);
  await options.permit?.(configuration);
  // Checked now, so that a wrong option costs no set-up; the defaults that it fills in are recorded.
  const { name, ...given } = requireEnvironmentConfiguration('train', configuration);
  return { configuration: { ...configuration, environment: { name, ...createEnvironment(name, given).options } } };
}

/** Opens the recording, and takes from it what nothing else says: an encoder, an auxiliary. */
async function resolveForRecording(
  parts: ConfigurationParts,
  given: RecordingConfiguration,
  { permit, onNote }: ResolveTrainingOptions,
): Promise<ResolvedTraining> {
  // A wrong preset or key costs no reading.
  await permit?.(resolveConfiguration(parts));
  const { recording, options } = await openConfiguredRecording(given);
  try {
    const { keys, note } = await defaultsForRecording(recording, options.roles);
    const configuration = resolveConfiguration({ ...parts, defaults: keys });
    if (!isAuxiliaryChosen(parts)) onNote?.(note);
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
