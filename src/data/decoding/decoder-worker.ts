// The thread that decodes what this project has no decoder of its own for; see decoder-thread.ts.
import type { ElementArray } from '../element.ts';
import { type Hdf5Array, readHdf5Arrays } from '../readers/hdf5/arrays.ts';
import { reopenRecording } from '../readers/index.ts';
import type { Recording } from '../recording.ts';
import type { DecoderReply, DecoderRequest } from './decoder-thread.ts';
import { serveGuarded } from './guarded-service.ts';

const recordings = new Map<number, Recording>();

serveGuarded<DecoderRequest, DecoderReply>(async (request) => {
  if (request.kind === 'arrays') {
    const found = await readHdf5Arrays(request.path, request.where);
    const arrays = found.arrays.map((array) => ({ ...array, data: ownBuffer(array.data) }));
    return {
      reply: { kind: 'arrays', found: { ...found, arrays } },
      transfer: buffersOf(arrays.map(({ data }) => data)),
    };
  }
  const { key } = request;
  if (request.kind === 'open') {
    const { read: _read, dispose: _dispose, ...recording } = await keep(key, await reopenRecording(request.handle));
    return { reply: { kind: 'opened', recording } };
  }
  const recording = recordings.get(key);
  if (request.kind === 'dispose') {
    recordings.delete(key);
    await recording?.dispose();
    return { reply: { kind: 'disposed' } };
  }
  if (recording === undefined) throw new Error(`expected recording ${key} to be open`);
  const rows = ownBuffer(await recording.read(request.column, request.from, request.to));
  return { reply: { kind: 'rows', rows }, transfer: buffersOf([rows]) };
});

async function keep(key: number, recording: Recording): Promise<Recording> {
  await recordings.get(key)?.dispose();
  recordings.set(key, recording);
  return recording;
}

/** The numbers in a buffer that holds nothing else, so that it can be handed over: a part of something larger is copied once. */
function ownBuffer<Numbers extends ElementArray | Hdf5Array['data']>(numbers: Numbers): Numbers {
  const isWhole = numbers.buffer instanceof ArrayBuffer && numbers.byteLength === numbers.buffer.byteLength;
  return isWhole ? numbers : (numbers.slice() as Numbers);
}

function buffersOf(arrays: readonly { readonly buffer: ArrayBufferLike }[]): ArrayBuffer[] {
  return [...new Set(arrays.map(({ buffer }) => buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
}
