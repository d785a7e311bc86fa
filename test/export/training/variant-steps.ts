// One variant over three steps, in onnxruntime and in TensorFlow.
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { checkOnnx, encodeModel } from '../../../export/index.ts';
import { buildTrainingProgram, flatten } from '../../../export/training/index.ts';
import { sigregFeeds } from '../../../src/training/regularizer.ts';
import { TrainingStep } from '../../../src/training/training-step.ts';
import { expectClose } from '../../matcher/close.ts';
import { buildVariant, optimization, type Variant } from './variants.ts';

/** float32 in another order, through up to ten batch norms over few rows, each of which amplifies rounding. */
const LOSS_TOLERANCE = { relative: 5e-4, absolute: 1e-5 };
/** Of the largest possible update of a weight: after the first step, and after three, whose differences add up. */
const UPDATE_TOLERANCE = 1e-2;
const LAST_TOLERANCE = 5e-2;
const STEPS = 3;

export const openBytes = (bytes: Uint8Array): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });

/** Losses and state of the step file are those of TensorFlow. */
export async function expectTensorFlowSteps(variant: Variant): Promise<void> {
  const { networks, shape, options, batch, dispose } = await buildVariant(variant);
  const program = buildTrainingProgram(networks, shape, options);
  const { description } = program;
  const bytes = encodeModel(program.step);
  checkOnnx(bytes, 'training-step.onnx');
  const session = await openBytes(bytes);
  const start = await openBytes(encodeModel(program.start(program.initial, 0)));
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
}
