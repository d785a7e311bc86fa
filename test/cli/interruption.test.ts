// What a command leaves behind that is interrupted, or killed: nothing, or nothing for long.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LAUNCHER_VARIABLE } from '../../src/machine/launcher.ts';
import { isRunning } from '../../src/storage/process-identity.ts';
import { sweepScratch } from '../../src/storage/scratch.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { bin } from './start-jepa.ts';

const script = fileURLToPath(new URL('half-written.ts', import.meta.url));

async function start(...more: string[]): Promise<{
  readonly child: ChildProcess;
  readonly folder: string;
  readonly scratch: string;
  readonly grandchild: number;
  readonly complaints: () => string;
}> {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, ...more], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, [LAUNCHER_VARIABLE]: '1' },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [said] = await once(child.stdout, 'data');
  const scratch = String(said).trim();
  expect(existsSync(scratch)).toBe(true);
  expect(readdirSync(folder)).toHaveLength(4);
  const grandchild = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  return { child, folder, scratch, grandchild, complaints: () => stderr };
}

async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; isAlive(pid); tries++) {
    expect(tries).toBeLessThan(200);
    await sleep(50);
  }
}

/** A zombie that nobody has looked at yet, as in a container without an init, has ended. */
function isAlive(pid: number): boolean {
  if (!isRunning(pid)) return false;
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') R';
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}

describe('a command that is interrupted', { timeout: 120_000 }, () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s leaves nothing, and ends with %d', async (signal, exitCode) => {
    const { child, folder, scratch, grandchild, complaints } = await start();
    child.kill(signal);
    expect((await once(child, 'close'))[0]).toBe(exitCode);
    expect(complaints()).toBe('jepa: interrupted\n');
    expect(readdirSync(folder)).toEqual(['pid']);
    expect(existsSync(scratch)).toBe(false);
    await untilGone(grandchild);
  });

  test('stops in good order first, and at once when asked again', async () => {
    const { child, folder } = await start('stops');
    child.kill('SIGINT');
    expect(String((await once(child.stdout ?? child, 'data'))[0])).toBe('stopping\n');
    expect(readdirSync(folder)).toHaveLength(4);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
    expect(readdirSync(folder)).toEqual(['pid']);
  });

  test('by the end of a launcher that holds its standard input stops as by SIGTERM', async () => {
    const { child, folder } = await start();
    child.stdin?.end();
    expect((await once(child, 'close'))[0]).toBe(143);
    expect(readdirSync(folder)).toEqual(['pid']);
  });
});

test.skipIf(process.platform === 'win32')(
  'a command that is killed takes its children along, and the next one removes what it left',
  {
    timeout: 120_000,
  },
  async () => {
    const { child, scratch, grandchild } = await start();
    child.kill('SIGKILL');
    await once(child, 'close');
    await untilGone(grandchild);
    expect(existsSync(scratch)).toBe(true);
    sweepScratch(dirname(scratch));
    expect(existsSync(scratch)).toBe(false);
  },
);

test('a reader that went away is no fault', { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, [bin, 'train', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(stderr).toBe('');
});

test.runIf(existsSync('/dev/full'))(
  'a full disk under what is printed is told in one line',
  { timeout: 120_000 },
  async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [bin, 'train', '--help'], { stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(stderr).toMatch(
      /^jepa: standard output: expected room for what is printed, got ENOSPC \(no space left .*\n$/,
    );
  },
);
