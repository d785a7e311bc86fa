// A folder of recordings of one format, one after the other by name: a file an episode, or shards of a large data set.
import { extname, join } from 'node:path';
import { FormatError } from '../../error.ts';
import { readFolder } from '../../storage/file-system.ts';
import { allocate, type ElementArray } from '../element.ts';
import { ONE_EPISODE_NOTE } from '../episode-length.ts';
import { copyRows, episodeAt } from '../flat-layout.ts';
import { type Column, type Recording, type RecordingHandle, rowSizeOf } from '../recording.ts';
import { guessRoles } from '../role-name.ts';

/** Files that are open at once; the others are opened again when their rows are read. */
const OPEN_FILES = 32;
const EXTENSIONS: ReadonlySet<string> = new Set(['.npz', '.h5', '.hdf5', '.parquet']);

/** The recordings of a folder in the order of their names (`episode_2` before `episode_10`); none where there are none. */
export function findRecordingFiles(folder: string): string[] {
  const names = readFolder(`recording ${folder}`, folder).filter((name) => EXTENSIONS.has(extname(name).toLowerCase()));
  const extensions = new Set(names.map((name) => extname(name).toLowerCase()));
  if (extensions.size > 1) return [];
  return names.sort(new Intl.Collator('en', { numeric: true }).compare).map((name) => join(folder, name));
}

/** Opens all files once, to learn their columns; every file must have the columns of the first, of the same shape. */
export async function openFileFolder(
  handle: RecordingHandle,
  files: readonly string[],
  open: (handle: RecordingHandle) => Promise<Recording>,
): Promise<Recording> {
  const { path, options } = handle;
  const shelf = createShelf(open);
  const parts: {
    readonly handle: RecordingHandle;
    readonly episodeCount: number;
    readonly columns: ReadonlyMap<string, Column>;
  }[] = [];
  const notes = new Set<string>();
  let format = '';
  try {
    for (const [i, file] of files.entries()) {
      const recording = await shelf.take(i, { path: file, options });
      format ||= recording.format;
      // What was checked and unpacked need not be again.
      parts.push({
        handle: { ...recording.handle, prepared: recording.handle.prepared ?? {} },
        episodeCount: recording.episodeCount,
        columns: recording.columns,
      });
      for (const note of recording.notes) if (note !== ONE_EPISODE_NOTE) notes.add(note);
    }
  } catch (error) {
    await shelf.dispose();
    throw error;
  }
  const columns = new Map<string, Column>();
  /** First row of each file in a column. */
  const fileStarts = new Map<string, Float64Array>();
  for (const column of parts[0].columns.values()) {
    const found = parts.map((part) => part.columns.get(column.name));
    const missing = found.indexOf(undefined);
    if (missing >= 0) {
      notes.add(`${column.name}: missing in ${files[missing]}, left out`);
      continue;
    }
    const present = found.filter((item) => item !== undefined);
    const odd = present.findIndex(({ type, shape }) => type !== column.type || shape.join() !== column.shape.join());
    if (odd >= 0) {
      await shelf.dispose();
      const { type, shape } = present[odd];
      throw new FormatError(
        `${files[odd]} ${column.name}: expected rows of ${column.type} [${column.shape.join(', ')}] as in ${files[0]}, got ${type} [${shape.join(', ')}]`,
      );
    }
    if (present.some(({ labels }) => labels?.join('\0') !== column.labels?.join('\0'))) {
      notes.add(`${column.name}: text of other classes in other files, left out`);
      continue;
    }
    const { starts, ofFiles } = joinStarts(present.map((item) => item.starts));
    columns.set(column.name, { ...column, starts });
    fileStarts.set(column.name, ofFiles);
  }
  return {
    path,
    format: `${format}, ${files.length} files`,
    episodeCount: parts.reduce((sum, { episodeCount }) => sum + episodeCount, 0),
    columns,
    roles: guessRoles([...columns.keys()]),
    notes: [...notes],
    handle,
    async read(name, from, to): Promise<ElementArray> {
      const column = columns.get(name);
      const starts = fileStarts.get(name);
      if (column === undefined || starts === undefined)
        throw new FormatError(`${path}: expected a column, got "${name}"`);
      const rowSize = rowSizeOf(column);
      const rows = allocate(column.type, (to - from) * rowSize);
      for (let row = from, file = episodeAt(starts, from); row < to; file++) {
        const end = Math.min(to, starts[file + 1]);
        if (end <= row) continue;
        const recording = await shelf.take(file, parts[file].handle);
        copyRows(await recording.read(name, row - starts[file], end - starts[file]), rows, (row - from) * rowSize);
        row = end;
      }
      return rows;
    },
    dispose: () => shelf.dispose(),
  };
}

/** Starts of all episodes over all files, and the first row of each file. */
function joinStarts(tables: readonly Float64Array[]): {
  readonly starts: Float64Array;
  readonly ofFiles: Float64Array;
} {
  const starts = [0];
  const ofFiles = new Float64Array(tables.length + 1);
  for (const [file, table] of tables.entries()) {
    const first = starts[starts.length - 1];
    for (const start of table.subarray(1)) starts.push(first + start);
    ofFiles[file + 1] = starts[starts.length - 1];
  }
  return { starts: Float64Array.from(starts), ofFiles };
}

/** Keeps the newest recordings open. Those that unpacked something stay, since closing them removes it. */
function createShelf(open: (handle: RecordingHandle) => Promise<Recording>): {
  take(file: number, handle: RecordingHandle): Promise<Recording>;
  dispose(): Promise<void>;
} {
  /** The newest last. */
  const opened = new Map<number, Recording>();
  return {
    async take(file, handle) {
      const recording = opened.get(file) ?? (await open(handle));
      opened.delete(file);
      opened.set(file, recording);
      for (const [oldFile, old] of opened) {
        if (opened.size <= OPEN_FILES) break;
        if (old.handle.prepared?.unpackedFolder !== undefined) continue;
        opened.delete(oldFile);
        await old.dispose();
      }
      return recording;
    },
    async dispose() {
      for (const recording of opened.values()) await recording.dispose();
      opened.clear();
    },
  };
}
