// Renews the lease of a lock: writes the lock's own text over itself, so that the file system stamps it with the time of its
// own clock. In a thread, since a training step may keep the main one busy for longer than a lease lasts.
import { Worker } from 'node:worker_threads';

export interface RunLease {
  stop(): void;
}

/**
 * The file is opened once: where the lock was taken over and is another file by now, only the former one is written to.
 * Plain JavaScript in a text, so that there is no file of its own to find in sources and builds alike.
 */
const RENEWAL = `
const { openSync, readSync, writeSync } = require('node:fs');
const { workerData: { path, text, renewMs } } = require('node:worker_threads');
const bytes = Buffer.from(text);
const found = Buffer.alloc(bytes.length);
let descriptor;
const timer = setInterval(() => {
  try {
    descriptor ??= openSync(path, 'r+');
    readSync(descriptor, found, 0, found.length, 0);
    if (found.equals(bytes)) writeSync(descriptor, bytes, 0, bytes.length, 0);
    else clearInterval(timer);
  } catch {
    // Lost, or out of reach for now: the next renewal tries again, and the owner looks before it writes a checkpoint.
  }
}, renewMs);
`;

/** Renews the lock at `path`, whose text is `text`, every `renewMs` until stopped or the process ends. */
export function startLease(path: string, text: string, renewMs: number): RunLease {
  const worker = new Worker(RENEWAL, { eval: true, workerData: { path, text, renewMs }, execArgv: [], stdout: false });
  worker.unref();
  // Without a thread there is no renewal: then the lock holds for as long as a lease, and the fence before checkpoints after.
  worker.once('error', () => {});
  return {
    stop() {
      void worker.terminate();
    },
  };
}
