// An encoder out of a user's module: built, refused, kept by a run, trained and exported without the module.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { EncodedPart } from '../../../models/encoder/encoder.ts';
import { createModuleEncoder, keepEncoder, readKeptEncoder } from '../../../models/encoder/module.ts';
import { exportRun } from '../../../pipeline/export/run.ts';
import { loadRun } from '../../../pipeline/load.ts';
import { disposeRunParts } from '../../../pipeline/parts.ts';
import { resumeRun } from '../../../pipeline/train/resume.ts';
import { trainRun } from '../../../pipeline/train/run.ts';
import { forbidAllCode, permitAllCode } from '../../../src/machine/code-permission.ts';
import { runPath } from '../../../src/run/folder.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';
import { resolveConfiguration } from '../../../src/training/presets.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const fixture = (name: string) => join(root, 'test', 'fixtures', 'encoder', name);
const LATENT = 2;

// What is tested is the module, not who may run it.
beforeAll(() => permitAllCode(() => {}));
afterAll(forbidAllCode);

const vector: EncodedPart = { kind: 'vector', shape: [3], mean: [1, 2, 3], deviation: [2, 2, 2] };
const image: EncodedPart = { kind: 'image', shape: [2, 2, 1], mean: [51], deviation: [25.5] };

async function create(name: string, parts: readonly EncodedPart[] = [vector], seed = 0): Promise<tf.LayersModel> {
  const shape = { observationShape: [3], parts, latentSize: LATENT };
  const model = await createModuleEncoder({ kind: 'module', path: fixture(name), options: {} }, shape, seed);
  onTestFinished(() => void model.dispose());
  return model;
}

function valuesOf(model: tf.LayersModel, ...inputs: tf.Tensor[]): number[] {
  return tf.tidy(() => [...(model.predict(inputs.length === 1 ? inputs[0] : inputs) as tf.Tensor).dataSync()]);
}

describe('an encoder module', () => {
  test('may give a sequential model, which is put behind the normalised observation', async () => {
    await tf.setBackend('cpu');
    const model = await create('sequential.js', [vector], 3);
    const [first, second] = model.getWeights().filter(({ rank }) => rank === 2);
    const expected = tf
      .tensor2d([[0.5, -0.5, 1]])
      .matMul(first)
      .matMul(second);
    const found = valuesOf(model, tf.tensor2d([[2, 1, 5]]));
    for (const [i, value] of expected.dataSync().entries()) expect(found[i]).toBeCloseTo(value, 5);
    expect(model.inputs.map(({ shape }) => shape)).toEqual([[null, 3]]);
  });

  test('takes an image and a vector as two inputs', async () => {
    await tf.setBackend('cpu');
    const model = await create('two-inputs.js', [image, vector]);
    expect(model.inputs.map(({ shape }) => shape)).toEqual([
      [null, 2, 2, 1],
      [null, 3],
    ]);
    // The mean of pixels and numbers is 0 behind the norm, so that the dense layer gives its bias.
    const found = valuesOf(model, tf.fill([1, 2, 2, 1], 0.2), tf.tensor2d([[1, 2, 3]]));
    for (const value of found) expect(value).toBeCloseTo(0, 5);
  });

  test('is kept, and comes back with the same numbers', async () => {
    await tf.setBackend('cpu');
    const model = await create('sequential.js');
    const folder = join(temporaryFolder(), 'initial-encoder');
    await keepEncoder(folder, model);
    const back = await readKeptEncoder(folder, { observationShape: [3], parts: [vector], latentSize: LATENT });
    const input = tf.tensor2d([[0.3, 9, -2]]);
    expect(valuesOf(back, input)).toEqual(valuesOf(model, input));
    const other = { observationShape: [3], parts: [vector], latentSize: 5 };
    await expect(readKeptEncoder(folder, other)).rejects.toThrow('expected one output [B, 5], got [B, 2]');
  });

  test.each([
    ['missing.js', [vector], 'expected a module, got nothing there'],
    ['nothing.js', [vector], 'expected an exported function createEncoder, got undefined'],
    ['throws.js', [vector], 'expected a model, got: Error: no weights here'],
    ['no-model.js', [vector], 'expected createEncoder to give a tf.LayersModel, got an object that is none'],
    ['wide.js', [vector], 'expected one output [B, 2], got [B, 9]'],
    ['other-input.js', [vector], 'expected inputs [B, 3], got [B, 8]'],
    ['dropout.js', [vector], 'layer noise: expected one of '],
    ['sequential.js', [image, vector], 'expected a model of the inputs image and vector, got a tf.sequential'],
  ])('%s is refused: %#', async (name, parts, message) => {
    await expect(create(name, parts)).rejects.toThrow(message);
  });

  test('trains, goes on, and is exported when the module is gone', async () => {
    await loadTensorFlow({ threads: 1 });
    const folder = temporaryFolder();
    const path = join(folder, 'own.ts');
    cpSync(join(root, 'examples', 'my-encoder.ts'), path);
    const run = join(folder, 'run');
    const configuration = resolveConfiguration({
      preset: 'small',
      environment: 'counting',
      threads: 1,
      assignments: [
        `model.encoder={"kind":"module","path":${JSON.stringify(path)},"options":{"filters":4}}`,
        ...['optimization.steps=6', 'optimization.batchSize=4', 'checkpointEvery=2', 'measureEvery=0'],
      ],
    });
    const stop = new AbortController();
    const options = { signal: stop.signal, onCheckpoint: () => stop.abort() };
    expect(await trainRun(run, configuration, options)).toMatchObject({ isInterrupted: true });
    rmSync(path);
    expect(await resumeRun(run)).toMatchObject({ step: 6, isInterrupted: false });
    const loaded = await loadRun(run);
    const initial = await readKeptEncoder(runPath(run, 'initialEncoder'), {
      observationShape: loaded.observationShape,
      latentSize: configuration.model.latentSize,
    });
    const kernels = [loaded.model.encoder, initial].map((model) => [
      ...model.getLayer('edges').getWeights()[0].dataSync(),
    ]);
    expect(kernels[0]).toHaveLength(4 * 4 * 3 * 4);
    expect(kernels[0]).not.toEqual(kernels[1]);
    initial.dispose();
    disposeRunParts(loaded);
    const { networks } = await exportRun(run, { layout: 'nchw', pixels: 'float32' });
    expect(networks.map(({ name }) => name)).toEqual(['encoder', 'predictor', 'auxiliary']);
    expect(existsSync(join(run, 'export', 'initial-encoder', 'model.json'))).toBe(true);
  });
});
