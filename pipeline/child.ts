// A command of the command line in a process of its own: one crash is then one run, not all of them.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { LAUNCHER_VARIABLE } from '../src/machine/launcher.ts';
import { packageRoot } from '../src/machine/package.ts';

/**
 * Runs `jepa` with `argv`; what it prints is added to the file `log`. Where `signal` stops it, it is waited for: it may be
 * writing a checkpoint.
 * @returns its exit code; null where a signal of the system ended it
 * @throws the reason of `signal` where that stopped it
 */
export async function runCommand(
  argv: readonly string[],
  log: string,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const stream = createWriteStream(log, { flags: 'a' });
  stream.write(`$ jepa ${argv.join(' ')}\n`);
  const child = spawn(process.execPath, [join(packageRoot(), 'bin', 'jepa.js'), ...argv], {
    // Its standard input stays open for as long as this process lives: its end lets a training write a checkpoint.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, [LAUNCHER_VARIABLE]: '1' },
    // Ctrl-C in a terminal reaches us, and we them.
    detached: true,
    ...(signal && { signal }),
  });
  child.stdin.on('error', () => {});
  child.stdout.pipe(stream, { end: false });
  child.stderr.pipe(stream, { end: false });
  try {
    return await new Promise<number | null>((resolve, reject) => {
      let failure: Error | undefined;
      child.once('error', (error) => {
        failure = error;
        if (child.pid === undefined) reject(error);
      });
      child.once('close', (status) => (failure === undefined ? resolve(status) : reject(failure)));
    });
  } finally {
    stream.end();
  }
}
