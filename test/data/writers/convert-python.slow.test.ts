import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { convertRecording } from '../../../src/data/writers/index.ts';
import { findPython, runPython } from '../../python/python.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { fixture, LENGTHS, rowsOf } from '../small-recording.ts';

const python = findPython('numpy', 'h5py', 'pyarrow', 'PIL');

describe.skipIf(python === undefined)("Python's packages read what is written", () => {
  test.each(['npz', 'hdf5', 'parquet'])('%s', async (format) => {
    const recording = await openRecording(fixture('stored.npz'));
    onTestFinished(() => recording.dispose());
    const path = join(temporaryFolder(), `converted.${format}`);
    await convertRecording(recording, path);
    const found = runPython(python ?? '', 'read_recording.py', path);
    const isTable = format === 'parquet';
    // A table has a row for the last observation too, which has no action.
    const actions = LENGTHS.flatMap((length, e) => [
      ...Array.from({ length }, (_, t) => (e + 2 * t) % 3),
      ...(isTable ? [null] : []),
    ]);
    expect(found).toEqual({
      observations: rowsOf('image', 1),
      state: rowsOf('state', 1),
      actions,
      ...(isTable
        ? { episode_index: LENGTHS.flatMap((length, e) => Array.from({ length: length + 1 }, () => e)) }
        : { episode_lengths: [...LENGTHS] }),
    });
  });
});
