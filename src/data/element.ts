// Element types of recorded arrays: how many bytes each has, and the typed array that it is read into.

import { FormatError } from '../error.ts';
import { halfToFloat } from '../half.ts';
import { elementCount } from '../shape.ts';

const CLASSES = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Element types under the names of NumPy. */
export type ElementType = keyof typeof CLASSES;

/** float16 is read into Float32Array, bool into Uint8Array of 0 and 1. */
export type ElementArray = InstanceType<(typeof CLASSES)[ElementType]>;

const STORED_BYTES: Readonly<Record<ElementType, number>> = {
  bool: 1,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float16: 2,
  float32: 4,
  float64: 8,
};

/** Bytes of one element in the file. */
export function storedBytesOf(type: ElementType): number {
  return STORED_BYTES[type];
}

/** Bytes of one element in memory. */
export function memoryBytesOf(type: ElementType): number {
  return CLASSES[type].BYTES_PER_ELEMENT;
}

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(CLASSES, name);
}

export function isInteger(type: ElementType): boolean {
  return !type.startsWith('float');
}

/** Numbers as they are reckoned with: float64 where float32 would make two of them one. */
export type Numbers = Float32Array | Float64Array;

/** Up to here float32 holds every whole number; beyond, it makes two of them one. */
export const FLOAT32_WHOLE = 2 ** 24;

/** Whether float32 holds every value: integers of 16 bits or fewer, and floats of 32 bits or fewer. */
export function fitsFloat32(type: ElementType): boolean {
  return STORED_BYTES[type] <= 2 || type === 'float32';
}

export function allocate(type: ElementType, count: number): ElementArray {
  return new CLASSES[type](count);
}

/** Stored bytes -> values. The bytes are taken over: swapped in place where the file has the other byte order. */
export function decodeElements(type: ElementType, bytes: Uint8Array<ArrayBuffer>, isLittleEndian = true): ElementArray {
  const size = STORED_BYTES[type];
  if (!isLittleEndian && size > 1) swapBytes(bytes, size);
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const count = aligned.byteLength / size;
  if (type === 'float16') {
    const halves = new Uint16Array(aligned.buffer, aligned.byteOffset, count);
    return Float32Array.from(halves, halfToFloat);
  }
  if (type === 'bool') {
    // Any byte but 0 is true, as in NumPy.
    for (let i = 0; i < aligned.length; i++) aligned[i] = aligned[i] === 0 ? 0 : 1;
  }
  return new CLASSES[type](aligned.buffer, aligned.byteOffset, count);
}

/** Values in their stored, little-endian form; float16 cannot be written. */
export function encodeElements(values: ElementArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Copies `count` values of any type to float32; 64-bit integers and doubles are rounded. */
export function copyAsFloat32(
  source: ElementArray,
  sourceStart: number,
  count: number,
  target: Float32Array,
  targetStart: number,
): void {
  if (source instanceof BigInt64Array || source instanceof BigUint64Array)
    for (let i = 0; i < count; i++) target[targetStart + i] = Number(source[sourceStart + i]);
  else target.set(source.subarray(sourceStart, sourceStart + count), targetStart);
}

/** The place of the first integer that a number of JavaScript does not hold, which is at least 2^53 from zero; -1 where all are held. */
export function findBeyondExact(values: ElementArray): number {
  if (!(values instanceof BigInt64Array) && !(values instanceof BigUint64Array)) return -1;
  for (let i = 0; i < values.length; i++) if (!Number.isSafeInteger(Number(values[i]))) return i;
  return -1;
}

/** The number at `index`, whatever the class. */
export function numberAt(values: ElementArray, index: number): number {
  return Number(values[index]);
}

/** How many elements a shape has; throws a FormatError where it is past what a number can say. */
export function elementCountOf(shape: readonly number[], where: string): number {
  const count = elementCount(shape);
  if (!Number.isSafeInteger(count))
    throw new FormatError(`${where}: expected at most 2^53 elements, got shape [${shape.join(', ')}]`);
  return count;
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size) bytes.subarray(start, start + size).reverse();
}
