import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256OfFile, unpackEntries } from '../../src/storage/unpack.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { zipOf } from './zip.ts';

const library = randomBytes(300_000);
const header = Buffer.from('#pragma once\n'.repeat(100));
const entries = [
  { name: 'tensorflow/lib.so.2', content: library },
  { name: 'tensorflow/include/tsl/x.h', content: header },
  { name: 'tensorflow/python/huge.py', content: Buffer.from('left out') },
];

function writeZip(bytes: Uint8Array): { readonly archive: string; readonly folder: string } {
  const root = temporaryFolder();
  const archive = join(root, 'wheel.whl');
  writeFileSync(archive, bytes);
  return { archive, folder: join(root, 'out') };
}

const onlyBinaries = (name: string): string | undefined => (name.endsWith('.py') ? undefined : basename(name));

describe('unpackEntries', () => {
  test('writes the chosen entries where they are placed, and no others', async () => {
    const { archive, folder } = writeZip(zipOf(entries));
    const counts: number[] = [];
    const names = await unpackEntries(archive, folder, { place: onlyBinaries, onBytes: (count) => counts.push(count) });
    expect(names).toEqual(['tensorflow/lib.so.2', 'tensorflow/include/tsl/x.h']);
    expect(readFileSync(join(folder, 'lib.so.2')).equals(library)).toBe(true);
    expect(readFileSync(join(folder, 'x.h')).equals(header)).toBe(true);
    expect(existsSync(join(folder, 'huge.py'))).toBe(false);
    expect(counts.at(-1)).toBe(library.byteLength + header.byteLength);
    expect([...counts].sort((a, b) => a - b)).toEqual(counts);
  });

  test('refuses an entry whose CRC-32 is not that of its bytes', async () => {
    const { archive, folder } = writeZip(zipOf([{ name: 'a', content: library, crc32: 0x12345678 }]));
    await expect(unpackEntries(archive, folder, { place: (name) => name })).rejects.toThrow(
      /wheel\.whl a: expected CRC-32 12345678, got [0-9a-f]{8} \(corrupt\)$/,
    );
  });

  test.each([10, 299_999, 300_001])('refuses an entry of 300000 bytes that claims %i', async (byteLength) => {
    const { archive, folder } = writeZip(zipOf([{ name: 'a', content: library, byteLength }]));
    await expect(unpackEntries(archive, folder, { place: (name) => name })).rejects.toMatchObject({
      name: 'FormatError',
    });
  });

  test('refuses names that lead out of the folder', async () => {
    const { archive, folder } = writeZip(zipOf([{ name: '../outside', content: library }]));
    await expect(unpackEntries(archive, folder, { place: (name) => name })).rejects.toMatchObject({
      name: 'FormatError',
    });
    expect(existsSync(join(folder, '..', 'outside'))).toBe(false);
  });

  // Each of the 300 runs waits for the disk.
  test('never delivers other bytes than were packed, whatever byte of the archive is changed or missing', {
    timeout: 120_000,
  }, async () => {
    const content = Buffer.from('0123456789'.repeat(50));
    const whole = zipOf([{ name: 'a', content }]);
    const { archive, folder } = writeZip(whole);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.byteLength - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (position, change, isCut) => {
          const damaged = Buffer.from(isCut ? whole.subarray(0, position) : whole);
          if (!isCut) damaged[position] ^= change;
          writeFileSync(archive, damaged);
          const target = join(folder, String(run++));
          try {
            const names = await unpackEntries(archive, target, { place: (name) => (name === 'a' ? name : undefined) });
            if (names.length > 0) expect(readFileSync(join(target, 'a')).equals(content)).toBe(true);
          } catch (error) {
            expect(error).toMatchObject({ name: 'FormatError' });
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('stops when it is told to', async () => {
    const { archive, folder } = writeZip(zipOf(entries));
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(unpackEntries(archive, folder, { place: (name) => name, signal })).rejects.toThrow('stop');
  });
});

describe('sha256OfFile', () => {
  test('is the hash of the whole file', async () => {
    const { archive } = writeZip(library);
    expect(await sha256OfFile(archive)).toBe(createHash('sha256').update(library).digest('hex'));
  });
});
