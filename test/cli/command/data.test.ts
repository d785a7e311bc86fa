// `jepa data` as a command: what it prints, writes and exits with.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture } from '../../data/small-recording.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepaWith } from '../jepa.ts';

const jepa = jepaWith(['data']);

describe('jepa data', () => {
  test('inspect prints a table for people and JSON for machines', async () => {
    const { code, stdout, stderr } = await jepa('inspect', fixture('stored.npz'));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${fixture('stored.npz')}: NPZ, 3 episodes, 14 steps\n`);
    expect(stdout).toMatch(/^actions +action +int64, discrete +\[\] +14 +0 +1\.0714 +2$/m);
    expect(stdout).toMatch(/^To train on it: jepa train --data .*stored\.npz --out runs\/a$/m);
    const json = JSON.parse(
      (await jepa('inspect', fixture('stored.npz'), '--json', '--map', 'observation=state')).stdout,
    );
    expect(json).toMatchObject({ format: 1, episodes: 3, command: expect.stringContaining('--map observation=state') });
  });

  test('convert writes the format of the name, replaces nothing unasked, and preview writes a page that needs no network', async () => {
    const folder = temporaryFolder();
    const target = join(folder, 'a.hdf5');
    expect((await jepa('convert', fixture('stored.npz'), target)).code).toBe(0);
    expect(readFileSync(target).subarray(1, 4).toString()).toBe('HDF');
    const again = await jepa('convert', fixture('stored.npz'), target);
    expect(again.code).toBe(1);
    expect(again.stderr).toBe(
      `jepa: write ${target}: expected a path that is free, got one that exists. Choose another name, or remove this one first.\n`,
    );
    const page = join(folder, 'preview.html');
    expect((await jepa('preview', target, '--out', page)).code).toBe(0);
    const html = readFileSync(page, 'utf8');
    expect(html.match(/src="data:image\/png;base64,/g)).toHaveLength(6 + 2 + 8);
    expect(html).not.toMatch(/(src|href)="https?:/);
  });

  test.each([
    [['inspect', '/nowhere'], 2, 'recording /nowhere: expected a file or a folder, got nothing there'],
    [
      ['inspect', fixture('stored.npz'), '--image-size', '64'],
      2,
      '--image-size: expected HEIGHTxWIDTH such as 64x64, got "64"',
    ],
  ])('%j exits with %i', async (argv, code, message) => {
    const result = await jepa(...argv);
    expect(result.stderr).toContain(message);
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(result.code).toBe(code);
  });

  test('a file that is no recording is one line, exit code 1, and nothing is written', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'recording.npz');
    writeFileSync(path, 'PK, but no archive');
    const result = await jepa('convert', path, join(folder, 'out.hdf5'));
    expect(result.stderr).toMatch(/^jepa: .*recording\.npz: expected a zip archive, got one with a fault: .*\n$/);
    expect(result.code).toBe(1);
    expect(existsSync(join(folder, 'out.hdf5'))).toBe(false);
  });
});
