// Modules that a user wrote: simulators, auxiliaries, encoders, policies. The one place that runs them.
import { existsSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../error.ts';
import { type NamedCode, requireCodePermission } from './code-permission.ts';

const TYPESCRIPT: readonly string[] = ['.ts', '.mts', '.cts', '.tsx'];
export const MODULE_EXTENSIONS: readonly string[] = ['.js', '.mjs', '.cjs', ...TYPESCRIPT];

export interface UserModuleOptions {
  /** What has to be permitted before it runs; `given` where the user named it for this very call. */
  readonly permission: NamedCode | 'given';
  /** For messages: `auxiliary module ./parity.ts`. */
  readonly where: string;
  /** What helps where there is no such file. */
  readonly remedy?: string;
}

/** What a module exports, its default export as `default`. */
export type UserModule = Readonly<Record<string, unknown>>;

/** Whether a name ends as modules do. */
export function isModulePath(path: string): boolean {
  return MODULE_EXTENSIONS.includes(extname(path).toLowerCase());
}

/**
 * Runs the module at `path`, relative to the working folder: JavaScript or TypeScript, in a folder with "type": "module" or
 * without. TypeScript's types are not checked.
 * @throws UsageError where there is none, or where running it fails; CodeRefusedError where nobody permitted it
 */
export async function importUserModule(
  path: string,
  { where, remedy, permission }: UserModuleOptions,
): Promise<UserModule> {
  const absolute = resolve(path);
  if (!existsSync(absolute) || !statSync(absolute).isFile())
    throw new UsageError(`${where}: expected a module, got ${existsSync(absolute) ? 'a folder' : 'nothing there'}`, {
      remedy: remedy ? `Check the path. ${remedy}` : 'Check the path: it is relative to the working folder.',
    });
  if (permission !== 'given') requireCodePermission(permission);
  const url = pathToFileURL(absolute).href;
  try {
    const loaded: UserModule = needsTsx(absolute)
      ? await (await import('tsx/esm/api')).tsImport(url, import.meta.url)
      : await import(url);
    return flatExports(loaded);
  } catch (cause) {
    throw new UsageError(`${where}: expected a module that can be imported, got: ${String(cause).split('\n')[0]}`, {
      cause,
    });
  }
}

/**
 * In a clone tsx runs our own sources, and its hook then takes `x.ts` for `x.js` where both are there, and requires ECMAScript
 * modules of folders without "type": "module" in a cycle. Its own import does neither.
 */
function needsTsx(path: string): boolean {
  return TYPESCRIPT.includes(extname(path).toLowerCase()) || import.meta.url.endsWith('.ts');
}

/** A module of a package without "type": "module" may have its exports as the properties of a default one. */
function flatExports(loaded: UserModule): UserModule {
  const inner = loaded.default;
  const isNested = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
  const { 'module.exports': _, ...own } = isNested ? { ...loaded, ...(inner as UserModule) } : loaded;
  if (isNested && !('default' in (inner as UserModule))) return { ...own, default: inner };
  return own;
}
