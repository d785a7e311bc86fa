// Gradients of poolings to their input, as TensorFlow's kernels compute them.
import { multiply, product } from '../../graph/dimension.ts';
import type { Value } from '../../graph/graph.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { asChannelsFirst, asLaidOut, isChannelsFirst, knownSizes, paddingBefore, spatialOf } from './window.ts';

/** The gradient goes to the first of the largest pixels of each window. */
const maxPoolGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = asChannelsFirst(node, node.input(0));
    const gradient = asChannelsFirst(node, node.input(2));
    const sides = knownSizes(node, x.shape.slice(2), 'an image');
    const outputs = knownSizes(node, gradient.shape.slice(2), 'a gradient');
    const [, places] = graph.nodes('MaxPool', [x], windowsOf(node, sides, outputs), 2);
    const picked = product(gradient.shape);
    const zeros = graph.constant('zeros', { type: 'float32', shape: [1], data: new Float32Array(1) });
    const nothing = graph.node('Expand', [zeros, countOf(node, x)]);
    const filled = graph.node(
      'ScatterElements',
      [nothing, graph.reshape(places, [picked]), graph.reshape(gradient, [picked])],
      { axis: 0, reduction: 'add' },
    );
    return asLaidOut(node, graph.reshape(filled, x.shape));
  },
  documentation: {
    operators: 'MaxPool with its indices, ScatterElements that adds',
    notes: 'Of a training step. Of equal pixels the first gets the gradient.',
  },
};

/** The number of a tensor's elements, as a list of one. */
function countOf(node: NodeContext, x: Value): Value {
  const { graph } = node;
  const count = product(x.shape);
  return typeof count === 'number'
    ? graph.integers([count])
    : graph.reduce('ReduceProd', graph.node('Shape', [x]), [0], true);
}

/** Every pixel of a window gets its share of the gradient; padding has no share, as in TensorFlow. */
const avgPoolGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const sizes = node.dimensions(0);
    if (sizes === undefined) throw node.unsupported('an image whose sizes are computed');
    const gradient = asChannelsFirst(node, node.input(1));
    const [batch, channels, ...spatial] = gradient.shape;
    const outputs = knownSizes(node, spatial, 'a gradient');
    const sides = knownSizes(node, isChannelsFirst(node) ? sizes.slice(2) : sizes.slice(1, 3), 'an image');
    const { kernel_shape: kernel, strides, pads } = windowsOf(node, sides, outputs);
    const counts = outputs.map((count, i) =>
      Array.from({ length: count }, (_, position) => {
        const start = position * strides[i] - pads[i];
        return Math.min(start + kernel[i], sides[i]) - Math.max(start, 0);
      }),
    );
    const shares = Float32Array.from(counts[0].flatMap((rows) => counts[1].map((columns) => 1 / (rows * columns))));
    const share = graph.constant('share', { type: 'float32', shape: [1, 1, ...outputs], data: shares });
    const images = graph.reshape(graph.node('Mul', [gradient, share]), [multiply(batch, channels), 1, ...outputs]);
    const area = kernel[0] * kernel[1];
    const ones = { type: 'float32' as const, shape: [1, 1, ...kernel], data: new Float32Array(area).fill(1) };
    const spread = graph.node('ConvTranspose', [images, graph.constant('ones', ones)], {
      kernel_shape: kernel,
      strides,
      pads,
      output_padding: sides.map((side, i) =>
        Math.max(side - ((outputs[i] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + 2]), 0),
      ),
    });
    return asLaidOut(node, graph.reshape(spread, [batch, channels, ...sides]));
  },
  documentation: { operators: 'Mul, ConvTranspose with ones', notes: 'Of a training step.' },
};

/** The windows of a pooling whose input and output sizes are known, with padding as numbers. */
function windowsOf(node: NodeContext, sides: readonly number[], outputs: readonly number[]) {
  const kernel = spatialOf(node, 'ksize', 2);
  const strides = spatialOf(node, 'strides', 2);
  const before = sides.map((side, i) => paddingBefore(node, side, outputs[i], kernel[i], strides[i]));
  const isSame = node.text('padding', 'VALID').toLowerCase() === 'same';
  const after = sides.map((side, i) =>
    isSame ? Math.max((outputs[i] - 1) * strides[i] + kernel[i] - side - before[i], 0) : 0,
  );
  return { kernel_shape: kernel, strides, pads: [...before, ...after] };
}

export const poolingGradients = {
  MaxPoolGrad: maxPoolGrad,
  AvgPoolGrad: avgPoolGrad,
} as const satisfies Record<string, Operation>;
