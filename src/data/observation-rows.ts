// Observations of a recording by their rows, without transitions: what an encoder by itself is judged on, and what it is asked to
// encode. Rows are those of the observation's columns, over episodes as they follow each other; memory is that of one piece.
// Letters: N rows, H W C image, D numbers, n frames of a stack.
import { FormatError, option, UsageError } from '../error.ts';
import { elementCount } from '../shape.ts';
import { copyStack } from './block/batch.ts';
import {
  copyAsFloat32,
  type ElementArray,
  FLOAT32_WHOLE,
  findBeyondExact,
  fitsFloat32,
  type Numbers,
} from './element.ts';
import { episodeAt } from './flat-layout.ts';
import { isImageColumn } from './image/recording.ts';
import { type Column, type Recording, rowSizeOf, totalRowsOf } from './recording.ts';

/** Bytes of decoded rows that are held beside what is asked for. */
const PIECE_BYTES = 32 * 1024 ** 2;
/** Images that are read together: in the file they may be much larger than what they are brought to. */
const PIECE_IMAGES = 256;
/** Rows between two that are wanted which are rather read than skipped. */
const GAP_ROWS = 16;

/** What one input of an encoder is fed with: images side by side, or numbers one after the other. */
export interface RowPart {
  readonly columns: readonly string[];
  /** Frames of an observation, the newest last. Default 1. */
  readonly stack?: number | undefined;
  /** The input takes whole numbers, token ids say: one that float32 does not hold would be fed as another, and is refused. */
  readonly isWhole?: boolean | undefined;
}

/** Bytes of images where all of it is one image, else numbers; images among them as 0..255. */
export type RowValues = Uint8Array | Float32Array;

export interface ObservationRows {
  /** Of each part: [H, W, C n] of images, else the shape of the column, [D] of several. */
  readonly parts: readonly { readonly kind: 'image' | 'numbers'; readonly shape: readonly number[] }[];
  /** [H, W, C] of one image, else [D] of all parts one after the other. */
  readonly shape: readonly number[];
  /** N */
  readonly count: number;
  /** [E+1] the first row of each episode, then N. */
  readonly starts: Float64Array;
  /** How many rows are read at once where memory is to stay small. */
  readonly pieceRows: number;
  /** Rows `from` to `to` (exclusive): [to - from, ...shape]. */
  read(from: number, to: number): Promise<RowValues>;
  /** Any rows, in the order in which they are asked for. */
  gather(rows: ArrayLike<number>): Promise<RowValues>;
}

/** @throws UsageError where columns are not there or of different kinds, FormatError where their rows do not fit together */
export function observationRows(recording: Recording, given: readonly RowPart[]): ObservationRows {
  const plans = given.map((part) => planOf(recording, part));
  const [first] = plans[0].columns;
  for (const { columns } of plans)
    for (const column of columns)
      if (column.starts.some((start, i) => start !== first.starts[i]))
        throw new FormatError(
          `${recording.path} ${column.name}: expected as many rows in every episode as ${first.name} has (${totalRowsOf(first)}), got ${totalRowsOf(column)}`,
        );
  const isPixels = plans.length === 1 && plans[0].kind === 'image';
  const sizes = plans.map(({ shape }) => elementCount(shape));
  const rowSize = sizes.reduce((sum, size) => sum + size, 0);
  const { starts } = first;
  const count = totalRowsOf(first);
  const create = (rows: number) => (isPixels ? new Uint8Array(rows * rowSize) : new Float32Array(rows * rowSize));

  const read = async (from: number, to: number): Promise<RowValues> => {
    const target = create(to - from);
    let offset = 0;
    for (const [i, plan] of plans.entries()) {
      const { stack, pixels } = plan;
      // Of the first row's episode: frames before belong to another one.
      const start = Math.max(starts[episodeAt(starts, from)], from - stack + 1);
      const frames = await framesOf(recording, plan, start, to);
      for (let row = from; row < to; row++) {
        const before = row - starts[episodeAt(starts, row)];
        const place = (row - from) * rowSize + offset;
        copyStack(frames, row - start, Math.min(before, stack - 1), { stack, pixels, size: sizes[i] }, target, place);
      }
      offset += sizes[i];
    }
    return target;
  };

  const most = plans.some(({ kind }) => kind === 'image') ? PIECE_IMAGES : Number.POSITIVE_INFINITY;
  const pieceRows = Math.max(1, Math.min(most, Math.floor(PIECE_BYTES / (rowSize * (isPixels ? 1 : 4)))));
  const chunk = Math.max(GAP_ROWS, ...plans.flatMap(({ columns }) => columns.map((each) => each.rowsPerChunk ?? 1)));
  const gather = async (rows: ArrayLike<number>): Promise<RowValues> => {
    const target = create(rows.length);
    const order = Array.from(rows, (_, i) => i).sort((a, b) => rows[a] - rows[b]);
    for (let i = 0; i < order.length; ) {
      const begin = rows[order[i]];
      let end = i + 1;
      while (
        end < order.length &&
        rows[order[end]] - begin < pieceRows &&
        rows[order[end]] - rows[order[end - 1]] <= chunk
      )
        end++;
      const values = await read(begin, rows[order[end - 1]] + 1);
      for (; i < end; i++) {
        const start = (rows[order[i]] - begin) * rowSize;
        target.set(values.subarray(start, start + rowSize), order[i] * rowSize);
      }
    }
    return target;
  };
  return {
    parts: plans.map(({ kind, shape }) => ({ kind, shape })),
    shape: plans.length === 1 ? plans[0].shape : [rowSize],
    count,
    starts,
    pieceRows,
    read,
    gather,
  };
}

/** The numbers of a column at rows of the observations, exactly as recorded. */
export interface ColumnAtRows {
  /** Numbers of a row. */
  readonly size: number;
  /** Room for so many of its numbers, none of which it rounds. */
  allocate(length: number): Numbers;
  /** Undefined for an observation without a value. @throws FormatError where an integer is 2^53 or more from zero */
  read(row: number): Promise<Numbers | undefined>;
}

/**
 * The numbers of a column at rows of the observations, [N, size]. A column with one row less an episode has a value a step, which
 * belongs to the observation that the step led to: the first one has none.
 */
export function columnAtRows(
  recording: Recording,
  name: string,
  { starts }: Pick<ObservationRows, 'starts'>,
): ColumnAtRows {
  const column = columnAt(recording, name);
  const size = rowSizeOf(column);
  const shifts = alignmentOf(column, starts);
  if (shifts === undefined)
    throw new FormatError(
      `${recording.path} ${name}: expected a row for each of ${starts[starts.length - 1]} observations or for each step between them, got ${totalRowsOf(column)}`,
    );
  /** A piece of the column, which is small beside the observations. */
  let [from, to] = [0, 0];
  const isNarrow = fitsFloat32(column.type);
  const allocate = (length: number): Numbers => (isNarrow ? new Float32Array(length) : new Float64Array(length));
  let values = allocate(0);
  const pieceRows = Math.max(1, Math.floor(PIECE_BYTES / values.BYTES_PER_ELEMENT / size));
  return {
    ...{ size, allocate },
    async read(row) {
      const episode = episodeAt(starts, row);
      const own = column.starts[episode] + row - starts[episode] - shifts;
      if (own < column.starts[episode] || own >= column.starts[episode + 1]) return undefined;
      if (own < from || own >= to) {
        const begin = Math.floor(own / pieceRows) * pieceRows;
        const end = Math.min(totalRowsOf(column), begin + pieceRows);
        const raw = await recording.read(name, begin, end);
        const beyond = findBeyondExact(raw);
        if (beyond >= 0)
          throw new FormatError(
            `${recording.path} ${name} row ${begin + Math.floor(beyond / size)}: expected whole numbers below 2^53, which are told apart, got ${raw[beyond]}`,
            { remedy: 'Number the values from 0 on, or record them as text.' },
          );
        // Together: others may wait for the same.
        [from, to, values] = [begin, end, exactly(raw, allocate)];
      }
      return values.subarray((own - from) * size, (own - from + 1) * size);
    },
  };
}

/** Floats as they were read, and integers as floats. */
function exactly(raw: ElementArray, allocate: (length: number) => Numbers): Numbers {
  if (raw instanceof Float32Array || raw instanceof Float64Array) return raw;
  const numbers = allocate(raw.length);
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array)
    for (let i = 0; i < raw.length; i++) numbers[i] = Number(raw[i]);
  else numbers.set(raw);
  return numbers;
}

/** Whether a column has a value for every observation, or for every step between two. */
export function isAlignedWith(column: Column, starts: Float64Array): boolean {
  return alignmentOf(column, starts) !== undefined;
}

/** 0: a row an observation (or one more); 1: a row a step; undefined: neither. */
function alignmentOf(column: Column, starts: Float64Array): 0 | 1 | undefined {
  if (column.starts.length !== starts.length) return undefined;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let episode = 0; episode + 1 < starts.length; episode++) {
    const more = column.starts[episode + 1] - column.starts[episode] - (starts[episode + 1] - starts[episode]);
    [least, most] = [Math.min(least, more), Math.max(most, more)];
  }
  if (least === -1 && most === -1) return 1;
  return (least === 0 && most === 0) || (least === 1 && most === 1) ? 0 : undefined;
}

interface PartPlan {
  readonly kind: 'image' | 'numbers';
  readonly shape: readonly number[];
  readonly columns: readonly [Column, ...Column[]];
  readonly stack: number;
  readonly isWhole: boolean;
  /** Places that each hold the channels of all frames side by side; 1 of numbers. */
  readonly pixels: number;
}

function planOf(recording: Recording, { columns: names, stack = 1, isWhole = false }: RowPart): PartPlan {
  const [first, ...others] = names.map((name) => columnAt(recording, name));
  if (first === undefined) throw new UsageError(`${recording.path}: expected a column of observations, got none`);
  const columns = [first, ...others] as const;
  const odd = others.find((column) => isImageColumn(column) !== isImageColumn(first));
  if (odd !== undefined)
    throw new UsageError(
      `${recording.path}: expected images alone or numbers alone for one input, got ${first.name} and ${odd.name}`,
      { remedy: `Say which column it takes: ${option('map', `observation=${first.name}`)}.` },
    );
  if (!isImageColumn(first)) {
    const size = columns.reduce((sum, column) => sum + rowSizeOf(column), 0);
    const shape = columns.length === 1 && stack === 1 && first.shape.length > 1 ? first.shape : [size * stack];
    return { kind: 'numbers', shape, columns, stack, isWhole, pixels: 1 };
  }
  const [height, width] = first.shape;
  for (const { name, shape } of others)
    if (shape[0] !== height || shape[1] !== width)
      throw new FormatError(
        `${recording.path} ${name}: expected images of ${height} x ${width} as in ${first.name}, got ${shape[0]} x ${shape[1]}`,
        { remedy: `Bring all images to one size: ${option('imageSize', 'HEIGHTxWIDTH')}.` },
      );
  const channels = columns.reduce((sum, { shape }) => sum + shape[2], 0);
  return { kind: 'image', shape: [height, width, channels * stack], columns, stack, isWhole, pixels: height * width };
}

/** Rows of all columns of a part, beside each other: [to - from, numbers of a frame]. */
async function framesOf(recording: Recording, plan: PartPlan, from: number, to: number): Promise<RowValues> {
  const { columns, kind, pixels } = plan;
  const widths = columns.map((column) => rowSizeOf(column) / pixels);
  const width = widths.reduce((sum, each) => sum + each, 0);
  const frames =
    kind === 'image' ? new Uint8Array((to - from) * pixels * width) : new Float32Array((to - from) * width);
  let offset = 0;
  for (const [i, column] of columns.entries()) {
    const raw = await recording.read(column.name, from, to);
    if (kind === 'image' && raw instanceof Uint8Array && columns.length === 1) return raw;
    const places = (to - from) * pixels;
    const values = new Float32Array(raw.length);
    copyAsFloat32(raw, 0, raw.length, values, 0);
    const odd = kind === 'numbers' ? values.findIndex((value) => !Number.isFinite(value)) : -1;
    if (odd >= 0)
      throw new FormatError(
        `${recording.path} ${column.name} row ${from + Math.floor(odd / widths[i])}: expected a finite number, got ${values[odd]}`,
      );
    const beyond = plan.isWhole && kind === 'numbers' ? raw.findIndex(isBeyondFloat32) : -1;
    if (beyond >= 0)
      throw new FormatError(
        `${recording.path} ${column.name} row ${from + Math.floor(beyond / widths[i])}: expected whole numbers up to 2^24 for an input of them, got ${raw[beyond]}`,
        { remedy: 'Number the values from 0 on.' },
      );
    for (let place = 0; place < places; place++)
      frames.set(values.subarray(place * widths[i], (place + 1) * widths[i]), place * width + offset);
    offset += widths[i];
  }
  return frames;
}

function isBeyondFloat32(value: number | bigint): boolean {
  return Math.abs(Number(value)) > FLOAT32_WHOLE;
}

function columnAt(recording: Recording, name: string): Column {
  const column = recording.columns.get(name);
  if (column === undefined) throw new UsageError(`${recording.path}: expected a column, got "${name}"`);
  return column;
}
