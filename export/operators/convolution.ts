// Convolution, its transpose, and pooling: [N, C, spatial...] in and out.
import { add, ceilDivide, floorDivide, multiply, subtract } from '../graph/dimension.ts';
import { type Dimension, describeShape, describeType, type Shape } from '../graph/type.ts';
import { type Call, float, int, ints, type Operator, required, sameType, text, unify } from './operator.ts';

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All begins, then all ends. */
  readonly pads: readonly number[];
}

function windowOf(call: Call, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const window = {
    kernel,
    strides: call.ints('strides') ?? new Array<number>(rank).fill(1),
    dilations: call.ints('dilations') ?? new Array<number>(rank).fill(1),
    pads: call.ints('pads') ?? new Array<number>(2 * rank).fill(0),
  };
  if (window.strides.length !== rank || window.dilations.length !== rank || window.pads.length !== 2 * rank)
    throw call.fail(`strides, dilations and pads for ${rank} axes`, JSON.stringify(window));
  return window;
}

/** Output sizes of a convolution or pooling over the spatial axes. */
function slide(call: Call, spatial: Shape, window: Window, ceilMode: boolean): Dimension[] {
  const { kernel, strides, dilations, pads } = window;
  const rank = kernel.length;
  if (spatial.length !== rank) throw call.fail(`${rank} spatial axes`, describeShape(spatial));
  const automatic = call.text('auto_pad', 'NOTSET');
  return spatial.map((size, i) => {
    if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') return ceilDivide(size, strides[i]);
    const reach = (kernel[i] - 1) * dilations[i] + 1;
    const room = subtract(automatic === 'VALID' ? size : add(size, pads[i] + pads[i + rank]), reach);
    if (typeof room === 'number' && room < 0)
      throw call.fail(`a window of at most the padded size ${size}`, String(reach));
    return add(ceilMode ? ceilDivide(room, strides[i]) : floorDivide(room, strides[i]), 1);
  });
}

function known(call: Call, shape: Shape): number[] {
  return shape.map((size) => {
    if (typeof size !== 'number') throw call.fail('a weight of known shape', describeShape(shape));
    return size;
  });
}

const windowAttributes = { auto_pad: text, dilations: ints, strides: ints, pads: ints };

function pool(attributes: Operator['attributes']): Operator {
  return {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {
      auto_pad: text,
      ceil_mode: int,
      kernel_shape: required(ints),
      pads: ints,
      strides: ints,
      ...attributes,
    },
    infer: (call) => {
      const { type, shape } = call.input(0);
      const window = windowOf(call, call.ints('kernel_shape') ?? []);
      const spatial = slide(call, shape.slice(2), window, call.int('ceil_mode', 0) !== 0);
      return [{ type, shape: [...shape.slice(0, 2), ...spatial] }];
    },
  };
}

const maxPool = pool({ dilations: ints, storage_order: int });

const globalPool: Operator = {
  since: 17,
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: {},
  infer: (call) => {
    const { type, shape } = call.input(0);
    return [{ type, shape: shape.map((size, axis) => (axis < 2 ? size : 1)) }];
  },
};

export const convolution = {
  Conv: {
    since: 17,
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { ...windowAttributes, group: int, kernel_shape: ints },
    infer: (call) => {
      const { shape } = call.input(0);
      // Channels may be of any number: those of a kernel's gradient are the batch.
      const channels = call.input(1).shape[1];
      const weight = known(
        call,
        call.input(1).shape.map((size, axis) => (axis === 1 && shape[1] === channels ? 1 : size)),
      );
      const type = sameType(call, 0, 1, 2);
      if (weight.length !== shape.length || shape.length < 3)
        throw call.fail(
          'an input and a weight of one rank above 2',
          `${describeShape(shape)} and ${describeShape(weight)}`,
        );
      const group = call.int('group', 1);
      unify(call, 'input channels', shape[1], multiply(channels, group));
      if (weight[0] % group !== 0) throw call.fail(`output channels divisible by ${group} groups`, String(weight[0]));
      const bias = call.optional(2);
      if (bias && (bias.shape.length !== 1 || bias.shape[0] !== weight[0]))
        throw call.fail(`a bias of shape [${weight[0]}]`, describeType(bias));
      const kernel = weight.slice(2);
      const declared = call.ints('kernel_shape');
      if (declared && declared.join() !== kernel.join()) throw call.fail(`kernel_shape ${kernel}`, String(declared));
      return [{ type, shape: [shape[0], weight[0], ...slide(call, shape.slice(2), windowOf(call, kernel), false)] }];
    },
  },
  ConvTranspose: {
    since: 17,
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { ...windowAttributes, group: int, kernel_shape: ints, output_padding: ints, output_shape: ints },
    infer: (call) => {
      const { shape } = call.input(0);
      const weight = known(call, call.input(1).shape);
      const type = sameType(call, 0, 1, 2);
      if (weight.length !== shape.length || shape.length < 3)
        throw call.fail(
          'an input and a weight of one rank above 2',
          `${describeShape(shape)} and ${describeShape(weight)}`,
        );
      unify(call, 'input channels', shape[1], weight[0]);
      const channels = weight[1] * call.int('group', 1);
      const bias = call.optional(2);
      if (bias && (bias.shape.length !== 1 || bias.shape[0] !== channels))
        throw call.fail(`a bias of shape [${channels}]`, describeType(bias));
      const { kernel, strides, dilations, pads } = windowOf(call, weight.slice(2));
      const extra = call.ints('output_padding') ?? kernel.map(() => 0);
      const spatial = shape.slice(2).map((size, i) => {
        const reach = (kernel[i] - 1) * dilations[i] + 1;
        const full = add(multiply(subtract(size, 1), strides[i]), reach + extra[i]);
        return subtract(full, pads[i] + pads[i + kernel.length]);
      });
      return [{ type, shape: [shape[0], channels, ...spatial] }];
    },
  },
  /** Its second output: where in the whole input the largest pixel of each window lies. */
  MaxPool: {
    ...maxPool,
    outputs: [1, 2],
    infer: (call) => {
      const [pooled] = maxPool.infer(call);
      return call.outputCount > 1 ? [pooled, { type: 'int64', shape: pooled.shape }] : [pooled];
    },
  },
  AveragePool: pool({ count_include_pad: int, dilations: { type: 'ints', since: 19 } }),
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  LRN: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { alpha: float, beta: float, bias: float, size: required(int) },
    infer: (call) => [{ type: call.input(0).type, shape: call.input(0).shape }],
  },
  BatchNormalization: {
    since: 17,
    inputs: [5, 5],
    outputs: [1, 1],
    attributes: { epsilon: float, momentum: float, training_mode: int },
    infer: (call) => {
      const { type, shape } = call.input(0);
      for (const index of [1, 2, 3, 4]) unify(call, 'channels', shape[1], call.rank(index, 1).shape[0]);
      return [{ type, shape }];
    },
  },
} as const satisfies Record<string, Operator>;
