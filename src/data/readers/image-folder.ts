// A folder of images with a table of steps: steps.csv, steps.jsonl, or the only CSV or JSONL file in it. Each row names the
// images of its observation; the last row of an episode may have no action. Or such a table by itself, named by its own path.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, posix } from 'node:path';
import { FormatError, UsageError } from '../../error.ts';
import { elementCount } from '../../shape.ts';
import { readFolder, storageError } from '../../storage/file-system.ts';
import { numberTexts } from '../class-column.ts';
import { type FlatArray, openFlatRecording } from '../flat-layout.ts';
import { openImageColumn, orNote } from '../image/column.ts';
import type { Recording, RecordingHandle } from '../recording.ts';
import { isLfsPointer, lfsPointerError } from './foreign-file.ts';
import { MAXIMAL_TABLE_BYTES, parseCsvTable, parseJsonLinesTable } from './step-table.ts';

const TABLE_NAMES = ['steps.csv', 'steps.jsonl', 'metadata.csv', 'metadata.jsonl'];
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
]);

/** The table of steps of a folder, or undefined where it has none. */
export function findStepTable(folder: string): string | undefined {
  const named = TABLE_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (named !== undefined) return named;
  const tables = readFolder(`recording ${folder}`, folder).filter((name) =>
    ['.csv', '.jsonl'].includes(extname(name).toLowerCase()),
  );
  if (tables.length > 1)
    throw new UsageError(`recording ${folder}: expected one table of steps, got ${tables.join(', ')}`, {
      remedy: 'Call the one that is meant steps.csv or steps.jsonl.',
    });
  return tables.length === 1 ? join(folder, tables[0]) : undefined;
}

export async function openImageFolder(handle: RecordingHandle): Promise<Recording> {
  const folder = handle.path;
  const path = findStepTable(folder);
  if (path === undefined)
    throw new FormatError(`recording ${folder}: expected a table of steps (steps.csv or steps.jsonl), got none`);
  return openTable(handle, folder, path);
}

/** A table by itself: of numbers, or of a file and a label a row, relative to its own folder. */
export function openTableFile(handle: RecordingHandle): Promise<Recording> {
  return openTable(handle, dirname(handle.path), handle.path);
}

async function openTable(handle: RecordingHandle, folder: string, path: string): Promise<Recording> {
  const { options } = handle;
  const text = readTable(path);
  const table = extname(path).toLowerCase() === '.csv' ? parseCsvTable(text, path) : parseJsonLinesTable(text, path);
  const arrays: FlatArray[] = [];
  const notes: string[] = [];
  const images: string[] = [];
  for (const { name, values } of table.texts) {
    if (!areImageNames(values, `${path} ${name}`)) {
      const numbered = numberTexts(values);
      if (numbered === undefined) notes.push(`${name}: text of too many values for classes, left out`);
      else
        arrays.push({
          name,
          type: 'int32',
          shape: [table.rowCount],
          labels: numbered.labels,
          read: (from, to) => numbered.values.slice(from, to),
        });
      continue;
    }
    images.push(name);
    const files = values.map((value, row) => imagePath(folder, value, `${path} ${name} row ${row + 1}`));
    const opened = await orNote(name, notes, () =>
      openImageColumn(
        {
          name,
          starts: Float64Array.of(0, table.rowCount),
          whereOf: (row) => files[row],
          read: (from, to) => files.slice(from, to).map(readImage),
        },
        options.imageSize,
      ),
    );
    if (opened === undefined) continue;
    const { column, read } = opened;
    arrays.push({ ...column, shape: [table.rowCount, ...column.shape], read });
  }
  for (const { name, type, shape, values, nullRows } of table.numbers) {
    const rowSize = elementCount(shape);
    arrays.push({
      name,
      type,
      shape: [table.rowCount, ...shape],
      nullRows,
      read: (from, to) => values.slice(from * rowSize, to * rowSize),
    });
  }
  const format = images.length > 0 ? `images with ${basename(path)}` : `table ${basename(path)}`;
  return openFlatRecording(handle.path, format, arrays, {
    handle,
    notes,
    // Whatever it is called, the only image is what is observed.
    roles: images.length === 1 ? { observation: images } : {},
  });
}

/**
 * Whether a column names images.
 * @throws FormatError where most rows do and one does not: taken for text, no image of the column would be read
 */
function areImageNames(values: readonly string[], where: string): boolean {
  const isImage = values.map((value) => IMAGE_EXTENSIONS.has(extname(value).toLowerCase()));
  if (2 * isImage.filter(Boolean).length <= values.length) return false;
  const other = isImage.indexOf(false);
  if (other < 0) return true;
  throw new FormatError(
    `${where} row ${other + 1}: expected the name of an image as in most rows (${[...IMAGE_EXTENSIONS].join(', ')}), got "${values[other]}"`,
    { remedy: 'Rename the file, or leave the row out.' },
  );
}

/** Names are relative to the folder, and stay in it. */
function imagePath(folder: string, name: string, where: string): string {
  const normal = posix.normalize(name.replaceAll('\\', '/'));
  if (isAbsolute(normal) || /^[A-Za-z]:/.test(normal) || normal.split('/').includes('..') || normal.includes('\0'))
    throw new FormatError(`${where}: expected an image below ${folder}, got "${name}"`);
  return join(folder, normal);
}

export function readImage(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw storageError(path, 'a readable image', error);
  }
  if (isLfsPointer(bytes)) throw lfsPointerError(path, 'an image');
  return bytes;
}

function readTable(path: string): string {
  let size: number;
  try {
    size = statSync(path).size;
  } catch (error) {
    throw storageError(path, 'a readable table', error);
  }
  if (size > MAXIMAL_TABLE_BYTES)
    throw new FormatError(`${path}: expected a table of at most ${MAXIMAL_TABLE_BYTES} bytes, got ${size}`);
  try {
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw storageError(path, 'a readable table', error);
  }
}
