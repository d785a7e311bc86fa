// The worker of one training: onnxruntime-web trains here, so that the page stays smooth.
import * as z from 'zod';
import { UsageError } from '../../src/error.ts';
import { sendableError } from '../page/worker-protocol.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { openPlayRuntime } from './runtime.ts';
import { PlaySession } from './session.ts';

// zod would try whether it may make code from text, which the page's policy reports.
z.config({ jitless: true });

const send = (message: FromWorker, transfer: Transferable[] = []) => globalThis.postMessage(message, { transfer });

let session: PlaySession | undefined;
let version = '';
/** Raised by every order: the loop of an earlier one ends. */
let order = 0;

function opened(): PlaySession {
  if (session === undefined) throw new UsageError('worker: expected to open a training first, got another order');
  return session;
}

async function open(asked: Extract<ToWorker, { kind: 'open' }>): Promise<void> {
  version = asked.version;
  send({ kind: 'note', text: 'Building the training step' });
  const runtime = await openPlayRuntime(asked.on, asked.runtime, asked.threads);
  session = await PlaySession.open(asked.setting, runtime);
  send({ kind: 'opened', opened: session.describe(runtime.describe().threads) });
  send({ kind: 'frame', frame: await session.look(), isLast: false });
}

async function train(until: number): Promise<void> {
  const own = ++order;
  const training = opened();
  while (own === order && !training.isDone && training.stepsDone < until) {
    const frame = await training.train();
    const isLast = training.isDone || training.stepsDone >= until;
    if (frame !== undefined || isLast) {
      const shown = frame ?? (await training.look(true));
      send({ kind: 'frame', frame: shown, isLast }, [shown.points.buffer, shown.misses.buffer]);
    }
    await turn();
  }
}

async function answer(asked: ToWorker): Promise<void> {
  switch (asked.kind) {
    case 'open':
      return open(asked);
    case 'train':
      return train(asked.until ?? Number.POSITIVE_INFINITY);
    case 'pause':
      order++;
      return;
    case 'imagine': {
      const { id, observation, actions } = asked;
      return send({ kind: 'imagined', id, steps: await opened().imagine(observation, actions) });
    }
    case 'export':
      return send({ kind: 'exported', id: asked.id, files: await opened().export(version) });
  }
}

/** Lets messages come in. A timer would wait four milliseconds. */
const channel = new MessageChannel();
function turn(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(undefined);
  });
}

/** Whatever is asked waits for what was asked before, but for the loop of training, which lets others in between steps. */
let queue: Promise<void> = Promise.resolve();
const report = (error: unknown) => send({ kind: 'failed', error: sendableError(error) });

globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'train') void queue.then(() => answer(data)).catch(report);
  else queue = queue.then(() => answer(data)).catch(report);
});
