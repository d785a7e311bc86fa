// `jepa` in a process of its own, as a user starts it: for what only a process has (signals, its exit, its start).
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/machine/package.ts';
import type { Ended } from './jepa.ts';

export const bin = join(packageRoot(), 'bin', 'jepa.js');

export interface Start {
  readonly cwd?: string;
  /** Besides that of the tests. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts it, and waits for its end. */
export function startJepa(argv: readonly string[], { cwd, env = {} }: Start = {}): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [bin, ...argv],
      { env: { ...process.env, ...env }, maxBuffer: 2 ** 28, ...(cwd === undefined ? {} : { cwd }) },
      (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
