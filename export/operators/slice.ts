// Operators that take pieces of tensors or put pieces together: slices, concatenation, padding, resizing.
import { add, ceilDivide, multiply, subtract, unknownDimension } from '../graph/dimension.ts';
import type { Dimension } from '../graph/type.ts';
import {
  axesInput,
  axisOf,
  type Call,
  farEnd,
  float,
  int,
  type Operator,
  required,
  sameType,
  text,
  unify,
  withContent,
} from './operator.ts';

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

export const slice = {
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
  ReverseSequence: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { batch_axis: int, time_axis: int },
    infer: (call) => [{ type: call.input(0).type, shape: call.input(0).shape }],
  },
} as const satisfies Record<string, Operator>;
