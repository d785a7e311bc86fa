// Tensors whose elements are known when the file is written: weights, shapes, scalars. Little-endian, row-major.
import type { TensorType } from './type.ts';

export type Elements =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int16Array
  | Uint8Array
  | Int8Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface Constant {
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** float16 and bfloat16 as 16-bit patterns, bool as 0 and 1. Never written to: constants are shared. */
  readonly data: Elements;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

export function floats(shape: readonly number[], data: ArrayLike<number>): Constant {
  return { type: 'float32', shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

export const scalar = (value: number): Constant => floats([], [value]);

export function integers(values: readonly number[]): Constant {
  return { type: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

export function integerScalar(value: number, type: 'int64' | 'int32' = 'int64'): Constant {
  return { type, shape: [], data: type === 'int64' ? BigInt64Array.of(BigInt(value)) : Int32Array.of(value) };
}

export function booleans(shape: readonly number[], values: readonly boolean[]): Constant {
  return { type: 'bool', shape, data: Uint8Array.from(values, Number) };
}

/** The elements as numbers; 64-bit integers beyond 2^53 are rounded. */
export function numbersOf(constant: Constant): number[] {
  return Array.from<number | bigint, number>(constant.data, Number);
}

export function bytesOf(constant: Constant): Uint8Array {
  const { buffer, byteOffset, byteLength } = constant.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function reshaped(constant: Constant, shape: readonly number[]): Constant {
  return { ...constant, shape };
}

/** Axis i of the result is axis `permutation[i]` of the constant. */
export function transposed(constant: Constant, permutation: readonly number[]): Constant {
  const { data } = constant;
  const shape = permutation.map((axis) => constant.shape[axis]);
  if (permutation.every((axis, i) => axis === i)) return constant;
  const strides = stridesOf(constant.shape);
  const steps = permutation.map((axis) => strides[axis]);
  const result = emptyLike(data, data.length);
  gather(data, result, shape, steps);
  return { ...constant, shape, data: result };
}

/** The slices of one axis in a new order (a repetition is allowed). */
export function gathered(constant: Constant, axis: number, order: ArrayLike<number>): Constant {
  const inner = sizeOf(constant.shape.slice(axis + 1));
  const outer = sizeOf(constant.shape.slice(0, axis));
  const size = constant.shape[axis];
  const result = emptyLike(constant.data, outer * order.length * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < order.length; i++) {
      const from = (o * size + order[i]) * inner;
      copyWithin(result, (o * order.length + i) * inner, constant.data, from, inner);
    }
  return { ...constant, shape: constant.shape.map((n, i) => (i === axis ? order.length : n)), data: result };
}

/** Elements `start` to `end` of one axis. */
export function sliced(constant: Constant, axis: number, start: number, end: number): Constant {
  return gathered(
    constant,
    axis,
    Array.from({ length: end - start }, (_, i) => start + i),
  );
}

export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

export function equalConstants(a: Constant, b: Constant): boolean {
  if (a.type !== b.type || a.shape.length !== b.shape.length || a.data.length !== b.data.length) return false;
  if (a.shape.some((size, i) => size !== b.shape[i])) return false;
  if (a.data === b.data) return true;
  const left = bytesOf(a);
  const right = bytesOf(b);
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

export function emptyLike(data: Elements, length: number): Elements {
  if (data instanceof Float32Array) return new Float32Array(length);
  if (data instanceof Float64Array) return new Float64Array(length);
  if (data instanceof Uint16Array) return new Uint16Array(length);
  if (data instanceof Int16Array) return new Int16Array(length);
  if (data instanceof Uint8Array) return new Uint8Array(length);
  if (data instanceof Int8Array) return new Int8Array(length);
  if (data instanceof Int32Array) return new Int32Array(length);
  if (data instanceof Uint32Array) return new Uint32Array(length);
  if (data instanceof BigInt64Array) return new BigInt64Array(length);
  return new BigUint64Array(length);
}

function copyWithin(target: Elements, at: number, source: Elements, from: number, length: number): void {
  if (isBig(target) && isBig(source)) for (let i = 0; i < length; i++) target[at + i] = source[from + i];
  else if (!isBig(target) && !isBig(source)) target.set(source.subarray(from, from + length), at);
}

function isBig(data: Elements): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** Copies `source` into `target` walking the axes of `shape`, `steps[i]` source elements a step on axis i. */
function gather(source: Elements, target: Elements, shape: readonly number[], steps: readonly number[]): void {
  const rank = shape.length;
  const innerSize = shape[rank - 1];
  const innerStep = steps[rank - 1];
  const index = new Array<number>(Math.max(rank - 1, 0)).fill(0);
  let from = 0;
  for (let to = 0; to < target.length; to += innerSize) {
    if (isBig(source)) {
      if (isBig(target)) for (let i = 0; i < innerSize; i++) target[to + i] = source[from + i * innerStep];
    } else if (!isBig(target)) {
      for (let i = 0; i < innerSize; i++) target[to + i] = source[from + i * innerStep];
    }
    for (let axis = rank - 2; axis >= 0; axis--) {
      const next = index[axis] + 1;
      from += steps[axis];
      if (next < shape[axis]) {
        index[axis] = next;
        break;
      }
      from -= next * steps[axis];
      index[axis] = 0;
    }
  }
}
