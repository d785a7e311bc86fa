// The gradient of a convolution to its kernel and to its bias, as TensorFlow's kernels compute it (tensorflow/core/kernels, CPU) up to
// rounding. That to its input is conv2d_transpose (convolution.ts).
// Letters: N batch, H W image, h w kernel, C channels in, F channels out, H' W' output.
import type { Operation } from '../operation.ts';
import { asChannelsFirst, isChannelsFirst, knownSizes, paddingBefore, spatialOf } from './window.ts';

/**
 * dL/dkernel [h, w, C, F] out of x [N, H, W, C] and dL/dy [N, H', W', F]: the convolution of x with dL/dy, the batch summed over as
 * channels are, the stride as dilation. As many pixels are padded behind as make it h x w; what would be more is cut off.
 */
const conv2DBackpropFilter: Operation = {
  convert: (node) => {
    const { graph } = node;
    if (spatialOf(node, 'dilations', 2).some((dilation) => dilation !== 1)) throw node.unsupported('dilations');
    const [height, width] = node.integers(1, 'the sizes of the kernel');
    const kernel = [height, width];
    const strides = spatialOf(node, 'strides', 2);
    const x = asChannelsFirst(node, node.input(0));
    const gradient = asChannelsFirst(node, node.input(2));
    const sides = knownSizes(node, x.shape.slice(2), 'an image');
    const outputs = knownSizes(node, gradient.shape.slice(2), 'a gradient');
    const reach = outputs.map((count, i) => (count - 1) * strides[i] + 1);
    const before = sides.map((side, i) => paddingBefore(node, side, outputs[i], kernel[i], strides[i]));
    const missing = sides.map((side, i) => kernel[i] - 1 + reach[i] - side - before[i]);
    const swapped = [1, 0, 2, 3];
    let product = graph.node('Conv', [graph.transpose(x, swapped), graph.transpose(gradient, swapped)], {
      kernel_shape: outputs,
      dilations: strides,
      pads: [...before, ...missing.map((count) => Math.max(count, 0))],
    });
    for (const [i, count] of missing.entries()) if (count < 0) product = graph.slice(product, 2 + i, 0, kernel[i]);
    return graph.transpose(product, [2, 3, 0, 1]);
  },
  documentation: {
    operators: 'Conv with the batch as channels and the strides as dilations, Transpose',
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
