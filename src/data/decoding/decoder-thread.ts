// The one thread of a process that decodes what goes through decoders of others, and what it can be asked; a new one is
// started where a file has brought the last one down.
import { decodingLimits } from '../../storage/decoding-limit.ts';
import type { ElementArray } from '../element.ts';
import type { Hdf5Arrays } from '../readers/hdf5/arrays.ts';
import type { Recording, RecordingHandle } from '../recording.ts';
import { type GuardedWorker, startGuardedWorker, WorkerEndedError } from './guarded-worker.ts';
import { largestFileBytes } from './largest-file.ts';

/** A recording without what it does. */
export type OpenedRecording = Omit<Recording, 'read' | 'dispose'>;

export type DecoderRequest =
  | { readonly kind: 'open'; readonly key: number; readonly handle: RecordingHandle }
  | { readonly kind: 'read'; readonly key: number; readonly column: string; readonly from: number; readonly to: number }
  | { readonly kind: 'dispose'; readonly key: number }
  | { readonly kind: 'arrays'; readonly path: string; readonly where: string };

export type DecoderReply =
  | { readonly kind: 'opened'; readonly recording: OpenedRecording }
  | { readonly kind: 'rows'; readonly rows: ElementArray }
  | { readonly kind: 'disposed' }
  | { readonly kind: 'arrays'; readonly found: Hdf5Arrays };

export type Decoder = GuardedWorker<DecoderRequest, DecoderReply>;

let decoder: Decoder | undefined;

export function currentDecoder(): Decoder {
  if (decoder === undefined || decoder.isEnded())
    decoder = startGuardedWorker(new URL('./decoder-worker', import.meta.url), undefined);
  return decoder;
}

/**
 * Every array of the HDF5 file at `path`, decoded in the thread; `where` opens the error messages.
 * @throws FormatError as `readHdf5Arrays`, and for a file that gives no end or needs too much memory.
 */
export async function decodeHdf5Arrays(path: string, where: string): Promise<Hdf5Arrays> {
  const limits = decodingLimits(largestFileBytes(path));
  for (;;)
    try {
      const reply = await currentDecoder().call({ kind: 'arrays', path, where }, where, limits);
      if (reply.kind !== 'arrays') throw new Error(`${where}: expected arrays, got ${reply.kind}`);
      return reply.found;
    } catch (error) {
      // Another file has brought the thread down meanwhile.
      if (!(error instanceof WorkerEndedError)) throw error;
    }
}
