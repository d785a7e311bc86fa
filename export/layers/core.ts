// Dense, activations, and the layers that only change the shape or nothing at all.
import { product } from '../graph/dimension.ts';
import type { Value } from '../graph/graph.ts';
import { Config, isObject } from '../model/config.ts';
import { noWeights } from '../model/description.ts';
import { activate } from './activation.ts';
import { inputOfRank, type LayerContext, type LayerConverter } from './converter.ts';

/** The layer's own activation, if it has one. */
export function activated(layer: LayerContext, x: Value): Value {
  const given = layer.config.value('activation');
  // Keras 3 also takes a layer here: Dense(4, activation=LeakyReLU(0.1)).
  if (layer.config.isKeras3 && isObject(given) && typeof given.className === 'string' && isObject(given.config)) {
    const own = new Config(given.config, `${given.className} of ${layer.config.where}`, layer.config.semantics);
    const { className } = given;
    const inner = { className, name: className, config: own, weights: noWeights, calls: [], parts: new Map() };
    return layer.apply(inner, [x])[0];
  }
  return activate(layer.graph, x, layer.config.value('activation'), layer.config.where, layer.activations);
}

const dense: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, input } = layer;
    const kernel = graph.constant('kernel', layer.weight('kernel'));
    const bias = layer.config.boolean('useBias', true) ? graph.constant('bias', layer.weight('bias')) : undefined;
    if (input.shape.length === 2)
      return activated(layer, bias ? graph.node('Gemm', [input, kernel, bias]) : graph.node('MatMul', [input, kernel]));
    const product = graph.node('MatMul', [input, kernel]);
    return activated(layer, bias ? graph.node('Add', [product, bias]) : product);
  },
  documentation: {
    operators: 'Gemm (rank 2), MatMul and Add (higher ranks), activation',
    options: 'useBias, activation, inputs of any rank',
  },
};

const activation: LayerConverter = {
  masking: 'pass',
  convert: (layer) => activated(layer, layer.input),
  documentation: { operators: 'the operators of the activation', options: 'every activation, custom ones included' },
};

/** Nothing at inference: the input itself. */
export const nothing = (what: string): LayerConverter => ({
  masking: 'pass',
  convert: (layer) => layer.input,
  documentation: { operators: 'none', notes: `${what} only works in training.` },
});

const flatten: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config } = layer;
    let { input } = layer;
    const isChannelsFirst =
      config.has('dataFormat') && config.choice('dataFormat', ['channelsFirst', 'channelsLast']) === 'channelsFirst';
    if (isChannelsFirst && input.shape.length > 1) {
      const rank = input.shape.length;
      input = graph.transpose(input, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
    }
    return graph.reshape(input, [input.shape[0], product(input.shape.slice(1))]);
  },
  documentation: {
    operators: 'Reshape',
    options: 'dataFormat',
    notes: 'The transpose that a convolution leaves before it is folded into the next Dense layer.',
  },
};

const reshape: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, input, config } = layer;
    const given = config.list('targetShape').map((size) => (typeof size === 'number' && size >= 0 ? size : -1));
    const total = input.shape.slice(1);
    const open = given.indexOf(-1);
    if (open >= 0 && total.every((size) => typeof size === 'number')) {
      const rest = given.reduce((size, next) => (next < 0 ? size : size * next), 1);
      given[open] = Number(product(total)) / rest;
    }
    return graph.node('Reshape', [input, graph.integers([0, ...given], 'shape')]);
  },
  documentation: { operators: 'Reshape', options: 'targetShape with one open size' },
};

const permute: LayerConverter = {
  masking: 'drop',
  convert: (layer) => layer.graph.transpose(layer.input, [0, ...layer.config.integers('dims')]),
  documentation: { operators: 'Transpose', options: 'dims' },
};

const repeatVector: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph } = layer;
    const column = graph.unsqueeze(inputOfRank(layer, 2), [1]);
    return graph.node('Expand', [column, graph.integers([1, layer.config.integer('n'), 1], 'shape')]);
  },
  documentation: { operators: 'Unsqueeze, Expand', options: 'n' },
};

const inputLayer: LayerConverter = {
  masking: 'drop',
  convert: (layer) => layer.input,
  documentation: { operators: 'graph input', options: 'batchInputShape with dynamic sizes, dtype' },
};

const masking: LayerConverter = {
  masking: 'pass',
  mask: (layer) => keptSteps(layer, false),
  convert: (layer) =>
    layer.graph.node('Mul', [layer.input, layer.graph.cast(keptSteps(layer, true), layer.input.type)]),
  documentation: {
    operators: 'Equal, Not, Cast, ReduceMax, Mul',
    options: 'maskValue',
    notes: 'Masked steps become 0, whatever maskValue is.',
  },
};

/** Where any feature of a step differs from the mask value: bool [B, T], or [B, T, 1] with `keep`. */
function keptSteps(layer: LayerContext, keep: boolean): Value {
  const { graph, input, config } = layer;
  const value = graph.scalar(config.number('maskValue', 0), 'mask_value');
  const differs = graph.node('Not', [graph.node('Equal', [input, graph.cast(value, input.type)])]);
  return graph.cast(graph.reduce('ReduceMax', graph.cast(differs, 'float32'), [-1], keep), 'bool');
}

export const core = {
  InputLayer: inputLayer,
  Dense: dense,
  Activation: activation,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  Masking: masking,
  Dropout: nothing('Dropout'),
  SpatialDropout1D: nothing('Dropout'),
  GaussianNoise: nothing('Noise'),
  GaussianDropout: nothing('Dropout'),
  AlphaDropout: nothing('Dropout'),
} as const satisfies Record<string, LayerConverter>;
