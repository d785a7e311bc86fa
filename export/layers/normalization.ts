// Batch and layer normalisation at inference.
import { type Constant, floats, reshaped, sizeOf } from '../graph/constant.ts';
import type { Value } from '../graph/graph.ts';
import { fixedSize, type LayerContext, type LayerConverter } from './converter.ts';

/** One axis, given as a number or (Keras) as a list of one. */
function axisOf(layer: LayerContext): number {
  const value = layer.config.value('axis') ?? -1;
  const axis = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const rank = layer.input.shape.length;
  if (typeof axis !== 'number' || !Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw layer.config.fail('axis', 'one axis of the input');
  return axis < 0 ? axis + rank : axis;
}

const filled = (size: number, value: number): Constant => floats([size], new Float32Array(size).fill(value));

const batchNormalization: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, config, input } = layer;
    const rank = input.shape.length;
    const axis = axisOf(layer);
    const size = fixedSize(layer, input, axis);
    const parameters = [
      graph.constant('gamma', config.boolean('scale', true) ? layer.weight('gamma') : filled(size, 1)),
      graph.constant('beta', config.boolean('center', true) ? layer.weight('beta') : filled(size, 0)),
      graph.constant('moving_mean', layer.weight('moving_mean')),
      graph.constant('moving_variance', layer.weight('moving_variance')),
    ];
    const epsilon = config.number('epsilon', 1e-3);
    const order = [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
    order.splice(1, 0, axis);
    const inverse = order.map((_, i) => order.indexOf(i));
    const y = graph.node('BatchNormalization', [graph.transpose(input, order), ...parameters], { epsilon });
    return graph.transpose(y, inverse);
  },
  documentation: {
    operators: 'BatchNormalization; nothing where it is folded into the layer before it',
    options: 'axis, epsilon, scale, center',
    notes:
      'On an axis that is not the last the cpu backend of TensorFlow.js computes something else; the formula is exported.',
  },
};

const layerNormalization: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, config, input } = layer;
    const rank = input.shape.length;
    const given = config.value('axis') ?? -1;
    const list = Array.isArray(given) ? given : [given];
    const axes = list.map((axis) => (typeof axis === 'number' && axis < 0 ? axis + rank : axis));
    if (!axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank))
      throw config.fail('axis', 'axes of the input');
    const sizes = axes.map((axis) => fixedSize(layer, input, axis));
    const sorted = [...axes].sort((a, b) => a - b);
    const isTrailing = sorted.every((axis, i) => axis === rank - axes.length + i);
    const epsilon = config.number('epsilon', 1e-3);
    const gamma = config.boolean('scale', true) ? layer.weight('gamma') : undefined;
    const beta = config.boolean('center', true) ? layer.weight('beta') : undefined;
    // The parameters' axes are in the order of the list, and TensorFlow.js reshapes rather than transposes them to the
    // input's order, except where their rank is the input's: then they are used as they are.
    const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? Number(input.shape[axis]) : 1));
    const place = (parameter: Constant, as: readonly number[]): Constant => reshaped(parameter, as);
    if (isTrailing) {
      const trailing = shape.slice(rank - axes.length);
      const scale = graph.constant(
        'gamma',
        gamma ? place(gamma, trailing) : floats(trailing, new Float32Array(sizeOf(sizes)).fill(1)),
      );
      const shift = beta && graph.constant('beta', place(beta, trailing));
      return graph.node('LayerNormalization', [input, scale, shift], { axis: -axes.length, epsilon });
    }
    return decomposed(layer, sorted, epsilon, gamma && place(gamma, shape), beta && place(beta, shape));
  },
  documentation: {
    operators: 'LayerNormalization over trailing axes; ReduceMean, Sub, Mul, Add, Sqrt, Div otherwise',
    options: 'axis (one or several, in any order), epsilon, scale, center',
  },
};

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta with the biased variance, over any axes. */
function decomposed(
  layer: LayerContext,
  axes: readonly number[],
  epsilon: number,
  gamma: Constant | undefined,
  beta: Constant | undefined,
): Value {
  const { graph, input } = layer;
  const centred = graph.node('Sub', [input, graph.reduce('ReduceMean', input, axes, true)]);
  const variance = graph.reduce('ReduceMean', graph.node('Mul', [centred, centred]), axes, true);
  const deviation = graph.node('Sqrt', [graph.node('Add', [variance, graph.scalar(epsilon, 'epsilon')])]);
  let y = graph.node('Div', [centred, deviation]);
  if (gamma) y = graph.node('Mul', [y, graph.constant('gamma', gamma)]);
  if (beta) y = graph.node('Add', [y, graph.constant('beta', beta)]);
  return y;
}

export const normalization = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
} as const satisfies Record<string, LayerConverter>;
