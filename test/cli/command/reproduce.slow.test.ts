// `jepa reproduce` from nothing to a report, and from a part of its runs to the whole.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatJson } from '../../../src/json.ts';
import { runCommand } from '../../../src/machine/command.ts';
import { readReportPage } from '../../../src/report/page.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

test('jepa reproduce runs every row, reports them, does nothing twice, and mixes no settings', async () => {
  const folder = join(temporaryFolder(), 'all');
  const rows = ['--seeds', '1', '--rows', 'hard,hard-rollouts', '--set', 'optimization.steps=20', '--out', folder];
  const reproduce = (more: readonly string[] = []) =>
    runCommand(process.execPath, ['bin/jepa.js', 'reproduce', 'counting', ...rows, ...more]);

  const first = await reproduce();
  expect(first.exitCode, first.stderr).toBe(0);
  expect(first.stderr).toContain('2 of 2 units done');
  const report = readReportPage(readFileSync(join(folder, 'figure.html'), 'utf8'));
  expect(report?.answer.sentences.map((sentence) => sentence.split(':')[0])).toEqual([
    'dynamics + reward at count 0',
    'the same, eight-step rollouts',
  ]);

  const models = join(folder, 'runs', 'hard-seed-100', 'export', 'encoder.onnx');
  const missing = join(folder, 'runs', 'hard-rollouts-seed-100', 'evaluation.json');
  const before = statSync(models).mtimeMs;
  rmSync(missing);
  const second = await reproduce();
  expect(second.exitCode, second.stderr).toBe(0);
  expect(statSync(models).mtimeMs).toBe(before);
  expect(existsSync(missing)).toBe(true);

  const other = await reproduce(['--set', 'optimization.batchSize=8']);
  expect(other.exitCode).toBe(2);
  expect(other.stderr).toContain('expected no sweep or this one, got another with 8 units, of set');

  // Runs that are judged by other claims.
  const settings = join(folder, 'sweep.json');
  const { purpose, ...rest } = JSON.parse(readFileSync(settings, 'utf8'));
  expect(purpose).toContain('judged by version 2 of its claims');
  writeFileSync(settings, formatJson({ ...rest, purpose: purpose.replace('version 2', 'version 1') }));
  const mixed = await reproduce();
  expect(mixed.exitCode).toBe(2);
  expect(mixed.stderr).toContain('of purpose "the figure of counting in preset small, judged by version 1');
  writeFileSync(settings, formatJson({ ...rest, purpose }));

  // What an engine ran is taken as it is, and more seeds add their units.
  const planned = await reproduce(['--plan', '--seeds', '2']);
  expect(planned.stdout).toContain(`${folder}: planned, 16 runs`);
  const third = await reproduce();
  expect(third.exitCode, third.stderr).toBe(0);
  expect(statSync(models).mtimeMs).toBe(before);
}, 400_000);
