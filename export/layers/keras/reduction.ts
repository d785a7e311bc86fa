// Functions of keras.ops along axes: reductions, places of extremes, running sums, norms.
import type { LayerConverter } from '../converter.ts';
import { axesOf, axisOf, isFloat, operandOf, operandsOf, operation, tensorFrom } from './operands.ts';

type Reduction = 'ReduceMean' | 'ReduceSum' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd' | 'ReduceLogSumExp';

function reduction(operator: Reduction, needsFloat = false): LayerConverter {
  return operation(
    operator,
    (layer) => {
      const { graph, config } = layer;
      if (config.has('initial'))
        throw layer.unsupported('an initial value of a reduction', 'Join it with maximum or minimum.');
      const given = operandOf(layer);
      const isOdd = given.type === 'bool' || (needsFloat && !isFloat(given));
      const x = isOdd ? graph.cast(given, needsFloat ? 'float32' : 'int32') : given;
      return graph.reduce(operator, x, axesOf(layer, x.shape.length), config.boolean('keepdims', false));
    },
    { options: 'axis (one, several or all), keepdims' },
  );
}

/** Whether any or every element is true. */
function truth(operator: 'ReduceMax' | 'ReduceMin'): LayerConverter {
  return operation(`Cast, ${operator}`, (layer) => {
    const { graph, config } = layer;
    const given = operandOf(layer);
    const x = graph.cast(graph.cast(given, 'bool'), 'float32');
    return graph.cast(
      graph.reduce(operator, x, axesOf(layer, x.shape.length), config.boolean('keepdims', false)),
      'bool',
    );
  });
}

function spread(isRoot: boolean): LayerConverter {
  return operation(
    'ReduceMean, Sub, Mul',
    (layer) => {
      const { graph, config } = layer;
      const given = operandOf(layer);
      const x = isFloat(given) ? given : graph.cast(given, 'float32');
      const axes = axesOf(layer, x.shape.length);
      const centred = graph.node('Sub', [x, graph.reduce('ReduceMean', x, axes, true)]);
      const variance = graph.reduce(
        'ReduceMean',
        graph.node('Mul', [centred, centred]),
        axes,
        config.boolean('keepdims', false),
      );
      return isRoot ? graph.node('Sqrt', [variance]) : variance;
    },
    { options: 'axis, keepdims' },
  );
}

/** The mean, with weights where there are some: of one axis as a list, or of the whole shape. */
const average = operation(
  'ReduceMean; Mul, ReduceSum, Div with weights',
  (layer) => {
    const { graph } = layer;
    const operands = operandsOf(layer, ['x', 'weights']);
    const x = tensorFrom(layer, 'x', operands.get('x'));
    const axes = axesOf(layer, x.shape.length);
    const given = operands.get('weights');
    if (given === undefined || (given.kind === 'plain' && given.value === null))
      return graph.reduce('ReduceMean', x, axes, false);
    let weights = tensorFrom(layer, 'weights', given);
    if (weights.shape.length === 1 && x.shape.length > 1 && axes.length === 1) {
      const after = Array.from({ length: x.shape.length - 1 - axes[0] }, (_, i) => i + 1);
      if (after.length > 0) weights = graph.unsqueeze(weights, after);
    } else if (weights.shape.length !== x.shape.length)
      throw layer.unsupported('weights of another shape than the tensor', 'Give one weight an element of the axis.');
    const whole = graph.node('Expand', [weights, graph.node('Shape', [x])]);
    const sum = graph.reduce('ReduceSum', graph.node('Mul', [x, whole]), axes, false);
    return graph.node('Div', [sum, graph.reduce('ReduceSum', whole, axes, false)]);
  },
  { options: 'axis, weights' },
);

function extreme(operator: 'ArgMax' | 'ArgMin'): LayerConverter {
  return operation(
    operator,
    (layer) => {
      const { graph, config } = layer;
      const x = operandOf(layer);
      if (!config.has('axis')) throw layer.unsupported('the place among all elements', 'Give an axis.');
      const attributes = {
        axis: axisOf(layer, config.value('axis'), x.shape.length),
        keepdims: config.boolean('keepdims', false) ? 1 : 0,
      };
      return graph.cast(graph.node(operator, [x], attributes), 'int32');
    },
    { options: 'axis, keepdims' },
  );
}

/** x / max(|x|, epsilon), of the Euclidean norm. */
const normalize = operation(
  'ReduceSumSquare, Sqrt, Max, Div',
  (layer) => {
    const { graph, config } = layer;
    if (config.number('order', 2) !== 2) throw layer.unsupported(`order ${config.number('order')}`, 'Use the order 2.');
    const x = operandOf(layer);
    const axes = config.has('axis') ? axesOf(layer, x.shape.length) : [x.shape.length - 1];
    const norm = graph.node('Sqrt', [graph.reduce('ReduceSumSquare', x, axes, true)]);
    return graph.node('Div', [x, graph.node('Max', [norm, graph.scalar(config.number('epsilon', 1e-7), 'epsilon')])]);
  },
  { options: 'axis, epsilon' },
);

const cumulative = operation(
  'CumSum',
  (layer) => {
    const { graph, config } = layer;
    const x = operandOf(layer);
    return graph.node('CumSum', [x, graph.integer(axisOf(layer, config.value('axis'), x.shape.length), 'axis')]);
  },
  { options: 'axis' },
);

export const reductions: Readonly<Record<string, LayerConverter>> = {
  'ops.Mean': reduction('ReduceMean', true),
  'ops.Sum': reduction('ReduceSum'),
  'ops.Max': reduction('ReduceMax'),
  'ops.Min': reduction('ReduceMin'),
  'ops.Amax': reduction('ReduceMax'),
  'ops.Amin': reduction('ReduceMin'),
  'ops.Prod': reduction('ReduceProd'),
  'ops.Logsumexp': reduction('ReduceLogSumExp', true),
  'ops.Any': truth('ReduceMax'),
  'ops.All': truth('ReduceMin'),
  'ops.Var': spread(false),
  'ops.Std': spread(true),
  'ops.Average': average,
  'ops.Argmax': extreme('ArgMax'),
  'ops.Argmin': extreme('ArgMin'),
  'ops.Normalize': normalize,
  'ops.Cumsum': cumulative,
};
