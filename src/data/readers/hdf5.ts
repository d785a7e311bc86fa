// HDF5 recordings: a group an episode (Minari, robomimic), or flat arrays (D4RL, stable-worldmodel, anything with a map).
import { FormatError } from '../../error.ts';
import { type FlatArray, openFlatRecording } from '../flat-layout.ts';
import { openImageColumn, orNote } from '../image/column.ts';
import type { Recording, RecordingHandle } from '../recording.ts';
import { holdsImageFiles, readElements, readImageFiles } from './hdf5/element.ts';
import { openEpisodeGroups } from './hdf5/episodes.ts';
import { type Hdf5File, openHdf5File } from './hdf5/file.ts';

export async function openHdf5(handle: RecordingHandle): Promise<Recording> {
  const file = await openHdf5File(handle.path);
  try {
    return (await openEpisodeGroups(file, handle)) ?? (await openFlat(file, handle));
  } catch (error) {
    file.dispose();
    throw error;
  }
}

async function openFlat(file: Hdf5File, handle: RecordingHandle): Promise<Recording> {
  const arrays: FlatArray[] = [];
  const notes: string[] = [];
  for (const dataset of file.datasets) {
    if (holdsImageFiles(file, dataset)) {
      const opened = await orNote(dataset.path, notes, () =>
        openImageColumn(
          {
            name: dataset.path,
            starts: Float64Array.of(0, dataset.shape[0]),
            rowsPerChunk: dataset.rowsPerChunk,
            whereOf: (row) => `${file.path} ${dataset.path} row ${row}`,
            read: (from, to) => readImageFiles(file, dataset, from, to),
          },
          handle.options.imageSize,
        ),
      );
      if (opened === undefined) continue;
      const { column, read } = opened;
      arrays.push({ ...column, shape: [dataset.shape[0], ...column.shape], read });
    } else if (dataset.type === undefined) notes.push(`${dataset.path}: no numbers, left out`);
    else
      arrays.push({
        name: dataset.path,
        type: dataset.type,
        shape: dataset.shape,
        rowsPerChunk: dataset.rowsPerChunk,
        read: (from, to) => readElements(file, dataset, from, to),
      });
  }
  if (arrays.length === 0) throw new FormatError(`${file.path}: expected arrays of numbers, got none`);
  return openFlatRecording(file.path, `HDF5 (${nameOfLayout(arrays)})`, arrays, {
    handle,
    notes,
    dispose: file.dispose,
  });
}

function nameOfLayout(arrays: readonly FlatArray[]): string {
  const names = new Set(arrays.map(({ name }) => name));
  if (names.has('ep_len') && names.has('ep_offset')) return 'stable-worldmodel';
  if (names.has('observations') && names.has('terminals')) return 'D4RL';
  return 'flat';
}
