// The cache's parts with their sizes, and their removal.
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheEntries, clearCache } from '../../src/machine/cache-entry.ts';

describe('the cache', () => {
  let folder: string;
  let root: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jepa-cache-'));
    root = join(folder, 'cache');
    mkdirSync(join(root, 'tensorflow', 'lib'), { recursive: true });
    writeFileSync(join(root, 'tensorflow', 'lib', 'a'), 'x'.repeat(700));
    writeFileSync(join(root, 'tensorflow', 'b'), 'x'.repeat(300));
    mkdirSync(join(root, 'packages'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is listed with the bytes of each part', () => {
    expect(cacheEntries(root)).toEqual([
      { name: 'packages', bytes: 0 },
      { name: 'tensorflow', bytes: 1000 },
    ]);
    expect(cacheEntries(join(folder, 'none'))).toEqual([]);
  });

  test('loses the part that is named, or all', async () => {
    expect(await clearCache(['packages'], root)).toEqual([{ name: 'packages', bytes: 0 }]);
    expect(cacheEntries(root).map(({ name }) => name)).toEqual(['tensorflow']);
    expect(await clearCache([], root)).toEqual([{ name: 'tensorflow', bytes: 1000 }]);
    expect(cacheEntries(root)).toEqual([]);
  });

  test('refuses a name that is not there, and one that leads elsewhere', async () => {
    await expect(clearCache(['tensorflo'], root)).rejects.toMatchObject({ remedy: 'Did you mean "tensorflow"?' });
    writeFileSync(join(folder, 'precious'), '');
    await expect(clearCache(['../precious'], root)).rejects.toThrow(/expected an entry/);
    expect(existsSync(join(folder, 'precious'))).toBe(true);
  });

  test('never follows a link out of the cache', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'file'), 'x'.repeat(5000));
    symlinkSync(join(folder, 'elsewhere'), join(root, 'link'));
    expect(cacheEntries(root).find(({ name }) => name === 'link')?.bytes).toBeLessThan(1000);
    await clearCache([], root);
    expect(existsSync(join(folder, 'elsewhere', 'file'))).toBe(true);
  });
});
