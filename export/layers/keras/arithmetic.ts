// Functions of keras.ops that work element by element.
import type { Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../operators/index.ts';
import { dataTypes } from '../../schema/onnx.ts';
import { type ActivationConverter, activations, kerasActivations } from '../activation.ts';
import type { LayerContext, LayerConverter } from '../converter.ts';
import { commonType, isFloat, operandOf, operandsOf, operation, pairOf, tensorFrom } from './operands.ts';

function asFloat(layer: LayerContext, x: Value): Value {
  return isFloat(x) ? x : layer.graph.cast(x, 'float32');
}

function unary(operator: OperatorName): LayerConverter {
  return operation(operator, (layer) => layer.graph.node(operator, [asFloat(layer, operandOf(layer))]));
}

/** Integers stay integers. */
function unaryOfAny(operator: OperatorName): LayerConverter {
  return operation(operator, (layer) => layer.graph.node(operator, [operandOf(layer)]));
}

function composed(operators: string, make: ActivationConverter): LayerConverter {
  return operation(operators, (layer) => make(layer.graph, asFloat(layer, operandOf(layer))));
}

/** Truth values are counted as 0 and 1. */
function binary(operator: OperatorName): LayerConverter {
  return operation(operator, (layer) => {
    const [a, b] = pairOf(layer, ['x1', 'x2']);
    const isTruth = a.type === 'bool';
    return layer.graph.node(operator, isTruth ? [layer.graph.cast(a, 'int32'), layer.graph.cast(b, 'int32')] : [a, b]);
  });
}

function floating(operator: OperatorName): LayerConverter {
  return operation(operator, (layer) => {
    const [a, b] = pairOf(layer, ['x1', 'x2']);
    return layer.graph.node(operator, [asFloat(layer, a), asFloat(layer, b)]);
  });
}

function logical(operator: 'And' | 'Or' | 'Xor'): LayerConverter {
  return operation(operator, (layer) => {
    const [a, b] = pairOf(layer, ['x1', 'x2']);
    return layer.graph.node(operator, [layer.graph.cast(a, 'bool'), layer.graph.cast(b, 'bool')]);
  });
}

function compared(operator: 'Equal' | 'Greater' | 'GreaterOrEqual' | 'Less' | 'LessOrEqual'): LayerConverter {
  return operation(operator, (layer) => {
    const [a, b] = pairOf(layer, ['x1', 'x2']);
    const type = a.type === 'bool' ? 'int32' : a.type;
    return layer.graph.node(operator, [layer.graph.cast(a, type), layer.graph.cast(b, type)]);
  });
}

const notEqual = operation('Equal, Not', (layer) => {
  const [a, b] = pairOf(layer, ['x1', 'x2']);
  return layer.graph.node('Not', [layer.graph.node('Equal', [a, b])]);
});

/** floor(a / b), with the sign of b for the rest, as numpy has it. */
const floorDivide = operation('Div, Floor', (layer) => {
  const [a, b] = pairOf(layer, ['x1', 'x2']);
  const quotient = layer.graph.node('Floor', [layer.graph.node('Div', [asFloat(layer, a), asFloat(layer, b)])]);
  return layer.graph.cast(quotient, a.type);
});

const modulo = operation('Div, Floor, Mul, Sub; Mod of integers', (layer) => {
  const { graph } = layer;
  const [a, b] = pairOf(layer, ['x1', 'x2']);
  if (!isFloat(a)) return graph.node('Mod', [a, b]);
  const floor = graph.node('Floor', [graph.node('Div', [a, b])]);
  return graph.node('Sub', [a, graph.node('Mul', [floor, b])]);
});

const where = operation('Where', (layer) => {
  const { graph } = layer;
  const operands = operandsOf(layer, ['condition', 'x1', 'x2']);
  const [a, b] = [operands.get('x1'), operands.get('x2')];
  const like = a?.kind === 'tensor' ? a.value.type : b?.kind === 'tensor' ? b.value.type : 'float32';
  const [x, y] = [tensorFrom(layer, 'x1', a, like), tensorFrom(layer, 'x2', b, like)];
  const type = commonType(x.type, y.type);
  const condition = graph.cast(tensorFrom(layer, 'condition', operands.get('condition')), 'bool');
  return graph.node('Where', [condition, graph.cast(x, type), graph.cast(y, type)]);
});

const clip = operation(
  'Clip',
  (layer) => {
    const { graph, config } = layer;
    const x = asFloat(layer, operandOf(layer));
    return graph.node('Clip', [
      x,
      graph.scalar(config.number('xMin'), 'minimum'),
      graph.scalar(config.number('xMax'), 'maximum'),
    ]);
  },
  { options: 'x_min, x_max as numbers' },
);

const cast = operation(
  'Cast',
  (layer) => {
    const x = operandOf(layer);
    const dtype = layer.config.text('dtype');
    // Python's integers are 64 bits wide, floats of every width are computed in float32.
    const type = dtype.startsWith('float') || dtype === 'bfloat16' ? 'float32' : dtype;
    if (type !== 'float32' && type !== 'int32' && type !== 'int64' && type !== 'bool' && type !== 'uint8')
      throw layer.unsupported(
        `a cast to ${dtype}`,
        `Cast to one of float32, ${Object.keys(dataTypes).slice(0, 4).join(', ')}.`,
      );
    return layer.graph.cast(x, type);
  },
  { options: 'dtype' },
);

const gelu = operation(
  'Gelu or Erf, Mul, ...',
  (layer) => {
    const name = layer.config.boolean('approximate', true) ? 'gelu_new' : 'gelu';
    const make = activations.get(name);
    if (make === undefined) throw layer.config.fail('approximate', 'true or false');
    return make(layer.graph, asFloat(layer, operandOf(layer)));
  },
  { options: 'approximate' },
);

function withOption(operator: OperatorName, key: string, attribute: string, fallback: number): LayerConverter {
  return operation(
    operator,
    (layer) =>
      layer.graph.node(operator, [asFloat(layer, operandOf(layer))], {
        [attribute]: layer.config.number(key, fallback),
      }),
    { options: key },
  );
}

function alongAxis(operator: 'Softmax' | 'LogSoftmax'): LayerConverter {
  return operation(
    operator,
    (layer) => {
      const axis = layer.config.value('axis') ?? -1;
      if (typeof axis !== 'number')
        throw layer.unsupported('a softmax over several axes', 'Reshape the axes into one.');
      return layer.graph.node(operator, [asFloat(layer, operandOf(layer))], { axis });
    },
    { options: 'axis' },
  );
}

function activationOf(name: string): LayerConverter {
  const make = kerasActivations.get(name);
  if (make === undefined) throw new Error(`no activation ${name}`);
  return composed('as the activation', make);
}

const same = operation('none', (layer) => operandOf(layer));

const round = operation('Round', (layer) => {
  if (layer.config.number('decimals', 0) !== 0)
    throw layer.unsupported('rounding to decimals', 'Multiply before and divide after.');
  return layer.graph.node('Round', [operandOf(layer)]);
});

const square = operation('Mul', (layer) => {
  const x = operandOf(layer);
  return layer.graph.node('Mul', [x, x]);
});

const filledLike = (value: number): LayerConverter =>
  operation('Shape, Expand', (layer) => {
    const x = operandOf(layer);
    const { graph } = layer;
    return graph.node('Expand', [graph.cast(graph.scalar(value), x.type), graph.node('Shape', [x])]);
  });

/** A product with a constant inside: log2 x = log x / log 2. */
const logarithm = (base: number): LayerConverter =>
  composed('Log, Mul', (graph, x) => graph.node('Mul', [graph.node('Log', [x]), graph.scalar(1 / Math.log(base))]));

const hyperbolic = (operator: 'Add' | 'Sub'): LayerConverter =>
  composed('Exp, Neg, Mul', (graph, x) => {
    const ends = graph.node(operator, [graph.node('Exp', [x]), graph.node('Exp', [graph.node('Neg', [x])])]);
    return graph.node('Mul', [ends, graph.scalar(0.5)]);
  });

export const arithmetic: Readonly<Record<string, LayerConverter>> = {
  'ops.Add': binary('Add'),
  'ops.Subtract': binary('Sub'),
  'ops.Multiply': binary('Mul'),
  'ops.Divide': floating('Div'),
  'ops.TrueDivide': floating('Div'),
  'ops.FloorDivide': floorDivide,
  'ops.Mod': modulo,
  'ops.Power': operation('Pow', (layer) => {
    const [a, b] = pairOf(layer, ['x1', 'x2']);
    return layer.graph.cast(layer.graph.node('Pow', [asFloat(layer, a), asFloat(layer, b)]), a.type);
  }),
  'ops.Maximum': binary('Max'),
  'ops.Minimum': binary('Min'),
  'ops.Equal': compared('Equal'),
  'ops.NotEqual': notEqual,
  'ops.Greater': compared('Greater'),
  'ops.GreaterEqual': compared('GreaterOrEqual'),
  'ops.Less': compared('Less'),
  'ops.LessEqual': compared('LessOrEqual'),
  'ops.LogicalAnd': logical('And'),
  'ops.LogicalOr': logical('Or'),
  'ops.LogicalXor': logical('Xor'),
  'ops.LogicalNot': operation('Not', (layer) => layer.graph.node('Not', [layer.graph.cast(operandOf(layer), 'bool')])),
  'ops.Where': where,
  'ops.Clip': clip,
  'ops.Cast': cast,
  'ops.Absolute': unaryOfAny('Abs'),
  'ops.Abs': unaryOfAny('Abs'),
  'ops.Negative': unaryOfAny('Neg'),
  'ops.Sign': unaryOfAny('Sign'),
  'ops.Exp': unary('Exp'),
  'ops.Expm1': composed('Exp, Sub', (graph, x) => graph.node('Sub', [graph.node('Exp', [x]), graph.scalar(1)])),
  'ops.Exp2': composed('Mul, Exp', (graph, x) => graph.node('Exp', [graph.node('Mul', [x, graph.scalar(Math.LN2)])])),
  'ops.Log': unary('Log'),
  'ops.Log1p': composed('Add, Log', (graph, x) => graph.node('Log', [graph.node('Add', [x, graph.scalar(1)])])),
  'ops.Log2': logarithm(2),
  'ops.Log10': logarithm(10),
  'ops.Sqrt': unary('Sqrt'),
  'ops.Rsqrt': composed('Sqrt, Reciprocal', (graph, x) => graph.node('Reciprocal', [graph.node('Sqrt', [x])])),
  'ops.Square': square,
  'ops.Reciprocal': unary('Reciprocal'),
  'ops.Floor': unary('Floor'),
  'ops.Ceil': unary('Ceil'),
  'ops.Round': round,
  'ops.Sin': unary('Sin'),
  'ops.Cos': unary('Cos'),
  'ops.Tan': composed('Sin, Cos, Div', (graph, x) =>
    graph.node('Div', [graph.node('Sin', [x]), graph.node('Cos', [x])]),
  ),
  'ops.Sinh': hyperbolic('Sub'),
  'ops.Cosh': hyperbolic('Add'),
  'ops.Erf': unary('Erf'),
  'ops.Tanh': unary('Tanh'),
  'ops.Sigmoid': unary('Sigmoid'),
  'ops.Relu': unary('Relu'),
  'ops.Relu6': activationOf('relu6'),
  'ops.Silu': activationOf('swish'),
  'ops.Softplus': unary('Softplus'),
  'ops.Softsign': unary('Softsign'),
  'ops.Selu': unary('Selu'),
  'ops.HardSigmoid': activationOf('hardSigmoid'),
  'ops.HardSilu': activationOf('hard_silu'),
  'ops.HardTanh': activationOf('hard_tanh'),
  'ops.TanhShrink': activationOf('tanh_shrink'),
  'ops.LogSigmoid': activationOf('log_sigmoid'),
  'ops.SparsePlus': activationOf('sparse_plus'),
  'ops.Elu': withOption('Elu', 'alpha', 'alpha', 1),
  'ops.Celu': withOption('Celu', 'alpha', 'alpha', 1),
  'ops.LeakyRelu': withOption('LeakyRelu', 'negativeSlope', 'alpha', 0.2),
  'ops.Gelu': gelu,
  'ops.Softmax': alongAxis('Softmax'),
  'ops.LogSoftmax': alongAxis('LogSoftmax'),
  'ops.ZerosLike': filledLike(0),
  'ops.OnesLike': filledLike(1),
  'ops.Copy': same,
  'ops.StopGradient': operation('none', (layer) => operandOf(layer, 'variable')),
};
