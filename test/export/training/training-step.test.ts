// The files of a training step: whatever is trained, onnxruntime's losses and state follow TensorFlow's; the same configuration gives
// the same bytes; and the encoder that lies beside gives the latents of the exported one.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeModel } from '../../../export/index.ts';
import {
  exportTrainingStep,
  flatten,
  nextName,
  type TrainingStartDescription,
} from '../../../export/training/index.ts';
import type { NamedArray } from '../../../src/storage/safetensors.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';
import { TrainingStep } from '../../../src/training/training-step.ts';
import { expectClose } from '../../matcher/close.ts';
import { expectTensorFlowSteps, openBytes } from './variant-steps.ts';
import { BATCH, buildVariant, variants } from './variants.ts';

beforeAll(async () => {
  // With oneDNN TensorFlow takes convolution algorithms of another rounding.
  process.env.TF_ENABLE_ONEDNN_OPTS = '0';
  await loadTensorFlow({ threads: 1 });
});

/** One of each kind; all of them stand in variants.slow.test.ts. */
const everyday = variants.filter(({ name }) =>
  ['convolutional encoder, reward', 'a rate of its own for the encoder', 'moving-average target', 'SIGReg'].includes(
    name,
  ),
);

describe('training step', () => {
  test.each(everyday)('$name: losses and state follow those of TensorFlow', expectTensorFlowSteps);

  test('the state of a checkpoint comes out of training-start.onnx as it went in', async () => {
    const { networks, shape, options, batch, dispose } = await buildVariant(variants[0]);
    const reference = new TrainingStep(networks, shape, options);
    reference.run(batch(0), 0, 1e-2);
    const { weights, optimizer } = reference.read();
    reference.dispose();
    const values = new Map<string, NamedArray>([...weights, ...optimizer]);
    const { start, description } = exportTrainingStep(networks, shape, { ...options, values, stepsDone: 1 });
    const session = await openBytes(start);
    const outputs = await session.run({});
    await session.release();
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(description.state).sort());
    expect(outputs.weights.data).toEqual(flatten(description.weights, values));
    expect(outputs.second_moment.data).toEqual(flatten(description.weights, values, 'adam/v/'));
    expect(outputs.averages.data).toEqual(flatten(description.averages, values));
    dispose();
  });

  test('what goes on from training-start.onnx by the number in its metadata takes the step of TensorFlow', async () => {
    const { networks, shape, options, batch, dispose } = await buildVariant(variants[0]);
    const rate = options.optimization.learningRate;
    const reference = new TrainingStep(networks, shape, options);
    const before = reference.read().weights;
    const done = 4;
    for (let number = 0; number < done; number++) reference.run(batch(number), number, rate);
    const { weights, optimizer } = reference.read();
    const values = new Map<string, NamedArray>([...weights, ...optimizer]);
    const files = exportTrainingStep(networks, shape, { ...options, values, stepsDone: done });
    const [fresh, started] = [exportTrainingStep(networks, shape, options), files].map(
      ({ start }): TrainingStartDescription =>
        JSON.parse(decodeModel(start, 'training-start.onnx').metadata['jepa_onnx.training_step']),
    );
    expect([fresh.stepsDone, started]).toEqual([0, files.description]);
    const { observations, actions, auxiliary } = batch(done);
    const [session, beginning] = await Promise.all([openBytes(files.step), openBytes(files.start)]);
    const state = await beginning.run({});
    const scalar = (value: number) => new ort.Tensor('float32', Float32Array.of(value), []);
    /** What the step numbered `number` makes of the weights. */
    const weightsAfter = async (number: number): Promise<Float32Array> => {
      const { next_weights } = await session.run({
        ...state,
        observations: new ort.Tensor('uint8', observations, [2 * BATCH, ...shape.observationShape]),
        actions: new ort.Tensor('float32', actions, [BATCH, shape.actionSize]),
        targets: new ort.Tensor('float32', auxiliary, [2 * BATCH, 1]),
        rate: scalar(rate),
        step: scalar(number),
      });
      return next_weights.data as Float32Array;
    };
    reference.run(batch(done), done, rate);
    const expected = flatten(files.description.weights, reference.read().weights);
    const now = flatten(files.description.weights, weights);
    expect(now).not.toEqual(flatten(files.description.weights, before));
    const largest = (a: Float32Array, b: Float32Array): number =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
    const update = largest(expected, now);
    expect(largest(await weightsAfter(started.stepsDone + 1), expected)).toBeLessThan(0.01 * update);
    // Counted from 1 again it is another step.
    expect(largest(await weightsAfter(1), expected)).toBeGreaterThan(0.1 * update);
    reference.dispose();
    await Promise.all([session.release(), beginning.release()]);
    dispose();
  });

  test('the encoder beside the step gives the latents of the encoder that is measured while training', async () => {
    const { networks, shape, options, batch, dispose } = await buildVariant(variants[0]);
    const { encoder, start } = exportTrainingStep(networks, shape, options);
    const reference = new TrainingStep(networks, shape, { ...options, isMeasured: true });
    const [session, beginning] = await Promise.all([openBytes(encoder), openBytes(start)]);
    const { weights, averages } = await beginning.run({});
    const rows = 5;
    const pixels = new Uint8Array(batch(0).observations.subarray(0, rows * reference.rowSize));
    const { latent } = await session.run({
      observations: new ort.Tensor('uint8', pixels, [rows, ...shape.observationShape]),
      weights,
      averages,
    });
    expectClose(latent.data as Float32Array, reference.encode(pixels), { absolute: 1e-4, relative: 1e-4 }, 'latents');
    reference.dispose();
    await Promise.all([session.release(), beginning.release()]);
    dispose();
  });

  test('a step for one size of a batch has that size in its inputs, and computes the same bits', async () => {
    const { networks, shape, options, batch, dispose } = await buildVariant(variants[0]);
    const { observations, actions, auxiliary } = batch(0);
    const scalar = (value: number) => new ort.Tensor('float32', Float32Array.of(value), []);
    const found = await Promise.all(
      [false, true].map(async (hasFixedBatch) => {
        const { step, start } = exportTrainingStep(networks, shape, { ...options, hasFixedBatch });
        const [session, beginning] = await Promise.all([openBytes(step), openBytes(start)]);
        const outputs = await session.run({
          ...(await beginning.run({})),
          observations: new ort.Tensor('uint8', observations, [2 * BATCH, ...shape.observationShape]),
          actions: new ort.Tensor('float32', actions, [BATCH, shape.actionSize]),
          targets: new ort.Tensor('float32', auxiliary, [2 * BATCH, 1]),
          rate: scalar(1e-2),
          step: scalar(1),
        });
        const sizes = session.inputMetadata.map((metadata) => [metadata.name, Reflect.get(metadata, 'shape')?.[0]]);
        await Promise.all([session.release(), beginning.release()]);
        return { sizes: Object.fromEntries(sizes), weights: outputs.next_weights.data };
      }),
    );
    expect(found[0].sizes).toMatchObject({ observations: '2*batch', actions: 'batch', targets: '2*batch' });
    expect(found[1].sizes).toMatchObject({ observations: 2 * BATCH, actions: BATCH, targets: 2 * BATCH });
    expect(found[0].weights).toEqual(found[1].weights);
    dispose();
  });

  test('the same configuration gives the same bytes of the step, whatever the weights and the steps done', async () => {
    const [first, second] = [await buildVariant(variants[0]), await buildVariant(variants[0])];
    const kernel = second.networks.encoder.weights[0].read();
    second.networks.encoder.weights[0].write(kernel.add(1));
    const [a, b] = [first, second].map(({ networks, shape, options }, stepsDone) =>
      exportTrainingStep(networks, shape, { ...options, stepsDone }),
    );
    expect(Buffer.compare(a.step, b.step)).toBe(0);
    expect(Buffer.compare(a.encoder, b.encoder)).toBe(0);
    expect(Buffer.compare(a.start, b.start)).not.toBe(0);
    first.dispose();
    second.dispose();
  });

  test('a layer that cannot be trained is refused by its name', async () => {
    const { networks, shape, options, dispose } = await buildVariant(variants[0]);
    const input = tf.input({ shape: [...shape.observationShape] });
    const noisy = tf.layers.gaussianNoise({ stddev: 1, name: 'noise' }).apply(input) as tf.SymbolicTensor;
    const latent = tf.layers.dense({ units: 5 }).apply(tf.layers.flatten().apply(noisy)) as tf.SymbolicTensor;
    const encoder = tf.model({ inputs: input, outputs: latent });
    expect(() => exportTrainingStep({ ...networks, encoder }, shape, options)).toThrow(
      /^training: layer noise: expected one of .*Conv2D.*, got GaussianNoise$/,
    );
    encoder.dispose();
    dispose();
  });

  test('names of what comes back are the names of what is fed, with next_ before them', () => {
    expect(nextName('weights')).toBe('next_weights');
  });
});
