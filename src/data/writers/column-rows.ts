// What all writers of recordings need: the steps of each episode, and the rows of a column piece by piece.
import { FormatError } from '../../error.ts';
import { type ElementArray, memoryBytesOf } from '../element.ts';
import { type Column, type Recording, rowCountOf, rowSizeOf, totalRowsOf } from '../recording.ts';

/** Bytes of rows that are in memory at once. */
const BYTES_AT_ONCE = 8 * 1024 ** 2;

/** The array that says how many steps each episode has, in formats of flat arrays. */
export const LENGTHS_NAME = 'episode_lengths';

/** Steps of each episode: the rows of the shortest columns. Throws where a column has neither as many rows nor one more. */
export function stepCounts(recording: Recording): number[] {
  const columns = [...recording.columns.values()];
  return Array.from({ length: recording.episodeCount }, (_, episode) => {
    const counts = columns.map((column) => rowCountOf(column, episode));
    const steps = Math.min(...counts);
    const odd = columns.find((_column, i) => counts[i] > steps + 1);
    if (odd !== undefined)
      throw new FormatError(
        `${recording.path} ${odd.name} episode ${episode}: expected ${steps} or ${steps + 1} rows, got ${rowCountOf(odd, episode)}`,
      );
    return steps;
  });
}

export interface RowPiece {
  readonly from: number;
  readonly to: number;
  readonly values: ElementArray;
}

/** All rows of a column, in order. */
export async function* rowPieces(recording: Recording, column: Column): AsyncGenerator<RowPiece> {
  const rowBytes = Math.max(1, rowSizeOf(column) * memoryBytesOf(column.type));
  const atOnce = Math.max(1, Math.floor(BYTES_AT_ONCE / rowBytes));
  for (let from = 0; from < totalRowsOf(column); from += atOnce) {
    const to = Math.min(totalRowsOf(column), from + atOnce);
    yield { from, to, values: await recording.read(column.name, from, to) };
  }
}

/** The type that values have in memory, which is how they are written: half floats become float32. */
export function writtenTypeOf({ type }: Column): Exclude<Column['type'], 'float16'> {
  return type === 'float16' ? 'float32' : type;
}
