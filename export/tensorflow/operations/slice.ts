// Pieces of tensors, and tensors out of pieces.
import { integers, numbersOf } from '../../graph/constant.ts';
import { add, isEqual, unknownDimension } from '../../graph/dimension.ts';
import type { Value } from '../../graph/graph.ts';
import { axisFrom, type NodeContext, type Operation } from '../operation.ts';
import { alike } from './elementwise.ts';

/** The end of a slice that means "to the last element". */
const farEnd = 2 ** 31 - 1;

/** A position on an axis: a number, or a value [1] computed in the graph. */
type Position = number | Value;

interface AxisSlice {
  readonly axis: number;
  readonly start: Position;
  readonly end: Position;
  readonly step: number;
}

function positions(node: NodeContext, list: readonly Position[], name: string): Value {
  const { graph } = node;
  if (list.every((position) => typeof position === 'number')) return graph.constant(name, integers(list.map(Number)));
  return graph.concat(
    list.map((position) => (typeof position === 'number' ? graph.constant(name, integers([position])) : position)),
    0,
  );
}

function sliceAxes(node: NodeContext, x: Value, slices: readonly AxisSlice[]): Value {
  if (slices.length === 0) return x;
  const { graph } = node;
  const inputs = [
    positions(
      node,
      slices.map(({ start }) => start),
      'starts',
    ),
    positions(
      node,
      slices.map(({ end }) => end),
      'ends',
    ),
    graph.integers(
      slices.map(({ axis }) => axis),
      'axes',
    ),
  ];
  const steps = slices.map(({ step }) => step);
  if (steps.some((step) => step !== 1)) inputs.push(graph.integers(steps, 'steps'));
  return graph.node('Slice', [x, ...inputs]);
}

/** Element i of a list input as a position: a number where it is known. */
function entry(node: NodeContext, index: number, i: number): Position {
  const known = node.dimensions(index)?.[i];
  if (typeof known === 'number') return known;
  return node.graph.slice(node.int64(node.input(index)), 0, i, i + 1);
}

const stridedSlice: Operation = {
  convert: (node) => {
    const { graph } = node;
    let x = node.input(0);
    const strides = node.integers(3, 'strides');
    const bit = (mask: string, i: number): boolean => (node.number(mask, 0) & (1 << i)) !== 0;
    const count = strides.length;
    const isNew = (i: number): boolean => !bit('ellipsis_mask', i) && bit('new_axis_mask', i);
    const ellipsis = strides.findIndex((_, i) => bit('ellipsis_mask', i));
    const used = strides.filter((_, i) => i !== ellipsis && !isNew(i)).length;
    const rank = x.shape.length;
    if (used > rank) throw node.unsupported(`${used} slices of a tensor of rank ${rank}`);
    const slices: AxisSlice[] = [];
    /** What the axes of the result are: kept ones, and new ones of size 1. */
    const result: ('kept' | 'new' | 'dropped')[] = [];
    let axis = 0;
    for (let i = 0; i < count; i++) {
      if (i === ellipsis) {
        const skipped = rank - used;
        for (let j = 0; j < skipped; j++) result.push('kept');
        axis += skipped;
      } else if (isNew(i)) result.push('new');
      else {
        const isDropped = bit('shrink_axis_mask', i);
        const slice = axisSlice(node, i, axis, strides[i], isDropped);
        if (slice) slices.push(slice);
        result.push(isDropped ? 'dropped' : 'kept');
        axis += 1;
      }
    }
    x = sliceAxes(node, x, slices);
    const dropped = result.filter((kind) => kind !== 'new').flatMap((kind, i) => (kind === 'dropped' ? [i] : []));
    if (dropped.length > 0) x = graph.squeeze(x, dropped);
    const added = result.filter((kind) => kind !== 'dropped').flatMap((kind, i) => (kind === 'new' ? [i] : []));
    return added.length > 0 ? graph.unsqueeze(x, added) : x;
  },
  documentation: {
    operators: 'Slice, Squeeze, Unsqueeze',
    notes: 'All masks; begin and end may be computed in the graph, strides not.',
  },
};

function axisSlice(
  node: NodeContext,
  i: number,
  axis: number,
  step: number,
  isDropped: boolean,
): AxisSlice | undefined {
  const bit = (mask: string): boolean => (node.number(mask, 0) & (1 << i)) !== 0;
  if (isDropped) {
    const start = entry(node, 1, i);
    if (typeof start === 'number') return { axis, start, end: start === -1 ? farEnd : start + 1, step: 1 };
    // The element after the last one has the number 0 when it is counted from the end.
    const { graph } = node;
    const next = graph.node('Add', [start, graph.integers([1])]);
    const isLast = graph.node('Equal', [next, graph.integers([0])]);
    return { axis, start, end: graph.node('Where', [isLast, graph.integers([farEnd]), next]), step: 1 };
  }
  const start = bit('begin_mask') ? (step > 0 ? 0 : farEnd) : entry(node, 1, i);
  const end = bit('end_mask') ? (step > 0 ? farEnd : -farEnd) : entry(node, 2, i);
  const isWhole = step === 1 && start === 0 && end === farEnd;
  return isWhole ? undefined : { axis, start, end, step };
}

/** A piece of a given size; a size of -1 takes all that is left. */
const slice: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = node.input(0);
    const [begins, sizes] = [node.dimensions(1), node.dimensions(2)];
    const slices = Array.from(x.shape.keys(), (axis): AxisSlice | undefined => {
      const start = entry(node, 1, axis);
      const startName = begins?.[axis];
      const size = sizes?.[axis];
      if (start === 0 && (size === -1 || (size !== undefined && size === x.shape[axis] && size !== unknownDimension)))
        return undefined;
      if (size === -1) return { axis, start, end: farEnd, step: 1 };
      if (typeof size === 'number' && typeof start === 'number') return { axis, start, end: start + size, step: 1 };
      const length = entry(node, 2, axis);
      const asValue = (position: Position): Value =>
        typeof position === 'number' ? graph.integers([position]) : position;
      const stop = startName === undefined || size === undefined ? unknownDimension : add(startName, size);
      if (isEqual(stop, x.shape[axis])) return { axis, start, end: farEnd, step: 1 };
      const end = start === 0 ? asValue(length) : graph.node('Add', [asValue(start), asValue(length)]);
      // A name stands for a size, and no size is -1.
      if (size !== undefined && size !== unknownDimension) return { axis, start, end, step: 1 };
      const isRest = graph.node('Equal', [asValue(length), graph.integers([-1])]);
      return { axis, start, end: graph.node('Where', [isRest, graph.integers([farEnd]), end]), step: 1 };
    });
    const piece = sliceAxes(
      node,
      x,
      slices.filter((found) => found !== undefined),
    );
    // TensorFlow refuses a piece that reaches beyond the whole, so that it has the size that is asked for.
    const isKnown = sizes?.every((size) => size !== -1 && size !== unknownDimension) ?? false;
    return isKnown && piece.shape.includes(unknownDimension) ? graph.refined(piece, sizes ?? []) : piece;
  },
  documentation: { operators: 'Slice' },
};

const pack: Operation = {
  convert: (node) => {
    const count = node.inputCount;
    const first = node.input(0);
    const axis = axisFrom(node, node.number('axis', 0), first.shape.length + 1);
    const values = Array.from({ length: count }, (_, i) => node.graph.unsqueeze(node.input(i), [axis]));
    return node.graph.concat(values, axis);
  },
  documentation: { operators: 'Unsqueeze, Concat' },
};

const unpack: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = node.input(0);
    const axis = axisFrom(node, node.number('axis', 0), x.shape.length);
    const size = x.shape[axis];
    const count = typeof size === 'number' ? size : node.number('num', 0);
    if (count < 1) throw node.unsupported(`${size} pieces`, 'Give this axis a fixed size.');
    if (count === 1) return [graph.squeeze(x, [axis])];
    return graph.split(x, axis, new Array<number>(count).fill(1)).map((piece) => graph.squeeze(piece, [axis]));
  },
  documentation: { operators: 'Split, Squeeze' },
};

function concatenation(axisInput: 'first' | 'last'): Operation {
  return {
    convert: (node) => {
      const last = node.inputCount - 1;
      const values = axisInput === 'last' ? node.inputs(0, last) : node.inputs(1);
      const axis = axisFrom(node, node.integer(axisInput === 'last' ? last : 0, 'an axis'), values[0].shape.length);
      // An empty list concatenated with something is that something; its type need not fit.
      return node.graph.concat(values, axis);
    },
    documentation: { operators: 'Concat' },
  };
}

function splitInto(node: NodeContext, x: Value, axis: number, sizes: readonly number[]): Value[] {
  return sizes.length === 1 ? [x] : node.graph.split(x, axis, sizes);
}

const split: Operation = {
  convert: (node) => {
    const x = node.input(1);
    const axis = axisFrom(node, node.integer(0, 'an axis'), x.shape.length);
    const count = node.number('num_split', 1);
    const size = x.shape[axis];
    if (typeof size === 'number') return splitInto(node, x, axis, new Array<number>(count).fill(size / count));
    return node.graph.nodes('Split', [x], { axis, ...(node.graph.opset >= 18 ? { num_outputs: count } : {}) }, count);
  },
  documentation: { operators: 'Split' },
};

const splitV: Operation = {
  convert: (node) => {
    const x = node.input(0);
    const axis = axisFrom(node, node.integer(2, 'an axis'), x.shape.length);
    const given = node.integers(1, 'sizes');
    const rest = given.reduce((sum, size) => (size < 0 ? sum : sum + size), 0);
    const size = x.shape[axis];
    const sizes = given.map((each) => (each < 0 ? Number(size) - rest : each));
    if (sizes.some((each) => !Number.isInteger(each))) throw node.unsupported('an open size on a dynamic axis');
    return splitInto(node, x, axis, sizes);
  },
  documentation: { operators: 'Split' },
};

const reverse: Operation = {
  convert: (node) => {
    const x = node.input(0);
    const given = node.constant(1);
    // ReverseV2 lists axes, the older Reverse says for each axis whether it is turned round.
    const axes =
      given?.type === 'bool'
        ? numbersOf(given).flatMap((isTurned, axis) => (isTurned ? [axis] : []))
        : node.integers(1, 'axes');
    return axes.reduce((y, axis) => node.graph.reverse(y, axisFrom(node, axis, x.shape.length)), x);
  },
  documentation: { operators: 'Slice with a step of -1' },
};

const select: Operation = {
  convert: (node) => {
    const [a, b] = alike(node, 1, 2);
    return node.graph.node('Where', [node.graph.cast(node.input(0), 'bool'), a, b]);
  },
  documentation: { operators: 'Where' },
};

export const slices = {
  StridedSlice: stridedSlice,
  Slice: slice,
  Pack: pack,
  Unpack: unpack,
  Concat: concatenation('first'),
  ConcatV2: concatenation('last'),
  Split: split,
  SplitV: splitV,
  Reverse: reverse,
  ReverseV2: reverse,
  Select: select,
  SelectV2: select,
} as const satisfies Record<string, Operation>;
