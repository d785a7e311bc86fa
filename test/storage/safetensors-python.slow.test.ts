import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../src/storage/safetensors.ts';
import { findPython, runPython } from '../python/python.ts';
import { pythonArrays, pythonMetadata } from './safetensors-python.ts';
import { temporaryFolder } from './temporary-folder.ts';

const python = findPython('safetensors', 'numpy');
const numpyTypes: Readonly<Record<string, string>> = {
  F32: 'float32',
  F64: 'float64',
  I64: 'int64',
  I32: 'int32',
  U8: 'uint8',
  F16: 'float16',
  BOOL: 'bool',
  U16: 'uint16', // biome-ignore format: a table
};

describe.skipIf(python === undefined)("Python's safetensors", () => {
  test('reads what is written here: every name, type, shape and byte', () => {
    const path = join(temporaryFolder(), 'ours.safetensors');
    writeFileSync(path, encodeSafetensors(pythonArrays, pythonMetadata));
    const arrays = Object.fromEntries(
      [...pythonArrays].map(([name, { elementType, shape, values }]) => {
        const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');
        return [name, { dtype: numpyTypes[elementType], shape, bytes }];
      }),
    );
    expect(runPython(python ?? '', 'safetensors_files.py', 'read', path)).toEqual({
      metadata: { format: 'np' },
      arrays,
    });
  });

  test('writes what is read here', () => {
    const path = join(temporaryFolder(), 'theirs.safetensors');
    runPython(python ?? '', 'safetensors_files.py', 'write', path);
    expect(decodeSafetensors(readFileSync(path))).toEqual({ arrays: pythonArrays, metadata: pythonMetadata });
  });
});
