// An export of a run of ours on a recording, evaluated as an encoder and a predictor from anywhere.
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { evaluateEncoder } from '../../../pipeline/encoder/evaluate.ts';
import { exportRun } from '../../../pipeline/export/run.ts';
import { trainRun } from '../../../pipeline/train/run.ts';
import { convertRecording } from '../../../src/data/writers/index.ts';
import { openRuntime } from '../../../src/runtimes/index.ts';
import { readExportDescription } from '../../../src/storage/export-description.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';
import { resolveConfiguration } from '../../../src/training/presets.ts';
import { corridorRecording } from '../../data/corridor-recording.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

// Files are synchronised with the disk, which takes long on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const small = 'model.encoder={"kind":"convolutional","convolutions":[{"filters":4,"kernel":3,"stride":2}],"hidden":16}';

describe('an export of a run on a recording, as an encoder and a predictor from anywhere', () => {
  test('is followed along the recorded moves without being told how it is fed, with the numbers of its own session', async () => {
    const path = join(temporaryFolder(), 'corridor.npz');
    await convertRecording(corridorRecording(), path);
    const configuration = resolveConfiguration({
      ...{ preset: 'small', threads: 1 },
      recording: { path, map: 'observation=image,action=move' },
      assignments: ['optimization.steps=8', 'optimization.batchSize=16', 'measureEvery=0', 'model.latentSize=8', small],
    });
    const run = join(temporaryFolder(), 'run');
    await trainRun(run, configuration);
    const { folder } = await exportRun(run);
    const { predictor, witnesses } = await evaluateEncoder(join(folder, 'encoder.onnx'), {
      ...{ data: path, map: 'observation=image,action=move,reward=reward', report: false },
      ...{ classes: { of: 'quantiles', count: 2 }, predictor: join(folder, 'predictor.onnx') },
    });
    expect(predictor).toMatchObject({ latent: 'latent', action: 'action', actions: [{ column: 'move', choices: 2 }] });
    if (witnesses?.none !== null) throw new Error(`expected witnesses, got ${witnesses?.none}`);
    expect(witnesses.prediction?.transitions).toBeGreaterThan(300);
    expect(witnesses.account?.holding).toBe(witnesses.checkedPairs);
    // The residual of the first step of the nearest pair, by hand.
    const pair = witnesses.pairs.find(({ word }) => word.length > 0);
    if (pair === undefined) throw new Error('expected a pair that differs after a move');
    const [episode, row] = (/episode (\d+) row (\d+)/.exec(pair.states[0]) ?? []).slice(1).map(Number);
    const images = new Uint8Array(
      (await corridorRecording().read('image', 13 * episode + row, 13 * episode + row + 2)) as Uint8Array,
    );
    const runtime = await openRuntime('cpu', { threads: 1 });
    const [encoder, following] = [
      await runtime.load(join(folder, 'encoder.onnx')),
      await runtime.load(join(folder, 'predictor.onnx')),
    ];
    try {
      const { name, type } = readExportDescription(folder).encoder.input;
      const pixels = type === 'uint8' ? images : Float32Array.from(images, (byte) => byte / 255);
      // One channel: the order of the axes is the same.
      const shape = encoder.inputs[0].shape.map((side, axis) => (axis === 0 ? 2 : Number(side)));
      const { latent } = await encoder.run({ [name]: { type, data: pixels, shape } });
      const latents = latent.data as Float32Array;
      const size = latents.length / 2;
      const move = Number(pair.word[0].replace('action ', ''));
      const outputs = await following.run({
        latent: { type: 'float32', data: latents.slice(0, size), shape: [1, size] },
        action: { type: 'float32', data: Float32Array.of(1 - move, move), shape: [1, 2] },
      });
      const next = outputs[following.outputs[0].name].data as Float32Array;
      const residual = Math.hypot(...next.map((value, d) => value - latents[size + d]));
      expect(pair.steps[1].dynamicsResiduals?.[0]).toBeCloseTo(residual, 4);
    } finally {
      await encoder.dispose();
      await following.dispose();
      await runtime.dispose();
    }
  });
});
