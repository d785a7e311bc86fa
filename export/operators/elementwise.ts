// Operators that work element by element, with numpy's broadcasting where there are several inputs.
import * as dimensions from '../graph/dimension.ts';
import type { Dimension, TensorType, ValueType } from '../graph/type.ts';
import { dataTypes } from '../schema/onnx.ts';
import {
  type AttributeSpec,
  axisOf,
  broadcast,
  type Call,
  float,
  int,
  type Operator,
  required,
  sameType,
  text,
} from './operator.ts';

const sameAsInput = (call: Call): ValueType[] => {
  const { type, shape, content } = call.input(0);
  return [{ type, shape, ...(call.operator === 'Identity' && content ? { content } : {}) }];
};

function unary(attributes: Readonly<Record<string, AttributeSpec>> = {}, since = 17): Operator {
  return { since, inputs: [1, 1], outputs: [1, 1], attributes, infer: sameAsInput };
}

/** Integer arithmetic on known elements, so that shapes computed in the graph stay known. */
const arithmetic: Record<string, (a: Dimension, b: Dimension) => Dimension> = {
  Add: dimensions.add,
  Sub: dimensions.subtract,
  Mul: dimensions.multiply,
  Div: (a, b) => (typeof b === 'number' && b > 0 ? dimensions.floorDivide(a, b) : dimensions.unknownDimension),
};

function contentOf(call: Call): readonly Dimension[] | undefined {
  const compute = arithmetic[call.operator];
  const a = call.values(0);
  const b = call.values(1);
  const { type } = call.input(0);
  if (!compute || !a || !b || (type !== 'int64' && type !== 'int32')) return undefined;
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, i) => compute(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]));
}

function binary(result?: TensorType): Operator {
  return {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      const type = sameType(call, 0, 1);
      const content = contentOf(call);
      const shape = broadcast(call, call.input(0).shape, call.input(1).shape);
      return [{ type: result ?? type, shape, ...(content ? { content } : {}) }];
    },
  };
}

const variadic: Operator = {
  since: 17,
  inputs: [1, Number.POSITIVE_INFINITY],
  outputs: [1, 1],
  attributes: {},
  infer: (call) => {
    const type = sameType(call, ...call.types.keys());
    const shape = call.types.reduce<Dimension[]>((shape, _, i) => broadcast(call, shape, call.input(i).shape), []);
    return [{ type, shape }];
  },
};

const alongAxis: Operator = {
  since: 17,
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: { axis: int },
  infer: (call) => {
    axisOf(call, call.int('axis', -1), call.input(0).shape.length);
    return sameAsInput(call);
  },
};

const typeByNumber = new Map<number, TensorType>(
  Object.entries(dataTypes).map(([name, number]) => [number, name as TensorType]),
);

export const elementwise = {
  Identity: unary(),
  Abs: unary(),
  Acos: unary(),
  Acosh: unary(),
  Asin: unary(),
  Asinh: unary(),
  Atan: unary(),
  Atanh: unary(),
  Ceil: unary(),
  Cos: unary(),
  Cosh: unary(),
  Erf: unary(),
  Exp: unary(),
  Floor: unary(),
  Log: unary(),
  Neg: unary(),
  Reciprocal: unary(),
  Round: unary(),
  Sign: unary(),
  Sin: unary(),
  Sinh: unary(),
  Sqrt: unary(),
  Tan: unary(),
  Not: unary(),
  Relu: unary(),
  Sigmoid: unary(),
  Tanh: unary(),
  Softplus: unary(),
  Softsign: unary(),
  HardSwish: unary(),
  Mish: unary({}, 18),
  Elu: unary({ alpha: float }),
  Celu: unary({ alpha: float }),
  Selu: unary({ alpha: float, gamma: float }),
  HardSigmoid: unary({ alpha: float, beta: float }),
  LeakyRelu: unary({ alpha: float }),
  ThresholdedRelu: unary({ alpha: float }),
  Gelu: unary({ approximate: text }, 20),
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  Clip: { since: 17, inputs: [1, 3], outputs: [1, 1], attributes: {}, infer: sameAsInput },
  Dropout: { since: 17, inputs: [1, 3], outputs: [1, 1], attributes: { seed: int }, infer: sameAsInput },
  Add: binary(),
  Sub: binary(),
  Mul: binary(),
  Div: binary(),
  Mod: { ...binary(), attributes: { fmod: int } },
  Equal: binary('bool'),
  Greater: binary('bool'),
  GreaterOrEqual: binary('bool'),
  Less: binary('bool'),
  LessOrEqual: binary('bool'),
  And: binary('bool'),
  Or: binary('bool'),
  Xor: binary('bool'),
  Pow: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => [{ type: call.input(0).type, shape: broadcast(call, call.input(0).shape, call.input(1).shape) }],
  },
  PRelu: {
    since: 17,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      broadcast(call, call.input(0).shape, call.input(1).shape);
      return [{ type: sameType(call, 0, 1), shape: call.input(0).shape }];
    },
  },
  Max: variadic,
  Min: variadic,
  Sum: variadic,
  Mean: variadic,
  Where: {
    since: 17,
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer: (call) => {
      if (call.input(0).type !== 'bool') throw call.fail('a bool condition', call.input(0).type);
      const branches = broadcast(call, call.input(1).shape, call.input(2).shape);
      return [{ type: sameType(call, 1, 2), shape: broadcast(call, call.input(0).shape, branches) }];
    },
  },
  Cast: {
    since: 17,
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { to: required(int), saturate: { type: 'int', since: 19 } },
    infer: (call) => {
      const type = typeByNumber.get(call.int('to', 0));
      if (type === undefined) throw call.fail('a tensor type in `to`', String(call.int('to', 0)));
      const { shape, content } = call.input(0);
      return [{ type, shape, ...(content && (type === 'int64' || type === 'int32') ? { content } : {}) }];
    },
  },
} as const satisfies Record<string, Operator>;
