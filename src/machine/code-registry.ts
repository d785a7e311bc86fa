// What this user's commands wrote that names code, as one file a statement in the user's settings folder. A file's name is an
// HMAC of the statement with a key that only this user can read: a folder can neither bring such a file along nor guess its name.
import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '../error.ts';
import { makeFolder, storageError, systemErrorCode } from '../storage/file-system.ts';
import { settingsRoot } from './home-folder.ts';

const KEY_BYTES = 32;
/** Bits of a mode that give anything to the group or to others. */
const SHARED_BITS = 0o077;

/** Whether the statement was registered. Where the key cannot be trusted, nothing was. */
export function isRegistered(statement: string): boolean {
  try {
    const folder = registryFolder();
    const key = readKey(folder);
    return key !== undefined && lstatSync(join(folder, nameOf(key, statement))).isFile();
  } catch {
    return false;
  }
}

/** @returns why nothing could be registered; undefined where all was */
export function register(statements: readonly string[]): string | undefined {
  if (statements.length === 0) return undefined;
  try {
    const folder = registryFolder();
    makeFolder(settingsRoot());
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder, { mode: 0o700 });
    const key = readKey(folder) ?? createKey(folder);
    for (const statement of statements)
      writeFileSync(join(folder, nameOf(key, statement)), `${statement}\n`, { mode: 0o600 });
    return undefined;
  } catch (error) {
    return describeError(storageError(settingsRoot(), 'a folder of your own to write to', error));
  }
}

const registryFolder = () => join(settingsRoot(), 'code');

function nameOf(key: Uint8Array, statement: string): string {
  return createHmac('sha256', key).update(statement).digest('hex');
}

/** Undefined where there is none, or one that somebody else could have read or written. */
function readKey(folder: string): Uint8Array | undefined {
  const path = join(folder, 'key');
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size !== KEY_BYTES) return undefined;
  if (process.getuid !== undefined && (stat.uid !== process.getuid() || (stat.mode & SHARED_BITS) !== 0))
    return undefined;
  return readFileSync(path);
}

/** Two processes may make one at once: the one that is linked first counts. A key that cannot be trusted is replaced. */
function createKey(folder: string): Uint8Array {
  const path = join(folder, 'key');
  const own = join(folder, `key.${randomBytes(6).toString('hex')}`);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path);
  writeFileSync(own, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx' });
  try {
    chmodSync(own, 0o600);
    linkSync(own, path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  const key = readKey(folder);
  if (key === undefined) throw new Error('the key cannot be read back');
  return key;
}
