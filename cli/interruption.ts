// What Ctrl-C, SIGTERM and SIGHUP do, in all commands alike. A command that can stop in good order (a training, a server) is
// asked first; else, and at the second signal, what is half-written goes, locks are given back, children are ended, and so is
// the process: with 130, 143 or 129.
import { constants } from 'node:os';
import { LAUNCHER_VARIABLE } from '../src/machine/launcher.ts';
import { discardUnfinished } from '../src/storage/atomic-file.ts';
import { abandonRunLocks } from '../src/storage/held-lock.ts';
import { discardScratch } from '../src/storage/scratch.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Stops in good order and ends the process, or lets it end, with this exit code. Returns false where there is nothing to stop. */
type Stop = (exitCode: number, signal: NodeJS.Signals) => boolean | undefined;

const stops: Stop[] = [];
const cleanUps: (() => void)[] = [];
let isStopping = false;

/** Called once, by the command line. */
export function listenForInterruptions(): void {
  for (const signal of SIGNALS) process.on(signal, interrupt);
  // A reader that went away (`| head`) is no reason to lose a training, and no fault to tell of.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  // A launcher that holds our standard input open asks us to stop by letting go of it, however it ended.
  if (process.env[LAUNCHER_VARIABLE] === undefined) return;
  delete process.env[LAUNCHER_VARIABLE];
  process.stdin.on('end', () => interrupt('SIGTERM')).on('error', () => interrupt('SIGTERM'));
  process.stdin.resume();
  process.stdin.unref();
}

/** From now on an interruption calls `stop` first. @returns ends that */
export function stopWhenInterrupted(stop: Stop): () => void {
  stops.push(stop);
  return () => {
    stops.splice(stops.indexOf(stop), 1);
  };
}

/** From now on a process that ends by an interruption calls `cleanUp` before. @returns ends that */
export function cleanUpWhenInterrupted(cleanUp: () => void): () => void {
  cleanUps.push(cleanUp);
  return () => {
    cleanUps.splice(cleanUps.indexOf(cleanUp), 1);
  };
}

function interrupt(signal: NodeJS.Signals): void {
  const exitCode = 128 + constants.signals[signal];
  const stop = stops.at(-1);
  if (!isStopping && stop !== undefined && stop(exitCode, signal) !== false) {
    isStopping = true;
    return;
  }
  for (const cleanUp of [discardUnfinished, ...[...cleanUps].reverse(), discardScratch, abandonRunLocks])
    try {
      cleanUp();
    } catch {
      // The others are done all the same.
    }
  process.stderr.write('jepa: interrupted\n');
  process.exit(exitCode);
}
