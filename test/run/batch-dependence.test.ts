// What moves with its batch is told with its share; what does not, or only by rounding, is not.
import { expect, test } from 'vitest';
import { createLatents, type Latents } from '../../src/measures/latents.ts';
import { batchDependenceNote } from '../../src/run/batch-dependence.ts';

const observations = Float32Array.from({ length: 32 }, (_, i) => Math.sin(7 * i));

/** Latents of `size` numbers: each the observation itself, less `share` of the mean of its batch. */
const encoderOf = (size: number, share: number, offset = 0) => {
  return async (batch: Uint8Array | Float32Array): Promise<Latents> => {
    const mean = Float64Array.from(batch).reduce((sum, value) => sum + value, 0) / batch.length;
    const values = Float32Array.from(
      { length: batch.length * size },
      (_, i) => batch[Math.floor(i / size)] - share * mean + offset,
    );
    return createLatents(values, size);
  };
};

test('a latent that loses the mean of its batch is told with how far it moves', async () => {
  const note = await batchDependenceNote('e.onnx', encoderOf(3, 1), observations, 1);
  expect(note).toMatch(
    /^e\.onnx: the latent of an observation moves by up to \d{2,}% of .* and not beside 31 others: /,
  );
});

test('latents of their own observation alone are not told of, however many numbers they have', async () => {
  expect(await batchDependenceNote('e.onnx', encoderOf(3, 0), observations, 1)).toBeUndefined();
  expect(await batchDependenceNote('e.onnx', encoderOf(300_000, 0), observations.subarray(0, 4), 1)).toBeUndefined();
});

test('nor is what moves by no more than rounding would, far from 0, or has nothing beside it', async () => {
  expect(await batchDependenceNote('e.onnx', encoderOf(3, 1, 1e6), observations, 1)).toBeUndefined();
  expect(await batchDependenceNote('e.onnx', encoderOf(3, 1), observations.subarray(0, 1), 1)).toBeUndefined();
});
