// Writes a recording as HDF5: a dataset a column, in chunks compressed with gzip, and the length of each episode. The library
// writes into its memory file system, of which this one file is on the disk. HDF5 has no booleans: they become bytes.
import { closeSync, openSync } from 'node:fs';
import { JepaError } from '../../error.ts';
import type { ElementType } from '../element.ts';
import { memoryBytesOf } from '../element.ts';
import { explained, loadLibrary, mountNewFile } from '../readers/hdf5/library.ts';
import { type Column, type Recording, rowSizeOf, totalRowsOf } from '../recording.ts';
import { LENGTHS_NAME, rowPieces, stepCounts, writtenTypeOf } from './column-rows.ts';

/** A chunk is decoded as a whole when one row of it is wanted. */
const CHUNK_BYTES = 256 * 1024;
/** The level that h5py takes where none is said. */
const GZIP_LEVEL = 4;

/** Types in the notation of h5wasm, which is that of Python's struct. */
const DTYPES: Readonly<Record<Exclude<ElementType, 'float16'>, string>> = {
  bool: '<B',
  uint8: '<B',
  int8: '<b',
  uint16: '<H',
  int16: '<h',
  uint32: '<I',
  int32: '<i',
  uint64: '<Q',
  int64: '<q',
  float32: '<f',
  float64: '<d',
};

export async function writeHdf5(recording: Recording, path: string): Promise<void> {
  const library = await loadLibrary();
  const { File } = await import('h5wasm');
  const descriptor = openSync(path, 'wx+');
  const name = mountNewFile(library, descriptor);
  try {
    const file = explained(path, 'to create it', () => new File(name, 'w'));
    try {
      for (const group of groupsOf([...recording.columns.keys()])) file.create_group(group);
      for (const column of recording.columns.values()) {
        const dtype = DTYPES[writtenTypeOf(column)];
        const shape = [totalRowsOf(column), ...column.shape];
        for await (const { from, to, values } of rowPieces(recording, column))
          explained(`${path} ${column.name}`, 'to write it', () => {
            const all = column.shape.map((side): [number, number] => [0, side]);
            if (from > 0) {
              const dataset = file.get(column.name);
              if (dataset === null || !('resize' in dataset))
                throw new JepaError(`${path} ${column.name}: expected a dataset`);
              dataset.resize([to, ...column.shape]);
              dataset.write_slice([[from, to], ...all], values);
            } else
              file.create_dataset({
                name: column.name,
                data: values,
                shape: [to, ...column.shape],
                maxshape: shape,
                chunks: [chunkRows(column, to), ...column.shape],
                dtype,
                compression: 'gzip',
                compression_opts: GZIP_LEVEL,
              });
          });
        if (totalRowsOf(column) === 0) file.create_dataset({ name: column.name, data: [], shape, dtype });
      }
      const lengths = BigInt64Array.from(stepCounts(recording), BigInt);
      file.create_dataset({ name: LENGTHS_NAME, data: lengths, shape: [lengths.length], dtype: '<q' });
    } finally {
      file.close();
    }
  } finally {
    library.FS.unlink(name);
    closeSync(descriptor);
  }
}

/** The groups that hold columns, outer ones first: `a/b/c` lies in `a` and `a/b`. */
function groupsOf(names: readonly string[]): string[] {
  const groups = names.flatMap((name) => {
    const parts = name.split('/');
    return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('/'));
  });
  return [...new Set(groups)].sort();
}

function chunkRows(column: Column, rowCount: number): number {
  const rowBytes = Math.max(1, rowSizeOf(column) * memoryBytesOf(column.type));
  return Math.max(1, Math.min(rowCount, Math.floor(CHUNK_BYTES / rowBytes)));
}
