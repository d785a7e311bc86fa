// The structural check against models that are wrong in one thing each, some of which Python's onnx.checker passes.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkModel, checkOnnx } from '../../../export/check/structure.ts';
import { floats, integers } from '../../../export/graph/constant.ts';
import type { Graph, Node, OnnxModel } from '../../../export/graph/graph.ts';
import { buildOnnx, decodeModel, describeModel, encodeModel, exportOnnx } from '../../../export/index.ts';
import { JepaError } from '../../../src/error.ts';
import { randomFor } from '../../../src/random.ts';
import { randomizeWeights, useCpu } from '../harness.ts';

const { layers } = tf;
let model: OnnxModel;
let bytes: Uint8Array;

beforeAll(async () => {
  await useCpu();
  const network = tf.sequential({
    name: 'net',
    layers: [
      layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2], activation: 'relu', name: 'conv' }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ units: 4, name: 'dense' }),
      layers.layerNormalization({ name: 'norm' }),
    ],
  });
  randomizeWeights(network);
  model = buildOnnx(describeModel(network));
  bytes = exportOnnx(network);
});

type Change = (graph: Graph) => Partial<Graph>;

const nodeNamed = (graph: Graph, operator: string, change: Partial<Node>): Partial<Graph> => ({
  nodes: graph.nodes.map((node) => (node.operator === operator ? { ...node, ...change } : node)),
});
const withType = (graph: Graph, name: string, shape: readonly (number | string)[]): Partial<Graph> => ({
  types: new Map([...graph.types, [name, { type: 'float32', shape }]]),
});
const withConstant = (graph: Graph, name: string, constant: ReturnType<typeof floats>): Partial<Graph> => ({
  constants: new Map([...graph.constants, [name, constant]]),
});

describe('the structural check', () => {
  test('passes what was exported, before and after it was bytes', () => {
    expect(() => checkModel(model, 'm')).not.toThrow();
    expect(checkOnnx(bytes, 'm').graph.nodes.map((node) => node.operator)).toEqual([
      'Conv',
      'Relu',
      'Reshape',
      'Gemm',
      'LayerNormalization',
    ]);
  });

  test.each<[string, Change, RegExp]>([
    [
      'a value made twice',
      (graph) => ({ nodes: [...graph.nodes, { ...graph.nodes[0], name: 'other' }] }),
      /expected every value to be made once, got node output "conv\/Conv" twice/,
    ],
    [
      'a node without a name',
      (graph) => nodeNamed(graph, 'Relu', { name: '' }),
      /expected a name of its own for every node, got an empty one/,
    ],
    ['two nodes of one name', (graph) => nodeNamed(graph, 'Relu', { name: 'conv/Conv' }), /got "conv\/Conv" twice/],
    [
      'nodes out of order',
      (graph) => ({ nodes: [...graph.nodes].reverse() }),
      /expected input 0 to be defined before it is used/,
    ],
    [
      'an input that nobody makes',
      (graph) => nodeNamed(graph, 'Relu', { inputs: ['nowhere'] }),
      /node conv\/Relu \(Relu\): expected input 0 to be defined before it is used, got "nowhere"/,
    ],
    [
      'an unknown operator',
      (graph) => nodeNamed(graph, 'Relu', { operator: 'Relo' }),
      /expected an operator that is known here, got Relo/,
    ],
    [
      'an operator of a newer opset',
      (graph) => nodeNamed(graph, 'Relu', { operator: 'Mish' }),
      /expected opset 18 or newer, got opset 17/,
    ],
    [
      'an attribute that the operator lacks',
      (graph) => nodeNamed(graph, 'Relu', { attributes: { alpha: { type: 'float', value: 1 } } }),
      /expected attributes \(none\), got alpha/,
    ],
    [
      'an attribute of the wrong type',
      (graph) => nodeNamed(graph, 'LayerNormalization', { attributes: { axis: { type: 'float', value: -1 } } }),
      /expected attribute axis of type int, got float/,
    ],
    [
      'too few inputs',
      (graph) => nodeNamed(graph, 'Gemm', { inputs: ['flat/Reshape'] }),
      /expected 2 to 3 inputs, got 1/,
    ],
    [
      'a wrong shape declared inside',
      (graph) => withType(graph, 'conv/Conv', ['N', 3, 5, 5]),
      /expected "conv\/Conv" of node conv\/Conv as float32\[N, 3, 4, 4\], got float32\[N, 3, 5, 5\] in the file/,
    ],
    [
      'a wrong output shape',
      (graph) => ({ outputs: graph.outputs.map((output) => ({ ...output, shape: ['N', 5] })) }),
      /expected output norm as float32\[N, 5\], got float32\[N, 4\]/,
    ],
    [
      'a missing type inside',
      (graph) => ({ types: new Map([...graph.types].filter(([name]) => name !== 'conv/Conv')) }),
      /expected a declared type for "conv\/Conv", got none/,
    ],
    [
      'matrices that do not fit',
      (graph) => withConstant(graph, 'dense/kernel', floats([47, 4], new Float32Array(188))),
      /node dense\/Gemm \(Gemm\): expected equal sizes of the inner axis, got 48 and 47/,
    ],
    [
      'channels that do not fit',
      (graph) => withConstant(graph, 'conv/kernel', floats([3, 3, 3, 3], new Float32Array(81))),
      /node conv\/Conv \(Conv\): expected equal sizes of input channels, got 2 and 3/,
    ],
    [
      'weights of another length than their shape',
      (graph) => withConstant(graph, 'dense/bias', { ...floats([4], new Float32Array(4)), shape: [5] }),
      /expected 5 elements in initializer "dense\/bias", got 4/,
    ],
    [
      'a reshape that loses elements',
      (graph) => withConstant(graph, 'flat/shape', integers([0, 47])),
      /node flat\/Reshape \(Reshape\): expected a shape of 48\*N elements, got \[0, 47\]/,
    ],
    ['a graph without outputs', () => ({ outputs: [] }), /expected a graph with outputs, got none/],
    ['a graph without a name', () => ({ name: '' }), /expected a named graph, got none/],
    [
      'a domain that is not imported',
      (graph) => nodeNamed(graph, 'Relu', { domain: 'com.example' }),
      /expected an imported operator set for domain "com\.example" of node conv\/Relu, got none/,
    ],
  ])('refuses %s', (_, change, message) => {
    const wrong = { ...model, graph: { ...model.graph, ...change(model.graph) } };
    expect(() => checkModel(wrong, 'm')).toThrow(message);
    expect(() => checkModel(wrong, 'm')).toThrow(JepaError);
  });

  test.each([
    ['opset', { opset: 99 }, 'm: expected opset 17 to 23, got 99'],
    ['opset', { opset: 16 }, 'm: expected opset 17 to 23, got 16'],
    ['IR version', { irVersion: 99 }, 'm: expected IR version 8 to 13 for opset 17, got 99'],
    ['IR version', { irVersion: 7 }, 'm: expected IR version 8 to 13 for opset 17, got 7'],
  ])('refuses an unknown %s', (_, change, message) => {
    expect(() => checkModel({ ...model, ...change }, 'm')).toThrow(message);
  });

  test('refuses nothing at all, and junk', () => {
    expect(() => checkOnnx(new Uint8Array(0), 'm')).toThrow('m: expected an ONNX model with a graph, got none');
    expect(() => checkOnnx(new TextEncoder().encode('not a model'), 'm')).toThrow(JepaError);
  });
});

describe('a file that was changed', () => {
  /** Either still a sound model, or an error of ours that names the file. */
  function examine(changed: Uint8Array): 'sound' | 'refused' {
    try {
      checkOnnx(changed, 'changed.onnx');
      return 'sound';
    } catch (error) {
      expect(error).toBeInstanceOf(JepaError);
      expect((error as Error).message).toMatch(/changed\.onnx|node |graph /);
      return 'refused';
    }
  }

  test('cut off anywhere, it is refused', () => {
    const outcomes = Array.from({ length: bytes.length }, (_, length) => examine(bytes.subarray(0, length)));
    // A file may end after its graph, before the opset and the metadata: then the opset is missing.
    expect(outcomes.every((outcome) => outcome === 'refused')).toBe(true);
  });

  test('with a bit turned, it is refused or still a model, and never anything else', () => {
    const random = randomFor('bits');
    let refused = 0;
    for (let i = 0; i < 800; i++) {
      const changed = bytes.slice();
      changed[random.integer(bytes.length)] ^= 1 << random.integer(8);
      if (examine(changed) === 'refused') refused += 1;
    }
    // Most bits of this model are weights, any value of which is a model.
    expect(refused).toBeGreaterThan(80);
  });

  test('with bytes put in, taken out or doubled, likewise', () => {
    const random = randomFor('bytes');
    for (let i = 0; i < 300; i++) {
      const at = random.integer(bytes.length);
      const length = random.integer(9);
      const piece = Uint8Array.from({ length }, () => random.integer(256));
      const changed = [
        Uint8Array.of(...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)),
        Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + length)),
        Uint8Array.of(...bytes.subarray(0, at + length), ...bytes.subarray(at)),
      ][i % 3];
      examine(changed);
    }
  });

  test('a decoded model is written the same again', () => {
    expect(encodeModel(decodeModel(bytes, 'm'))).toEqual(bytes);
  });
});
