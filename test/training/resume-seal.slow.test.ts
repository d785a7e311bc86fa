// `jepa train --resume` on runs that were finished, prolonged, edited and harmed: what it says, and what the weights are then.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'jepa.js');
const folder = mkdtempSync(join(tmpdir(), 'jepa-resume-seal-'));
const settings = [
  ...['--set', 'optimization.batchSize=4', '--set', 'optimization.schedule=constant', '--set', 'checkpointEvery=10'],
  ...['--set', 'checkpointsKept=9', '--set', 'measureEvery=0', '--set', 'optimization.warmupSteps=0', '--threads', '1'],
];
const finished = join(folder, 'finished');
const whole = join(folder, 'whole');

function jepa(...argv: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [bin, ...argv], (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const weights = (run: string, step: number) =>
  readFileSync(join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`, 'weights.safetensors'));
const copyOf = (name: string): string => {
  const copy = join(folder, name);
  cpSync(finished, copy, { recursive: true });
  return copy;
};

beforeAll(async () => {
  for (const [run, steps] of [
    [finished, 30],
    [whole, 50],
  ] as const)
    expect(
      await jepa('train', 'counting', '--out', run, '--set', `optimization.steps=${steps}`, ...settings),
    ).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a finished run', () => {
  test('says that it is', async () => {
    const { code, stdout, stderr } = await jepa('train', '--resume', finished);
    expect([code, stdout]).toEqual([0, `${finished}: finished before, with 30 steps; nothing was trained\n`]);
    expect(stderr).toContain(`jepa train --resume ${finished} --set optimization.steps=60`);
  });

  test('that is prolonged has, with a constant rate, the weights and rows of one that was begun with so many steps', async () => {
    const run = copyOf('prolonged');
    const { code, stdout } = await jepa('train', '--resume', run, '--set', 'optimization.steps=50');
    expect([code, stdout]).toEqual([0, `${run}: trained 50 steps\n`]);
    expect(weights(run, 50).equals(weights(whole, 50))).toBe(true);
    expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8')).toBe(readFileSync(join(whole, 'metrics.jsonl'), 'utf8'));
    expect(JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')).optimization.steps).toBe(50);
    const again = await jepa('train', '--resume', run);
    expect(again.stdout).toContain('finished before, with 50 steps');
  });

  test.each([
    [['optimization.steps=20'], 'expected optimization.steps above the 30 that are done, got 20', 2],
    [['seed=1'], '--resume: expected the configuration of the run itself, got --set seed=1 beside it', 2],
    [['optimization.steps=many'], 'expected a whole number', 2],
  ])('is not taken back or changed: %j', async (assignments, message, expected) => {
    const argv = assignments.flatMap((each) => ['--set', each]);
    const { code, stderr } = await jepa('train', '--resume', finished, ...argv);
    expect(stderr).toContain(message);
    expect(code).toBe(expected);
  });

  test('whose configuration was edited is refused with the key, by a resume and by an export', async () => {
    const run = copyOf('edited');
    const path = join(run, 'config.json');
    const configuration = JSON.parse(readFileSync(path, 'utf8'));
    configuration.optimization.learningRate = 0.5;
    writeFileSync(path, JSON.stringify(configuration));
    for (const argv of [
      ['train', '--resume', run, '--set', 'optimization.steps=40'],
      ['export', run],
    ]) {
      const { code, stderr } = await jepa(...argv);
      expect(stderr).toContain(
        `${path}: optimization.learningRate: expected 0.008, with which the checkpoint of step 30`,
      );
      expect(code).toBe(1);
    }
  });

  test('whose rows were lost goes back to where they are, and ends with the same bytes', async () => {
    const run = copyOf('harmed');
    const path = join(run, 'metrics.jsonl');
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n');
    writeFileSync(path, `${lines[0]}\n#garbage\n${lines[2]}\n`);
    const { code, stderr } = await jepa('train', '--resume', run, '--set', 'optimization.steps=50');
    expect(code).toBe(0);
    expect(stderr).toContain(`${path}: expected the 3 rows of the checkpoint of step 30, got 1; passed over`);
    expect(stderr).toContain(`${path}: expected the 2 rows of the checkpoint of step 20, got 1; passed over`);
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(join(whole, 'metrics.jsonl'), 'utf8'));
    expect(weights(run, 50).equals(weights(whole, 50))).toBe(true);
    rmSync(path);
    const lost = await jepa('train', '--resume', run, '--set', 'optimization.steps=60');
    expect(lost.stderr).toContain(`${path}: expected the 5 rows of the checkpoint of step 50, got 0`);
    expect(lost.stderr).toContain('Put the file back, or remove');
    expect(lost.code).toBe(1);
  });
});
