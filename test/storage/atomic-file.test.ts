import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JepaError } from '../../src/error.ts';
import { recoverFolder, removePartials, writeFileAtomic, writeFolderAtomic } from '../../src/storage/atomic-file.ts';
import { processDomain } from '../../src/storage/process-identity.ts';
import { createFaultyFileSystem, forEachFault } from './faulty-file-system.ts';
import { temporaryFolder } from './temporary-folder.ts';

const contentOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

describe('writeFileAtomic', () => {
  test('writes a new file and replaces one, leaving nothing else behind', () => {
    const folder = temporaryFolder();
    writeFileAtomic(join(folder, 'a.json'), 'one');
    writeFileAtomic(join(folder, 'a.json'), new Uint8Array([116, 119, 111]));
    expect(contentOf(folder)).toEqual({ 'a.json': 'two' });
  });

  test('a fault at any call leaves the former content or the new one, no temporary file, and one line that says why', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.json');
    const failedRuns = await forEachFault(
      (files) => {
        writeFileSync(path, 'former');
        writeFileAtomic(path, 'the new content', { files });
      },
      (fault, error) => {
        expect(error).toBeInstanceOf(JepaError);
        expect((error as JepaError).message).toMatch(
          new RegExp(`^write .*a\\.json: expected to write 15 bytes, got ${fault.code} \\(.+\\)$`),
        );
        expect((error as JepaError).remedy).toMatch(/\.$/);
        expect((error as JepaError).cause).toHaveProperty('code', fault.code);
        expect(['former', 'the new content']).toContain(readFileSync(path, 'utf8'));
        // A disk that fails from then on cannot be cleaned either; its leftovers carry a name that removePartials knows.
        if (!fault.isLasting) expect(readdirSync(folder)).toEqual(['a.json']);
        for (const name of readdirSync(folder)) if (name !== 'a.json') writeFileAtomic(join(folder, name), '');
      },
    );
    // open, write, fsync, rename, open folder, fsync folder: each of 6 calls, once and lasting.
    expect(failedRuns).toBe(6 * 2);
  });

  test('a write that takes only a part of the bytes is continued', () => {
    const folder = temporaryFolder();
    const { files } = createFaultyFileSystem({ atCall: 0, isLasting: false, code: 'EIO' });
    const slow = new Proxy(files, {
      get(target, key) {
        if (key !== 'writeSync') return Reflect.get(target, key);
        return (descriptor: number, bytes: Uint8Array, offset: number, length: number) =>
          target.writeSync(descriptor, bytes, offset, Math.min(length, 3));
      },
    });
    writeFileAtomic(join(folder, 'a'), '0123456789', { files: slow });
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('0123456789');
  });
});

describe('writeFolderAtomic', () => {
  test('the folder appears with all of its files, and what fill returns is returned', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'deep', 'export');
    const result = await writeFolderAtomic(path, async (temporary) => {
      mkdirSync(join(temporary, 'inner'));
      writeFileSync(join(temporary, 'inner', 'x'), '1');
      await Promise.resolve();
      expect(readdirSync(join(folder, 'deep'))).not.toContain('export');
      return 7;
    });
    expect(result).toBe(7);
    expect(readFileSync(join(path, 'inner', 'x'), 'utf8')).toBe('1');
    expect(readdirSync(join(folder, 'deep'))).toEqual(['export']);
  });

  test('an existing folder is refused before anything is written, unless it is to be replaced', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'export');
    await writeFolderAtomic(path, (temporary) => writeFileSync(join(temporary, 'x'), 'former'));
    let isFilled = false;
    await expect(
      writeFolderAtomic(path, () => {
        isFilled = true;
      }),
    ).rejects.toThrow(`write ${path}: expected a path that is free, got one that exists`);
    expect(isFilled).toBe(false);
    await writeFolderAtomic(path, (temporary) => writeFileSync(join(temporary, 'y'), 'new'), { replace: true });
    expect(contentOf(path)).toEqual({ y: 'new' });
    expect(readdirSync(folder)).toEqual(['export']);
  });

  test('what fill throws comes through unchanged, and nothing is left', async () => {
    const folder = temporaryFolder();
    const wrong = new RangeError('disagrees with the reference');
    const run = writeFolderAtomic(join(folder, 'export'), (temporary) => {
      writeFileSync(join(temporary, 'x'), '');
      throw wrong;
    });
    await expect(run).rejects.toBe(wrong);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a fault at any call of a replacement leaves the former folder or the new one, never a mix, after recovery', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'export');
    const failedRuns = await forEachFault(
      async (files) => {
        await writeFolderAtomic(path, (temporary) => writeFileSync(join(temporary, 'x'), 'former'), { replace: true });
        await writeFolderAtomic(
          path,
          (temporary) => {
            writeFileSync(join(temporary, 'x'), 'new');
            writeFileSync(join(temporary, 'y'), 'new');
          },
          { replace: true, files },
        );
      },
      (fault, error) => {
        recoverFolder(path);
        expect([{ x: 'former' }, { x: 'new', y: 'new' }]).toContainEqual(contentOf(path));
        if (error !== undefined) expect((error as JepaError).message).toContain(fault.code);
        if (error === undefined) expect(contentOf(path)).toEqual({ x: 'new', y: 'new' });
      },
    );
    expect(failedRuns).toBeGreaterThan(20);
  });

  test('a replacement that was killed between its two renames is undone by the next look at the folder', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, '.export.replaced'));
    writeFileSync(join(folder, '.export.replaced', 'x'), 'former');
    expect(recoverFolder(join(folder, 'export'))).toBe(true);
    expect(contentOf(join(folder, 'export'))).toEqual({ x: 'former' });
    expect(recoverFolder(join(folder, 'export'))).toBe(false);
  });
});

test('removePartials removes what dead processes left and keeps what a living one writes', () => {
  const folder = temporaryFolder();
  const domain = processDomain();
  const kept = [
    `.a.${process.pid}-${domain}-0123456789ab.partial`,
    // Of another container, of another machine or of the first version: its number means nothing here.
    '.b.4194305-00000000-0123456789ab.partial',
    '.b.4194305-0123456789ab.partial',
    'c.partial',
    '.d.json',
  ];
  const gone = [
    `.b.4194305-${domain}-0123456789ab.partial`,
    '.e.4194305-00000000-0123456789ab.partial',
    '.e.4194305-0123456789ab.partial',
  ];
  for (const name of [...kept, ...gone]) writeFileSync(join(folder, name), '');
  // A folder is as old as the newest that is in it.
  const filling = '.f.4194305-00000000-0123456789ab.partial';
  mkdirSync(join(folder, filling));
  writeFileSync(join(folder, filling, 'newest'), '');
  const yesterday = Date.now() / 1000 - 90_000;
  for (const name of [...gone, filling]) utimesSync(join(folder, name), yesterday, yesterday);
  removePartials(folder);
  expect(readdirSync(folder).sort()).toEqual([...kept, filling].sort());
});
