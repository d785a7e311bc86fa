// Training on a recording: a resumed run is bit for bit the undisturbed one, whatever decodes and whatever was in memory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { buildWorldModel } from '../../models/world-model.ts';
import { createAuxiliaries } from '../../src/auxiliary/index.ts';
import { recordingContext } from '../../src/auxiliary/recording-context.ts';
import { openRecording } from '../../src/data/readers/index.ts';
import { recordingSource } from '../../src/data/recording-source.ts';
import { newestCheckpoint } from '../../src/storage/checkpoint.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { train } from '../../src/training/trainer.ts';
import { fixture } from '../data/small-recording.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

/** Trains for so many of the 12 steps of the configuration, going on from what is in `runFolder`. */
async function trainOn(file: string, runFolder: string, steps: number, workers: number): Promise<void> {
  const configuration = resolveConfiguration({
    preset: 'small',
    environment: 'counting',
    threads: 1,
    assignments: ['optimization.steps=12', 'optimization.batchSize=8', 'checkpointEvery=4'],
  });
  const recording = await openRecording(fixture(file), { imageSize: [32, 32] });
  const options = { seed: 0, workers } as const;
  const context = await recordingContext(recording, options);
  const auxiliaries = await createAuxiliaries([{ kind: 'column', column: 'label', coefficient: 1 }], context);
  const source = await recordingSource(recording, { ...options, split: 'train', auxiliary: ['label'] });
  onTestFinished(async () => {
    await source.dispose();
    await recording.dispose();
  });
  const networks = buildWorldModel(configuration.model, source, configuration.seed);
  const controller = new AbortController();
  await train({
    ...{ configuration, networks, source, auxiliaries, runFolder },
    ...{ checkpoint: newestCheckpoint(runFolder), signal: controller.signal },
    onStep: (step) => {
      if (step === steps) controller.abort();
    },
  });
}

describe.each(['stored.npz', 'images.parquet'])('training on %s', (file) => {
  test('stopped and resumed, with a worker after having had none, gives the same bytes', async () => {
    const [whole, stopped] = [temporaryFolder(), temporaryFolder()];
    await trainOn(file, whole, 12, 0);
    await trainOn(file, stopped, 5, 0);
    expect(newestCheckpoint(stopped)?.step).toBe(5);
    await trainOn(file, stopped, 12, 1);
    for (const name of ['weights.safetensors', 'optimizer.safetensors'])
      expect(readFileSync(join(stopped, 'checkpoints/step-000012', name))).toEqual(
        readFileSync(join(whole, 'checkpoints/step-000012', name)),
      );
  });
});
