import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Auxiliary, PixelAuxiliary, StateAuxiliary } from '../../src/auxiliary/index.ts';
import { auxiliaryOfObservations } from '../../src/auxiliary/value-of-observation.ts';

const COUNT = 70;
const observations = Uint8Array.from({ length: COUNT * 4 }, (_, i) => (i * 37) % 256);
const input = {
  observations,
  observationShape: [2, 2, 1],
  states: Int32Array.from({ length: COUNT }, (_, n) => n % 3),
};
const table: StateAuxiliary = {
  name: 'table',
  of: 'state',
  size: 2,
  loss: 'squared',
  coefficient: 1,
  table: Float32Array.of(0, 1, 10, 11, 20, 21),
};

describe('p of single observations', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  test('is the table by state and the network by pixels in 0..1, side by side, over all batches', async () => {
    const image = tf.input({ shape: [2, 2, 1] });
    const dense = tf.layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' });
    const flat = tf.layers.flatten().apply(image) as tf.SymbolicTensor;
    const model = tf.model({ inputs: image, outputs: dense.apply(flat) as tf.SymbolicTensor });
    const sum: PixelAuxiliary = { name: 'sum', of: 'pixels', size: 1, loss: 'squared', coefficient: 1, model };
    const before = tf.memory().numTensors;
    const values = await auxiliaryOfObservations([sum, table], input);
    expect(tf.memory().numTensors).toBe(before);
    const wrong = Array.from({ length: COUNT }, (_, n) => n).filter((n) => {
      const total = observations.subarray(4 * n, 4 * n + 4).reduce((sumOfBytes, byte) => sumOfBytes + byte, 0) / 255;
      // Sums of four float32 numbers of up to 1.
      const isSum = Math.abs(values[3 * n] - total) < 1e-6;
      return !isSum || values[3 * n + 1] !== 10 * (n % 3) || values[3 * n + 2] !== 10 * (n % 3) + 1;
    });
    expect(wrong).toEqual([]);
    model.dispose();
  });

  test('is not to be had of a recorded column', async () => {
    const column: Auxiliary = { ...table, name: 'speed', of: 'column', column: 'speed' };
    await expect(auxiliaryOfObservations([column], input)).rejects.toThrow(
      'auxiliary speed: expected a function of state or pixels, got a recorded column',
    );
  });
});
