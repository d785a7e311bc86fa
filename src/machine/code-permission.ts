// Code that a folder or a file names (a program, a module, a simulator) runs only with the user's permission: one gate for
// all of it, closed unless it was opened. Three things open it: the path stands on the user's own command line, the user
// allowed all that is named, or the folder is one that this user's commands wrote on this machine and that is still the same
// (code-registry.ts). docs/security.md says why.
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../error.ts';
import { isRegistered, register } from './code-registry.ts';

/** Code as a configuration names it. */
export interface NamedCode {
  /** `program`: is started. `module`: is imported. `simulator`: is either, or an environment that Python imports. */
  readonly kind: 'program' | 'module' | 'simulator';
  /** A path, relative to the working folder; a program's bare name; `gym:ID`. */
  readonly name: string;
  /** What the code is given, where that is named beside it; part of what is permitted. */
  readonly options?: unknown;
}

/** Code that is named and must not run. The command line adds how to allow it. */
export class CodeRefusedError extends UsageError {}

const permitted = new Set<string>();
/** Which folder named what, for messages. */
const namedBy = new Map<string, string>();
let announce: ((line: string) => void) | undefined;

/** The user named this code: it may run in this process. */
export function permitCode(code: NamedCode): void {
  permitted.add(keyOf(code));
}

/** The user allows whatever is named. `onRun` is told in one line of each thing that runs by this alone. */
export function permitAllCode(onRun: (line: string) => void): void {
  announce = onRun;
}

/** Takes back everything that was permitted in this process. */
export function forbidAllCode(): void {
  permitted.clear();
  namedBy.clear();
  told.clear();
  announce = undefined;
}

/**
 * Called where a folder is read that names code: permits what is known to have been written by this user's commands, for
 * this folder, and has not changed since.
 */
export function recognizeCode(folder: string, codes: readonly NamedCode[]): void {
  for (const code of codes) {
    const key = keyOf(code);
    namedBy.set(key, folder);
    if (!permitted.has(key) && isRegistered(statementOf(folder, code))) permitted.add(key);
  }
}

/**
 * Called where a command of the user's wrote a folder that names code: what was permitted by then is known from now on.
 * @returns why it could not be written down; undefined where it was
 */
export function rememberCode(folder: string, codes: readonly NamedCode[]): string | undefined {
  const own = codes.filter((code) => announce !== undefined || permitted.has(keyOf(code)));
  return register(own.map((code) => statementOf(folder, code)));
}

/** Called right before code runs that is not this package's. @throws CodeRefusedError where nobody permitted it */
export function requireCodePermission(code: NamedCode): void {
  const key = keyOf(code);
  if (permitted.has(key)) return;
  const folder = namedBy.get(key);
  const by = folder === undefined ? '' : `, which ${folder} names`;
  if (announce === undefined)
    throw new CodeRefusedError(
      `${code.kind} ${describe(code)}: expected your permission to run it${by}, got none: it was not named on the command line, and no command of yours wrote it there as it is`,
      { remedy: 'Look at it first.' },
    );
  if (!told.has(key)) announce(`runs the ${code.kind} ${describe(code)}${by}`);
  told.add(key);
}

/** What was announced once is not announced again. */
const told = new Set<string>();

function describe({ name, options }: NamedCode): string {
  const given = options === undefined || JSON.stringify(options) === '{}' ? '' : ` with ${JSON.stringify(options)}`;
  return `${JSON.stringify(name).slice(1, -1)}${given}`;
}

/** The same for the same code, however its path is written. */
function keyOf({ kind, name, options }: NamedCode): string {
  return JSON.stringify([kind, placeOf(kind, name), options ?? {}]);
}

/** Bare names of programs are looked for in PATH, and `gym:` is no path. */
function placeOf(kind: NamedCode['kind'], name: string): string {
  if (kind === 'program' && !/[/\\]/.test(name)) return name;
  if (kind === 'simulator' && name.startsWith('gym:')) return name;
  const path = resolve(name);
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** A folder that was moved or copied, and code that was changed, make another statement. */
function statementOf(folder: string, code: NamedCode): string {
  let place: string;
  try {
    place = realpathSync(folder);
  } catch {
    place = resolve(folder);
  }
  return JSON.stringify([place, keyOf(code), contentOf(placeOf(code.kind, code.name))]);
}

function contentOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return 'no file';
  }
}
