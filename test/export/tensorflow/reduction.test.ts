// Reductions, products, new tensors and choices against TensorFlow.js' own kernels.
import { beforeAll, describe, expect, test } from 'vitest';
import { randomFor } from '../../../src/random.ts';
import { type TestTensor, useCpu } from '../harness.ts';
import { expectSameAsStock, floats, ints, node } from './graph-json.ts';

beforeAll(useCpu);

const noise = (shape: readonly number[], seed = 0): TestTensor => {
  const random = randomFor('reduction', seed);
  return floats(shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal));
};

describe('reductions', () => {
  const x = noise([2, 3, 4], 1);
  test.each([[[1]], [[0, 2]], [[-1]], [[0, 1, 2]]])('over axes %j', async (axes) => {
    // TensorFlow.js' norm takes two axes at most.
    const norm = axes.length < 3 ? ['EuclideanNorm'] : [];
    const names = ['Sum', 'Mean', 'Max', 'Min', 'Prod', ...norm];
    const nodes = names.flatMap((op) => [
      node(op, op, ['x', 'axes'], { keep_dims: false }),
      node(op, `${op}Kept`, ['x', 'axes'], { keep_dims: true }),
    ]);
    await expectSameAsStock(
      { inputs: { x }, constants: { axes: ints(axes) }, nodes, outputs: nodes.map(({ name }) => name) },
      { x },
    );
  });

  test('All and Any', async () => {
    const feeds = { x: { type: 'bool' as const, shape: [2, 3], data: Uint8Array.of(1, 1, 1, 0, 1, 0) } };
    const nodes = [
      node('All', 'all', ['x', 'axes'], { keep_dims: false }),
      node('Any', 'any', ['x', 'axes'], { keep_dims: true }),
    ];
    await expectSameAsStock({ inputs: feeds, constants: { axes: ints([1]) }, nodes, outputs: ['all', 'any'] }, feeds);
  });

  test('ArgMax and ArgMin take the first of equals', async () => {
    const feeds = { x: floats([2, 4], [1, 3, 3, 0, 5, -2, -2, 5]) };
    const nodes = [node('ArgMax', 'most', ['x', 'axis']), node('ArgMin', 'least', ['x', 'axis'])];
    await expectSameAsStock(
      { inputs: feeds, constants: { axis: ints([1], []) }, nodes, outputs: ['most', 'least'] },
      feeds,
    );
  });

  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('Cumsum, exclusive %s, reverse %s', async (exclusive, reverse) => {
    const nodes = [node('Cumsum', 'y', ['x', 'axis'], { exclusive, reverse })];
    await expectSameAsStock({ inputs: { x }, constants: { axis: ints([1], []) }, nodes, outputs: ['y'] }, { x });
  });

  test('of integers stay integers', async () => {
    const feeds = { x: ints([3, -1, 4, 1], [2, 2]) };
    const nodes = (['Sum', 'Max', 'Min', 'Prod'] as const).map((op) =>
      node(op, op, ['x', 'axes'], { keep_dims: false }),
    );
    await expectSameAsStock(
      { inputs: feeds, constants: { axes: ints([0]) }, nodes, outputs: nodes.map(({ name }) => name) },
      feeds,
    );
  });
});

describe('products', () => {
  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('of matrices, transposed %s, %s', async (a, b) => {
    const feeds = { x: noise(a ? [4, 3] : [3, 4], 2), z: noise([2, ...(a ? [4, 3] : [3, 4])], 3) };
    const constants = { kernel: noise(b ? [5, 4] : [4, 5], 4), batch: noise([2, ...(b ? [5, 4] : [4, 5])], 5) };
    const nodes = [
      node('MatMul', 'y', ['x', 'kernel'], { transpose_a: a, transpose_b: b }),
      node('BatchMatMulV2', 'v', ['z', 'batch'], { adj_x: a, adj_y: b }),
      node('BatchMatMul', 'w', ['z', 'batch'], { adj_x: a, adj_y: b }),
    ];
    await expectSameAsStock({ inputs: feeds, constants, nodes, outputs: ['y', 'v', 'w'] }, feeds);
  });

  test('Einsum', async () => {
    const x = noise([2, 3, 4], 6);
    const constants = { kernel: noise([4, 5], 7) };
    const nodes = [node('Einsum', 'product', ['x', 'kernel'], { equation: 'abc,cd->abd' })];
    await expectSameAsStock({ inputs: { x }, constants, nodes, outputs: ['product'] }, { x });
  });
});

describe('new tensors', () => {
  test('Cast between all types', async () => {
    const feeds = {
      x: floats([4], [-1.7, 0, 0.4, 2.9]),
      i: ints([-2, 0, 7]),
      b: { type: 'bool' as const, shape: [2], data: Uint8Array.of(1, 0) },
    };
    const to = (type: string, from: string): ReturnType<typeof node> =>
      node('Cast', `${from}_${type}`, [from], { DstT: { type } });
    const types = ['DT_FLOAT', 'DT_INT32', 'DT_BOOL'];
    const nodes = ['x', 'i', 'b'].flatMap((from) => types.map((type) => to(type, from)));
    await expectSameAsStock({ inputs: feeds, nodes, outputs: nodes.map(({ name }) => name) }, feeds);
  });

  test('OneHot, LinSpace', async () => {
    const feeds = { x: ints([0, 2, 1, 5], [2, 2]) };
    const constants = {
      depth: ints([3], []),
      on: floats([], [2]),
      off: floats([], [-1]),
      start: floats([], [-1]),
      stop: floats([], [2]),
      count: ints([7], []),
    };
    const nodes = [
      node('OneHot', 'hot', ['x', 'depth', 'on', 'off'], { axis: -1, T: { type: 'DT_FLOAT' } }),
      node('LinSpace', 'points', ['start', 'stop', 'count']),
      node('Identity', 'same', ['points']),
      node('IdentityN', 'both', ['points', 'x']),
    ];
    await expectSameAsStock({ inputs: feeds, constants, nodes, outputs: ['hot', 'same', 'both:1'] }, feeds);
  });
});

describe('choices', () => {
  test('TopKV2 and Where', async () => {
    const x = floats([2, 5], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]);
    const constants = { k: ints([3], []), limit: floats([], [3.5]) };
    const nodes = [
      node('TopKV2', 'top', ['x', 'k'], { sorted: true }),
      node('Greater', 'large', ['x', 'limit']),
      node('Where', 'places', ['large']),
    ];
    await expectSameAsStock({ inputs: { x }, constants, nodes, outputs: ['top:0', 'top:1', 'places'] }, { x });
  });

  test('NonMaxSuppression in its versions', async () => {
    const boxes = floats([5, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 2, 1, 3, 0, 2.05, 1, 3.05, 5, 5, 6, 6]);
    const feeds = { boxes, scores: floats([5], [0.9, 0.75, 0.6, 0.95, 0.3]) };
    const constants = {
      most: ints([4], []),
      overlap: floats([], [0.5]),
      least: floats([], [0.4]),
      sigma: floats([], [0]),
    };
    const inputs = ['boxes', 'scores', 'most', 'overlap'];
    const nodes = [
      node('NonMaxSuppressionV2', 'v2', inputs),
      node('NonMaxSuppressionV3', 'v3', [...inputs, 'least']),
      node('NonMaxSuppressionV4', 'v4', [...inputs, 'least'], { pad_to_max_output_size: true }),
      node('NonMaxSuppressionV5', 'v5', [...inputs, 'least', 'sigma']),
    ];
    const outputs = ['v2', 'v3', 'v4:0', 'v4:1', 'v5:0', 'v5:1'];
    await expectSameAsStock({ inputs: feeds, constants, nodes, outputs }, feeds);
  });

  test('a soft sigma is refused by name', async () => {
    const feeds = { boxes: noise([5, 4]), scores: noise([5]) };
    const constants = {
      most: ints([4], []),
      overlap: floats([], [0.5]),
      least: floats([], [0.4]),
      sigma: floats([], [0.5]),
    };
    const nodes = [node('NonMaxSuppressionV5', 'v5', ['boxes', 'scores', 'most', 'overlap', 'least', 'sigma'])];
    await expect(expectSameAsStock({ inputs: feeds, constants, nodes, outputs: ['v5:0'] }, feeds)).rejects.toThrow(
      'node "v5" (NonMaxSuppressionV5): expected something that ONNX can express, got a soft sigma above 0',
    );
  });
});
