// Parquet files that nobody vouches for: columns by name as numbers, lists of numbers of one shape, or bytes. A row group is
// decoded as a whole; the newest ones are kept, so that neighbouring reads cost one decoding.
import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Compressors, FileMetaData, ParquetScan, SchemaTree } from 'hyparquet';
import { FormatError, JepaError } from '../../error.ts';
import { checkRowCount, SUSPICIOUS_PAGE_BYTES, SUSPICIOUS_PAGE_RATIO } from '../../storage/decoding-limit.ts';
import { storageError } from '../../storage/file-system.ts';
import { readExactly } from '../../storage/zip.ts';
import { allocate, type ElementArray, type ElementType, isElementType } from '../element.ts';
import { copyRows } from '../flat-layout.ts';
import { rowSizeOf } from '../recording.ts';
import { collectBytes, type DecodedRows, flattenRows, shapeOf } from './parquet-cell.ts';

/** Decoded row groups that are kept. */
const KEPT_BYTES = 128 * 1024 ** 2;

export type ParquetColumn =
  /** `shape` of one row: [] for a number; the sides of lists are those of the first row. */
  | { readonly kind: 'numbers'; readonly name: string; readonly type: ElementType; readonly shape: readonly number[] }
  /** Bytes, or the field `bytes` of a structure, as Hugging Face stores images. */
  | { readonly kind: 'bytes'; readonly name: string }
  /** Text of one value a row. */
  | { readonly kind: 'text'; readonly name: string }
  | { readonly kind: 'other'; readonly name: string };

export interface ParquetFile {
  readonly path: string;
  readonly rowCount: number;
  /** Rows of the first row group. */
  readonly rowsPerChunk: number;
  readonly columns: readonly ParquetColumn[];
  /** Key and value pairs of the file. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Rows without a value are 0 and listed in `nullRows`. */
  readNumbers(
    column: ParquetColumn,
    from: number,
    to: number,
  ): Promise<{ readonly values: ElementArray; readonly nullRows: readonly number[] }>;
  /** False where the file's statistics say that every row has a value. */
  mayHaveNulls(column: ParquetColumn): boolean;
  /** Rows without a value are empty and listed in `nullRows`. */
  readBytes(
    column: ParquetColumn,
    from: number,
    to: number,
  ): Promise<{ readonly rows: Uint8Array[]; readonly nullRows: readonly number[] }>;
  /** Values as they come, for tables of metadata. */
  readValues(name: string): Promise<readonly unknown[]>;
  dispose(): void;
}

export async function openParquetFile(path: string): Promise<ParquetFile> {
  const { parquetMetadataAsync, parquetScan, parquetSchema } = await import('hyparquet');
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw storageError(path, 'a readable file', error);
  }
  try {
    const byteLength = fstatSync(descriptor).size;
    const file = {
      byteLength,
      slice: (start: number, end = byteLength) => readExactly(descriptor, start, end - start, path).buffer,
    };
    const metadata = await explained(path, 'a Parquet file', () => parquetMetadataAsync(file));
    const compressors = await guardedCompressors(path);
    const scan = await explained(path, 'a Parquet file', () =>
      parquetScan({ file, metadata, compressors, utf8: false }),
    );
    const groupStarts = await explained(path, 'row groups', () => startsOfGroups(path, metadata, byteLength));
    const rowCount = groupStarts[groupStarts.length - 1];
    const columns: ParquetColumn[] = [];
    const trees = await explained(path, 'a schema of columns', () => parquetSchema(metadata).children);
    const names = new Set<string>();
    for (const tree of trees) {
      checkName(path, names, tree.element.name);
      columns.push(await describeColumn(scan, tree, path, rowCount));
    }
    const decode = createGroupDecoder(path, scan, groupStarts);
    return {
      path,
      rowCount,
      rowsPerChunk: groupStarts[1] ?? 0,
      columns,
      metadata: new Map((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
      async readNumbers(column, from, to) {
        if (column.kind !== 'numbers')
          throw new FormatError(`${path} ${column.name}: expected numbers, got another type`);
        const rowSize = rowSizeOf(column);
        const values = allocate(column.type, (to - from) * rowSize);
        const nullRows: number[] = [];
        for (const { group, start, end } of groupsUnder(groupStarts, from, to)) {
          const decoded = await decode(column, group);
          const offset = groupStarts[group] - from;
          const rows = decoded.values.subarray(start * rowSize, end * rowSize);
          copyRows(rows, values, (start + offset) * rowSize);
          for (const row of decoded.nullRows) if (row >= start && row < end) nullRows.push(row + offset);
        }
        return { values, nullRows };
      },
      mayHaveNulls: ({ name }) =>
        metadata.row_groups.some((group) =>
          group.columns.some(
            ({ meta_data: leaf }) => leaf?.path_in_schema[0] === name && leaf.statistics?.null_count !== 0n,
          ),
        ),
      async readBytes(column, from, to) {
        const rows: Uint8Array[] = [];
        const nullRows: number[] = [];
        for (const { group, start, end } of groupsUnder(groupStarts, from, to)) {
          const decoded = await decode(column, group);
          rows.push(...decoded.byteRows.slice(start, end));
          const offset = groupStarts[group] - from;
          for (const row of decoded.nullRows) if (row >= start && row < end) nullRows.push(row + offset);
        }
        return { rows, nullRows };
      },
      readValues: (name) =>
        explained(`${path} ${name}`, 'a column', async () =>
          // A row group at a time, which is what the library reads.
          (
            await Promise.all(
              groupsUnder(groupStarts, 0, rowCount).map(async ({ group }) =>
                Array.from(
                  await scan.readColumn({
                    column: name,
                    rowStart: groupStarts[group],
                    rowEnd: groupStarts[group + 1],
                  }),
                ),
              ),
            )
          ).flat(),
        ),
      dispose: () => closeSync(descriptor),
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function startsOfGroups(
  path: string,
  { row_groups: groups, num_rows: rowCount }: FileMetaData,
  byteLength: number,
): number[] {
  const starts = [0];
  for (const [i, group] of groups.entries()) {
    checkRowCount(`${path} row group ${i}`, Number(group.num_rows), byteLength);
    starts.push(starts[starts.length - 1] + Number(group.num_rows));
  }
  if (starts[starts.length - 1] !== Number(rowCount))
    throw new FormatError(`${path}: expected row groups of ${rowCount} rows, got ${starts[starts.length - 1]}`);
  return starts;
}

/** Names are what everything else goes by: each column has one of its own. */
function checkName(path: string, names: Set<string>, name: unknown): void {
  if (typeof name !== 'string' || name === '')
    throw new FormatError(`${path}: expected a name for each column, got a column without one`);
  if (names.has(name)) throw new FormatError(`${path}: expected each column once, got ${JSON.stringify(name)} twice`);
  names.add(name);
}

async function describeColumn(
  scan: ParquetScan,
  tree: SchemaTree,
  path: string,
  rowCount: number,
): Promise<ParquetColumn> {
  const { name } = tree.element;
  if (isBytes(tree) || tree.children.some((child) => child.element.name === 'bytes' && isBytes(child)))
    return { kind: 'bytes', name };
  if (isText(tree)) return { kind: 'text', name };
  let leaf = tree;
  while (leaf.children.length === 1) leaf = leaf.children[0];
  const type = leaf.children.length === 0 ? elementTypeOf(leaf) : undefined;
  if (type === undefined) return { kind: 'other', name };
  if (leaf === tree || rowCount === 0) return { kind: 'numbers', name, type, shape: [] };
  const [first] = await explained(`${path} ${name}`, 'its first row', () =>
    scan.readColumn({ column: name, rowStart: 0, rowEnd: 1 }),
  );
  return { kind: 'numbers', name, type, shape: shapeOf(first) };
}

function isBytes({ element }: SchemaTree): boolean {
  return element.type === 'BYTE_ARRAY' && element.converted_type === undefined && element.logical_type === undefined;
}

function isText({ element, children }: SchemaTree): boolean {
  const isMeant = element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING';
  return children.length === 0 && element.type === 'BYTE_ARRAY' && isMeant && element.repetition_type !== 'REPEATED';
}

function elementTypeOf({ element }: SchemaTree): ElementType | undefined {
  const { type, logical_type: logical, converted_type: converted } = element;
  if (logical?.type === 'INTEGER') {
    const name = `${logical.isSigned ? '' : 'u'}int${logical.bitWidth}`;
    return isElementType(name) ? name : undefined;
  }
  if (logical?.type === 'FLOAT16') return 'float16';
  if (logical !== undefined) return undefined;
  // Of files without logical types: INT_16, UINT_32.
  if (converted !== undefined) {
    const name = converted.toLowerCase().replace('_', '');
    return isElementType(name) ? name : undefined;
  }
  if (type === 'BOOLEAN') return 'bool';
  if (type === 'INT32') return 'int32';
  if (type === 'INT64') return 'int64';
  if (type === 'FLOAT') return 'float32';
  return type === 'DOUBLE' ? 'float64' : undefined;
}

/** Row groups under a range, with rows of each. */
function groupsUnder(
  starts: readonly number[],
  from: number,
  to: number,
): { readonly group: number; readonly start: number; readonly end: number }[] {
  const found = [];
  for (let group = 0; group + 1 < starts.length; group++) {
    const start = Math.max(from, starts[group]);
    const end = Math.min(to, starts[group + 1]);
    if (end > start) found.push({ group, start: start - starts[group], end: end - starts[group] });
  }
  return found;
}

/** Decodes row groups, and keeps the newest ones. */
function createGroupDecoder(
  path: string,
  scan: ParquetScan,
  starts: readonly number[],
): (column: ParquetColumn, group: number) => Promise<DecodedRows> {
  /** The newest last. */
  const kept = new Map<string, DecodedRows>();
  const decodeAnew = async (column: ParquetColumn, group: number): Promise<DecodedRows> => {
    const where = `${path} ${column.name}`;
    const [rowStart, rowEnd] = [starts[group], starts[group + 1]];
    const rows = await explained(where, `rows ${rowStart} to ${rowEnd - 1}`, () =>
      scan.readColumn({ column: column.name, rowStart, rowEnd }),
    );
    return column.kind === 'numbers' ? flattenRows(rows, column, where, rowStart) : collectBytes(rows, where, rowStart);
  };
  return async (column, group) => {
    const key = `${group}/${column.name}`;
    const decoded = kept.get(key) ?? (await decodeAnew(column, group));
    kept.delete(key);
    kept.set(key, decoded);
    let bytes = [...kept.values()].reduce((sum, item) => sum + item.bytes, 0);
    for (const [oldKey, old] of kept) {
      if (bytes <= KEPT_BYTES || oldKey === key) break;
      kept.delete(oldKey);
      bytes -= old.bytes;
    }
    return decoded;
  };
}

/** Decompressors that look at what a page claims before they allocate it. */
async function guardedCompressors(path: string): Promise<Compressors> {
  const { compressors } = await import('hyparquet-compressors');
  return Object.fromEntries(
    Object.entries(compressors).map(([codec, decompress]) => [
      codec,
      (input: Uint8Array, outputLength: number) => {
        if (outputLength > SUSPICIOUS_PAGE_BYTES && outputLength > SUSPICIOUS_PAGE_RATIO * input.byteLength)
          throw new FormatError(
            `${path}: expected at most ${SUSPICIOUS_PAGE_RATIO} times the ${input.byteLength} bytes of a page, got a claim of ${outputLength}`,
          );
        return decompress(input, outputLength);
      },
    ]),
  );
}

async function explained<Result>(
  where: string,
  expected: string,
  call: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof JepaError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new FormatError(`${where}: expected ${expected}, got a fault: ${message.split('\n')[0]}`, { cause: error });
  }
}
