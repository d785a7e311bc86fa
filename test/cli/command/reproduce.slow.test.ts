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
  expect(first.stderr).toContain('2 of 2 runs done');
  const report = readReportPage(readFileSync(join(folder, 'report.html'), 'utf8'));
  expect(report?.answer.sentences.map((sentence) => sentence.split(':')[0])).toEqual([
    'dynamics + reward at count 0',
    'the same, eight-step rollouts',
  ]);

  const models = join(folder, 'hard-seed-100', 'export', 'encoder.onnx');
  const missing = join(folder, 'hard-rollouts-seed-100', 'evaluation.json');
  const before = statSync(models).mtimeMs;
  rmSync(missing);
  const second = await reproduce();
  expect(second.exitCode, second.stderr).toBe(0);
  expect(statSync(models).mtimeMs).toBe(before);
  expect(existsSync(missing)).toBe(true);

  const other = await reproduce(['--set', 'optimization.batchSize=8']);
  expect(other.exitCode).toBe(2);
  expect(other.stderr).toContain('expected the settings and the version of the claims of this command');

  // Runs that an earlier version made, whose settings said nothing of claims.
  const settings = join(folder, 'reproduction.json');
  const { claims, ...earlier } = JSON.parse(readFileSync(settings, 'utf8'));
  expect(claims).toBe(2);
  writeFileSync(settings, formatJson(earlier));
  const mixed = await reproduce();
  expect(mixed.exitCode).toBe(2);
  expect(mixed.stderr).toContain('"claims": 2');
}, 400_000);
