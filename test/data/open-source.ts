// Sources over the small recordings, closed when the test ends.
import { onTestFinished } from 'vitest';
import { openRecording } from '../../src/data/readers/index.ts';
import { type RecordingSource, type RecordingSourceOptions, recordingSource } from '../../src/data/recording-source.ts';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { fixture } from './small-recording.ts';

export async function openSource(
  name: string,
  options: Partial<RecordingSourceOptions> = {},
): Promise<RecordingSource> {
  const recording = await openRecording(fixture(name));
  const source = await recordingSource(recording, { seed: 0, split: 'all', ...options });
  onTestFinished(async () => {
    await source.dispose();
    await recording.dispose();
  });
  return source;
}

/** Batches of 4 transitions. */
export async function drawBatches(
  name: string,
  options: Partial<RecordingSourceOptions>,
  steps: readonly number[],
): Promise<TransitionBatch[]> {
  const source = await openSource(name, options);
  const batches: TransitionBatch[] = [];
  for (const step of steps) batches.push(await source.batch(step, 4, 1));
  return batches;
}
