// Shapes and what changes them. Sizes that are computed from the shapes of the inputs stay known as expressions over the
// dynamic axes, so that a chain of Shape, StridedSlice, Mul and Pack ends in a Reshape with a fixed target.
import { divideProduct, isEqual, multiply, product, unknownDimension } from '../../graph/dimension.ts';
import type { Value } from '../../graph/graph.ts';
import type { Dimension, Shape } from '../../graph/type.ts';
import { axisFrom, type NodeContext, type Operation } from '../operation.ts';
import { isChannelsFirst, toChannelsFirst, toChannelsLast } from './window.ts';

const shape: Operation = {
  convert: (node) => node.graph.cast(node.graph.node('Shape', [node.input(0)]), 'int32'),
  documentation: { operators: 'none where the shape is only used for shapes; Shape, Cast otherwise' },
};

const shapeN: Operation = {
  convert: (node) => node.inputs().map((x) => node.graph.cast(node.graph.node('Shape', [x]), 'int32')),
  documentation: shape.documentation,
};

const rank: Operation = {
  convert: (node) =>
    node.graph.constant('rank', { type: 'int32', shape: [], data: Int32Array.of(node.input(0).shape.length) }),
  documentation: { operators: 'none' },
};

const size: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = node.input(0);
    const count = product(x.shape);
    if (typeof count === 'number')
      return graph.constant('size', { type: 'int32', shape: [], data: Int32Array.of(count) });
    return graph.cast(graph.reduce('ReduceProd', graph.node('Shape', [x]), [0], false), 'int32');
  },
  documentation: { operators: 'none for a known size; Shape, ReduceProd otherwise' },
};

/** The sizes that a Reshape asks for, its open one worked out. */
function targetSizes(x: Value, asked: readonly Dimension[]): Dimension[] {
  const open = asked.indexOf(-1);
  if (open < 0) return [...asked];
  const others = asked.filter((_, i) => i !== open);
  return asked.map((dimension, i) => (i === open ? divideProduct(x.shape, others) : dimension));
}

/** A reshape to sizes of which some may be names, by the simplest target that gives them. */
export function reshapeTo(node: NodeContext, x: Value, asked: readonly Dimension[], target: () => Value): Value {
  const { graph } = node;
  const sizes = targetSizes(x, asked);
  if (sizes.length === x.shape.length && sizes.every((dimension, i) => isEqual(dimension, x.shape[i]))) return x;
  // What only the left-over size can be: the asked target itself says it, or a single -1.
  const isNamed = sizes.map((dimension, i) => typeof dimension === 'string' && !isEqual(dimension, x.shape[i]));
  const named = isNamed.filter((value) => value).length;
  if (named <= 1 && !sizes.includes(0)) {
    const fixed = sizes.map((dimension, i) => (typeof dimension === 'number' ? dimension : isNamed[i] ? -1 : 0));
    return graph.reshapeTo(x, fixed, sizes);
  }
  return graph.reshapeAs(x, node.int64(target()), sizes);
}

const reshape: Operation = {
  convert: (node) => {
    const x = node.input(0);
    const asked = node.dimensions(1);
    if (asked) return reshapeTo(node, x, asked, () => node.input(1));
    const target = node.input(1);
    const rankOfResult = Number(target.shape[0]);
    if (!Number.isInteger(rankOfResult)) throw node.unsupported('a shape of unknown rank');
    return node.graph.reshapeAs(x, node.int64(target), new Array<Dimension>(rankOfResult).fill(unknownDimension));
  },
  documentation: { operators: 'Reshape' },
};

const expandDims: Operation = {
  convert: (node) => {
    const x = node.input(0);
    const axis = axisFrom(node, node.integer(1, 'an axis'), x.shape.length + 1);
    return node.graph.unsqueeze(x, [axis]);
  },
  documentation: { operators: 'Unsqueeze' },
};

const squeeze: Operation = {
  convert: (node) => {
    const x = node.input(0);
    const given = node.numbers('squeeze_dims', node.numbers('axis'));
    const axes =
      given.length > 0
        ? given.map((axis) => axisFrom(node, axis, x.shape.length))
        : [...x.shape.keys()].filter((axis) => x.shape[axis] === 1);
    return axes.length === 0 ? x : node.graph.squeeze(x, axes);
  },
  documentation: {
    operators: 'Squeeze',
    notes: 'Without axes: those that have the size 1 when the file is written.',
  },
};

const broadcastTo: Operation = {
  convert: (node) => {
    const { graph } = node;
    const asked = node.dimensions(1);
    const x = node.input(0);
    if (asked && asked.length === x.shape.length && asked.every((wanted, i) => isEqual(wanted, x.shape[i]))) return x;
    return graph.node('Expand', [x, node.int64(node.input(1))]);
  },
  documentation: { operators: 'Expand' },
};

const tile: Operation = {
  convert: (node) => {
    const repeats = node.dimensions(1);
    if (repeats?.every((count) => count === 1)) return node.input(0);
    return node.graph.node('Tile', [node.input(0), node.int64(node.input(1))]);
  },
  documentation: { operators: 'Tile' },
};

function pairsOf(node: NodeContext, index: number): [before: number, after: number][] {
  const list = node.integers(index, 'paddings');
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

const pad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = node.input(0);
    const pads = node.dimensions(1);
    const filler = node.has(2) ? node.constant(2) : undefined;
    const isPlain = x.type === 'float32' && (!node.has(2) || filler !== undefined);
    if (isPlain && pads?.every((amount) => typeof amount === 'number'))
      return graph.pad(x, pairsOf(node, 1), filler ? Number(filler.data[0]) : 0);
    // [rank, 2], pairs of before and after, to all befores and then all afters; by Gather, behind which sizes stay known.
    const rankOfX = x.shape.length;
    const pairs = graph.node('Reshape', [node.int64(node.input(1)), graph.integers([2 * rankOfX])]);
    const order = Array.from({ length: 2 * rankOfX }, (_, i) => (i < rankOfX ? 2 * i : 2 * (i - rankOfX) + 1));
    const amounts = graph.node('Gather', [pairs, graph.integers(order)], { axis: 0 });
    return graph.node('Pad', [x, amounts, ...(node.has(2) ? [graph.cast(node.input(2), x.type)] : [])], {
      mode: 'constant',
    });
  },
  documentation: { operators: 'Pad; nothing where it goes into the convolution behind it' },
};

const mirrorPad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = node.input(0);
    const pairs = pairsOf(node, 1);
    if (node.text('mode', 'REFLECT').toLowerCase() === 'reflect') {
      const amounts = graph.integers([...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)], 'pads');
      return graph.node('Pad', [x, amounts], { mode: 'reflect' });
    }
    // Symmetric repeats the edge, which ONNX has no mode for: the border, mirrored, is put at both ends of each axis.
    return pairs.reduce((padded, [before, after], axis) => {
      const parts = [
        ...(before > 0 ? [graph.reverse(graph.slice(padded, axis, 0, before), axis)] : []),
        padded,
        ...(after > 0 ? [graph.reverse(graph.slice(padded, axis, -after), axis)] : []),
      ];
      return graph.concat(parts, axis);
    }, x);
  },
  documentation: { operators: 'Pad (reflect); Slice and Concat (symmetric)' },
};

/** Splits and joins axes by reshaping, transposing and reshaping again: the way of TensorFlow's own definition. */
function regroup(node: NodeContext, x: Value, split: Shape, order: readonly number[], joined: Shape): Value {
  const { graph } = node;
  const apart = reshapeTo(node, x, split, () => graph.shapeLike(x, split));
  const moved = graph.transpose(apart, order);
  return reshapeTo(node, moved, joined, () => graph.shapeLike(apart, joined));
}

function divided(node: NodeContext, dimension: Dimension, by: number): Dimension {
  const result = divideProduct([dimension], [by]);
  if (typeof result === 'number' && !Number.isInteger(result))
    throw node.unsupported(`a size of ${dimension} that ${by} does not divide`);
  return result;
}

const spaceToBatch: Operation = {
  convert: (node) => {
    const block = node.integers(1, 'a block shape');
    const pairs = pairsOf(node, 2);
    const rankOfX = node.input(0).shape.length;
    const all = [[0, 0] as const, ...pairs, ...new Array(rankOfX - 1 - pairs.length).fill([0, 0])];
    const isPadded = pairs.some(([before, after]) => before > 0 || after > 0);
    const x = isPadded ? node.graph.pad(node.input(0), all) : node.input(0);
    const count = block.length;
    const [batch, ...rest] = x.shape;
    const outer = block.map((by, i) => divided(node, rest[i], by));
    const tail = rest.slice(count);
    const split = [batch, ...block.flatMap((by, i) => [outer[i], by]), ...tail];
    const order = [
      ...block.map((_, i) => 2 + 2 * i),
      0,
      ...block.map((_, i) => 1 + 2 * i),
      ...tail.map((_, i) => 1 + 2 * count + i),
    ];
    const joined = [
      multiply(
        batch,
        block.reduce((a, b) => a * b, 1),
      ),
      ...outer,
      ...tail,
    ];
    return regroup(node, x, split, order, joined);
  },
  documentation: { operators: 'Pad, Reshape, Transpose, Reshape' },
};

const batchToSpace: Operation = {
  convert: (node) => {
    const { graph } = node;
    const block = node.integers(1, 'a block shape');
    const crops = pairsOf(node, 2);
    const x = node.input(0);
    const count = block.length;
    const [batch, ...rest] = x.shape;
    const own = divided(
      node,
      batch,
      block.reduce((a, b) => a * b, 1),
    );
    const tail = rest.slice(count);
    const split = [...block, own, ...rest];
    const order = [count, ...block.flatMap((_, i) => [count + 1 + i, i]), ...tail.map((_, i) => 2 * count + 1 + i)];
    const joined = [own, ...block.map((by, i) => multiply(rest[i], by)), ...tail];
    const whole = regroup(node, x, split, order, joined);
    return crops.reduce(
      (y, [before, after], i) =>
        before === 0 && after === 0 ? y : graph.slice(y, i + 1, before, after === 0 ? undefined : -after),
      whole,
    );
  },
  documentation: { operators: 'Reshape, Transpose, Reshape, Slice' },
};

const depthToSpace: Operation = {
  convert: (node) => {
    const x = node.input(0);
    const attributes = { blocksize: node.number('block_size', 2), mode: 'DCR' };
    if (isChannelsFirst(node)) return node.graph.node('DepthToSpace', [x], attributes);
    return toChannelsLast(node, node.graph.node('DepthToSpace', [toChannelsFirst(node, x)], attributes));
  },
  documentation: { operators: 'DepthToSpace' },
};

export const shapes = {
  Shape: shape,
  ShapeN: shapeN,
  Rank: rank,
  Size: size,
  Reshape: reshape,
  ExpandDims: expandDims,
  Squeeze: squeeze,
  BroadcastTo: broadcastTo,
  Tile: tile,
  Pad: pad,
  PadV2: pad,
  MirrorPad: mirrorPad,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
} as const satisfies Record<string, Operation>;
