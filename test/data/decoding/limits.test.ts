// How long a decoder may work: by the size of what it has to take in one piece, and by the work that it could do.
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countedMs } from '../../../src/data/decoding/guarded-worker.ts';
import { largestFileBytes } from '../../../src/data/decoding/largest-file.ts';
import { limitsOf } from '../../../src/data/decoding/recording-decoder.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const MEBI = 1024 ** 2;

test('a folder has as long as its largest file, however deep and behind links; images are bounded by their pixels', () => {
  const folder = temporaryFolder();
  const put = (path: string, bytes: number) => {
    writeFileSync(join(folder, path), '');
    truncateSync(join(folder, path), bytes);
  };
  mkdirSync(join(folder, 'data/chunk-000'), { recursive: true });
  mkdirSync(join(folder, 'elsewhere'));
  put('data/chunk-000/file-000.parquet', 200 * MEBI);
  put('data/chunk-000/file-001.parquet', 100 * MEBI);
  put('data/picture.png', 900 * MEBI);
  expect(largestFileBytes(folder)).toBe(200 * MEBI);
  expect(limitsOf(folder).seconds).toBe(15 + 100);
  put('elsewhere/blob', 400 * MEBI);
  symlinkSync(join(folder, 'elsewhere/blob'), join(folder, 'data/chunk-000/file-002.parquet'));
  // A loop has an end.
  symlinkSync(folder, join(folder, 'data/chunk-000/again'));
  expect(limitsOf(join(folder, 'data')).seconds).toBe(15 + 200);
  expect(largestFileBytes(join(folder, 'none'))).toBe(0);
});

test('a look counts as much as the process could work in it', () => {
  // Alone on its machine, with several threads, or with a tenth of a processor; and where it waits for ever.
  expect(countedMs(250)).toBe(250);
  expect(countedMs(1000)).toBe(250);
  expect(countedMs(40)).toBe(40);
  expect(countedMs(0)).toBe(25);
});
