// `jepa play` as a command: the folder that it writes, the address that it serves at, and what it refuses.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../storage/temporary-folder.ts';
import { jepaWith } from '../jepa.ts';
import { bin } from '../start-jepa.ts';

const jepa = jepaWith(['play']);

describe('jepa play', () => {
  test('writes a folder whose page names only files that are in it', async () => {
    const folder = join(temporaryFolder(), 'site');
    const { code, stdout, stderr } = await jepa('--out', folder);
    expect([code, stderr]).toEqual([0, '']);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(stdout).toMatch(/: the playground, \d+ files\n$/);
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    const named = [...page.matchAll(/(?:src|href)="(?!data:|#|\?|https?:)([^"]+)"/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(1);
    for (const name of named) expect(files).toContain(name.replace(/^\.\//, ''));
    expect(files.filter((name) => name.endsWith('.wasm')).length).toBeGreaterThan(0);
  });

  test('leaves a folder of other files as it is', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'mine.txt'), 'mine');
    const { code, stderr } = await jepa('--out', folder);
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
    expect(readdirSync(folder)).toEqual(['mine.txt']);
  });

  test('prints one address, answers there, and ends with 0 on Ctrl-C', async () => {
    const child = spawn(process.execPath, [bin, 'play', '--port', '0']);
    try {
      const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
      expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
      expect(await (await fetch(line.trim())).text()).toContain('what prevents it');
      child.kill('SIGINT');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('refuses a port that is none in one line', async () => {
    const { code, stderr } = await jepa('--port', 'x');
    expect([code, stderr]).toEqual([2, 'jepa: --port: expected a whole number of at least 0, got "x"\n']);
    expect(existsSync('x')).toBe(false);
  });
});
