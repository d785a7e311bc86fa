// Every operation of the training graph gives tfjs's own value and gradient.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomFor } from '../../src/random.ts';
import { Graph, type GraphTensor } from '../../src/tensorflow/graph.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import * as activation from '../../src/tensorflow/operations/activation.ts';
import { averagePool, conv2d, conv2dTranspose, maxPool } from '../../src/tensorflow/operations/convolution.ts';
import * as elementwise from '../../src/tensorflow/operations/elementwise.ts';
import { biasAdd, matmul } from '../../src/tensorflow/operations/matrix.ts';
import { batchNorm, layerNorm } from '../../src/tensorflow/operations/normalization.ts';
import * as shape from '../../src/tensorflow/operations/shape.ts';
import { GraphSession } from '../../src/tensorflow/session.ts';
import { expectClose } from '../matcher/close.ts';

// float32 sums of a few hundred products in another order.
const TOLERANCE = { absolute: 2e-5, relative: 2e-4 };

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

interface Case {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  readonly build: (graph: Graph, ...inputs: GraphTensor[]) => GraphTensor;
  readonly reference: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Inputs are kept above this, for roots and quotients. */
  readonly minimum?: number;
}

const one = (build: (graph: Graph, x: GraphTensor) => GraphTensor) => build;
const EPSILON = 1e-3;

const cases: readonly Case[] = [
  {
    name: 'add of equal shapes',
    inputs: [
      [3, 4],
      [3, 4],
    ],
    build: elementwise.add,
    reference: (a, b) => a.add(b),
  },
  {
    name: 'add that broadcasts',
    inputs: [
      [2, 3, 4],
      [3, 1],
    ],
    build: elementwise.add,
    reference: (a, b) => a.add(b),
  },
  {
    name: 'subtract that broadcasts',
    inputs: [[4], [3, 4]],
    build: elementwise.subtract,
    reference: (a, b) => a.sub(b),
  },
  {
    name: 'multiply that broadcasts',
    inputs: [
      [3, 4],
      [1, 4],
    ],
    build: elementwise.multiply,
    reference: (a, b) => a.mul(b),
  },
  { name: 'divide', inputs: [[3, 4], [4]], build: elementwise.divide, reference: (a, b) => a.div(b), minimum: 0.5 },
  {
    name: 'scale',
    inputs: [[5]],
    build: (graph, x) => elementwise.scale(graph, x, -2.5),
    reference: (x) => x.mul(-2.5),
  },
  { name: 'square', inputs: [[7]], build: one(elementwise.square), reference: (x) => x.square() },
  { name: 'sqrt', inputs: [[7]], build: one(elementwise.sqrt), reference: (x) => x.sqrt(), minimum: 0.2 },
  { name: 'exp', inputs: [[7]], build: one(elementwise.exp), reference: (x) => x.exp() },
  { name: 'cos', inputs: [[7]], build: one(elementwise.cos), reference: (x) => x.cos() },
  { name: 'sin', inputs: [[7]], build: one(elementwise.sin), reference: (x) => x.sin() },
  { name: 'relu', inputs: [[17]], build: one(activation.relu), reference: (x) => x.relu() },
  { name: 'tanh', inputs: [[7]], build: one(activation.tanh), reference: (x) => x.tanh() },
  { name: 'sigmoid', inputs: [[7]], build: one(activation.sigmoid), reference: (x) => x.sigmoid() },
  { name: 'softplus', inputs: [[7]], build: one(activation.softplus), reference: (x) => x.softplus() },
  { name: 'mish', inputs: [[33]], build: one(activation.mish), reference: (x) => x.mul(x.softplus().tanh()) },
  {
    name: 'gelu',
    inputs: [[33]],
    build: one(activation.gelu),
    reference: (x) => x.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5)),
  },
  {
    name: 'reshape',
    inputs: [[2, 6]],
    build: (graph, x) => shape.reshape(graph, x, [3, 4]),
    reference: (x) => x.reshape([3, 4]),
  },
  {
    name: 'transpose',
    inputs: [[2, 3, 4]],
    build: (graph, x) => shape.transpose(graph, x, [2, 0, 1]),
    reference: (x) => x.transpose([2, 0, 1]),
  },
  {
    name: 'concatenate',
    inputs: [
      [2, 3],
      [2, 4],
    ],
    build: (graph, a, b) => shape.concatenate(graph, [a, b], -1),
    reference: (a, b) => tf.concat([a, b], 1),
  },
  {
    name: 'slice',
    inputs: [[5, 3]],
    build: (graph, x) => shape.slice(graph, x, 0, 1, 3),
    reference: (x) => x.slice([1, 0], [3, 3]),
  },
  {
    name: 'sum over an axis',
    inputs: [[3, 4]],
    build: (graph, x) => shape.sum(graph, x, [1]),
    reference: (x) => x.sum(1),
  },
  { name: 'mean of all', inputs: [[3, 4]], build: (graph, x) => shape.mean(graph, x), reference: (x) => x.mean() },
  {
    name: 'mean over two axes',
    inputs: [[2, 3, 4, 5]],
    build: (graph, x) => shape.mean(graph, x, [1, 2]),
    reference: (x) => x.mean([1, 2]),
  },
  { name: 'softmax', inputs: [[3, 5]], build: one(shape.softmax), reference: (x) => x.softmax() },
  {
    name: 'matmul',
    inputs: [
      [3, 4],
      [4, 5],
    ],
    build: (graph, a, b) => matmul(graph, a, b),
    reference: (a, b) => a.matMul(b),
  },
  {
    name: 'matmul by a transpose',
    inputs: [
      [3, 4],
      [5, 4],
    ],
    build: (graph, a, b) => matmul(graph, a, b, true),
    reference: (a, b) => a.matMul(b, false, true),
  },
  {
    name: 'matmul of batches',
    inputs: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    build: (graph, a, b) => matmul(graph, a, b),
    reference: (a, b) => tf.matMul(a, b),
  },
  {
    name: 'matmul of batches by a transpose',
    inputs: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    build: (graph, a, b) => matmul(graph, a, b, true),
    reference: (a, b) => tf.matMul(a, b, false, true),
  },
  { name: 'biasAdd', inputs: [[2, 3, 3, 4], [4]], build: biasAdd, reference: (x, bias) => x.add(bias) },
  ...(['same', 'valid'] as const).flatMap((padding): Case[] => [
    {
      name: `conv2d 4x4 stride 2 ${padding}`,
      inputs: [
        [2, 9, 8, 3],
        [4, 4, 3, 5],
      ],
      build: (graph, x, kernel) => conv2d(graph, x, kernel, { strides: [2, 2], padding }),
      reference: (x, kernel) => tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 2, padding),
    },
    {
      name: `conv2dTranspose 4x4 stride 2 ${padding}`,
      inputs: [
        [2, 4, 5, 3],
        [4, 4, 6, 3],
      ],
      build: (graph, x, kernel) => conv2dTranspose(graph, x, kernel, { strides: [2, 2], padding }),
      reference: (x, kernel) =>
        tf.conv2dTranspose(
          x as tf.Tensor4D,
          kernel as tf.Tensor4D,
          padding === 'same' ? [2, 8, 10, 6] : [2, 10, 12, 6],
          2,
          padding,
        ),
    },
    {
      name: `maxPool 3x3 stride 2 ${padding}`,
      inputs: [[2, 7, 6, 3]],
      build: (graph, x) => maxPool(graph, x, { size: [3, 3], strides: [2, 2], padding }),
      reference: (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, padding),
    },
    {
      name: `averagePool 3x3 stride 2 ${padding}`,
      inputs: [[2, 7, 6, 3]],
      build: (graph, x) => averagePool(graph, x, { size: [3, 3], strides: [2, 2], padding }),
      reference: (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, padding),
    },
  ]),
  ...[1, 2].map(
    (stride): Case => ({
      name: `conv2d 1x1 stride ${stride}`,
      inputs: [
        [2, 5, 6, 4],
        [1, 1, 4, 3],
      ],
      build: (graph, x, kernel) => conv2d(graph, x, kernel, { strides: [stride, stride], padding: 'same' }),
      reference: (x, kernel) => tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, stride, 'same'),
    }),
  ),
  {
    name: 'batchNorm of images',
    inputs: [[3, 4, 4, 5], [5], [5]],
    build: (graph, x, gamma, beta) => batchNorm(graph, x, gamma, beta, EPSILON).output,
    reference: (x, gamma, beta) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return x.sub(mean).div(variance.add(EPSILON).sqrt()).mul(gamma).add(beta);
    },
  },
  {
    name: 'batchNorm of vectors',
    inputs: [[6, 5], [5], [5]],
    build: (graph, x, gamma, beta) => batchNorm(graph, x, gamma, beta, EPSILON).output,
    reference: (x, gamma, beta) => {
      const { mean, variance } = tf.moments(x, [0]);
      return x.sub(mean).div(variance.add(EPSILON).sqrt()).mul(gamma).add(beta);
    },
  },
  {
    name: 'layerNorm',
    inputs: [[2, 3, 8], [8], [8]],
    build: (graph, x, gamma, beta) => layerNorm(graph, x, gamma, beta, EPSILON),
    reference: (x, gamma, beta) => {
      const { mean, variance } = tf.moments(x, [2], true);
      return x.sub(mean).div(variance.add(EPSILON).sqrt()).mul(gamma).add(beta);
    },
  },
];

const sizeOf = (sides: readonly number[]) => sides.reduce((product, side) => product * side, 1);

describe('operations of the training graph', () => {
  test.each(cases)('$name has the value and the gradients of tfjs', ({ name, inputs, build, reference, minimum }) => {
    const random = randomFor('operations', name);
    const draw = () => (minimum === undefined ? random.normal() : minimum + Math.abs(random.normal()));
    const data = inputs.map((sides) => Float32Array.from({ length: sizeOf(sides) }, draw));

    const graph = new Graph();
    const placeholders = inputs.map((sides, i) => graph.placeholder(`x${i}`, 'float32', sides));
    const output = build(graph, ...placeholders);
    // A weighted sum with fixed random weights, so that every element of the gradient matters.
    const weights = Float32Array.from({ length: sizeOf(output.shape) }, () => random.normal());
    const loss = shape.dot(graph, output, graph.constantTensor(output.shape, weights));
    const gradients = graph.gradients(loss, placeholders).map((gradient) => {
      if (!gradient) throw new Error(`${name}: an input without gradient`);
      return gradient;
    });
    const session = new GraphSession(graph);
    const feeds = Object.fromEntries(data.map((values, i) => [`x${i}`, values]));
    const [value, ...found] = session.run(feeds, [output, ...gradients]);
    session.dispose();

    const tensors = data.map((values, i) => tf.tensor(values, [...inputs[i]]));
    const expectedValue = reference(...tensors);
    expect(output.shape).toEqual(expectedValue.shape);
    expectClose(value, expectedValue.dataSync(), TOLERANCE, 'value');
    const lossOf = (...xs: tf.Tensor[]) =>
      reference(...xs)
        .mul(tf.tensor(weights, [...output.shape]))
        .sum();
    const expected = tf.grads(lossOf)(tensors);
    for (const [i, gradient] of expected.entries())
      expectClose(found[i], gradient.dataSync(), TOLERANCE, `gradient of input ${i}`);
  });

  test('batchNorm reports the biased variance that tfjs averages', () => {
    const graph = new Graph();
    const x = graph.placeholder('x', 'float32', [4, 1]);
    const ones = graph.constant([1]);
    const { mean, variance } = batchNorm(graph, x, ones, ones, EPSILON);
    const session = new GraphSession(graph);
    const [m, v] = session.run({ x: Float32Array.of(1, 2, 3, 6) }, [mean, variance]);
    session.dispose();
    expect(m[0]).toBeCloseTo(3, 6);
    // ((1-3)^2 + (2-3)^2 + 0 + (6-3)^2) / 4
    expect(v[0]).toBeCloseTo(3.5, 6);
  });

  test('stopGradient passes the value and no gradient', () => {
    const graph = new Graph();
    const x = graph.placeholder('x', 'float32', [2]);
    const loss = shape.sum(graph, elementwise.multiply(graph, x, elementwise.stopGradient(graph, x)));
    const [gradient] = graph.gradients(loss, [x]);
    if (!gradient) throw new Error('no gradient');
    const session = new GraphSession(graph);
    const [found] = session.run({ x: Float32Array.of(3, -5) }, [gradient]);
    session.dispose();
    // d(x * constant x)/dx = x, not 2 x.
    expect([...found]).toEqual([3, -5]);
  });

  test('shapes that do not fit are refused with both shapes', () => {
    const graph = new Graph();
    const a = graph.placeholder('a', 'float32', [2, 3]);
    const b = graph.placeholder('b', 'float32', [4, 5]);
    expect(() => matmul(graph, a, b)).toThrow('cannot multiply [2,3] by [4,5]');
    expect(() => elementwise.add(graph, a, b)).toThrow('got [2,3] and [4,5]');
    expect(() => shape.reshape(graph, a, [7])).toThrow('cannot reshape [2,3] to [7]');
  });
});
