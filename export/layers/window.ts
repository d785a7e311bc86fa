// What convolutions and poolings share: the layout, TensorFlow's padding rules, and the way between [N, spatial..., C] and
// ONNX's [N, C, spatial...].
import type { PlainAttribute } from '../graph/attribute.ts';
import type { Value } from '../graph/graph.ts';
import type { Shape } from '../graph/type.ts';
import type { LayerContext } from './converter.ts';

export type DataFormat = 'channelsLast' | 'channelsFirst';
export type Padding = 'valid' | 'same' | 'causal';

export function dataFormatOf(layer: LayerContext): DataFormat {
  return layer.config.choice('dataFormat', ['channelsLast', 'channelsFirst'], 'channelsLast');
}

export function paddingOf(layer: LayerContext): Padding {
  return layer.config.choice('padding', ['valid', 'same', 'causal'], 'valid');
}

/** [N, spatial..., C] -> [N, C, spatial...]. */
export function toChannelsFirst(layer: LayerContext, x: Value): Value {
  const rank = x.shape.length;
  return layer.graph.transpose(x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
}

/** [N, C, spatial...] -> [N, spatial..., C]. */
export function toChannelsLast(layer: LayerContext, x: Value): Value {
  const rank = x.shape.length;
  return layer.graph.transpose(x, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
}

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** Padding of a layer as ONNX attributes. */
export function paddingAttributes(layer: LayerContext, spatial: Shape, window: Window): Record<string, PlainAttribute> {
  const attributes = paddingFor(paddingOf(layer), spatial, window);
  if (attributes === undefined)
    throw layer.unsupported(
      'SAME padding with a stride and a dilation on a dynamic axis',
      'Give the input a fixed size.',
    );
  return attributes;
}

/**
 * Padding as ONNX attributes. TensorFlow's SAME gives ceil(n / s) outputs and puts the odd element at the end:
 * total = max((ceil(n / s) - 1) s + (k - 1) d + 1 - n, 0), floor(total / 2) before. Explicit wherever it is one number for
 * every size of the input; `auto_pad` only for strides above 1 on a dynamic axis, where it depends on the size. Undefined
 * where that axis is dilated too: runtimes disagree then.
 */
export function paddingFor(
  padding: Padding,
  spatial: Shape,
  { kernel, strides, dilations }: Window,
): Record<string, PlainAttribute> | undefined {
  const reach = kernel.map((size, i) => (size - 1) * dilations[i]);
  if (padding === 'valid') return { pads: new Array<number>(2 * kernel.length).fill(0) };
  if (padding === 'causal') return { pads: [...reach, ...reach.map(() => 0)] };
  const totals = spatial.map((size, i) => {
    if (strides[i] === 1) return reach[i];
    if (typeof size !== 'number') return undefined;
    return Math.max((Math.ceil(size / strides[i]) - 1) * strides[i] + reach[i] + 1 - size, 0);
  });
  if (totals.includes(undefined))
    return dilations.some((dilation) => dilation !== 1) ? undefined : { auto_pad: 'SAME_UPPER' };
  const before = totals.map((total) => Math.floor((total ?? 0) / 2));
  return { pads: [...before, ...totals.map((total, i) => (total ?? 0) - before[i])] };
}
