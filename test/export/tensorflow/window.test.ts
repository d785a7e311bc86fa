// Convolutions, poolings, normalisation and resizing against TensorFlow.js' own kernels: layouts, paddings, strides.
import { beforeAll, describe, expect, test } from 'vitest';
import { transposed } from '../../../export/graph/constant.ts';
import { buildOnnx, describeGraphArtifacts, encodeModel } from '../../../export/index.ts';
import { convolution } from '../../../export/tensorflow/operations/convolution.ts';
import { transposedConvolution } from '../../../export/tensorflow/operations/transposed-convolution.ts';
import { randomFor } from '../../../src/random.ts';
import { expectClose, openSession, runSession, type TestTensor, useCpu } from '../harness.ts';
import { artifactsOf, expectSameAsStock, floats, ints, node, runStock } from './graph-json.ts';

beforeAll(useCpu);

const noise = (shape: readonly number[], seed = 0): TestTensor => {
  const random = randomFor('window', seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return floats(shape, Array.from({ length: size }, random.normal));
};

const paddings = ['SAME', 'VALID'] as const;
const strides = [1, 2, 3] as const;
const all = paddings.flatMap((padding) => strides.map((stride) => [padding, stride] as const));

describe('convolutions', () => {
  test.each(all)(
    'Conv2D and DepthwiseConv2dNative, %s, stride %i, fixed and dynamic sides',
    async (padding, stride) => {
      const x = noise([2, 9, 8, 3], 1);
      const constants = { kernel: noise([3, 2, 3, 5], 2), depthwise: noise([3, 3, 3, 2], 3) };
      const attributes = { strides: [1, stride, stride, 1], padding, data_format: 'NHWC', dilations: [1, 1, 1, 1] };
      const nodes = [
        node('Conv2D', 'conv', ['x', 'kernel'], attributes),
        node('DepthwiseConv2dNative', 'depth', ['x', 'depthwise'], attributes),
      ];
      for (const shape of [x.shape, [-1, -1, -1, 3]])
        await expectSameAsStock(
          { inputs: { x: { type: 'float32', shape } }, constants, nodes, outputs: ['conv', 'depth'] },
          { x },
        );
    },
  );

  test('dilations and explicit padding', async () => {
    const x = noise([1, 10, 9, 2], 4);
    const constants = { kernel: noise([3, 3, 2, 4], 5) };
    const nodes = [
      node('Conv2D', 'dilated', ['x', 'kernel'], { strides: [1, 1, 1, 1], padding: 'SAME', dilations: [1, 2, 2, 1] }),
      node('Conv2D', 'explicit', ['x', 'kernel'], {
        strides: [1, 2, 2, 1],
        padding: 'EXPLICIT',
        explicit_paddings: [0, 0, 1, 2, 0, 1, 0, 0],
        dilations: [1, 1, 1, 1],
      }),
    ];
    await expectSameAsStock({ inputs: { x }, constants, nodes, outputs: ['dilated', 'explicit'] }, { x });
  });

  test.each(['Relu', 'Relu6', 'Elu', 'Sigmoid', 'LeakyRelu', 'Prelu'])(
    'fused with a bias and %s',
    async (activation) => {
      const x = noise([1, 6, 6, 3], 6);
      const constants = {
        kernel: noise([3, 3, 3, 4], 7),
        depthwise: noise([3, 3, 3, 1], 8),
        weights: noise([3, 4], 9),
        bias: noise([4], 10),
        bias3: noise([3], 11),
        slope: floats([4], [0.1, 0.2, 0.3, 0.4]),
        slope3: floats([3], [0.1, 0.2, 0.3]),
      };
      const isPrelu = activation === 'Prelu';
      const fused = { fused_ops: ['BiasAdd', activation], num_args: isPrelu ? 2 : 1, leakyrelu_alpha: { float: 0.15 } };
      const conv = { strides: [1, 1, 1, 1], padding: 'SAME', dilations: [1, 1, 1, 1], data_format: 'NHWC' };
      const nodes = [
        node('_FusedConv2D', 'conv', ['x', 'kernel', 'bias', ...(isPrelu ? ['slope'] : [])], { ...conv, ...fused }),
        node('FusedDepthwiseConv2dNative', 'depth', ['x', 'depthwise', 'bias3', ...(isPrelu ? ['slope3'] : [])], {
          ...conv,
          ...fused,
        }),
        node('Reshape', 'rows', ['x', 'rowShape']),
        node('_FusedMatMul', 'dense', ['rows', 'weights', 'bias', ...(isPrelu ? ['slope'] : [])], {
          ...fused,
          transpose_a: false,
          transpose_b: false,
        }),
      ];
      // The cpu backend of TensorFlow.js 4.22 gives NaN for a depthwise convolution fused with LeakyRelu.
      const outputs = activation === 'LeakyRelu' ? ['conv', 'dense'] : ['conv', 'depth', 'dense'];
      await expectSameAsStock(
        { inputs: { x }, constants: { ...constants, rowShape: ints([-1, 3]) }, nodes, outputs },
        { x },
      );
    },
  );

  test.each(all)('Conv2DBackpropInput, %s, stride %i', async (padding, stride) => {
    const gradient = noise([1, 4, 5, 3], 12);
    const side = (size: number, kernel: number): number =>
      padding === 'SAME' ? size * stride : (size - 1) * stride + Math.max(kernel, stride);
    const constants = { sizes: ints([1, side(4, 3), side(5, 2), 6]), kernel: noise([3, 2, 6, 3], 13) };
    const nodes = [
      node('Conv2DBackpropInput', 'y', ['sizes', 'kernel', 'x'], {
        strides: [1, stride, stride, 1],
        padding,
        data_format: 'NHWC',
        dilations: [1, 1, 1, 1],
      }),
    ];
    await expectSameAsStock({ inputs: { x: gradient }, constants, nodes, outputs: ['y'] }, { x: gradient });
  });

  test('Conv3D, DepthwiseConv2d and BiasAdd', async () => {
    const [x, image] = [noise([1, 5, 6, 7, 2], 14), noise([1, 5, 5, 2], 15)];
    const constants = { kernel: noise([2, 3, 3, 2, 3], 16), depthwise: noise([2, 2, 2, 2], 17), bias: noise([4], 18) };
    const nodes = [
      node('Conv3D', 'volume', ['x', 'kernel'], {
        strides: [1, 1, 2, 2, 1],
        padding: 'SAME',
        data_format: 'NDHWC',
        dilations: [1, 1, 1, 1, 1],
      }),
      node('DepthwiseConv2d', 'depth', ['image', 'depthwise'], {
        strides: [1, 1, 1, 1],
        padding: 'VALID',
        data_format: 'NHWC',
        dilations: [1, 1, 1, 1],
      }),
      node('BiasAdd', 'biased', ['depth', 'bias'], { data_format: 'NHWC' }),
    ];
    await expectSameAsStock({ inputs: { x, image }, constants, nodes, outputs: ['volume', 'biased'] }, { x, image });
  });

  test('every convolution of the table is tested here', () => {
    expect([...Object.keys(convolution), ...Object.keys(transposedConvolution)].sort()).toEqual(
      [
        'BiasAdd',
        'Conv2D',
        'Conv2DBackpropInput',
        'Conv3D',
        'DepthwiseConv2d',
        'DepthwiseConv2dNative',
        'FusedDepthwiseConv2dNative',
        '_FusedConv2D',
      ].sort(),
    );
  });
});

describe('poolings', () => {
  test.each(all)('%s, stride %i', async (padding, stride) => {
    const [x, volume] = [noise([2, 9, 8, 3], 20), noise([1, 4, 5, 6, 2], 21)];
    const flat = { ksize: [1, 3, 2, 1], strides: [1, stride, stride, 1], padding, data_format: 'NHWC' };
    const deep = { ksize: [1, 2, 2, 3, 1], strides: [1, stride, stride, stride, 1], padding, data_format: 'NDHWC' };
    const nodes = [
      node('MaxPool', 'max', ['x'], flat),
      node('AvgPool', 'mean', ['x'], flat),
      node('MaxPool3D', 'max3', ['volume'], deep),
      node('AvgPool3D', 'mean3', ['volume'], deep),
    ];
    await expectSameAsStock({ inputs: { x, volume }, nodes, outputs: ['max', 'mean', 'max3', 'mean3'] }, { x, volume });
  });
});

describe('normalisation', () => {
  test('FusedBatchNorm in its versions, LRN, Softmax, LogSoftmax', async () => {
    const x = noise([2, 4, 5, 6], 22);
    const constants = {
      scale: noise([6], 23),
      offset: noise([6], 24),
      mean: noise([6], 25),
      variance: floats([6], [0.5, 1, 1.5, 2, 2.5, 3]),
    };
    const norm = { epsilon: { float: 0.01 }, data_format: 'NHWC', is_training: false };
    const inputs = ['x', 'scale', 'offset', 'mean', 'variance'];
    const versions = ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'] as const;
    const nodes = [
      ...versions.map((op) => node(op, op, inputs, norm)),
      node('LRN', 'lrn', ['x'], { depth_radius: 2, bias: { float: 1.5 }, alpha: { float: 0.3 }, beta: { float: 0.6 } }),
      node('Softmax', 'soft', ['x']),
      node('LogSoftmax', 'log', ['x']),
    ];
    await expectSameAsStock({ inputs: { x }, constants, nodes, outputs: nodes.map(({ name }) => name) }, { x });
  });
});

describe('resizing', () => {
  const ways = [
    { align_corners: false, half_pixel_centers: false },
    { align_corners: true, half_pixel_centers: false },
    { align_corners: false, half_pixel_centers: true },
  ];
  const sizes = [
    [10, 14],
    [3, 4],
    [8, 5],
    [5, 7],
    [20, 28],
  ];
  test.each(ways.flatMap((way) => sizes.map((size) => ({ ...way, size }))))('%o', async ({ size, ...way }) => {
    const x = noise([2, 5, 7, 3], 26);
    const nodes = [
      node('ResizeBilinear', 'linear', ['x', 'size'], way),
      node('ResizeNearestNeighbor', 'near', ['x', 'size'], way),
    ];
    await expectSameAsStock(
      { inputs: { x }, constants: { size: ints(size) }, nodes, outputs: ['linear', 'near'] },
      { x },
    );
  });

  test('to twice the size of an image of any size, computed in the graph', async () => {
    const x = noise([1, 6, 5, 2], 27);
    const constants = { one: ints([1]), three: ints([3]), by: ints([1]), two: ints([2, 2]) };
    const nodes = [
      node('Shape', 'shape', ['x']),
      node('StridedSlice', 'sides', ['shape', 'one', 'three', 'by'], {
        begin_mask: 0,
        end_mask: 0,
        shrink_axis_mask: 0,
      }),
      node('Mul', 'twice', ['sides', 'two']),
      node('ResizeBilinear', 'y', ['x', 'twice'], { half_pixel_centers: true, align_corners: false }),
    ];
    await expectSameAsStock(
      { inputs: { x: { type: 'float32', shape: [-1, -1, -1, 2] } }, constants, nodes, outputs: ['y'] },
      { x },
    );
  });
});

test('an NCHW graph computes what the same graph in NHWC computes, without a transpose', async () => {
  const x = noise([2, 7, 8, 3], 30);
  const constants = {
    kernel: noise([3, 3, 3, 4], 31),
    bias: noise([4], 32),
    scale: noise([4], 33),
    offset: noise([4], 34),
    average: noise([4], 35),
    variance: floats([4], [0.5, 1, 2, 3]),
  };
  const nodesIn = (format: 'NHWC' | 'NCHW') => {
    const spread = (side: number): number[] => (format === 'NHWC' ? [1, side, side, 1] : [1, 1, side, side]);
    const window = { padding: 'SAME', data_format: format };
    return [
      node('Conv2D', 'conv', ['x', 'kernel'], { ...window, strides: spread(2), dilations: [1, 1, 1, 1] }),
      node('BiasAdd', 'biased', ['conv', 'bias'], { data_format: format }),
      node('FusedBatchNormV3', 'norm', ['biased', 'scale', 'offset', 'average', 'variance'], {
        data_format: format,
        epsilon: { float: 0.01 },
        is_training: false,
      }),
      node('MaxPool', 'y', ['norm'], { ...window, ksize: spread(3), strides: spread(1) }),
    ];
  };
  const [expected] = await runStock(
    artifactsOf({ inputs: { x }, constants, nodes: nodesIn('NHWC'), outputs: ['y'] }),
    { x },
    ['y'],
  );
  const turned = (t: TestTensor): TestTensor => {
    const { data, shape } = transposed({ type: 'float32', shape: t.shape, data: t.data }, [0, 3, 1, 2]);
    return { type: 'float32', shape, data: Float32Array.from(data, Number) };
  };
  const first = turned(x);
  const parts = { inputs: { x: first }, constants, nodes: nodesIn('NCHW'), outputs: ['y'] };
  const model = buildOnnx(describeGraphArtifacts(artifactsOf(parts)), { layout: 'model' });
  expect(model.graph.nodes.map(({ operator }) => operator)).toEqual(['Conv', 'MaxPool']);
  const session = await openSession(encodeModel(model));
  const [actual] = await runSession(session, [first]);
  await session.release();
  expectClose(actual, turned(expected), 'y');
});
