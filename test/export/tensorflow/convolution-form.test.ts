// Forms of trained convolutions that were chosen because they are quicker (docs/training-step.md): their values, which
// gradient.test.ts compares, would not show that one is gone.
import { describe, expect, test } from 'vitest';
import { Graph, type GraphTensor } from '../../../src/tensorflow/graph.ts';
import { conv2d } from '../../../src/tensorflow/operations/convolution.ts';
import { dot } from '../../../src/tensorflow/operations/shape.ts';
import { writeRows } from './row.ts';

const convolved = (channels: number, stride: number) => {
  const graph = new Graph();
  const x = graph.placeholder('x', 'float32', [2, 8, 8, channels]);
  const kernel = graph.placeholder('kernel', 'float32', [4, 4, channels, 5]);
  const y = conv2d(graph, x, kernel, { strides: [stride, stride], padding: 'same' });
  const [dx, dKernel] = graph.gradients(dot(graph, y, y), [x, kernel]);
  if (!dx || !dKernel) throw new Error('no gradient');
  return { y, dx, dKernel, nodesOf: (...outputs: GraphTensor[]) => writeRows(graph, outputs).model.graph.nodes };
};

describe('trained convolutions', () => {
  test('an image of few channels is convolved, and its kernel gradient taken, without a transpose of the image', () => {
    const { y, dKernel, nodesOf } = convolved(3, 2);
    const users = nodesOf(y, dKernel).filter(({ inputs }) => inputs.includes('x'));
    expect(users.map(({ operator }) => operator)).toEqual(['Reshape', 'Reshape']);
  });

  test('the kernel gradient is a convolution of one image, whatever the channels', () => {
    const { dKernel, nodesOf } = convolved(9, 1);
    const nodes = nodesOf(dKernel);
    const reshapes = nodes.filter(({ operator, inputs }) => operator === 'Reshape' && inputs.includes('x'));
    expect(reshapes).toHaveLength(1);
    expect(nodes.find(({ inputs }) => inputs.includes(reshapes[0].outputs[0]))?.operator).toBe('Conv');
  });

  test('the gradient to the input is a convolution where pixels are met one by one', () => {
    const operators = (stride: number) => {
      const { dx, nodesOf } = convolved(3, stride);
      return nodesOf(dx).map(({ operator }) => operator);
    };
    expect(operators(1)).not.toContain('ConvTranspose');
    expect(operators(2)).toContain('ConvTranspose');
  });
});
