// The activations of TensorFlow.js, each in the fewest operators that the opset has for it.
import { JepaError } from '../../src/error.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { isObject } from '../model/config.ts';

/** Writes one activation function into the graph. @returns the activated value */
export type ActivationConverter = (graph: GraphBuilder, x: Value) => Value;

export type ActivationName =
  | 'elu'
  | 'selu'
  | 'relu'
  | 'relu6'
  | 'linear'
  | 'sigmoid'
  | 'hardSigmoid'
  | 'softplus'
  | 'softsign'
  | 'tanh'
  | 'softmax'
  | 'logSoftmax'
  | 'gelu'
  | 'gelu_new'
  | 'mish'
  | 'swish';

/** TensorFlow.js always takes the last axis, also after a channels-first convolution, where it is the width. */
const lastAxis = { axis: -1 };

const table: Readonly<Record<ActivationName, ActivationConverter>> = {
  elu: (graph, x) => graph.node('Elu', [x]),
  selu: (graph, x) => graph.node('Selu', [x]),
  relu: (graph, x) => graph.node('Relu', [x]),
  relu6: (graph, x) => graph.node('Clip', [x, graph.scalar(0, 'minimum'), graph.scalar(6, 'maximum')]),
  linear: (_, x) => x,
  sigmoid: (graph, x) => graph.node('Sigmoid', [x]),
  hardSigmoid: (graph, x) => graph.node('HardSigmoid', [x], { alpha: 0.2, beta: 0.5 }),
  softplus: (graph, x) => graph.node('Softplus', [x]),
  softsign: (graph, x) => graph.node('Softsign', [x]),
  tanh: (graph, x) => graph.node('Tanh', [x]),
  softmax: (graph, x) => graph.node('Softmax', [x], lastAxis),
  logSoftmax: (graph, x) => graph.node('LogSoftmax', [x], lastAxis),
  gelu,
  gelu_new: geluTanh,
  mish,
  swish: (graph, x) => graph.node('Mul', [x, graph.node('Sigmoid', [x])]),
};

function mish(graph: GraphBuilder, x: Value): Value {
  if (graph.opset >= 18) return graph.node('Mish', [x]);
  return graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]);
}

function gelu(graph: GraphBuilder, x: Value): Value {
  if (graph.opset >= 20) return graph.node('Gelu', [x]);
  const erf = graph.node('Erf', [graph.node('Div', [x, graph.scalar(Math.SQRT2)])]);
  const doubled = graph.node('Mul', [x, graph.node('Add', [erf, graph.scalar(1)])]);
  return graph.node('Mul', [doubled, graph.scalar(0.5)]);
}

function geluTanh(graph: GraphBuilder, x: Value): Value {
  if (graph.opset >= 20) return graph.node('Gelu', [x], { approximate: 'tanh' });
  const cube = graph.node('Mul', [graph.node('Pow', [x, graph.scalar(3)]), graph.scalar(0.044715)]);
  const inner = graph.node('Mul', [graph.node('Add', [x, cube]), graph.scalar(Math.sqrt(2 / Math.PI))]);
  const half = graph.node('Mul', [x, graph.scalar(0.5)]);
  return graph.node('Mul', [half, graph.node('Add', [graph.node('Tanh', [inner]), graph.scalar(1)])]);
}

export const activations: ReadonlyMap<string, ActivationConverter> = new Map(Object.entries(table));

/** x relu6(x + 3) / 6, and its gate alone: Keras 3's hard sigmoid has another slope than TensorFlow.js's. */
const kerasHardSigmoid: ActivationConverter = (graph, x) => graph.node('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 });

/** x - the part of it within the threshold: 0 inside. */
function softShrink(graph: GraphBuilder, x: Value): Value {
  const inside = graph.node('Clip', [x, graph.scalar(-0.5, 'minimum'), graph.scalar(0.5, 'maximum')]);
  return graph.node('Sub', [x, inside]);
}

function hardShrink(graph: GraphBuilder, x: Value): Value {
  const isFar = graph.node('Greater', [graph.node('Abs', [x]), graph.scalar(0.5, 'threshold')]);
  return graph.node('Where', [isFar, x, graph.scalar(0)]);
}

/** (x + sqrt(x^2 + 4)) / 2 */
function squarePlus(graph: GraphBuilder, x: Value): Value {
  const root = graph.node('Sqrt', [graph.node('Add', [graph.node('Mul', [x, x]), graph.scalar(4)])]);
  return graph.node('Mul', [graph.node('Add', [x, root]), graph.scalar(0.5)]);
}

/** 0 up to -1, x from 1 on, (x + 1)^2 / 4 between. */
function sparsePlus(graph: GraphBuilder, x: Value): Value {
  const clipped = graph.node('Clip', [x, graph.scalar(-1, 'minimum'), graph.scalar(1, 'maximum')]);
  const raised = graph.node('Add', [clipped, graph.scalar(1)]);
  const curve = graph.node('Mul', [graph.node('Mul', [raised, raised]), graph.scalar(0.25)]);
  const above = graph.node('Relu', [graph.node('Sub', [x, graph.scalar(1)])]);
  return graph.node('Add', [curve, above]);
}

/** The first half of the last axis times the sigmoid of the second. */
function glu(graph: GraphBuilder, x: Value): Value {
  const size = x.shape[x.shape.length - 1];
  if (typeof size !== 'number' || size % 2 !== 0)
    throw new JepaError(`glu: expected an even last axis, got ${String(size)}`);
  const [value, gate] = graph.split(x, -1, [size / 2, size / 2]);
  return graph.node('Mul', [value, graph.node('Sigmoid', [gate])]);
}

/** Those of Keras 3, where they mean something else than in TensorFlow.js or are not there. */
const kerasTable: Readonly<Record<string, ActivationConverter>> = {
  hardSigmoid: kerasHardSigmoid,
  hard_silu: (graph, x) => graph.node('HardSwish', [x]),
  hard_swish: (graph, x) => graph.node('HardSwish', [x]),
  leaky_relu: (graph, x) => graph.node('LeakyRelu', [x], { alpha: 0.2 }),
  exponential: (graph, x) => graph.node('Exp', [x]),
  log_sigmoid: (graph, x) => graph.node('Neg', [graph.node('Softplus', [graph.node('Neg', [x])])]),
  celu: (graph, x) => graph.node('Celu', [x], { alpha: 1 }),
  hard_tanh: (graph, x) => graph.node('Clip', [x, graph.scalar(-1, 'minimum'), graph.scalar(1, 'maximum')]),
  hard_shrink: hardShrink,
  soft_shrink: softShrink,
  tanh_shrink: (graph, x) => graph.node('Sub', [x, graph.node('Tanh', [x])]),
  squareplus: squarePlus,
  sparse_plus: sparsePlus,
  sparse_sigmoid: (graph, x) =>
    graph.node('Clip', [
      graph.node('Mul', [graph.node('Add', [x, graph.scalar(1)]), graph.scalar(0.5)]),
      graph.scalar(0, 'minimum'),
      graph.scalar(1, 'maximum'),
    ]),
  glu,
};

/** What the names of activations mean in a file of Keras 3. */
export const kerasActivations: ReadonlyMap<string, ActivationConverter> = new Map([
  ...activations,
  ...Object.entries(kerasTable),
]);

/** Other spellings: files write snake_case, and Keras has second names for some. */
const aliases: Readonly<Record<string, ActivationName>> = {
  hard_sigmoid: 'hardSigmoid',
  log_softmax: 'logSoftmax',
  geluNew: 'gelu_new',
  silu: 'swish',
};

/** The activation's name, whether it is given as a word or as a serialised object; `linear` where there is none. */
export function activationName(value: unknown, where: string): string {
  if (value === undefined || value === null) return 'linear';
  if (typeof value === 'string') return aliases[value] ?? value;
  if (isObject(value) && typeof value.className === 'string') {
    // Keras 3: {class_name: 'function', config: 'relu'}.
    if (value.className === 'function' && typeof value.config === 'string') return activationName(value.config, where);
    return activationName(value.className, where);
  }
  throw new JepaError(`${where}: expected an activation, got ${JSON.stringify(value)}`);
}

/** Appends an activation. `known` are the built-in ones and the user's own. */
export function activate(
  graph: GraphBuilder,
  x: Value,
  activation: unknown,
  where: string,
  known: ReadonlyMap<string, ActivationConverter> = activations,
): Value {
  const name = activationName(activation, where);
  const convert = known.get(name);
  if (convert === undefined)
    throw new JepaError(`${where}: expected one of the activations ${[...known.keys()].join(', ')}, got "${name}"`, {
      remedy: 'Register a converter for it: the option `activations` of exportOnnx.',
    });
  return convert(graph, x);
}
