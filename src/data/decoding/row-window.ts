// Small reads in larger pieces: a call to another thread takes longer than decoding a row, so whoever asks for a few short
// rows is given them out of a window that was fetched at once.
import type { ElementArray } from '../element.ts';
import { memoryBytesOf } from '../element.ts';
import { isImageColumn } from '../image/recording.ts';
import { type Column, type Recording, rowSizeOf, totalRowsOf } from '../recording.ts';

/** A file system reads as much ahead. Longer rows have no window, nor images, whose every row may be decoded for itself. */
const WINDOW_BYTES = 32 * 1024;
const LEAST_ROWS = 8;
/** Of one recording: 2 MiB. */
const KEPT_WINDOWS = 64;

/** `read` with windows; the rows that are returned are the caller's own. */
export function readInWindows(columns: ReadonlyMap<string, Column>, read: Recording['read']): Recording['read'] {
  /** The newest last. */
  const kept = new Map<string, Promise<ElementArray>>();

  return async (name, from, to) => {
    const column = columns.get(name);
    const rowSize = column === undefined ? 0 : rowSizeOf(column);
    if (column === undefined || rowSize === 0 || isImageColumn(column) || !(to > from && from >= 0))
      return read(name, from, to);
    const rows = Math.floor(WINDOW_BYTES / (rowSize * memoryBytesOf(column.type)));
    const index = Math.floor(from / rows);
    const end = Math.min((index + 1) * rows, totalRowsOf(column));
    // At the border of two windows, or as long as one: asked for as it is.
    if (rows < LEAST_ROWS || to > end || to - from > rows / 2) return read(name, from, to);
    const key = `${index} ${name}`;
    const fetched = kept.get(key) ?? read(name, index * rows, end);
    kept.delete(key);
    kept.set(key, fetched);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT_WINDOWS) break;
      kept.delete(oldest);
    }
    let window: ElementArray;
    try {
      window = await fetched;
    } catch {
      kept.delete(key);
      // Another row of the window may be the one that is damaged.
      return read(name, from, to);
    }
    return window.slice((from - index * rows) * rowSize, (to - index * rows) * rowSize);
  };
}
