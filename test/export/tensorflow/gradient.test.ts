// Gradient operations, each alone: what onnxruntime computes of its row is what TensorFlow's kernel computes, and the slope of the
// forward operation by finite differences. The kernel runs in the graph that a training step runs in.
import { beforeAll, describe, expect, test } from 'vitest';
import { gradients } from '../../../export/tensorflow/operations/gradient.ts';
import { permutation, randomFor } from '../../../src/random.ts';
import { elementCount } from '../../../src/shape.ts';
import { adamFeeds, addAdamUpdates } from '../../../src/tensorflow/adam.ts';
import { Graph, type GraphTensor } from '../../../src/tensorflow/graph.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';
import { relu, sigmoid, softplus, tanh } from '../../../src/tensorflow/operations/activation.ts';
import { averagePool, conv2d, conv2dTranspose, maxPool } from '../../../src/tensorflow/operations/convolution.ts';
import { sqrt } from '../../../src/tensorflow/operations/elementwise.ts';
import { biasAdd } from '../../../src/tensorflow/operations/matrix.ts';
import { batchNorm } from '../../../src/tensorflow/operations/normalization.ts';
import { dot, everyNthPixel, slice } from '../../../src/tensorflow/operations/shape.ts';
import { GraphSession } from '../../../src/tensorflow/session.ts';
import { expectClose } from '../../matcher/close.ts';
import { runRows } from './row.ts';

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

/** float32 sums of a few hundred products in another order. */
const TOLERANCE = { absolute: 2e-5, relative: 2e-4 };
/** Central differences of float32 values: half of their digits. */
const SLOPE_TOLERANCE = { absolute: 2e-2, relative: 2e-2 };
const STEP = 1e-2;

interface Case {
  readonly name: string;
  /** The operation whose row is under test. */
  readonly operation: string;
  readonly inputs: readonly (readonly number[])[];
  readonly build: (graph: Graph, ...inputs: GraphTensor[]) => GraphTensor;
  /** Inputs are kept above this, for roots. */
  readonly minimum?: number;
  /** Values of inputs lie this far apart, so that a small step changes no maximum. */
  readonly isSpread?: boolean;
}

const window = (stride: number, padding: 'same' | 'valid') => ({ strides: [stride, stride] as const, padding });
const windows = [1, 2, 3].flatMap((stride) => (['same', 'valid'] as const).map((padding) => ({ stride, padding })));

const cases: readonly Case[] = [
  ...windows.flatMap(({ stride, padding }): Case[] => [
    {
      name: `conv2d, stride ${stride}, ${padding}`,
      operation: 'Conv2DBackpropFilter',
      inputs: [
        [2, 8, 9, 3],
        [3, 2, 3, 4],
      ],
      build: (graph, x, kernel) => conv2d(graph, x, kernel, window(stride, padding)),
    },
    {
      name: `conv2dTranspose, stride ${stride}, ${padding}`,
      operation: 'Conv2DBackpropFilter',
      inputs: [
        [2, 3, 4, 3],
        [3, 3, 4, 3],
      ],
      build: (graph, x, kernel) => conv2dTranspose(graph, x, kernel, window(stride, padding)),
    },
    {
      name: `maxPool, stride ${stride}, ${padding}`,
      operation: 'MaxPoolGrad',
      inputs: [[2, 7, 6, 2]],
      build: (graph, x) => maxPool(graph, x, { ...window(stride, padding), size: [3, 2] }),
      isSpread: true,
    },
    {
      name: `averagePool, stride ${stride}, ${padding}`,
      operation: 'AvgPoolGrad',
      inputs: [[2, 7, 6, 2]],
      build: (graph, x) => averagePool(graph, x, { ...window(stride, padding), size: [3, 2] }),
    },
  ]),
  {
    name: 'conv2d of more channels than pixels have, stride 2',
    operation: 'Conv2DBackpropFilter',
    inputs: [
      [2, 7, 6, 9],
      [3, 2, 9, 4],
    ],
    build: (graph, x, kernel) => conv2d(graph, x, kernel, window(2, 'same')),
  },
  {
    name: 'conv2d with a window of the whole image',
    operation: 'Conv2DBackpropFilter',
    inputs: [
      [3, 4, 4, 2],
      [4, 4, 2, 3],
    ],
    build: (graph, x, kernel) => conv2d(graph, x, kernel, window(4, 'same')),
  },
  { name: 'relu', operation: 'ReluGrad', inputs: [[4, 9]], build: relu, isSpread: true },
  { name: 'tanh', operation: 'TanhGrad', inputs: [[4, 9]], build: tanh },
  { name: 'sigmoid', operation: 'SigmoidGrad', inputs: [[4, 9]], build: sigmoid },
  { name: 'softplus', operation: 'SoftplusGrad', inputs: [[4, 9]], build: softplus },
  { name: 'sqrt', operation: 'SqrtGrad', inputs: [[4, 9]], build: sqrt, minimum: 0.5 },
  { name: 'biasAdd of rows', operation: 'BiasAddGrad', inputs: [[6, 5], [5]], build: biasAdd },
  { name: 'biasAdd of images', operation: 'BiasAddGrad', inputs: [[2, 3, 4, 5], [5]], build: biasAdd },
  {
    name: 'batchNorm of rows',
    operation: 'FusedBatchNormGradV3',
    inputs: [[8, 3], [3], [3]],
    build: (graph, x, gamma, beta) => batchNorm(graph, x, gamma, beta, 1e-2).output,
  },
  {
    name: 'batchNorm of images',
    operation: 'FusedBatchNormGradV3',
    inputs: [[3, 4, 5, 6], [6], [6]],
    build: (graph, x, gamma, beta) => batchNorm(graph, x, gamma, beta, 1e-2).output,
  },
  {
    name: 'every second and third pixel',
    operation: 'StridedSliceGrad',
    inputs: [[2, 7, 8, 3]],
    build: (graph, x) => everyNthPixel(graph, x, [2, 3]),
  },
  {
    name: 'every second pixel of an even side',
    operation: 'StridedSliceGrad',
    inputs: [[1, 6, 4, 2]],
    build: (graph, x) => everyNthPixel(graph, x, [2, 1]),
  },
  // Slice has Pad as its gradient, which graph models have too.
  { name: 'slice', operation: 'Pad', inputs: [[5, 4]], build: (graph, x) => slice(graph, x, 0, 1, 3) },
];

describe('gradient rows', () => {
  test.each(cases)(
    '$name ($operation): onnxruntime, TensorFlow and finite differences agree',
    async ({ name, operation, inputs, build, minimum, isSpread }) => {
      const random = randomFor('gradient rows', name);
      const data = inputs.map((shape) => {
        const count = elementCount(shape);
        if (isSpread) {
          const order = permutation(count, random);
          return Float32Array.from(order, (place) => (place - count / 2 + 0.25) * 0.1);
        }
        const draw = () => (minimum === undefined ? random.normal() : minimum + Math.abs(random.normal()));
        return Float32Array.from({ length: count }, draw);
      });
      const graph = new Graph();
      const placeholders = inputs.map((shape, i) => graph.placeholder(`x${i}`, 'float32', shape));
      const output = build(graph, ...placeholders);
      const weights = Float32Array.from({ length: elementCount(output.shape) }, () => random.normal());
      const loss = dot(graph, output, graph.constantTensor(output.shape, weights));
      const found = graph.gradients(loss, placeholders).map((gradient) => {
        if (!gradient) throw new Error(`${name}: an input without gradient`);
        return gradient;
      });
      expect(graph.nodes.map((node) => node.operation)).toContain(operation);
      const feeds = Object.fromEntries(data.map((values, i) => [`x${i}`, values]));
      const actual = await runRows(graph, [loss, output, ...found], feeds);

      const session = new GraphSession(graph);
      const expected = session.run(feeds, [loss, output, ...found]);
      const lossAt = (input: number, element: number, change: number): number => {
        const moved = Float32Array.from(data[input]);
        moved[element] += change;
        const [values] = session.run({ ...feeds, [`x${input}`]: moved }, [output]);
        // Summed in float64: the loss itself has too few digits.
        return values.reduce((sum, value, i) => sum + value * weights[i], 0);
      };
      for (const [i, values] of actual.entries())
        expectClose(values, expected[i], TOLERANCE, ['loss', 'value'][i] ?? `gradient of input ${i - 2}`);
      for (const [input, { shape }] of found.entries()) {
        const elements = Array.from({ length: Math.min(12, elementCount(shape)) }, () =>
          random.integer(elementCount(shape)),
        );
        const slopes = elements.map((e) => (lossAt(input, e, STEP) - lossAt(input, e, -STEP)) / (2 * STEP));
        const own = elements.map((e) => actual[2 + input][e]);
        expectClose(own, slopes, SLOPE_TOLERANCE, `slope of input ${input}`);
      }
      session.dispose();
    },
  );

  test('the largest of equal pixels that comes first gets the gradient, as in TensorFlow', async () => {
    const graph = new Graph();
    const x = graph.placeholder('x', 'float32', [1, 2, 4, 1]);
    const output = maxPool(graph, x, { size: [2, 2], strides: [2, 2], padding: 'valid' });
    const [gradient] = graph.gradients(dot(graph, output, graph.constantTensor([1, 1, 2, 1], Float32Array.of(3, 5))), [
      x,
    ]);
    if (!gradient) throw new Error('no gradient');
    const feeds = { x: Float32Array.of(0, 0, 1, 7, 0, 0, 7, 7) };
    const [actual] = await runRows(graph, [gradient], feeds);
    expect([...actual]).toEqual([3, 0, 0, 5, 0, 0, 0, 0]);
    const session = new GraphSession(graph);
    expect([...session.run(feeds, [gradient])[0]]).toEqual([...actual]);
    session.dispose();
  });

  test('ResourceApplyAdam over three steps gives the values and moments of the kernel', async () => {
    const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
    const random = randomFor('adam row');
    const draw = () => Float32Array.from({ length: 5 }, () => random.normal());
    // The kernel, on variables.
    const kernel = new Graph();
    const gradient = kernel.placeholder('gradient', 'float32', [5]);
    const variable = kernel.variable('w', [5]);
    const updates = addAdamUpdates(kernel, [variable], [gradient], options, () => 1);
    const [done] = kernel.add(
      'Identity',
      [kernel.constant(0)],
      { T: { type: 'float32' } },
      [{ type: 'float32', shape: [] }],
      { after: updates },
    );
    const session = new GraphSession(kernel);
    const start = draw();
    const zeros = { shape: [5], values: new Float32Array(5) };
    session.setVariables(
      new Map([
        ['w', { shape: [5], values: start }],
        ['adam/m/w', zeros],
        ['adam/v/w', zeros],
      ]),
    );
    // The row, on values.
    const row = new Graph();
    const names = ['w', 'm', 'v', 'power1', 'power2', 'rate', 'gradient'];
    const ports = new Map(
      names.map((name) => [name, row.placeholder(name, 'float32', 'wmvg'.includes(name[0]) ? [5] : [])]),
    );
    const of = (name: string) => ports.get(name) ?? row.constant(0);
    const constants = [options.beta1, options.beta2, options.epsilon].map((value) => row.constant(value));
    const vector = { type: 'float32' as const, shape: [5] };
    const next = row.add(
      'ResourceApplyAdam',
      [of('w'), of('m'), of('v'), of('power1'), of('power2'), of('rate'), ...constants, of('gradient')],
      { T: { type: 'float32' } },
      [vector, vector, vector],
    );
    let state: Float32Array[] = [start, new Float32Array(5), new Float32Array(5)];
    for (let step = 0; step < 3; step++) {
      const slope = draw();
      const fed = adamFeeds(step, 0.01, options) as Record<string, Float32Array>;
      session.run({ gradient: slope, ...fed }, [done]);
      state = await runRows(row, next, {
        w: state[0],
        m: state[1],
        v: state[2],
        power1: fed['adam/power1'],
        power2: fed['adam/power2'],
        rate: fed['adam/rate'],
        gradient: slope,
      });
    }
    const read = session.readVariables();
    session.dispose();
    for (const [i, name] of ['w', 'adam/m/w', 'adam/v/w'].entries())
      expectClose(state[i], read.get(name)?.values as Float32Array, { relative: 1e-5, absolute: 1e-9 }, name);
  });

  test('every gradient row is tested here', () => {
    const tested = new Set([...cases.map(({ operation }) => operation), 'ResourceApplyAdam']);
    expect(Object.keys(gradients).filter((name) => !tested.has(name))).toEqual([]);
  });
});
