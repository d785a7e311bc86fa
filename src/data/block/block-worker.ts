// A worker thread that decodes blocks of one recording, in the order in which they are asked for.

import { guardedData, serveGuarded } from '../decoding/guarded-service.ts';
import { reopenRecording } from '../readers/index.ts';
import type { RecordingHandle } from '../recording.ts';
import { type Block, type DecodedBlock, type DecodePlan, decodeBlock } from './block.ts';

/** What the thread is started with. */
export interface BlockWorkerData {
  readonly handle: RecordingHandle;
}

export interface BlockRequest {
  readonly plan: DecodePlan;
  readonly block: Block;
}

const { handle } = guardedData<BlockWorkerData>();
const recording = reopenRecording(handle);
// Whoever asks gets the error.
recording.catch(() => undefined);

serveGuarded<BlockRequest, DecodedBlock>(async ({ plan, block }) => {
  const decoded = await decodeBlock(await recording, plan, block);
  const buffers = Object.values(decoded).map((values: { readonly buffer: ArrayBuffer }) => values.buffer);
  return { reply: decoded, transfer: [...new Set(buffers)] };
});
