// Each pass by itself: it leaves what a graph computes unchanged, and it does what it is for.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkModel } from '../../export/check/structure.ts';
import type { Graph, OnnxModel } from '../../export/graph/graph.ts';
import { encodeModel } from '../../export/graph/serialize.ts';
import { buildOnnx, describeModel, type ExportOptions } from '../../export/index.ts';
import { passes } from '../../export/passes/index.ts';
import { convolution, pooling } from './conformance/convolution.ts';
import { topology } from './conformance/topology.ts';
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
type Tensor = tf.SymbolicTensor;

function converted(model: tf.LayersModel, options: ExportOptions = {}): OnnxModel {
  return buildOnnx(describeModel(model), { layout: 'model', optimize: false, ...options });
}

async function outputsOf(model: OnnxModel, inputs: readonly TestTensor[]): Promise<TestTensor[]> {
  const session = await openSession(encodeModel(model));
  const outputs = await runSession(session, inputs);
  await session.release();
  return outputs;
}

const operators = (graph: Graph): string[] => graph.nodes.map((node) => node.operator);
const count = (graph: Graph, operator: string): number => operators(graph).filter((each) => each === operator).length;

function applied(model: OnnxModel, ...names: readonly string[]): OnnxModel {
  const graph = names.reduce((current, name) => passes[name](current, model.opset), model.graph);
  return { ...model, graph };
}

describe('every pass alone and after all that come before it leaves outputs unchanged', () => {
  beforeAll(useCpu);
  const names = Object.keys(passes);
  const cases = [...topology, ...convolution.filter((_, i) => i % 7 === 0), ...pooling.filter((_, i) => i % 7 === 0)];
  test.each(cases.map(({ name, build }) => [name, build] as const))('%s', async (_, build) => {
    const model = build();
    randomizeWeights(model);
    const original = converted(model);
    const inputs = randomInputs(model, 2, 6, 4);
    const expected = await outputsOf(original, inputs);
    const candidates = [...names.map((name) => [name]), ...names.map((_each, i) => names.slice(0, i + 1))];
    const seen = new Set([Buffer.from(encodeModel(original)).toString('base64')]);
    for (const sequence of candidates) {
      const changed = applied(original, ...sequence);
      // Most passes have nothing to do on most models.
      const bytes = Buffer.from(encodeModel(changed)).toString('base64');
      if (seen.has(bytes)) continue;
      seen.add(bytes);
      checkModel(changed, sequence.join(' '));
      const actual = await outputsOf(changed, inputs);
      for (const [i, output] of expected.entries())
        expectClose(actual[i], output, `${sequence.join(' ')}, output ${i}`);
    }
    model.dispose();
  });
});

describe('what each pass is for', () => {
  beforeAll(useCpu);

  function image(build: (x: Tensor) => Tensor, shape = [8, 8, 3]): OnnxModel {
    const x = tf.input({ shape, name: 'x' });
    const model = tf.model({ inputs: x, outputs: build(x) });
    randomizeWeights(model);
    return converted(model);
  }
  const conv = (x: Tensor, strides = 1): Tensor =>
    layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', strides }).apply(x) as Tensor;

  test('sinkTransposes leaves one transpose at each end of a chain of convolutions', () => {
    const model = image((x) =>
      conv(layers.reLU().apply(conv(layers.maxPooling2d({}).apply(conv(x)) as Tensor)) as Tensor),
    );
    expect(count(model.graph, 'Transpose')).toBe(8);
    expect(count(applied(model, 'sinkTransposes').graph, 'Transpose')).toBe(2);
  });

  test('sinkTransposes goes through joins only when all branches are transposed', () => {
    const joined = image((x) => layers.add().apply([conv(x), conv(x)]) as Tensor);
    expect(count(applied(joined, 'sinkTransposes').graph, 'Transpose')).toBe(3);
    const mixed = image(
      (x) => layers.add().apply([layers.conv2d({ filters: 3, kernelSize: 1 }).apply(x) as Tensor, x]) as Tensor,
    );
    const before = count(mixed.graph, 'Transpose');
    expect(count(applied(mixed, 'sinkTransposes').graph, 'Transpose')).toBeLessThanOrEqual(before);
  });

  test('simplify removes dropout of an inner value and merges reshapes', () => {
    const model = image((x) => {
      const once = layers.reshape({ targetShape: [64, 3] }).apply(layers.reLU().apply(x));
      return layers.reshape({ targetShape: [192] }).apply(once) as Tensor;
    });
    expect(operators(model.graph)).toEqual(['Relu', 'Reshape', 'Reshape']);
    expect(operators(applied(model, 'simplify').graph)).toEqual(['Relu', 'Reshape']);
  });

  test('simplify keeps the axes that a reshape would only bring back', () => {
    const model = image(
      (x) => layers.reshape({ targetShape: [1, 1, 3] }).apply(layers.globalAveragePooling2d({}).apply(x)) as Tensor,
    );
    expect(operators(applied(model, 'simplify').graph)).toEqual(['ReduceMean']);
  });

  test('hoistTransposes moves a transpose before the preparation of an input, and past no convolution', () => {
    const prepared = image((x) => conv(layers.zeroPadding2d({ padding: 1 }).apply(x) as Tensor));
    expect(operators(applied(prepared, 'hoistTransposes').graph)).toEqual(['Transpose', 'Pad', 'Conv', 'Transpose']);
    const activated = image((x) => layers.reLU().apply(conv(x)) as Tensor);
    expect(operators(applied(activated, 'sinkTransposes', 'hoistTransposes').graph)).toEqual([
      'Transpose',
      'Conv',
      'Relu',
      'Transpose',
    ]);
  });

  test('foldAffine puts normalisation and scales into the convolution on either side', () => {
    const [Rescaling] = tf.serialization.SerializationMap.getMap().classNameMap.Rescaling;
    const model = image((x) => {
      const scaled = (new Rescaling({ scale: 1 / 255 }) as tf.layers.Layer).apply(x) as Tensor;
      return layers.batchNormalization().apply(conv(scaled)) as Tensor;
    });
    expect(operators(applied(model, 'sinkTransposes', 'hoistTransposes', 'foldAffine').graph)).toEqual([
      'Transpose',
      'Conv',
      'Transpose',
    ]);
  });

  test('foldAffine leaves a normalisation alone whose input is used elsewhere', () => {
    const x = tf.input({ shape: [8, 8, 3] });
    const convolved = conv(x);
    const model = tf.model({ inputs: x, outputs: [convolved, layers.batchNormalization().apply(convolved) as Tensor] });
    randomizeWeights(model);
    expect(count(applied(converted(model), 'sinkTransposes', 'foldAffine').graph, 'BatchNormalization')).toBe(1);
  });

  test('foldAffine leaves the half of a GELU, by which onnxruntime knows it, and takes other halves', () => {
    const block = (activation: string): OnnxModel => {
      const x = tf.input({ shape: [5, 4] });
      const wide = layers.dense({ units: 8, activation: activation as 'relu' }).apply(x) as Tensor;
      const [Rescaling] = tf.serialization.SerializationMap.getMap().classNameMap.Rescaling;
      const halved = activation === 'gelu' ? wide : (new Rescaling({ scale: 0.5 }) as tf.layers.Layer).apply(wide);
      const model = tf.model({ inputs: x, outputs: layers.dense({ units: 3 }).apply(halved) as Tensor });
      randomizeWeights(model);
      return applied(converted(model), 'simplify', 'foldAffine');
    };
    const gelu = ['MatMul', 'Add', 'Div', 'Erf', 'Add', 'Mul', 'Mul', 'MatMul', 'Add'];
    expect(operators(block('gelu').graph)).toEqual(gelu);
    expect(operators(block('tanh').graph)).toEqual(['MatMul', 'Add', 'Tanh', 'MatMul', 'Add']);
  });

  test('foldPads puts zero padding into the convolution', () => {
    const model = image(
      (x) =>
        layers.conv2d({ filters: 4, kernelSize: 3 }).apply(layers.zeroPadding2d({ padding: 2 }).apply(x)) as Tensor,
    );
    expect(operators(applied(model, 'sinkTransposes', 'hoistTransposes', 'foldPads').graph)).toEqual([
      'Transpose',
      'Conv',
      'Transpose',
    ]);
  });

  test('foldPads leaves padding before a maximum of numbers that may be negative', () => {
    const pooled = (x: Tensor): Tensor =>
      layers.maxPooling2d({ poolSize: 3 }).apply(layers.zeroPadding2d({ padding: 1 }).apply(x)) as Tensor;
    expect(count(applied(image(pooled), 'sinkTransposes', 'hoistTransposes', 'foldPads').graph, 'Pad')).toBe(1);
    const positive = image((x) => pooled(layers.reLU().apply(x) as Tensor));
    expect(count(applied(positive, 'sinkTransposes', 'hoistTransposes', 'foldPads').graph, 'Pad')).toBe(0);
  });

  test('mergeBlocks makes blocks to depth and a convolution one convolution with a larger stride', () => {
    const model = image((x) => {
      let y = layers.reshape({ targetShape: [2, 4, 2, 4, 3] }).apply(x);
      y = layers.permute({ dims: [1, 3, 2, 4, 5] }).apply(y);
      y = layers.reshape({ targetShape: [2, 2, 48] }).apply(y);
      return layers.conv2d({ filters: 4, kernelSize: 2, padding: 'same' }).apply(y) as Tensor;
    });
    const merged = applied(model, 'simplify', 'sinkTransposes', 'simplify', 'mergeBlocks').graph;
    expect(operators(merged)).toEqual(['Transpose', 'Conv', 'Transpose']);
    const [node] = merged.nodes.filter((each) => each.operator === 'Conv');
    expect(node.attributes.strides).toEqual({ type: 'ints', value: [4, 4] });
    expect(node.attributes.kernel_shape).toEqual({ type: 'ints', value: [8, 8] });
  });

  test('mergeBlocks leaves another order of the factors alone', () => {
    const model = image((x) => {
      let y = layers.reshape({ targetShape: [2, 4, 2, 4, 3] }).apply(x);
      // Rows of the block stay with the height: no blocks to depth.
      y = layers.permute({ dims: [2, 1, 3, 4, 5] }).apply(y);
      y = layers.reshape({ targetShape: [8, 2, 12] }).apply(y);
      return layers.conv2d({ filters: 4, kernelSize: 2 }).apply(y) as Tensor;
    });
    const merged = applied(model, 'simplify', 'sinkTransposes', 'simplify', 'mergeBlocks').graph;
    expect(count(merged, 'Reshape')).toBeGreaterThan(0);
  });

  test('absorbPermutations makes a flattening after a convolution and a reshape before one free', () => {
    const encoder = image((x) => layers.dense({ units: 5 }).apply(layers.flatten().apply(conv(x))) as Tensor);
    const before = applied(encoder, 'sinkTransposes').graph;
    expect(operators(before)).toEqual(['Transpose', 'Conv', 'Transpose', 'Reshape', 'Gemm']);
    expect(operators(applied({ ...encoder, graph: before }, 'absorbPermutations').graph)).toEqual([
      'Transpose',
      'Conv',
      'Reshape',
      'Gemm',
    ]);
    const decoder = image(
      (x) =>
        conv(
          layers
            .reshape({ targetShape: [2, 2, 4] })
            .apply(layers.reLU().apply(layers.dense({ units: 16 }).apply(x))) as Tensor,
        ),
      [6],
    );
    expect(operators(applied(decoder, 'sinkTransposes', 'absorbPermutations').graph)).toEqual([
      'Gemm',
      'Relu',
      'Reshape',
      'Conv',
      'Transpose',
    ]);
  });

  test('absorbPermutations leaves features alone that are an output', () => {
    const x = tf.input({ shape: [4, 4, 2] });
    const flat = layers.flatten().apply(layers.conv2d({ filters: 3, kernelSize: 3 }).apply(x)) as Tensor;
    const model = tf.model({ inputs: x, outputs: [flat, layers.dense({ units: 4 }).apply(flat) as Tensor] });
    const graph = applied(converted(model), 'sinkTransposes', 'absorbPermutations').graph;
    expect(count(graph, 'Transpose')).toBe(2);
  });

  test('splitNormalization needs no transpose where the channels lie elsewhere', () => {
    const model = image((x) => layers.batchNormalization().apply(x) as Tensor, [5, 4]);
    expect(operators(model.graph)).toEqual(['Transpose', 'BatchNormalization', 'Transpose']);
    expect(operators(applied(model, 'splitNormalization', 'sinkTransposes').graph)).toEqual(['Mul', 'Add']);
  });

  test('shareEqual stores the weights of a shared layer once and computes equal things once', () => {
    const x = tf.input({ shape: [3] });
    const shared = layers.dense({ units: 3 });
    const twice = shared.apply(shared.apply(x)) as Tensor;
    const same = layers
      .add()
      .apply([layers.reLU().apply(twice) as Tensor, layers.reLU().apply(twice) as Tensor]) as Tensor;
    const model = converted(tf.model({ inputs: x, outputs: same }));
    expect(model.graph.constants.size).toBe(4);
    const graph = applied(model, 'shareEqual').graph;
    expect(graph.constants.size).toBe(2);
    expect(operators(graph)).toEqual(['Gemm', 'Gemm', 'Relu', 'Add']);
  });
});
