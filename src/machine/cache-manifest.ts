// What a folder of the user's cache says of itself: a JSON file that lists its files and their sizes, written last.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';

export interface CacheManifest {
  /** Byte lengths by path in the folder. */
  readonly files: Readonly<Record<string, number>>;
}

/** The manifest of `folder`, or undefined where the folder is missing, incomplete or of another format. */
export function readCacheManifest<Manifest extends CacheManifest>(
  folder: string,
  name: string,
  schema: z.ZodType<Manifest>,
): Manifest | undefined {
  let manifest: Manifest;
  try {
    manifest = schema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
  } catch {
    return undefined;
  }
  const isWhole = Object.entries(manifest.files).every(
    ([path, byteLength]) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === byteLength,
  );
  return isWhole ? manifest : undefined;
}
