// Operators that a runtime lacks, taken apart: the same numbers, and none of them left.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildOnnx, describeModel, type ExportOptions, encodeModel, exportTargets } from '../../export/index.ts';
import { decomposableOperators } from '../../export/passes/decompose.ts';
import {
  expectClose,
  openSession,
  randomInputs,
  randomizeWeights,
  runSession,
  type TestTensor,
  useCpu,
} from './harness.ts';

const { layers } = tf;

function network(): tf.LayersModel {
  return tf.sequential({
    layers: [
      layers.dense({ units: 6, inputShape: [3, 5] }),
      layers.layerNormalization({ epsilon: 1e-2 }),
      layers.activation({ activation: 'mish' }),
      layers.layerNormalization({ axis: [1, 2], center: false }),
      layers.activation({ activation: 'softplus' }),
    ],
  });
}

async function outputsOf(model: tf.LayersModel, options: ExportOptions, inputs: readonly TestTensor[]) {
  const built = buildOnnx(describeModel(model), options);
  const session = await openSession(encodeModel(built));
  const outputs = await runSession(session, inputs);
  await session.release();
  return { outputs, operators: new Set(built.graph.nodes.map((node) => node.operator)) };
}

describe('avoided operators', () => {
  beforeAll(useCpu);

  // At 17 the axes of a reduction are an attribute, from 18 on an input; Mish is one operator then, and has no Softplus.
  test.each([17, 18, 23])('at opset %i the same numbers come without them', async (opset) => {
    const model = network();
    randomizeWeights(model);
    const inputs = randomInputs(model, 4, 1, 3);
    const plain = await outputsOf(model, { opset }, inputs);
    expect([...plain.operators]).toEqual(expect.arrayContaining(['LayerNormalization', 'Softplus']));
    const without = await outputsOf(model, { opset, avoid: decomposableOperators }, inputs);
    for (const operator of decomposableOperators) expect([...without.operators]).not.toContain(operator);
    // Sums in another order: float32 on values of order 1.
    expectClose(without.outputs[0], plain.outputs[0], 'output');
    model.dispose();
  });

  test('softplus neither overflows nor loses small values', async () => {
    const model = tf.sequential({ layers: [layers.activation({ activation: 'softplus', inputShape: [5] })] });
    const input: TestTensor = { type: 'float32', shape: [1, 5], data: Float32Array.of(-1000, -20, 0, 20, 1000) };
    const { outputs } = await outputsOf(model, { avoid: ['Softplus'] }, [input]);
    const expected = [0, Math.exp(-20), Math.log(2), 20, 1000];
    // float32: 1 + e^-20 is 1, so that the second value is 0, as in the formula of most runtimes.
    for (const [i, value] of Array.from(outputs[0].data, Number).entries()) expect(value).toBeCloseTo(expected[i], 6);
  });

  test('an operator that cannot be avoided is refused by name', () => {
    const options = JSON.parse('{ "avoid": ["Gemm"] }');
    expect(() => buildOnnx(describeModel(network()), options)).toThrow(
      /expected operators to avoid \(LayerNormalization, Softplus\), got "Gemm"/,
    );
  });

  test('every target is an opset and operators that the exporter takes', () => {
    const model = network();
    for (const { opset, avoid } of Object.values(exportTargets))
      expect(buildOnnx(describeModel(model), { opset, avoid }).opset).toBe(opset);
  });
});
