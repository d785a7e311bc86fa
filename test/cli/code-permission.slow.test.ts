// The command line and code that a folder or a configuration file names: what runs it, and what shows it.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { writeConfiguration } from '../../src/run/folder.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { startJepa } from './start-jepa.ts';

const root = mkdtempSync(join(tmpdir(), 'jepa-code-cli-'));
const marker = join(root, 'it-ran');
const theirs = join(root, 'theirs');
const code = join(theirs, 'x.mjs');
const config = join(root, 'theirs.yaml');
const mark = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(marker)}, '');\n`;
const named = { kind: 'module', path: code };

mkdirSync(theirs);
writeFileSync(code, `${mark}export default (state) => [state];`);
writeFileSync(config, `auxiliary:\n  - kind: module\n    path: ${code}\n`);
writeConfiguration(
  theirs,
  resolveConfiguration({ preset: 'small', environment: 'counting', threads: 1, flags: { auxiliary: [named] } }),
);
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => rmSync(marker, { force: true }));

const jepa = (...argv: string[]) => startJepa(argv, { cwd: root });

describe('code that something received names', { timeout: 120_000 }, () => {
  test.each([
    ['evaluate', theirs],
    ['verify', theirs, '--runtimes', 'cpu'],
    ['bisimulation', 'counting', '--config', config],
    ['train', 'counting', '--config', config, '--out', join(root, 'new')],
  ])('%s does not run it, and shows it', async (...argv) => {
    const { code, stdout, stderr } = await jepa(...argv);
    expect([existsSync(marker), stdout]).toEqual([false, '']);
    expect(stderr).toMatch(/module .*x\.mjs: expected your permission to run it/);
    expect(stderr).toMatch(/Look at it first\. Where you trust it: the same command with --allow-code\.\n$/);
    expect(code).toBe(2);
    expect(existsSync(join(root, 'new'))).toBe(false);
  });

  test('runs with --allow-code, and with its path on the command line', async () => {
    const allowed = await jepa('bisimulation', 'counting', '--config', config, '--allow-code');
    expect(allowed.stderr).toBe(`jepa: runs the module ${code}\n`);
    expect([allowed.code, existsSync(marker)]).toEqual([0, true]);
    rmSync(marker);
    const own = await jepa('bisimulation', 'counting', '--set', `auxiliary=[${JSON.stringify(named)}]`);
    expect([own.stderr, own.code, existsSync(marker)]).toEqual(['', 0, true]);
  });

  test('of a run that was trained here needs no word, and needs one again in a copy', {
    timeout: 300_000,
  }, async () => {
    const run = join(root, 'own');
    const short = ['--set', 'optimization.steps=2', '--set', 'optimization.batchSize=4', '--threads', '1'];
    const assignment = `auxiliary=[${JSON.stringify(named)}]`;
    expect(await jepa('train', 'counting', '--set', assignment, ...short, '--out', run)).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')).auxiliary[0].path).toBe(code);
    rmSync(marker);
    const exported = await jepa('export', run);
    expect([exported.stderr.includes('permission'), exported.code, existsSync(marker)]).toEqual([false, 0, true]);
    rmSync(marker);
    const copy = join(root, 'copy');
    cpSync(run, copy, { recursive: true });
    const copied = await jepa('export', copy);
    expect(copied.stderr).toContain(`expected your permission to run it, which ${copy} names, got none`);
    expect([copied.code, existsSync(marker)]).toEqual([2, false]);
  });
});
