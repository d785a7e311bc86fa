// Inputs of integers and truth values: they become what TensorFlow.js computes in, and stay what they are elsewhere.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx, type LayerConverter } from '../../export/index.ts';
import { expectParity, openSession, runSession, type TestTensor, useCpu } from './harness.ts';

const { layers } = tf;
type Tensor = tf.SymbolicTensor;

describe('integers and truth values', () => {
  beforeAll(useCpu);

  type Make = (x: Tensor) => Tensor;
  const floats: [string, number[], Make][] = [
    ['Dense', [6], (x) => layers.dense({ units: 2 }).apply(x) as Tensor],
    ['MaxPooling2D', [4, 4, 2], (x) => layers.maxPooling2d({}).apply(x) as Tensor],
    ['GlobalAveragePooling2D', [4, 4, 2], (x) => layers.globalAveragePooling2d({}).apply(x) as Tensor],
    ['GRU', [5, 3], (x) => layers.gru({ units: 2, recurrentInitializer: 'glorotNormal' }).apply(x) as Tensor],
    ['LeakyReLU', [6], (x) => layers.leakyReLU({}).apply(x) as Tensor],
    ['ReLU', [6], (x) => layers.reLU({ maxValue: 3 }).apply(x) as Tensor],
    ['Average', [6], (x) => layers.average().apply([x, layers.rescaling({ scale: 0.5 }).apply(x) as Tensor]) as Tensor],
    ['Add', [6], (x) => layers.add().apply([x, layers.rescaling({ scale: 0.5 }).apply(x) as Tensor]) as Tensor],
    ['UpSampling2D', [2, 2, 1], (x) => layers.upSampling2d({ interpolation: 'bilinear' }).apply(x) as Tensor],
  ];

  test.each(floats)('become floats in front of %s, as in TensorFlow.js', async (name, shape, make) => {
    const x = tf.input({ shape, dtype: 'int32', name: 'x' });
    await expectParity(tf.model({ inputs: x, outputs: make(x) }), name);
  });

  test('truth values are added as numbers, and stay what they are where nothing is computed', async () => {
    const x = tf.input({ shape: [3], dtype: 'bool', name: 'x' });
    const sum = layers.add().apply([x, x]) as Tensor;
    const kept = layers.flatten().apply(layers.repeatVector({ n: 2 }).apply(x)) as Tensor;
    const session = await openSession(exportOnnx(tf.model({ inputs: x, outputs: [sum, kept] })));
    const given: TestTensor = { type: 'bool', shape: [1, 3], data: Uint8Array.of(1, 0, 1) };
    const results = await runSession(session, [given]);
    expect(results.map(({ type, data }) => [type, [...data]])).toEqual([
      ['int32', [2, 0, 2]],
      ['bool', [1, 0, 1, 1, 0, 1]],
    ]);
  });

  test('a converter of the user is given them as they are', () => {
    const x = tf.input({ shape: [6], dtype: 'int32', name: 'x' });
    const model = tf.model({ inputs: x, outputs: layers.dense({ units: 6 }).apply(x) as Tensor });
    const types: string[] = [];
    const own: LayerConverter = {
      masking: 'drop',
      convert: ({ graph, input }) => {
        types.push(input.type);
        return graph.node('Neg', [input]);
      },
      documentation: { operators: 'Neg' },
    };
    exportOnnx(model, { converters: { Dense: own } });
    expect(types).toEqual(['int32']);
  });
});
