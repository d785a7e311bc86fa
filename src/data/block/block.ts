// Blocks: runs of sequences that lie side by side in a recording, decoded together. What decoding needs is plain data, so
// that it can be sent to a worker; the decoded arrays are transferred back.
// Letters: K steps of a sequence, n frames of a stack, R rows of observations in a block.
import { FormatError, option } from '../../error.ts';
import { copyAsFloat32, type ElementArray, numberAt } from '../element.ts';
import type { AlignedColumn, UsableEpisode } from '../episode-plan.ts';
import { type Column, type Recording, rowSizeOf } from '../recording.ts';

/** Sequences of one episode that begin at observations `from` to `to` (exclusive). */
export interface Span {
  readonly episode: number;
  readonly from: number;
  readonly to: number;
}

export type Block = readonly Span[];

export interface DecodePlan {
  /** Image columns, then the others; each in order. */
  readonly images: readonly string[];
  readonly vectors: readonly string[];
  readonly actions: readonly string[];
  readonly auxiliary: readonly AlignedColumn[];
  readonly state: AlignedColumn | undefined;
  readonly stack: number;
  readonly horizon: number;
}

/** Rows of each span one after the other: observations from n-1 before its first to K after its last. */
export interface DecodedBlock {
  /** [R, H, W, C] */
  readonly images: Uint8Array;
  /** [R, D] */
  readonly vectors: Float32Array;
  /** [rows of actions, numbers of the columns] as recorded. */
  readonly actions: Float32Array;
  /** [R, M] */
  readonly auxiliary: Float32Array;
  /** [R], or empty where no state was recorded. */
  readonly states: Int32Array;
}

/** Cuts episodes into blocks of about `sequencesPerBlock` sequences, in their order; short episodes share one. */
export function cutBlocks(episodes: readonly UsableEpisode[], horizon: number, sequencesPerBlock: number): Block[] {
  const blocks: Block[] = [];
  let current: Span[] = [];
  let room = sequencesPerBlock;
  for (const { episode, from, to } of episodes) {
    const end = to - horizon;
    for (let start = from; start < end; ) {
      const next = Math.min(end, start + room);
      current.push({ episode, from: start, to: next });
      room -= next - start;
      start = next;
      if (room === 0) {
        blocks.push(current);
        current = [];
        room = sequencesPerBlock;
      }
    }
  }
  if (current.length > 0) blocks.push(current);
  return blocks;
}

export function sequencesOf(block: Block): number {
  return block.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** Observations that a span needs: its first one, and the one after its last. */
export function observationsOf(
  span: Span,
  { stack, horizon }: Pick<DecodePlan, 'stack' | 'horizon'>,
): readonly [number, number] {
  return [Math.max(0, span.from - (stack - 1)), span.to + horizon];
}

/** Actions that a span needs. */
export function actionsOf(span: Span, { horizon }: Pick<DecodePlan, 'horizon'>): readonly [number, number] {
  return [span.from, span.to + horizon - 1];
}

/** Reads and converts all that the sequences of a block need. Throws a FormatError for a number that is not finite. */
export async function decodeBlock(recording: Recording, plan: DecodePlan, block: Block): Promise<DecodedBlock> {
  const observationRanges = block.map((span) => [span.episode, ...observationsOf(span, plan)] as const);
  const actionRanges = block.map((span) => [span.episode, ...actionsOf(span, plan)] as const);
  const columnsOf = (names: readonly string[]) => names.map((name) => columnOf(recording, name));
  const imageColumns = columnsOf(plan.images);
  const vectorColumns = columnsOf(plan.vectors);
  const actionColumns = columnsOf(plan.actions);
  const auxiliaryColumns = columnsOf(plan.auxiliary.map(({ name }) => name));

  const images = await readImages(recording, imageColumns, observationRanges);
  const vectors = await readAsFloat32(
    recording,
    vectorColumns.map((column) => ({ column, shift: 0 })),
    observationRanges,
  );
  const actions = await readAsFloat32(
    recording,
    actionColumns.map((column) => ({ column, shift: 0 })),
    actionRanges,
  );
  const aligned = auxiliaryColumns.map((column, i) => ({ column, shift: plan.auxiliary[i].shift }));
  const auxiliary = await readAsFloat32(recording, aligned, observationRanges);
  const states =
    plan.state === undefined
      ? new Int32Array(0)
      : toStates(
          await readRanges(recording, columnOf(recording, plan.state.name), observationRanges, plan.state.shift),
        );
  return { images, vectors, actions, auxiliary, states };
}

type Range = readonly [episode: number, from: number, to: number];

function countRows(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [, from, to]) => sum + to - from, 0);
}

function sizeOf(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + rowSizeOf(column), 0);
}

function columnOf(recording: Recording, name: string): Column {
  const column = recording.columns.get(name);
  if (column === undefined) throw new FormatError(`${recording.path}: expected a column, got "${name}"`);
  return column;
}

/** [R, H, W, C of all columns] */
async function readImages(
  recording: Recording,
  columns: readonly Column[],
  ranges: readonly Range[],
): Promise<Uint8Array> {
  const [first, ...others] = columns;
  if (first === undefined) return new Uint8Array(0);
  const rows = await readRanges(recording, first, ranges, 0);
  // A single column needs no copy; one that fills its buffer can be handed to another thread.
  if (others.length === 0 && rows instanceof Uint8Array && rows.byteLength === rows.buffer.byteLength) return rows;
  const images = new Uint8Array(countRows(ranges) * sizeOf(columns));
  const channels = columns.reduce((sum, { shape }) => sum + shape[2], 0);
  interleave(rows, first.shape[2], images, 0, channels);
  let channel = first.shape[2];
  for (const column of others) {
    interleave(await readRanges(recording, column, ranges, 0), column.shape[2], images, channel, channels);
    channel += column.shape[2];
  }
  return images;
}

/** Rows side by side: each row holds one row of every column. */
async function readAsFloat32(
  recording: Recording,
  columns: readonly { readonly column: Column; readonly shift: number }[],
  ranges: readonly Range[],
): Promise<Float32Array> {
  const rowCount = countRows(ranges);
  const total = sizeOf(columns.map(({ column }) => column));
  const rows = new Float32Array(rowCount * total);
  let offset = 0;
  for (const { column, shift } of columns) {
    const size = rowSizeOf(column);
    const values = await readRanges(recording, column, ranges, shift);
    for (let row = 0; row < rowCount; row++) copyAsFloat32(values, row * size, size, rows, row * total + offset);
    offset += size;
  }
  for (let i = 0; i < rows.length; i++)
    if (!Number.isFinite(rows[i])) refuseOddity(recording, columns, ranges, i, total, rows[i]);
  return rows;
}

/** Says where the number came from. */
function refuseOddity(
  recording: Recording,
  columns: readonly { readonly column: Column; readonly shift: number }[],
  ranges: readonly Range[],
  index: number,
  total: number,
  value: number,
): never {
  let place = index % total;
  const found = columns.find(({ column }) => {
    place -= rowSizeOf(column);
    return place < 0;
  });
  let row = Math.floor(index / total);
  for (const [episode, from, to] of ranges) {
    if (row < to - from)
      throw new FormatError(
        `${recording.path} ${found?.column.name} episode ${episode} row ${from + row + (found?.shift ?? 0)}: expected a finite number, got ${value}`,
        { remedy: `Correct the recording, or leave such episodes out: ${option('skipOddEpisodes')}.` },
      );
    row -= to - from;
  }
  throw new FormatError(`${recording.path}: expected finite numbers, got ${value}`);
}

/** The rows of all ranges one after the other; ranges that touch in the file are read at once. */
async function readRanges(
  recording: Recording,
  column: Column,
  ranges: readonly Range[],
  shift: number,
): Promise<ElementArray> {
  const wanted = ranges.map(([episode, from, to]) => {
    const start = column.starts[episode];
    // Before the first row there is nothing; the first row stands in, for observations that no sequence uses.
    return { from: start + Math.max(0, from + shift), to: start + to + shift, missing: Math.max(0, -(from + shift)) };
  });
  const size = rowSizeOf(column);
  const rows = countRows(ranges);
  const runs: { from: number; to: number }[] = [];
  for (const { from, to } of wanted) {
    const last = runs.at(-1);
    if (last !== undefined && from >= last.from && from <= last.to) last.to = Math.max(last.to, to);
    else runs.push({ from, to });
  }
  const read = await Promise.all(
    runs.map(async (run) => ({ ...run, values: await recording.read(column.name, run.from, run.to) })),
  );
  const [only] = read;
  if (read.length === 1 && only !== undefined && only.values.length === rows * size) return only.values;
  const joined = emptyLike(only?.values, rows * size);
  let row = 0;
  let runIndex = 0;
  for (const { from, to, missing } of wanted) {
    while (to > read[runIndex].to || from < read[runIndex].from) runIndex++;
    const { values, from: runStart } = read[runIndex];
    for (let k = 0; k < missing; k++, row++) copyInto(values, (from - runStart) * size, size, joined, row * size);
    copyInto(values, (from - runStart) * size, (to - from) * size, joined, row * size);
    row += to - from;
  }
  return joined;
}

function emptyLike(values: ElementArray | undefined, length: number): ElementArray {
  if (values === undefined) return new Float32Array(length);
  if (values instanceof BigInt64Array) return new BigInt64Array(length);
  if (values instanceof BigUint64Array) return new BigUint64Array(length);
  return values instanceof Uint8Array ? new Uint8Array(length) : new Float64Array(length);
}

function copyInto(source: ElementArray, start: number, count: number, target: ElementArray, offset: number): void {
  if (source instanceof BigInt64Array || source instanceof BigUint64Array) {
    if (target instanceof BigInt64Array || target instanceof BigUint64Array)
      target.set(source.subarray(start, start + count), offset);
  } else if (!(target instanceof BigInt64Array) && !(target instanceof BigUint64Array))
    target.set(source.subarray(start, start + count), offset);
}

/** Puts the channels of one column between those of the others. */
function interleave(rows: ElementArray, count: number, target: Uint8Array, first: number, channels: number): void {
  if (rows instanceof Uint8Array && count === channels) {
    target.set(rows);
    return;
  }
  for (let pixel = 0, source = 0; source < rows.length; pixel++)
    for (let c = 0; c < count; c++, source++) target[pixel * channels + first + c] = numberAt(rows, source);
}

function toStates(values: ElementArray): Int32Array {
  return Int32Array.from({ length: values.length }, (_, i) => numberAt(values, i));
}
