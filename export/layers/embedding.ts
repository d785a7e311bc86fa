// Indices to vectors.
import type { LayerContext, LayerConverter } from './converter.ts';

const embedding: LayerConverter = {
  masking: 'drop',
  mask: (layer) => {
    if (!layer.config.boolean('maskZero', false)) return undefined;
    const { graph, input } = layer;
    return graph.node('Not', [graph.node('Equal', [input, graph.cast(graph.scalar(0), input.type)])]);
  },
  convert: (layer) => {
    const { graph } = layer;
    return graph.node('Gather', [graph.constant('embeddings', layer.weight('embeddings')), indices(layer)], {
      axis: 0,
    });
  },
  documentation: {
    operators: 'Cast, Gather',
    options: 'inputs of any rank, float or integer; maskZero; inputLength',
    notes: 'Floats are truncated towards 0, as in TensorFlow.js. An index out of range is an error of the runtime.',
  },
};

function indices(layer: LayerContext) {
  const { graph, input } = layer;
  return input.type === 'int32' || input.type === 'int64' ? input : graph.cast(input, 'int64');
}

export const embeddings = { Embedding: embedding } as const satisfies Record<string, LayerConverter>;
