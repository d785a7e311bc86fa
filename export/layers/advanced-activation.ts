// Activations that are layers, with parameters of their own.
import type { Value } from '../graph/graph.ts';
import type { LayerContext, LayerConverter } from './converter.ts';

const relu: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, config, input } = layer;
    if (config.number('negativeSlope', 0) !== 0)
      layer.warn('negativeSlope is ignored, as TensorFlow.js ignores it (Keras does not)');
    if (config.number('threshold', 0) !== 0)
      layer.warn('threshold is ignored, as TensorFlow.js ignores it (Keras does not)');
    if (!config.has('maxValue')) return graph.node('Relu', [input]);
    const maximum = graph.scalar(config.number('maxValue'), 'maximum');
    return graph.node('Clip', [input, graph.scalar(0, 'minimum'), maximum]);
  },
  documentation: {
    operators: 'Relu; Clip with maxValue',
    options: 'maxValue',
    notes: 'negativeSlope and threshold of Keras files are ignored with a warning, as TensorFlow.js ignores them.',
  },
};

const leakyRelu: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    // Keras 3 calls it negative_slope.
    const alpha = layer.config.number(layer.config.has('alpha') ? 'alpha' : 'negativeSlope', 0.3);
    return layer.graph.node('LeakyRelu', [layer.input], { alpha });
  },
  documentation: { operators: 'LeakyRelu', options: 'alpha' },
};

const prelu: LayerConverter = {
  masking: 'pass',
  convert: (layer) => layer.graph.node('PRelu', [layer.input, layer.graph.constant('alpha', layer.weight('alpha'))]),
  documentation: { operators: 'PRelu', options: 'sharedAxes' },
};

const elu: LayerConverter = {
  masking: 'drop',
  convert: (layer) => layer.graph.node('Elu', [layer.input], { alpha: layer.config.number('alpha', 1) }),
  documentation: { operators: 'Elu', options: 'alpha (TensorFlow.js itself only takes 1)' },
};

const thresholdedRelu: LayerConverter = {
  masking: 'drop',
  convert: (layer) => layer.graph.node('ThresholdedRelu', [layer.input], { alpha: layer.config.number('theta', 1) }),
  documentation: { operators: 'ThresholdedRelu', options: 'theta' },
};

const softmax: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config } = layer;
    const x = withMask(layer);
    const given = config.value('axis') ?? 1;
    const axes = Array.isArray(given) ? given : [given];
    const rank = x.shape.length;
    if (!axes.every((axis) => Number.isInteger(axis) && axis >= -rank && axis < rank))
      throw config.fail('axis', 'axes of the input');
    if (axes.length > 1)
      return graph.node('Exp', [graph.node('Sub', [x, graph.reduce('ReduceLogSumExp', x, axes, true)])]);
    return graph.node('Softmax', [x], { axis: axes[0] });
  },
  documentation: {
    operators: 'Softmax; ReduceLogSumExp, Sub, Exp over several axes',
    options: 'axis (1 where none is given, as in TensorFlow.js), masks of the shape of the input',
    refused: 'A mask of another shape than the input: TensorFlow.js cannot run it either.',
  },
};

/** Masked positions get -1e9 added. */
function withMask(layer: LayerContext): Value {
  const { graph, input, mask } = layer;
  if (mask === undefined) return input;
  if (mask.shape.length !== input.shape.length)
    throw layer.unsupported(
      `a mask of rank ${mask.shape.length} on an input of rank ${input.shape.length}`,
      'Apply the softmax to unmasked values.',
    );
  const absent = graph.cast(graph.node('Not', [mask]), input.type);
  return graph.node('Add', [input, graph.node('Mul', [absent, graph.scalar(-1e9)])]);
}

export const advancedActivations = {
  ReLU: relu,
  LeakyReLU: leakyRelu,
  PReLU: prelu,
  ELU: elu,
  ThresholdedReLU: thresholdedRelu,
  Softmax: softmax,
} as const satisfies Record<string, LayerConverter>;
