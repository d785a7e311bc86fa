// The files of a training step: whatever is trained, onnxruntime's losses and state follow TensorFlow's; the same configuration gives
// the same bytes; and the encoder that lies beside gives the latents of the exported one.
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkOnnx, encodeModel } from '../../../export/index.ts';
import { buildTrainingProgram, exportTrainingStep, flatten, nextName } from '../../../export/training/index.ts';
import type { NamedArray } from '../../../src/storage/safetensors.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';
import { sigregFeeds } from '../../../src/training/regularizer.ts';
import { TrainingStep } from '../../../src/training/training-step.ts';
import { expectClose } from '../../matcher/close.ts';
import { buildVariant, optimization, variants } from './variants.ts';

/** float32 in another order, through up to ten batch norms over few rows, each of which amplifies rounding. */
const LOSS_TOLERANCE = { relative: 5e-4, absolute: 1e-5 };
/** Of the largest possible update of a weight: after the first step, and after three, whose differences add up. */
const UPDATE_TOLERANCE = 1e-2;
const LAST_TOLERANCE = 5e-2;
const STEPS = 3;

beforeAll(async () => {
  // With oneDNN TensorFlow takes convolution algorithms of another rounding.
  process.env.TF_ENABLE_ONEDNN_OPTS = '0';
  await loadTensorFlow({ threads: 1 });
});

const open = (bytes: Uint8Array): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });

describe('training step', () => {
  test.each(variants)('$name: losses and state follow those of TensorFlow', async (variant) => {
    const { networks, shape, options, batch, dispose } = await buildVariant(variant);
    const program = buildTrainingProgram(networks, shape, options);
    const { description } = program;
    const bytes = encodeModel(program.step);
    checkOnnx(bytes, 'training-step.onnx');
    const session = await open(bytes);
    const start = await open(encodeModel(program.start(program.initial, 0)));
    let state: Record<string, ort.Tensor> = {};
    for (const [name, value] of Object.entries(await start.run({}))) state[name] = value as ort.Tensor;
    const reference = new TrainingStep(networks, shape, options);
    const before = reference.read();
    for (let step = 0; step < STEPS; step++) {
      const given = batch(step);
      const expected = reference.run(given, step, optimization.learningRate);
      const fed: Record<string, Uint8Array | Float32Array> = {
        observations: given.observations.subarray(0, program.built.observedNumbers),
        actions: given.actions,
        targets: given.auxiliary,
        rate: Float32Array.of(optimization.learningRate),
        step: Float32Array.of(step + 1),
        directions: sigregFeeds(program.built.graph, options.seed, step)['sigreg/directions'],
      };
      const feeds = Object.fromEntries(
        program.step.graph.inputs.map(({ name, type, shape: sides }) => [
          name,
          state[name] ?? new ort.Tensor(type as 'float32', fed[name] as Float32Array, sides.map(Number)),
        ]),
      );
      const outputs = await session.run(feeds);
      const scalar = (name: string): number => Number((outputs[name] as ort.Tensor).data[0]);
      expect(description.losses).toEqual(['loss', ...Object.keys(expected.terms), 'latent_deviation']);
      expectClose(
        description.losses.map(scalar),
        [expected.loss, ...Object.values(expected.terms), expected.latentDeviation],
        LOSS_TOLERANCE,
        `losses of step ${step}`,
      );
      if (step === 0)
        expectClose(
          outputs.next_weights.data as Float32Array,
          flatten(description.weights, reference.read().weights),
          { absolute: UPDATE_TOLERANCE * optimization.learningRate, relative: 1e-5 },
          'weights after the first step',
        );
      state = Object.fromEntries(
        Object.entries(description.state).map(([name, next]) => [name, outputs[next] as ort.Tensor]),
      );
    }
    const after = reference.read();
    reference.dispose();
    await session.release();
    await start.release();

    const weights = state.weights.data as Float32Array;
    const trained = flatten(description.weights, after.weights);
    const limit = { absolute: LAST_TOLERANCE * optimization.learningRate * STEPS, relative: 1e-5 };
    expectClose(weights, trained, limit, 'weights');
    // The tolerance is far below what training changed.
    const initial = flatten(description.weights, before.weights);
    expect(Math.max(...weights.map((value, i) => Math.abs(value - initial[i])))).toBeGreaterThan(10 * limit.absolute);
    if (description.averages.length > 0)
      expectClose(
        state.averages.data as Float32Array,
        flatten(description.averages, after.weights),
        { absolute: 2e-4, relative: 1e-3 },
        'averages',
      );
    dispose();
  });

  test('the state of a checkpoint comes out of training-start.onnx as it went in', async () => {
    const { networks, shape, options, batch, dispose } = await buildVariant(variants[0]);
    const reference = new TrainingStep(networks, shape, options);
    reference.run(batch(0), 0, 1e-2);
    const { weights, optimizer } = reference.read();
    reference.dispose();
    const values = new Map<string, NamedArray>([...weights, ...optimizer]);
    const { start, description } = exportTrainingStep(networks, shape, { ...options, values, stepsDone: 1 });
    const session = await open(start);
    const outputs = await session.run({});
    await session.release();
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(description.state).sort());
    expect(outputs.weights.data).toEqual(flatten(description.weights, values));
    expect(outputs.second_moment.data).toEqual(flatten(description.weights, values, 'adam/v/'));
    expect(outputs.averages.data).toEqual(flatten(description.averages, values));
    dispose();
  });

  test('the encoder beside the step gives the latents of the encoder that is measured while training', async () => {
    const { networks, shape, options, batch, dispose } = await buildVariant(variants[0]);
    const { encoder, start } = exportTrainingStep(networks, shape, options);
    const reference = new TrainingStep(networks, shape, { ...options, isMeasured: true });
    const [session, beginning] = await Promise.all([open(encoder), open(start)]);
    const { weights, averages } = await beginning.run({});
    const rows = Number(Reflect.get(session.inputMetadata[0], 'shape')[0]);
    const pixels = new Uint8Array(rows * reference.rowSize);
    pixels.set(batch(0).observations.subarray(0, pixels.length));
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

  test('the same configuration gives the same bytes of the step, whatever the weights', async () => {
    const [first, second] = [await buildVariant(variants[0]), await buildVariant(variants[0])];
    const kernel = second.networks.encoder.weights[0].read();
    second.networks.encoder.weights[0].write(kernel.add(1));
    const [a, b] = [first, second].map(({ networks, shape, options }) => exportTrainingStep(networks, shape, options));
    expect(Buffer.compare(a.step, b.step)).toBe(0);
    expect(Buffer.compare(a.encoder, b.encoder)).toBe(0);
    expect(Buffer.compare(a.start, b.start)).not.toBe(0);
    first.dispose();
    second.dispose();
  });

  test('names of what comes back are the names of what is fed, with next_ before them', () => {
    expect(nextName('weights')).toBe('next_weights');
  });
});
