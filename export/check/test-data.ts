// Inputs and expected outputs in the layout that ONNX's own test runners replay: test_data_set_0/{input,output}_0.pb, each
// a TensorProto.
import { FormatError } from '../../src/error.ts';
import type { RuntimeTensor } from '../../src/runtimes/runtime.ts';
import { tensorMessage } from '../graph/serialize.ts';
import { constantOfTensor } from '../graph/tensor-message.ts';
import { decode } from '../schema/decode.ts';
import { encode } from '../schema/encode.ts';
import * as onnx from '../schema/onnx.ts';

export interface NamedTensor extends RuntimeTensor {
  readonly name: string;
}

/** A file of test data: its path in the folder, and its bytes. */
export interface TestDataFile {
  /** Relative to the model's folder, with forward slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The files of one data set. */
export function testDataFiles(
  inputs: readonly NamedTensor[],
  outputs: readonly NamedTensor[],
  set = 0,
): TestDataFile[] {
  const files = (kind: string, tensors: readonly NamedTensor[]): TestDataFile[] =>
    tensors.map((tensor, i) => ({ path: `test_data_set_${set}/${kind}_${i}.pb`, bytes: encodeTensor(tensor) }));
  return [...files('input', inputs), ...files('output', outputs)];
}

/** A tensor as the bytes of an ONNX TensorProto. */
export function encodeTensor({ name, type, shape, data }: NamedTensor): Uint8Array {
  return encode(onnx.tensor, tensorMessage({ type, shape, data }, name));
}

/**
 * @param where what the bytes are, for error messages
 * @throws FormatError where they are not a tensor of a type that runtimes take
 */
export function decodeTensor(bytes: Uint8Array, where: string): NamedTensor {
  const message = decode(onnx.tensor, bytes, where);
  const { type, shape, data } = constantOfTensor(message, where);
  const isKnown =
    type === 'float32' ||
    type === 'uint8' ||
    type === 'int32' ||
    type === 'int64' ||
    type === 'float16' ||
    type === 'bool';
  const fits =
    data instanceof Float32Array ||
    data instanceof Uint8Array ||
    data instanceof Int32Array ||
    data instanceof BigInt64Array ||
    data instanceof Uint16Array;
  if (!isKnown || !fits) throw new FormatError(`${where}: expected a tensor that runtimes take, got ${type}`);
  return { name: message.name ?? '', type, shape, data };
}
