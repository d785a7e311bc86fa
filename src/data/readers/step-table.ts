// Tables of steps as text: CSV (RFC 4180) and JSON lines. All of it is held in memory; images are named, not contained.
import { FormatError } from '../../error.ts';
import { elementCount } from '../../shape.ts';
import type { ElementArray, ElementType } from '../element.ts';

/** A step's images apart, such a table is small; a larger file is not one. */
export const MAXIMAL_TABLE_BYTES = 512 * 1024 ** 2;

export interface TextColumn {
  readonly name: string;
  readonly values: readonly string[];
}

export interface NumberColumn {
  readonly name: string;
  readonly type: ElementType;
  /** Of one row. */
  readonly shape: readonly number[];
  readonly values: ElementArray;
  readonly nullRows: readonly number[];
}

export interface StepTable {
  readonly rowCount: number;
  readonly numbers: readonly NumberColumn[];
  readonly texts: readonly TextColumn[];
}

/** Columns `action_0`, `action_1`, ... (or with a dot, or in brackets) are the numbers of one column `action`. */
const NUMBERED = /^(.+?)(?:[._](\d+)|\[(\d+)\])$/;

export function parseCsvTable(text: string, where: string): StepTable {
  const [header, ...rows] = parseCsv(text, where);
  if (header === undefined) throw new FormatError(`${where}: expected a header and rows, got an empty file`);
  const duplicate = header.find((name, i) => header.indexOf(name) !== i);
  if (duplicate !== undefined) throw new FormatError(`${where}: expected each column once, got "${duplicate}" twice`);
  // Columns may be called 0, 1, 2, ...; other numbers are the first row of a table without names.
  const areNumbers = header.every((name) => name.trim() !== '' && Number.isFinite(Number(name)));
  if (areNumbers && header.some((name, i) => Number(name) !== i))
    throw new FormatError(`${where}: expected a first line of names, got numbers: ${header.slice(0, 3).join(', ')}`, {
      remedy: 'Write the names of the columns into it.',
    });
  const wrong = rows.findIndex((row) => row.length !== header.length);
  if (wrong >= 0)
    throw new FormatError(`${where} row ${wrong + 1}: expected ${header.length} fields, got ${rows[wrong].length}`);
  const cells = new Map(header.map((name, i) => [name, rows.map((row) => parseField(row[i]))]));
  return toTable(joinNumbered(cells), rows.length, where);
}

export function parseJsonLinesTable(text: string, where: string): StepTable {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new FormatError(`${where}: expected a JSON object a line, got an empty file`);
  const rows = lines.map((line, i) => {
    try {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
        return new Map(Object.entries(parsed));
    } catch {
      // The same message for what is no JSON and for what is no object.
    }
    throw new FormatError(`${where} line ${i + 1}: expected a JSON object, got ${JSON.stringify(line.slice(0, 60))}`);
  });
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const cells = new Map(names.map((name) => [name, rows.map((row): unknown => row.get(name) ?? null)]));
  return toTable(cells, rows.length, where);
}

/** Empty fields are missing values; TRUE and false are 1 and 0. */
function parseField(field: string): string | number | null {
  const text = field.trim();
  if (text === '') return null;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true' ? 1 : 0;
  if (/^[+-]?(nan|inf(inity)?)$/i.test(text))
    return /nan/i.test(text) ? Number.NaN : Number(`${text[0] === '-' ? '-' : ''}Infinity`);
  const number = Number(text);
  return Number.isNaN(number) ? field : number;
}

function joinNumbered(cells: ReadonlyMap<string, readonly unknown[]>): ReadonlyMap<string, readonly unknown[]> {
  const groups = new Map<string, Map<number, string>>();
  for (const name of cells.keys()) {
    const match = NUMBERED.exec(name);
    if (match === null) continue;
    const group = groups.get(match[1]) ?? new Map<number, string>();
    group.set(Number(match[2] ?? match[3]), name);
    groups.set(match[1], group);
  }
  const joined = new Map(cells);
  for (const [name, group] of groups) {
    const members = Array.from({ length: group.size }, (_, i) => cells.get(group.get(i) ?? ''));
    // Numbers with a gap, texts, or numbers beside a column of that name, are names like any other.
    const isText = members.some((member) => member === undefined || member.some((value) => typeof value === 'string'));
    if (cells.has(name) || isText) continue;
    for (const member of group.values()) joined.delete(member);
    const [first = []] = members;
    joined.set(
      name,
      first.map((_, row) => {
        const values = members.map((member) => member?.[row] ?? null);
        return values.every((value) => value === null) ? null : values;
      }),
    );
  }
  return joined;
}

function toTable(cells: ReadonlyMap<string, readonly unknown[]>, rowCount: number, where: string): StepTable {
  const numbers: NumberColumn[] = [];
  const texts: TextColumn[] = [];
  for (const [name, values] of cells) {
    const present = values.filter((value) => value !== null);
    if (present.length > 0 && present.every((value) => typeof value === 'string')) {
      const missing = values.indexOf(null);
      if (missing >= 0) throw new FormatError(`${where} ${name} row ${missing + 1}: expected text, got none`);
      texts.push({ name, values: values.map(String) });
    } else if (present.length > 0) numbers.push(toNumbers(name, values, where));
  }
  return { rowCount, numbers, texts };
}

function toNumbers(name: string, values: readonly unknown[], where: string): NumberColumn {
  const first = values.find((value) => value !== null);
  const shape = shapeOf(first);
  const rowSize = elementCount(shape);
  const flat = new Float64Array(values.length * rowSize);
  const nullRows: number[] = [];
  for (const [row, value] of values.entries()) {
    if (value === null) {
      nullRows.push(row);
      continue;
    }
    const items = [value].flat(shape.length);
    const isOfShape = shapeOf(value).join() === shape.join() && items.length === rowSize;
    for (const [i, item] of items.entries()) {
      if (!isOfShape || (typeof item !== 'number' && typeof item !== 'boolean'))
        throw new FormatError(
          `${where} ${name} row ${row + 1}: expected ${rowSize === 1 ? 'a number' : `numbers of shape [${shape.join(', ')}]`} as in the first row, got ${JSON.stringify(value)}`,
        );
      flat[row * rowSize + i] = Number(item);
    }
  }
  const isWhole = flat.every((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31);
  return isWhole
    ? { name, type: 'int32', shape, values: Int32Array.from(flat), nullRows }
    : { name, type: 'float64', shape, values: flat, nullRows };
}

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

/** Fields between commas; a field in quotes may hold commas, line breaks and doubled quotes. */
function parseCsv(text: string, where: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let index = text.startsWith('\ufeff') ? 1 : 0;
  while (index < text.length) {
    let field = '';
    if (text[index] === '"') {
      const start = index;
      for (;;) {
        const quote = text.indexOf('"', index + 1);
        if (quote < 0)
          throw new FormatError(`${where} row ${rows.length}: expected a closing quote, got the end of the file`);
        index = quote + 1;
        if (text[index] !== '"') break;
      }
      field = text.slice(start + 1, index - 1).replaceAll('""', '"');
    } else {
      const end = /[,\r\n]/g;
      end.lastIndex = index;
      const next = end.exec(text)?.index ?? text.length;
      field = text.slice(index, next);
      index = next;
    }
    row.push(field);
    const isLineEnd = index >= text.length || text[index] === '\n' || text[index] === '\r';
    if (!isLineEnd && text[index] !== ',')
      throw new FormatError(`${where} row ${rows.length}: expected a comma after a quoted field, got "${text[index]}"`);
    if (text[index] === '\r' && text[index + 1] === '\n') index++;
    index++;
    if (isLineEnd) {
      if (row.length > 1 || row[0] !== '') rows.push(row);
      row = [];
    } else if (index >= text.length) {
      row.push('');
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
