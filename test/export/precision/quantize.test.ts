// Quantised graphs: what is rounded where, that runtimes fuse it, and that the result is that of float32 within a step.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { floats } from '../../../export/graph/constant.ts';
import type { Node } from '../../../export/graph/graph.ts';
import {
  buildOnnx,
  calibratedValues,
  checkModel,
  describeModel,
  encodeModel,
  type Level,
  type OnnxModel,
  observeValues,
  prepareForQuantization,
  quantizableUnits,
  quantizeModel,
  rangeOf,
} from '../../../export/index.ts';
import { randomFor } from '../../../src/random.ts';
import { openRuntime, type Runtime, type RuntimeTensor } from '../../../src/runtimes/index.ts';

let cpu: Runtime;
let wasm: Runtime;

beforeAll(async () => {
  await tf.setBackend('cpu');
  [cpu, wasm] = [await openRuntime('cpu', { threads: 1 }), await openRuntime('wasm', { threads: 1 })];
  return async () => {
    await cpu.dispose();
    await wasm.dispose();
  };
});

function network(): OnnxModel {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [12, 12, 2], filters: 6, kernelSize: 3, activation: 'relu', name: 'first' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu', name: 'second' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5, name: 'latent' }),
    ],
  });
  const random = randomFor('quantized network');
  model.setWeights(
    model.getWeights().map((weight) =>
      tf.tensor(
        Float32Array.from({ length: weight.size }, () => 0.3 * random.normal()),
        weight.shape,
      ),
    ),
  );
  return buildOnnx(describeModel(model));
}

const images = (seed: number): RuntimeTensor => {
  const random = randomFor('quantized images', seed);
  return {
    type: 'float32',
    shape: [16, 2, 12, 12],
    data: Float32Array.from({ length: 16 * 288 }, () => random.uniform()),
  };
};

async function quantized(
  source: OnnxModel,
  level: Level | ReadonlyMap<string, Level>,
  isSymmetric = false,
  weightBits: 7 | 8 = 8,
) {
  const model = prepareForQuantization(source, 'network');
  const units = quantizableUnits(model);
  const [{ name }] = model.graph.inputs;
  const samples = () => [1, 2, 3, 4].map((seed) => ({ [name]: images(seed) }));
  const histograms = await observeValues(model, calibratedValues(model, units), (bytes) => cpu.load(bytes), samples);
  const ranges = new Map([...histograms].map(([value, histogram]) => [value, rangeOf(histogram, 'min-max')]));
  const levels = typeof level === 'string' ? new Map(units.map((unit) => [unit.name, level])) : level;
  return { units, result: quantizeModel(model, units, { levels, ranges, isSymmetric, weightBits }) };
}

async function run(runtime: Runtime, model: OnnxModel, tensor: RuntimeTensor): Promise<Float32Array> {
  const session = await runtime.load(encodeModel(model));
  try {
    const output = (await session.run({ [session.inputs[0].name]: tensor }))[session.outputs[0].name];
    return output.data as Float32Array;
  } finally {
    await session.dispose();
  }
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

const operators = (model: OnnxModel) => model.graph.nodes.map(({ operator }) => operator);

describe('a network in 8 bits', () => {
  test('rounds in front of each unit and behind each activation, and what leaves by a product not at all', async () => {
    const { units, result } = await quantized(network(), 'int8');
    expect(units.map(({ operator, roundsOutput }) => [operator, roundsOutput])).toEqual([
      ['Conv', true],
      ['Conv', true],
      ['Gemm', false],
    ]);
    checkModel(result, 'quantized');
    const nodes = result.graph.nodes;
    const consumersOf = (value: string) => nodes.filter(({ inputs }) => inputs.includes(value));
    for (const { name } of units.slice(0, 2)) {
      const convolution = nodes.find((node) => node.name === name);
      const [relu, ...others] = consumersOf(convolution?.outputs[0] ?? '');
      expect(others).toEqual([]);
      expect(relu.operator).toBe('Relu');
      expect(consumersOf(relu.outputs[0]).map(({ operator }) => operator)).toEqual(['QuantizeLinear']);
      expect(
        convolution?.inputs.map((input) => nodes.find(({ outputs }) => outputs.includes(input))?.operator),
      ).toEqual(['DequantizeLinear', 'DequantizeLinear', 'DequantizeLinear']);
    }
    expect(nodes.at(-1)?.operator).toBe('Gemm');
  });

  test('moves codes through a pool with the scale that they came with', async () => {
    const { result } = await quantized(network(), 'int8');
    const pool = result.graph.nodes.find(({ operator }) => operator === 'MaxPool');
    const before = result.graph.nodes.find(({ outputs }) => outputs[0] === pool?.inputs[0]);
    const after = result.graph.nodes.find(({ inputs }) => inputs[0] === pool?.outputs[0]);
    expect([before?.operator, after?.operator]).toEqual(['DequantizeLinear', 'QuantizeLinear']);
    expect(after?.inputs.slice(1)).toEqual(before?.inputs.slice(1));
  });

  test('a bias is stored at the scale of the input times that of the weight, without a zero point', async () => {
    const { units, result } = await quantized(network(), 'int8');
    const { nodes, constants } = result.graph;
    const numbers = (name: string | undefined) => Array.from(constants.get(name ?? '')?.data ?? [], Number);
    const source = (node: Node | undefined, index: number) =>
      nodes.find(({ outputs }) => outputs.includes(node?.inputs[index] ?? ''));
    for (const { name } of units) {
      const node = nodes.find((each) => each.name === name);
      const [input, weight, bias] = [source(node, 0), source(node, 1), source(node, 2)];
      const [inputScale] = numbers(input?.inputs[1]);
      expect(numbers(bias?.inputs[1])).toEqual(
        numbers(weight?.inputs[1]).map((scale) => Math.fround(scale * inputScale)),
      );
      expect(constants.get(bias?.inputs[0] ?? '')?.type).toBe('int32');
      expect(numbers(bias?.inputs[2]).every((zero) => zero === 0)).toBe(true);
    }
  });

  test('symmetric, as TensorRT wants it: every zero point is 0, and biases stay float32', async () => {
    const { result } = await quantized(network(), 'int8', true);
    checkModel(result, 'symmetric');
    for (const { operator, inputs } of result.graph.nodes)
      if (operator.endsWith('quantizeLinear') || operator === 'QuantizeLinear')
        expect(Array.from(result.graph.constants.get(inputs[2])?.data ?? [1], Number).every((zero) => zero === 0)).toBe(
          true,
        );
    expect([...result.graph.constants.values()].some(({ type }) => type === 'int32')).toBe(false);
  });

  test.each<[Level, number]>([
    ['int8', 0.03],
    ['weights', 0.02],
    ['half', 1e-3],
    ['float', 1e-6],
  ])('%s: near float32, in Node and in WebAssembly', async (level, tolerance) => {
    const source = network();
    const { result } = await quantized(source, level);
    const expected = await run(cpu, source, images(9));
    const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    expect(largestDifference(await run(cpu, result, images(9)), expected) / scale).toBeLessThan(tolerance);
    expect(largestDifference(await run(wasm, result, images(9)), expected) / scale).toBeLessThan(tolerance);
  });

  test('stores a weight in one byte, or two, or four', async () => {
    const bytes = await Promise.all(
      (['weights', 'half', 'float'] as const).map(async (level) => {
        const { result } = await quantized(network(), level);
        const { name } = quantizableUnits(prepareForQuantization(network(), 'network'))[2];
        const latent = result.graph.nodes.find((node) => node.name === name);
        const stored = result.graph.nodes.find(({ outputs }) => outputs.includes(latent?.inputs[1] ?? ''));
        return result.graph.constants.get(stored?.inputs[0] ?? latent?.inputs[1] ?? '')?.data.BYTES_PER_ELEMENT;
      }),
    );
    expect(bytes).toEqual([1, 2, 4]);
  });
});

describe('a file from elsewhere', () => {
  /** y = BatchNormalization(Conv(x)), its weight behind a Constant, and nodes without names. */
  function foreign(opset = 17): OnnxModel {
    const node = (operator: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
      name: '',
      operator,
      domain: '',
      inputs,
      outputs: [output],
      attributes,
    });
    const weight = floats([2, 2, 1, 1], [1, 2, 3, -4]);
    return {
      opset,
      irVersion: 8,
      domains: {},
      producer: { name: 'elsewhere', version: '1' },
      metadata: {},
      graph: {
        name: 'g',
        inputs: [{ name: 'x', type: 'float32', shape: ['N', 2, 12, 12] }],
        outputs: [{ name: 'y', type: 'float32', shape: ['N', 2, 12, 12] }],
        nodes: [
          node('Constant', [], 'w', { value: { type: 'tensor', value: weight } }),
          node('Conv', ['x', 'w'], 'c'),
          node('BatchNormalization', ['c', 's', 'b', 'm', 'v'], 'y', { epsilon: { type: 'float', value: 0 } }),
        ],
        constants: new Map([
          ['s', floats([2], [2, 1])],
          ['b', floats([2], [0.5, 0])],
          ['m', floats([2], [1, 0])],
          ['v', floats([2], [4, 0.25])],
        ]),
        types: new Map(),
      },
    };
  }

  test('has its batch normalisation folded, by hand', () => {
    const { graph } = prepareForQuantization(foreign(), 'foreign.onnx');
    expect(operators({ ...foreign(), graph })).toEqual(['Conv']);
    const [convolution] = graph.nodes;
    const numbers = (index: number) => Array.from(graph.constants.get(convolution.inputs[index])?.data ?? [], Number);
    // Factors 2 / 2 and 1 / 0.5; shifts (0 - 1) * 1 + 0.5 and 0.
    expect(numbers(1)).toEqual([1, 2, 6, -8]);
    expect(numbers(2)).toEqual([-0.5, 0]);
    expect(convolution.outputs).toEqual(['y']);
  });

  test('keeps the name of an output that is rounded', async () => {
    // With 8 bits the sums of two products overflow on x86 without VNNI.
    const { result } = await quantized(foreign(), 'int8', false, 7);
    expect(result.graph.nodes.at(-1)).toMatchObject({ operator: 'DequantizeLinear', outputs: ['y'] });
    const expected = await run(cpu, foreign(), images(9));
    // Half a code of each of two weights of up to 8, and a code of the output.
    expect(largestDifference(await run(cpu, result, images(9)), expected)).toBeLessThan(8 / 63 + 15 / 255);
  });

  test.each([
    [12, 'old.onnx: expected opset 13 or newer, whose weights can have one scale a channel, got 12'],
    [17, 'old.onnx: expected a file in float32, got QuantizeLinear ("q")'],
  ])('is refused in one line: opset %i', (opset, message) => {
    const model = foreign(opset);
    const rounding: Node = {
      ...model.graph.nodes[1],
      operator: 'QuantizeLinear',
      name: 'q',
      inputs: ['x', 's'],
      outputs: ['r'],
    };
    const nodes = opset === 12 ? model.graph.nodes : [rounding, ...model.graph.nodes];
    expect(() => prepareForQuantization({ ...model, graph: { ...model.graph, nodes } }, 'old.onnx')).toThrow(message);
  });
});
