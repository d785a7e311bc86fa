// LeRobot data sets, versions 2.0, 2.1 and 3.0: numbers and images in Parquet, videos through the user's ffmpeg.
import { resolve } from 'node:path';
import { FormatError } from '../../error.ts';
import { allocate, type ElementArray, type ElementType, isElementType, isInteger } from '../element.ts';
import { copyRows, episodeAt } from '../flat-layout.ts';
import { openImageColumn, orNote } from '../image/column.ts';
import { resizeImages } from '../image/image.ts';
import type { Column, Recording, RecordingHandle } from '../recording.ts';
import { rowSizeOf } from '../recording.ts';
import { guessRoles } from '../role-name.ts';
import type { LerobotEpisode } from './lerobot/episodes.ts';
import { type LerobotFeature, type LerobotMetadata, readLerobotMetadata } from './lerobot/metadata.ts';
import { openParquetFile, type ParquetColumn, type ParquetFile } from './parquet-file.ts';
import { isDeepGrey, readFrames } from './video.ts';

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
  const notes: string[] = [...metadata.notes];
  try {
    for (const feature of metadata.features) {
      const { name, dtype, pixelFormat } = feature;
      if (dtype === 'video') {
        if (pixelFormat !== undefined && isDeepGrey(pixelFormat))
          notes.push(`${name}: a video of ${pixelFormat}, which is more than 8 bits a pixel, left out`);
        else found.set(name, videoColumn(metadata, feature, starts, handle));
      } else if (dtype === 'image') {
        const images = await orNote(name, notes, () => imageColumn(files, path, feature, starts, handle));
        if (images !== undefined) found.set(name, images);
      } else if (isElementType(dtype)) found.set(name, await numberColumn(files, feature, dtype, starts));
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

async function numberColumn(
  files: DataFiles,
  { name, shape: stored }: LerobotFeature,
  type: Column['type'],
  starts: Float64Array,
): Promise<ReadableColumn> {
  // A shape of [1] is a plain number in the table.
  const shape = stored.length === 1 && stored[0] === 1 ? [] : stored;
  const column: Column = { name, type, shape, starts, rowsPerChunk: files.rowsPerChunk };
  const rowSize = rowSizeOf(column);
  const [first] = await files.under(0, 1);
  if (first !== undefined) compareTypes(first.file, columnOf(first.file, name), type, rowSize);
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
        else
          for (let i = 0; i < values.length; i++)
            if (!assign(rows, offset * rowSize + i, values[i]))
              throw new FormatError(
                `${file.path} ${name} row ${start + Math.floor(i / rowSize)}: expected ${type} as meta/info.json says, got ${values[i]}`,
                { remedy: 'Correct its dtype in meta/info.json.' },
              );
      }
      return rows;
    },
  };
}

/** The table's own description of the column, compared with that of meta/info.json. */
function compareTypes(file: ParquetFile, column: ParquetColumn, type: ElementType, rowSize: number): void {
  const where = `${file.path} ${column.name}`;
  if (column.kind !== 'numbers')
    throw new FormatError(`${where}: expected ${type} as meta/info.json says, got no numbers`);
  if (isInteger(type) && !isInteger(column.type))
    throw new FormatError(`${where}: expected ${type} as meta/info.json says, got ${column.type}`, {
      remedy: 'Correct its dtype in meta/info.json.',
    });
  const found = rowSizeOf(column);
  if (found !== rowSize)
    throw new FormatError(`${where}: expected ${rowSize} numbers a row as meta/info.json says, got ${found}`);
}

/** The table may hold another type of numbers than the description says; false where that would change a whole number. */
function assign(rows: ElementArray, index: number, value: number | bigint): boolean {
  if (rows instanceof BigInt64Array || rows instanceof BigUint64Array) {
    if (typeof value === 'number' && !Number.isInteger(value)) return false;
    rows[index] = BigInt(value);
    return rows[index] === BigInt(value);
  }
  rows[index] = Number(value);
  // Floats are rounded, as NumPy does; integers must stay what they are.
  return rows instanceof Float32Array || rows instanceof Float64Array || rows[index] === Number(value);
}

async function imageColumn(
  files: DataFiles,
  path: string,
  { name, shape }: LerobotFeature,
  starts: Float64Array,
  handle: RecordingHandle,
): Promise<ReadableColumn> {
  const images = await openImageColumn(
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
  const [height, width] = images.column.shape;
  if (handle.options.imageSize === undefined && (height !== shape[0] || width !== shape[1]))
    throw new FormatError(
      `${path} ${name}: expected images of ${shape[0]} x ${shape[1]} as meta/info.json says, got ${height} x ${width}`,
    );
  return images;
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
function createFiles({ dataFiles, episodes }: LerobotMetadata): DataFiles {
  const starts = startsOf(dataFiles.map(({ rowCount }) => rowCount));
  const open = new Map<number, ParquetFile>();
  /** Files whose rows have said which episodes they are of. */
  const compared = new Set<number>();
  const episodesOf = new Map<string, LerobotEpisode[]>();
  for (const episode of episodes) {
    const found = episodesOf.get(episode.dataPath) ?? [];
    found.push(episode);
    episodesOf.set(episode.dataPath, found);
  }
  const fileAt = async (index: number): Promise<ParquetFile> => {
    const { path, rowCount } = dataFiles[index];
    const file = open.get(index) ?? (await openParquetFile(path));
    open.delete(index);
    open.set(index, file);
    if (file.rowCount !== rowCount)
      throw new FormatError(`${path}: expected ${rowCount} rows as meta/ says, got ${file.rowCount}`);
    if (!compared.has(index)) {
      await compareEpisodes(file, episodesOf.get(path) ?? []);
      compared.add(index);
    }
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

/** The rows of a file say themselves which episode they are of. */
async function compareEpisodes(file: ParquetFile, episodes: readonly LerobotEpisode[]): Promise<void> {
  const column = file.columns.find(({ name }) => name === 'episode_index');
  if (column?.kind !== 'numbers') return;
  const { values } = await file.readNumbers(column, 0, file.rowCount);
  let row = 0;
  for (const { index, length } of episodes)
    for (const end = row + length; row < end; row++)
      if (Number(values[row]) !== index)
        throw new FormatError(
          `${file.path} episode_index row ${row}: expected episode ${index} as meta/ says, got ${values[row]}`,
          { remedy: 'Fetch the data set again: its meta/ and its data/ are not of one version.' },
        );
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
