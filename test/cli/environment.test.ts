// Places that are not what a command needs: files for folders, folders that may not be read or written, no home. One line,
// before any work.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { cacheRoot } from '../../src/machine/cache-folder.ts';
import { checkRunFolder, readConfiguration } from '../../src/run/folder.ts';
import { openSubject } from '../../src/run/subject.ts';
import { describeFolder, makeFolder, requireWritable } from '../../src/storage/file-system.ts';
import { jepa } from './jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-environment-'));
const file = join(root, 'text.txt');
const wheel = join(root, 'tensorflow-2.21.0.whl');
writeFileSync(file, 'not a folder');
writeFileSync(wheel, 'not a wheel');
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a place that is not what a command needs', { timeout: 60_000 }, () => {
  test.each([
    [['train', 'counting', '--out', file], `${file}: expected a folder, got a file`],
    [
      ['train', 'counting', '--out', join(file, 'run')],
      `${join(file, 'run')}: expected a folder, got a file or a path through one`,
    ],
    [
      ['train', 'counting', '--out', '/proc/jepa/run'],
      '/proc/jepa/run: expected to create the folder of the run, got ENOENT',
    ],
    [['train', '--resume', file], `${file}: expected the folder of a run, got a file`],
    [['evaluate', file], `${file}: expected the folder of a run or of an export, got a file`],
    [['serve', file], `${file}: expected an export with its export.json, found a file`],
    [['setup', '--wheel', file], `set-up: expected a wheel (a ZIP archive NAME.whl), got ${file}`],
    [['setup', '--wheel', wheel], `set-up: expected a wheel (a ZIP archive NAME.whl), got ${wheel}`],
  ])('%j is one line', async (argv, message) => {
    const { code, stdout, stderr } = await jepa(argv, { cwd: root });
    expect(stderr.startsWith(`jepa: ${message}`), stderr).toBe(true);
    expect([stdout, stderr.trimEnd().split('\n').length]).toEqual(['', 1]);
    expect(code === 1 || code === 2).toBe(true);
  });

  test('folders are made, and where they cannot be this ends', () => {
    const made = join(root, 'a');
    expect(makeFolder(join(made, 'b', 'c'))).toBe(made);
    expect(makeFolder(join(made, 'b'))).toBeUndefined();
    expect(readdirSync(join(made, 'b'))).toEqual(['c']);
    expect(() => makeFolder(file)).toThrow('EEXIST');
    expect(() => makeFolder('/proc/jepa/run')).toThrow('ENOENT');
    expect(() => checkRunFolder(file)).toThrow(`${file}: expected a folder, got a file`);
  });

  test('a folder that may not be read is not called missing', () => {
    expect(describeFolder(join(root, 'none'), 'without it')).toBe('no such folder');
    expect(describeFolder(root, 'without it')).toBe('a folder without it');
    const closed = join(root, 'closed');
    mkdirSync(closed);
    writeFileSync(join(closed, 'config.json'), '{}');
    chmodSync(closed, 0);
    try {
      // Root may read everything: then there is nothing to refuse.
      if (process.getuid?.() !== 0) {
        expect(() => openSubject(closed)).toThrow('got EACCES (permission denied)');
        expect(() => readConfiguration(closed)).toThrow('got EACCES (permission denied)');
        expect(() => requireWritable(closed)).toThrow('got EACCES (permission denied)');
      }
    } finally {
      chmodSync(closed, 0o700);
    }
    expect(() => requireWritable('/proc')).toThrow(/^\/proc: expected a folder to write the results to, got E/);
    requireWritable(root);
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('an empty or relative HOME is none: no cache appears in the working folder', () => {
    const home = process.env.HOME;
    try {
      for (const given of ['', 'relative']) {
        vi.stubEnv('HOME', given);
        expect(homedir() === given || homedir() === userInfo().homedir).toBe(true);
        expect(cacheRoot({}, 'linux')).toBe(join(userInfo().homedir, '.cache', 'jepa-onnx'));
      }
    } finally {
      vi.unstubAllEnvs();
    }
    expect(process.env.HOME).toBe(home);
    expect(existsSync('.cache')).toBe(false);
  });
});
