// `jepa reproduce`, interrupted: the runs that are being made are stopped, and what is said is that alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

test('ends with 130 and a line that says how to go on, not as a bug', async () => {
  const folder = join(temporaryFolder(), 'all');
  const argv = ['counting', '--rows', 'joint', '--seeds', '1', '--set', 'optimization.steps=1000000', '--out', folder];
  const child = spawn(process.execPath, ['bin/jepa.js', 'reproduce', ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close');
  for (let tries = 0; !existsSync(join(folder, 'logs', 'joint-seed-100.log')); tries++) {
    expect(tries).toBeLessThan(600);
    await sleep(100);
  }
  child.kill('SIGINT');
  const [exitCode] = await ended;
  expect(stderr).toBe('jepa: interrupted; what is done is kept: run the same command again\n');
  expect(exitCode).toBe(130);
}, 180_000);
