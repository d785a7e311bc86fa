import { describe, expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../../../src/data/readers/index.ts';
import { findPython, runPython } from '../../python/python.ts';
import { fixture, LENGTHS } from '../small-recording.ts';

const python = findPython('imageio_ffmpeg');
const ffmpeg = python === undefined ? '' : String(runPython(python, 'ffmpeg_path.py'));

describe.skipIf(python === undefined).each(['lerobot-2.1', 'lerobot-3.0'])('videos of %s through ffmpeg', (name) => {
  test('every range of frames is the one that was encoded', async () => {
    const recording = await openRecording(fixture(name), { ffmpeg });
    onTestFinished(() => recording.dispose());
    const greys = LENGTHS.flatMap((length, e) => Array.from({ length }, (_, t) => 20 + 40 * e + 4 * t));
    for (let from = 0; from < 14; from++)
      for (const to of [from + 1, Math.min(14, from + 4), 14]) {
        const frames = await recording.read('observation.video', from, to);
        const found = Array.from({ length: to - from }, (_, i) => Number(frames[i * 32 * 48 * 3 + 700]));
        // Neighbouring frames differ by 4; the codec changes a grey by 1 at most.
        for (const [i, grey] of found.entries()) expect(Math.abs(grey - greys[from + i])).toBeLessThanOrEqual(1);
      }
  });

  test('a failing ffmpeg is an error that names the video', async () => {
    const recording = await openRecording(fixture(name), { ffmpeg: '/bin/false' });
    onTestFinished(() => recording.dispose());
    await expect(recording.read('observation.video', 0, 1)).rejects.toThrow(
      /\.mp4: expected a video, got a fault of ffmpeg/,
    );
  });
});
