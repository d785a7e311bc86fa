// Half precision and 8 bits: what changes in the graph, and how far the outputs are from float32.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkModel } from '../../../export/check/structure.ts';
import {
  buildOnnx,
  calibrate,
  describeModel,
  encodeModel,
  type OnnxModel,
  observeValues,
  quantizedValues,
  toFloat16,
  toInt8,
} from '../../../export/index.ts';
import { inspectOnnx } from '../../../export/inspect.ts';
import { describeError } from '../../../src/error.ts';
import { halfToFloat } from '../../../src/half.ts';
import { openRuntime, type Runtime, type RuntimeTensor } from '../../../src/runtimes/index.ts';
import {
  openSession,
  predict,
  randomInputs,
  randomizeWeights,
  runSession,
  type TestTensor,
  useCpu,
} from '../harness.ts';
import { sequenceToSequence, textClassifier, uNet } from '../networks.ts';

const { layers } = tf;
let runtime: Runtime;

beforeAll(async () => {
  await useCpu();
  runtime = await openRuntime('cpu');
});

interface Subject {
  readonly network: tf.LayersModel;
  readonly model: OnnxModel;
  readonly inputs: readonly TestTensor[];
  readonly expected: readonly TestTensor[];
}

function subject(build: () => tf.LayersModel): Subject {
  const network = build();
  randomizeWeights(network);
  const inputs = randomInputs(network, 4, 6);
  return {
    network,
    model: buildOnnx(describeModel(network), { layout: 'model' }),
    inputs,
    expected: predict(network, inputs),
  };
}

/** Largest error as a part of the largest output. */
function relativeError(actual: TestTensor, expected: TestTensor): number {
  let [error, scale] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    error = Math.max(error, Math.abs(actual.data[i] - expected.data[i]));
    scale = Math.max(scale, Math.abs(expected.data[i]));
  }
  return error / scale;
}

function perceptron(): tf.LayersModel {
  const x = tf.input({ shape: [8], name: 'x' });
  const hidden = layers.dense({ units: 16, activation: 'relu', name: 'a' }).apply(x);
  return tf.model({ inputs: x, outputs: layers.dense({ units: 4, name: 'b' }).apply(hidden) as tf.SymbolicTensor });
}

describe('half precision', () => {
  test.each<[string, () => tf.LayersModel]>([
    ['a perceptron', perceptron],
    ['recurrent layers', sequenceToSequence],
    ['masked recurrent layers in a Scan', textClassifier],
  ])('%s stays within 0.3% of its scale, with float32 inputs and outputs and without', async (_, build) => {
    const { model, inputs, expected } = subject(build);
    for (const keepPorts of [true, false]) {
      const half = toFloat16(model, { keepPorts });
      checkModel(half, 'half');
      const bytes = encodeModel(half);
      const wholeBytes = encodeModel(model).length;
      if (wholeBytes > 10_000) expect(bytes.length).toBeLessThan(0.7 * wholeBytes);
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
      const feeds = Object.fromEntries(
        inputs.map(({ type, data, shape }, i) => {
          const isHalf = type === 'float32' && !keepPorts;
          const values = isHalf ? Uint16Array.from(data as Float32Array, (value) => floatBits(value)) : data;
          return [session.inputNames[i], new ort.Tensor(isHalf ? 'float16' : type, values as Float32Array, [...shape])];
        }),
      );
      const output = (await session.run(feeds))[session.outputNames[0]];
      const raw = output.data as Float32Array;
      expect(output.type).toBe(keepPorts ? 'float32' : 'float16');
      const data = keepPorts ? raw : Float32Array.from(raw, halfToFloat);
      expect(relativeError({ type: 'float32', shape: output.dims, data }, expected[0])).toBeLessThan(3e-3);
    }
  });

  test('keeps what ONNX wants in float32: the scales of Resize', async () => {
    const x = tf.input({ shape: [4, 4, 2], name: 'x' });
    const network = tf.model({ inputs: x, outputs: layers.upSampling2d({}).apply(x) as tf.SymbolicTensor });
    const half = toFloat16(buildOnnx(describeModel(network)), { keepPorts: true });
    expect([...half.graph.constants.values()].filter((constant) => constant.type === 'float32')).toHaveLength(1);
    await openSession(encodeModel(half));
  });

  test('says where a number is beyond the range of halves, and takes the largest', () => {
    const { model } = subject(perceptron);
    const [[name, constant]] = model.graph.constants;
    const data = Float32Array.from(constant.data as Float32Array);
    data[0] = 1e6;
    const large = {
      ...model,
      graph: { ...model.graph, constants: new Map([...model.graph.constants, [name, { ...constant, data }]]) },
    };
    const warnings: string[] = [];
    const half = toFloat16(large, { warn: (message) => warnings.push(message) });
    expect(warnings).toEqual([`"${name}": numbers beyond 65504 became 65504, the largest of float16`]);
    expect(halfToFloat(Number(half.graph.constants.get(name)?.data[0]))).toBe(65504);
  });
});

function floatBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 112;
  // Test inputs are neither tiny nor huge: no subnormals, no infinities.
  return ((bits >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((bits >>> 13) & 0x3ff));
}

async function quantized({ network, model }: Subject, weightBits: 7 | 8 = 7): Promise<OnnxModel> {
  const samples = Array.from({ length: 20 }, (_, i) => {
    const inputs = randomInputs(network, 4, 6, undefined, 100 + i);
    return Object.fromEntries(model.graph.inputs.map((input, j) => [input.name, inputs[j] as RuntimeTensor]));
  });
  const ranges = await calibrate(model, (bytes) => runtime.load(bytes), samples);
  return toInt8(model, ranges, { weightBits });
}

describe('8 bits', () => {
  test.each<[string, () => tf.LayersModel, number]>([
    ['a perceptron', perceptron, 0.05],
    ['a U-Net', () => uNet(8), 0.06],
  ])('%s stays near float32 with a quarter of the bytes', async (_, build, tolerance) => {
    const whole = subject(build);
    const model = await quantized(whole);
    checkModel(model, 'int8');
    const session = await openSession(encodeModel(model));
    const [actual] = await runSession(session, whole.inputs);
    expect(relativeError(actual, whole.expected[0])).toBeLessThan(tolerance);
    const weights = (each: OnnxModel) =>
      [...each.graph.constants.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    if (weights(whole.model) > 1e6) expect(weights(model)).toBeLessThan(0.3 * weights(whole.model));
  });

  test('stores weights as int8 with one scale a channel, biases as int32, and rounds values around each operator', async () => {
    const whole = subject(perceptron);
    expect(quantizedValues(whole.model)).toEqual(['x', 'a/Relu', 'b']);
    const { graph } = await quantized(whole);
    expect(graph.nodes.map((node) => node.operator)).toEqual([
      'QuantizeLinear',
      'DequantizeLinear',
      'DequantizeLinear',
      'DequantizeLinear',
      'Gemm',
      'Relu',
      'QuantizeLinear',
      'DequantizeLinear',
      'DequantizeLinear',
      'DequantizeLinear',
      'Gemm',
      'QuantizeLinear',
      'DequantizeLinear',
    ]);
    const types = [...graph.constants.values()].map((constant) => `${constant.type}[${constant.shape}]`);
    expect(types).toContain('int8[8,16]');
    expect(types).toContain('int32[16]');
    expect(types.filter((type) => type === 'float32[16]')).toHaveLength(2);
    expect(graph.outputs.map((output) => output.name)).toEqual(['b']);
  });

  test('a range always holds 0 exactly, so that padding is exact', async () => {
    const whole = subject(perceptron);
    const ranges = new Map(quantizedValues(whole.model).map((name) => [name, { min: 2, max: 3 }]));
    const { graph } = toInt8(whole.model, ranges);
    const zero = graph.constants.get('x/zero');
    const scale = graph.constants.get('x/scale');
    expect(Number(zero?.data[0])).toBe(-128);
    expect(Number(scale?.data[0])).toBeCloseTo(3 / 255, 7);
  });

  test('without samples, or with samples that are not finite, is refused', async () => {
    const { model } = subject(perceptron);
    const open = (bytes: Uint8Array) => runtime.load(bytes);
    await expect(calibrate(model, open, [])).rejects.toThrow('calibration: expected at least one sample, got none');
    const bad = { x: { type: 'float32' as const, shape: [1, 8], data: new Float32Array(8).fill(Number.NaN) } };
    await expect(calibrate(model, open, [bad])).rejects.toThrow('calibration of "x": expected finite values, got NaN');
  });

  test('a file in half precision has nothing to calibrate, and the refusal says which file has', async () => {
    const half = toFloat16(subject(perceptron).model);
    const x = { type: 'float16' as const, shape: [1, 8], data: new Uint16Array(8) };
    const outputs = half.graph.outputs.map(({ name }) => name);
    const error = await observeValues(
      half,
      outputs,
      (bytes) => runtime.load(bytes),
      () => [{ x }],
    ).catch((e) => e);
    expect(describeError(error)).toBe(
      'calibration: expected a file that computes in float32, got no such value. Of a file in half precision, give the float32 one that it was made from.',
    );
  });
});

test('inspectOnnx says what a file computes in', async () => {
  const whole = subject(perceptron);
  const precisionOf = (model: OnnxModel) => inspectOnnx(encodeModel(model), 'm').precision;
  expect(precisionOf(whole.model)).toBe('float32');
  expect(precisionOf(toFloat16(whole.model))).toBe('float16');
  expect(precisionOf(await quantized(whole))).toBe('int8');
});
