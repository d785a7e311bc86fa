// The inner side of a guarded worker: answers calls one after the other, and shows that it lives.
import { parentPort, workerData } from 'node:worker_threads';
import { describeFailure } from './failure.ts';
import {
  BEAT_INDEX,
  CURRENT_INDEX,
  type GuardedReply,
  type GuardedRequest,
  type GuardedWorkerData,
} from './guarded-worker.ts';

/** How often a thread whose calls wait for something else (a program, a disk) says that it lives. */
const BEAT_MS = 200;

export interface Answer<Reply> {
  readonly reply: Reply;
  /** What is handed over instead of copied. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** What the thread was started with. */
export function guardedData<Data>(): Data {
  const { data }: GuardedWorkerData<Data> = workerData;
  return data;
}

export function serveGuarded<Request, Reply>(answer: (request: Request) => Promise<Answer<Reply>>): void {
  const port = parentPort;
  if (port === null) throw new Error('expected a worker thread, got a program');
  const { shared }: GuardedWorkerData<unknown> = workerData;
  const signs = new Int32Array(shared);
  const beat = () => Atomics.add(signs, BEAT_INDEX, 1);
  // From here on it is the files that take the time.
  beat();
  let timer: NodeJS.Timeout | undefined;
  let waiting = 0;
  let queue: Promise<void> = Promise.resolve();
  port.on('message', ({ id, request }: GuardedRequest<Request>) => {
    waiting++;
    timer ??= setInterval(beat, BEAT_MS);
    queue = queue.then(async () => {
      Atomics.store(signs, CURRENT_INDEX, id);
      beat();
      let message: GuardedReply<Reply>;
      let transfer: readonly ArrayBuffer[] = [];
      try {
        const found = await answer(request);
        message = { id, reply: found.reply };
        transfer = found.transfer ?? [];
      } catch (error) {
        message = { id, failure: describeFailure(error) };
      }
      port.postMessage(message, [...transfer]);
      beat();
      if (--waiting === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    });
  });
}
