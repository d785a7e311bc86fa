// Writes files and folders that are there as a whole or not at all, whatever happens on the way: a full disk, kill -9, a
// power cut. A temporary sibling is written, made durable (fsync) and renamed into place, which POSIX makes one step.
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { JepaError } from '../error.ts';
import {
  type FileSystem,
  isPresent,
  localFileSystem,
  makeFolder,
  storageError,
  syncFolder,
  systemErrorCode,
  writeFully,
} from './file-system.ts';
import { isRunning, processDomain } from './process-identity.ts';

/**
 * `.<name>.<pid>-<domain>-<random>.partial`: a file or folder that is being written, or was left by a killed process. The
 * domain says where the number of the process means anything.
 */
const PARTIAL = /^\.(.+)\.(\d+)-(?:([0-9a-f]{8})-)?[0-9a-f]{12}\.partial$/;
/** Of processes on other machines and in other containers nothing is known: what nobody wrote to for so long is left over. */
const FOREIGN_AGE_MS = 24 * 3_600_000;
/** `.<name>.replaced`: the former content of a folder, while the new one takes its place. */
const REPLACED_SUFFIX = '.replaced';

/** Temporary files and folders that this process is filling. */
const unfinished = new Set<string>();

export interface WriteFolderOptions {
  /** Whether a folder that is already there is replaced; otherwise it is refused. Default false. */
  readonly replace?: boolean;
  readonly files?: FileSystem;
}

/**
 * Writes `path` in one step: readers see the former content or all of the new one, also after a crash. Content of more than
 * 2 GiB comes in pieces.
 * Throws a JepaError of one line with its cause (ENOSPC, EACCES, ...), after removing what it had begun.
 */
export function writeFileAtomic(
  path: string,
  content: Uint8Array | string | readonly Uint8Array[],
  options: { readonly files?: FileSystem } = {},
): void {
  const files = options.files ?? localFileSystem;
  const pieces =
    typeof content === 'string' ? [new TextEncoder().encode(content)] : 'byteLength' in content ? [content] : content;
  const partial = partialPath(path);
  try {
    const descriptor = files.openSync(partial, 'wx');
    try {
      for (const piece of pieces) writeFully(files, descriptor, piece);
      files.fsyncSync(descriptor);
    } finally {
      files.closeSync(descriptor);
    }
    files.renameSync(partial, path);
    syncFolder(files, dirname(path));
  } catch (error) {
    discard(files, partial);
    throw storageError(
      `write ${path}`,
      `to write ${pieces.reduce((sum, piece) => sum + piece.byteLength, 0)} bytes`,
      error,
    );
  }
}

/**
 * Writes a file of any size in one step: `fill` writes the temporary file whose path it is given, which is then made durable
 * and renamed into place. Refuses a path that exists, unless it is to be replaced.
 */
export async function writeFileAtomicWith(
  path: string,
  fill: (temporaryPath: string) => void | Promise<void>,
  options: WriteFolderOptions = {},
): Promise<void> {
  const files = options.files ?? localFileSystem;
  if (!options.replace && isPresent(files, path))
    throw new JepaError(`write ${path}: expected a path that is free, got one that exists`, {
      remedy: 'Choose another name, or remove this one first.',
    });
  removePartialsOf(path, files);
  const partial = partialPath(path);
  unfinished.add(partial);
  try {
    makeFolder(dirname(path), files);
    await fill(partial);
    const descriptor = files.openSync(partial, 'r+');
    try {
      files.fsyncSync(descriptor);
    } finally {
      files.closeSync(descriptor);
    }
    files.renameSync(partial, path);
    syncFolder(files, dirname(path));
  } catch (error) {
    discard(files, partial);
    throw systemErrorCode(error) === undefined ? error : storageError(`write ${path}`, 'to write the file', error);
  } finally {
    unfinished.delete(partial);
  }
}

/**
 * Writes the folder `path` in one step: `fill` puts everything into the temporary folder that it is given, then all of it
 * is made durable and renamed into place. Parent folders are created. What `fill` throws is thrown on, with nothing left behind.
 */
export async function writeFolderAtomic<Result>(
  path: string,
  fill: (temporaryFolder: string) => Result | Promise<Result>,
  options: WriteFolderOptions = {},
): Promise<Result> {
  const files = options.files ?? localFileSystem;
  const partial = beginFolder(path, options);
  unfinished.add(partial);
  try {
    const result = await fill(partial);
    finishFolder(path, partial, files);
    return result;
  } catch (error) {
    discard(files, partial);
    throw systemErrorCode(error) === undefined ? error : storageError(`write ${path}`, 'to write a folder', error);
  } finally {
    unfinished.delete(partial);
  }
}

/** Removes what this process has begun to write and not finished: for one that ends at once, as when it is interrupted. */
export function discardUnfinished(files: FileSystem = localFileSystem): void {
  for (const partial of unfinished) discard(files, partial);
}

/**
 * Puts back a folder whose replacement was interrupted between its two renames. Call before reading a folder that may have
 * been replaced; writing does it by itself. Returns true where there was something to put back.
 */
export function recoverFolder(path: string, files: FileSystem = localFileSystem): boolean {
  const replaced = replacedPath(path);
  if (!isPresent(files, replaced)) return false;
  if (isPresent(files, path)) {
    files.rmSync(replaced, { recursive: true, force: true });
    return false;
  }
  files.renameSync(replaced, path);
  return true;
}

/**
 * Removes what killed processes left half-written in `folder`, of one name or of all. What a living process writes is left
 * alone, here and, as far as it writes at all, on another machine or in another container.
 */
export function removePartials(folder: string, files: FileSystem = localFileSystem, ofName?: string): void {
  for (const name of files.readdirSync(folder)) {
    const [, target, pid, domain] = PARTIAL.exec(name) ?? [];
    if (target === undefined || (ofName !== undefined && target !== ofName)) continue;
    const path = join(folder, name);
    const isLeft =
      domain === processDomain() ? !isRunning(Number(pid)) : Date.now() - newestMs(path, files) > FOREIGN_AGE_MS;
    if (isLeft) discard(files, path);
  }
}

/** When anything at `path` or below was last written, in milliseconds since 1970; the future where it cannot be said. */
function newestMs(path: string, files: FileSystem): number {
  const stat = files.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return Number.POSITIVE_INFINITY;
  const below = stat.isDirectory() ? files.readdirSync(path).map((name) => newestMs(join(path, name), files)) : [];
  return below.reduce((newest, each) => Math.max(newest, each), stat.mtimeMs);
}

/** The same beside `path`, for its name alone, before it is written. A failure is ignored: writing says what is wrong. */
function removePartialsOf(path: string, files: FileSystem): void {
  try {
    removePartials(dirname(path), files, basename(path));
  } catch {
    // The folder cannot be listed.
  }
}

function beginFolder(path: string, options: WriteFolderOptions): string {
  const files = options.files ?? localFileSystem;
  try {
    makeFolder(dirname(path), files);
    removePartialsOf(path, files);
    recoverFolder(path, files);
    if (!options.replace && isPresent(files, path))
      throw new JepaError(`write ${path}: expected a path that is free, got one that exists`, {
        remedy: 'Choose another folder, or remove this one first.',
      });
    const partial = partialPath(path);
    files.mkdirSync(partial);
    return partial;
  } catch (error) {
    throw storageError(`write ${path}`, 'to create a folder', error);
  }
}

function finishFolder(path: string, partial: string, files: FileSystem): void {
  syncTree(files, partial);
  if (isPresent(files, path)) {
    // Node has no call that swaps two folders. The former one steps aside under a fixed name, which recoverFolder knows.
    const replaced = replacedPath(path);
    files.renameSync(path, replaced);
    try {
      files.renameSync(partial, path);
    } catch (error) {
      files.renameSync(replaced, path);
      throw error;
    }
    syncFolder(files, dirname(path));
    discard(files, replaced);
  } else {
    files.renameSync(partial, path);
    syncFolder(files, dirname(path));
  }
}

/** Makes every file and folder below `folder` durable, the folder itself last. */
function syncTree(files: FileSystem, folder: string): void {
  for (const entry of files.readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) syncTree(files, path);
    else if (entry.isFile()) {
      const descriptor = files.openSync(path, 'r+');
      try {
        files.fsyncSync(descriptor);
      } finally {
        files.closeSync(descriptor);
      }
    }
  }
  syncFolder(files, folder);
}

/** Removes what is at `path`; a failure is ignored, since it must not hide the error that led here. */
function discard(files: FileSystem, path: string): void {
  try {
    files.rmSync(path, { recursive: true, force: true });
  } catch {
    // removePartials finds it later by its name.
  }
}

/** A new name beside `path` that `removePartials` knows. */
export function partialPath(path: string): string {
  const own = `${process.pid}-${processDomain()}-${randomBytes(6).toString('hex')}`;
  return join(dirname(path), `.${basename(path)}.${own}.partial`);
}

function replacedPath(path: string): string {
  return join(dirname(path), `.${basename(path)}${REPLACED_SUFFIX}`);
}
