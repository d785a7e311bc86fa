// Modules of a user's, as bin/jepa.js runs them in a clone: with tsx registered, in a folder without "type": "module".
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importUserModule } from '../../src/machine/user-module.ts';

const folder = mkdtempSync(join(tmpdir(), 'jepa-module-'));
const root = join(import.meta.dirname, '..', '..');

const modules: Readonly<Record<string, string>> = {
  'parity.js': 'export default (state) => [state % 2];',
  'parity.ts': 'export default (state: number): number[] => [state % 3];',
  'imports.js': "import { k } from './k.js';\nexport default (state) => [state % k];",
  'k.js': 'export const k = 4;',
  'common.cjs': 'exports.default = (state) => [state % 5];',
  'older.js':
    "const path = require('node:path');\nmodule.exports = { default: (state) => [state % 6], separator: path.sep };",
  'named.mts': 'export const createSimulator = (): number => 7;',
  'typed/package.json': '{ "type": "module" }',
  'typed/parity.js': 'export default (state) => [state % 8];',
  'typed/parity.ts': 'export default (state: number): number[] => [state % 9];',
};

/** By file: what its default export says of state 7, or the names of its exports. */
let found: Readonly<Record<string, unknown>>;

beforeAll(() => {
  mkdirSync(join(folder, 'typed'));
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, name), text);
  const script = `
    const { register } = await import('tsx/esm/api');
    register();
    const { importUserModule } = await import(${JSON.stringify(pathToFileURL(join(root, 'src/machine/user-module.ts')).href)});
    const found = {};
    for (const name of ${JSON.stringify(Object.keys(modules).filter((name) => !name.endsWith('.json')))}) {
      const loaded = await importUserModule(${JSON.stringify(folder)} + '/' + name, { where: name, permission: 'given' });
      found[name] = typeof loaded.default === 'function' ? loaded.default(7) : Object.keys(loaded);
    }
    console.log(JSON.stringify(found));`;
  found = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a module of a user, in a clone', () => {
  test.each([
    ['parity.js', [7 % 2]],
    ['parity.ts', [7 % 3]],
    ['imports.js', [7 % 4]],
    ['common.cjs', [7 % 5]],
    ['older.js', [7 % 6]],
    ['named.mts', ['createSimulator']],
    ['typed/parity.js', [7 % 8]],
    ['typed/parity.ts', [7 % 9]],
  ])('%s is the one that runs', (name, expected) => {
    expect(found[name]).toEqual(expected);
  });

  test.each([
    ['none.js', 'own: expected a module, got nothing there'],
    ['typed', 'own: expected a module, got a folder'],
    ['broken.js', 'own: expected a module that can be imported, got: Error: no such luck'],
  ])('%s is refused in one line', async (name, message) => {
    writeFileSync(join(folder, 'broken.js'), "throw new Error('no such luck');");
    await expect(importUserModule(join(folder, name), { where: 'own', permission: 'given' })).rejects.toThrow(message);
  });
});
