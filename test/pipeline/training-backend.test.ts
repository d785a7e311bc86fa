// One suite for everything that trains: TensorFlow's graph, and its step as a file on onnxruntime's CPU and in WebAssembly. Each goes on from
// its own state bit for bit, and from any other's within rounding.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTrainingPlace, placeInstead, type TrainingPlace } from '../../pipeline/train/place.ts';
import { UnavailableError } from '../../src/error.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import type { StepState, TrainingBackend } from '../../src/training/backend.ts';
import { buildVariant, optimization, type VariantParts, variants } from '../export/training/variants.ts';
import { expectClose } from '../matcher/close.ts';

const RATE = optimization.learningRate;
/** float32 in another order, through batch norms over few rows. */
const LOSS_TOLERANCE = { relative: 1e-3 };
const WEIGHT_TOLERANCE = { absolute: 0.05 * RATE, relative: 1e-5 };
const LATENT_TOLERANCE = { absolute: 2e-4, relative: 2e-4 };

let parts: VariantParts;
/** What TensorFlow comes to: the state in the middle, and what followed; and what it measures in the middle. */
let reference: {
  readonly middle: StepState;
  readonly loss: number;
  readonly state: StepState;
  readonly latents: Float32Array;
  readonly gram: Float32Array;
  readonly probed: TrainingBackend['probed'];
  readonly tensors: Awaited<ReturnType<TrainingBackend['probe']>>;
};

async function open(place: TrainingPlace): Promise<TrainingBackend> {
  return place.open(parts.networks, parts.shape, { ...parts.options, isMeasured: true });
}

async function runSteps(backend: TrainingBackend, from: number, to: number): Promise<number> {
  let loss = Number.NaN;
  for (let step = from; step < to; step++) ({ loss } = await backend.run(parts.batch(step), step, RATE));
  return loss;
}

/** Three observations. */
const judged = ({ rowSize }: TrainingBackend) => parts.batch(7).observations.subarray(0, 3 * rowSize);

const arraysOf = ({ weights, optimizer }: StepState) => [...weights, ...optimizer];

/** Name, shape and a digest of the bytes of every array: equal where the bits are. */
const digestsOf = (state: StepState): string[] =>
  arraysOf(state).map(([key, { shape, values }]) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return `${key} [${shape}] ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
  });

beforeAll(async () => {
  process.env.TF_ENABLE_ONEDNN_OPTS = '0';
  await loadTensorFlow({ threads: 1 });
  const variant = variants.find(({ name }) => name === 'moving-average target');
  parts = await buildVariant({ name: 'moving averages', ...variant });
  const place = await openTrainingPlace('tensorflow', { threads: 1 });
  const backend = await open(place);
  await runSteps(backend, 0, 2);
  const middle = await backend.read();
  const loss = await runSteps(backend, 2, 3);
  const state = await backend.read();
  backend.restore(middle);
  const latents = await backend.encode(judged(backend));
  const gram = await backend.jacobianGram(judged(backend).subarray(0, backend.rowSize));
  const { probed } = backend;
  const tensors = await backend.probe(parts.batch(2), 2, probed);
  reference = { middle, loss, state, latents, gram, probed, tensors };
  await backend.dispose();
});
afterAll(() => parts.dispose());

describe.each(['tensorflow', 'onnx:cpu', 'onnx:wasm'] as const)('training on %s', (name) => {
  let place: TrainingPlace;
  let backend: TrainingBackend;
  beforeAll(async () => {
    place = await openTrainingPlace(name, { threads: 1 });
    backend = await open(place);
  });
  afterAll(async () => {
    await backend.dispose();
    await place.dispose();
  });

  test('it says what it is', () => {
    expect(place.provenance).toMatchObject({ place: name, threads: 1, tfjs: '4.22.0' });
    expect(place.provenance[name]).toMatch(/^\D*\d+\.\d+\.\d+/);
    expect([backend.rowSize, backend.latentSize]).toEqual([64 * 64 * 3, 5]);
  });

  test('its fresh state has the names, shapes and values of the networks', async () => {
    const fresh = await open(place);
    const found = arraysOf(await fresh.read());
    await fresh.dispose();
    expect(found.map(([key, { shape }]) => `${key} ${shape}`)).toEqual(
      arraysOf(reference.middle).map(([key, { shape }]) => `${key} ${shape}`),
    );
    const kernel = parts.networks.encoder.weights[0];
    expectClose(
      new Map(found).get('encoder/conv1/kernel')?.values as Float32Array,
      kernel.read().dataSync(),
      {},
      'encoder/conv1/kernel',
    );
  });

  test('going on from the middle of a training of TensorFlow ends where that ended', async () => {
    backend.restore(reference.middle);
    const loss = await runSteps(backend, 2, 3);
    expectClose([loss], [reference.loss], LOSS_TOLERANCE, 'loss');
    const found = new Map(arraysOf(await backend.read()));
    for (const [key, { values }] of reference.state.weights)
      expectClose(found.get(key)?.values as Float32Array, values as Float32Array, WEIGHT_TOLERANCE, key);
  });

  test('what it read it goes on from, bit for bit', async () => {
    backend.restore(reference.middle);
    await runSteps(backend, 2, 4);
    const middle = await backend.read();
    const losses = [await runSteps(backend, 4, 6)];
    const undisturbed = digestsOf(await backend.read());
    const resumed = await open(place);
    resumed.restore(middle);
    losses.push(await runSteps(resumed, 4, 6));
    expect(losses[1]).toBe(losses[0]);
    expect(digestsOf(await resumed.read())).toEqual(undisturbed);
    await resumed.dispose();
  });

  test('latents and the Jacobian are those of TensorFlow, and measuring changes nothing', async () => {
    backend.restore(reference.middle);
    const before = digestsOf(await backend.read());
    const latents = await backend.encode(judged(backend));
    const gram = await backend.jacobianGram(judged(backend).subarray(0, backend.rowSize));
    expect(digestsOf(await backend.read())).toEqual(before);
    expectClose(latents, reference.latents, LATENT_TOLERANCE, 'latents');
    expect(latents).toHaveLength(3 * 5);
    const scale = Math.max(...Array.from(reference.gram, Math.abs));
    expectClose(gram, reference.gram, { absolute: 1e-3 * scale }, "J J'");
  });

  test('tensors inside of a step are those of TensorFlow, and looking at them changes nothing', async () => {
    backend.restore(reference.middle);
    const before = digestsOf(await backend.read());
    const tensors = backend.probed;
    const found = await backend.probe(parts.batch(2), 2, tensors);
    expect(digestsOf(await backend.read())).toEqual(before);
    expect(tensors).toEqual(reference.probed);
    const expected = reference.tensors;
    const operations = new Set(tensors.map(({ operation }) => operation));
    for (const operation of ['Conv2D', 'FusedBatchNormV3', 'Conv2DBackpropFilter', 'FusedBatchNormGradV3', 'MatMul'])
      expect(operations).toContain(operation);
    for (const [i, { name, operation }] of tensors.entries()) {
      expect(found[i].length, name).toBe(expected[i].length);
      // Gradients behind batch norms over few rows have lost digits to cancellation.
      if (['Conv2D', 'Relu', 'FusedBatchNormV3', 'Conv2DBackpropFilter'].includes(operation)) {
        const scale = Math.max(...expected[i].map(Math.abs));
        expectClose(found[i], expected[i], { absolute: 1e-3 * scale }, name);
      }
    }
  });

  test('the trained weights come into the networks', async () => {
    backend.restore(reference.state);
    const kernel = parts.networks.encoder.weights[0];
    const own = kernel.read().clone();
    await backend.copyToModels(parts.networks);
    const trained = reference.state.weights.get('encoder/conv1/kernel')?.values as Float32Array;
    expectClose(kernel.read().dataSync(), trained, {}, 'encoder/conv1/kernel');
    kernel.write(own);
  });
});

describe('where TensorFlow cannot be had', () => {
  const missing = new UnavailableError('loadTensorFlow: expected a native library, got none\nmore', {
    remedy: 'Do this.',
  });

  test('auto trains on onnxruntime, and says so', () => {
    expect(placeInstead('auto', missing)).toEqual({
      name: 'onnx:cpu',
      note: 'loadTensorFlow: expected a native library, got none; training on onnx:cpu (onnxruntime), which needs no native TensorFlow',
    });
  });

  test('asked for TensorFlow, the message offers onnxruntime', () => {
    expect(() => placeInstead('tensorflow', missing)).toThrow(
      expect.objectContaining({ remedy: 'Do this. Or train without TensorFlow: `on: onnx:cpu`.' }),
    );
  });

  test('another failure is not hidden', () => {
    const failure = new Error('something else');
    expect(() => placeInstead('auto', failure)).toThrow(failure);
  });
});

test('a place that is none is refused, with those that are', async () => {
  await expect(openTrainingPlace('onnx:gpu' as 'auto', { threads: 1 })).rejects.toThrow(
    '`on`: expected where to train (tensorflow, onnx:cpu, onnx:wasm, onnx:webgpu, onnx:cuda, auto), got "onnx:gpu"',
  );
});
