// The thread that decodes what this project has no decoder of its own for; see recording-decoder.ts.
import { reopenRecording } from '../readers/index.ts';
import type { Recording } from '../recording.ts';
import { serveGuarded } from './guarded-service.ts';
import type { DecoderReply, DecoderRequest } from './recording-decoder.ts';

const recordings = new Map<number, Recording>();

serveGuarded<DecoderRequest, DecoderReply>(async (request) => {
  const { key } = request;
  if (request.kind === 'open') {
    const { read: _read, dispose: _dispose, ...opened } = await keep(key, await reopenRecording(request.handle));
    return { reply: opened };
  }
  const recording = recordings.get(key);
  if (request.kind === 'dispose') {
    recordings.delete(key);
    await recording?.dispose();
    return { reply: undefined };
  }
  if (recording === undefined) throw new Error(`expected recording ${key} to be open`);
  const rows = await recording.read(request.column, request.from, request.to);
  const { buffer } = rows;
  // A part of something larger is copied, all else handed over.
  const isWhole = buffer instanceof ArrayBuffer && rows.byteLength === buffer.byteLength;
  return isWhole ? { reply: rows, transfer: [buffer] } : { reply: rows.slice() };
});

async function keep(key: number, recording: Recording): Promise<Recording> {
  await recordings.get(key)?.dispose();
  recordings.set(key, recording);
  return recording;
}
