// Observations of a recording without anything beside them: no labels, no actions, no rewards. What a deployed encoder sees.
import { openConfiguredRecording, type RecordingConfiguration } from '../../data/configured-recording.ts';
import { isImageColumn } from '../../data/image/recording.ts';
import { type Column, type Recording, rowSizeOf, totalRowsOf } from '../../data/recording.ts';
import { option, UsageError, unknownName } from '../../error.ts';
import { permutation, randomFor } from '../../random.ts';
import type { Observations } from '../../run/encode.ts';
import { elementCount } from '../../shape.ts';

/** Rows that are read together: neighbours of a compressed file are decoded together anyway. */
const WINDOW = 256;

export interface UnlabelledObservations {
  /** [H, W, C] of images, [D] of numbers. */
  readonly observationShape: readonly number[];
  /** [N, ...observationShape] */
  readonly observations: Observations;
  /** [N], where there are several episodes; undefined: they are taken as independent. */
  readonly episodes?: Int32Array | undefined;
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
    const { stack } = configuration;
    const rows = permutation(totalRowsOf(column), randomFor(seed, 'unlabelled')).slice(0, most).sort();
    const episodes = Int32Array.from(rows, (row) => episodeOf(column, row));
    const frames = frameRows(column, rows, episodes, stack);
    const [height, width, channels] = column.shape;
    const isImage = isImageColumn(column);
    const read = await readRows(recording, column, frames, isImage);
    return {
      observationShape: isImage ? [height, width, channels * stack] : [rowSizeOf(column) * stack],
      observations: isImage ? besideEachOther(read, column, stack) : read,
      ...(recording.episodeCount > 1 ? { episodes } : {}),
    };
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

function episodeOf({ starts }: Column, row: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= row) low = middle;
    else high = middle;
  }
  return low;
}

/** Of each row its `stack` frames, the newest last; the first of an episode is repeated. */
function frameRows({ starts }: Column, rows: Int32Array, episodes: Int32Array, stack: number): number[] {
  return Array.from(rows).flatMap((row, n) =>
    Array.from({ length: stack }, (_, frame) => Math.max(starts[episodes[n]], row - stack + 1 + frame)),
  );
}

/** The rows one after the other, in the order that is given. */
async function readRows(
  recording: Recording,
  column: Column,
  rows: readonly number[],
  isImage: boolean,
): Promise<Observations> {
  const size = rowSizeOf(column);
  const result = isImage ? new Uint8Array(rows.length * size) : new Float32Array(rows.length * size);
  const order = Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
  for (let next = 0; next < order.length; ) {
    const from = rows[order[next]];
    let end = next;
    while (end < order.length && rows[order[end]] < from + WINDOW) end++;
    const values = await recording.read(column.name, from, rows[order[end - 1]] + 1);
    for (; next < end; next++) {
      const start = (rows[order[next]] - from) * size;
      result.set(Array.from(values.subarray(start, start + size), Number), order[next] * size);
    }
  }
  return result;
}

/** [N n, H, W, C] frames -> [N, H, W, n C]: frames of a stack as channels. */
function besideEachOther(frames: Observations, column: Column, stack: number): Observations {
  if (stack === 1) return frames;
  const channels = column.shape[2];
  const area = elementCount(column.shape) / channels;
  const count = frames.length / (area * channels * stack);
  const stacked = new Uint8Array(frames.length);
  for (let n = 0; n < count; n++)
    for (let frame = 0; frame < stack; frame++)
      for (let pixel = 0; pixel < area; pixel++) {
        const from = ((n * stack + frame) * area + pixel) * channels;
        stacked.set(frames.subarray(from, from + channels), ((n * area + pixel) * stack + frame) * channels);
      }
  return stacked;
}
