// What a recording asks for where the configuration says nothing: an encoder for its observations, an auxiliary that varies.

import { isImageColumn } from '../data/image/recording.ts';
import { type Column, type Recording, type Roles, rowCountOf } from '../data/recording.ts';
import { resolveRoles } from '../data/role-name.ts';
import { surveyColumn } from '../data/survey.ts';
import { option } from '../error.ts';

/** Of the encoder mlp for vectors: as wide as the predictor of the preset `small`. */
const PERCEPTRON = { kind: 'mlp', width: 256, depth: 2 } as const;

export interface RecordingDefaults {
  /** Keys of a configuration. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** In one line, which auxiliary was taken and why. */
  readonly note: string;
}

/** @throws UsageError where a part has no column. */
export async function defaultsForRecording(recording: Recording, given: Roles | undefined): Promise<RecordingDefaults> {
  const roles = resolveRoles(recording.path, [...recording.columns.keys()], recording.roles, given);
  const columns = roles.observation.flatMap((name) => recording.columns.get(name) ?? []);
  const encoder = columns.some(isImageColumn) ? {} : { model: { encoder: PERCEPTRON } };
  const reward = roles.reward === undefined ? undefined : recording.columns.get(roles.reward);
  const why = reward === undefined ? 'no column is a reward' : await constancyOf(recording, reward);
  return why === undefined
    ? {
        keys: { ...encoder, auxiliary: [{ kind: 'reward' }] },
        note: `auxiliary: the reward (column ${roles.reward})`,
      }
    : {
        keys: { ...encoder, auxiliary: [{ kind: 'random-projection' }] },
        note: `auxiliary: a random projection of the observation, since ${why}; choose another with ${option('auxiliary')}`,
      };
}

/** That a column is the same everywhere, in words; undefined where it varies. */
async function constancyOf(recording: Recording, column: Column): Promise<string | undefined> {
  const ranges = Array.from({ length: recording.episodeCount }, (_, episode) => ({
    episode,
    from: 0,
    to: rowCountOf(column, episode),
    isAveraged: true,
  }));
  const { minimum, maximum } = await surveyColumn(recording, column, ranges);
  const varies = minimum.some((least, i) => least < maximum[i]);
  return varies ? undefined : `the reward (column ${column.name}) is ${minimum.join(', ')} everywhere`;
}
