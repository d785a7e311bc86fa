// A worker thread under a watchdog: calls are answered one after the other, and a thread that gives no sign of life for too
// long, or takes too much memory, is ended. The call that it was in gets an error that names the limit.
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FormatError, JepaError, UnavailableError } from '../../error.ts';
import { type DecodingLimits, SECONDS_VARIABLE, WORKER_HEAP_MEGABYTES } from '../../storage/decoding-limit.ts';
import { errorOfFailure, type Failure } from './failure.ts';

/** How often the watchdog looks. Looks are counted, not seconds, so that a suspended program finds its threads alive. */
const LOOK_MS = 250;

/**
 * A look counts as much of its time as this process had of the processors: where others have them all, a decoder that gets
 * on slowly is not one without an end. It counts at least such a share, for what waits for ever and works at nothing.
 */
const LEAST_SHARE = 0.1;

/** A new thread on a busy machine compiles what it runs. */
const STARTING_SECONDS = 120;

/** Places of the memory that is shared with the thread. */
export const BEAT_INDEX = 0;
export const CURRENT_INDEX = 1;

export interface GuardedWorkerData<Data> {
  readonly data: Data;
  /** [sign of life, number of the call that it is in] */
  readonly shared: SharedArrayBuffer;
}

export interface GuardedRequest<Request> {
  readonly id: number;
  readonly request: Request;
}

export type GuardedReply<Reply> = { readonly id: number } & ({ readonly reply: Reply } | { readonly failure: Failure });

interface Call<Request, Reply> {
  readonly request: Request;
  /** What opens the error messages. */
  readonly where: string;
  readonly limits: DecodingLimits;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export interface GuardedWorker<Request, Reply> {
  /** Calls that are not answered yet. */
  load(): number;
  /** Whether it was ended: by the watchdog, by a fault, or by `dispose`. Further calls are refused. */
  isEnded(): boolean;
  call(request: Request, where: string, limits: DecodingLimits): Promise<Reply>;
  dispose(): Promise<void>;
}

/** The calls that waited behind the one that was ended are refused with this, so that others can repeat them. */
export class WorkerEndedError extends JepaError {
  override readonly name = 'WorkerEndedError';
}

/** `script` is a URL of a file beside this one without its extension; see guarded-service.ts for its side. */
export function startGuardedWorker<Data, Request, Reply>(script: URL, data: Data): GuardedWorker<Request, Reply> {
  const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const signs = new Int32Array(shared);
  const workerData: GuardedWorkerData<Data> = { data, shared };
  const worker = startWorker(script, workerData);
  const calls = new Map<number, Call<Request, Reply>>();
  let count = 0;
  let isEnded = false;
  let timer: NodeJS.Timeout | undefined;
  let seen = 0;
  let silentMs = 0;
  let usedMs = 0;
  let startBytes = 0;

  // A worker that waits for work keeps no program alive.
  worker.unref();
  worker.on('message', (message: GuardedReply<Reply>) => {
    const call = calls.get(message.id);
    calls.delete(message.id);
    if (calls.size === 0) rest();
    if ('reply' in message) call?.resolve(message.reply);
    else call?.reject(errorOfFailure(message.failure));
  });
  worker.on('error', (error: Error) => {
    const isOutOfMemory = Reflect.get(error, 'code') === 'ERR_WORKER_OUT_OF_MEMORY';
    end(({ where }) =>
      isOutOfMemory
        ? new FormatError(
            `${where}: expected to decode it with ${WORKER_HEAP_MEGABYTES} MB of memory, got a need for more (damaged, or made to do this?)`,
            { cause: error },
          )
        : error,
    );
  });
  worker.on('exit', () => {
    end(({ where }) => new UnavailableError(`${where}: expected a thread to decode it, got one that ended`));
  });

  /** Refuses all calls: the one that it was in with `errorOf`. */
  function end(errorOf: (call: Call<Request, Reply>) => Error): void {
    if (isEnded) return;
    isEnded = true;
    rest();
    void worker.terminate();
    const current = Atomics.load(signs, CURRENT_INDEX);
    // Before its first sign it was in none; then the first is as guilty as any.
    const guilty = calls.has(current) ? current : calls.keys().next().value;
    for (const [id, call] of calls)
      call.reject(
        id === guilty
          ? errorOf(call)
          : new WorkerEndedError(`${call.where}: expected a thread to decode it, got one that ended`),
      );
    calls.clear();
  }

  function rest(): void {
    clearInterval(timer);
    timer = undefined;
    worker.unref();
  }

  function look(): void {
    const call = calls.get(Atomics.load(signs, CURRENT_INDEX)) ?? calls.values().next().value;
    if (call === undefined) return;
    const beat = Atomics.load(signs, BEAT_INDEX);
    const used = processorMs();
    if (beat === seen) silentMs += countedMs(used - usedMs);
    else {
      seen = beat;
      silentMs = 0;
    }
    usedMs = used;
    const { seconds: allowed, growthBytes } = call.limits;
    // Before its first sign it is still loading its programs, which is no fault of the file.
    const seconds = beat === 0 ? Math.max(allowed, STARTING_SECONDS) : allowed;
    if (silentMs / 1000 > seconds)
      end(
        ({ where }) =>
          new FormatError(
            `${where}: expected to decode it, got no end in ${Math.round(seconds)} s (damaged, or made to do this?)`,
            { remedy: `Where the file is good and the machine slow, allow more: ${SECONDS_VARIABLE}=600.` },
          ),
      );
    else if (process.memoryUsage.rss() - startBytes > growthBytes)
      end(
        ({ where }) =>
          new FormatError(
            `${where}: expected to decode it with ${Math.round(growthBytes / 1e6)} MB of memory, got a need for more (damaged, or made to do this?)`,
          ),
      );
  }

  return {
    load: () => calls.size,
    isEnded: () => isEnded,
    call(request, where, limits) {
      if (isEnded) return Promise.reject(new WorkerEndedError(`${where}: expected a thread, got one that ended`));
      return new Promise<Reply>((resolve, reject) => {
        const id = ++count;
        calls.set(id, { request, where, limits, resolve, reject });
        if (timer === undefined) {
          worker.ref();
          seen = Atomics.load(signs, BEAT_INDEX);
          silentMs = 0;
          usedMs = processorMs();
          startBytes = process.memoryUsage.rss();
          timer = setInterval(look, LOOK_MS);
        }
        const message: GuardedRequest<Request> = { id, request };
        worker.postMessage(message);
      });
    },
    async dispose() {
      end(({ where }) => new JepaError(`${where}: expected an open recording, got a disposed one`));
      await worker.terminate();
    },
  };
}

/** How much of a look counts in which the process worked for so long. */
export function countedMs(usedMs: number): number {
  return Math.min(LOOK_MS, Math.max(LEAST_SHARE * LOOK_MS, usedMs));
}

/** Of all threads of this process so far. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function startWorker(script: URL, workerData: unknown): Worker {
  const extension = extname(fileURLToPath(import.meta.url));
  const file = new URL(`${script.href}${extension}`);
  const resourceLimits = { maxOldGenerationSizeMb: WORKER_HEAP_MEGABYTES };
  if (extension !== '.ts') return new Worker(file, { workerData, resourceLimits });
  // In a clone the sources run through tsx, which a new thread must load for itself.
  const tsx = import.meta.resolve('tsx/esm/api');
  const start = `import(${JSON.stringify(tsx)}).then(({ register }) => { register(); return import(${JSON.stringify(file.href)}); });`;
  return new Worker(start, { eval: true, workerData, resourceLimits, execArgv: [] });
}
