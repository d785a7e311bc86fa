// Decodes blocks ahead of the step that needs them, in worker threads, or in this one where there are none.
import { availableParallelism } from 'node:os';
import { type GuardedWorker, startGuardedWorker } from '../decoding/guarded-worker.ts';
import { limitsOf } from '../decoding/recording-decoder.ts';
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
  const { path, handle } = recording;
  const limits = limitsOf(handle.path);
  const workers = Array.from({ length: workerCount }, () =>
    startGuardedWorker<BlockWorkerData, BlockRequest, DecodedBlock>(new URL('./block-worker', import.meta.url), {
      handle,
    }),
  );
  return {
    decode(plan, block) {
      const worker = workers.reduce((least: GuardedWorker<BlockRequest, DecodedBlock>, other) =>
        other.load() < least.load() ? other : least,
      );
      return worker.call({ plan, block }, path, limits);
    },
    async dispose() {
      await Promise.all(workers.map((worker) => worker.dispose()));
    },
  };
}
