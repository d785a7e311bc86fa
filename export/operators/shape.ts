// Operators that change how a tensor's elements are arranged, and those that compute shapes.
import { ceilDivide, divideProduct, multiply, product, unknownDimension } from '../graph/dimension.ts';
import { type Dimension, describeShape, type Shape } from '../graph/type.ts';
import {
  axesInput,
  axisOf,
  type Call,
  farEnd,
  int,
  ints,
  type Operator,
  required,
  sameType,
  text,
  unify,
  withContent,
} from './operator.ts';

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
} as const satisfies Record<string, Operator>;
