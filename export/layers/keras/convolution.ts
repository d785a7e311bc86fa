// Convolutions as Keras 3 defines them, where TensorFlow.js ignores an option or has no such layer.
import { type Constant, reshaped, transposed } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import { inputOfRank, type LayerContext, type LayerConverter } from '../converter.ts';
import { bias, convolve, groupsOf, kernelForConv, windowOf } from '../convolution.ts';
import { activated } from '../core.ts';
import { dataFormatOf, paddingOf, toChannelsFirst, toChannelsLast } from '../window.ts';

/** The input in [N, C, spatial...], the result back in the layer's layout, with its activation. */
function inChannelsFirst(layer: LayerContext, rank: number, make: (x: Value) => Value): Value {
  const input = inputOfRank(layer, rank + 2);
  const isFirst = dataFormatOf(layer) === 'channelsFirst';
  const y = make(isFirst ? input : toChannelsFirst(layer, input));
  return activated(layer, isFirst ? y : toChannelsLast(layer, y));
}

function conv(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) =>
      inChannelsFirst(layer, rank, (x) => {
        const kernel = layer.weight('kernel');
        const weight = layer.graph.constant('kernel', kernelForConv(kernel));
        const group = groupsOf(layer, Number(x.shape[1]), kernel.shape[rank]);
        return convolve(layer, x, weight, bias(layer), windowOf(layer, rank), group);
      }),
    documentation: {
      operators: 'Conv, activation',
      options: `filters, kernel_size, strides, padding (valid, same${rank === 1 ? ', causal' : ''}), dilation_rate, groups, data_format, use_bias, activation`,
    },
  };
}

/** [k..., C, M] -> [C M, 1, k...]. */
function depthwiseKernel(kernel: Constant): Constant {
  const rank = kernel.shape.length - 2;
  const spatial = Array.from({ length: rank }, (_, i) => i);
  const [channels, multiplier] = kernel.shape.slice(rank);
  return reshaped(transposed(kernel, [rank, rank + 1, ...spatial]), [
    channels * multiplier,
    1,
    ...kernel.shape.slice(0, rank),
  ]);
}

function depthwise(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) =>
      inChannelsFirst(layer, rank, (x) => {
        const kernel = layer.weight('depthwise_kernel');
        const weight = layer.graph.constant('depthwise_kernel', depthwiseKernel(kernel));
        return convolve(layer, x, weight, bias(layer), windowOf(layer, rank), kernel.shape[rank]);
      }),
    documentation: {
      operators: 'Conv with one group a channel, activation',
      options: 'kernel_size, depth_multiplier, strides, padding, dilation_rate, data_format, use_bias, activation',
    },
  };
}

function separable(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) =>
      inChannelsFirst(layer, rank, (x) => {
        const { graph } = layer;
        const kernel = layer.weight('depthwise_kernel');
        const first = graph.constant('depthwise_kernel', depthwiseKernel(kernel));
        const spread = convolve(layer, x, first, undefined, windowOf(layer, rank), kernel.shape[rank]);
        const second = graph.constant('pointwise_kernel', kernelForConv(layer.weight('pointwise_kernel')));
        const ones = new Array<number>(rank).fill(1);
        const pads = new Array<number>(2 * rank).fill(0);
        const attributes = { kernel_shape: ones, strides: ones, dilations: ones, group: 1, pads };
        return graph.node('Conv', [spread, second, bias(layer)], attributes);
      }),
    documentation: {
      operators: 'Conv (one group a channel), Conv of size 1, activation',
      options: 'kernel_size, strides, padding, dilation_rate, depth_multiplier, data_format, use_bias, activation',
    },
  };
}

interface TransposePads {
  readonly before: number;
  readonly after: number;
  readonly added: number;
}

/**
 * What a transposed convolution of (n - 1) s + k elements loses at its ends, and gets behind. Without output_padding Keras gives
 * n s + max(k - s, 0) elements (valid) or n s (same), with it (n - 1) s + k + p or (n - 1) s + k % 2 + p.
 */
function transposePads(k: number, s: number, isSame: boolean, padding: number | undefined): TransposePads {
  if (!isSame) return { before: 0, after: 0, added: padding ?? Math.max(s - k, 0) };
  const length = padding === undefined ? s + k - 2 : k + (k % 2) - 2 + padding;
  const left = Math.min(Math.floor(length / 2) + (length % 2), k - 1);
  const right = length - left;
  return { before: k - 1 - left, after: Math.max(k - 1 - right, 0), added: Math.max(right - (k - 1), 0) };
}

function convTranspose(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) =>
      inChannelsFirst(layer, rank, (x) => {
        const { graph, config } = layer;
        const { kernel, strides, dilations } = windowOf(layer, rank);
        // [k..., out, in] -> [in, out, k...]
        const order = [rank + 1, rank, ...Array.from({ length: rank }, (_, i) => i)];
        const weight = graph.constant('kernel', transposed(layer.weight('kernel'), order));
        const paddings = config.has('outputPadding') ? config.tuple('outputPadding', rank) : undefined;
        const ends = kernel.map((size, i) =>
          transposePads((size - 1) * dilations[i] + 1, strides[i], paddingOf(layer) === 'same', paddings?.[i]),
        );
        if (ends.some(({ added }, i) => added >= Math.max(strides[i], dilations[i])))
          throw layer.unsupported('an output_padding of the stride or more', 'Use a smaller output_padding.');
        return graph.node('ConvTranspose', [x, weight, bias(layer)], {
          kernel_shape: kernel,
          strides,
          dilations,
          pads: [...ends.map(({ before }) => before), ...ends.map(({ after }) => after)],
          output_padding: ends.map(({ added }) => added),
        });
      }),
    documentation: {
      operators: 'ConvTranspose, activation',
      options:
        'filters, kernel_size, strides, padding, output_padding, dilation_rate, data_format, use_bias, activation',
      notes: 'Padding as Keras has it on TensorFlow and JAX; on torch some combinations with output_padding differ.',
    },
  };
}

export const convolutions: Readonly<Record<string, LayerConverter>> = {
  Conv1D: conv(1),
  Conv2D: conv(2),
  Conv3D: conv(3),
  Conv1DTranspose: convTranspose(1),
  Conv2DTranspose: convTranspose(2),
  Conv3DTranspose: convTranspose(3),
  DepthwiseConv1D: depthwise(1),
  DepthwiseConv2D: depthwise(2),
  SeparableConv1D: separable(1),
  SeparableConv2D: separable(2),
};
