// Whole networks with random weights: outputs, top-1 and node counts. Time and memory: large.slow.test.ts.
import type * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeModel, exportOnnx } from '../../export/index.ts';
import { randomFor } from '../../src/random.ts';
import { expectClose, openSession, predict, randomizeWeights, runSession, type TestTensor, useCpu } from './harness.ts';
import * as networks from './networks.ts';

interface Network {
  readonly name: string;
  readonly build: () => tf.LayersModel;
  /** Two sizes of the dynamic axes, where there are any. */
  readonly dynamicSizes?: readonly number[];
  /** Indices below this for integer inputs. */
  readonly limit?: number;
  /** Operators of the exported graph, all of them. */
  readonly operators: Readonly<Record<string, number>>;
}

const list: readonly Network[] = [
  {
    name: 'MobileNetV2',
    build: () => networks.mobileNetV2(64, 100),
    operators: { Conv: 52, Clip: 35, Add: 10, ReduceMean: 1, Gemm: 1, Softmax: 1 },
  },
  {
    name: 'ResNet50',
    build: () => networks.resNet50(64, 100),
    operators: { Conv: 53, Relu: 49, Add: 16, MaxPool: 1, ReduceMean: 1, Gemm: 1, Softmax: 1 },
  },
  {
    name: 'EfficientNetB0',
    build: () => networks.efficientNetB0(64, 100),
    // Swish is x sigmoid(x), two nodes; each squeeze-and-excitation block has one more of both.
    operators: { Conv: 81, Sigmoid: 65, Mul: 65, ReduceMean: 17, Add: 9, Gemm: 1, Softmax: 1 },
  },
  {
    name: 'DenseNet121',
    build: () => networks.denseNet121(64, 100),
    // A normalisation in front of an activation, behind a concatenation, has no convolution to go into.
    operators: {
      Conv: 120,
      Relu: 121,
      BatchNormalization: 62,
      Concat: 58,
      AveragePool: 3,
      MaxPool: 1,
      ReduceMean: 1,
      Gemm: 1,
      Softmax: 1,
    },
  },
  {
    name: 'U-Net',
    build: () => networks.uNet(32),
    operators: { Conv: 16, Relu: 14, MaxPool: 3, Concat: 3, ConvTranspose: 2, Resize: 1, Sigmoid: 1 },
  },
  { name: 'DCGAN', build: networks.dcgan, operators: { Gemm: 1, Reshape: 1, Relu: 3, ConvTranspose: 3, Tanh: 1 } },
  {
    name: 'bidirectional LSTM on text',
    build: networks.textClassifier,
    dynamicSizes: [5, 11],
    limit: 200,
    operators: {},
  },
  {
    name: 'sequence to sequence with states',
    build: networks.sequenceToSequence,
    dynamicSizes: [4, 9],
    limit: 50,
    operators: { Gather: 2, Transpose: 3, LSTM: 2, Squeeze: 1, MatMul: 1, Add: 1, Softmax: 1 },
  },
  { name: 'ConvLSTM on video', build: () => networks.videoPredictor(16), dynamicSizes: [3, 5], operators: {} },
];

function inputsOf(model: tf.LayersModel, batch: number, dynamic: number, limit = 5): TestTensor[] {
  return model.inputs.map((input, i) => {
    const random = randomFor('network', i, batch, dynamic);
    const shape = input.shape.map((size, axis) => size ?? (axis === 0 ? batch : dynamic + i));
    const length = shape.reduce((a, b) => a * b, 1);
    if (input.dtype === 'int32')
      return { type: 'int32', shape, data: Int32Array.from({ length }, () => random.integer(limit)) };
    return { type: 'float32', shape, data: Float32Array.from({ length }, () => random.uniform()) };
  });
}

function topOf({ data, shape }: TestTensor): number[] {
  const classes = shape[shape.length - 1];
  return Array.from({ length: data.length / classes }, (_, row) => {
    const values = [...data.subarray(row * classes, (row + 1) * classes)];
    return values.indexOf(Math.max(...values));
  });
}

describe('whole networks', () => {
  beforeAll(useCpu);

  test.each(list.map((network) => [network.name, network] as const))(
    '%s',
    async (name, { build, dynamicSizes = [1], limit, operators }) => {
      const model = build();
      randomizeWeights(model);
      for (const opset of [17, 23]) {
        const bytes = exportOnnx(model, { layout: 'model', opset });
        const session = await openSession(bytes);
        for (const [i, dynamic] of dynamicSizes.entries()) {
          const inputs = inputsOf(model, i + 1, dynamic, limit);
          const [actual] = await runSession(session, inputs);
          const [expected] = predict(model, inputs);
          expectClose(actual, expected, `${name} at opset ${opset}, size ${dynamic}`);
          expect(topOf(actual)).toEqual(topOf(expected));
        }
        await session.release();
      }
      const counts: Record<string, number> = {};
      for (const { operator } of decodeModel(exportOnnx(model), name).graph.nodes)
        counts[operator] = (counts[operator] ?? 0) + 1;
      if (Object.keys(operators).length > 0) expect(counts).toEqual(operators);
      model.dispose();
    },
  );
});
