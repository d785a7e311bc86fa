// Resizing of images.
import { floats, integers } from '../../graph/constant.ts';
import { divideProduct, isEqual } from '../../graph/dimension.ts';
import type { Value } from '../../graph/graph.ts';
import type { Dimension } from '../../graph/type.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { toChannelsFirst, toChannelsLast } from './window.ts';

/** How often an image fits into the resized one, where that is the same number for every size. */
function factor(from: Dimension, to: Dimension): number | undefined {
  if (isEqual(from, to)) return 1;
  if (typeof from === 'number' && typeof to === 'number') return to / from;
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  // `2*height` of `height`: tried by the powers of two that decoders use.
  for (const times of [2, 4, 8, 16, 32]) {
    if (isEqual(divideProduct([to], [times]), from)) return times;
    if (isEqual(divideProduct([from], [times]), to)) return 1 / times;
  }
  return undefined;
}

/** Whether a factor, and what runtimes compute from it, is exact in float32. */
const isExact = (value: number): boolean =>
  Number.isInteger(value) || (Number.isInteger(1 / value) && Number.isInteger(Math.log2(1 / value)));

/** Resizes [N, C, H, W] to sizes [2]. */
function resize(node: NodeContext, x: Value, attributes: Readonly<Record<string, string>>): Value {
  const { graph } = node;
  const wanted = node.dimensions(1);
  const factors = wanted?.map((size, i) => factor(x.shape[2 + i], size));
  const mayScale = attributes.coordinate_transformation_mode !== 'align_corners';
  if (mayScale && factors?.every((value) => value !== undefined && isExact(value))) {
    const scales = graph.constant('scales', floats([4], [1, 1, ...factors.map(Number)]));
    return graph.node('Resize', [x, undefined, scales], attributes);
  }
  const fixed = x.shape.slice(0, 2);
  const isFixed = fixed.every((size) => typeof size === 'number');
  const ends = isFixed ? graph.integers(fixed.map(Number), 'sizes') : graph.node('Shape', [x], { start: 0, end: 2 });
  const asked = wanted?.every((size) => typeof size === 'number')
    ? graph.constant('sizes', integers(wanted.map(Number)))
    : node.int64(node.input(1));
  const constant = isFixed && wanted?.every((size) => typeof size === 'number');
  const sizes = constant
    ? graph.integers([...fixed.map(Number), ...(wanted ?? []).map(Number)], 'sizes')
    : graph.node('Concat', [ends, asked], { axis: 0 });
  return graph.node('Resize', [x, undefined, undefined, sizes], attributes);
}

function coordinates(node: NodeContext): string {
  if (node.flag('align_corners')) return 'align_corners';
  return node.flag('half_pixel_centers') ? 'half_pixel' : 'asymmetric';
}

const bilinear: Operation = {
  convert: (node) => {
    const x = toChannelsFirst(node, node.graph.cast(node.input(0), 'float32'));
    const y = resize(node, x, { mode: 'linear', coordinate_transformation_mode: coordinates(node) });
    return toChannelsLast(node, y);
  },
  documentation: { operators: 'Resize', notes: 'align_corners and half_pixel_centers; sizes computed in the graph.' },
};

const nearest: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = node.input(0);
    const wanted = node.dimensions(1);
    const mode = coordinates(node);
    const isWhole = wanted?.every((size, i) => {
      const times = factor(x.shape[1 + i], size);
      return times !== undefined && Number.isInteger(times);
    });
    const from = x.shape.slice(1, 3);
    // Where the factor is a fraction runtimes round differently: the rows and columns to take are written down instead.
    if (
      (!isWhole || mode === 'align_corners') &&
      wanted &&
      [...wanted, ...from].every((size) => typeof size === 'number')
    )
      return wanted.reduce<Value>((y, size, i) => {
        const indices = nearestIndices(Number(from[i]), Number(size), mode);
        return graph.node('Gather', [y, graph.constant('indices', integers(indices))], { axis: 1 + i });
      }, x);
    const first = toChannelsFirst(node, x);
    const y = resize(node, first, {
      mode: 'nearest',
      coordinate_transformation_mode: mode,
      nearest_mode: mode === 'asymmetric' ? 'floor' : 'round_prefer_ceil',
    });
    return toChannelsLast(node, y);
  },
  documentation: { operators: 'Resize; Gather where the factor is a fraction' },
};

/** The element that each place of a resized axis takes: TensorFlow's rule, in the order in which it rounds. */
function nearestIndices(from: number, to: number, mode: string): number[] {
  const isAligned = mode === 'align_corners' && to > 1;
  const scale = isAligned ? Math.fround((from - 1) / (to - 1)) : Math.fround(from / to);
  return Array.from({ length: to }, (_, i) => {
    const place = Math.fround((mode === 'half_pixel' ? i + 0.5 : i) * scale);
    return Math.min(Math.max(mode === 'align_corners' ? Math.round(place) : Math.floor(place), 0), from - 1);
  });
}

export const images = {
  ResizeBilinear: bilinear,
  ResizeNearestNeighbor: nearest,
} as const satisfies Record<string, Operation>;
