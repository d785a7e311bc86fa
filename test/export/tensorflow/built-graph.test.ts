// The same rows export graphs that this project builds: forward operations, and gradients as far as their rows go.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { buildOnnx, checkModel, encodeModel } from '../../../export/index.ts';
import { describeBuiltGraph } from '../../../export/tensorflow/built-graph.ts';
import { graphModel } from '../../../export/tensorflow/index.ts';
import { Graph } from '../../../src/tensorflow/graph.ts';
import { relu } from '../../../src/tensorflow/operations/activation.ts';
import { conv2d, maxPool } from '../../../src/tensorflow/operations/convolution.ts';
import { multiply } from '../../../src/tensorflow/operations/elementwise.ts';
import { matmul } from '../../../src/tensorflow/operations/matrix.ts';
import { mean } from '../../../src/tensorflow/operations/shape.ts';
import { expectClose, openSession, runSession, type TestTensor, useCpu } from '../harness.ts';
import { floats } from './graph-json.ts';

beforeAll(useCpu);

async function run(
  graph: Graph,
  outputs: Readonly<Record<string, string>>,
  feeds: readonly TestTensor[],
): Promise<TestTensor[]> {
  const source = describeBuiltGraph(graph, outputs);
  const ends = {
    name: source.name,
    facts: { layout: 'nhwc' as const, hasVolumes: false },
    inputs: source.inputs.map(({ key, type, shape }) => ({ name: key, type, shape: shape ?? [] })),
    outputs: Object.keys(outputs),
  };
  const model = buildOnnx(graphModel(source, ends), { layout: 'model' });
  checkModel(model, 'built');
  const session = await openSession(encodeModel(model));
  const results = await runSession(session, feeds);
  await session.release();
  return results;
}

const wave = (shape: readonly number[], phase: number): TestTensor =>
  floats(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7 + phase)),
  );

test('a convolution, a pooling and a mean give what TensorFlow.js gives', async () => {
  const [x, kernel] = [wave([2, 9, 8, 3], 0), wave([3, 3, 3, 4], 1)];
  const graph = new Graph();
  const image = graph.placeholder('image', 'float32', x.shape);
  const weights = graph.constantTensor(kernel.shape, Float32Array.from(kernel.data));
  const features = relu(graph, conv2d(graph, image, weights, { strides: [2, 2], padding: 'same' }));
  const pooled = maxPool(graph, features, { size: [2, 2], strides: [2, 2], padding: 'valid' });
  const [actual] = await run(graph, { y: mean(graph, pooled, [1, 2]).name }, [x]);
  const expected = tf.tidy(() => {
    const convolved = tf.conv2d(tf.tensor4d(x.data, [2, 9, 8, 3]), tf.tensor4d(kernel.data, [3, 3, 3, 4]), 2, 'same');
    return tf.maxPool(convolved.relu() as tf.Tensor4D, 2, 2, 'valid').mean([1, 2]);
  });
  expectClose(actual, floats(expected.shape, [...expected.dataSync()]), 'y');
  expected.dispose();
});

test('the gradient of a squared product with respect to its matrix is 2/n xᵀ x w', async () => {
  const [x, w] = [wave([4, 3], 0), wave([3, 2], 1)];
  const graph = new Graph();
  const rows = graph.placeholder('rows', 'float32', x.shape);
  const matrix = graph.placeholder('matrix', 'float32', w.shape);
  const product = matmul(graph, rows, matrix);
  const loss = mean(graph, multiply(graph, product, product));
  const [gradient] = graph.gradients(loss, [matrix]);
  if (gradient === undefined) throw new Error('expected a gradient');
  const [value, slope] = await run(graph, { loss: loss.name, slope: gradient.name }, [x, w]);
  const at = (t: TestTensor, i: number, j: number): number => t.data[i * t.shape[1] + j];
  const y = (i: number, j: number): number => [0, 1, 2].reduce((sum, k) => sum + at(x, i, k) * at(w, k, j), 0);
  const cells = [0, 1, 2, 3].flatMap((i) => [0, 1].map((j) => [i, j]));
  expect(value.data[0]).toBeCloseTo(cells.reduce((sum, [i, j]) => sum + y(i, j) ** 2, 0) / 8, 5);
  const wanted = [0, 1, 2].flatMap((k) =>
    [0, 1].map((j) => [0, 1, 2, 3].reduce((sum, i) => sum + (2 / 8) * at(x, i, k) * y(i, j), 0)),
  );
  expectClose(slope, floats([3, 2], wanted), 'slope');
});
