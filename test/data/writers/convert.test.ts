import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { numberAt } from '../../../src/data/element.ts';
import { openRecording } from '../../../src/data/readers/index.ts';
import { type Recording, totalRowsOf } from '../../../src/data/recording.ts';
import { convertRecording, WRITTEN_FORMATS, type WrittenFormat } from '../../../src/data/writers/index.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { memoryRecording } from '../memory-recording.ts';
import { fixture } from '../small-recording.ts';

async function open(path: string): Promise<Recording> {
  const recording = await openRecording(path);
  onTestFinished(() => recording.dispose());
  return recording;
}

/** Every column with its shape, its episodes and its numbers. */
async function contentOf(recording: Recording, format?: WrittenFormat): Promise<ReadonlyMap<string, unknown>> {
  const content = new Map<string, unknown>();
  for (const column of recording.columns.values()) {
    if (column.name === 'episode_index') continue;
    const values = await recording.read(column.name, 0, totalRowsOf(column));
    content.set(column.name, {
      // HDF5 has no booleans of its own.
      type: format === 'hdf5' && column.type === 'bool' ? 'uint8' : column.type,
      shape: column.shape,
      starts: [...column.starts],
      values: Array.from({ length: values.length }, (_, i) => numberAt(values, i)),
    });
  }
  return content;
}

describe('a converted recording has the columns, episodes and numbers of the one that it was made of', () => {
  const sources = ['stored.npz', 'd4rl.hdf5', 'stable-worldmodel.h5', 'minari', 'images.parquet', 'folder-jsonl'];
  test.each(sources.flatMap((source) => WRITTEN_FORMATS.map((format) => [source, format] as const)))(
    '%s to %s',
    async (source, format) => {
      const original = await open(fixture(source));
      const path = join(temporaryFolder(), `converted.${format}`);
      await convertRecording(original, path);
      expect(await contentOf(await open(path))).toEqual(await contentOf(original, format));
    },
  );

  test.each(WRITTEN_FORMATS)('every type of numbers to %s', async (format) => {
    const lengths = [3, 2];
    const values = [0, 1, 200, 1, 0];
    const columns = {
      actions: { type: 'bool' as const, shape: [], lengths, values: Uint8Array.of(0, 1, 1, 0, 1) },
      u1: { type: 'uint8' as const, shape: [], lengths, values: Uint8Array.from(values) },
      i1: { type: 'int8' as const, shape: [], lengths, values: Int8Array.from([-128, 127, 0, 1, 2]) },
      u2: { type: 'uint16' as const, shape: [], lengths, values: Uint16Array.from([65535, 0, 1, 2, 3]) },
      i2: { type: 'int16' as const, shape: [], lengths, values: Int16Array.from([-32768, 0, 1, 2, 3]) },
      u4: { type: 'uint32' as const, shape: [], lengths, values: Uint32Array.from([4294967295, 0, 1, 2, 3]) },
      i4: { type: 'int32' as const, shape: [], lengths, values: Int32Array.from([-2147483648, 0, 1, 2, 3]) },
      i8: { type: 'int64' as const, shape: [], lengths, values: BigInt64Array.from([-(2n ** 53n), 0n, 1n, 2n, 3n]) },
      f4: {
        type: 'float32' as const,
        shape: [2, 1, 2],
        lengths,
        values: Float32Array.from({ length: 20 }, (_, i) => i / 3),
      },
      f8: {
        type: 'float64' as const,
        shape: [1],
        lengths: [4, 3],
        values: Float64Array.from([0.1, Number.MAX_VALUE, 5e-324, -0.5, 1, 2, 3]),
      },
    };
    const original = memoryRecording(columns);
    const path = join(temporaryFolder(), `converted.${format}`);
    await convertRecording(original, path);
    expect(await contentOf(await open(path))).toEqual(await contentOf(original, format));
  });

  test('through all formats and back', async () => {
    const folder = temporaryFolder();
    const original = await open(fixture('stored.npz'));
    let recording = original;
    for (const name of ['a.hdf5', 'b.parquet', 'c.npz']) {
      await convertRecording(recording, join(folder, name));
      recording = await open(join(folder, name));
    }
    expect(await contentOf(recording)).toEqual(await contentOf(original));
  });
});

describe('converting', () => {
  test('leaves nothing behind where it fails', async () => {
    const folder = temporaryFolder();
    const broken = await open(new URL('../../fixtures/hostile-hdf5/corrupt-chunk.h5', import.meta.url).pathname);
    for (const format of WRITTEN_FORMATS)
      await expect(convertRecording(broken, join(folder, `out.${format}`))).rejects.toThrow(/filter returned failure/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('refuses a file that exists unless it is to be replaced, and a name that says no format', async () => {
    const path = join(temporaryFolder(), 'out.npz');
    writeFileSync(path, '');
    const recording = await open(fixture('stored.npz'));
    await expect(convertRecording(recording, path)).rejects.toThrow(
      `write ${path}: expected a path that is free, got one that exists`,
    );
    await convertRecording(recording, path, { replace: true });
    expect((await open(path)).episodeCount).toBe(3);
    const nameless = join(temporaryFolder(), 'out.zip');
    await expect(convertRecording(recording, nameless)).rejects.toThrow(
      `${nameless}: expected a name that ends with .npz, .h5, .hdf5, .parquet, got ".zip"`,
    );
    expect(existsSync(nameless)).toBe(false);
  });
});
