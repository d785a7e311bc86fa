// Convolutions of every rank, depthwise and transposed, alone and with what TensorFlow's optimiser fused into them.
import { type Constant, reshaped, transposed } from '../../graph/constant.ts';
import { add, multiply, subtract, unknownDimension } from '../../graph/dimension.ts';
import type { Value } from '../../graph/graph.ts';
import type { Dimension } from '../../graph/type.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { clip, parametricRelu } from './elementwise.ts';
import {
  isChannelsFirst,
  onChannelsFirst,
  paddingAttributes,
  spatialOf,
  toChannelsFirst,
  toChannelsLast,
} from './window.ts';

/** A kernel in ONNX's layout, made when the file is written where the kernel is a constant. */
function kernelAs(
  node: NodeContext,
  index: number,
  place: (kernel: Constant) => Constant,
  placeValue: () => Value,
): Value {
  const constant = node.constant(index);
  return constant ? node.graph.constant('kernel', place(constant)) : placeValue();
}

/** [k..., in, out] -> [out, in, k...]. */
function kernelForConv(node: NodeContext, rank: number): Value {
  const order = [rank + 1, rank, ...Array.from({ length: rank }, (_, i) => i)];
  return kernelAs(
    node,
    1,
    (kernel) => transposed(kernel, order),
    () => node.graph.transpose(node.input(1), order),
  );
}

/** [kh, kw, C, M] -> [C M, 1, kh, kw]. */
function kernelForDepthwise(node: NodeContext): Value {
  const [height, width, channels, multiplier] = sizesOfKernel(node, 4);
  const shape = [channels * multiplier, 1, height, width];
  return kernelAs(
    node,
    1,
    (kernel) => reshaped(transposed(kernel, [2, 3, 0, 1]), shape),
    () => node.graph.reshape(node.graph.transpose(node.input(1), [2, 3, 0, 1]), shape),
  );
}

function sizesOfKernel(node: NodeContext, rank: number): number[] {
  const shape: readonly Dimension[] = node.constant(1)?.shape ?? node.input(1).shape;
  if (shape.length !== rank || !shape.every((size) => typeof size === 'number'))
    throw node.unsupported(`a kernel of shape [${shape.join(', ')}]`);
  return shape.map(Number);
}

/** What a fused node does after its product: a bias, an activation. */
export interface Fusion {
  readonly bias: Value | undefined;
  readonly activate: (x: Value) => Value;
}

export function fusionOf(node: NodeContext): Fusion {
  const { graph } = node;
  const fused = node.texts('fused_ops').map((name) => name.toLowerCase());
  const hasBias = fused[0] === 'biasadd';
  if (fused.length > 0 && !hasBias) throw node.unsupported(`fused operations ${fused.join(', ')}`);
  const activation = fused[1] ?? 'linear';
  const bias = hasBias ? node.input(2) : undefined;
  const activate = (x: Value): Value => {
    switch (activation) {
      case 'linear':
        return x;
      case 'relu':
        return graph.node('Relu', [x]);
      case 'relu6':
        return clip(graph, x, 0, 6);
      case 'elu':
        return graph.node('Elu', [x]);
      case 'sigmoid':
        return graph.node('Sigmoid', [x]);
      case 'tanh':
        return graph.node('Tanh', [x]);
      case 'leakyrelu':
        return graph.node('LeakyRelu', [x], { alpha: node.number('leakyrelu_alpha', 0.2) });
      case 'prelu':
        return parametricRelu(graph, x, node.input(3));
      default:
        throw node.unsupported(`the fused activation ${activation}`);
    }
  };
  return { bias, activate };
}

/** A bias of another rank than one is added after the convolution, as numpy broadcasts it. */
function convolve(node: NodeContext, rank: number, weight: Value, group: number, fusion?: Fusion): Value {
  const { graph } = node;
  const kernel = weight.shape.slice(2).map(Number);
  const window = { kernel, strides: spatialOf(node, 'strides', rank), dilations: spatialOf(node, 'dilations', rank) };
  const bias = fusion?.bias;
  const isInside = bias?.shape.length === 1 && bias.shape[0] === weight.shape[0];
  const y = onChannelsFirst(node, node.input(0), (x) =>
    graph.node('Conv', [x, weight, isInside ? bias : undefined], {
      kernel_shape: kernel,
      strides: window.strides,
      dilations: window.dilations,
      group,
      ...paddingAttributes(node, x.shape.slice(2), window),
    }),
  );
  const summed = bias && !isInside ? graph.node('Add', [y, bias]) : y;
  return fusion ? fusion.activate(summed) : summed;
}

function conv(rank: number, isFused: boolean): Operation {
  return {
    convert: (node) => {
      const sizes = sizesOfKernel(node, rank + 2);
      const channels = node.input(0).shape[isChannelsFirst(node) ? 1 : rank + 1];
      const group = typeof channels === 'number' ? channels / sizes[rank] : 1;
      if (!Number.isInteger(group))
        throw node.unsupported(`a kernel for ${sizes[rank]} channels on an input of ${channels}`);
      return convolve(node, rank, kernelForConv(node, rank), group, isFused ? fusionOf(node) : undefined);
    },
    documentation: {
      operators: isFused ? 'Conv, activation' : 'Conv',
      notes:
        'NHWC and NCHW; SAME, VALID and explicit padding; strides, dilations, groups; kernels computed in the graph.',
    },
  };
}

function depthwise(isFused: boolean): Operation {
  return {
    convert: (node) =>
      convolve(node, 2, kernelForDepthwise(node), sizesOfKernel(node, 4)[2], isFused ? fusionOf(node) : undefined),
    documentation: {
      operators: isFused ? 'Conv with one group a channel, activation' : 'Conv with one group a channel',
    },
  };
}

/** Size of the padding and of what is added to the output, so that n inputs give `wanted` outputs. */
function transposedPadding(
  node: NodeContext,
  size: Dimension,
  wanted: Dimension | undefined,
  kernel: number,
  stride: number,
): { readonly before: number; readonly after: number; readonly extra: number } {
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
    // [kh, kw, out, in] -> [in, out, kh, kw]
    const weight = kernelAs(
      node,
      1,
      (kernel) => transposed(kernel, [3, 2, 0, 1]),
      () => graph.transpose(node.input(1), [3, 2, 0, 1]),
    );
    const y = graph.node('ConvTranspose', [isFirst ? gradient : toChannelsFirst(node, gradient), weight], {
      kernel_shape: [height, width],
      strides,
      pads: [...sides.map(({ before }) => before), ...sides.map(({ after }) => after)],
      output_padding: sides.map(({ extra }) => extra),
    });
    return isFirst ? y : toChannelsLast(node, y);
  },
  documentation: {
    operators: 'ConvTranspose',
    notes: 'tf.nn.conv2d_transpose. Dilations and explicit padding are refused.',
  },
};

const biasAdd: Operation = {
  convert: (node) => {
    const [x, bias] = [node.input(0), node.input(1)];
    if (!isChannelsFirst(node) || x.shape.length < 3) return node.graph.node('Add', [x, bias]);
    const axes = Array.from({ length: x.shape.length - 2 }, (_, i) => i + 1);
    return node.graph.node('Add', [x, node.graph.unsqueeze(bias, axes)]);
  },
  documentation: { operators: 'Add' },
};

export const convolution = {
  Conv2D: conv(2, false),
  Conv3D: conv(3, false),
  _FusedConv2D: conv(2, true),
  DepthwiseConv2d: depthwise(false),
  DepthwiseConv2dNative: depthwise(false),
  FusedDepthwiseConv2dNative: depthwise(true),
  Conv2DBackpropInput: conv2DBackpropInput,
  BiasAdd: biasAdd,
} as const satisfies Record<string, Operation>;
