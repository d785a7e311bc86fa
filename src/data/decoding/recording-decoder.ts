// Recordings whose bytes go through decoders of others (HDF5, Parquet, images) are opened and read in a thread of their own,
// under a watchdog.
import { FormatError } from '../../error.ts';
import { type DecodingLimits, decodingLimits } from '../../storage/decoding-limit.ts';
import type { Recording, RecordingHandle } from '../recording.ts';
import {
  currentDecoder,
  type Decoder,
  type DecoderReply,
  type DecoderRequest,
  type OpenedRecording,
} from './decoder-thread.ts';
import { WorkerEndedError } from './guarded-worker.ts';
import { largestFileBytes } from './largest-file.ts';
import { readInWindows } from './row-window.ts';

let keyCount = 0;

/** Opens the recording in the thread. A file that brings the thread down is refused from then on. */
export async function openInDecoder(handle: RecordingHandle): Promise<Recording> {
  const { path } = handle;
  const key = keyCount++;
  const limits = limitsOf(path);
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
  if (reply.kind !== 'opened') throw new FormatError(`${path}: expected a recording`);
  opened = reply.recording;
  return {
    ...reply.recording,
    read: readInWindows(reply.recording.columns, async (column, from, to) => {
      const rows = await call({ kind: 'read', key, column, from, to }, `${path} ${column}`);
      if (rows.kind !== 'rows') throw new FormatError(`${path} ${column}: expected rows ${from} to ${to}`);
      return rows.rows;
    }),
    async dispose() {
      // Where the thread has ended, so has all that it had open.
      if (home === undefined || home.isEnded()) return;
      await home.call({ kind: 'dispose', key }, path, limits).catch((error: unknown) => {
        if (!(error instanceof WorkerEndedError)) throw error;
      });
    },
  };
}

/** Of a file, or of the largest one in a folder. */
export function limitsOf(path: string): DecodingLimits {
  return decodingLimits(largestFileBytes(path));
}
