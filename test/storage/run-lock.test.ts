import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { processIdentity } from '../../src/storage/process-identity.ts';
import { acquireRunLock, RUN_LOCK_NAME } from '../../src/storage/run-lock.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Starts lock-holder.ts and waits for its first verdict (`locked` or `refused: ...`) with the notes before it. */
async function startHolder(folder: string, ...more: readonly string[]): Promise<{ child: ChildProcess; said: string }> {
  const script = fileURLToPath(new URL('lock-holder.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    if (/^(locked|refused)/m.test(said)) break;
  }
  return { child, said };
}

describe('the lock of a run', () => {
  test('is had by one, and free again after it was given back', () => {
    const folder = temporaryFolder();
    const lock = acquireRunLock(folder);
    expect(() => acquireRunLock(folder)).toThrow(
      /^run .*: expected no other process to use it, got this process itself \(since \d{4}-.*Z\)$/,
    );
    lock.dispose();
    lock.dispose();
    expect(readdirSync(folder)).toEqual([]);
    acquireRunLock(folder).dispose();
  });

  test('of a living process names it; once that is killed, the next one takes over and says so', async () => {
    const folder = temporaryFolder();
    const { child, said } = await startHolder(folder);
    expect(said).toBe('locked\n');
    expect(() => acquireRunLock(folder)).toThrow(
      `expected no other process to use it, got process ${child.pid} (since`,
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    const notes: string[] = [];
    const lock = acquireRunLock(folder, { onNote: (note) => notes.push(note) });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(`${folder}: process ${child.pid} ended without giving the run back`);
    expect(readdirSync(folder)).toEqual([RUN_LOCK_NAME]);
    lock.dispose();
  });

  test('of a dead process is taken over though its number is in use again', () => {
    const folder = temporaryFolder();
    const owner = { pid: process.ppid, identity: 'boot 0 tick 1', host: hostname(), since: '2026-01-01T00:00:00.000Z' };
    expect(processIdentity(process.ppid)).toBeDefined();
    writeFileSync(join(folder, RUN_LOCK_NAME), JSON.stringify(owner));
    const notes: string[] = [];
    acquireRunLock(folder, { onNote: (note) => notes.push(note) }).dispose();
    expect(notes).toHaveLength(1);
  });

  test('of another machine is never taken over', () => {
    const folder = temporaryFolder();
    const owner = { pid: 1, identity: 'x', host: `not-${hostname()}`, since: '2026-01-01T00:00:00.000Z' };
    writeFileSync(join(folder, RUN_LOCK_NAME), JSON.stringify(owner));
    expect(() => acquireRunLock(folder)).toThrow(`got process 1 on not-${hostname()} (since 2026-01-01T00:00:00.000Z)`);
    expect(existsSync(join(folder, RUN_LOCK_NAME))).toBe(true);
  });

  test('that cannot be read is left alone, and the message says which file', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, RUN_LOCK_NAME), '{"pid":');
    expect(() => acquireRunLock(folder)).toThrow(
      `lock ${join(folder, RUN_LOCK_NAME)}: expected the owner's pid and start, got "{\\"pid\\":"`,
    );
  });

  test('that somebody else holds by now is not given back by us', () => {
    const folder = temporaryFolder();
    const lock = acquireRunLock(folder);
    writeFileSync(lock.path, 'of another');
    lock.dispose();
    expect(readFileSync(lock.path, 'utf8')).toBe('of another');
  });

  test('of a dead process goes to exactly one of four that reach for it at once', async () => {
    const folder = temporaryFolder();
    const dead = { pid: 4194305, identity: 'x', host: hostname(), since: '2026-01-01T00:00:00.000Z' };
    writeFileSync(join(folder, RUN_LOCK_NAME), JSON.stringify(dead));
    const verdicts = await Promise.all(Array.from({ length: 4 }, () => startHolder(folder, '4')));
    expect(verdicts.map(({ said }) => said).filter((said) => said.includes('locked\n'))).toHaveLength(1);
    expect(verdicts.map(({ said }) => said).filter((said) => said.startsWith('refused: run'))).toHaveLength(3);
  });
});
