// Frames of a video, decoded by the user's ffmpeg as a child process: no codec is part of this project.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FormatError, option, UnavailableError } from '../../error.ts';
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

/** Whether the name of a pixel format of ffmpeg (or the word depth) means grey values of more than 8 bits. */
export function isDeepGrey(pixelFormat: string): boolean {
  return /depth|gray(9|1\d|f)|y1[026]/i.test(pixelFormat);
}

/** Without a frame for so long, ffmpeg is given up. */
const SILENT_MS = 60_000;
/** `  Stream #0:0(und): Video: h264 (High), yuv420p(tv), 640x480`: the pixel format, once what is in brackets is gone. */
const STREAM = /Stream #0:\d+.*?: Video: [^,]*, (\w+)/;
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
      ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'level+info', '-protocol_whitelist', 'file,pipe'],
      ...['-ss', seekSeconds.toFixed(6), '-i', `file:${path}`],
      ...['-map', '0:v:0', '-fps_mode', 'passthrough', '-frames:v', String(frameCount)],
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let received = 0;
  let complaints = '';
  let pixelFormat: string | undefined;
  let isSilent = false;
  const giveUp = setTimeout(() => {
    isSilent = true;
    child.kill('SIGKILL');
  }, SILENT_MS);
  child.stdout.on('data', (chunk: Buffer) => {
    if (received + chunk.byteLength <= wanted) frames.set(chunk, received);
    received += chunk.byteLength;
    giveUp.refresh();
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    pixelFormat ??= STREAM.exec(line.replaceAll(/\([^()]*\)/g, ''))?.[1];
    const complaint = /\[(?:error|fatal|panic)\] (.*)/.exec(line)?.[1];
    if (complaint !== undefined) complaints = `${complaints}${complaint}\n`.slice(0, MESSAGE_CHARACTERS);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        systemErrorCode(error) === 'ENOENT'
          ? new UnavailableError(`${path}: expected ffmpeg to decode this video, got no program "${ffmpeg}"`, {
              remedy: `Install ffmpeg, or name it: ${option('ffmpeg', 'PATH')}.`,
              cause: error,
            })
          : error,
      ),
    );
    child.once('close', resolve);
  }).finally(() => clearTimeout(giveUp));
  if (isSilent)
    throw new FormatError(`${path}: expected frames of this video, got none from ffmpeg in ${SILENT_MS / 1000} s`);
  // ffmpeg would round them to 8 bits without a word.
  if (pixelFormat !== undefined && isDeepGrey(pixelFormat))
    throw new FormatError(`${path}: expected a video of 8 bits a pixel, got ${pixelFormat} (depths?)`, {
      remedy: 'Store depths as numbers: a column of float32 in the table.',
    });
  if (exitCode !== 0)
    throw new FormatError(`${path}: expected a video, got a fault of ffmpeg: ${complaints.trim().split('\n')[0]}`);
  if (received !== wanted)
    throw new FormatError(
      `${path}: expected ${frameCount} frames of ${height} x ${width} from ${startSeconds.toFixed(3)} s on, got ${received} bytes instead of ${wanted}`,
    );
  return frames;
}
