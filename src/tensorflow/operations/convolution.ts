// Convolution, transposed convolution and pooling on NHWC images, and their gradients.
import type { Graph, GraphTensor } from '../graph.ts';
import { matmul } from './matrix.ts';
import { everyNthPixel, reshape } from './shape.ts';

const T = { type: 'float32' } as const;

export interface WindowOptions {
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
}

function attributesOf({ strides, padding }: WindowOptions) {
  return {
    T,
    strides: { ints: [1, strides[0], strides[1], 1] },
    padding: { string: padding.toUpperCase() },
    data_format: { string: 'NHWC' },
  };
}

/** The output side of a window of `size` pixels moved by `stride`, by TensorFlow's rule. */
export function outputSide(side: number, size: number, stride: number, padding: 'same' | 'valid'): number {
  return padding === 'same' ? Math.ceil(side / stride) : Math.ceil((side - size + 1) / stride);
}

/** [B, H, W, C] * kernel [h, w, C, F] -> [B, H', W', F]. */
export function conv2d(graph: Graph, x: GraphTensor, kernel: GraphTensor, options: WindowOptions): GraphTensor {
  if (kernel.shape[0] === 1 && kernel.shape[1] === 1) return pointwiseConv2d(graph, x, kernel, options.strides);
  const attributes = attributesOf(options);
  const shape = [
    x.shape[0],
    outputSide(x.shape[1], kernel.shape[0], options.strides[0], options.padding),
    outputSide(x.shape[2], kernel.shape[1], options.strides[1], options.padding),
    kernel.shape[3],
  ];
  const [y] = graph.add('Conv2D', [x, kernel], attributes, [{ type: 'float32', shape }]);
  return graph.record([x, kernel], y, (gradient, isWanted) => [
    isWanted(0) ? inputGradient(graph, x.shape, kernel, gradient, options) : undefined,
    isWanted(1)
      ? graph.add('Conv2DBackpropFilter', [x, graph.constant(kernel.shape, 'int32'), gradient], attributes, [
          { type: 'float32', shape: kernel.shape },
        ])[0]
      : undefined,
  ]);
}

/**
 * A 1x1 convolution as a matrix product of the pixels that its stride meets. Not only as quick: the kernel gradient of a
 * strided 1x1 convolution with 4 channels writes outside its memory in TensorFlow 2.21 with oneDNN on AVX2.
 */
function pointwiseConv2d(
  graph: Graph,
  x: GraphTensor,
  kernel: GraphTensor,
  strides: readonly [number, number],
): GraphTensor {
  const [inputs, filters] = kernel.shape.slice(2);
  const met = strides[0] === 1 && strides[1] === 1 ? x : everyNthPixel(graph, x, strides);
  const rows = met.shape[0] * met.shape[1] * met.shape[2];
  const product = matmul(graph, reshape(graph, met, [rows, inputs]), reshape(graph, kernel, [inputs, filters]));
  return reshape(graph, product, [...met.shape.slice(0, 3), filters]);
}

function inputGradient(
  graph: Graph,
  shape: readonly number[],
  kernel: GraphTensor,
  gradient: GraphTensor,
  options: WindowOptions,
): GraphTensor {
  const inputs = [graph.constant(shape, 'int32'), kernel, gradient];
  return graph.add('Conv2DBackpropInput', inputs, attributesOf(options), [{ type: 'float32', shape }])[0];
}

/** [B, H, W, C] with kernel [h, w, F, C] -> [B, H', W', F]: the adjoint of conv2d; `same`: H' = H * stride. */
export function conv2dTranspose(
  graph: Graph,
  x: GraphTensor,
  kernel: GraphTensor,
  options: WindowOptions,
): GraphTensor {
  const side = (input: number, size: number, stride: number) =>
    options.padding === 'same' ? input * stride : input * stride + Math.max(size - stride, 0);
  const shape = [
    x.shape[0],
    side(x.shape[1], kernel.shape[0], options.strides[0]),
    side(x.shape[2], kernel.shape[1], options.strides[1]),
    kernel.shape[2],
  ];
  const attributes = attributesOf(options);
  const y = inputGradient(graph, shape, kernel, x, options);
  return graph.record([x, kernel], y, (gradient, isWanted) => [
    isWanted(0)
      ? graph.add('Conv2D', [gradient, kernel], attributes, [{ type: 'float32', shape: x.shape }])[0]
      : undefined,
    isWanted(1)
      ? graph.add('Conv2DBackpropFilter', [gradient, graph.constant(kernel.shape, 'int32'), x], attributes, [
          { type: 'float32', shape: kernel.shape },
        ])[0]
      : undefined,
  ]);
}

export interface PoolOptions extends WindowOptions {
  readonly size: readonly [number, number];
}

function pooled(x: GraphTensor, options: PoolOptions): number[] {
  return [
    x.shape[0],
    outputSide(x.shape[1], options.size[0], options.strides[0], options.padding),
    outputSide(x.shape[2], options.size[1], options.strides[1], options.padding),
    x.shape[3],
  ];
}

export function maxPool(graph: Graph, x: GraphTensor, options: PoolOptions): GraphTensor {
  const attributes = { ...attributesOf(options), ksize: { ints: [1, ...options.size, 1] } };
  const [y] = graph.add('MaxPool', [x], attributes, [{ type: 'float32', shape: pooled(x, options) }]);
  return graph.record([x], y, (gradient) =>
    graph.add('MaxPoolGrad', [x, y, gradient], attributes, [{ type: 'float32', shape: x.shape }]),
  );
}

export function averagePool(graph: Graph, x: GraphTensor, options: PoolOptions): GraphTensor {
  const attributes = { ...attributesOf(options), ksize: { ints: [1, ...options.size, 1] } };
  const [y] = graph.add('AvgPool', [x], attributes, [{ type: 'float32', shape: pooled(x, options) }]);
  return graph.record([x], y, (gradient) =>
    graph.add('AvgPoolGrad', [graph.constant(x.shape, 'int32'), gradient], attributes, [
      { type: 'float32', shape: x.shape },
    ]),
  );
}
