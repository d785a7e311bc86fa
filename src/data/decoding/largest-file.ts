// How many bytes a decoder may have to take in one piece: what the watchdog's limits are measured by.
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Deeper than the files of any data set: videos/chunk-000/KEY/file-000.mp4 is 3. */
const MAXIMAL_DEPTH = 6;

/** Of these a data set may have millions, each bounded by its pixels. */
const IMAGES = /\.(png|jpe?g|webp|gif|tiff?|bmp)$/i;

/** The size of a file; of a folder that of its largest file, since they are decoded one after the other. */
export function largestFileBytes(path: string, depth = 0): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.isFile() ? stats.size : 0;
  if (depth > MAXIMAL_DEPTH) return 0;
  return entriesOf(path)
    .filter(({ name }) => !IMAGES.test(name))
    .reduce((most, { name }) => Math.max(most, sizeBelow(join(path, name), depth + 1)), 0);
}

/** Whoever opens a folder says why it cannot be read; here it only has no size. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function sizeBelow(path: string, depth: number): number {
  try {
    return largestFileBytes(path, depth);
  } catch {
    return 0;
  }
}
