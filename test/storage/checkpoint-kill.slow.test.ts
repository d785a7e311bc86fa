import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { randomFor } from '../../src/random.ts';
import { newestCheckpoint, saveCheckpoint } from '../../src/storage/checkpoint.ts';
import { temporaryFolder } from './temporary-folder.ts';

const script = fileURLToPath(new URL('checkpoint-writer.ts', import.meta.url));

/** Runs the writer until it ends or is killed after `lifetimeMs` of saving; returns the last step that it reported as saved. */
async function runWriter(
  parameters: readonly string[],
  lifetimeMs?: number,
): Promise<{ step: number; signal: string | null }> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<string | null>((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  let said = '';
  child.stdout.on('data', (chunk) => {
    if (said === '' && lifetimeMs !== undefined) wait(lifetimeMs).then(() => child.kill('SIGKILL'));
    said += chunk;
  });
  const signal = await ended;
  return { step: Number(said.trimEnd().split('\n').at(-1)), signal };
}

/** The newest checkpoint must be the last reported one, or the next, and all of it of one step; saving must go on from there. */
async function expectWhole(run: string, reported: number): Promise<void> {
  const newest = newestCheckpoint(run, { onWarning: (warning) => expect.fail(warning) });
  expect([reported, reported + 1]).toContain(newest?.step);
  if (newest === undefined) return;
  for (const arrays of [newest.weights, newest.optimizer]) {
    expect(arrays.get('w')?.values).toEqual(new Float32Array(50_000).fill(newest.step));
  }
  expect(newest.state).toEqual({ step: newest.step });
  await saveCheckpoint(run, newest.step + 1, newest);
  expect(newestCheckpoint(run)?.step).toBe(newest.step + 1);
  expect(readdirSync(join(run, 'checkpoints')).filter((name) => name.startsWith('.'))).toEqual([]);
}

describe('kill -9 while checkpoints are saved', () => {
  test('before each single call of the file system', async () => {
    let killed = 0;
    for (let call = 1; ; call++) {
      const run = temporaryFolder();
      const { step, signal } = await runWriter([run, String(call)]);
      await expectWhole(run, step);
      if (signal !== 'SIGKILL') break;
      killed++;
    }
    expect(killed).toBeGreaterThan(25);
  });

  test('at twenty random moments', async () => {
    const random = randomFor('checkpoint-kill', 0);
    for (let i = 0; i < 20; i++) {
      const run = temporaryFolder();
      const { step, signal } = await runWriter([run], random.uniform() * 120);
      expect(signal).toBe('SIGKILL');
      await expectWhole(run, step);
    }
  });
});
