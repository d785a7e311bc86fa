// Observations of a recording without anything beside them: no labels, no actions, no rewards. What a deployed encoder sees.
import { openConfiguredRecording, type RecordingConfiguration } from '../../data/configured-recording.ts';
import { episodeAt } from '../../data/flat-layout.ts';
import { isImageColumn } from '../../data/image/recording.ts';
import { type ObservationRows, observationRows } from '../../data/observation-rows.ts';
import type { Column, Recording } from '../../data/recording.ts';
import { option, UsageError, unknownName } from '../../error.ts';
import { permutation, randomFor } from '../../random.ts';
import type { Observations } from '../../run/encode.ts';

export interface UnlabelledObservations {
  /** [H, W, C] of images, else the shape of the column. */
  readonly observationShape: readonly number[];
  /** [N, ...observationShape] */
  readonly observations: Observations;
  /** [N], where there are several episodes; undefined: they are taken as independent. */
  readonly episodes?: Int32Array | undefined;
}

/**
 * Up to `most` rows at random, rising: all, where there are no more.
 * @returns episodes: of each, where there are several
 */
export function chooseRows(
  { episodeCount }: Recording,
  { count, starts }: ObservationRows,
  { most, seed }: { readonly most: number; readonly seed: number },
): { readonly chosen: Int32Array; readonly episodes: Int32Array | undefined } {
  const chosen = permutation(count, randomFor(seed, 'unlabelled')).slice(0, most).sort();
  return { chosen, episodes: episodeCount > 1 ? chosen.map((row) => episodeAt(starts, row)) : undefined };
}

/**
 * Up to `most` observations at random: all, where there are no more.
 * @throws UsageError where it cannot be told which column they are
 */
export async function drawUnlabelled(
  configuration: RecordingConfiguration,
  { most, seed }: { readonly most: number; readonly seed: number },
): Promise<UnlabelledObservations> {
  const { recording, options } = await openConfiguredRecording(configuration);
  try {
    const column = observationColumn(recording, options.roles?.observation ?? recording.roles.observation);
    const rows = observationRows(recording, [{ columns: [column.name], stack: configuration.stack }]);
    const { chosen, episodes } = chooseRows(recording, rows, { most, seed });
    return { observationShape: rows.shape, observations: await rows.gather(chosen), episodes };
  } finally {
    await recording.dispose();
  }
}

/** The one that is named, by the user or by its usual name; else the only one of images. */
function observationColumn(recording: Recording, names: readonly string[] | undefined): Column {
  const all = [...recording.columns.values()];
  if (names === undefined) {
    const images = all.filter(isImageColumn);
    if (images.length === 1) return images[0];
    throw new UsageError(
      `${recording.path}: expected a column of observations, got ${all.map(({ name }) => name).join(', ')}`,
      { remedy: `Say which one it is: ${option('map', 'observation=NAME')}.` },
    );
  }
  if (names.length !== 1)
    throw new UsageError(`${recording.path}: expected one column of observations, got ${names.join(', ')}`, {
      remedy: `Say which one it is: ${option('map', 'observation=NAME')}.`,
    });
  const column = recording.columns.get(names[0]);
  if (column !== undefined) return column;
  throw unknownName(option('map', 'observation'), 'a column', names[0], [...recording.columns.keys()]);
}
