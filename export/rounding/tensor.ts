// A value of the graph as the certificate knows it: the number that the float64 reference found for every element, and how far any
// conforming runtime's number may be from it.
import type { Constant } from '../graph/constant.ts';
import { numbersOf, sizeOf } from '../graph/constant.ts';
import type { TensorType } from '../graph/type.ts';

export interface Bounded {
  /** Its place among the values of one evaluation. */
  readonly id: number;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** What the reference computed. */
  readonly values: Float64Array;
  /** At most how far a runtime's number is from `values`, element by element; undefined where every runtime has exactly these. */
  radius: Float64Array | undefined;
  /** The largest absolute value. */
  readonly largest: number;
  /** Of a convolution: the sum of the absolute products behind each element, for a batch norm that a runtime folds into it. */
  readonly mass?: Float64Array | undefined;
  /** And how many products they are: a runtime may begin such a sum with what the graph adds to it afterwards. */
  readonly addends?: number | undefined;
}

export function exactTensor(id: number, type: TensorType, shape: readonly number[], values: Float64Array): Bounded {
  return { id, type, shape, values, radius: undefined, largest: largestOf(values) };
}

export function tensorOfConstant(id: number, constant: Constant): Bounded {
  const { data } = constant;
  const values = data instanceof Float32Array ? Float64Array.from(data) : Float64Array.from(numbersOf(constant));
  return exactTensor(id, constant.type, constant.shape, values);
}

export function largestOf(values: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/** The radius as an array: zeros of an exact value. */
export function radiusOf({ radius, values }: Bounded): Float64Array {
  return radius ?? new Float64Array(values.length);
}

/** numpy's broadcasting of two shapes; undefined where they do not fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

/** For every element of `shape`, the element of an operand of shape `own` that is broadcast to it; undefined where they are the same. */
export function broadcastIndex(own: readonly number[], shape: readonly number[]): Int32Array | undefined {
  const size = sizeOf(shape);
  if (sizeOf(own) === size) return undefined;
  const steps = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let i = own.length - 1; i >= 0; i--) {
    if (own[i] !== 1) steps[i + shape.length - own.length] = stride;
    stride *= own[i];
  }
  return walk(shape, steps, 0);
}

/** Offsets met by walking the axes of `shape` in row-major order, `steps[i]` a step on axis i. */
export function walk(shape: readonly number[], steps: readonly number[], start: number): Int32Array {
  const size = sizeOf(shape);
  const result = new Int32Array(size);
  const index = new Array<number>(shape.length).fill(0);
  let from = start;
  for (let to = 0; to < size; to++) {
    result[to] = from;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}
