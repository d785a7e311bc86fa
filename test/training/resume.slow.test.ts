// A run that is killed at random moments and resumed ends with the same bits as the one that nobody disturbed.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { randomFor } from '../../src/random.ts';

const KILLS = 20;
const STEPS = 400;
const bin = join(import.meta.dirname, '..', '..', 'bin', 'jepa.js');
const folder = mkdtempSync(join(tmpdir(), 'jepa-onnx-resume-'));
const settings = [
  ...['--set', `optimization.steps=${STEPS}`, '--set', 'optimization.batchSize=8', '--set', 'checkpointEvery=7'],
  // Measured at steps between and at checkpoints.
  ...['--set', 'measureEvery=10', '--threads', '1'],
];

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

function start(...argv: string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [bin, ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stderr });
    });
  });
  return { child, ended };
}

function filesOf(run: string): Record<string, Buffer> {
  const checkpoint = join(run, 'checkpoints', `step-${String(STEPS).padStart(6, '0')}`);
  const models = ['encoder', 'predictor', 'auxiliary'].map((name) => join(run, 'models', name, 'weights.bin'));
  const paths = [join(checkpoint, 'weights.safetensors'), join(checkpoint, 'optimizer.safetensors'), ...models];
  return Object.fromEntries(
    [...paths, join(run, 'metrics.jsonl'), join(run, 'measures.jsonl')].map((path) => [
      path.slice(run.length),
      readFileSync(path),
    ]),
  );
}

describe('resume', () => {
  test(`${KILLS} times kill -9 at random moments change nothing: weights, optimizer, metrics and measures are the same bytes`, async () => {
    const undisturbed = join(folder, 'undisturbed');
    const began = performance.now();
    const first = await start('train', 'counting', '--out', undisturbed, ...settings).ended;
    const undisturbedMs = performance.now() - began;
    expect(first.stderr).not.toContain('jepa: ');
    expect(first.code).toBe(0);

    const run = join(folder, 'killed');
    const random = randomFor('kill', Date.now());
    let kills = 0;
    // A run that was killed before it wrote its configuration is begun again in the same folder.
    const goOn = () =>
      existsSync(join(run, 'config.json'))
        ? start('train', '--resume', run)
        : start('train', 'counting', '--out', run, ...settings);
    for (let attempt = 0; attempt < 10 * KILLS && kills < KILLS; attempt++) {
      const { child, ended } = goOn();
      // Anywhere from before the library is loaded to well into the steps.
      const timer = setTimeout(() => child.kill('SIGKILL'), 0.7 * undisturbedMs * random.uniform());
      const { code, signal, stderr } = await ended;
      clearTimeout(timer);
      if (signal === 'SIGKILL') kills++;
      else {
        expect(stderr).not.toContain('expected');
        expect(code).toBe(0);
        break;
      }
    }
    const last = await goOn().ended;
    expect(kills).toBeGreaterThan(0);
    expect(last.stderr).not.toContain('expected');
    expect(last.code).toBe(0);
    const expected = filesOf(undisturbed);
    const found = filesOf(run);
    for (const [path, bytes] of Object.entries(expected)) expect(found[path].equals(bytes), path).toBe(true);
  });

  test('Ctrl-C finishes the step, saves, exits with 130, and the resumed run ends with the same bytes', async () => {
    const run = join(folder, 'interrupted');
    const { child, ended } = start('train', 'counting', '--out', run, ...settings);
    while (!existsSync(join(run, 'checkpoints'))) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted at step \d+; go on with: jepa train --resume/);
    expect((await start('train', '--resume', run).ended).code).toBe(0);
    const expected = filesOf(join(folder, 'undisturbed'));
    const found = filesOf(run);
    for (const [path, bytes] of Object.entries(expected)) expect(found[path].equals(bytes), path).toBe(true);
  });

  test('a second process on the same run is refused, and the first goes on', async () => {
    const run = join(folder, 'twice');
    const { child, ended } = start('train', 'counting', '--out', run, ...settings);
    while (!existsSync(join(run, 'checkpoints'))) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await start('train', '--resume', run).ended;
    expect(second.code).toBe(75);
    expect(second.stderr).toContain(String(child.pid));
    expect((await ended).code).toBe(0);
  });

  test('a rate that is far too high stops the run, names the term and keeps the last checkpoint', async () => {
    const run = join(folder, 'nan');
    const rate = ['--set', 'optimization.learningRate=1e30', '--set', 'optimization.warmupSteps=0'];
    const { code, stderr } = await start('train', 'counting', '--out', run, ...settings, ...rate).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/expected a finite (dynamics|auxiliary) term, got (NaN|Infinity)/);
  });
});
