// Frames of a video, decoded by the user's ffmpeg as a child process: no codec is part of this project.
import { spawn } from 'node:child_process';
import { FormatError, UnavailableError } from '../../error.ts';
import { systemErrorCode } from '../../storage/file-system.ts';

export interface FrameRange {
  /** Absolute path. */
  readonly path: string;
  /** Seconds of the first frame in the video. */
  readonly startSeconds: number;
  readonly framesPerSecond: number;
  readonly frameCount: number;
  readonly height: number;
  readonly width: number;
}

/** How much of ffmpeg's complaints an error message holds. */
const MESSAGE_CHARACTERS = 200;

/**
 * [frames, H, W, 3] RGB. Throws an UnavailableError where ffmpeg is missing, a FormatError where the video has other frames
 * than `range` says.
 */
export async function readFrames(range: FrameRange, ffmpeg = 'ffmpeg'): Promise<Uint8Array<ArrayBuffer>> {
  const { path, startSeconds, framesPerSecond, frameCount, height, width } = range;
  const wanted = frameCount * height * width * 3;
  const frames = new Uint8Array(wanted);
  // A quarter of a frame early, so that rounding of time stamps never skips the first one; ffmpeg drops what is before.
  const seekSeconds = Math.max(0, startSeconds - 0.25 / framesPerSecond);
  const child = spawn(
    ffmpeg,
    [
      ...['-nostdin', '-loglevel', 'error', '-protocol_whitelist', 'file,pipe'],
      ...['-ss', seekSeconds.toFixed(6), '-i', `file:${path}`],
      ...['-map', '0:v:0', '-fps_mode', 'passthrough', '-frames:v', String(frameCount)],
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let received = 0;
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (received + chunk.byteLength <= wanted) frames.set(chunk, received);
    received += chunk.byteLength;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(0, MESSAGE_CHARACTERS);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        systemErrorCode(error) === 'ENOENT'
          ? new UnavailableError(`${path}: expected ffmpeg to decode this video, got no program "${ffmpeg}"`, {
              remedy: 'Install ffmpeg, or name it: --ffmpeg PATH.',
              cause: error,
            })
          : error,
      ),
    );
    child.once('close', resolve);
  });
  if (exitCode !== 0)
    throw new FormatError(`${path}: expected a video, got a fault of ffmpeg: ${complaints.trim().split('\n')[0]}`);
  if (received !== wanted)
    throw new FormatError(
      `${path}: expected ${frameCount} frames of ${height} x ${width} from ${startSeconds.toFixed(3)} s on, got ${received} bytes instead of ${wanted}`,
    );
  return frames;
}
