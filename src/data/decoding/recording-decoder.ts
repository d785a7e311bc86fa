// Recordings whose bytes go through decoders of others (HDF5, Parquet, images) are opened and read in a thread of their own,
// under a watchdog: one thread for the whole process, a new one where a file has brought the last one down.
import { statSync } from 'node:fs';
import { FormatError } from '../../error.ts';
import { type DecodingLimits, decodingLimits } from '../../storage/decoding-limit.ts';
import type { ElementArray } from '../element.ts';
import type { Recording, RecordingHandle } from '../recording.ts';
import { type GuardedWorker, startGuardedWorker, WorkerEndedError } from './guarded-worker.ts';

/** A recording without what it does. */
export type OpenedRecording = Omit<Recording, 'read' | 'dispose'>;

export type DecoderRequest =
  | { readonly kind: 'open'; readonly key: number; readonly handle: RecordingHandle }
  | { readonly kind: 'read'; readonly key: number; readonly column: string; readonly from: number; readonly to: number }
  | { readonly kind: 'dispose'; readonly key: number };

export type DecoderReply = OpenedRecording | ElementArray | undefined;

type Decoder = GuardedWorker<DecoderRequest, DecoderReply>;

let decoder: Decoder | undefined;
let keyCount = 0;

function currentDecoder(): Decoder {
  if (decoder === undefined || decoder.isEnded())
    decoder = startGuardedWorker(new URL('./decoder-worker', import.meta.url), undefined);
  return decoder;
}

/** Opens the recording in the thread. A file that brings the thread down is refused from then on. */
export async function openInDecoder(handle: RecordingHandle): Promise<Recording> {
  const { path } = handle;
  const key = keyCount++;
  const limits = decodingLimits(byteLengthOf(path));
  /** The thread in which it is open. */
  let home: Decoder | undefined;
  let opened: OpenedRecording | undefined;
  let ruin: Error | undefined;

  /** Repeats what another recording's file has brought down. */
  async function call(request: DecoderRequest, where: string): Promise<DecoderReply> {
    for (;;) {
      if (ruin !== undefined) throw ruin;
      const current = currentDecoder();
      try {
        if (home !== current && request.kind !== 'open')
          await current.call({ kind: 'open', key, handle: opened?.handle ?? handle }, path, limits);
        home = current;
        return await current.call(request, where, limits);
      } catch (error) {
        if (error instanceof WorkerEndedError) continue;
        if (current.isEnded() && error instanceof Error) ruin = error;
        throw error;
      }
    }
  }

  const reply = await call({ kind: 'open', key, handle }, path);
  if (reply === undefined || ArrayBuffer.isView(reply)) throw new FormatError(`${path}: expected a recording`);
  opened = reply;
  return {
    ...reply,
    async read(column, from, to) {
      const rows = await call({ kind: 'read', key, column, from, to }, `${path} ${column}`);
      if (!ArrayBuffer.isView(rows)) throw new FormatError(`${path} ${column}: expected rows ${from} to ${to}`);
      return rows;
    },
    async dispose() {
      // Where the thread has ended, so has all that it had open.
      if (home === undefined || home.isEnded()) return;
      await home.call({ kind: 'dispose', key }, path, limits).catch((error: unknown) => {
        if (!(error instanceof WorkerEndedError)) throw error;
      });
    },
  };
}

/** Of a file; a folder counts as an empty one, whose files have their own sizes. */
function byteLengthOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : 0;
}

export function limitsOf(path: string): DecodingLimits {
  return decodingLimits(byteLengthOf(path));
}
