import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { FormatError, JepaError } from '../../../src/error.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const hostile = (name: string) => new URL(`../../fixtures/hostile-hdf5/${name}`, import.meta.url).pathname;

/** Opens the file and reads all of its observations. */
async function readObservations(path: string): Promise<ArrayLike<number | bigint>> {
  const recording = await openRecording(path);
  onTestFinished(() => recording.dispose());
  return recording.read('observations', 0, 1000);
}

describe('an HDF5 file that points outside of itself is refused, though what it points at lies beside it', () => {
  test.each([
    ['external-link.h5', 'observations: expected an array in this file, got a link to another file (secret.h5)'],
    ['soft-link.h5', 'observations: expected an array or a group, got a soft link to /actions'],
    ['virtual.h5', 'observations: expected an array in this file, got a virtual one made of 1 others'],
    ['external-storage.h5', 'observations: expected rows 0 to 0, got a fault: unable to open external raw data file'],
  ])('%s', async (name, message) => {
    const read = readObservations(hostile(name));
    await expect(read).rejects.toThrow(FormatError);
    await expect(read).rejects.toThrow(`${hostile(name)} ${message}`);
  });

  test('a sound file beside them reads, so that it is not the folder', async () => {
    // 42 everywhere, and no actions.
    const recording = await openRecording(hostile('secret.h5'));
    onTestFinished(() => recording.dispose());
    expect((await recording.read('observations', 3, 4))[0]).toBe(42);
  });
});

describe('a broken HDF5 file gives an error and never numbers', () => {
  test('a corrupt chunk is found when it is read; the others read', async () => {
    const recording = await openRecording(hostile('corrupt-chunk.h5'));
    onTestFinished(() => recording.dispose());
    await expect(recording.read('observations', 250, 350)).rejects.toThrow(
      /corrupt-chunk\.h5 observations: expected rows 250 to 349, got a fault: filter returned failure during read/,
    );
    expect(await recording.read('observations', 400, 1000)).toHaveLength(2400);
  });

  test.each([
    [
      'huge-claim.h5',
      /observations: expected at most 1000 times the file's \d+ bytes, got a claim of 137438953472 bytes/,
    ],
    ['loop.h5', /group\/itself\/.*: expected groups at most 32 deep, got more \(a loop\?\)/],
  ])('%s', async (name, message) => {
    await expect(openRecording(hostile(name))).rejects.toThrow(message);
  });

  test.each([
    [
      'junk',
      () => Buffer.concat([Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), Buffer.alloc(500, 7)]),
      /expected to open it, got a fault: /,
    ],
    [
      'a file cut off in the middle',
      () => readFileSync(hostile('corrupt-chunk.h5')).subarray(0, 6000),
      /got a fault: .*truncated/,
    ],
    ['an empty file', () => Buffer.alloc(0), /expected a recording, got an empty file/],
    [
      'text',
      () => Buffer.from('observations,actions'),
      /expected NPZ, HDF5, Parquet or CSV, or a folder .* begins with "observat"/,
    ],
  ])('%s', async (_what, content, message) => {
    const path = join(temporaryFolder(), 'recording.h5');
    writeFileSync(path, content());
    const opening = openRecording(path);
    await expect(opening).rejects.toThrow(JepaError);
    await expect(opening).rejects.toThrow(message);
  });

  test('a missing file', async () => {
    await expect(openRecording('/nowhere/recording.h5')).rejects.toThrow(
      'recording /nowhere/recording.h5: expected a file or a folder, got nothing there',
    );
  });

  test('a flipped byte, wherever it is, never throws anything but an error of ours', async () => {
    const path = join(temporaryFolder(), 'recording.h5');
    const original = readFileSync(new URL('../../fixtures/recordings/d4rl.hdf5', import.meta.url));
    let refused = 0;
    // Every 499th byte, a prime, so that all kinds of places are hit.
    for (let i = 0; i < original.byteLength; i += 499) {
      const bytes = Buffer.from(original);
      bytes[i] ^= 0x55;
      writeFileSync(path, bytes);
      try {
        const recording = await openRecording(path);
        await recording.read('observations', 0, 17);
        await recording.dispose();
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(JepaError);
      }
    }
    expect(refused).toBeGreaterThan(3);
  });
});
