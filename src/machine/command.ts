// Runs another program to its end: bounded in time and in what is kept of its output, and stopped with all its children.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { endWithThisProcess } from './launcher-guard.ts';
import { descendantsOf, processTreeByteLength } from './process-memory.ts';

export interface CommandOptions {
  readonly folder?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Stop it after so long in all. */
  readonly limitMs?: number;
  /** Stop it when neither its output nor `activity` has changed for so long. */
  readonly idleLimitMs?: number;
  /** Stop it when it and what it started hold more memory than this. Watched on Linux only. */
  readonly memoryLimitByteLength?: number;
  /** Asked five times a second; any number that moves while the program works, such as the bytes that it has written. */
  readonly activity?: () => number;
}

export interface CommandResult {
  /**
   * `missing`: there is no such program. `late`: stopped by `limitMs`. `idle`: stopped by `idleLimitMs`.
   * `large`: stopped by `memoryLimitByteLength`.
   */
  readonly outcome: 'exited' | 'killed' | 'missing' | 'late' | 'idle' | 'large';
  readonly exitCode: number | undefined;
  /** The signal that ended it, `SIGILL` say. */
  readonly endedBy: string | undefined;
  /** The last 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

const KEPT_CHARACTERS = 65_536;
const POLL_MS = 200;

/** Groups of processes that are running for us, stopped when this process exits. */
const running = new Set<ChildProcess>();

/** Runs `program` and waits for its end. Throws the signal's reason when aborted; any other ending is a result. */
export async function runCommand(
  program: string,
  programArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { signal, limitMs, idleLimitMs, memoryLimitByteLength, activity } = options;
  signal?.throwIfAborted();
  const child = spawn(program, [...programArguments], {
    cwd: options.folder,
    env: options.environment ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what the program starts in turn can be stopped with it.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let stdout = '';
  let stderr = '';
  let lastChange = performance.now();
  let lastActivity = activity?.();
  let stopped: 'late' | 'idle' | 'large' | undefined;
  const started = performance.now();

  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout = (stdout + chunk).slice(-KEPT_CHARACTERS);
    lastChange = performance.now();
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-KEPT_CHARACTERS);
    lastChange = performance.now();
  });

  const poll = setInterval(() => {
    const now = performance.now();
    const current = activity?.();
    if (current !== lastActivity) {
      lastActivity = current;
      lastChange = now;
    }
    if (limitMs !== undefined && now - started > limitMs) stopped ??= 'late';
    else if (idleLimitMs !== undefined && now - lastChange > idleLimitMs) stopped ??= 'idle';
    else if (memoryLimitByteLength !== undefined && child.pid !== undefined) {
      const held = processTreeByteLength(child.pid);
      if (held !== undefined && held > memoryLimitByteLength) stopped ??= 'large';
    }
    if (stopped !== undefined) stop(child);
  }, POLL_MS);
  const onAbort = (): void => stop(child);
  signal?.addEventListener('abort', onAbort);
  watchExit();
  running.add(child);
  const release = child.pid === undefined ? () => {} : endWithThisProcess(-child.pid);

  try {
    const [exitCode, endedBy] = await new Promise<[number | null, string | null] | [undefined, undefined]>(
      (resolve, reject) => {
        child.once('error', (error: NodeJS.ErrnoException) => {
          // EACCES: a file of that name that is not a program.
          if (error.code === 'ENOENT' || error.code === 'EACCES') resolve([undefined, undefined]);
          else reject(error);
        });
        child.once('close', (code, endedBy) => resolve([code, endedBy]));
      },
    );
    signal?.throwIfAborted();
    const isMissing = exitCode === undefined;
    const ending = endedBy === null ? 'exited' : 'killed';
    return {
      outcome: isMissing ? 'missing' : (stopped ?? ending),
      exitCode: exitCode ?? undefined,
      endedBy: endedBy ?? undefined,
      stdout,
      stderr,
    };
  } finally {
    clearInterval(poll);
    signal?.removeEventListener('abort', onAbort);
    running.delete(child);
    release();
  }
}

/** Bytes of all files below `folder`; files that vanish meanwhile count nothing. */
export function folderByteLength(folder: string): number {
  let sum = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      sum += entry.isDirectory() ? folderByteLength(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    }
  } catch {
    // The folder itself vanished.
  }
  return sum;
}

/** The first line of a program's output that is not empty. */
export function firstLine(output: string): string {
  return (
    output
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .find((line) => line !== '') ?? ''
  );
}

/** What a failed program said, in one line: the first line that matches, else its last line. */
export function outputLine(result: CommandResult, pattern: RegExp = /error/i): string {
  const lines = `${result.stderr}\n${result.stdout}`.split(/[\r\n]+/).map((line) => line.trim());
  const spoken = lines.filter((line) => line !== '');
  const line = spoken.find((candidate) => pattern.test(candidate)) ?? spoken.at(-1) ?? 'no output';
  return line.length > 200 ? `${line.slice(0, 197)}...` : line;
}

function stop(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // What left the group (a browser starts one of its own) is found by its parents, while these still are.
  const others = descendantsOf(child.pid).slice(1);
  if (process.platform === 'win32') child.kill('SIGKILL');
  else for (const target of [-child.pid, ...others]) kill(target);
}

function kill(target: number): void {
  try {
    process.kill(target, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

let isWatching = false;

function watchExit(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const child of running) stop(child);
  });
}
