import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { encodeNpyHeader } from '../../../src/data/readers/npy.ts';
import { FormatError } from '../../../src/error.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { buildZip, type ZipPart } from './zip-builder.ts';

const array = (values: Float32Array) =>
  Buffer.concat([encodeNpyHeader('float32', [values.length]), Buffer.from(values.buffer)]);
const actions: ZipPart = { name: 'actions.npy', content: array(new Float32Array(100)) };
const content = array(Float32Array.from({ length: 100 }, (_, i) => i));
// A place of its own, since other tests unpack too.
beforeEach(() => {
  vi.stubEnv('TMPDIR', temporaryFolder());
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const unpacked = () => readdirSync(tmpdir()).filter((name) => name.startsWith('jepa-onnx-npz-'));

async function open(parts: readonly ZipPart[]) {
  const path = join(temporaryFolder(), 'recording.npz');
  writeFileSync(path, buildZip(parts));
  const recording = await openRecording(path);
  onTestFinished(() => recording.dispose());
  return recording;
}

const flip = (at: number) => (bytes: Uint8Array) => {
  const flipped = new Uint8Array(bytes);
  flipped[at] ^= 0x10;
  return flipped;
};

describe('a zip archive that lies is refused, and nothing of it stays unpacked', () => {
  test.each<readonly [what: string, parts: readonly ZipPart[], message: string | RegExp]>([
    [
      'a flipped byte of a stored array',
      [actions, { name: 'a.npy', content, stored: flip(300) }],
      /a\.npy: expected CRC-32 [0-9a-f]{8}, got [0-9a-f]{8} \(corrupt\)/,
    ],
    [
      'a flipped byte of a deflated array',
      [actions, { name: 'a.npy', content, isDeflated: true, stored: flip(40) }],
      /a\.npy: expected (CRC-32|deflated bytes|528 bytes)/,
    ],
    [
      'a size that is too small',
      [actions, { name: 'a.npy', content, isDeflated: true, claim: { bytes: 10 } }],
      'a.npy: expected 10 bytes, got more',
    ],
    [
      'a size that is too large',
      [actions, { name: 'a.npy', content, isDeflated: true, claim: { bytes: 5000 } }],
      'a.npy: expected 5000 bytes, got 528',
    ],
    [
      'stored bytes that claim another size',
      [actions, { name: 'a.npy', content, claim: { bytes: 10_000 } }],
      /expected a zip archive, got one with a fault: compressed\/uncompressed size mismatch for stored file: 528 != 10000/,
    ],
    [
      'a claim that deflate cannot make true',
      [actions, { name: 'a.npy', content, isDeflated: true, claim: { bytes: 0xf0000000 } }],
      /a\.npy: expected at most 1032 times the \d+ bytes stored, got a claim of 4026531840/,
    ],
    [
      'entries over each other',
      [actions, { name: 'a.npy', content, claim: { offset: 0 } }],
      /expected entries side by side, got (actions\.npy overlapping a\.npy|a\.npy overlapping actions\.npy)/,
    ],
    ['one name twice', [actions, actions], 'expected each name once, got "actions.npy" twice'],
    [
      'a name that climbs out',
      [actions, { name: '../../x.npy', content }],
      'got one with a fault: invalid relative path: ../../x.npy',
    ],
    ['an absolute name', [actions, { name: '/etc/x.npy', content }], 'got one with a fault: absolute path: /etc/x.npy'],
    [
      'an encrypted entry',
      [actions, { name: 'a.npy', content, claim: { flags: 1, bytes: 516 } }],
      'a.npy: expected plain bytes, got encrypted ones',
    ],
    [
      'another compression',
      [actions, { name: 'a.npy', content, claim: { method: 12 } }],
      'a.npy: expected stored or deflated bytes, got compression method 12',
    ],
    [
      'an entry past the end',
      [actions, { name: 'a.npy', content, claim: { storedBytes: 1e6, bytes: 1e6 } }],
      /got one with a fault/,
    ],
    [
      'no array at all',
      [{ name: 'readme.txt', content }],
      'expected NumPy arrays of numbers, got an archive of 1 other entries',
    ],
  ])('%s', async (_what, parts, message) => {
    const before = unpacked();
    const opening = open(parts);
    await expect(opening).rejects.toThrow(FormatError);
    await expect(opening).rejects.toThrow(message);
    expect(unpacked()).toEqual(before);
  });

  test('a truncated archive and junk', async () => {
    const path = join(temporaryFolder(), 'recording.npz');
    const whole = buildZip([actions]);
    for (const length of [4, 100, whole.byteLength - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      await expect(openRecording(path)).rejects.toThrow(
        /recording\.npz: expected a zip archive, got one with a fault: /,
      );
    }
  });

  test('what was unpacked is gone after the recording is closed', async () => {
    const recording = await open([actions, { name: 'observations.npy', content, isDeflated: true }]);
    const folder = recording.handle.prepared?.unpackedFolder ?? '';
    expect(readdirSync(folder)).toEqual(['1.npy']);
    expect((await recording.read('observations', 7, 8))[0]).toBe(7);
    await recording.dispose();
    expect(existsSync(folder)).toBe(false);
  });
});
