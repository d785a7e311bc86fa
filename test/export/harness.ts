// What the exporter's tests share: models with random weights, sessions, and comparison with TensorFlow.js's cpu backend.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { decodeModel } from '../../export/graph/serialize.ts';
import { checkOnnx, type ExportOptions, exportOnnx } from '../../export/index.ts';
import { type Random, randomFor } from '../../src/random.ts';

export async function useCpu(): Promise<void> {
  tf.enableProdMode();
  await tf.setBackend('cpu');
}

export interface TestTensor {
  readonly type: 'float32' | 'int32' | 'bool' | 'uint8';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Seeded weights at which no layer is trivial: variances stay positive, scales stay away from 0. */
export function randomizeWeights(model: tf.LayersModel, seed = 0): void {
  const random = randomFor('weights', seed);
  model.setWeights(
    model.weights.map((variable) => {
      const shape = variable.shape.map(Number);
      const size = shape.reduce((a, b) => a * b, 1);
      const fanIn = Math.max(1, size / (shape.at(-1) ?? 1));
      const draw = drawFor(variable.originalName, fanIn, random);
      return tf.tensor(Float32Array.from({ length: size }, draw), shape);
    }),
  );
}

function drawFor(name: string, fanIn: number, random: Random): () => number {
  if (name.endsWith('variance')) return () => 0.5 + random.uniform();
  if (name.endsWith('gamma')) return () => 0.5 + random.uniform();
  if (/(bias|beta|mean|alpha)$/.test(name)) return () => random.normal() * 0.3;
  return () => random.normal() / Math.sqrt(fanIn);
}

/** Random inputs for a model: standard normal, or integers 0..limit-1 where a limit is given. */
export function randomInputs(
  model: tf.LayersModel,
  batch: number,
  dynamic: number,
  limit?: number,
  seed = 1,
): TestTensor[] {
  return model.inputs.map((input, i) => {
    const random = randomFor('inputs', seed, i, batch);
    const shape = input.shape.map((size, axis) => size ?? (axis === 0 ? batch : dynamic));
    const size = shape.reduce((a, b) => a * b, 1);
    if (input.dtype === 'int32')
      return { type: 'int32', shape, data: Int32Array.from({ length: size }, () => random.integer(limit ?? 5)) };
    const draw = limit === undefined ? random.normal : () => random.integer(limit);
    return { type: 'float32', shape, data: Float32Array.from({ length: size }, draw) };
  });
}

/** The model's outputs in TensorFlow.js. */
export function predict(model: tf.LayersModel, inputs: readonly TestTensor[]): TestTensor[] {
  const tensors = inputs.map(({ data, shape, type }) => tf.tensor(data, [...shape], type === 'uint8' ? 'int32' : type));
  const result = model.predict(tensors.length === 1 ? tensors[0] : tensors, { batchSize: 1024 });
  const outputs = Array.isArray(result) ? result : [result];
  const read = outputs.map(
    (tensor): TestTensor => ({
      type: tensor.dtype === 'int32' ? 'int32' : tensor.dtype === 'bool' ? 'bool' : 'float32',
      shape: tensor.shape,
      data: tensor.dtype === 'int32' ? Int32Array.from(tensor.dataSync()) : Float32Array.from(tensor.dataSync()),
    }),
  );
  tf.dispose([...tensors, ...outputs]);
  return read;
}

export async function openSession(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    graphOptimizationLevel: 'all',
  });
}

/** Runs a session on inputs in its own order. */
export async function runSession(session: ort.InferenceSession, inputs: readonly TestTensor[]): Promise<TestTensor[]> {
  const feeds = Object.fromEntries(
    session.inputNames.map((name, i) => [
      name,
      new ort.Tensor(inputs[i].type, inputs[i].data as Float32Array, [...inputs[i].shape]),
    ]),
  );
  const results = await session.run(feeds);
  return session.outputNames.map((name) => {
    const { dims, data, type } = results[name];
    return { type: type as 'float32', shape: dims, data: Float32Array.from(data as Float32Array, Number) };
  });
}

/** Fails at the worst element, with its place, both values and both errors. */
export function expectClose(actual: TestTensor, expected: TestTensor, what: string, rtol = 1e-4, atol = 1e-5): void {
  expect(actual.shape, `${what}: shape`).toEqual(expected.shape);
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const [got, want] = [actual.data[i], expected.data[i]];
    if (Object.is(got, want) || (Number.isNaN(got) && Number.isNaN(want))) continue;
    const excess = Math.abs(got - want) - (atol + rtol * Math.abs(want));
    if (!(excess <= worstExcess)) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst >= 0) {
    const [got, want] = [actual.data[worst], expected.data[worst]];
    const error = Math.abs(got - want);
    expect.fail(
      `${what}: element ${worst} of [${expected.shape}]: expected ${want}, got ${got} (absolute ${error}, relative ${error / Math.abs(want)})`,
    );
  }
}

export interface ParityOptions extends ExportOptions {
  readonly dynamicSizes?: readonly number[];
  /** Sizes of the batch, each tried. Default 1 and 3. */
  readonly batches?: readonly number[];
  readonly tolerance?: readonly [rtol: number, atol: number];
  readonly limit?: number;
}

/** Exports, and compares onnxruntime with TensorFlow.js at two batch sizes (and every dynamic size). Returns the bytes. */
export async function expectParity(
  model: tf.LayersModel,
  what: string,
  options: ParityOptions = {},
  reference: tf.LayersModel = model,
): Promise<Uint8Array> {
  const { dynamicSizes = [6], batches = [1, 3], tolerance = [1e-4, 1e-5], limit, ...exportOptions } = options;
  const bytes = exportOnnx(model, { layout: 'model', ...exportOptions });
  checkOnnx(bytes, what);
  const session = await openSession(bytes);
  for (const batch of batches)
    for (const dynamic of dynamicSizes) {
      if (model.inputs.some((input) => typeof input.shape[0] === 'number' && input.shape[0] !== batch)) continue;
      const inputs = randomInputs(model, batch, dynamic, limit);
      const expected = predict(reference, inputs);
      const actual = await runSession(session, inputs);
      for (const [i, output] of expected.entries())
        expectClose(actual[i], output, `${what}, batch ${batch}, output ${i}`, ...tolerance);
    }
  await session.release();
  return bytes;
}

export function operatorsOf(bytes: Uint8Array): string[] {
  return decodeModel(bytes, 'model').graph.nodes.map((node) => node.operator);
}
