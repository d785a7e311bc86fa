// The arrays of test/python/safetensors_files.py, as they should read here.
import type { NamedArray } from '../../src/storage/safetensors.ts';

export const pythonArrays: ReadonlyMap<string, Required<NamedArray>> = new Map<string, Required<NamedArray>>([
  [
    'encoder/conv1/kernel',
    { elementType: 'F32', shape: [2, 3, 4], values: Float32Array.from({ length: 24 }, (_, i) => i / 8) },
  ],
  [
    'encoder/conv1/bias',
    { elementType: 'F32', shape: [3], values: new Float32Array([Number.NaN, Number.POSITIVE_INFINITY, -0]) },
  ],
  ['mean', { elementType: 'F64', shape: [1], values: new Float64Array([1 / 3]) }],
  ['step', { elementType: 'I64', shape: [], values: new BigInt64Array([2n ** 40n + 1n]) }],
  ['labels', { elementType: 'I32', shape: [2], values: new Int32Array([-1, 2]) }],
  ['pixels', { elementType: 'U8', shape: [3], values: new Uint8Array([0, 1, 2]) }],
  // 1.5 and -2 as IEEE 754 halves.
  ['half', { elementType: 'F16', shape: [2], values: new Uint16Array([0x3e00, 0xc000]) }],
  ['mask', { elementType: 'BOOL', shape: [3], values: new Uint8Array([1, 0, 1]) }],
  ['empty', { elementType: 'F32', shape: [0, 4], values: new Float32Array(0) }],
  ['größe/β', { elementType: 'U16', shape: [1], values: new Uint16Array([7]) }],
]);

export const pythonMetadata: ReadonlyMap<string, string> = new Map([['format', 'np']]);
