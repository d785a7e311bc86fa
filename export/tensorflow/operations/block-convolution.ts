// A convolution of few channels and long strides, and its kernel's gradient, as products of matrices over blocks of s x s pixels: what
// a training step does to pixels. Runtimes gather the windows of such a convolution number by number; blocks are copied whole.
// Letters: N batch, s stride, h w kernel (m = h / s blocks of it), C channels in, F channels out, H' W' output.
import type { Value } from '../../graph/graph.ts';
import type { NodeContext } from '../operation.ts';

/** A convolution of [N, H, W, C] whose sizes are all known. */
export interface BlockWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** Padding before the first pixel of each side. */
  readonly before: readonly number[];
  readonly outputs: readonly number[];
  readonly filters: number;
}

/** Blocks that a kernel covers on an axis at most: each block is copied so often. */
const LARGEST_REACH = 2;
/** With more channels a runtime's own convolution is as fast (measured with 24 on AVX-512, and slower only in the kernel's gradient). */
const MOST_CHANNELS = 4;

/** Whether blocks are the faster way for x [N, H, W, C]: kernels of whole blocks, few of them, over few channels. */
export function suitsBlocks(kernel: readonly number[], strides: readonly number[], x: Value): boolean {
  const channels = x.shape[3];
  return (
    x.shape.length === 4 &&
    x.shape.every((size) => typeof size === 'number') &&
    Number(channels) <= MOST_CHANNELS &&
    kernel.every((size, i) => strides[i] > 1 && size % strides[i] === 0 && size / strides[i] <= LARGEST_REACH)
  );
}

/** The blocks under each row of outputs, one window's rows of blocks after another: [N H' (W' + n - 1), m s s C]. */
function rowsOfBlocks(node: NodeContext, x: Value, { kernel, strides, before, outputs }: BlockWindow): Value {
  const { graph } = node;
  const [batch, height, width, channels] = x.shape.map(Number);
  const reach = kernel.map((size, i) => size / strides[i]);
  const counts = outputs.map((count, i) => count + reach[i] - 1);
  const rest = [height, width].map((side, i) => counts[i] * strides[i] - side - before[i]);
  let padded = graph.pad(x, [
    [0, 0],
    [before[0], Math.max(rest[0], 0)],
    [before[1], Math.max(rest[1], 0)],
    [0, 0],
  ]);
  // Pixels that no window reaches.
  for (const [i, count] of counts.entries())
    if (rest[i] < 0) padded = graph.slice(padded, 1 + i, 0, count * strides[i]);
  const split = graph.reshape(padded, [batch, counts[0], strides[0], counts[1], strides[1] * channels]);
  const blocks = graph.reshape(graph.transpose(split, [0, 1, 3, 2, 4]), [
    batch,
    counts[0],
    counts[1],
    strides[0] * strides[1] * channels,
  ]);
  const rows = Array.from({ length: reach[0] }, (_, i) =>
    reach[0] === 1 ? blocks : graph.slice(blocks, 1, i, i + outputs[0]),
  );
  return graph.reshape(reach[0] === 1 ? blocks : graph.concat(rows, 3), [
    batch * outputs[0] * counts[1],
    reach[0] * strides[0] * strides[1] * channels,
  ]);
}

/** Kernel [h, w, C, F] as the axes of blocks: [m, s, n, s, C, F]. */
const splitOf = ({ kernel, strides, filters }: BlockWindow, channels: number): number[] => [
  kernel[0] / strides[0],
  strides[0],
  kernel[1] / strides[1],
  strides[1],
  channels,
  filters,
];

/** x [N, H, W, C] and a kernel [h, w, C, F] -> [N, H', W', F]. */
export function convolveBlocks(node: NodeContext, x: Value, kernel: Value, window: BlockWindow): Value {
  const { graph } = node;
  const [batch, , , channels] = x.shape.map(Number);
  const { outputs, filters } = window;
  const split = splitOf(window, channels);
  const [rows, height, columns, width] = split;
  // [m, s, n, s, C, F] -> [m s s C, n F]: a product gives each block's share of the outputs of its row that it reaches.
  const matrix = graph.reshape(graph.transpose(graph.reshape(kernel, split), [0, 1, 3, 4, 2, 5]), [
    rows * height * width * channels,
    columns * filters,
  ]);
  const shares = graph.reshape(graph.node('MatMul', [rowsOfBlocks(node, x, window), matrix]), [
    batch * outputs[0],
    outputs[1] + columns - 1,
    columns * filters,
  ]);
  const sum = Array.from({ length: columns }, (_, i) =>
    columns === 1 ? shares : shareOf(node, shares, [i, i + outputs[1]], [i * filters, (i + 1) * filters]),
  ).reduce((a, b) => graph.node('Add', [a, b]));
  return graph.reshape(sum, [batch, ...outputs, filters]);
}

/** Columns and filters of the shares, in one copy. */
function shareOf({ graph }: NodeContext, shares: Value, columns: readonly number[], filters: readonly number[]): Value {
  return graph.node('Slice', [
    shares,
    graph.integers([columns[0], filters[0]], 'starts'),
    graph.integers([columns[1], filters[1]], 'ends'),
    graph.integers([1, 2], 'axes'),
  ]);
}

/** The kernel's gradient [h, w, C, F] out of x [N, H, W, C] and dL/dy [N, H', W', F]. */
export function blockKernelGradient(node: NodeContext, x: Value, gradient: Value, window: BlockWindow): Value {
  const { graph } = node;
  const [batch, , , channels] = x.shape.map(Number);
  const { outputs, filters, kernel } = window;
  const [rows, height, columns, width] = splitOf(window, channels);
  const flat = graph.reshape(gradient, [batch * outputs[0], outputs[1], filters]);
  const shifted = Array.from({ length: columns }, (_, i) =>
    graph.pad(flat, [
      [0, 0],
      [i, columns - 1 - i],
      [0, 0],
    ]),
  );
  const shares = graph.reshape(columns === 1 ? flat : graph.concat(shifted, 2), [
    batch * outputs[0] * (outputs[1] + columns - 1),
    columns * filters,
  ]);
  const product = graph.node('MatMul', [graph.transpose(rowsOfBlocks(node, x, window), [1, 0]), shares]);
  const split = graph.reshape(product, [rows, height, width, channels, columns, filters]);
  return graph.reshape(graph.transpose(split, [0, 1, 4, 2, 3, 5]), [...kernel, channels, filters]);
}
