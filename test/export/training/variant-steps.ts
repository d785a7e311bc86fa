// One variant over three steps, in onnxruntime and in TensorFlow.
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { checkOnnx, encodeModel } from '../../../export/index.ts';
import { buildTrainingProgram, flatten, type TrainingProgram } from '../../../export/training/index.ts';
import { elementCount } from '../../../src/shape.ts';
import { sigregFeeds } from '../../../src/training/regularizer.ts';
import { TrainingStep } from '../../../src/training/training-step.ts';
import { expectClose } from '../../matcher/close.ts';
import { BATCH, buildVariant, optimization, type Variant, type VariantParts } from './variants.ts';

/** float32 in another order, through up to ten batch norms over few rows, each of which amplifies rounding. */
const LOSS_TOLERANCE = { relative: 5e-4, absolute: 1e-5 };
/** Of the largest possible update of a weight: after the first step, and after three, whose differences add up. */
const UPDATE_TOLERANCE = 1e-2;
const LAST_TOLERANCE = 5e-2;
const STEPS = 3;
/** Fed to the same file; no other size of the networks. */
const OTHER_BATCH = 11;

export const openBytes = (bytes: Uint8Array): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });

/** Losses and state of the step file are those of TensorFlow, for two sizes of a batch. */
export async function expectTensorFlowSteps(variant: Variant): Promise<void> {
  const parts = await buildVariant(variant);
  const program = buildTrainingProgram(parts.networks, parts.shape, parts.options);
  const bytes = encodeModel(program.step);
  checkOnnx(bytes, 'training-step.onnx');
  const session = await openBytes(bytes);
  const start = await openBytes(encodeModel(program.start(program.initial, 0)));
  const state = (await start.run({})) as Tensors;
  await expectSteps(parts, program, session, state, BATCH, STEPS);
  await expectSteps(parts, program, session, state, OTHER_BATCH, 1);
  await session.release();
  await start.release();
  parts.dispose();
}

type Tensors = Readonly<Record<string, ort.Tensor>>;

async function expectSteps(
  { networks, shape, options, batch }: VariantParts,
  { description, step: { graph }, built }: TrainingProgram,
  session: ort.InferenceSession,
  start: Tensors,
  batchSize: number,
  steps: number,
): Promise<void> {
  const reference = new TrainingStep(networks, shape, {
    ...options,
    optimization: { ...options.optimization, batchSize },
  });
  const before = reference.read();
  let state = start;
  for (let step = 0; step < steps; step++) {
    const given = batch(step, batchSize);
    const expected = reference.run(given, step, optimization.learningRate);
    const rows = (batchSize * built.observedNumbers) / BATCH;
    const fed: Record<string, Uint8Array | Float32Array> = {
      observations: given.observations.subarray(0, rows),
      actions: given.actions,
      targets: given.auxiliary,
      rate: Float32Array.of(optimization.learningRate),
      step: Float32Array.of(step + 1),
      directions: sigregFeeds(built.graph, options.seed, step)['sigreg/directions'],
    };
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name, type, shape: [first, ...rest] }) => {
        const data = fed[name] as Float32Array;
        const size = typeof first === 'string' ? data.length / elementCount(rest.map(Number)) : first;
        const sides = [...(size === undefined ? [] : [size]), ...rest.map(Number)];
        return [name, state[name] ?? new ort.Tensor(type as 'float32', data, sides)];
      }),
    );
    const outputs = await session.run(feeds);
    const scalar = (name: string): number => Number((outputs[name] as ort.Tensor).data[0]);
    expect(description.losses).toEqual(['loss', ...Object.keys(expected.terms), 'latent_deviation']);
    expectClose(
      description.losses.map(scalar),
      [expected.loss, ...Object.values(expected.terms), expected.latentDeviation],
      LOSS_TOLERANCE,
      `losses of step ${step} with ${batchSize} sequences`,
    );
    // Of the other batch the first step is the last one, which is compared below.
    if (step === 0 && steps > 1)
      expectClose(
        outputs.next_weights.data as Float32Array,
        flatten(description.weights, reference.read().weights),
        { absolute: UPDATE_TOLERANCE * optimization.learningRate, relative: 1e-5 },
        `weights after the first step with ${batchSize} sequences`,
      );
    state = Object.fromEntries(
      Object.entries(description.state).map(([name, next]) => [name, outputs[next] as ort.Tensor]),
    );
  }
  const after = reference.read();
  reference.dispose();
  const weights = state.weights.data as Float32Array;
  const trained = flatten(description.weights, after.weights);
  const limit = { absolute: LAST_TOLERANCE * optimization.learningRate * steps, relative: 1e-5 };
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
}
