// What convolutions, poolings and their gradients share: the layout, TensorFlow's padding rules, and the way to ONNX's [N, C, spatial...].
import type { PlainAttribute } from '../../graph/attribute.ts';
import type { Value } from '../../graph/graph.ts';
import type { Shape } from '../../graph/type.ts';
import { paddingFor, type Window } from '../../layers/window.ts';
import type { NodeContext } from '../operation.ts';

export const isChannelsFirst = (node: NodeContext): boolean => /^NC/i.test(node.text('data_format', 'NHWC'));

/** [N, spatial..., C] -> [N, C, spatial...]. */
export function toChannelsFirst(node: NodeContext, x: Value): Value {
  const rank = x.shape.length;
  return node.graph.transpose(x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
}

/** [N, C, spatial...] -> [N, spatial..., C]. */
export function toChannelsLast(node: NodeContext, x: Value): Value {
  const rank = x.shape.length;
  return node.graph.transpose(x, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
}

/** Something on [N, C, spatial...] applied to a tensor in the node's layout. */
export function onChannelsFirst(node: NodeContext, x: Value, apply: (x: Value) => Value): Value {
  return isChannelsFirst(node) ? apply(x) : toChannelsLast(node, apply(toChannelsFirst(node, x)));
}

/** The entries of a list over all axes (strides, dilations, sizes) that are the spatial ones'. */
export function spatialOf(node: NodeContext, name: string, rank: number): number[] {
  const list = node.numbers(name);
  if (list.length === 0) return new Array<number>(rank).fill(1);
  if (list.length === 1) return new Array<number>(rank).fill(list[0]);
  if (list.length === rank) return [...list];
  return isChannelsFirst(node) ? list.slice(2) : list.slice(1, -1);
}

/** `padding` of a node as ONNX attributes. */
export function paddingAttributes(node: NodeContext, spatial: Shape, window: Window): Record<string, PlainAttribute> {
  const padding = node.text('padding', 'VALID').toLowerCase();
  if (padding === 'explicit') {
    const list = node.numbers('explicit_paddings');
    const pairs = isChannelsFirst(node) ? list.slice(4) : list.slice(2, -2);
    return { pads: [...pairs.filter((_, i) => i % 2 === 0), ...pairs.filter((_, i) => i % 2 === 1)] };
  }
  if (padding !== 'same' && padding !== 'valid') throw node.unsupported(`padding ${padding}`);
  const attributes = paddingFor(padding, spatial, window);
  if (attributes === undefined)
    throw node.unsupported(
      'SAME padding with a stride and a dilation on a dynamic axis',
      'Give the input a fixed size on this axis.',
    );
  return attributes;
}

/** A tensor of the node's layout as [N, C, H, W]. */
export const asChannelsFirst = (node: NodeContext, x: Value): Value =>
  isChannelsFirst(node) ? x : toChannelsFirst(node, x);

/** A tensor of the node's layout as [N, H, W, C]. */
export const asChannelsLast = (node: NodeContext, x: Value): Value =>
  isChannelsFirst(node) ? toChannelsLast(node, x) : x;

/** [N, C, H, W] in the node's layout. */
export const asLaidOut = (node: NodeContext, x: Value): Value => (isChannelsFirst(node) ? x : toChannelsLast(node, x));

export function knownSizes(node: NodeContext, shape: Value['shape'], what: string): number[] {
  if (!shape.every((size) => typeof size === 'number'))
    throw node.unsupported(`${what} of shape [${shape.join(', ')}]`, 'Give the dynamic axes a size.');
  return shape.map(Number);
}

/** Padding before the first element of an axis, by TensorFlow's rule. */
export function paddingBefore(
  node: NodeContext,
  size: number,
  outputs: number,
  kernel: number,
  stride: number,
): number {
  const padding = node.text('padding', 'VALID').toLowerCase();
  if (padding === 'valid') return 0;
  if (padding !== 'same') throw node.unsupported(`padding ${padding}`);
  return Math.floor(Math.max((outputs - 1) * stride + kernel - size, 0) / 2);
}

/** Padding of an axis of which the size is known, before its first element and behind its last one. */
export function paddingAround(node: NodeContext, size: number, kernel: number, stride: number): [number, number] {
  const padding = node.text('padding', 'VALID').toLowerCase();
  const outputs = padding === 'same' ? Math.ceil(size / stride) : Math.ceil((size - kernel + 1) / stride);
  const before = paddingBefore(node, size, outputs, kernel, stride);
  return [before, padding === 'same' ? Math.max((outputs - 1) * stride + kernel - size - before, 0) : 0];
}
