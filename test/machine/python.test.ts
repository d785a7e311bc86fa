// What is said of Python: never an error, whatever the program does.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectPython } from '../../src/machine/python.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

function program(script: string): string {
  const path = join(temporaryFolder(), 'python');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a program that is not there is missing with a remedy', async () => {
  expect(await inspectPython('/nowhere/python')).toMatchObject({
    isAvailable: false,
    packages: {},
    reason: '/nowhere/python does not answer',
    remedy: expect.stringContaining('JEPA_PYTHON'),
  });
});

test.skipIf(process.platform === 'win32')('packages are reported with their versions, others not', async () => {
  const python = program(`echo '{"version": "3.12.1", "packages": {"gymnasium": "1.2.3", "h5py": "3.1"}}'`);
  expect(await inspectPython(python)).toEqual({
    program: python,
    isAvailable: true,
    version: '3.12.1',
    packages: { gymnasium: '1.2.3', h5py: '3.1' },
  });
});

test.skipIf(process.platform === 'win32').each([
  ['nonsense', 'echo nonsense'],
  ['another JSON', 'echo "[]"'],
  ['nothing, and fails', 'exit 1'],
])('a program that says %s is missing, with a reason', async (_, script) => {
  const found = await inspectPython(program(script));
  expect(found).toMatchObject({ isAvailable: false, reason: expect.any(String) });
});

test('what the machine has answers with its version', async ({ skip }) => {
  const found = await inspectPython();
  if (!found.isAvailable) skip('no Python here');
  expect(found.version).toMatch(/^3\.\d+\.\d+$/);
});
