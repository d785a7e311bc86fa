import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { tensorflowBinding } from '../../src/tensorflow/binding.ts';
import { loadedTensorFlow, loadTensorFlow } from '../../src/tensorflow/load.ts';

describe('before TensorFlow is loaded', () => {
  test('there is no binding, and the error says what to await', () => {
    expect(() => tensorflowBinding()).toThrow('expected TensorFlow to be loaded');
    expect(loadedTensorFlow()).toBeUndefined();
  });

  test.each([0, -1, 1.5, Number.NaN])('%d threads are refused', async (threads) => {
    await expect(loadTensorFlow({ threads })).rejects.toMatchObject({ name: 'UsageError' });
  });
});

describe('native TensorFlow', () => {
  beforeAll(async () => {
    // Twice at once: the library is loaded once.
    await Promise.all([loadTensorFlow({ threads: 1 }), loadTensorFlow({ threads: 1 })]);
  });

  test('is the backend of the tfjs that everybody imports', async () => {
    const loaded = await loadTensorFlow();
    expect(loaded.Tensor).toBe(tf.Tensor);
    expect(loaded.layers).toBe(tf.layers);
    expect(tf.getBackend()).toBe('tensorflow');
    expect(loadedTensorFlow()).toMatchObject({ threads: 1, tfjsVersion: tf.version.tfjs });
    expect(loadedTensorFlow()?.tensorflowVersion).toBe(tensorflowBinding().TF_Version);
  });

  test('is the backend again where another was taken since', async () => {
    await tf.setBackend('cpu');
    await loadTensorFlow();
    expect(tf.getBackend()).toBe('tensorflow');
  });

  test('keeps the number of threads that it started with', async () => {
    await expect(loadTensorFlow({ threads: 2 })).rejects.toMatchObject({
      name: 'UsageError',
      message: 'loadTensorFlow: expected the 1 threads that this process started with, got 2',
    });
    expect(process.env.TF_NUM_INTRAOP_THREADS).toBe('1');
  });

  test('runs any operation through the binding, and gives its handles back', () => {
    const binding = tensorflowBinding();
    const before = binding.getNumOfTensors();
    const logits = binding.createTensor([2, 2], binding.TF_FLOAT, new Float32Array([0, 0, Math.log(3), 0]));
    const attributes = [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }];
    const [softmax] = binding.executeOp('Softmax', attributes, [logits], 1);
    expect(softmax.shape).toEqual([2, 2]);
    const values = binding.tensorDataSync(softmax.id);
    // float32 rounding of numbers below 1.
    for (const [i, expected] of [0.5, 0.5, 0.75, 0.25].entries()) expect(values[i]).toBeCloseTo(expected, 6);
    for (const id of [logits, softmax.id]) binding.deleteTensor(id);
    expect(binding.getNumOfTensors()).toBe(before);
  });

  test("shares a typed array's memory where it is aligned, as the binding's interface warns", () => {
    const binding = tensorflowBinding();
    const buffer = new ArrayBuffer(4096);
    // One of any 16 neighbouring places for a float32 is a multiple of 64 bytes.
    const shared = Array.from({ length: 16 }, (_, i) => {
      const values = new Float32Array(buffer, i * Float32Array.BYTES_PER_ELEMENT, 256);
      const id = binding.createTensor([256], binding.TF_FLOAT, values);
      values[0] = i + 1;
      const isShared = binding.tensorDataSync(id)[0] === i + 1;
      binding.deleteTensor(id);
      return isShared;
    });
    expect(shared).toContain(true);
    expect(shared).toContain(false);
  });

  test('trains a stock model, on the functions of node:util that newer Nodes lack', async () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: 'zeros' })],
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const inputs = tf.ones([8, 2]);
    const targets = tf.fill([8, 1], 3);
    const { history } = await model.fit(inputs, targets, { verbose: 0 });
    // (0 - 3)^2: the kernel and the bias begin at zero.
    expect(history.loss[0]).toBe(9);
    const { values } = tf.topk(tf.tensor1d([1, 3, 2]), 2);
    expect(values.arraySync()).toEqual([3, 2]);
  });
});
