// What lies in the user's cache: one folder a native library or a package, listed with its size, and removed by its name.
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unknownName } from '../error.ts';
import { RUN_LOCK_NAME } from '../storage/run-lock.ts';
import { cacheRoot, withCacheLock } from './cache-folder.ts';

export interface CacheEntry {
  readonly name: string;
  readonly bytes: number;
}

/** By name; empty where there is no cache. Links are counted as themselves and never followed. */
export function cacheEntries(root: string = cacheRoot()): CacheEntry[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => name !== RUN_LOCK_NAME)
    .sort()
    .map((name) => ({ name, bytes: bytesBelow(join(root, name)) }));
}

function bytesBelow(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), 0);
}

/**
 * Removes the named entries, or all, while no other process changes the cache.
 * @returns what was removed
 * @throws UsageError for a name that is not there
 */
export async function clearCache(names: readonly string[], root: string = cacheRoot()): Promise<CacheEntry[]> {
  const known = cacheEntries(root);
  for (const name of names)
    if (!known.some((entry) => entry.name === name))
      throw unknownName(
        'cache',
        'an entry',
        name,
        known.map((entry) => entry.name),
      );
  if (known.length === 0) return [];
  return withCacheLock(root, {}, async () => {
    const removed = cacheEntries(root).filter((entry) => names.length === 0 || names.includes(entry.name));
    for (const { name } of removed) rmSync(join(root, name), { recursive: true, force: true });
    return removed;
  });
}
