// Writes a recording as one Parquet table with a row an observation. Where the observations go on after the last action, that
// row has no action. Images are PNG bytes; shapes of other columns stand in the file's metadata.
import type { SchemaElement } from 'hyparquet';
import { type ElementArray, type ElementType, numberAt } from '../element.ts';
import { isImageColumn } from '../image/recording.ts';
import { SHAPES_KEY, writeStoredShapes } from '../readers/stored-shape.ts';
import { type Column, type Recording, rowCountOf, rowSizeOf } from '../recording.ts';
import { writtenTypeOf } from './column-rows.ts';

/** Rows of a row group, which is decoded as a whole: so many, or so many bytes. */
const GROUP_ROWS = 4096;
const GROUP_BYTES = 16 * 1024 ** 2;
const EPISODE_NAME = 'episode_index';

export async function writeParquet(recording: Recording, path: string): Promise<void> {
  const { ParquetWriter, fileWriter } = await import('hyparquet-writer');
  // A table of an earlier conversion has the number of the episode already.
  const columns = [...recording.columns.values()].filter(({ name }) => name !== EPISODE_NAME);
  const rowBytes = columns.reduce((sum, column) => sum + rowSizeOf(column) * 4, 0);
  const groupRows = Math.max(1, Math.min(GROUP_ROWS, Math.floor(GROUP_BYTES / rowBytes)));
  const shapes = new Map(columns.filter(({ shape }) => shape.length > 1).map(({ name, shape }) => [name, shape]));
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [
      { name: 'root', num_children: columns.length + 1 },
      { name: EPISODE_NAME, type: 'INT64', repetition_type: 'REQUIRED' },
      ...columns.flatMap(schemaOf),
    ],
    kvMetadata: [{ key: SHAPES_KEY, value: writeStoredShapes(shapes) }],
    createdBy: 'jepa-onnx',
  });
  let pending = emptyRows(columns);
  let episodes: bigint[] = [];
  const flush = async () => {
    if (episodes.length === 0) return;
    const data = columns.map(({ name }) => ({ name, data: pending.get(name) ?? [] }));
    await writer.write({
      columnData: [{ name: EPISODE_NAME, data: episodes }, ...data],
      rowGroupSize: episodes.length,
    });
    pending = emptyRows(columns);
    episodes = [];
  };
  for (let episode = 0; episode < recording.episodeCount; episode++) {
    const rowCount = Math.max(...columns.map((column) => rowCountOf(column, episode)));
    for (let from = 0; from < rowCount; ) {
      const to = Math.min(rowCount, from + groupRows - episodes.length);
      for (const column of columns) {
        const end = Math.min(to, rowCountOf(column, episode));
        const start = column.starts[episode];
        const rows = pending.get(column.name) ?? [];
        if (end > from) {
          const values = await recording.read(column.name, start + from, start + end);
          rows.push(...(await cellsOf(column, values, end - from)));
        }
        for (let row = Math.max(end, from); row < to; row++) rows.push(null);
      }
      for (let row = from; row < to; row++) episodes.push(BigInt(episode));
      from = to;
      if (episodes.length === groupRows) await flush();
    }
  }
  await flush();
  await writer.finish();
}

function emptyRows(columns: readonly Column[]): Map<string, unknown[]> {
  return new Map(columns.map(({ name }) => [name, []]));
}

function schemaOf(column: Column): SchemaElement[] {
  const { name } = column;
  if (isImageColumn(column)) return [{ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' }];
  if (column.labels !== undefined)
    return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }];
  const leaf = leafOf(writtenTypeOf(column));
  if (column.shape.length === 0) return [{ ...leaf, name, repetition_type: 'OPTIONAL' }];
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { ...leaf, name: 'element', repetition_type: 'REQUIRED' },
  ];
}

const CONVERTED_TYPES = {
  int8: 'INT_8',
  int16: 'INT_16',
  uint8: 'UINT_8',
  uint16: 'UINT_16',
  uint32: 'UINT_32',
  uint64: 'UINT_64',
} as const;

function leafOf(type: Exclude<ElementType, 'float16'>): Pick<SchemaElement, 'type' | 'converted_type'> {
  if (type === 'float32') return { type: 'FLOAT' };
  if (type === 'float64') return { type: 'DOUBLE' };
  if (type === 'bool') return { type: 'BOOLEAN' };
  const bitWidth = Number(type.replace(/\D/g, ''));
  const physical = bitWidth === 64 ? 'INT64' : 'INT32';
  if (type === 'int32' || type === 'int64') return { type: physical };
  // Not the logical type: hyparquet-writer 0.17 writes its width as an i32 where Thrift has a byte, and pyarrow opens no such file.
  return { type: physical, converted_type: CONVERTED_TYPES[type] };
}

/** A cell a row: a number, a list of numbers, or PNG bytes. */
async function cellsOf(column: Column, values: ElementArray, rowCount: number): Promise<unknown[]> {
  const size = rowSizeOf(column);
  if (isImageColumn(column)) {
    const { encode } = await import('fast-png');
    const [height, width, channels] = column.shape;
    const pixels = Uint8Array.from({ length: values.length }, (_, i) => numberAt(values, i));
    return Array.from({ length: rowCount }, (_, row) =>
      encode({ width, height, channels, depth: 8, data: pixels.subarray(row * size, (row + 1) * size) }),
    );
  }
  const { labels } = column;
  if (labels !== undefined) return Array.from({ length: rowCount }, (_, row) => labels[numberAt(values, row)]);
  const toCell = (value: number | bigint) => (column.type === 'bool' ? value !== 0 : value);
  return Array.from({ length: rowCount }, (_, row) =>
    column.shape.length === 0
      ? toCell(values[row])
      : Array.from(values.subarray(row * size, (row + 1) * size), (value: number | bigint) => toCell(value)),
  );
}
