// Arrays and texts of a file by their names, whatever they mean: NPZ as numpy.savez writes it, or safetensors.
import { readFileSync } from 'node:fs';
import { FormatError } from '../../error.ts';
import { requireFile, storageError } from '../../storage/file-system.ts';
import { decodeSafetensors, type ElementArray } from '../../storage/safetensors.ts';
import { openNpzArrays } from './npz.ts';

/** Values with a shape, row-major. */
export interface StoredArray {
  /** As NumPy names it, or where the file has another type, as the file does: `float32`, `int64`, `BF16`. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly values: ElementArray;
}

export interface ArrayFile {
  readonly arrays: ReadonlyMap<string, StoredArray>;
  readonly texts: ReadonlyMap<string, string>;
  /** What was left out, one line each: arrays of neither numbers nor text. */
  readonly notes: readonly string[];
}

const NUMPY_NAMES: Readonly<Record<string, string>> = {
  F32: 'float32',
  F64: 'float64',
  I8: 'int8',
  I16: 'int16',
  I32: 'int32',
  I64: 'int64',
  U8: 'uint8',
  U16: 'uint16',
  U32: 'uint32',
  U64: 'uint64',
  BOOL: 'bool',
};

/**
 * Reads all of it: for files that fit into memory. A text is an array of one text in NPZ, and metadata in safetensors.
 * @throws UsageError where there is no file, FormatError where it is of neither format or not whole
 */
export async function readArrayFile(path: string): Promise<ArrayFile> {
  requireFile(path, 'a file');
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return readNpz(path);
  // The header's length, eight bytes, and the header, which is JSON.
  if (bytes[8] === 0x7b) return readSafetensors(path, bytes);
  throw new FormatError(
    `${path}: expected named arrays, .npz or .safetensors, got ${bytes.byteLength === 0 ? 'an empty file' : 'neither'}`,
    { remedy: 'Write it with numpy.savez, or as safetensors.' },
  );
}

async function readNpz(path: string): Promise<ArrayFile> {
  const opened = await openNpzArrays({ path, options: {} });
  try {
    const arrays = new Map<string, StoredArray>();
    const texts = new Map<string, string>();
    for (const array of opened.arrays) {
      const { name, type, shape, labels } = array;
      if (labels === undefined) arrays.set(name, { type, shape, values: await array.read(0, shape[0] ?? 1) });
      else if (labels.length === 1) texts.set(name, labels[0]);
    }
    return { arrays, texts, notes: opened.notes };
  } finally {
    opened.dispose();
  }
}

function readSafetensors(path: string, bytes: Uint8Array): ArrayFile {
  const { arrays, metadata } = decodeSafetensors(bytes, path);
  const stored = [...arrays].map(([name, { elementType, shape, values }]): [string, StoredArray] => [
    name,
    { type: NUMPY_NAMES[elementType] ?? elementType, shape, values },
  ]);
  return { arrays: new Map(stored), texts: metadata, notes: [] };
}
