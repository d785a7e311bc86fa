// Operators that move numbers and compute none: every element of an output is an element of an input, or what fills a gap.
import { sizeOf, stridesOf } from '../../graph/constant.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../../graph/graph.ts';
import { arranged } from '../arranged.ts';
import type { Outcome, Row, Use } from '../row.ts';
import { type Bounded, broadcastIndex, broadcastShape, walk } from '../tensor.ts';
import { copy } from './arithmetic.ts';

/** The same elements in the same order. */
function reshaped(x: Bounded, shape: readonly number[]): Outcome {
  return { ...copy(x), shape };
}

function axesOf(use: Use, index: number, rank: number): number[] | undefined {
  const given = use.inputs[index] ? Array.from(use.inputs[index]?.values ?? []) : intsAttribute(use.node, 'axes');
  return given?.map((axis) => (axis < 0 ? axis + rank : axis));
}

const reshape: Row = (use) => {
  const x = use.input(0);
  const isZeroKept = intAttribute(use.node, 'allowzero', 0) !== 0;
  const target = Array.from(use.input(1).values, (size, i) => (size === 0 && !isZeroKept ? x.shape[i] : size));
  const open = target.indexOf(-1);
  if (open >= 0) target[open] = x.values.length / target.reduce((product, n) => product * (n === -1 ? 1 : n), 1);
  if (sizeOf(target) !== x.values.length)
    throw use.fail(`a shape of ${x.values.length} elements for one observation`, `[${target.join(', ')}]`);
  return reshaped(x, target);
};

const flatten: Row = (use) => {
  const x = use.input(0);
  const given = intAttribute(use.node, 'axis', 1);
  const axis = given < 0 ? given + x.shape.length : given;
  return reshaped(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
};

const transpose: Row = (use) => {
  const x = use.input(0);
  const order = intsAttribute(use.node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  const strides = stridesOf(x.shape);
  const shape = order.map((axis) => x.shape[axis]);
  return arranged(
    [x],
    shape,
    walk(
      shape,
      order.map((axis) => strides[axis]),
      0,
    ),
  );
};

const squeeze: Row = (use) => {
  const x = use.input(0);
  const axes = axesOf(use, 1, x.shape.length) ?? [...x.shape.keys()].filter((axis) => x.shape[axis] === 1);
  return reshaped(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );
};

const unsqueeze: Row = (use) => {
  const x = use.input(0);
  const count = use.inputs[1]?.values.length ?? intsAttribute(use.node, 'axes')?.length ?? 0;
  const axes = axesOf(use, 1, x.shape.length + count) ?? [];
  const rest = [...x.shape];
  return reshaped(
    x,
    Array.from({ length: x.shape.length + count }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? 1))),
  );
};

const concat: Row = (use) => {
  const inputs = use.inputs.map((_, index) => use.input(index));
  const given = intAttribute(use.node, 'axis', 0);
  const axis = given < 0 ? given + inputs[0].shape.length : given;
  const shape = inputs[0].shape.map((size, i) => (i === axis ? inputs.reduce((sum, x) => sum + x.shape[i], 0) : size));
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const sources = new Int32Array(sizeOf(shape));
  let to = 0;
  for (let o = 0; o < outer; o++) {
    let start = 0;
    for (const x of inputs) {
      const run = x.shape[axis] * inner;
      for (let i = 0; i < run; i++) sources[to++] = start + o * run + i;
      start += x.values.length;
    }
  }
  return arranged(inputs, shape, sources);
};

/** Elements `starts[axis] + k steps[axis]` of every axis. */
function window(x: Bounded, starts: readonly number[], steps: readonly number[], shape: readonly number[]): Outcome {
  const strides = stridesOf(x.shape);
  const start = starts.reduce((sum, from, axis) => sum + from * strides[axis], 0);
  return arranged(
    [x],
    shape,
    walk(
      shape,
      steps.map((step, axis) => step * strides[axis]),
      start,
    ),
  );
}

const slice: Row = (use) => {
  const x = use.input(0);
  const rank = x.shape.length;
  const [from, to] = [use.input(1).values, use.input(2).values];
  const axes = axesOf(use, 3, rank) ?? [...from.keys()];
  const given = use.inputs[4]?.values;
  const [starts, steps, shape] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(1), [...x.shape]];
  axes.forEach((axis, i) => {
    const size = x.shape[axis];
    const step = given?.[i] ?? 1;
    const clamp = (value: number, low: number, high: number): number =>
      Math.min(high, Math.max(low, value < 0 ? value + size : value));
    const [start, end] =
      step > 0
        ? [clamp(from[i], 0, size), clamp(to[i], 0, size)]
        : [clamp(from[i], 0, size - 1), clamp(to[i], -1, size - 1)];
    starts[axis] = start;
    steps[axis] = step;
    shape[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return window(x, starts, steps, shape);
};

const split: Row = (use) => {
  const x = use.input(0);
  const given = intAttribute(use.node, 'axis', 0);
  const axis = given < 0 ? given + x.shape.length : given;
  const count = use.node.outputs.length;
  const whole = Math.ceil(x.shape[axis] / count);
  const sizes = use.inputs[1]
    ? Array.from(use.inputs[1]?.values ?? [])
    : Array.from({ length: count }, (_, i) => Math.min(whole, x.shape[axis] - i * whole));
  let start = 0;
  return sizes.map((size) => {
    const starts = x.shape.map((_, i) => (i === axis ? start : 0));
    start += size;
    return window(
      x,
      starts,
      x.shape.map(() => 1),
      x.shape.map((own, i) => (i === axis ? size : own)),
    );
  });
};

const gather: Row = (use) => {
  const [x, index] = [use.input(0), use.input(1)];
  if (index.radius) throw use.fail('an index that every runtime has exactly', 'a computed one');
  const given = intAttribute(use.node, 'axis', 0);
  const axis = given < 0 ? given + x.shape.length : given;
  const size = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  const sources = new Int32Array(outer * index.values.length * inner);
  let to = 0;
  for (let o = 0; o < outer; o++)
    for (const each of index.values) {
      const at = each < 0 ? each + size : each;
      if (!(at >= 0 && at < size)) throw use.fail(`an index below ${size}`, String(each));
      for (let i = 0; i < inner; i++) sources[to++] = (o * size + at) * inner + i;
    }
  return arranged([x], [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)], sources);
};

const pad: Row = (use) => {
  const { node, fail } = use;
  const x = use.input(0);
  const rank = x.shape.length;
  const mode = stringAttribute(node, 'mode', 'constant');
  if (!['constant', 'reflect', 'edge'].includes(mode)) throw fail('mode constant, reflect or edge', mode);
  const axes = axesOf(use, 3, rank) ?? [...x.shape.keys()];
  const amounts = use.input(1).values;
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  axes.forEach((axis, i) => {
    before[axis] = amounts[i];
    after[axis] = amounts[i + axes.length];
  });
  const shape = x.shape.map((size, axis) => size + before[axis] + after[axis]);
  const strides = stridesOf(x.shape);
  const own = stridesOf(shape);
  const sources = Int32Array.from({ length: sizeOf(shape) }, (_, i) => {
    let source = 0;
    for (let axis = 0; axis < rank; axis++) {
      const size = x.shape[axis];
      let at = (Math.floor(i / own[axis]) % shape[axis]) - before[axis];
      if (at < 0 || at >= size) {
        if (mode === 'constant') return -1;
        if (mode === 'edge') at = Math.min(size - 1, Math.max(0, at));
        else at = at < 0 ? -at : 2 * (size - 1) - at;
        if (at < 0 || at >= size) throw fail('a reflection inside the input', String(at));
      }
      source += at * strides[axis];
    }
    return source;
  });
  return arranged([x], shape, sources, use.inputs[2]?.values[0] ?? 0);
};

function expandedTo(use: Use, x: Bounded, target: readonly number[]): Outcome {
  const shape = broadcastShape(x.shape, target);
  if (shape === undefined) throw use.fail('a shape to broadcast to', `[${target.join(', ')}]`);
  const index = broadcastIndex(x.shape, shape);
  return index ? arranged([x], shape, index) : reshaped(x, shape);
}

const tile: Row = (use) => {
  const x = use.input(0);
  const repeats = use.input(1).values;
  const shape = x.shape.map((size, axis) => size * repeats[axis]);
  const [strides, own] = [stridesOf(x.shape), stridesOf(shape)];
  const sources = Int32Array.from({ length: sizeOf(shape) }, (_, i) =>
    x.shape.reduce((sum, size, axis) => sum + ((Math.floor(i / own[axis]) % shape[axis]) % size) * strides[axis], 0),
  );
  return arranged([x], shape, sources);
};

/** Blocks of the plane into channels, and back: a walk over six axes. */
const blocks =
  (isToDepth: boolean): Row =>
  (use) => {
    const x = use.input(0);
    const [n, c, h, w] = x.shape;
    const b = intAttribute(use.node, 'blocksize', 1);
    const isColumnRow = stringAttribute(use.node, 'mode', 'DCR') === 'CRD';
    if (isToDepth) {
      // [n, c, h/b, b, w/b, b] -> [n, b, b, c, h/b, w/b]
      const strides = stridesOf([n, c, h / b, b, w / b, b]);
      const order = [0, 3, 5, 1, 2, 4];
      const sizes = [n, c, h / b, b, w / b, b];
      const sources = walk(
        order.map((axis) => sizes[axis]),
        order.map((axis) => strides[axis]),
        0,
      );
      return arranged([x], [n, c * b * b, h / b, w / b], sources);
    }
    const depth = c / (b * b);
    const sizes = isColumnRow ? [n, depth, b, b, h, w] : [n, b, b, depth, h, w];
    const order = isColumnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
    const strides = stridesOf(sizes);
    const sources = walk(
      order.map((axis) => sizes[axis]),
      order.map((axis) => strides[axis]),
      0,
    );
    return arranged([x], [n, depth, h * b, w * b], sources);
  };

export const arrangementRows: Readonly<Record<string, Row>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Slice: slice,
  Split: split,
  Gather: gather,
  Pad: pad,
  Expand: (use) => expandedTo(use, use.input(0), Array.from(use.input(1).values)),
  Tile: tile,
  SpaceToDepth: blocks(true),
  DepthToSpace: blocks(false),
  Identity: (use) => copy(use.input(0)),
  Dropout: (use) => copy(use.input(0)),
};
