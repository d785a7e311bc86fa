// Arithmetic, functions of one number, comparisons and logic, with numpy's broadcasting.
import type { GraphBuilder } from '../../graph/builder.ts';
import { type Constant, numbersOf, sizeOf } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../operators/index.ts';
import type { NodeContext, Operation } from '../operation.ts';

/** Two inputs of one type: TensorFlow.js turns bools into integers and integers into floats where they meet. */
export function alike(node: NodeContext, first = 0, second = 1): [Value, Value] {
  const [a, b] = [node.input(first), node.input(second)];
  if (a.type === b.type) return [a, b];
  const type = a.type === 'float32' || b.type === 'float32' ? 'float32' : 'int32';
  return [node.graph.cast(a, type), node.graph.cast(b, type)];
}

/** Bools as integers: ONNX does not compute with bools. */
export function asNumber(graph: GraphBuilder, x: Value): Value {
  return x.type === 'bool' ? graph.cast(x, 'int32') : x;
}

function asFloat(node: NodeContext, index: number): Value {
  return node.graph.cast(node.input(index), 'float32');
}

/** Small tensors are computed when the file is written: what sizes are computed from must be known then. */
const foldLimit = 64;

function folded(node: NodeContext, compute: (a: number, b: number) => number): Value | undefined {
  const [a, b] = [node.constant(0), node.constant(1)];
  if (!a || !b || a.type !== b.type || a.type === 'bool') return undefined;
  const [longer, shorter] = a.data.length >= b.data.length ? [a, b] : [b, a];
  if (longer.data.length > foldLimit || (shorter.data.length !== 1 && shorter.shape.join() !== longer.shape.join()))
    return undefined;
  if (shorter.shape.length > longer.shape.length) return undefined;
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const values = Array.from({ length: sizeOf(longer.shape) }, (_, i) =>
    compute(left[left.length === 1 ? 0 : i], right[right.length === 1 ? 0 : i]),
  );
  if (!values.every(Number.isFinite)) return undefined;
  const data = a.type === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  const constant: Constant = { type: a.type, shape: longer.shape, data };
  return node.graph.constant('value', constant);
}

function arithmetic(operator: OperatorName, compute: (a: number, b: number) => number, notes?: string): Operation {
  return {
    convert: (node) => {
      const known = folded(node, compute);
      if (known) return known;
      const [a, b] = alike(node).map((value) => asNumber(node.graph, value));
      return node.graph.node(operator, [a, b]);
    },
    documentation: { operators: operator, ...(notes ? { notes } : {}) },
  };
}

/** The remainder with the divisor's sign. */
function floorModulo(node: NodeContext, a: Value, b: Value): Value {
  const { graph } = node;
  if (a.type !== 'float32') return graph.node('Mod', [a, b]);
  return graph.node('Sub', [a, graph.node('Mul', [graph.node('Floor', [graph.node('Div', [a, b])]), b])]);
}

const floorDivide: Operation = {
  convert: (node) => {
    const known = folded(node, (a, b) => Math.floor(a / b));
    if (known) return known;
    const { graph } = node;
    const [a, b] = alike(node);
    if (a.type === 'float32') return graph.node('Floor', [graph.node('Div', [a, b])]);
    // Integer division rounds towards zero in ONNX; sizes are never negative, and their quotients stay known this way.
    const divisor = node.dimensions(1);
    if (a.content && divisor?.every((size) => typeof size === 'number' && size > 0)) return graph.node('Div', [a, b]);
    return graph.node('Div', [graph.node('Sub', [a, graph.node('Mod', [a, b])]), b]);
  },
  documentation: { operators: 'Div, Floor', notes: 'Integers: Mod, Sub, Div, since ONNX rounds towards zero.' },
};

/** A quotient: of integers it is rounded down, as TensorFlow.js does it. */
const divide: Operation = {
  convert: (node) => {
    const [a, b] = alike(node);
    if (a.type !== 'float32') return floorDivide.convert(node);
    return folded(node, (x, y) => x / y) ?? node.graph.node('Div', [a, b]);
  },
  documentation: { operators: 'Div', notes: 'Of integers: rounded down, as in TensorFlow.js.' },
};

const modulo: Operation = {
  convert: (node) => {
    const known = folded(node, (a, b) => a - Math.floor(a / b) * b);
    if (known) return known;
    const [a, b] = alike(node);
    return floorModulo(node, a, b);
  },
  documentation: { operators: 'Mod', notes: 'Floats: Div, Floor, Mul, Sub. The sign is that of the divisor.' },
};

const addN: Operation = {
  convert: (node) => {
    const values = node.inputs();
    if (values.length === 1) return values[0];
    return values.reduce((sum, value) => node.graph.node('Add', [sum, value]));
  },
  documentation: { operators: 'Add' },
};

const divideNoNan: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [a, b] = alike(node).map((value) => graph.cast(value, 'float32'));
    const zero = graph.scalar(0, 'zero');
    const isZero = graph.node('Equal', [b, zero]);
    return graph.node('Where', [isZero, zero, graph.node('Div', [a, b])]);
  },
  documentation: { operators: 'Div, Where' },
};

const squaredDifference: Operation = {
  convert: (node) => {
    const difference = node.graph.node('Sub', alike(node));
    return node.graph.node('Mul', [difference, difference]);
  },
  documentation: { operators: 'Sub, Mul' },
};

const power: Operation = {
  convert: (node) => {
    const [a, b] = alike(node);
    return node.graph.node('Pow', [a, b]);
  },
  documentation: { operators: 'Pow' },
};

/** Four quadrants out of ONNX's Atan of two. */
const arcTangent2: Operation = {
  convert: (node) => {
    const { graph } = node;
    const [y, x] = alike(node).map((value) => graph.cast(value, 'float32'));
    const zero = graph.scalar(0, 'zero');
    const angle = graph.node('Atan', [graph.node('Div', [y, x])]);
    const half = graph.node('Where', [
      graph.node('Less', [y, zero]),
      graph.scalar(-Math.PI, 'minus_pi'),
      graph.scalar(Math.PI, 'pi'),
    ]);
    const turned = graph.node('Where', [graph.node('Less', [x, zero]), graph.node('Add', [angle, half]), angle]);
    // Along the y axis the quotient is infinite, which Atan maps rightly, or 0 / 0 at the origin, where the angle is 0.
    const isOrigin = graph.node('And', [graph.node('Equal', [x, zero]), graph.node('Equal', [y, zero])]);
    return graph.node('Where', [isOrigin, zero, turned]);
  },
  documentation: { operators: 'Div, Atan, Where' },
};

function unary(operator: OperatorName): Operation {
  return { convert: (node) => node.graph.node(operator, [asFloat(node, 0)]), documentation: { operators: operator } };
}

/** For floats and integers alike. */
function numeric(operator: OperatorName, notes?: string): Operation {
  return {
    convert: (node) => node.graph.node(operator, [asNumber(node.graph, node.input(0))]),
    documentation: { operators: operator, ...(notes ? { notes } : {}) },
  };
}

function composed(operators: string, make: (graph: GraphBuilder, x: Value) => Value): Operation {
  return { convert: (node) => make(node.graph, asFloat(node, 0)), documentation: { operators } };
}

export function clip(graph: GraphBuilder, x: Value, low: number, high: number): Value {
  return graph.node('Clip', [x, graph.scalar(low, 'low'), graph.scalar(high, 'high')]);
}

const clipByValue: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = asFloat(node, 0);
    return graph.node('Clip', [x, asFloat(node, 1), asFloat(node, 2)]);
  },
  documentation: { operators: 'Clip' },
};

const prelu: Operation = {
  convert: (node) => {
    const [x, alpha] = [asFloat(node, 0), asFloat(node, 1)];
    return parametricRelu(node.graph, x, alpha);
  },
  documentation: { operators: 'PRelu' },
};

/** ONNX only broadcasts the slope to the input, never the other way. */
export function parametricRelu(graph: GraphBuilder, x: Value, alpha: Value): Value {
  if (alpha.shape.length <= x.shape.length) return graph.node('PRelu', [x, alpha]);
  const zero = graph.scalar(0, 'zero');
  const negative = graph.node('Mul', [alpha, graph.node('Min', [x, zero])]);
  return graph.node('Add', [graph.node('Relu', [x]), negative]);
}

function comparison(operator: OperatorName, isNegated = false): Operation {
  return {
    convert: (node) => {
      const [a, b] = alike(node).map((value) => asNumber(node.graph, value));
      const result = node.graph.node(operator, [a, b]);
      return isNegated ? node.graph.node('Not', [result]) : result;
    },
    documentation: { operators: isNegated ? `${operator}, Not` : operator },
  };
}

function logic(operator: OperatorName): Operation {
  return {
    convert: (node) =>
      node.graph.node(
        operator,
        node.inputs().map((value) => node.graph.cast(value, 'bool')),
      ),
    documentation: { operators: operator },
  };
}

/** Not a number: the only thing that differs from itself. */
function isNotNumber(graph: GraphBuilder, x: Value): Value {
  return graph.node('Not', [graph.node('Equal', [x, x])]);
}

const isInfinite = (graph: GraphBuilder, x: Value): Value =>
  graph.node('Equal', [graph.node('Abs', [x]), graph.scalar(Number.POSITIVE_INFINITY, 'infinity')]);

export const elementwise = {
  Add: arithmetic('Add', (a, b) => a + b),
  AddV2: arithmetic('Add', (a, b) => a + b),
  AddN: addN,
  Sub: arithmetic('Sub', (a, b) => a - b),
  Mul: arithmetic('Mul', (a, b) => a * b),
  RealDiv: divide,
  Div: divide,
  DivNoNan: divideNoNan,
  FloorDiv: floorDivide,
  FloorMod: modulo,
  Mod: modulo,
  Maximum: arithmetic('Max', Math.max),
  Minimum: arithmetic('Min', Math.min),
  Pow: power,
  SquaredDifference: squaredDifference,
  Atan2: arcTangent2,
  Abs: numeric('Abs'),
  Acos: unary('Acos'),
  Acosh: unary('Acosh'),
  Asin: unary('Asin'),
  Asinh: unary('Asinh'),
  Atan: unary('Atan'),
  Atanh: unary('Atanh'),
  Ceil: unary('Ceil'),
  ClipByValue: clipByValue,
  Cos: unary('Cos'),
  Cosh: unary('Cosh'),
  Elu: unary('Elu'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expm1: composed('Exp, Sub', (graph, x) => graph.node('Sub', [graph.node('Exp', [x]), graph.scalar(1, 'one')])),
  Floor: unary('Floor'),
  IsNan: composed('Equal, Not', isNotNumber),
  IsInf: composed('Abs, Equal', isInfinite),
  IsFinite: composed('Abs, Less', (graph, x) =>
    graph.node('Less', [graph.node('Abs', [x]), graph.scalar(Number.POSITIVE_INFINITY, 'infinity')]),
  ),
  LeakyRelu: {
    convert: (node) => node.graph.node('LeakyRelu', [asFloat(node, 0)], { alpha: node.number('alpha', 0.2) }),
    documentation: { operators: 'LeakyRelu' },
  },
  Log: unary('Log'),
  Log1p: composed('Add, Log', (graph, x) => graph.node('Log', [graph.node('Add', [x, graph.scalar(1, 'one')])])),
  Neg: numeric('Neg'),
  Prelu: prelu,
  Reciprocal: unary('Reciprocal'),
  Relu: composed('Relu', (graph, x) => graph.node('Relu', [x])),
  Relu6: composed('Clip', (graph, x) => clip(graph, x, 0, 6)),
  Round: unary('Round'),
  Rsqrt: composed('Sqrt, Reciprocal', (graph, x) => graph.node('Reciprocal', [graph.node('Sqrt', [x])])),
  Selu: unary('Selu'),
  Sigmoid: unary('Sigmoid'),
  Sign: numeric('Sign'),
  Sin: unary('Sin'),
  Sinh: unary('Sinh'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Square: {
    convert: (node) => {
      const x = asNumber(node.graph, node.input(0));
      return node.graph.node('Mul', [x, x]);
    },
    documentation: { operators: 'Mul' },
  },
  Tan: unary('Tan'),
  Tanh: unary('Tanh'),
  Equal: comparison('Equal'),
  NotEqual: comparison('Equal', true),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: logic('And'),
  LogicalOr: logic('Or'),
  LogicalNot: logic('Not'),
} as const satisfies Record<string, Operation>;
