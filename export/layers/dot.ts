// Dot: products of two tensors along one axis each, batch by batch.
import type { Value } from '../graph/graph.ts';
import type { LayerContext, LayerConverter } from './converter.ts';

/** TensorFlow.js's epsilon for norms. */
const normEpsilon = 1e-7;

function axesOf(layer: LayerContext): readonly [number, number] {
  const given = layer.config.value('axes');
  const list = Array.isArray(given) ? given : [given, given];
  const resolved = list.map((axis, i) => {
    const rank = layer.inputs[i].shape.length;
    return typeof axis === 'number' && axis < 0 ? axis + rank : axis;
  });
  if (resolved.length !== 2 || !resolved.every((axis) => Number.isInteger(axis) && axis >= 1 && axis <= 2))
    throw layer.unsupported(`axes ${JSON.stringify(given)}`, 'Give one axis behind the batch for each input.');
  return [resolved[0], resolved[1]];
}

function normalized(layer: LayerContext, x: Value, axis: number): Value {
  const { graph } = layer;
  const squares = graph.reduce('ReduceSumSquare', x, [axis], true);
  const norm = graph.node('Sqrt', [graph.node('Max', [squares, graph.scalar(normEpsilon, 'epsilon')])]);
  return graph.node('Div', [x, norm]);
}

const dot: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config } = layer;
    const [first, second] = layer.inputs;
    const ranks = [first.shape.length, second.shape.length];
    if (ranks.some((rank) => rank < 2 || rank > 3))
      throw layer.unsupported(`inputs of rank ${ranks.join(' and ')}`, 'TensorFlow.js takes ranks 2 and 3.');
    const axes = axesOf(layer);
    const isNormalized = config.boolean('normalize', false);
    const x = isNormalized ? normalized(layer, first, axes[0]) : first;
    const y = isNormalized ? normalized(layer, second, axes[1]) : second;
    if (ranks[0] === 2 && ranks[1] === 2) return graph.reduce('ReduceSum', graph.node('Mul', [x, y]), [1], true);
    // The one of lower rank gets a last axis of size 1, which goes again afterwards.
    const widened = [x, y].map((value) => (value.shape.length === 2 ? graph.unsqueeze(value, [2]) : value));
    const left = axes[0] === 2 ? widened[0] : graph.transpose(widened[0], [0, 2, 1]);
    const right = axes[1] === 2 ? graph.transpose(widened[1], [0, 2, 1]) : widened[1];
    const result = graph.node('MatMul', [left, right]);
    if (ranks[0] === ranks[1]) return result;
    return graph.squeeze(result, [ranks[0] > ranks[1] ? 2 : 1]);
  },
  documentation: {
    operators: 'MatMul, Transpose; Mul and ReduceSum for two matrices; ReduceSumSquare, Max, Sqrt, Div with normalize',
    options: 'axes (one for both or one each), normalize, inputs of ranks 2 and 3',
    refused: 'Inputs of other ranks and the batch as an axis: TensorFlow.js does not run them either.',
  },
};

export const dots = { Dot: dot } as const satisfies Record<string, LayerConverter>;
