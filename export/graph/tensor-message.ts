// A tensor message of a file as a constant: raw bytes or typed lists, checked against the shape before anything is made.
import { FormatError } from '../../src/error.ts';
import * as onnx from '../schema/onnx.ts';
import type { Constant, Elements } from './constant.ts';
import type { TensorType } from './type.ts';

const bytesPerElement: Readonly<Record<TensorType, number>> = {
  float32: 4,
  float16: 2,
  float64: 8,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  uint32: 4,
  uint64: 8,
  bool: 1,
  bfloat16: 2,
  string: 0,
};

export function byteSize(type: TensorType): number {
  return bytesPerElement[type];
}

const typeNames = new Map<number, TensorType>(
  Object.entries(onnx.dataTypes).map(([name, number]) => [number, name as TensorType]),
);

/** Where a weight lies in a file beside the model. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export type ReadExternal = (data: ExternalData, where: string) => Uint8Array;

/**
 * @param where what the tensor is, for error messages
 * @throws FormatError where the data do not fit the shape, or are in another file and there is no `readExternal`
 */
export function constantOfTensor(tensor: onnx.Tensor, where: string, readExternal?: ReadExternal): Constant {
  const type = typeNames.get(tensor.dataType ?? 0);
  if (type === undefined || type === 'string')
    throw new FormatError(`${where}: expected a tensor of numbers, got element type ${tensor.dataType ?? 'none'}`);
  const size = elementCount(tensor.dims, where);
  if (tensor.dataLocation === onnx.externalLocation || tensor.externalData.length > 0) {
    const external = externalDataOf(tensor, size * bytesPerElement[type], where);
    if (readExternal === undefined)
      throw new FormatError(`${where}: expected the data in the file, got external data in "${external.location}"`, {
        remedy: 'Open the model from its folder, so that the data file beside it can be read.',
      });
    return { type, shape: tensor.dims, data: fromBytes(readExternal(external, where), type, size, where) };
  }
  const data = tensor.rawData === undefined ? fromLists(tensor, type) : fromBytes(tensor.rawData, type, size, where);
  if (data.length !== size)
    throw new FormatError(
      `${where}: expected ${size} elements for shape [${tensor.dims.join(', ')}], got ${data.length}`,
    );
  return { type, shape: tensor.dims, data };
}

/** Checks what the file says of its external data; the location itself is for whoever reads files. */
export function externalDataOf(tensor: onnx.Tensor, byteLength: number, where: string): ExternalData {
  const entries = new Map<string, string>();
  for (const { key = '', value = '' } of tensor.externalData) {
    if (!['location', 'offset', 'length', 'checksum', 'basepath'].includes(key) || entries.has(key))
      throw new FormatError(`${where}: expected location, offset, length or checksum of external data, got "${key}"`);
    entries.set(key, value);
  }
  const number = (key: string, fallback: number): number => {
    const text = entries.get(key);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
      throw new FormatError(
        `${where}: expected the ${key} of external data to be a whole number of at least 0, got "${text}"`,
      );
    return value;
  };
  const length = number('length', byteLength);
  if (length !== byteLength)
    throw new FormatError(`${where}: expected ${byteLength} bytes of external data, got a length of ${length}`);
  return { location: entries.get('location') ?? '', offset: number('offset', 0), length };
}

export function elementCount(dims: readonly number[], where: string): number {
  const size = dims.reduce((product, dimension) => product * dimension, 1);
  if (dims.some((dimension) => dimension < 0) || !Number.isSafeInteger(size))
    throw new FormatError(`${where}: expected sizes of at least 0, got shape [${dims.join(', ')}]`);
  return size;
}

/** Raw little-endian bytes as elements: a view where they are aligned, a copy where not. */
export function fromBytes(bytes: Uint8Array, type: TensorType, size: number, where: string): Elements {
  const expected = size * bytesPerElement[type];
  if (bytes.length !== expected)
    throw new FormatError(`${where}: expected ${expected} bytes for ${size} elements of ${type}, got ${bytes.length}`);
  const aligned = bytes.byteOffset % bytesPerElement[type] === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset } = aligned;
  switch (type) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, size);
    case 'float64':
      return new Float64Array(buffer, byteOffset, size);
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, size);
    case 'int16':
      return new Int16Array(buffer, byteOffset, size);
    case 'int8':
      return new Int8Array(buffer, byteOffset, size);
    case 'int32':
      return new Int32Array(buffer, byteOffset, size);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, size);
    case 'int64':
      return new BigInt64Array(buffer, byteOffset, size);
    case 'uint64':
      return new BigUint64Array(buffer, byteOffset, size);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, byteOffset, size);
    case 'string':
      throw new FormatError(`${where}: expected a tensor of numbers, got strings`);
  }
}

/** The typed lists of the message: which list holds which type is part of the ONNX specification. */
function fromLists(tensor: onnx.Tensor, type: Exclude<TensorType, 'string'>): Elements {
  switch (type) {
    case 'float32':
      return Float32Array.from(tensor.floatData);
    case 'float64':
      return Float64Array.from(tensor.doubleData);
    case 'int64':
      return BigInt64Array.from(tensor.int64Data);
    case 'uint64':
      return BigUint64Array.from(tensor.uint64Data);
    case 'uint32':
      return Uint32Array.from(tensor.uint64Data, Number);
    case 'int32':
      return Int32Array.from(tensor.int32Data);
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return Uint16Array.from(tensor.int32Data);
    case 'int16':
      return Int16Array.from(tensor.int32Data);
    case 'int8':
      return Int8Array.from(tensor.int32Data);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(tensor.int32Data);
  }
}
