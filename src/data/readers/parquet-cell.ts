// Cells of a Parquet table, which come as values of JavaScript, as flat arrays.
import { FormatError } from '../../error.ts';
import { elementCount } from '../../shape.ts';
import { allocate, type ElementArray, type ElementType } from '../element.ts';

/** Rows of one column. */
export interface DecodedRows {
  /** Flat, of columns of numbers. */
  readonly values: ElementArray;
  /** Of columns of bytes. */
  readonly byteRows: readonly Uint8Array[];
  /** Rows without a value, which are 0 in `values`. */
  readonly nullRows: readonly number[];
  /** What they take in memory. */
  readonly bytes: number;
}

/** Rows of bytes, or of structures with a field `bytes`; none where there is no value. */
export function collectBytes(rows: ArrayLike<unknown>, where: string, rowStart: number): DecodedRows {
  const nullRows: number[] = [];
  const byteRows = Array.from(rows, (row, i) => {
    const bytes = bytesOf(row, `${where} row ${rowStart + i}`);
    if (bytes === undefined) nullRows.push(i);
    return bytes ?? new Uint8Array(0);
  });
  const bytes = byteRows.reduce((sum, row) => sum + row.byteLength, 0);
  return { values: new Uint8Array(0), byteRows, nullRows, bytes };
}

/** Numbers, or nested lists of numbers, of one shape. Throws a FormatError that names the row of another shape. */
export function flattenRows(
  rows: ArrayLike<unknown>,
  { shape, type }: { readonly shape: readonly number[]; readonly type: ElementType },
  where: string,
  rowStart: number,
): DecodedRows {
  const rowSize = elementCount(shape);
  const values = allocate(type, rows.length * rowSize);
  const nullRows: number[] = [];
  for (let row = 0; row < rows.length; row++) {
    const value = rows[row];
    if (value === null || value === undefined) nullRows.push(row);
    else {
      const end = writeNumbers(value, shape, 0, values, row * rowSize);
      if (end !== (row + 1) * rowSize)
        throw new FormatError(
          `${where} row ${rowStart + row}: expected numbers of shape [${shape.join(', ')}] like the first row, got shape [${shapeOf(value).join(', ')}]`,
        );
    }
  }
  return { values, byteRows: [], nullRows, bytes: values.byteLength };
}

/** Writes nested lists one after the other; returns where it ended, or NaN where a side is not as it should be. */
function writeNumbers(
  value: unknown,
  shape: readonly number[],
  axis: number,
  target: ElementArray,
  offset: number,
): number {
  if (axis === shape.length) {
    if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean') return Number.NaN;
    if (target instanceof BigInt64Array || target instanceof BigUint64Array) target[offset] = BigInt(value);
    else target[offset] = Number(value);
    return offset + 1;
  }
  if (!(Array.isArray(value) || ArrayBuffer.isView(value)) || lengthOf(value) !== shape[axis]) return Number.NaN;
  let end = offset;
  for (let i = 0; i < shape[axis]; i++) end = writeNumbers(itemOf(value, i), shape, axis + 1, target, end);
  return end;
}

function lengthOf(value: unknown): number {
  return Number(Reflect.get(Object(value), 'length') ?? 0);
}

function itemOf(value: unknown, index: number): unknown {
  return Reflect.get(Object(value), index);
}

function bytesOf(row: unknown, where: string): Uint8Array | undefined {
  if (row === null || row === undefined) return undefined;
  const bytes: unknown = row instanceof Uint8Array ? row : Reflect.get(Object(row), 'bytes');
  if (bytes instanceof Uint8Array) return bytes;
  throw new FormatError(`${where}: expected bytes, got ${typeof bytes}`);
}

/** Sides of nested lists, by their first elements. */
export function shapeOf(value: unknown): number[] {
  return Array.isArray(value) || ArrayBuffer.isView(value) ? [lengthOf(value), ...shapeOf(itemOf(value, 0))] : [];
}
