// Operators that move elements without changing them: shapes, slices, padding, resizing.
import { add, ceilDivide, divideProduct, multiply, product, subtract, unknownDimension } from '../graph/dimension.ts';
import { type Dimension, describeShape, type Shape, type TensorType, type ValueType } from '../graph/type.ts';
import { axisOf, type Call, float, int, ints, type Operator, required, sameType, text, unify } from './operator.ts';

/** The end of a slice that means "to the last element". */
const farEnd = 2 ** 31 - 1;

function reshapeTo(call: Call): Dimension[] {
  const { shape } = call.input(0);
  const target = call.values(1);
  if (target === undefined) return new Array<Dimension>(Number(call.rank(1, 1).shape[0])).fill(unknownDimension);
  const copyZero = call.int('allowzero', 0) === 0;
  const result = target.map((size, i) => (size === 0 && copyZero ? shape[i] : size));
  const open = result.indexOf(-1);
  if (result.includes(undefined as never))
    throw call.fail('a 0 only where the input has that axis', describeShape(target));
  if (open >= 0) {
    const others = result.filter((_, i) => i !== open);
    result[open] = divideProduct(shape, others);
  }
  if (
    losesElements(shape, result) ||
    result.some((size) => typeof size === 'number' && (size < 0 || !Number.isInteger(size)))
  )
    throw call.fail(`a shape of ${product(shape)} elements`, describeShape(target));
  return result;
}

/** Whether two shapes certainly have different numbers of elements: the same names, and other numbers. */
function losesElements(from: Shape, to: Shape): boolean {
  const names = (shape: Shape): string =>
    shape
      .filter((size) => typeof size === 'string')
      .sort()
      .join();
  const numbers = (shape: Shape): number =>
    shape.reduce<number>((total, size) => (typeof size === 'number' ? total * size : total), 1);
  return names(from) === names(to) && !from.includes(unknownDimension) && numbers(from) !== numbers(to);
}

function axesInput(call: Call, index: number, rank: number): number[] | undefined {
  return call.values(index)?.map((axis) => axisOf(call, Number(axis), rank));
}

function sliceSize(size: Dimension, start: Dimension, end: Dimension, step: number): Dimension {
  if (typeof start !== 'number' || typeof end !== 'number') {
    return step === 1 && start === 0 ? end : unknownDimension;
  }
  if (typeof size !== 'number') {
    if (step === -1 && start === -1 && end <= -farEnd) return size;
    if (step !== 1) return unknownDimension;
    const from = start < 0 ? add(size, start) : start;
    const to = end >= farEnd ? size : end < 0 ? add(size, end) : end;
    // A fixed end may lie beyond the axis: only its being counted from the end of the axis makes the size certain.
    return typeof to === 'number' && !(start < 0)
      ? to === 1 && start === 0
        ? 1
        : unknownDimension
      : subtract(to, from);
  }
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  const from =
    step > 0 ? clamp(start < 0 ? start + size : start, 0, size) : clamp(start < 0 ? start + size : start, -1, size - 1);
  const to = step > 0 ? clamp(end < 0 ? end + size : end, 0, size) : clamp(end < 0 ? end + size : end, -1, size - 1);
  return Math.max(0, Math.ceil((to - from) / step));
}

function contentSlice(call: Call): readonly Dimension[] | undefined {
  const content = call.values(0);
  const [start, end, step] = [call.values(1)?.[0], call.values(2)?.[0], call.values(4)?.[0] ?? 1];
  if (!content || typeof start !== 'number' || typeof end !== 'number' || step !== 1) return undefined;
  return content.slice(start, end >= farEnd ? undefined : end);
}

function withContent(type: TensorType, shape: Shape, content: readonly Dimension[] | undefined): ValueType {
  return { type, shape, ...(content ? { content } : {}) };
}

export const shape = {
  Reshape: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { allowzero: int },
    infer: (call) => [withContent(call.input(0).type, reshapeTo(call), call.values(0))],
  },
  Flatten: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: int },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const axis = call.int('axis', 1);
      const at = axis < 0 ? axis + shape.length : axis;
      return [{ type, shape: [product(shape.slice(0, at)), product(shape.slice(at))] }];
    },
  },
  Transpose: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { perm: ints },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const order = call.ints('perm') ?? shape.map((_, i) => shape.length - 1 - i);
      if ([...order].sort((a, b) => a - b).join() !== [...shape.keys()].join())
        throw call.fail(`a permutation of ${shape.length} axes`, `[${order.join(', ')}]`);
      return [{ type, shape: order.map((axis) => shape[axis]) }];
    },
  },
  Squeeze: {
    since: 17,
    inputs: [1, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const { type, shape } = call.input(0);
      const axes = axesInput(call, 1, shape.length) ?? [...shape.keys()].filter((axis) => shape[axis] === 1);
      for (const axis of axes) unify(call, `axis ${axis}`, shape[axis], 1);
      return [
        withContent(
          type,
          shape.filter((_, axis) => !axes.includes(axis)),
          call.values(0),
        ),
      ];
    },
  },
  Unsqueeze: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const { type, shape } = call.input(0);
      const given = call.values(1);
      if (given === undefined) throw call.fail('axes that are known', 'axes computed in the graph');
      const rank = shape.length + given.length;
      const axes = given.map((axis) => axisOf(call, Number(axis), rank));
      const rest = [...shape];
      const result = Array.from({ length: rank }, (_, axis) =>
        axes.includes(axis) ? 1 : (rest.shift() ?? unknownDimension),
      );
      return [withContent(type, result, call.values(0))];
    },
  },
  Concat: {
    since: 17,
    inputs: [1, Number.POSITIVE_INFINITY],
    outputs: [1, 1],
    attributes: { axis: required(int) },
    infer: (call) => {
      const first = call.input(0);
      const axis = axisOf(call, call.int('axis', 0), first.shape.length);
      const shape = [...first.shape];
      for (let i = 1; i < call.types.length; i++) {
        const other = call.rank(i, shape.length).shape;
        for (const [j, size] of other.entries())
          shape[j] = j === axis ? add(shape[j], size) : unify(call, `axis ${j}`, shape[j], size);
      }
      const contents = call.types.map((_, i) => call.values(i));
      const known = contents.every((content) => content !== undefined) && shape.length === 1;
      return [
        withContent(
          sameType(call, ...call.types.keys()),
          shape,
          known ? contents.flatMap((content) => content ?? []) : undefined,
        ),
      ];
    },
  },
  Split: {
    since: 17,
    inputs: [1, 2],
    outputs: [1, Number.POSITIVE_INFINITY],
    attributes: { axis: int, num_outputs: { type: 'int', since: 18 } },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const axis = axisOf(call, call.int('axis', 0), shape.length);
      const sizes = call.values(1);
      if (sizes && sizes.length !== call.outputCount)
        throw call.fail(`${call.outputCount} sizes`, String(sizes.length));
      if (sizes)
        unify(
          call,
          'the split axis',
          shape[axis],
          sizes.reduce<Dimension>((sum, size) => add(sum, size), 0),
        );
      const share = ceilDivide(shape[axis], call.outputCount);
      return Array.from({ length: call.outputCount }, (_, i) => {
        const last = subtract(shape[axis], multiply(share, call.outputCount - 1));
        const size = sizes ? sizes[i] : i === call.outputCount - 1 ? last : share;
        return { type, shape: shape.map((given, j) => (j === axis ? size : given)) };
      });
    },
  },
  Slice: {
    since: 17,
    inputs: [3, 5],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const { type, shape } = call.input(0);
      const [starts, ends, steps] = [call.values(1), call.values(2), call.values(4)];
      const axes = call.optional(3) ? axesInput(call, 3, shape.length) : [...shape.keys()].slice(0, starts?.length);
      if (axes === undefined) throw call.fail('axes that are known', 'axes computed in the graph');
      const result = shape.map((size, axis) => {
        const at = axes.indexOf(axis);
        if (at < 0) return size;
        return sliceSize(
          size,
          starts?.[at] ?? unknownDimension,
          ends?.[at] ?? unknownDimension,
          Number(steps?.[at] ?? 1),
        );
      });
      return [withContent(type, result, shape.length === 1 ? contentSlice(call) : undefined)];
    },
  },
  Gather: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { axis: int },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const indices = call.input(1);
      if (indices.type !== 'int64' && indices.type !== 'int32') throw call.fail('integer indices', indices.type);
      const axis = axisOf(call, call.int('axis', 0), shape.length);
      const content = shape.length === 1 ? call.values(0) : undefined;
      const picked = call.values(1)?.map((index) => content?.at(Number(index)));
      const isKnown = content && picked?.every((value) => value !== undefined);
      const result = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
      return [withContent(type, result, isKnown ? (picked as Dimension[]) : undefined)];
    },
  },
  GatherND: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { batch_dims: int },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const indices = call.input(1).shape;
      const depth = Number(indices[indices.length - 1]);
      return [{ type, shape: [...indices.slice(0, -1), ...shape.slice(depth + call.int('batch_dims', 0))] }];
    },
  },
  Expand: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const { type, shape } = call.input(0);
      const target = call.values(1) ?? new Array<Dimension>(Number(call.rank(1, 1).shape[0])).fill(unknownDimension);
      const rank = Math.max(shape.length, target.length);
      const result = Array.from({ length: rank }, (_, i) => {
        const own = shape[i - rank + shape.length] ?? 1;
        const wanted = target[i - rank + target.length] ?? 1;
        if (own === 1) return wanted;
        return wanted === 1 ? own : unify(call, `axis ${i}`, own, wanted);
      });
      return [{ type, shape: result }];
    },
  },
  Tile: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const { type, shape } = call.input(0);
      const repeats = call.values(1);
      return [{ type, shape: shape.map((size, i) => (repeats ? multiply(size, repeats[i]) : unknownDimension)) }];
    },
  },
  Pad: {
    since: 17,
    inputs: [2, 4],
    outputs: [1, 1],
    attributes: { mode: text },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const pads = call.values(1);
      if (call.optional(3) && call.opset < 18) throw call.fail('no axes input before opset 18', 'one');
      const axes = call.optional(3) ? axesInput(call, 3, shape.length) : [...shape.keys()];
      if (pads === undefined || axes === undefined) return [{ type, shape: shape.map(() => unknownDimension) }];
      if (pads.length !== 2 * axes.length) throw call.fail(`${2 * axes.length} pads`, String(pads.length));
      const result = [...shape];
      for (const [i, axis] of axes.entries()) result[axis] = add(shape[axis], add(pads[i], pads[i + axes.length]));
      return [{ type, shape: result }];
    },
  },
  Resize: {
    since: 17,
    inputs: [1, 4],
    outputs: [1, 1],
    attributes: {
      antialias: { type: 'int', since: 18 },
      axes: { type: 'ints', since: 18 },
      coordinate_transformation_mode: text,
      cubic_coeff_a: float,
      exclude_outside: int,
      extrapolation_value: float,
      keep_aspect_ratio_policy: { type: 'string', since: 18 },
      mode: text,
      nearest_mode: text,
    },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const sizes = call.values(3);
      if (sizes) return [{ type, shape: sizes }];
      const scales = call.constants[2];
      if (!scales) return [{ type, shape: shape.map(() => unknownDimension) }];
      const result = shape.map((size, i) => {
        const scale = Number(scales.data[i]);
        if (Number.isInteger(scale)) return multiply(size, scale);
        return typeof size === 'number' ? Math.floor(size * scale) : unknownDimension;
      });
      return [{ type, shape: result }];
    },
  },
  Shape: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { start: int, end: int },
    infer: (call) => {
      const content = call.input(0).shape.slice(call.int('start', 0), call.int('end', farEnd));
      return [{ type: 'int64', shape: [content.length], content }];
    },
  },
  ConstantOfShape: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { value: { type: 'tensor' } },
    infer: (call) => {
      const value = call.attributes.value;
      const shape = call.values(0) ?? new Array<Dimension>(Number(call.rank(0, 1).shape[0])).fill(unknownDimension);
      return [{ type: value?.type === 'tensor' ? value.value.type : 'float32', shape }];
    },
  },
  Range: {
    since: 17,
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const [start, limit, step] = [call.values(0)?.[0], call.values(1)?.[0], call.values(2)?.[0]];
      const isCount = start === 0 && step === 1 && limit !== undefined;
      return [{ type: sameType(call, 0, 1, 2), shape: [isCount ? limit : unknownDimension] }];
    },
  },
  OneHot: {
    since: 17,
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { axis: int },
    infer: (call) => {
      const { shape } = call.input(0);
      const axis = axisOf(call, call.int('axis', -1), shape.length + 1);
      const depth = call.values(1)?.[0] ?? unknownDimension;
      return [{ type: call.input(2).type, shape: [...shape.slice(0, axis), depth, ...shape.slice(axis)] }];
    },
  },
  SpaceToDepth: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { blocksize: required(int) },
    infer: (call) => {
      const { type, shape } = call.rank(0, 4);
      const block = call.int('blocksize', 1);
      const spatial = shape.slice(2).map((size) => {
        if (typeof size === 'number' && size % block !== 0)
          throw call.fail(`sizes divisible by ${block}`, describeShape(shape));
        return ceilDivide(size, block);
      });
      return [{ type, shape: [shape[0], multiply(shape[1], block * block), ...spatial] }];
    },
  },
  DepthToSpace: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { blocksize: required(int), mode: text },
    infer: (call) => {
      const { type, shape } = call.rank(0, 4);
      const block = call.int('blocksize', 1);
      const [batch, channels, height, width] = shape;
      return [
        { type, shape: [batch, ceilDivide(channels, block * block), multiply(height, block), multiply(width, block)] },
      ];
    },
  },
  ReverseSequence: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { batch_axis: int, time_axis: int },
    infer: (call) => [{ type: call.input(0).type, shape: call.input(0).shape }],
  },
} as const satisfies Record<string, Operator>;
