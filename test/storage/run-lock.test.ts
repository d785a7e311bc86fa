import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LockedError } from '../../src/storage/held-lock.ts';
import { processDomain, processIdentity } from '../../src/storage/process-identity.ts';
import { acquireRunLock, RUN_LOCK_NAME } from '../../src/storage/run-lock.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Short enough for a test; a lease is six renewals, as in earnest. */
const lease = { renewMs: 100, staleMs: 600 };

const domain = processDomain();
const owner = { pid: 4194305, identity: 'x', host: hostname(), since: '2026-01-01T00:00:00.000Z' };

/** Starts lock-holder.ts and waits for its first verdict (`locked` or `refused: ...`) with the notes before it. */
async function startHolder(
  folder: string,
  { contenders = 1, launcher = [] }: { readonly contenders?: number; readonly launcher?: readonly string[] } = {},
): Promise<{ child: ChildProcess; said: string }> {
  const script = fileURLToPath(new URL('lock-holder.ts', import.meta.url));
  const [program, ...given] = [...launcher, process.execPath, '--import', 'tsx', script, folder, String(contenders)];
  const child = spawn(program, given, { stdio: ['ignore', 'pipe', 'inherit'] });
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

function writeLock(folder: string, content: object, ageSeconds = 0): string {
  const path = join(folder, RUN_LOCK_NAME);
  writeFileSync(path, JSON.stringify(content));
  const then = Date.now() / 1000 - ageSeconds;
  utimesSync(path, then, then);
  return path;
}

describe('the lock of a run', () => {
  test('is had by one, and free again after it was given back', async () => {
    const folder = temporaryFolder();
    const lock = await acquireRunLock(folder);
    await expect(acquireRunLock(folder)).rejects.toThrow(
      /^run .*: expected no other process to use it, got this process itself \(since \d{4}-.*Z\)$/,
    );
    lock.requireHeld();
    lock.dispose();
    lock.dispose();
    expect(readdirSync(folder)).toEqual([]);
    (await acquireRunLock(folder)).dispose();
  });

  test('of a living process names it; once that is killed, the next one takes over and says so', async () => {
    const folder = temporaryFolder();
    const { child, said } = await startHolder(folder);
    expect(said).toBe('locked\n');
    const error: unknown = await acquireRunLock(folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LockedError);
    expect(String(error)).toContain(`expected no other process to use it, got process ${child.pid} (since`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const notes: string[] = [];
    const lock = await acquireRunLock(folder, { onNote: (note) => notes.push(note) });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(`${folder}: process ${child.pid} ended without giving the run back`);
    expect(readdirSync(folder)).toEqual([RUN_LOCK_NAME]);
    lock.dispose();
  });

  test('of a dead process is taken over though its number is in use again', async () => {
    const folder = temporaryFolder();
    expect(processIdentity(process.ppid)).toBeDefined();
    writeLock(folder, { ...owner, pid: process.ppid, identity: 'boot 0 tick 1', domain });
    const notes: string[] = [];
    (await acquireRunLock(folder, { onNote: (note) => notes.push(note) })).dispose();
    expect(notes).toHaveLength(1);
  });

  test.each([
    ['on another machine', { host: `not-${hostname()}`, domain: '00000000' }, `process 4194305 on not-${hostname()}`],
    ['in another container', { domain: '00000000' }, `process 4194305 of another container or boot on ${hostname()}`],
    ['of the first version', {}, `process 4194305 of another container or boot on ${hostname()}`],
  ])('of a process %s is refused while its lease is young', async (_where, where, name) => {
    const folder = temporaryFolder();
    const path = writeLock(folder, { ...owner, ...where }, 30);
    await expect(acquireRunLock(folder)).rejects.toThrow(`got ${name} (since 2026-01-01T00:00:00.000Z)`);
    expect(existsSync(path)).toBe(true);
  });

  test('of a dead host is taken over, after it was seen not to be renewed', async () => {
    const folder = temporaryFolder();
    writeLock(folder, { ...owner, host: 'gone', domain: '00000000' }, 3600);
    const notes: string[] = [];
    const begin = performance.now();
    const lock = await acquireRunLock(folder, { lease, onNote: (note) => notes.push(note) });
    expect(performance.now() - begin).toBeGreaterThan(2.4 * lease.renewMs);
    expect(notes).toEqual([
      `${folder}: process 4194305 on gone renewed its lock 3600 s ago: waiting 0 s to see whether it lives`,
      `${folder}: process 4194305 on gone ended without giving the run back (locked since 2026-01-01T00:00:00.000Z); took over`,
    ]);
    lock.dispose();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['ahead by an hour', -3600],
    ['back by an hour', 3600],
  ])('of a living owner elsewhere is kept though the clock jumped %s', async (_how, ageSeconds) => {
    const folder = temporaryFolder();
    const path = writeLock(folder, { ...owner, domain: '00000000' }, ageSeconds);
    // The owner renews, whatever the clock says.
    let now = Date.now() / 1000 - ageSeconds;
    const renewal = setInterval(() => {
      now += 0.1;
      utimesSync(path, now, now);
    }, lease.renewMs);
    onTestFinished(() => clearInterval(renewal));
    await expect(acquireRunLock(folder, { lease })).rejects.toThrow('expected no other process to use it');
  });

  test('of a dead owner is taken over though its last renewal lies in the future', async () => {
    const folder = temporaryFolder();
    writeLock(folder, { ...owner, domain: '00000000' }, -86_400);
    (await acquireRunLock(folder, { lease })).dispose();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is renewed by the file system clock, also while the process is busy', async () => {
    const folder = temporaryFolder();
    const lock = await acquireRunLock(folder, { lease });
    const text = readFileSync(lock.path, 'utf8');
    utimesSync(lock.path, 1, 1);
    for (const until = performance.now() + 2000; performance.now() < until && statSync(lock.path).mtimeMs === 1000; );
    expect(Math.abs(statSync(lock.path).mtimeMs - Date.now())).toBeLessThan(60_000);
    expect(readFileSync(lock.path, 'utf8')).toBe(text);
    lock.dispose();
  });

  test('that was lost is noticed before anything is written, and is not given back by us', async () => {
    const folder = temporaryFolder();
    const lock = await acquireRunLock(folder, { lease });
    writeFileSync(lock.path, JSON.stringify({ ...owner, host: 'elsewhere', domain: '00000000' }));
    expect(() => lock.requireHeld()).toThrow(
      `run ${folder}: expected to hold its lock still, got process 4194305 on elsewhere instead`,
    );
    await sleep(3 * lease.renewMs);
    lock.dispose();
    expect(readFileSync(lock.path, 'utf8')).toContain('"elsewhere"');
  });

  test('that cannot be read is left alone, and the message says which file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, RUN_LOCK_NAME), '{"pid":');
    await expect(acquireRunLock(folder)).rejects.toThrow(
      `lock ${join(folder, RUN_LOCK_NAME)}: expected the owner's pid and start, got "{\\"pid\\":"`,
    );
  });

  test('of a dead process goes to exactly one of four that reach for it at once', async () => {
    const folder = temporaryFolder();
    writeLock(folder, { ...owner, domain });
    const verdicts = await Promise.all(Array.from({ length: 4 }, () => startHolder(folder, { contenders: 4 })));
    expect(verdicts.map(({ said }) => said).filter((said) => said.includes('locked\n'))).toHaveLength(1);
    expect(verdicts.map(({ said }) => said).filter((said) => said.startsWith('refused: run'))).toHaveLength(3);
  });
});

/** Linux lets root, or a user in a namespace of their own, make namespaces of processes. */
const unshare = [
  ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'],
  ['unshare', '--map-root-user', '--user', '--pid', '--fork', '--mount-proc', '--kill-child'],
].find(([program, ...given]) => spawnSync(program, [...given, 'true']).status === 0);

// Only where the system has such namespaces there is something to tell apart.
describe.runIf(unshare !== undefined)('in another namespace of processes under the same host name', () => {
  test('the lock of a living process is refused, both ways', async () => {
    const folder = temporaryFolder();
    const lock = await acquireRunLock(folder);
    const { said } = await startHolder(folder, { launcher: unshare });
    expect(said).toMatch(`got process ${process.pid} of another container or boot on ${hostname()}`);
    lock.requireHeld();
    lock.dispose();
    const { said: inside } = await startHolder(folder, { launcher: unshare });
    expect(inside).toBe('locked\n');
    // Number 1 or so there, and a number of something else that lives here.
    await expect(acquireRunLock(folder)).rejects.toThrow(/got process \d{1,2} of another container or boot on /);
  });
});
