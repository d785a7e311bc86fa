// A training that is told to stop where the latents collapse: dynamics alone do, within a hundred steps.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'jepa.js');

function train(run: string, ...argv: string[]) {
  const settings = ['optimization.steps=400', 'optimization.batchSize=16', 'measureEvery=20', 'collapse.patience=2'];
  return spawnSync(
    process.execPath,
    [
      ...[bin, 'train', 'counting', '--out', run, '--threads', '1', '--auxiliary', 'none', '--stop-on', 'collapse'],
      ...settings.flatMap((setting) => ['--set', setting]),
      ...argv,
    ],
    { encoding: 'utf8' },
  );
}

test.each([
  ['the deviation of the latents', [], /their standard deviation is .* times that of the first step, for 2 rows/],
  [
    'a measure of the encoder',
    ['--set', 'collapse.measure=meanDistance', '--set', 'collapse.below=1'],
    /meanDistance is 0\.\d+, below 1, for 2 rows of measures/,
  ],
])('stops with its last checkpoint when %s says so', (_, argv, said) => {
  const run = join(temporaryFolder(), 'run');
  const { status, stderr } = train(run, ...argv);
  expect(stderr).toMatch(said);
  expect(status).toBe(1);
  const [, step] = /step (\d+): the latents have collapsed/.exec(stderr) ?? [];
  expect(Number(step)).toBeLessThan(400);
  expect(existsSync(join(run, 'checkpoints', `step-${step.padStart(6, '0')}`, 'state.json'))).toBe(true);
  expect(existsSync(join(run, 'models'))).toBe(false);
  const rows = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  expect(JSON.parse(rows[rows.length - 1]).step).toBeLessThanOrEqual(Number(step));
});

test('is refused before anything is written where nothing measures it', () => {
  const run = join(temporaryFolder(), 'run');
  const { status, stderr } = train(
    run,
    ...['--set', 'collapse.measure=accuracy', '--set', 'collapse.below=0.5', '--set', 'measureEvery=0'],
  );
  expect(stderr).toMatch(/collapse\.measure: expected measureEvery above 0 beside accuracy, got 0/);
  expect(status).toBe(2);
  expect(existsSync(run)).toBe(false);
});
