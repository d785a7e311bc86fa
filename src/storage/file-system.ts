// The file system calls that the files of a run are written and read with: Node's own, or in tests one that fails on purpose.
import * as nodeFileSystem from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { JepaError, UsageError } from '../error.ts';

/** The calls used by src/storage/. Synchronous: a checkpoint must not interleave with the next training step. */
export type FileSystem = Pick<
  typeof nodeFileSystem,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'fstatSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'renameSync'
  | 'linkSync'
  | 'unlinkSync'
  | 'rmSync'
>;

export const localFileSystem: FileSystem = nodeFileSystem;

/** What the usual error codes mean, and what to do about each. */
const CAUSES: Readonly<Record<string, readonly [meaning: string, remedy: string]>> = {
  ENOSPC: ['no space left on the device', 'Free some space, or choose a folder on another disk.'],
  EDQUOT: ['the disk quota is used up', 'Free some space, or choose a folder on another disk.'],
  EACCES: ['permission denied', 'Choose a folder that you may write to, or change its permissions.'],
  EPERM: ['operation not permitted', 'Choose a folder that you may write to, or change its permissions.'],
  EROFS: ['the file system is read-only', 'Choose a folder that you may write to.'],
  EMFILE: ['too many open files', 'Raise the limit of open files (ulimit -n).'],
  ENFILE: ['too many open files', 'Close other programs, or raise the limit of the system.'],
  EIO: ['input/output error', 'Check the disk.'],
  ENOENT: ['no such file or folder', 'Check the path.'],
  ENOTDIR: ['a part of the path is not a folder', 'Check the path.'],
  EISDIR: ['it is a folder', 'Check the path.'],
  EEXIST: ['it exists already', 'Choose another name.'],
};

/** The code of a system error (`ENOSPC`), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** A file's text; undefined where there is no such file. Throws what else goes wrong as it is. */
export function readTextIfPresent(path: string, files: FileSystem = localFileSystem): string | undefined {
  try {
    return files.readFileSync(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The names in a folder; where that fails, an error that says why (`permission denied`, not `no such folder`). */
export function readFolder(where: string, path: string, files: FileSystem = localFileSystem): string[] {
  try {
    return files.readdirSync(path);
  } catch (error) {
    throw storageError(where, 'a readable folder', error);
  }
}

/** Turns a failed call into one line, `<where>: expected <what>, got ENOSPC (no space left on the device)`; own errors pass through. */
export function storageError(where: string, expected: string, error: unknown): JepaError {
  if (error instanceof JepaError) return error;
  const code = systemErrorCode(error) ?? '';
  const [meaning, remedy] = CAUSES[code] ?? [error instanceof Error ? error.message : String(error), undefined];
  return new JepaError(`${where}: expected ${expected}, got ${code ? `${code} (${meaning})` : meaning}`, {
    remedy,
    cause: error,
  });
}

/** Writes all of `bytes`, since one write call may take fewer. */
export function writeFully(files: FileSystem, descriptor: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.byteLength) offset += files.writeSync(descriptor, bytes, offset, bytes.byteLength - offset);
}

/** Makes a folder's entries durable. Windows has no such call and needs none. */
export function syncFolder(files: FileSystem, path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = files.openSync(path, 'r');
  try {
    files.fsyncSync(descriptor);
  } finally {
    files.closeSync(descriptor);
  }
}

/**
 * Makes a folder and those above it, as far as they are missing. Node's own recursive call never ends where the system says
 * of everything that it is not there, as below /proc.
 * @returns the outermost folder that was made; undefined where all were there
 */
export function makeFolder(
  path: string,
  files: Pick<FileSystem, 'lstatSync' | 'mkdirSync'> = localFileSystem,
): string | undefined {
  const missing: string[] = [];
  let folder = resolve(path);
  for (; !isPresent(files, folder) && dirname(folder) !== folder; folder = dirname(folder)) missing.unshift(folder);
  // Says what is wrong where it is a file.
  if (missing.length === 0) files.mkdirSync(folder, { recursive: true });
  let outermost: string | undefined;
  for (const each of missing)
    try {
      files.mkdirSync(each);
      outermost ??= each;
    } catch (error) {
      // Another process made it meanwhile.
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    }
  return outermost;
}

/** What is at `path`, for a message, where a folder of some kind was expected and is not what it should be. */
export function describeFolder(path: string, lacks: string): string {
  try {
    if (!nodeFileSystem.statSync(path).isDirectory()) return 'a file';
    nodeFileSystem.readdirSync(path);
    return `a folder ${lacks}`;
  } catch (error) {
    const code = systemErrorCode(error) ?? 'nothing';
    return code === 'ENOENT' ? 'no such folder' : `${code} (${CAUSES[code]?.[0] ?? 'it cannot be read'})`;
  }
}

/**
 * To be called before long work whose results are written into `folder`, which must exist.
 * @throws JepaError in one line where nothing can be written there
 */
export function requireWritable(folder: string): void {
  const probe = join(folder, `.probe.${process.pid}`);
  try {
    nodeFileSystem.closeSync(nodeFileSystem.openSync(probe, 'w'));
    nodeFileSystem.rmSync(probe);
  } catch (error) {
    throw storageError(folder, 'a folder to write the results to', error);
  }
}

/**
 * The names in a folder that is about to be made or replaced; undefined where there is nothing.
 * @throws JepaError in one line where it is a file, or cannot be listed
 */
export function listIfPresent(folder: string): string[] | undefined {
  try {
    return nodeFileSystem.readdirSync(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    if (systemErrorCode(error) === 'ENOTDIR')
      throw new JepaError(`${folder}: expected a folder, got a file or a path through one`, {
        remedy: 'Choose another path.',
      });
    throw storageError(folder, 'a folder that can be listed', error);
  }
}

/** True where something (a file, a folder, a link of any kind) is at `path`. */
export function isPresent(files: Pick<FileSystem, 'lstatSync'>, path: string): boolean {
  return files.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** @throws UsageError where an argument names no file: a wrong call, and no failure of what was asked for */
export function requireFile(path: string, expected: string): void {
  const found = nodeFileSystem.statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return;
  throw new UsageError(`${path}: expected ${expected}, got ${found ? 'a folder' : 'nothing there'}`, {
    remedy: 'Check the path.',
  });
}
