// The file of observations: each input of the encoder in its own form, one after the other, read again as the encoder takes it.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TensorSpec } from '../../src/runtimes/runtime.ts';
import { writeFirstRows, writeObservations } from '../../src/verification/held-out-files.ts';
import { observationRows } from '../../src/verification/in-house.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

/** Images of 1 x 2 pixels with 2 channels, and two numbers, packed. */
const packed = (n: number) => [n, n + 50, n + 100, n + 150, n / 8, -n];
const rows = (from: number, to: number) => ({
  observations: Float32Array.from(Array.from({ length: to - from }, (_, i) => packed(from + i)).flat()),
  states: new Int32Array(to - from),
});
const form = {
  parts: [[1, 2, 2], [2]],
  input: { name: 'image', layout: 'nchw', type: 'uint8', vector: 'vector' },
} as const;
const inputs: TensorSpec[] = [
  { name: 'image', type: 'uint8', shape: ['N', 2, 1, 2] },
  { name: 'vector', type: 'float32', shape: ['N', 2] },
];

test('an image and a vector are written apart, in planes, and read again row by row', () => {
  const folder = temporaryFolder();
  const recorded = {
    count: 1,
    observations: [Uint8Array.of(1, 2, 3, 4), Float32Array.of(5, 6)],
    latents: Float32Array.of(0),
  };
  const held = { judged: rows(0, 70), centroids: rows(70, 75) };
  const file = writeObservations(join(folder, 'all.bin'), held, form, recorded);
  expect(file).toMatchObject({ count: 76, rowByteLengths: [4, 8] });
  const feeds = observationRows({ inputs }, file.path, 76);
  for (const n of [0, 69, 70, 74]) {
    const { image, vector } = feeds(n, n + 1);
    // Channel 0 of both pixels, then channel 1.
    expect(Array.from(image.data, Number)).toEqual([n, n + 100, n + 50, n + 150]);
    expect(Array.from(vector.data, Number)).toEqual([Math.fround(n / 8), -n]);
    expect(image.shape).toEqual([1, 2, 1, 2]);
  }
  expect(Array.from(feeds(75, 76).image.data, Number)).toEqual([1, 2, 3, 4]);
  expect(Array.from(feeds(75, 76).vector.data, Number)).toEqual([5, 6]);
});

test('the first rows are the first of every input', () => {
  const folder = temporaryFolder();
  const held = { judged: rows(0, 4), centroids: rows(4, 8) };
  const observations = writeObservations(join(folder, 'all.bin'), held, form);
  const actions = Float32Array.from({ length: 2 * 8 * 3 }, (_, i) => i);
  const first = writeFirstRows(folder, { observations, actions }, 5);
  const feeds = observationRows({ inputs }, first.observations, 5)(4, 5);
  expect(Array.from(feeds.image.data, Number)).toEqual([4, 104, 54, 154]);
  expect(Array.from(feeds.vector.data, Number)).toEqual([0.5, -4]);
});

test('a file of too few bytes is refused with the rows that it should hold', () => {
  const folder = temporaryFolder();
  const file = writeObservations(join(folder, 'all.bin'), { judged: rows(0, 2), centroids: rows(2, 3) }, form);
  expect(() => observationRows({ inputs }, file.path, 4)).toThrow(
    'observations: expected 48 bytes (4 rows of 4 uint8, then 4 rows of 2 float32), got 36',
  );
});

test('test data of fewer inputs than the encoder has is refused', () => {
  const folder = temporaryFolder();
  const recorded = { count: 1, observations: [Uint8Array.of(1, 2, 3, 4)], latents: Float32Array.of(0) };
  const held = { judged: rows(0, 1), centroids: rows(1, 2) };
  expect(() => writeObservations(join(folder, 'all.bin'), held, form, recorded)).toThrow(
    'test_data: expected the 2 inputs of the encoder, got 1',
  );
});
