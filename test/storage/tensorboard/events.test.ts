import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crc32c, maskedCrc32c } from '../../../src/storage/checksum.ts';
import { openEventWriter } from '../../../src/storage/tensorboard/events.ts';
import { writeProjections } from '../../../src/storage/tensorboard/projector.ts';
import { createFaultyFileSystem } from '../faulty-file-system.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('CRC-32C gives the values of RFC 3720, B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

describe('an event file', () => {
  test("has the bytes that TensorBoard's own protobuf classes give for the same events", () => {
    const folder = temporaryFolder();
    const writer = openEventWriter(folder, { resumeStep: 5, wallTime: () => 1700000000.25 });
    writer.scalars(7, { 'train/loss': 0.5, 'train/rate': 1e-3 });
    writer.text(300, 'note', '**bold** ü');
    writer.image(2 ** 33, 'sheet', { bytes: new Uint8Array([0x89, 0x50, 0x4e, 0x47]), width: 2, height: 3 });
    writer.histogram(8, 'weights', [2, 2, 2, Number.NaN]);
    writer.flush();
    writer.dispose();
    expect(readFileSync(writer.path)).toEqual(
      readFileSync(new URL('../../fixtures/storage/python.tfevents', import.meta.url)),
    );
    expect(readdirSync(folder)[0]).toMatch(/^events\.out\.tfevents\.1700000000\..+\.\d+\.\d+$/);
  });

  test('is a sequence of records whose checksums hold, each written as a whole', () => {
    const folder = temporaryFolder();
    const writer = openEventWriter(folder);
    for (let step = 1; step <= 3; step++) {
      writer.scalars(step, { loss: Number.NaN });
      const bytes = readFileSync(writer.path);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let offset = 0;
      let records = 0;
      while (offset < bytes.byteLength) {
        const length = Number(view.getBigUint64(offset, true));
        expect(view.getUint32(offset + 8, true)).toBe(maskedCrc32c(bytes.subarray(offset, offset + 8)));
        const event = bytes.subarray(offset + 12, offset + 12 + length);
        expect(view.getUint32(offset + 12 + length, true)).toBe(maskedCrc32c(event));
        offset += 12 + length + 4;
        records++;
      }
      // The version, the start, and one record a step.
      expect(records).toBe(2 + step);
    }
    writer.dispose();
    expect(() => writer.scalars(4, { loss: 1 })).toThrow('expected an open event file, got a disposed one');
  });

  test('never takes the name of another', () => {
    const folder = temporaryFolder();
    const options = { wallTime: () => 5 };
    for (let i = 0; i < 3; i++) openEventWriter(folder, options).dispose();
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test('on a full disk is one line', () => {
    const folder = temporaryFolder();
    const { files } = createFaultyFileSystem({ atCall: 5, isLasting: true, code: 'ENOSPC' });
    const writer = openEventWriter(folder, { files });
    expect(() => writer.scalars(1, { loss: 1 })).toThrow(
      `write ${writer.path}: expected to append an event, got ENOSPC (no space left on the device)`,
    );
    writer.dispose();
  });
});

test('the projector gets one row a latent, one row of labels, and a header only above two columns', () => {
  const folder = join(temporaryFolder(), 'tb');
  writeProjections(folder, [
    { name: 'two', vectors: new Float32Array([1, 2, 3, 0.5]), dimension: 2, labels: { count: [1, 2], shape: ['a\tb', 'c'] } },
    { name: 'one', vectors: new Float32Array([1, 2]), dimension: 1, labels: { count: [1, 2] } },
  ]); // biome-ignore format: a table
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  expect(text('two-vectors.tsv')).toBe('1\t2\n3\t0.5\n');
  expect(text('two-metadata.tsv')).toBe('count\tshape\n1\ta b\n2\tc\n');
  expect(text('one-metadata.tsv')).toBe('1\n2\n');
  expect(text('projector_config.pbtxt')).toContain(
    'tensor_path: "two-vectors.tsv"\n  metadata_path: "two-metadata.tsv"',
  );
  expect(() =>
    writeProjections(folder, [{ name: 'a', vectors: new Float32Array(2), dimension: 1, labels: { k: [1] } }]),
  ).toThrow('projection a: expected 2 labels of k, got 1');
});
