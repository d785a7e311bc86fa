// The head of a recorded auxiliary learns standardised values and gives those of the recording.
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { loadRun } from '../../pipeline/load.ts';
import { trainRun } from '../../pipeline/train/run.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { corridorRecording } from '../data/corridor-recording.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

test('learns a reward in thousands as well as one in units, and its head gives thousands', async () => {
  const residuals: number[] = [];
  for (const unit of [1, 1000]) {
    const run = join(temporaryFolder(), 'run');
    const recording = corridorRecording({ reward: (cell) => unit * (cell - 5) });
    const configuration = resolveConfiguration({
      preset: 'small',
      recording: { path: 'memory', map: 'observation=position,action=move' },
      threads: 1,
      assignments: [
        'optimization.steps=160',
        'optimization.batchSize=16',
        'measureEvery=0',
        'model.latentSize=8',
        'model.encoder={"kind":"mlp","width":16,"depth":1}',
      ],
    });
    await trainRun(run, configuration, {
      recording,
    });
    const { model, auxiliaries } = await loadRun(run);
    expect(auxiliaries).toMatchObject([{ name: 'reward', loss: 'squared', column: 'reward' }]);
    const cells = [0, 1, 2, 3, 4];
    const positions = tf.tensor2d(cells.map((cell) => [500 + 100 * cell, 0]));
    const values = model.auxiliary?.predict(model.encoder.predict(positions)) as tf.Tensor;
    const errors = Array.from(values.dataSync(), (value, cell) => value / unit - (cell - 5));
    residuals.push(Math.max(...errors.map(Math.abs)));
  }
  // Of values from -5 to -1; the two runs differ by rounding alone.
  expect(residuals[0]).toBeLessThan(1);
  expect(Math.abs(residuals[1] - residuals[0])).toBeLessThan(0.01);
});
