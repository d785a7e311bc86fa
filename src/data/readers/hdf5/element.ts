// Rows of HDF5 arrays as values, or as encoded images.
import { FormatError } from '../../../error.ts';
import { decodeElements, type ElementArray } from '../../element.ts';
import { imageFileTypeOf } from '../../image/file.ts';
import type { Hdf5Dataset, Hdf5File } from './file.ts';

/** Rows as values. */
export function readElements(file: Hdf5File, dataset: Hdf5Dataset, from: number, to: number): ElementArray {
  if (dataset.type === undefined)
    throw new FormatError(`${file.path} ${dataset.path}: expected numbers, got another type`);
  return decodeElements(dataset.type, file.readRows(dataset, from, to));
}

/** Whether the rows are encoded images: runs of bytes, or rows of bytes of one length that begin as an image file does. */
export function holdsImageFiles(file: Hdf5File, dataset: Hdf5Dataset): boolean {
  if (dataset.isByteRun) return true;
  if (dataset.type !== 'uint8' || dataset.shape.length !== 2 || dataset.shape[0] === 0) return false;
  return imageFileTypeOf(file.readRows(dataset, 0, 1)) !== undefined;
}

export function readImageFiles(file: Hdf5File, dataset: Hdf5Dataset, from: number, to: number): Uint8Array[] {
  if (dataset.isByteRun) return file.readByteRuns(dataset, from, to);
  const bytes = file.readRows(dataset, from, to);
  const length = dataset.shape[1];
  return Array.from({ length: to - from }, (_, i) => bytes.subarray(i * length, (i + 1) * length));
}
