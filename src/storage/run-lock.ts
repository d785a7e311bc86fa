// One process a run, on this machine and beyond: a lock file that names its owner, refuses everyone else, and is taken over
// when its owner is gone. Where the owner's number means something here (same host, boot and namespace of processes) it says
// whether the owner lives; elsewhere only its lease does, which a living owner renews (run-lease.ts).
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FormatError } from '../error.ts';
import { partialPath } from './atomic-file.ts';
import {
  type FileSystem,
  localFileSystem,
  readTextIfPresent,
  storageError,
  systemErrorCode,
  writeFully,
} from './file-system.ts';
import { heldLocks, LockedError } from './held-lock.ts';
import { processDomain, processIdentity } from './process-identity.ts';
import { startLease } from './run-lease.ts';

export const RUN_LOCK_NAME = 'run.lock';

const ownerSchema = z.strictObject({
  pid: z.int().positive(),
  /** What tells this process from a later one of the same number. */
  identity: z.string(),
  host: z.string(),
  /** Where `pid` means anything (`processDomain`); the first version did not say. */
  domain: z.string().optional(),
  /** Of this holding of the lock alone. */
  id: z.string().optional(),
  /** ISO 8601, for people. */
  since: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

export interface RunLock {
  readonly path: string;
  /**
   * To be called before anything is written that the next owner would write too.
   * @throws LockedError where another process has the lock by now, because this one was held up for longer than a lease
   */
  requireHeld(): void;
  /** Gives the run back. May be called twice, and while the process exits. */
  dispose(): void;
}

export interface Lease {
  /** How often the owner renews it. */
  readonly renewMs: number;
  /** How long after a renewal, by the file system's clock, the owner may be gone. */
  readonly staleMs: number;
}

export const defaultLease: Lease = { renewMs: 10_000, staleMs: 60_000 };

/**
 * A clock that jumps makes the lease of a living owner look old, or of the future. So one that looks stale is watched for so
 * many renewals, by the clock that never jumps, and is stale if none came.
 */
const WATCHED_RENEWALS = 2.5;

export interface RunLockOptions {
  /** Told in one line when the lock of a process that is gone was taken over. */
  readonly onNote?: (note: string) => void;
  readonly files?: FileSystem;
  /** Default `defaultLease`. All who share a run must have the same. */
  readonly lease?: Lease;
}

/**
 * Locks the run in `runFolder`, which must exist, for this process. Where the lock is of a process elsewhere that may be
 * gone, this takes some seconds.
 * @throws LockedError that names the process that has it
 */
export async function acquireRunLock(runFolder: string, options: RunLockOptions = {}): Promise<RunLock> {
  const files = options.files ?? localFileSystem;
  const lease = options.lease ?? defaultLease;
  const path = join(runFolder, RUN_LOCK_NAME);
  const { text, stale } = await acquire(path, { files, lease, runFolder, onNote: options.onNote ?? (() => {}) });
  if (stale !== undefined)
    options.onNote?.(
      `${runFolder}: ${processName(stale)} ended without giving the run back (locked since ${stale.since}); took over`,
    );
  const renewal = startLease(path, text, lease.renewMs);
  const lock: RunLock = {
    path,
    requireHeld() {
      const found = readText(files, path);
      if (found === text) return;
      const by = found === undefined ? 'nobody' : processName(parseOwner(found, path));
      throw new LockedError(`run ${runFolder}: expected to hold its lock still, got ${by} instead`, {
        remedy: 'This process was held up, and another went on with the run: leave it to that one.',
      });
    },
    dispose() {
      renewal.stop();
      heldLocks.delete(lock);
      release(files, path, text);
    },
  };
  heldLocks.add(lock);
  return lock;
}

/**
 * Who has the run in `runFolder`, as far as can be known without waiting: `process 12 on node-3`.
 * @returns undefined where nobody has it, or whoever had it is gone
 */
export function runOwner(runFolder: string, files: FileSystem = localFileSystem): string | undefined {
  const path = join(runFolder, RUN_LOCK_NAME);
  const text = readText(files, path);
  const renewedMs = modifiedMs(files, path);
  if (text === undefined || renewedMs === undefined) return undefined;
  const owner = parseOwner(text, path);
  const lives =
    owner.domain === processDomain()
      ? processIdentity(owner.pid) === owner.identity
      : Date.now() - renewedMs < defaultLease.staleMs;
  return lives ? processName(owner) : undefined;
}

interface Acquisition {
  readonly files: FileSystem;
  readonly lease: Lease;
  readonly runFolder: string;
  readonly onNote: (note: string) => void;
}

/** Creates the lock file at `path`, first removing that of a process that is gone. */
async function acquire(
  path: string,
  acquisition: Acquisition,
): Promise<{ readonly text: string; readonly stale?: Owner }> {
  const { files } = acquisition;
  const text = `${JSON.stringify(newOwner())}\n`;
  let stale: Owner | undefined;
  for (;;) {
    if (create(files, path, text)) return { text, stale };
    const found = readText(files, path);
    if (found === undefined) continue;
    stale = parseOwner(found, path);
    const seenMs = modifiedMs(files, path);
    if (seenMs === undefined) continue;
    await requireGone(stale, { path, text: found, seenMs }, acquisition);
    // Two processes may see the same dead owner. Only the one that holds the lock of the recovery may remove its lock, and
    // only after looking again; that lock is recovered in the same way should its owner die.
    const recovery = await acquire(`${path}.recovery`, acquisition);
    try {
      if (readText(files, path) === found && modifiedMs(files, path) === seenMs) files.unlinkSync(path);
    } catch (error) {
      throw storageError(`lock ${path}`, 'to remove the lock of a process that is gone', error);
    } finally {
      release(files, `${path}.recovery`, recovery.text);
    }
  }
}

function newOwner(): Owner {
  return {
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
    host: hostname(),
    domain: processDomain(),
    id: randomUUID(),
    since: new Date().toISOString(),
  };
}

/** @throws LockedError where the owner lives, or may live as far as can be known from here */
async function requireGone(
  owner: Owner,
  lock: { readonly path: string; readonly text: string; readonly seenMs: number },
  { files, lease, runFolder, onNote }: Acquisition,
): Promise<void> {
  if (owner.domain === processDomain()) {
    if (processIdentity(owner.pid) === owner.identity) throw refusal(runFolder, owner);
    return;
  }
  const ageMs = fileSystemNowMs(files, lock.path) - lock.seenMs;
  if (ageMs >= 0 && ageMs < lease.staleMs) throw refusal(runFolder, owner);
  const watchedMs = WATCHED_RENEWALS * lease.renewMs;
  const age = ageMs < 0 ? 'in the future' : `${Math.round(ageMs / 1000)} s ago`;
  onNote(
    `${runFolder}: ${processName(owner)} renewed its lock ${age}: waiting ${Math.round(watchedMs / 1000)} s to see whether it lives`,
  );
  const until = performance.now() + watchedMs;
  while (performance.now() < until) {
    await sleep(Math.min(lease.renewMs / 4, Math.max(1, until - performance.now())));
    if (readText(files, lock.path) === lock.text && modifiedMs(files, lock.path) === lock.seenMs) continue;
    // It was renewed, or another took it over: whoever has it lives. Where it was given back, the next try gets it.
    if (readText(files, lock.path) !== undefined) throw refusal(runFolder, owner);
    return;
  }
}

function modifiedMs(files: FileSystem, path: string): number | undefined {
  return files.lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** What the clock says that stamps files beside `path`; a server's may differ from this machine's. */
function fileSystemNowMs(files: FileSystem, path: string): number {
  const probe = partialPath(path);
  try {
    const descriptor = files.openSync(probe, 'wx');
    try {
      writeFully(files, descriptor, new Uint8Array(1));
      return files.fstatSync(descriptor).mtimeMs;
    } finally {
      files.closeSync(descriptor);
      files.rmSync(probe, { force: true });
    }
  } catch (error) {
    throw storageError(`lock ${path}`, 'to ask for the time of the file system', error);
  }
}

/** Creates the file with its whole text, or returns false where it exists. */
function create(files: FileSystem, path: string, text: string): boolean {
  // Written under another name and linked, so that nobody ever reads half of it.
  const own = partialPath(path);
  try {
    createPlainly(files, own, text);
    try {
      files.linkSync(own, path);
      return true;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'EEXIST') return false;
      // FAT and some network file systems have no hard links.
      if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') return createPlainly(files, path, text);
      throw error;
    } finally {
      files.rmSync(own, { force: true });
    }
  } catch (error) {
    throw storageError(`lock ${path}`, 'to create the lock', error);
  }
}

function createPlainly(files: FileSystem, path: string, text: string): boolean {
  let descriptor: number;
  try {
    descriptor = files.openSync(path, 'wx');
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeFully(files, descriptor, new TextEncoder().encode(text));
    files.fsyncSync(descriptor);
  } finally {
    files.closeSync(descriptor);
  }
  return true;
}

function readText(files: FileSystem, path: string): string | undefined {
  try {
    return readTextIfPresent(path, files);
  } catch (error) {
    throw storageError(`lock ${path}`, 'to read the lock', error);
  }
}

function parseOwner(text: string, path: string): Owner {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new FormatError(
      `lock ${path}: expected the owner's pid and start, got ${JSON.stringify(text.slice(0, 60))}`,
      {
        cause: error,
        remedy: 'Remove the file if no process uses the run.',
      },
    );
  }
}

/** `process 12`, and where it is if that is elsewhere. */
function processName({ pid, host, domain }: Owner): string {
  if (domain === processDomain()) return pid === process.pid ? 'this process itself' : `process ${pid}`;
  return `process ${pid} ${host === hostname() ? 'of another container or boot' : ''} on ${host}`.replace(/ +/g, ' ');
}

function refusal(runFolder: string, owner: Owner): LockedError {
  return new LockedError(
    `run ${runFolder}: expected no other process to use it, got ${processName(owner)} (since ${owner.since})`,
    { remedy: 'Wait until it ends, or stop it.' },
  );
}

/** Removes the lock file if it is still ours. */
function release(files: FileSystem, path: string, text: string): void {
  if (readText(files, path) !== text) return;
  try {
    files.unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw storageError(`lock ${path}`, 'to remove the lock', error);
  }
}
