// A worker thread that decodes blocks of one recording, in the order in which they are asked for.
import { parentPort, workerData } from 'node:worker_threads';
import { reopenRecording } from '../readers/index.ts';
import type { RecordingHandle } from '../recording.ts';
import { type Block, type DecodePlan, decodeBlock } from './block.ts';

/** What the thread is started with. */
export interface BlockWorkerData {
  readonly handle: RecordingHandle;
}

export interface BlockRequest {
  readonly id: number;
  readonly plan: DecodePlan;
  readonly block: Block;
}

const port = parentPort;
if (port === null) throw new Error('block-worker.ts is a worker thread, not a program');
const { handle }: BlockWorkerData = workerData;
const recording = reopenRecording(handle);

let queue: Promise<void> = Promise.resolve();
port.on('message', ({ id, plan, block }: BlockRequest) => {
  queue = queue.then(async () => {
    try {
      const decoded = await decodeBlock(await recording, plan, block);
      const buffers = Object.values(decoded).map((values: { readonly buffer: ArrayBuffer }) => values.buffer);
      port.postMessage({ id, decoded }, [...new Set(buffers)]);
    } catch (error) {
      const { name = 'Error', message = String(error) } = error instanceof Error ? error : {};
      const remedy: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'remedy') : undefined;
      port.postMessage({ id, failure: { name, message, remedy } });
    }
  });
});
