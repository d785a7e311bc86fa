import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { JepaError } from '../../../src/error.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { fixture } from '../small-recording.ts';
import { testReader } from './reader-cases.ts';

const columns = {
  image: { name: 'image', hasLast: true },
  state: { name: 'state', hasLast: true },
  action: { name: 'action', hasLast: false },
  control: { name: 'control', hasLast: false },
  reward: { name: 'reward', hasLast: false },
  label: { name: 'label', hasLast: true },
};
const roles = { observation: ['image'], action: ['action'], reward: 'reward' };
const notes: string[] = [];

testReader({ file: 'images.parquet', format: 'Parquet', columns, roles, notes });
testReader({ file: 'images-zstd.parquet', format: 'Parquet', columns, roles, notes });

describe('a broken Parquet file is refused', () => {
  const whole = readFileSync(fixture('images.parquet'));
  const withFooterLength = (length: number) => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(length, bytes.byteLength - 8);
    return bytes;
  };
  test.each([
    [
      'a wrong magic at its end',
      Buffer.concat([whole.subarray(0, -4), Buffer.from('PAR2')]),
      /expected a Parquet file, got a fault: .*footer != PAR1/,
    ],
    [
      'a footer of 2 GiB',
      withFooterLength(0x7fffffff),
      /expected a Parquet file, got a fault: .*metadata length 2147483647 exceeds/,
    ],
    ['a footer of no bytes', withFooterLength(0), /expected .*, got a fault: /],
    ['only its magic', whole.subarray(0, 4), /expected a Parquet file, got a fault: /],
    ['cut off', whole.subarray(0, 5000), /expected a Parquet file, got a fault: /],
  ])('%s', async (_what, bytes, message) => {
    const path = join(temporaryFolder(), 'recording.parquet');
    writeFileSync(path, bytes);
    const opening = openRecording(path);
    await expect(opening).rejects.toThrow(JepaError);
    await expect(opening).rejects.toThrow(message);
  });

  test('a flipped byte, wherever it is, never throws anything but an error of ours', async () => {
    const path = join(temporaryFolder(), 'recording.parquet');
    let refused = 0;
    for (let i = 0; i < whole.byteLength; i += 211) {
      const bytes = Buffer.from(whole);
      bytes[i] ^= 0x55;
      writeFileSync(path, bytes);
      try {
        const recording = await openRecording(path);
        await recording.read('image', 0, 17);
        await recording.dispose();
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(JepaError);
      }
    }
    expect(refused).toBeGreaterThan(10);
    // More than a hundred files: a busy machine takes its time.
  }, 180_000);
});
