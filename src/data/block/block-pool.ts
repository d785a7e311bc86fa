// Decodes blocks ahead of the step that needs them, in worker threads, or in this one where there are none.
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FormatError, JepaError, UnavailableError } from '../../error.ts';
import type { Recording } from '../recording.ts';
import { type Block, type DecodedBlock, type DecodePlan, decodeBlock } from './block.ts';
import type { BlockRequest, BlockWorkerData } from './block-worker.ts';

export interface BlockPool {
  decode(plan: DecodePlan, block: Block): Promise<DecodedBlock>;
  dispose(): Promise<void>;
}

/** One for every processor but the one that trains, up to this; one keeps up with gzip at 50 MB/s or so. */
const MAXIMAL_WORKERS = 4;

export function defaultWorkerCount(): number {
  return Math.max(1, Math.min(MAXIMAL_WORKERS, availableParallelism() - 1));
}

/** `workerCount` 0 decodes in this thread. The results are the same whatever the number. */
export function createBlockPool(recording: Recording, workerCount: number): BlockPool {
  if (workerCount === 0) {
    // One after the other, as a worker does.
    let queue: Promise<unknown> = Promise.resolve();
    return {
      decode(plan, block) {
        const decoded = queue.then(() => decodeBlock(recording, plan, block));
        queue = decoded.catch(() => undefined);
        return decoded;
      },
      dispose: () => Promise.resolve(),
    };
  }
  const waiting = new Map<number, { resolve(decoded: DecodedBlock): void; reject(error: Error): void }>();
  const workers = Array.from({ length: workerCount }, () => startWorker(recording));
  const loads = workers.map(() => 0);
  const owners = new Map<number, number>();
  let isDisposed = false;
  let count = 0;
  for (const [index, worker] of workers.entries()) {
    worker.on('message', (reply: BlockReply) => {
      const { id } = reply;
      loads[index]--;
      owners.delete(id);
      if ('decoded' in reply) waiting.get(id)?.resolve(reply.decoded);
      else waiting.get(id)?.reject(toError(reply.failure));
      waiting.delete(id);
    });
    const fail = (error: Error) => {
      for (const [id, owner] of owners) if (owner === index) waiting.get(id)?.reject(error);
    };
    worker.on('error', fail);
    worker.on('exit', () => {
      if (!isDisposed)
        fail(new UnavailableError(`${recording.path}: expected a worker to decode it, got one that ended`));
    });
    // A worker that waits for work keeps no program alive.
    worker.unref();
  }
  return {
    decode(plan, block) {
      const id = count++;
      const index = loads.indexOf(Math.min(...loads));
      loads[index]++;
      owners.set(id, index);
      const request: BlockRequest = { id, plan, block };
      return new Promise<DecodedBlock>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        workers[index].ref();
        workers[index].postMessage(request);
      }).finally(() => {
        if (loads[index] === 0) workers[index].unref();
      });
    },
    async dispose() {
      isDisposed = true;
      for (const { reject } of waiting.values())
        reject(new JepaError(`${recording.path}: expected an open recording, got a disposed one`));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly remedy: string | undefined;
}
type BlockReply = { readonly id: number } & ({ readonly decoded: DecodedBlock } | { readonly failure: Failure });

/** Errors lose their class between threads. */
function toError({ name, message, remedy }: Failure): Error {
  if (name === 'FormatError') return new FormatError(message, { remedy });
  if (name === 'UnavailableError') return new UnavailableError(message, { remedy });
  return name === 'JepaError' || name === 'UsageError' ? new JepaError(message, { remedy }) : new Error(message);
}

function startWorker({ handle }: Recording): Worker {
  const extension = extname(fileURLToPath(import.meta.url));
  const script = new URL(`./block-worker${extension}`, import.meta.url);
  const data: BlockWorkerData = { handle };
  if (extension !== '.ts') return new Worker(script, { workerData: data });
  // In a clone the sources run through tsx, which a new thread must load for itself.
  const tsx = import.meta.resolve('tsx/esm/api');
  const start = `import(${JSON.stringify(tsx)}).then(({ register }) => { register(); return import(${JSON.stringify(script.href)}); });`;
  return new Worker(start, { eval: true, workerData: data, execArgv: [] });
}
