// Convolutions of every rank and depthwise, alone and with what TensorFlow's optimiser fused into them.
import { type Constant, reshaped, transposed } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { Dimension } from '../../graph/type.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { clip, parametricRelu } from './elementwise.ts';
import {
  isChannelsFirst,
  knownSizes,
  onChannelsFirst,
  paddingAround,
  paddingAttributes,
  spatialOf,
  toChannelsLast,
} from './window.ts';

/** A kernel in ONNX's layout, made when the file is written where the kernel is a constant. */
export function kernelAs(
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

export function sizesOfKernel(node: NodeContext, rank: number): number[] {
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

/** Up to how many channels a strided convolution is quicker on a wide image; measured: docs/training-step.md. */
const FEW_CHANNELS = 8;

/**
 * A convolution of images of few channels whose kernel is trained and moves by more than a pixel. onnxruntime prepares kernels that are
 * constants for a layout of its own; of all others it gathers the pixels that each window sees one by one, channel after channel.
 */
function isOfPixels(node: NodeContext, [, , channels]: readonly number[]): boolean {
  const { shape } = node.input(0);
  const isPlain = spatialOf(node, 'dilations', 2).every((dilation) => dilation === 1) && shape[3] === channels;
  return (
    isPlain &&
    !isChannelsFirst(node) &&
    node.constant(1) === undefined &&
    channels <= FEW_CHANNELS &&
    spatialOf(node, 'strides', 2).every((stride) => stride > 1) &&
    shape.slice(1).every((size) => typeof size === 'number') &&
    node.text('padding', 'VALID').toLowerCase() !== 'explicit'
  );
}

/** [N, H, W, C] * [h, w, C, F] as [N, 1, H, W C] * [F, 1, h, w C] moved by C times the stride: no transpose of the image. */
function convolvePixels(node: NodeContext, [height, width, channels, filters]: readonly number[]): Value {
  const { graph } = node;
  const x = node.input(0);
  const [batch, ...image] = x.shape;
  const [rows, columns] = knownSizes(node, image, 'an image');
  const strides = spatialOf(node, 'strides', 2);
  const pads = [
    paddingAround(node, rows, height, strides[0]),
    paddingAround(node, columns, width, strides[1]).map((count) => count * channels),
  ];
  const kernel = graph.transpose(node.input(1), [3, 0, 1, 2]);
  const y = graph.node(
    'Conv',
    [
      graph.reshape(x, [batch, 1, rows, columns * channels]),
      graph.reshape(kernel, [filters, 1, height, width * channels]),
    ],
    {
      kernel_shape: [height, width * channels],
      strides: [strides[0], strides[1] * channels],
      pads: [0, 1].flatMap((end) => pads.map((both) => both[end])),
    },
  );
  return toChannelsLast(node, y);
}

function conv(rank: number, isFused: boolean): Operation {
  return {
    convert: (node) => {
      const sizes = sizesOfKernel(node, rank + 2);
      if (rank === 2 && !isFused && isOfPixels(node, sizes)) return convolvePixels(node, sizes);
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
  BiasAdd: biasAdd,
} as const satisfies Record<string, Operation>;
