// HDF5 files that nobody vouches for. Such a file may name other files (external links, external storage, virtual datasets);
// whatever points outside is refused, and the library could not reach it anyway (hdf5-library.ts).
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Metadata } from 'h5wasm';
import { FormatError } from '../../../error.ts';
import { MAXIMAL_READ_BYTES, SUSPICIOUS_ARRAY_BYTES, SUSPICIOUS_ARRAY_RATIO } from '../../../storage/decoding-limit.ts';
import { storageError } from '../../../storage/file-system.ts';
import { type ElementType, isElementType, storedBytesOf } from '../../element.ts';
import { explained, type Hdf5Library, loadLibrary, mountFile } from './library.ts';

/** Groups within groups; a file that links a group into itself would have no end. */
const MAXIMAL_DEPTH = 32;
const MAXIMAL_OBJECTS = 1_000_000;
/** Filters beyond those of the library, by the number that is registered for each. */
const FILTER_PLUGINS: ReadonlyMap<number, string> = new Map([
  [307, 'bz2'],
  [32000, 'lzf'],
  [32001, 'blosc'],
  [32004, 'lz4'],
  [32008, 'bshuf'],
  [32015, 'zstd'],
  [32026, 'blosc2'],
]);

/** An array of the file. */
export interface Hdf5Dataset {
  /** `episode_0/observations/image` */
  readonly path: string;
  readonly shape: readonly number[];
  /** Undefined for what is no number: text, compounds. */
  readonly type: ElementType | undefined;
  /** Whether each element is a run of bytes of its own length (encoded images). */
  readonly isByteRun: boolean;
  /** Rows in a chunk; undefined where the array lies in one piece. */
  readonly rowsPerChunk: number | undefined;
}

export interface Hdf5File {
  readonly path: string;
  readonly datasets: readonly Hdf5Dataset[];
  /** The bytes of rows `from` to `to` (exclusive), little-endian. */
  readRows(dataset: Hdf5Dataset, from: number, to: number): Uint8Array<ArrayBuffer>;
  /** Elements `from` to `to` of a dataset of byte runs. */
  readByteRuns(dataset: Hdf5Dataset, from: number, to: number): Uint8Array[];
  dispose(): void;
}

/** Names of files inside the library; two open files must not share one. */
let mountCount = 0;

/** Opens the file and lists its arrays. Throws a FormatError for junk, and for whatever points outside of the file. */
export async function openHdf5File(path: string): Promise<Hdf5File> {
  const library = await loadLibrary();
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  const fileBytes = fstatSync(descriptor).size;
  const name = `/recording-${mountCount++}.h5`;
  let fileId: bigint | undefined;
  const dispose = () => {
    if (fileId !== undefined) library.close_file(fileId);
    library.FS.unlink(name);
    closeSync(descriptor);
  };
  try {
    if (fileBytes === 0) throw new FormatError(`${path}: expected an HDF5 file, got an empty file`);
    mountFile(library, name, descriptor, fileBytes);
    const id = explained(path, 'to open it', () =>
      library.open(name, library.H5F_ACC_RDONLY, false, library.H5F_LIBVER_EARLIEST, library.H5F_LIBVER_LATEST),
    );
    fileId = id;
    const datasets = listDatasets(library, id, path, fileBytes);
    return {
      path,
      datasets,
      readRows: (dataset, from, to) => readRows(library, id, `${path} ${dataset.path}`, dataset, from, to),
      readByteRuns: (dataset, from, to) => readByteRuns(library, id, `${path} ${dataset.path}`, dataset, from, to),
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

function listDatasets(library: Hdf5Library, fileId: bigint, path: string, fileBytes: number): Hdf5Dataset[] {
  const datasets: Hdf5Dataset[] = [];
  let objects = 0;
  const visit = (group: string, depth: number): void => {
    if (depth > MAXIMAL_DEPTH)
      throw new FormatError(`${path} ${group}: expected groups at most ${MAXIMAL_DEPTH} deep, got more (a loop?)`);
    for (const name of explained(`${path} ${group}`, 'a group', () => library.get_names(fileId, `/${group}`, false))) {
      if (++objects > MAXIMAL_OBJECTS)
        throw new FormatError(`${path}: expected at most ${MAXIMAL_OBJECTS} groups and arrays, got more`);
      const child = group === '' ? name : `${group}/${name}`;
      const where = `${path} ${child}`;
      refuseLink(library, fileId, where, child);
      const type = explained(where, 'a group or an array', () => library.get_type(fileId, `/${child}`));
      if (type === library.H5G_GROUP) visit(child, depth + 1);
      else if (type === library.H5G_DATASET) {
        const metadata = explained(where, 'an array', () => library.get_dataset_metadata(fileId, `/${child}`));
        const dataset = describeDataset(library, child, metadata, where, fileBytes);
        if (dataset !== undefined) {
          loadFilters(library, fileId, child, where);
          datasets.push(dataset);
        }
      }
    }
  };
  visit('', 0);
  return datasets;
}

/** A soft link may lead to an external one, so no link is followed. */
function refuseLink(library: Hdf5Library, fileId: bigint, where: string, child: string): void {
  const { filename } = explained(where, 'a link', () => library.get_external_link(fileId, `/${child}`));
  if (filename !== undefined)
    throw new FormatError(`${where}: expected an array in this file, got a link to another file (${filename})`, {
      remedy: 'Copy the recording into one file.',
    });
  const target: unknown = explained(where, 'a link', () => library.get_symbolic_link(fileId, `/${child}`));
  if (target !== null && target !== undefined)
    throw new FormatError(`${where}: expected an array or a group, got a soft link to ${String(target)}`, {
      remedy: 'Copy the array instead of linking it, or use a hard link.',
    });
}

function describeDataset(
  library: Hdf5Library,
  path: string,
  metadata: Metadata,
  where: string,
  fileBytes: number,
): Hdf5Dataset | undefined {
  if (metadata.virtual_sources !== undefined)
    throw new FormatError(
      `${where}: expected an array in this file, got a virtual one made of ${metadata.virtual_sources.length} others`,
      {
        remedy: 'Copy the recording into one file.',
      },
    );
  const { shape, chunks, size } = metadata;
  // A dataset without a space has no values; one without sides is a single number, which is no column.
  if (shape === null || shape.length === 0) return undefined;
  const bytes = shape.reduce((product, side) => product * side, size);
  if (bytes > SUSPICIOUS_ARRAY_BYTES && bytes > SUSPICIOUS_ARRAY_RATIO * fileBytes)
    throw new FormatError(
      `${where}: expected at most ${SUSPICIOUS_ARRAY_RATIO} times the file's ${fileBytes} bytes, got a claim of ${bytes} bytes`,
    );
  const { H5T_class_t: classes } = library;
  const isByteRun = metadata.type === classes.H5T_VLEN.value && metadata.vlen_type?.size === 1 && shape.length === 1;
  return { path, shape, type: elementTypeOf(library, metadata), isByteRun, rowsPerChunk: chunks?.[0] };
}

function elementTypeOf(library: Hdf5Library, metadata: Metadata): ElementType | undefined {
  const { H5T_class_t: classes } = library;
  const bits = metadata.size * 8;
  let name = '';
  if (metadata.type === classes.H5T_FLOAT.value) name = `float${bits}`;
  else if (metadata.type === classes.H5T_INTEGER.value) name = `${metadata.signed ? '' : 'u'}int${bits}`;
  // h5py writes booleans as an enumeration of FALSE and TRUE.
  else if (metadata.type === classes.H5T_ENUM.value && metadata.size === 1) name = 'bool';
  return isElementType(name) ? name : undefined;
}

/** Puts the decompressors of the dataset into the library's file system. */
function loadFilters(library: Hdf5Library, fileId: bigint, path: string, where: string): void {
  for (const { id, name } of explained(where, 'its filters', () => library.get_dataset_filters(fileId, `/${path}`))) {
    if (id < library.H5Z_FILTER_RESERVED) continue;
    const plugin = FILTER_PLUGINS.get(id);
    if (plugin === undefined)
      throw new FormatError(
        `${where}: expected a known compression (gzip, ${[...FILTER_PLUGINS.values()].join(', ')}), got filter ${id} (${name})`,
        { remedy: 'Write it again with gzip.' },
      );
    const target = `${library.get_plugin_search_paths()[0]}/libH5Z${plugin}.so`;
    if (library.FS.analyzePath(target).exists) continue;
    const folder = dirname(createRequire(import.meta.url).resolve('h5wasm-plugins/package.json'));
    library.FS.writeFile(target, readFileSync(join(folder, 'plugins', `libH5Z${plugin}.so`)));
  }
}

function readRows(
  library: Hdf5Library,
  fileId: bigint,
  where: string,
  dataset: Hdf5Dataset,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  const { type, shape } = dataset;
  if (type === undefined) throw new FormatError(`${where}: expected numbers, got another type`);
  const count = [to - from, ...shape.slice(1)];
  const bytes = count.reduce((product, side) => product * side, storedBytesOf(type));
  return readInto(library, fileId, where, dataset, from, count, bytes, (pointer) =>
    // A copy, since the library's memory may move.
    library.HEAPU8.slice(pointer, pointer + bytes),
  );
}

/** Each element is a pair of 32-bit numbers: a length, and where the bytes are. */
function readByteRuns(
  library: Hdf5Library,
  fileId: bigint,
  where: string,
  dataset: Hdf5Dataset,
  from: number,
  to: number,
): Uint8Array[] {
  const count = [to - from];
  return readInto(library, fileId, where, dataset, from, count, (to - from) * 8, (pointer) => {
    const pairs = new Uint32Array(library.HEAPU8.slice(pointer, pointer + (to - from) * 8).buffer);
    const runs = Array.from({ length: to - from }, (_, i) =>
      library.HEAPU8.slice(pairs[2 * i + 1], pairs[2 * i + 1] + pairs[2 * i]),
    );
    const extents = count.map(BigInt);
    library.reclaim_vlen_memory_count(fileId, `/${dataset.path}`, '', BigInt(pointer), extents);
    return runs;
  });
}

/** Has the library read a range of rows into its memory, and hands that to `take`. */
function readInto<Result>(
  library: Hdf5Library,
  fileId: bigint,
  where: string,
  dataset: Hdf5Dataset,
  from: number,
  count: readonly number[],
  bytes: number,
  take: (pointer: number) => Result,
): Result {
  if (from < 0 || from + count[0] > dataset.shape[0])
    throw new FormatError(`${where}: expected rows in 0..${dataset.shape[0]}, got ${from}..${from + count[0]}`);
  // The library's memory ends at 2 GiB; asking for more ends it for good.
  if (bytes > MAXIMAL_READ_BYTES)
    throw new FormatError(`${where}: expected at most ${MAXIMAL_READ_BYTES} bytes at once, got ${bytes}`);
  const pointer = library._malloc(Math.max(bytes, 1));
  if (pointer === 0) throw new FormatError(`${where}: expected ${bytes} bytes of memory, got none`);
  try {
    if (bytes > 0)
      explained(where, `rows ${from} to ${from + count[0] - 1}`, () =>
        library.get_dataset_data(
          fileId,
          `/${dataset.path}`,
          count.map(BigInt),
          count.map((_, axis) => BigInt(axis === 0 ? from : 0)),
          count.map(() => 1n),
          BigInt(pointer),
        ),
      );
    return take(pointer);
  } finally {
    library._free(pointer);
  }
}
