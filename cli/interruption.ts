// What Ctrl-C, SIGTERM and SIGHUP do, in all commands alike. A command that can stop in good order (a training, a server) is
// asked first; else, and at the second signal, what is half-written goes, locks are given back, children are ended, and so is
// the process: with 130, 143 or 129.
import { constants } from 'node:os';
import { describeError } from '../src/error.ts';
import { LAUNCHER_VARIABLE } from '../src/machine/launcher.ts';
import { discardUnfinished } from '../src/storage/atomic-file.ts';
import { storageError } from '../src/storage/file-system.ts';
import { abandonRunLocks } from '../src/storage/held-lock.ts';
import { discardScratch } from '../src/storage/scratch.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Stops in good order and ends the process, or lets it end, with this exit code. Returns false where there is nothing to stop. */
type Stop = (exitCode: number, signal: NodeJS.Signals) => boolean | undefined;

/** Who wants to hear of an interruption of one program. */
export interface Interruption {
  /** From now on an interruption calls `stop` first. @returns ends that */
  stopWhenInterrupted(stop: Stop): () => void;
  /** From now on a process that ends by an interruption calls `cleanUp` before. @returns ends that */
  cleanUpWhenInterrupted(cleanUp: () => void): () => void;
  /** @returns what the process has to end with now, all being cleaned up; undefined where something stops in good order */
  receive(signal: NodeJS.Signals): number | undefined;
}

export function createInterruption(): Interruption {
  const stops: Stop[] = [];
  const cleanUps: (() => void)[] = [];
  let isStopping = false;
  const add = <Item>(list: Item[], item: Item) => {
    list.push(item);
    return () => {
      list.splice(list.indexOf(item), 1);
    };
  };
  return {
    stopWhenInterrupted: (stop) => add(stops, stop),
    cleanUpWhenInterrupted: (cleanUp) => add(cleanUps, cleanUp),
    receive(signal) {
      const exitCode = 128 + constants.signals[signal];
      const stop = stops.at(-1);
      if (!isStopping && stop !== undefined && stop(exitCode, signal) !== false) {
        isStopping = true;
        return undefined;
      }
      for (const cleanUp of [discardUnfinished, ...[...cleanUps].reverse(), discardScratch, abandonRunLocks])
        try {
          cleanUp();
        } catch {
          // The others are done all the same.
        }
      return exitCode;
    },
  };
}

/** Where a command was interrupted, has said so, and left nothing behind: the process ends with this code. */
export class InterruptedError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/** What interrupts this process interrupts the program. Called once, by whoever the process belongs to. */
export function listenForInterruptions(interruption: Interruption): void {
  const interrupt = (signal: NodeJS.Signals): void => {
    const exitCode = interruption.receive(signal);
    if (exitCode === undefined) return;
    process.stderr.write('jepa: interrupted\n');
    process.exit(exitCode);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  listenForLostOutput();
  // A launcher that holds our standard input open asks us to stop by letting go of it, however it ended.
  if (process.env[LAUNCHER_VARIABLE] === undefined) return;
  delete process.env[LAUNCHER_VARIABLE];
  process.stdin.on('end', () => interrupt('SIGTERM')).on('error', () => interrupt('SIGTERM'));
  process.stdin.resume();
  process.stdin.unref();
}

/** Output that gets nowhere is no reason to lose a training. A reader that went away (`| head`) is no fault to tell of; a full disk is one. */
function listenForLostOutput(): void {
  let isTold = false;
  const streams = { 'standard output': process.stdout, 'standard error': process.stderr };
  for (const [name, stream] of Object.entries(streams))
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || isTold) return;
      isTold = true;
      process.once('exit', () => {
        process.exitCode ||= 1;
      });
      process.stderr.write(`jepa: ${describeError(storageError(name, 'room for what is printed', error))}\n`);
    });
}
