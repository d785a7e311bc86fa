// One process a run: a lock file that names its owner, refuses everyone else, and is taken over when its owner is gone.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { FormatError, JepaError } from '../error.ts';
import { writeFileAtomic } from './atomic-file.ts';
import {
  type FileSystem,
  localFileSystem,
  readTextIfPresent,
  storageError,
  systemErrorCode,
  writeFully,
} from './file-system.ts';
import { processIdentity } from './process-identity.ts';

export const RUN_LOCK_NAME = 'run.lock';

const ownerSchema = z.strictObject({
  pid: z.int().positive(),
  /** What tells this process from a later one of the same number. */
  identity: z.string(),
  host: z.string(),
  /** ISO 8601, for people. */
  since: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

export interface RunLock {
  readonly path: string;
  /** Gives the run back. May be called twice, and while the process exits. */
  dispose(): void;
}

/** Another process, or this one already, has the lock. */
export class LockedError extends JepaError {
  override readonly name = 'LockedError';
}

export interface RunLockOptions {
  /** Told in one line when the lock of a process that is gone was taken over. */
  readonly onNote?: (note: string) => void;
  readonly files?: FileSystem;
}

/** Locks the run in `runFolder`, which must exist, for this process. Throws a LockedError that names the process that has it. */
export function acquireRunLock(runFolder: string, options: RunLockOptions = {}): RunLock {
  const files = options.files ?? localFileSystem;
  const path = join(runFolder, RUN_LOCK_NAME);
  const { text, stale } = acquire(files, path, runFolder);
  if (stale !== undefined)
    options.onNote?.(
      `${runFolder}: process ${stale.pid} ended without giving the run back (locked since ${stale.since}); took over`,
    );
  return { path, dispose: () => release(files, path, text) };
}

/** Gives the run back where this process has it: for one that ends at once, as when it is interrupted. */
export function abandonRunLock(runFolder: string, files: FileSystem = localFileSystem): void {
  const path = join(runFolder, RUN_LOCK_NAME);
  const found = readText(files, path);
  if (found !== undefined && parseOwner(found, path).pid === process.pid) release(files, path, found);
}

/** Creates the lock file at `path`, first removing that of a process that is gone. */
function acquire(
  files: FileSystem,
  path: string,
  runFolder: string,
): { readonly text: string; readonly stale?: Owner } {
  const identity = processIdentity(process.pid) ?? '';
  const owner: Owner = { pid: process.pid, identity, host: hostname(), since: new Date().toISOString() };
  const text = `${JSON.stringify(owner)}\n`;
  let stale: Owner | undefined;
  for (;;) {
    if (create(files, path, text)) return { text, stale };
    const found = readText(files, path);
    if (found === undefined) continue;
    stale = parseOwner(found, path);
    if (isAlive(stale)) throw refusal(runFolder, path, stale);
    // Two processes may see the same dead owner. Only the one that holds the lock of the recovery may remove its lock, and
    // only after looking again; that lock is recovered in the same way should its owner die.
    const recovery = acquire(files, `${path}.recovery`, runFolder);
    try {
      if (readText(files, path) === found) files.unlinkSync(path);
    } catch (error) {
      throw storageError(`lock ${path}`, 'to remove the lock of a process that is gone', error);
    } finally {
      release(files, `${path}.recovery`, recovery.text);
    }
  }
}

/** Creates the file with its whole text, or returns false where it exists. */
function create(files: FileSystem, path: string, text: string): boolean {
  // Written under another name and linked, so that nobody ever reads half of it.
  const own = `${path}.${process.pid}`;
  try {
    writeFileAtomic(own, text, { files });
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

function isAlive(owner: Owner): boolean {
  // Of another machine nothing can be known from here.
  return owner.host !== hostname() || processIdentity(owner.pid) === owner.identity;
}

function refusal(runFolder: string, path: string, owner: Owner): LockedError {
  const isHere = owner.host === hostname();
  const what = owner.pid === process.pid && isHere ? 'this process itself' : `process ${owner.pid}`;
  return new LockedError(
    `run ${runFolder}: expected no other process to use it, got ${what}${isHere ? '' : ` on ${owner.host}`} (since ${owner.since})`,
    { remedy: isHere ? 'Wait until it ends, or stop it.' : `Wait until it ends, or remove ${path} if it is gone.` },
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
