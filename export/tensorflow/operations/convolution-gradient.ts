// The gradient of a convolution to its kernel and to its bias, as TensorFlow's kernels compute it (tensorflow/core/kernels, CPU) up to
// rounding. That to its input is conv2d_transpose (transposed-convolution.ts).
// Letters: N batch, H W image, h w kernel, C channels in, F channels out, H' W' output.
import type { Operation } from '../operation.ts';
import { asChannelsFirst, asChannelsLast, isChannelsFirst, knownSizes, paddingBefore, spatialOf } from './window.ts';

/**
 * dL/dkernel [h, w, C, F] out of x [N, H, W, C] and dL/dy [N, H', W', F]: the convolution of x with dL/dy, the batch summed over as
 * channels are, the stride as dilation. As many pixels are padded behind as make it h x w; what would be more is cut off.
 * The channels of x stay beside each other, as pixels of an image that is C times as wide: runtimes then make one large product for all
 * channels and none for each, and x needs no transpose (docs/training-step.md has what that saves).
 */
const conv2DBackpropFilter: Operation = {
  convert: (node) => {
    const { graph } = node;
    if (spatialOf(node, 'dilations', 2).some((dilation) => dilation !== 1)) throw node.unsupported('dilations');
    const [height, width] = node.integers(1, 'the sizes of the kernel');
    const kernel = [height, width];
    const strides = spatialOf(node, 'strides', 2);
    const x = asChannelsLast(node, node.input(0));
    const gradient = asChannelsFirst(node, node.input(2));
    const [batch, ...image] = x.shape;
    const [rows, columns, channels] = knownSizes(node, image, 'an image');
    const outputs = knownSizes(node, gradient.shape.slice(2), 'a gradient');
    const reach = outputs.map((count, i) => (count - 1) * strides[i] + 1);
    const sides = [rows, columns];
    const before = sides.map((side, i) => paddingBefore(node, side, outputs[i], kernel[i], strides[i]));
    const missing = sides.map((side, i) => kernel[i] - 1 + reach[i] - side - before[i]);
    const widened = ([down, across]: readonly number[]): number[] => [down, across * channels];
    let product = graph.node(
      'Conv',
      [graph.reshape(x, [1, batch, ...widened(sides)]), graph.transpose(gradient, [1, 0, 2, 3])],
      {
        kernel_shape: outputs,
        dilations: widened(strides),
        pads: [...widened(before), ...widened(missing.map((count) => Math.max(count, 0)))],
      },
    );
    for (const [i, size] of widened(kernel).entries())
      if (missing[i] < 0) product = graph.slice(product, 2 + i, 0, size);
    return graph.reshape(graph.transpose(product, [0, 2, 3, 1]), [...kernel, channels, gradient.shape[1]]);
  },
  documentation: {
    operators: 'Conv with the batch as channels and the strides as dilations, Transpose, Reshape',
    notes: 'Of a training step. Dilations are refused.',
  },
};

const biasAddGrad: Operation = {
  convert: (node) => {
    const gradient = node.input(0);
    const rank = gradient.shape.length;
    const channel = isChannelsFirst(node) ? 1 : rank - 1;
    const others = [...gradient.shape.keys()].filter((axis) => axis !== channel);
    return node.graph.reduce('ReduceSum', gradient, others, false);
  },
  documentation: { operators: 'ReduceSum', notes: 'Of a training step.' },
};

export const convolutionGradients = {
  Conv2DBackpropFilter: conv2DBackpropFilter,
  BiasAddGrad: biasAddGrad,
} as const satisfies Record<string, Operation>;
