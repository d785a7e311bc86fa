// The encoder beside the training step: what it gives is what stock tfjs gives of the trained encoder, and looking changes nothing.
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildWorldModel, type WorldModel } from '../../models/world-model.ts';
import { createAuxiliaries, environmentContext, joinStateTables } from '../../src/auxiliary/index.ts';
import { environmentSource, labelledObservations } from '../../src/data/environment-source.ts';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { expectClose } from '../matcher/close.ts';

const LATENT = 5;
const STEPS = 4;
const RATE = 1e-2;
/** float32 through a few layers, with norms by given statistics. */
const TOLERANCE = { relative: 1e-3, absolute: 1e-5 };

const encoders = {
  convolutional: { kind: 'convolutional', convolutions: [{ filters: 4, kernel: 8, stride: 4 }], hidden: 7 },
  'patch-transformer': { kind: 'patch-transformer', patch: 16, width: 6, heads: 2, hidden: 7 },
  mlp: { kind: 'mlp', width: 7, depth: 1 },
};
const environment = createEnvironment('counting');
const { observations } = labelledObservations(environment, 70, 0, 'baseline');
const size = 64 * 64 * 3;
const models: WorldModel[] = [];

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});
afterEach(() => {
  for (const { encoder, predictor, auxiliary } of models.splice(0))
    for (const network of [encoder, predictor, auxiliary]) network?.dispose();
});

function configurationOf(encoder: object, objective: object = {}): Configuration {
  const file = {
    model: { encoder, latentSize: LATENT, predictor: { width: 8 }, auxiliary: { width: 8 } },
    optimization: { batchSize: 6 },
    objective,
  };
  return resolveConfiguration({ preset: 'small', environment: 'counting', file, threads: 1 });
}

async function setUp(configuration: Configuration, isMeasured: boolean) {
  const auxiliaries = await createAuxiliaries(configuration.auxiliary, environmentContext(environment, 0));
  const auxiliary = joinStateTables(auxiliaries, environment.stateCount);
  const source = environmentSource(environment, { seed: 3, stream: 'train', auxiliary });
  const shape = { observationShape: environment.observationShape, actionSize: 2, auxiliarySize: 1 };
  const networks = buildWorldModel(configuration.model, shape, 1);
  models.push(networks);
  const { objective, optimization } = configuration;
  const step = new TrainingStep(networks, source, { objective, optimization, auxiliaries, isMeasured });
  const run = (index: number) => step.run(source.batch(index, 6, objective.horizon) as TransitionBatch, index, RATE);
  return { networks, step, run };
}

describe('inference beside the training step', () => {
  test.each(Object.entries(encoders))('%s: latents are those of the trained model', async (_, encoder) => {
    const { networks, step, run } = await setUp(configurationOf(encoder), true);
    for (let index = 0; index < STEPS; index++) run(index);
    const latents = step.encode(observations);
    step.copyToModels(networks);
    step.dispose();
    const expected = tf.tidy(() => {
      const images = tf.tensor(Float32Array.from(observations), [70, 64, 64, 3]).div(255);
      return (networks.encoder.predict(images) as tf.Tensor).dataSync();
    });
    expectClose(latents, expected, TOLERANCE, 'latents');
  });

  test.each(Object.entries(encoders))("%s: the Gram matrix is that of the model's Jacobian", async (_, encoder) => {
    const { networks, step, run } = await setUp(configurationOf(encoder), true);
    for (let index = 0; index < STEPS; index++) run(index);
    // An image with all of eight objects.
    const { observations: images, states } = labelledObservations(environment, 9, 1, 'jacobian');
    const n = states.indexOf(8);
    const image = images.subarray(n * size, (n + 1) * size);
    const gram = step.jacobianGram(image);
    step.copyToModels(networks);
    step.dispose();
    const expected = tf.tidy(() => {
      const pixels = tf.tensor(Float32Array.from(image), [1, 64, 64, 3]).div(255);
      const rows = Array.from({ length: LATENT }, (_, d) =>
        tf.grad((x: tf.Tensor) => (networks.encoder.apply(x) as tf.Tensor2D).slice([0, d], [1, 1]).sum())(pixels),
      );
      const jacobian = tf.stack(rows).reshape([LATENT, size]) as tf.Tensor2D;
      return jacobian.matMul(jacobian, false, true).dataSync();
    });
    const largest = Math.max(...Array.from(expected, Math.abs));
    expect(largest).toBeGreaterThan(0);
    expectClose(gram, expected, { absolute: 1e-3 * largest }, 'J J^T');
  });

  test.each([
    ['the plain objective', {}],
    [
      'a moving-average target, SIGReg and two latent steps',
      { dynamicsTarget: 'moving-average', sigreg: 1, horizon: 2 },
    ],
  ])('with %s measuring between the steps changes no bit', async (_, objective) => {
    const configuration = configurationOf(encoders.convolutional, objective);
    const states = [];
    for (const isMeasured of [false, true]) {
      const { step, run } = await setUp(configuration, isMeasured);
      for (let index = 0; index < STEPS; index++) {
        run(index);
        if (!isMeasured) continue;
        step.encode(observations);
        step.jacobianGram(observations.subarray(0, size));
      }
      states.push(step.read());
      step.dispose();
    }
    expect(states[1]).toEqual(states[0]);
  });
});
