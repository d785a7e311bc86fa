import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRecording, reopenRecording } from '../../../src/data/readers/index.ts';
import { convertRecording } from '../../../src/data/writers/index.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { type MemoryColumn, memoryRecording } from '../memory-recording.ts';
import { fixture, rowsOf, startsOf } from '../small-recording.ts';

/** One episode of so many steps, whose observations count on from `first`. */
function episode(first: number, length: number) {
  const column = (values: number[], rows: number): MemoryColumn => ({
    type: 'float32',
    shape: [],
    lengths: [rows],
    values: Float32Array.from(values),
  });
  const count = (rows: number) => Array.from({ length: rows }, (_, t) => first + t);
  return memoryRecording({ obs: column(count(length + 1), length + 1), act: column(count(length), length) });
}

describe('a folder of recordings', () => {
  test.each(['npz', 'hdf5', 'parquet'])(
    'of .%s files is one recording, in the order of their numbers',
    async (format) => {
      const folder = temporaryFolder();
      // More HDF5 files than are open at once.
      const count = format === 'hdf5' ? 34 : 12;
      for (let e = 0; e < count; e++)
        await convertRecording(episode(100 * e, 2 + (e % 3)), join(folder, `episode_${e}.${format}`));
      const recording = await openRecording(folder);
      const again = await reopenRecording(structuredClone(recording.handle));
      onTestFinished(async () => {
        await recording.dispose();
        await again.dispose();
      });
      expect(recording.episodeCount).toBe(count);
      expect(recording.format).toContain(`, ${count} files`);
      const expected = Array.from({ length: count }, (_, e) =>
        Array.from({ length: 3 + (e % 3) }, (_unused, t) => 100 * e + t),
      ).flat();
      for (const [from, to] of [
        [0, expected.length],
        [3, 20],
        [30, 31],
        [5, 5],
      ])
        for (const opened of [recording, again])
          expect(Array.from(await opened.read('obs', from, to), Number)).toEqual(expected.slice(from, to));
    },
  );

  test('of files with several episodes each has them all', async () => {
    const folder = temporaryFolder();
    for (const name of ['a.npz', 'b.npz']) cpSync(fixture('compressed.npz'), join(folder, name));
    const recording = await openRecording(folder);
    onTestFinished(() => recording.dispose());
    expect(recording.episodeCount).toBe(6);
    const starts = startsOf(1);
    expect([...(recording.columns.get('observations')?.starts ?? [])]).toEqual([
      ...starts,
      ...starts.slice(1).map((start) => 17 + start),
    ]);
    expect(Array.from(await recording.read('observations', 10, 30), Number)).toEqual(
      [...rowsOf('image', 1), ...rowsOf('image', 1)].slice(10 * 144, 30 * 144),
    );
  });

  test('whose files differ names the file and the column; one that has too little, too', async () => {
    const folder = temporaryFolder();
    await convertRecording(episode(0, 3), join(folder, 'a.npz'));
    const odd = memoryRecording({
      obs: { type: 'float32', shape: [2], lengths: [4], values: new Float32Array(8) },
      act: { type: 'float32', shape: [], lengths: [3], values: new Float32Array(3) },
    });
    await convertRecording(odd, join(folder, 'b.npz'));
    await expect(openRecording(folder)).rejects.toThrow(
      `${join(folder, 'b.npz')} obs: expected rows of float32 [] as in ${join(folder, 'a.npz')}, got float32 [2]`,
    );
    writeFileSync(join(folder, 'b.npz'), 'PK');
    await expect(openRecording(folder)).rejects.toThrow(`${join(folder, 'b.npz')}: expected a zip archive`);
  });

  test('of nothing that is known says what it is', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'notes.txt'), '');
    await expect(openRecording(folder)).rejects.toThrow(
      'expected a LeRobot, Minari or image folder, or one of recordings, got notes.txt',
    );
  });
});
