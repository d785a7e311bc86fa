// What only a training step holds: gradients that TensorFlow has as operations of their own and ONNX composes out of others, and
// Adam. Each computes what TensorFlow's kernel computes (tensorflow/core/kernels, CPU) up to rounding.
// Letters: N batch, H W image, h w kernel, C channels in, F channels out, H' W' output.
import { numbersOf } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { isChannelsFirst, spatialOf, toChannelsFirst, toChannelsLast } from './window.ts';

/** A tensor of the node's layout as [N, C, H, W]. */
const asFirst = (node: NodeContext, x: Value): Value => (isChannelsFirst(node) ? x : toChannelsFirst(node, x));

/** [N, C, H, W] in the node's layout. */
const asLaidOut = (node: NodeContext, x: Value): Value => (isChannelsFirst(node) ? x : toChannelsLast(node, x));

function knownSizes(node: NodeContext, shape: Value['shape'], what: string): number[] {
  if (!shape.every((size) => typeof size === 'number'))
    throw node.unsupported(`${what} of shape [${shape.join(', ')}]`, 'Give the dynamic axes a size.');
  return shape.map(Number);
}

/** Padding before the first element of an axis, by TensorFlow's rule. */
function paddingBefore(node: NodeContext, size: number, outputs: number, kernel: number, stride: number): number {
  const padding = node.text('padding', 'VALID').toLowerCase();
  if (padding === 'valid') return 0;
  if (padding !== 'same') throw node.unsupported(`padding ${padding}`);
  return Math.floor(Math.max((outputs - 1) * stride + kernel - size, 0) / 2);
}

/**
 * dL/dkernel [h, w, C, F] out of x [N, H, W, C] and dL/dy [N, H', W', F]: the convolution of x with dL/dy, the batch summed over as
 * channels are, the stride as dilation. As many pixels are padded behind as make it h x w; what would be more is cut off.
 */
const conv2DBackpropFilter: Operation = {
  convert: (node) => {
    const { graph } = node;
    if (spatialOf(node, 'dilations', 2).some((dilation) => dilation !== 1)) throw node.unsupported('dilations');
    const [height, width] = node.integers(1, 'the sizes of the kernel');
    const kernel = [height, width];
    const strides = spatialOf(node, 'strides', 2);
    const x = asFirst(node, node.input(0));
    const gradient = asFirst(node, node.input(2));
    const sides = knownSizes(node, x.shape.slice(2), 'an image');
    const outputs = knownSizes(node, gradient.shape.slice(2), 'a gradient');
    const reach = outputs.map((count, i) => (count - 1) * strides[i] + 1);
    const before = sides.map((side, i) => paddingBefore(node, side, outputs[i], kernel[i], strides[i]));
    const missing = sides.map((side, i) => kernel[i] - 1 + reach[i] - side - before[i]);
    const swapped = [1, 0, 2, 3];
    let product = graph.node('Conv', [graph.transpose(x, swapped), graph.transpose(gradient, swapped)], {
      kernel_shape: outputs,
      dilations: strides,
      pads: [...before, ...missing.map((count) => Math.max(count, 0))],
    });
    for (const [i, count] of missing.entries()) if (count < 0) product = graph.slice(product, 2 + i, 0, kernel[i]);
    return graph.transpose(product, [2, 3, 0, 1]);
  },
  documentation: {
    operators: 'Conv with the batch as channels and the strides as dilations, Transpose',
    notes: 'Of a training step. Dilations are refused.',
  },
};

const reluGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    // The features may be what went into ReLU or what came out: both are above 0 at the same places.
    const isOpen = graph.node('Greater', [node.input(1), graph.scalar(0, 'zero')]);
    return graph.node('Where', [isOpen, node.input(0), graph.scalar(0, 'zero')]);
  },
  documentation: { operators: 'Greater, Where', notes: 'Of a training step.' },
};

/** dL/dx of y = tanh x out of y. */
const tanhGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [y, gradient] = node.inputs(0, 2);
    return graph.node('Mul', [gradient, graph.node('Sub', [graph.scalar(1, 'one'), graph.node('Mul', [y, y])])]);
  },
  documentation: { operators: 'Mul, Sub', notes: 'Of a training step.' },
};

/** dL/dx of y = 1 / (1 + e^-x) out of y. */
const sigmoidGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [y, gradient] = node.inputs(0, 2);
    const slope = graph.node('Mul', [y, graph.node('Sub', [graph.scalar(1, 'one'), y])]);
    return graph.node('Mul', [gradient, slope]);
  },
  documentation: { operators: 'Mul, Sub', notes: 'Of a training step.' },
};

const softplusGrad: Operation = {
  convert: (node) => node.graph.node('Mul', [node.input(0), node.graph.node('Sigmoid', [node.input(1)])]),
  documentation: { operators: 'Sigmoid, Mul', notes: 'Of a training step.' },
};

/** dL/dx of y = sqrt x out of y: dL/dy / (2 y). */
const sqrtGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [y, gradient] = node.inputs(0, 2);
    return graph.node('Div', [graph.node('Mul', [gradient, graph.scalar(0.5, 'half')]), y]);
  },
  documentation: { operators: 'Mul, Div', notes: 'Of a training step.' },
};

const biasAddGrad: Operation = {
  convert: (node) => {
    const gradient = node.input(0);
    const rank = gradient.shape.length;
    const channel = isChannelsFirst(node) ? 1 : rank - 1;
    const others = [...gradient.shape.keys()].filter((axis) => axis !== channel);
    return node.graph.reduce('ReduceSum', gradient, others, false);
  },
  documentation: { operators: 'ReduceSum', notes: 'Of a training step.' },
};

// ------------------------------------------------------------------------------------------------------- batch norm

/** [C] as [1, C, 1, 1]. */
const perChannel = (node: NodeContext, vector: Value): Value => {
  const channels = knownSizes(node, vector.shape, 'channels')[0];
  return node.graph.reshape(vector, [1, channels, 1, 1]);
};

/** 1 / sqrt(variance + epsilon). */
function inverseDeviation(node: NodeContext, variance: Value): Value {
  const { graph } = node;
  const epsilon = graph.scalar(node.number('epsilon', 0.001), 'epsilon');
  return graph.node('Reciprocal', [graph.node('Sqrt', [graph.node('Add', [variance, epsilon])])]);
}

/** Rows that a batch norm averages over: N H W. */
function rowsOf(node: NodeContext, x: Value): number {
  const [batch, , height, width] = knownSizes(node, x.shape, 'an image');
  return batch * height * width;
}

/**
 * Batch norm by the moments of the batch, with TensorFlow's outputs: y, mean, unbiased variance, and for the gradient the mean and the
 * biased variance (as its CPU kernel keeps them), and a sixth that only a GPU needs.
 */
export function trainingBatchNorm(node: NodeContext): Value[] {
  const { graph } = node;
  const x = asFirst(node, node.input(0));
  const [gamma, beta] = node.inputs(1, 3);
  const rows = rowsOf(node, x);
  const mean = graph.reduce('ReduceMean', x, [0, 2, 3], false);
  const centred = graph.node('Sub', [x, perChannel(node, mean)]);
  const variance = graph.reduce('ReduceMean', graph.node('Mul', [centred, centred]), [0, 2, 3], false);
  const factor = graph.node('Mul', [gamma, inverseDeviation(node, variance)]);
  const scaled = graph.node('Mul', [centred, perChannel(node, factor)]);
  const y = asLaidOut(node, graph.node('Add', [scaled, perChannel(node, beta)]));
  const unbiased = graph.node('Mul', [variance, graph.scalar(rows > 1 ? rows / (rows - 1) : 1, 'unbiased')]);
  return [y, mean, unbiased, mean, variance, variance];
}

/**
 * Of batch norm by the moments of the batch: with c = x - mean, r = 1 / sqrt(variance + epsilon), g = dL/dy and means over rows,
 *   dL/dx = gamma r (g - mean(g) - c r^2 mean(g c)),  dL/dgamma = r sum(g c),  dL/dbeta = sum(g).
 */
const fusedBatchNormGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    if (!node.flag('is_training', true)) throw node.unsupported('given moments (is_training false)');
    const gradient = asFirst(node, node.input(0));
    const x = asFirst(node, node.input(1));
    const [gamma, mean, variance] = node.inputs(2, 5);
    const share = graph.scalar(1 / rowsOf(node, x), 'share');
    const r = inverseDeviation(node, variance);
    const centred = graph.node('Sub', [x, perChannel(node, mean)]);
    const sum = graph.reduce('ReduceSum', gradient, [0, 2, 3], false);
    const moment = graph.reduce('ReduceSum', graph.node('Mul', [gradient, centred]), [0, 2, 3], false);
    const dGamma = graph.node('Mul', [moment, r]);
    const slope = graph.node('Mul', [graph.node('Mul', [dGamma, r]), share]);
    const along = graph.node('Add', [
      graph.node('Mul', [centred, perChannel(node, slope)]),
      perChannel(node, graph.node('Mul', [sum, share])),
    ]);
    const rest = graph.node('Sub', [gradient, along]);
    const dx = graph.node('Mul', [rest, perChannel(node, graph.node('Mul', [gamma, r]))]);
    return [asLaidOut(node, dx), dGamma, sum];
  },
  documentation: {
    operators: 'ReduceSum, Mul, Sub, Add',
    notes: 'Of a training step: by the moments of the batch, whose variance comes as the CPU keeps it (biased).',
  },
};

// ---------------------------------------------------------------------------------------------------------- pooling

/** The gradient goes to the first of the largest pixels of each window. */
const maxPoolGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = asFirst(node, node.input(0));
    const gradient = asFirst(node, node.input(2));
    const sides = knownSizes(node, x.shape, 'an image');
    const outputs = knownSizes(node, gradient.shape, 'a gradient');
    const pooling = windowsOf(node, sides.slice(2), outputs.slice(2));
    const [, places] = graph.nodes('MaxPool', [x], pooling, 2);
    const [count, picked] = [sides, outputs].map((shape) => shape.reduce((a, b) => a * b, 1));
    const zeros = graph.constant('zeros', { type: 'float32', shape: [1], data: new Float32Array(1) });
    const nothing = graph.node('Expand', [zeros, graph.integers([count])]);
    const filled = graph.node(
      'ScatterElements',
      [nothing, graph.reshape(places, [picked]), graph.reshape(gradient, [picked])],
      { axis: 0, reduction: 'add' },
    );
    return asLaidOut(node, graph.reshape(filled, sides));
  },
  documentation: {
    operators: 'MaxPool with its indices, ScatterElements that adds',
    notes: 'Of a training step. Of equal pixels the first gets the gradient.',
  },
};

/** Every pixel of a window gets its share of the gradient; padding has no share, as in TensorFlow. */
const avgPoolGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const sizes = node.integers(0, 'the sizes of the image');
    const gradient = asFirst(node, node.input(1));
    const [batch, channels, ...outputs] = knownSizes(node, gradient.shape, 'a gradient');
    const sides = isChannelsFirst(node) ? sizes.slice(2) : sizes.slice(1, 3);
    const { kernel_shape: kernel, strides, pads } = windowsOf(node, sides, outputs);
    const counts = outputs.map((count, i) =>
      Array.from({ length: count }, (_, position) => {
        const start = position * strides[i] - pads[i];
        return Math.min(start + kernel[i], sides[i]) - Math.max(start, 0);
      }),
    );
    const shares = Float32Array.from(counts[0].flatMap((rows) => counts[1].map((columns) => 1 / (rows * columns))));
    const share = graph.constant('share', { type: 'float32', shape: [1, 1, ...outputs], data: shares });
    const images = graph.reshape(graph.node('Mul', [gradient, share]), [batch * channels, 1, ...outputs]);
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

// ----------------------------------------------------------------------------------------------------------- slices

/** Of x[:, ::s, ...]: the gradient's elements at the places that were taken, zeros between them. */
const stridedSliceGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    const sizes = node.integers(0, 'the sizes of the whole');
    const strides = node.integers(3, 'strides');
    const begins = node.integers(1, 'begins');
    const isOdd = ['ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].some((mask) => node.number(mask, 0) !== 0);
    if (isOdd || strides.length !== sizes.length || strides.some((stride) => stride < 1))
      throw node.unsupported('a slice that changes the rank or goes backwards');
    let x = node.input(4);
    for (const [axis, size] of sizes.entries()) {
      const stride = strides[axis];
      const begin = (node.number('begin_mask', 0) & (1 << axis)) !== 0 ? 0 : begins[axis];
      const taken = knownSizes(node, x.shape, 'a gradient');
      if (stride === 1 && taken[axis] === size) continue;
      if (stride > 1) {
        // A new axis behind the one that was sliced holds an element and the stride - 1 zeros that follow it.
        const wide = graph.unsqueeze(x, [axis + 1]);
        const gaps = wide.shape.map((_, i): readonly [number, number] => (i === axis + 1 ? [0, stride - 1] : [0, 0]));
        x = graph.reshape(
          graph.pad(wide, gaps),
          taken.map((count, i) => (i === axis ? count * stride : count)),
        );
      }
      const reached = taken[axis] * stride;
      if (begin + reached > size) x = graph.slice(x, axis, 0, size - begin);
      const rest = Math.max(size - begin - reached, 0);
      if (begin > 0 || rest > 0)
        x = graph.pad(
          x,
          taken.map((_, i): readonly [number, number] => (i === axis ? [begin, rest] : [0, 0])),
        );
    }
    return x;
  },
  documentation: { operators: 'Unsqueeze, Pad, Reshape, Slice', notes: 'Of a training step. Without masks of axes.' },
};

// ------------------------------------------------------------------------------------------------------------- Adam

/** 1 - a number, in float32 where it is known. */
function complement(node: NodeContext, index: number): Value {
  const { graph } = node;
  const constant = node.constant(index);
  if (constant) return graph.scalar(1 - Number(numbersOf(constant)[0]), 'complement');
  return graph.node('Sub', [graph.scalar(1, 'one'), node.input(index)]);
}

/**
 * Adam (Kingma and Ba, arXiv 1412.6980) as TensorFlow's kernel has it: m += (g - m)(1 - beta1), v += (g^2 - v)(1 - beta2),
 * var -= m rate sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt v + epsilon).
 */
const applyAdam: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [variable, first, second] = node.inputs(0, 3);
    const [rate, epsilon, gradient] = [node.input(5), node.input(8), node.input(9)];
    if (node.flag('use_nesterov')) throw node.unsupported('use_nesterov');
    const toward = (old: Value, target: Value, share: Value): Value =>
      graph.node('Add', [old, graph.node('Mul', [graph.node('Sub', [target, old]), share])]);
    const m = toward(first, gradient, complement(node, 6));
    const v = toward(second, graph.node('Mul', [gradient, gradient]), complement(node, 7));
    const correction = graph.node('Div', [graph.node('Sqrt', [complement(node, 4)]), complement(node, 3)]);
    const length = graph.node('Mul', [rate, correction]);
    const deviation = graph.node('Add', [graph.node('Sqrt', [v]), epsilon]);
    const change = graph.node('Div', [graph.node('Mul', [m, length]), deviation]);
    return [graph.node('Sub', [variable, change]), m, v];
  },
  documentation: {
    operators: 'Sub, Mul, Add, Sqrt, Div',
    notes: 'Of a training step, whose variables are values: it gives the new value and both new moments.',
  },
};

export const gradients = {
  Conv2DBackpropFilter: conv2DBackpropFilter,
  ReluGrad: reluGrad,
  TanhGrad: tanhGrad,
  SigmoidGrad: sigmoidGrad,
  SoftplusGrad: softplusGrad,
  SqrtGrad: sqrtGrad,
  BiasAddGrad: biasAddGrad,
  FusedBatchNormGradV3: fusedBatchNormGrad,
  MaxPoolGrad: maxPoolGrad,
  AvgPoolGrad: avgPoolGrad,
  StridedSliceGrad: stridedSliceGrad,
  ResourceApplyAdam: applyAdam,
} as const satisfies Record<string, Operation>;
