// LeRobot data sets, versions 2.0, 2.1 and 3.0: numbers and images in Parquet, videos through the user's ffmpeg.
import { resolve } from 'node:path';
import { FormatError } from '../../error.ts';
import { allocate, type ElementArray, isElementType } from '../element.ts';
import { copyRows, episodeAt } from '../flat-layout.ts';
import { openImageColumn } from '../image/column.ts';
import { resizeImages } from '../image/image.ts';
import type { Column, Recording, RecordingHandle } from '../recording.ts';
import { rowSizeOf } from '../recording.ts';
import { guessRoles } from '../role-name.ts';
import { type LerobotFeature, type LerobotMetadata, readLerobotMetadata } from './lerobot-metadata.ts';
import { openParquetFile, type ParquetFile } from './parquet-file.ts';
import { readFrames } from './video.ts';

/** Data files that are open at once; version 2 has one an episode. */
const OPEN_FILES = 32;

interface ReadableColumn {
  readonly column: Column;
  read(from: number, to: number): Promise<ElementArray>;
}

export async function openLerobot(handle: RecordingHandle): Promise<Recording> {
  const { path } = handle;
  const metadata = await readLerobotMetadata(path);
  const starts = startsOf(metadata.episodes.map(({ length }) => length));
  const files = createFiles(metadata);
  const found = new Map<string, ReadableColumn>();
  const notes: string[] = [];
  try {
    for (const feature of metadata.features) {
      const { name, dtype } = feature;
      if (dtype === 'video') found.set(name, videoColumn(metadata, feature, starts, handle));
      else if (dtype === 'image') found.set(name, await imageColumn(files, path, name, starts, handle));
      else if (isElementType(dtype)) found.set(name, numberColumn(files, feature, dtype, starts));
      else notes.push(`${name}: ${dtype}, left out`);
    }
  } catch (error) {
    files.dispose();
    throw error;
  }
  return {
    path,
    format: `LeRobot ${metadata.version === '2' ? '2' : '3'}`,
    episodeCount: metadata.episodes.length,
    columns: new Map([...found].map(([name, { column }]) => [name, column])),
    roles: guessRoles([...found.keys()]),
    notes,
    handle,
    async read(name, from, to) {
      const column = found.get(name);
      if (column === undefined) throw new FormatError(`${path}: expected a column, got "${name}"`);
      return column.read(from, to);
    },
    async dispose() {
      files.dispose();
    },
  };
}

function numberColumn(
  files: DataFiles,
  { name, shape: stored }: LerobotFeature,
  type: Column['type'],
  starts: Float64Array,
): ReadableColumn {
  // A shape of [1] is a plain number in the table.
  const shape = stored.length === 1 && stored[0] === 1 ? [] : stored;
  const column: Column = { name, type, shape, starts, rowsPerChunk: files.rowsPerChunk };
  const rowSize = rowSizeOf(column);
  return {
    column,
    async read(from, to) {
      const rows = allocate(type, (to - from) * rowSize);
      for (const { file, start, end, offset } of await files.under(from, to)) {
        const { values, nullRows } = await file.readNumbers(columnOf(file, name), start, end);
        if (values.length !== (end - start) * rowSize)
          throw new FormatError(
            `${file.path} ${name}: expected ${rowSize} numbers a row, got ${values.length / (end - start)}`,
          );
        if (nullRows.length > 0)
          throw new FormatError(`${file.path} ${name} row ${start + nullRows[0]}: expected a value, got none`);
        if (values.constructor === rows.constructor) copyRows(values, rows, offset * rowSize);
        else for (let i = 0; i < values.length; i++) assign(rows, offset * rowSize + i, values[i]);
      }
      return rows;
    },
  };
}

/** The table may hold another type of numbers than the description says. */
function assign(rows: ElementArray, index: number, value: number | bigint): void {
  if (rows instanceof BigInt64Array || rows instanceof BigUint64Array) rows[index] = BigInt(value);
  else rows[index] = Number(value);
}

async function imageColumn(
  files: DataFiles,
  path: string,
  name: string,
  starts: Float64Array,
  handle: RecordingHandle,
): Promise<ReadableColumn> {
  return openImageColumn(
    {
      name,
      starts,
      rowsPerChunk: files.rowsPerChunk,
      whereOf: (row) => `${path} ${name} episode ${episodeAt(starts, row)} row ${row - starts[episodeAt(starts, row)]}`,
      async read(from, to) {
        const rows: Uint8Array[] = [];
        for (const { file, start, end } of await files.under(from, to))
          rows.push(...(await file.readBytes(columnOf(file, name), start, end)).rows);
        return rows;
      },
    },
    handle.options.imageSize,
  );
}

function videoColumn(
  { episodes, framesPerSecond }: LerobotMetadata,
  { name, shape: [height, width] }: LerobotFeature,
  starts: Float64Array,
  { options }: RecordingHandle,
): ReadableColumn {
  const size = options.imageSize ?? [height, width];
  const column: Column = { name, type: 'uint8', shape: [...size, 3], starts };
  const rowSize = rowSizeOf(column);
  return {
    column,
    async read(from, to) {
      const rows = new Uint8Array((to - from) * rowSize);
      for (let row = from, episode = episodeAt(starts, from); row < to; episode++) {
        const end = Math.min(to, starts[episode + 1]);
        if (end <= row) continue;
        const video = episodes[episode].videos.get(name);
        if (video === undefined) throw new FormatError(`${name} episode ${episode}: expected a video, got none`);
        const frames = await readFrames(
          {
            path: resolve(video.path),
            startSeconds: video.startSeconds + (row - starts[episode]) / framesPerSecond,
            framesPerSecond,
            frameCount: end - row,
            height,
            width,
          },
          options.ffmpeg,
        );
        rows.set(resizeImages(frames, [height, width, 3], [size[0], size[1]]), (row - from) * rowSize);
        row = end;
      }
      return rows;
    },
  };
}

interface DataFiles {
  readonly rowsPerChunk: number | undefined;
  /** The files under a range of rows, with rows of each, and where they belong in the range. */
  under(
    from: number,
    to: number,
  ): Promise<{ readonly file: ParquetFile; readonly start: number; readonly end: number; readonly offset: number }[]>;
  dispose(): void;
}

/** Opens data files when they are needed, and keeps the newest open. */
function createFiles({ dataFiles }: LerobotMetadata): DataFiles {
  const starts = startsOf(dataFiles.map(({ rowCount }) => rowCount));
  const open = new Map<number, ParquetFile>();
  const fileAt = async (index: number): Promise<ParquetFile> => {
    const { path, rowCount } = dataFiles[index];
    const file = open.get(index) ?? (await openParquetFile(path));
    open.delete(index);
    open.set(index, file);
    if (file.rowCount !== rowCount)
      throw new FormatError(`${path}: expected ${rowCount} rows as meta/ says, got ${file.rowCount}`);
    for (const [oldest, old] of open) {
      if (open.size <= OPEN_FILES) break;
      open.delete(oldest);
      old.dispose();
    }
    return file;
  };
  return {
    rowsPerChunk: dataFiles[0]?.rowCount,
    async under(from, to) {
      const found = [];
      for (let row = from, index = episodeAt(starts, from); row < to; index++) {
        const end = Math.min(to, starts[index + 1]);
        if (end <= row) continue;
        const file = await fileAt(index);
        found.push({ file, start: row - starts[index], end: end - starts[index], offset: row - from });
        row = end;
      }
      return found;
    },
    dispose() {
      for (const file of open.values()) file.dispose();
      open.clear();
    },
  };
}

function columnOf(file: ParquetFile, name: string): ParquetFile['columns'][number] {
  const column = file.columns.find((candidate) => candidate.name === name);
  if (column === undefined)
    throw new FormatError(`${file.path}: expected a column ${name} as meta/info.json says, got none`);
  return column;
}

function startsOf(lengths: readonly number[]): Float64Array {
  const starts = new Float64Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) starts[i + 1] = starts[i] + length;
  return starts;
}
