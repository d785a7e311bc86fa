// The transpose of a convolution: conv2d_transpose, and the gradient of a convolution to its input.
import { transposed } from '../../graph/constant.ts';
import { add, multiply, subtract, unknownDimension } from '../../graph/dimension.ts';
import type { Value } from '../../graph/graph.ts';
import type { Dimension } from '../../graph/type.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { kernelAs, sizesOfKernel } from './convolution.ts';
import { asChannelsFirst, asLaidOut, isChannelsFirst, spatialOf } from './window.ts';

interface Padding {
  readonly before: number;
  readonly after: number;
  /** What is added to the output behind. */
  readonly extra: number;
}

/** Size of the padding and of what is added to the output, so that n inputs give `wanted` outputs. */
function transposedPadding(
  node: NodeContext,
  size: Dimension,
  wanted: Dimension | undefined,
  kernel: number,
  stride: number,
): Padding {
  const isSame = node.text('padding', 'VALID').toLowerCase() === 'same';
  const natural = isSame ? multiply(size, stride) : add(multiply(subtract(size, 1), stride), Math.max(kernel, stride));
  const isKnown = wanted !== undefined && wanted !== unknownDimension && wanted !== -1;
  if (!isKnown) node.around.warn(`${node.where}: an output of unknown size is taken to be ${natural} for ${size}`);
  const target = isKnown ? wanted : natural;
  const full = add(multiply(subtract(size, 1), stride), kernel);
  const total = subtract(full, target);
  if (typeof total !== 'number')
    throw node.unsupported(
      `an output of ${target} for an input of ${size}`,
      'Give the dynamic axes a size: the output of this transposed convolution has one.',
    );
  const padding = isSame ? Math.max(total, 0) : 0;
  const before = Math.floor(padding / 2);
  return { before, after: padding - before, extra: padding - total };
}

/**
 * The transpose of a convolution by single pixels as the convolution with the kernel turned round, which onnxruntime computes faster
 * (docs/training-step.md).
 */
function convolveTurned(node: NodeContext, y: Value, kernel: readonly number[], sides: readonly Padding[]): Value {
  const { graph } = node;
  const turned = kernel.reduce((value, size, axis) => (size === 1 ? value : graph.reverse(value, axis)), node.input(1));
  return graph.node('Conv', [y, graph.transpose(turned, [2, 3, 0, 1])], {
    kernel_shape: kernel,
    pads: [
      ...sides.map(({ before }, i) => kernel[i] - 1 - before),
      ...sides.map(({ after, extra }, i) => kernel[i] - 1 - after + extra),
    ],
  });
}

const conv2DBackpropInput: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [height, width] = sizesOfKernel(node, 4);
    const strides = spatialOf(node, 'strides', 2);
    if (spatialOf(node, 'dilations', 2).some((dilation) => dilation !== 1)) throw node.unsupported('dilations');
    const padding = node.text('padding', 'VALID').toLowerCase();
    if (padding !== 'same' && padding !== 'valid') throw node.unsupported(`padding ${padding}`);
    const wanted = node.dimensions(0);
    const isFirst = isChannelsFirst(node);
    const first = isFirst ? 2 : 1;
    const gradient = node.input(2);
    const sides = [height, width].map((size, i) =>
      transposedPadding(node, gradient.shape[first + i], wanted?.[first + i], size, strides[i]),
    );
    const y = asChannelsFirst(node, gradient);
    if (node.constant(1) === undefined && strides.every((stride) => stride === 1))
      return asLaidOut(node, convolveTurned(node, y, [height, width], sides));
    // [kh, kw, out, in] -> [in, out, kh, kw]
    const weight = kernelAs(
      node,
      1,
      (kernel) => transposed(kernel, [3, 2, 0, 1]),
      () => graph.transpose(node.input(1), [3, 2, 0, 1]),
    );
    const x = graph.node('ConvTranspose', [y, weight], {
      kernel_shape: [height, width],
      strides,
      pads: [...sides.map(({ before }) => before), ...sides.map(({ after }) => after)],
      output_padding: sides.map(({ extra }) => extra),
    });
    return asLaidOut(node, x);
  },
  documentation: {
    operators: 'ConvTranspose; Conv where the kernel is computed and the stride is 1',
    notes: 'tf.nn.conv2d_transpose. Dilations and explicit padding are refused.',
  },
};

export const transposedConvolution = {
  Conv2DBackpropInput: conv2DBackpropInput,
} as const satisfies Record<string, Operation>;
