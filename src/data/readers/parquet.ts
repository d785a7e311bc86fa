// A Parquet table with one row a step: numbers, lists of numbers, and encoded images as Hugging Face's datasets store them.
import { FormatError } from '../../error.ts';
import { elementCount } from '../../shape.ts';
import { numberTexts } from '../class-column.ts';
import { type FlatArray, openFlatRecording } from '../flat-layout.ts';
import { openImageColumn, orNote } from '../image/column.ts';
import { imageFileTypeOf } from '../image/file.ts';
import type { OpenOptions, Recording, RecordingHandle } from '../recording.ts';
import { openParquetFile, type ParquetColumn, type ParquetFile } from './parquet-file.ts';
import { readStoredShapes } from './stored-shape.ts';

export async function openParquet(handle: RecordingHandle): Promise<Recording> {
  const { path } = handle;
  const file = await openParquetFile(path);
  try {
    const shapes = readStoredShapes(file.metadata);
    const arrays: FlatArray[] = [];
    const notes: string[] = [];
    for (const column of file.columns) {
      const array = await openParquetColumn(file, column, handle.options, notes);
      if (array === 'left out') continue;
      if (array === undefined) notes.push(`${column.name}: no numbers, left out`);
      else arrays.push({ ...array, shape: reshaped(array.shape, shapes.get(array.name)) });
    }
    if (arrays.length === 0) throw new FormatError(`${path}: expected columns of numbers, got none`);
    return await openFlatRecording(path, 'Parquet', arrays, { handle, notes, dispose: file.dispose });
  } catch (error) {
    file.dispose();
    throw error;
  }
}

/** The shape that was noted for the rows, where it has as many numbers. */
function reshaped([rowCount, ...stored]: readonly number[], noted: readonly number[] | undefined): readonly number[] {
  return [rowCount, ...(noted !== undefined && elementCount(noted) === elementCount(stored) ? noted : stored)];
}

/** A column as an array; undefined for what is neither numbers nor images. */
export async function openParquetColumn(
  file: ParquetFile,
  column: ParquetColumn,
  options: OpenOptions,
  notes: string[],
): Promise<FlatArray | 'left out' | undefined> {
  const { name } = column;
  const { rowCount, rowsPerChunk } = file;
  if (column.kind === 'text') return openTextColumn(file, name);
  if (column.kind === 'other') return undefined;
  if (column.kind === 'bytes') {
    const [first] = (await file.readBytes(column, 0, Math.min(1, rowCount))).rows;
    if (first === undefined || imageFileTypeOf(first) === undefined) return undefined;
    const opened = await orNote(name, notes, () =>
      openImageColumn(
        {
          name,
          starts: Float64Array.of(0, rowCount),
          rowsPerChunk,
          whereOf: (row) => `${file.path} ${name} row ${row}`,
          read: async (from, to) => (await file.readBytes(column, from, to)).rows,
        },
        options.imageSize,
        true,
      ),
    );
    if (opened === undefined) return 'left out';
    const { column: images, read } = opened;
    const nullRows = file.mayHaveNulls(column) ? (await file.readBytes(column, 0, rowCount)).nullRows : [];
    return { ...images, shape: [rowCount, ...images.shape], nullRows, read };
  }
  const nullRows = file.mayHaveNulls(column) ? (await file.readNumbers(column, 0, rowCount)).nullRows : [];
  return {
    name,
    type: column.type,
    shape: [rowCount, ...column.shape],
    rowsPerChunk,
    nullRows,
    read: async (from, to) => (await file.readNumbers(column, from, to)).values,
  };
}

/** Text as numbers of its different values; undefined where they are too many for classes, or some are missing. */
async function openTextColumn(file: ParquetFile, name: string): Promise<FlatArray | undefined> {
  const decoder = new TextDecoder();
  const texts = (await file.readValues(name)).map((value) =>
    value instanceof Uint8Array ? decoder.decode(value) : value,
  );
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  const numbered = numberTexts(texts);
  if (numbered === undefined) return undefined;
  const { labels, values } = numbered;
  return { name, type: 'int32', shape: [file.rowCount], labels, read: (from, to) => values.slice(from, to) };
}
