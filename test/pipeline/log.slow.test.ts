// What a run writes for TensorBoard, served by a real TensorBoard.
import { describe, expect, test } from 'vitest';
import { environmentBaseline } from '../../pipeline/evaluate/baseline.ts';
import { openRunRecord } from '../../pipeline/train/log.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { findPython, runPython } from '../python/python.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const python = findPython('tensorboard', 'numpy');
const SIZE = 3;

describe.skipIf(python === undefined)('TensorBoard', () => {
  test('shows scalars, measures, images, the embedding projector and the settings of a run that was interrupted', async () => {
    const folder = temporaryFolder();
    const configuration = resolveConfiguration({
      preset: 'small',
      environment: 'counting',
      assignments: ['optimization.steps=20', 'optimization.learningRate=0.25'],
      threads: 1,
    });
    const baseline = await environmentBaseline(createEnvironment('counting'), 0);
    const latents = Float32Array.from({ length: 256 * SIZE }, (_, i) => i / 8);
    const metrics = { loss: 2, terms: { dynamics: 1 }, latentDeviation: 0.5, learningRate: 0.25 };
    const first = openRunRecord(folder, { configuration, baseline });
    first.metrics({ step: 5, ...metrics });
    first.metrics({ step: 10, ...metrics });
    first.measures({ step: 10, measures: { accuracy: 0.125, gapRatio: 0.5 }, latents });
    first.dispose();
    const second = openRunRecord(folder, { configuration, baseline, resumeStep: 5 });
    second.metrics({ step: 20, ...metrics, loss: 4 });
    second.measures({ step: 20, measures: { accuracy: 0.75, gapRatio: Number.POSITIVE_INFINITY }, latents });
    second.ended('success');
    second.dispose();

    const found = runPython(python ?? '', 'tensorboard_server.py', `${folder}/tb`) as {
      readonly projector: { readonly metadata: readonly string[]; readonly vectors: readonly number[] };
    };
    expect(found).toMatchObject({
      scalars: {
        'train/loss': [
          [5, 2],
          [20, 4],
        ],
        'train/dynamics': [
          [5, 1],
          [20, 1],
        ],
        'train/latent_deviation': [
          [5, 0.5],
          [20, 0.5],
        ],
        'measure/accuracy': [[20, 0.75]],
      },
      images: {
        // Sixteen images of 64 pixels in two rows, and the distances of 256 observations.
        'baseline/observations': { step: 0, size: [8 * 64, 2 * 64] },
        'measure/distances': { step: 20, size: [256, 256] },
      },
      projector: { shape: [256, SIZE], sprite: { singleImageDim: [64, 64], size: [16 * 64, 16 * 64] } },
      hyperparameters: [{ 'environment.name': 'counting', 'optimization.learningRate': 0.25, seed: 0 }],
      status: ['STATUS_SUCCESS'],
    });
    expect(found.projector.vectors).toEqual(Array.from(latents));
    expect(found.projector.metadata).toEqual(baseline.names.state);
  });
});
