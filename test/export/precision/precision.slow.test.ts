// Half precision and 8 bits on larger networks: how far the outputs are from float32.
import type * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  buildOnnx,
  calibrate,
  checkModel,
  describeModel,
  encodeModel,
  type OnnxModel,
  toFloat16,
  toInt8,
} from '../../../export/index.ts';
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
import { dcgan, denseNet121, mobileNetV2, uNet, videoPredictor } from '../networks.ts';

let runtime: Runtime;
beforeAll(async () => {
  await useCpu();
  runtime = await openRuntime('cpu');
});

function relativeError(actual: TestTensor, expected: TestTensor): number {
  let [error, scale] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    error = Math.max(error, Math.abs(actual.data[i] - expected.data[i]));
    scale = Math.max(scale, Math.abs(expected.data[i]));
  }
  return error / scale;
}

async function errorOf(model: OnnxModel, inputs: readonly TestTensor[], expected: TestTensor): Promise<number> {
  checkModel(model, 'model');
  const session = await openSession(encodeModel(model));
  const [actual] = await runSession(session, inputs);
  await session.release();
  return relativeError(actual, expected);
}

describe('errors against float32, as a part of the largest output', () => {
  // Measured on a processor without VNNI; the tolerances leave half as much again for others.
  test.each<[string, () => tf.LayersModel, number, number]>([
    ['MobileNetV2', () => mobileNetV2(32, 10), 5e-4, 0.06],
    ['DenseNet121', () => denseNet121(32, 10), 2e-3, 0.1],
    ['a U-Net', () => uNet(16), 1e-3, 0.03],
    ['DCGAN', dcgan, 3e-3, 0.12],
    ['ConvLSTM2D', () => videoPredictor(8), 1e-3, 0.02],
  ])('%s', async (name, build, halfTolerance, byteTolerance) => {
    const network = build();
    randomizeWeights(network);
    const inputs = randomInputs(network, 4, 6);
    const [expected] = predict(network, inputs);
    const model = buildOnnx(describeModel(network), { layout: 'model' });
    const half = await errorOf(toFloat16(model, { keepPorts: true }), inputs, expected);
    const samples = Array.from({ length: 20 }, (_, i) => {
      const tensors = randomInputs(network, 4, 6, undefined, 100 + i);
      return Object.fromEntries(model.graph.inputs.map((input, j) => [input.name, tensors[j] as RuntimeTensor]));
    });
    const ranges = await calibrate(model, (bytes) => runtime.load(bytes), samples);
    const errors = await Promise.all(
      ([7, 8] as const).map((weightBits) => errorOf(toInt8(model, ranges, { weightBits }), inputs, expected)),
    );
    console.log(
      `${name}: float16 ${half.toExponential(1)}, int8 with 7 bits ${errors[0].toExponential(1)}, with 8 ${errors[1].toExponential(1)}`,
    );
    expect(half).toBeLessThan(halfTolerance);
    expect(errors[0]).toBeLessThan(byteTolerance);
  });
});
