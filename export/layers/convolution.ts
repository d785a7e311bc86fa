// Convolutions of every rank, transposed, depthwise and separable.
import { type Constant, reshaped, transposed } from '../graph/constant.ts';
import type { Value } from '../graph/graph.ts';
import { inputOfRank, type LayerContext, type LayerConverter } from './converter.ts';
import { activated } from './core.ts';
import { dataFormatOf, paddingAttributes, paddingOf, toChannelsFirst, toChannelsLast, type Window } from './window.ts';

export function windowOf(layer: LayerContext, rank: number): Window {
  const { config } = layer;
  return {
    kernel: config.tuple('kernelSize', rank),
    strides: config.tuple('strides', rank, 1),
    dilations: config.tuple('dilationRate', rank, 1),
  };
}

/** [k..., in, out] -> [out, in, k...]. */
export function kernelForConv(kernel: Constant): Constant {
  const rank = kernel.shape.length - 2;
  return transposed(kernel, [rank + 1, rank, ...Array.from({ length: rank }, (_, i) => i)]);
}

export function bias(layer: LayerContext): Value | undefined {
  return layer.config.boolean('useBias', true) ? layer.graph.constant('bias', layer.weight('bias')) : undefined;
}

/** A convolution on an input in [N, C, spatial...]. */
export function convolve(
  layer: LayerContext,
  x: Value,
  weight: Value,
  addend: Value | undefined,
  window: Window,
  group: number,
): Value {
  return layer.graph.node('Conv', [x, weight, addend], {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    group,
    ...paddingAttributes(layer, x.shape.slice(2), window),
  });
}

function conv(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const input = inputOfRank(layer, rank + 2);
      const isFirst = dataFormatOf(layer) === 'channelsFirst';
      const x = isFirst ? input : toChannelsFirst(layer, input);
      const kernel = layer.weight('kernel');
      const group = groupsOf(layer, Number(x.shape[1]), kernel.shape[rank]);
      const weight = layer.graph.constant('kernel', kernelForConv(kernel));
      const y = convolve(layer, x, weight, bias(layer), windowOf(layer, rank), group);
      // TensorFlow.js turns the input of a channels-first Conv1D to channels last and never turns the output back.
      return activated(layer, isFirst && rank > 1 ? y : toChannelsLast(layer, y));
    },
    documentation: {
      operators: 'Conv, activation',
      options: `filters, kernelSize, strides, padding (valid, same${rank === 1 ? ', causal' : ''}), dilationRate, dataFormat, useBias, activation; groups of Keras files`,
      notes:
        rank === 1
          ? 'Causal padding, which TensorFlow.js refuses to run, is exported as Keras defines it.'
          : 'Same padding with a stride on a dynamic axis becomes auto_pad SAME_UPPER; everything else has explicit pads.',
    },
  };
}

/** Keras writes `groups`; TensorFlow.js knows none. The kernel's input channels say it in any case. */
export function groupsOf(layer: LayerContext, channels: number, kernelChannels: number): number {
  const groups = channels / kernelChannels;
  if (!Number.isInteger(groups))
    throw layer.unsupported(
      `a kernel for ${kernelChannels} channels on an input of ${channels}`,
      'Check that the weights belong to the model.',
    );
  if (groups > 1 && !layer.config.isKeras3)
    layer.warn(`has ${groups} groups, which TensorFlow.js does not run: exported as Keras defines it`);
  return groups;
}

function convTranspose(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const { graph } = layer;
      const input = inputOfRank(layer, rank + 2);
      const isFirst = dataFormatOf(layer) === 'channelsFirst';
      const { kernel, strides, dilations } = windowOf(layer, rank);
      if (dilations.some((dilation) => dilation !== 1))
        layer.warn('dilationRate is ignored, as TensorFlow.js ignores it');
      if (layer.config.has('outputPadding'))
        layer.warn('outputPadding of Keras is ignored, as TensorFlow.js ignores it');
      // [k..., out, in] -> [in, out, k...]
      const weight = transposed(layer.weight('kernel'), [rank + 1, rank, ...Array.from({ length: rank }, (_, i) => i)]);
      // valid: n s + max(k - s, 0) outputs; same: n s. auto_pad is left alone: runtimes split the odd element differently.
      const totals = kernel.map((size, i) => (paddingOf(layer) === 'same' ? Math.max(size - strides[i], 0) : 0));
      const before = totals.map((total) => Math.floor(total / 2));
      const y = graph.node(
        'ConvTranspose',
        [isFirst ? input : toChannelsFirst(layer, input), graph.constant('kernel', weight), bias(layer)],
        {
          kernel_shape: kernel,
          strides,
          pads: [...before, ...totals.map((total, i) => total - before[i])],
          output_padding: kernel.map((size, i) => Math.max(strides[i] - size, 0)),
        },
      );
      return activated(layer, isFirst ? y : toChannelsLast(layer, y));
    },
    documentation: {
      operators: 'ConvTranspose, activation',
      options: 'filters, kernelSize, strides, padding, dataFormat, useBias, activation',
      notes: 'dilationRate and outputPadding of Keras files are ignored with a warning, as TensorFlow.js ignores them.',
    },
  };
}

/** [kh, kw, C, M] -> [C M, 1, kh, kw]. */
export function depthwiseWeight(kernel: Constant): Constant {
  const [height, width, channels, multiplier] = kernel.shape;
  return reshaped(transposed(kernel, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}

const depthwiseConv2D: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const input = inputOfRank(layer, 4);
    const isFirst = dataFormatOf(layer) === 'channelsFirst';
    const kernel = layer.weight('depthwise_kernel');
    const window = windowOf(layer, 2);
    if (window.dilations.some((dilation) => dilation !== 1))
      layer.warn('dilationRate is ignored, as TensorFlow.js ignores it (Keras does not)');
    const weight = layer.graph.constant('depthwise_kernel', depthwiseWeight(kernel));
    const x = isFirst ? input : toChannelsFirst(layer, input);
    const y = convolve(layer, x, weight, bias(layer), { ...window, dilations: [1, 1] }, kernel.shape[2]);
    return activated(layer, isFirst ? y : toChannelsLast(layer, y));
  },
  documentation: {
    operators: 'Conv with one group a channel, activation',
    options: 'kernelSize, depthMultiplier, strides, padding, dataFormat, useBias, activation',
    notes: 'dilationRate is ignored with a warning: TensorFlow.js ignores it, Keras does not.',
  },
};

const separableConv2D: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph } = layer;
    const input = inputOfRank(layer, 4);
    const isFirst = dataFormatOf(layer) === 'channelsFirst';
    const depthwise = layer.weight('depthwise_kernel');
    const pointwise = layer.weight('pointwise_kernel');
    const x = isFirst ? input : toChannelsFirst(layer, input);
    const depthwiseValue = graph.constant('depthwise_kernel', depthwiseWeight(depthwise));
    const spread = convolve(layer, x, depthwiseValue, undefined, windowOf(layer, 2), depthwise.shape[2]);
    const pointwiseValue = graph.constant('pointwise_kernel', kernelForConv(pointwise));
    const onePixel = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1] };
    const attributes = {
      kernel_shape: onePixel.kernel,
      strides: onePixel.strides,
      dilations: onePixel.dilations,
      group: 1,
    };
    const addend = isFirst ? undefined : bias(layer);
    const y = toChannelsLast(
      layer,
      graph.node('Conv', [spread, pointwiseValue, addend], { ...attributes, pads: [0, 0, 0, 0] }),
    );
    if (!isFirst) return activated(layer, y);
    return toChannelsFirst(layer, activated(layer, misplacedBias(layer, y)));
  },
  documentation: {
    operators: 'Conv (one group a channel), Conv 1x1, activation',
    options:
      'kernelSize, strides, padding, dilationRate, depthMultiplier (from the kernel), dataFormat, useBias, activation',
    notes:
      'channelsFirst: TensorFlow.js adds the bias while the tensor is channels last, so along the height; exported so, with a warning.',
  },
};

/** The bias of a channels-first separable convolution, where TensorFlow.js adds it: [1, filters, 1, 1] on [N, H, W, C]. */
function misplacedBias(layer: LayerContext, y: Value): Value {
  if (!layer.config.boolean('useBias', true)) return y;
  const values = layer.weight('bias');
  layer.warn(
    'channelsFirst: the bias is added along the height, as TensorFlow.js does it (Keras adds it to the channels)',
  );
  const column = layer.graph.constant('bias', reshaped(values, [1, values.shape[0], 1, 1]));
  return layer.graph.node('Add', [y, column]);
}

export const convolutions = {
  Conv1D: conv(1),
  Conv2D: conv(2),
  Conv3D: conv(3),
  Conv2DTranspose: convTranspose(2),
  Conv3DTranspose: convTranspose(3),
  DepthwiseConv2D: depthwiseConv2D,
  SeparableConv2D: separableConv2D,
} as const satisfies Record<string, LayerConverter>;
