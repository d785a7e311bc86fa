// `jepa data` as a command: what it prints, writes and exits with.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture } from '../../data/small-recording.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const bin = join(import.meta.dirname, '..', '..', '..', 'bin', 'jepa.js');

function jepa(...argv: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, [bin, 'data', ...argv], { encoding: 'utf8' });
}

describe('jepa data', () => {
  test('inspect prints a table for people and JSON for machines', () => {
    const { status, stdout, stderr } = jepa('inspect', fixture('stored.npz'));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${fixture('stored.npz')}: NPZ, 3 episodes, 14 steps\n`);
    expect(stdout).toMatch(/^actions +action +int64, discrete +\[\] +14 +0 +1\.0714 +2$/m);
    expect(stdout).toMatch(/^To train on it: jepa train --data .*stored\.npz --out runs\/a$/m);
    const json = JSON.parse(jepa('inspect', fixture('stored.npz'), '--json', '--map', 'observation=state').stdout);
    expect(json).toMatchObject({ format: 1, episodes: 3, command: expect.stringContaining('--map observation=state') });
  });

  test('convert writes the format of the name, replaces nothing unasked, and preview writes a page that needs no network', () => {
    const folder = temporaryFolder();
    const target = join(folder, 'a.hdf5');
    expect(jepa('convert', fixture('stored.npz'), target).status).toBe(0);
    expect(readFileSync(target).subarray(1, 4).toString()).toBe('HDF');
    const again = jepa('convert', fixture('stored.npz'), target);
    expect(again.status).toBe(1);
    expect(again.stderr).toBe(
      `jepa: write ${target}: expected a path that is free, got one that exists. Choose another name, or remove this one first.\n`,
    );
    const page = join(folder, 'preview.html');
    expect(jepa('preview', target, '--out', page).status).toBe(0);
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
  ])('%j exits with %i', (argv, status, message) => {
    const result = jepa(...argv);
    expect(result.stderr).toContain(message);
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(result.status).toBe(status);
  });

  test('a file that is no recording is one line, exit code 1, and nothing is written', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'recording.npz');
    writeFileSync(path, 'PK, but no archive');
    const result = jepa('convert', path, join(folder, 'out.hdf5'));
    expect(result.stderr).toMatch(/^jepa: .*recording\.npz: expected a zip archive, got one with a fault: .*\n$/);
    expect(result.status).toBe(1);
    expect(existsSync(join(folder, 'out.hdf5'))).toBe(false);
  });
});
