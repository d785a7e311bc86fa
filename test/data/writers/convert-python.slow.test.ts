import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ElementArray } from '../../../src/data/element.ts';
import { openRecording } from '../../../src/data/readers/index.ts';
import { convertRecording } from '../../../src/data/writers/index.ts';
import { findPython, runPython } from '../../python/python.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { memoryRecording } from '../memory-recording.ts';
import { fixture, LENGTHS, rowsOf } from '../small-recording.ts';

const python = findPython('numpy', 'h5py', 'pyarrow', 'PIL');

const INTEGERS = {
  int8: Int8Array.of(-128, 127),
  uint8: Uint8Array.of(255, 0),
  int16: Int16Array.of(-32768, 1),
  uint16: Uint16Array.of(65535, 1),
  int32: Int32Array.of(-(2 ** 31), 1),
  uint32: Uint32Array.of(2 ** 32 - 1, 1),
  int64: BigInt64Array.of(-(2n ** 53n), 1n),
  uint64: BigUint64Array.of(2n ** 53n, 1n),
} as const;

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

  test.each(['npz', 'hdf5', 'parquet'])('integers of every type: %s', async (format) => {
    for (const [type, values] of Object.entries(INTEGERS) as [keyof typeof INTEGERS, ElementArray][]) {
      const actions = { type, shape: [], lengths: [2], values };
      // In a table a list.
      const state = { ...actions, shape: [1] };
      const path = join(temporaryFolder(), `${type}.${format}`);
      await convertRecording(memoryRecording({ state, actions }), path);
      const numbers = Array.from(values, Number);
      const found = runPython(python ?? '', 'read_recording.py', path);
      expect(found).toMatchObject({ state: numbers, actions: numbers });
    }
  });
});
