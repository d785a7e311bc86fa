// The user's cache folder for native libraries and packages, and its lock: one process at a time changes what is in it.
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../error.ts';
import { removePartials } from '../storage/atomic-file.ts';
import { makeFolder, storageError } from '../storage/file-system.ts';
import { LockedError } from '../storage/held-lock.ts';
import { acquireRunLock, RUN_LOCK_NAME, type RunLock } from '../storage/run-lock.ts';
import { homeFolder } from './home-folder.ts';
import type { SetupListener } from './setup-event.ts';

/** Overrides the cache's place. */
export const cacheVariable = 'JEPA_ONNX_CACHE';

/** How long one process waits for another's set-up before it gives up. */
const WAIT_LIMIT_MS = 30 * 60_000;
const WAIT_POLL_MS = 500;

/**
 * The cache folder of this user: JEPA_ONNX_CACHE, else `jepa-onnx` under XDG_CACHE_HOME, ~/Library/Caches (macOS),
 * LOCALAPPDATA (Windows) or ~/.cache.
 */
export function cacheRoot(environment: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const own = environment[cacheVariable];
  if (own) return resolve(own);
  // The XDG specification says that relative paths are to be ignored.
  const xdg = environment.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'jepa-onnx');
  if (platform === 'darwin') return join(homeFolder(), 'Library', 'Caches', 'jepa-onnx');
  if (platform === 'win32' && environment.LOCALAPPDATA) return join(environment.LOCALAPPDATA, 'jepa-onnx', 'Cache');
  return join(homeFolder(), '.cache', 'jepa-onnx');
}

/**
 * Runs `work` while no other process changes the cache, after removing what a killed one has left half-written.
 * @throws UnavailableError where the cache cannot be written, or another process holds it for half an hour.
 */
export async function withCacheLock<Result>(
  root: string,
  options: { readonly onSetup?: SetupListener | undefined; readonly signal?: AbortSignal | undefined },
  work: () => Promise<Result>,
): Promise<Result> {
  const held = await lock(root, options.onSetup ?? (() => {}), options.signal);
  try {
    removePartials(root);
    return await work();
  } finally {
    held.dispose();
  }
}

async function lock(root: string, onSetup: SetupListener, signal?: AbortSignal): Promise<RunLock> {
  const started = performance.now();
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    try {
      makeFolder(root);
      return await acquireRunLock(root);
    } catch (error) {
      if (!(error instanceof LockedError)) throw cacheError(root, error);
      if (performance.now() - started > WAIT_LIMIT_MS)
        throw new UnavailableError(
          `set-up: expected another process to finish within 30 minutes, got: ${error.message}`,
          {
            remedy: `End it, or remove ${join(root, RUN_LOCK_NAME)}.`,
            cause: error,
          },
        );
    }
    if (isFirst) onSetup({ stage: 'wait', message: 'waiting for another process that is setting up' });
    await sleep(WAIT_POLL_MS, undefined, { signal });
  }
}

function cacheError(root: string, error: unknown): UnavailableError {
  const { message } = storageError(`cache ${root}`, 'a folder to write to', error);
  return new UnavailableError(message, {
    remedy: `Set ${cacheVariable} to a folder that can be written.`,
    cause: error,
  });
}
