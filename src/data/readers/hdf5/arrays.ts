// Every array of an HDF5 file with the attributes of its groups: what files of weights are, as opposed to recordings. The
// library sees the file through memory alone (hdf5-library.ts), so nothing that the file names is opened.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { FormatError } from '../../../error.ts';
import { storageError } from '../../../storage/file-system.ts';
import { explained, loadLibrary, mountFile } from './library.ts';

/** Groups within groups; a file that links a group into itself would have no end. */
const MAXIMAL_DEPTH = 64;
const MAXIMAL_ARRAYS = 200_000;
/** An array that claims more than this many times the whole file lies about its size. */
const MAXIMAL_RATIO = 1000;

/** HDF5's numbers of the classes of elements (H5T_class_t); h5py keeps bfloat16 as two opaque bytes. */
const FLOAT_CLASS = 1;
const OPAQUE_CLASS = 5;

export interface Hdf5Array {
  /** `layers/dense/vars/0` */
  readonly path: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export interface Hdf5Arrays {
  readonly arrays: readonly Hdf5Array[];
  /** Texts among the attributes of the file itself. */
  readonly attributes: Readonly<Record<string, string>>;
}

let mountCount = 0;

/** @throws FormatError for what is no such file, for links, and for arrays that are no numbers. */
export async function readHdf5Arrays(path: string, where: string): Promise<Hdf5Arrays> {
  const library = await loadLibrary();
  const { Dataset, File, Group } = await import('h5wasm');
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  const name = `/weights-${mountCount++}.h5`;
  try {
    const fileBytes = fstatSync(descriptor).size;
    mountFile(library, name, descriptor, fileBytes);
    const file = explained(where, 'an HDF5 file', () => new File(name, 'r'));
    const arrays: Hdf5Array[] = [];
    const visit = (group: InstanceType<typeof Group>, prefix: string, depth: number): void => {
      if (depth > MAXIMAL_DEPTH)
        throw new FormatError(`${where} ${prefix}: expected groups at most ${MAXIMAL_DEPTH} deep, got more (a loop?)`);
      for (const key of explained(`${where} ${prefix}`, 'a group', () => group.keys())) {
        const child = explained(`${where} ${prefix}${key}`, 'an array or a group', () => group.get(key));
        const at = `${prefix}${key}`;
        if (child instanceof Group) visit(child, `${at}/`, depth + 1);
        else if (child instanceof Dataset) {
          if (arrays.length === MAXIMAL_ARRAYS)
            throw new FormatError(`${where}: expected at most ${MAXIMAL_ARRAYS} arrays, got more`);
          const array = arrayOf(child, at, where, fileBytes);
          if (array) arrays.push(array);
        } else throw new FormatError(`${where} ${at}: expected an array or a group of this file, got a link`);
      }
    };
    try {
      visit(file, '', 0);
      return { arrays, attributes: textAttributes(file, where) };
    } finally {
      file.close();
    }
  } finally {
    library.FS.unlink(name);
    closeSync(descriptor);
  }
}

/** The part of the library's dataset that is read here. */
interface Dataset {
  readonly shape: number[] | null;
  readonly metadata: { readonly type: number; readonly size: number; readonly virtual_sources?: unknown };
  readonly value: unknown;
}

/** Undefined for texts, which are no weights. */
function arrayOf(dataset: Dataset, path: string, where: string, fileBytes: number): Hdf5Array | undefined {
  const at = `${where} ${path}`;
  const { shape, metadata } = explained(at, 'the description of an array', () => ({
    shape: dataset.shape,
    metadata: dataset.metadata,
  }));
  if (shape === null) return undefined;
  if (metadata.virtual_sources !== undefined)
    throw new FormatError(`${at}: expected an array in this file, got a virtual one`);
  const { type, size } = metadata;
  if (size === 2 && (type === FLOAT_CLASS || type === OPAQUE_CLASS))
    throw new FormatError(
      `${at}: expected numbers of 32 or 64 bits, got ${type === FLOAT_CLASS ? 'float16' : 'bfloat16'}`,
      {
        remedy:
          "Build the model under keras.config.set_dtype_policy('float32'), load these weights into it, and save that.",
      },
    );
  const bytes = shape.reduce((product, side) => product * side, size);
  if (bytes > MAXIMAL_RATIO * Math.max(fileBytes, 1))
    throw new FormatError(
      `${at}: expected at most ${MAXIMAL_RATIO} times the file's ${fileBytes} bytes, got a claim of ${bytes}`,
    );
  const value = explained(at, 'numbers', () => dataset.value);
  if (typeof value === 'string') return undefined;
  const data = numbersOf(value);
  if (data === undefined) {
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return undefined;
    throw new FormatError(`${at}: expected numbers, got another type`);
  }
  return { path, shape, data };
}

function numbersOf(value: unknown): Float32Array | Int32Array | undefined {
  if (typeof value === 'number') return Float32Array.of(value);
  if (typeof value === 'bigint') return Int32Array.of(Number(value));
  if (value instanceof Float32Array || value instanceof Int32Array) return value;
  if (value instanceof Float64Array) return Float32Array.from(value);
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Int32Array.from(value, Number);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Int32Array.from(value as Uint8Array);
  if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return Float32Array.from(value);
  if (Array.isArray(value) && value.every((each) => typeof each === 'boolean')) return Int32Array.from(value, Number);
  return undefined;
}

/** The library decodes an attribute when its value is asked for. */
function textAttributes(
  file: { readonly attrs: Readonly<Record<string, { readonly value: unknown }>> },
  where: string,
): Record<string, string> {
  const attributes = explained(where, 'attributes', () => file.attrs);
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([key, attribute]) => {
      const value = explained(`${where} attribute ${key}`, 'its value', () => attribute.value);
      return typeof value === 'string' ? [[key, value]] : [];
    }),
  );
}
