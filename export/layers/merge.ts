// Layers that join several inputs.
import type { Value } from '../graph/graph.ts';
import type { LayerContext, LayerConverter } from './converter.ts';

/** TensorFlow.js gives inputs of a lower rank new axes right after the batch, not on the left as numpy would. */
export function sameRank(layer: LayerContext): Value[] {
  const rank = Math.max(...layer.inputs.map((input) => input.shape.length));
  return layer.inputs.map((input) => {
    const missing = rank - input.shape.length;
    return missing === 0
      ? input
      : layer.graph.unsqueeze(
          input,
          Array.from({ length: missing }, (_, i) => i + 1),
        );
  });
}

/** Steps count where they count for every masked input. */
function commonMask(layer: LayerContext): Value | undefined {
  const masks = layer.masks.filter((mask) => mask !== undefined);
  if (masks.length === 0) return undefined;
  layer.warn('joins masked inputs: TensorFlow.js makes a mask of a wrong shape here, exported as Keras defines it');
  return masks.reduce((all, mask) => layer.graph.node('And', [all, mask]));
}

type Chained = 'Add' | 'Mul' | 'Max' | 'Min' | 'Sub';

function chain(operator: Chained): LayerConverter {
  return {
    masking: 'pass',
    mask: commonMask,
    convert: (layer) => fold(layer, operator),
    documentation: { operators: operator, options: 'two or more inputs, of different ranks too' },
  };
}

function fold(layer: LayerContext, operator: Chained): Value {
  const inputs = sameRank(layer);
  if (operator === 'Max' || operator === 'Min') return layer.graph.node(operator, inputs);
  return inputs.reduce((total, input) => layer.graph.node(operator, [total, input]));
}

const average: LayerConverter = {
  masking: 'pass',
  mask: commonMask,
  convert: (layer) => {
    const sum = fold(layer, 'Add');
    return layer.graph.node('Mul', [sum, layer.graph.scalar(1 / layer.inputs.length, 'weight')]);
  },
  documentation: { operators: 'Add, Mul', options: 'two or more inputs, of different ranks too' },
};

const concatenate: LayerConverter = {
  masking: 'pass',
  mask: concatenatedMask,
  convert: (layer) => {
    const axis = layer.config.integer('axis', -1);
    const rank = layer.input.shape.length;
    if (axis < -1) layer.warn(`axis ${axis} is taken as the last axis, as TensorFlow.js takes every negative axis`);
    return layer.graph.concat(layer.inputs, axis < 0 ? rank - 1 : axis);
  },
  documentation: {
    operators: 'Concat',
    options: 'axis',
    notes: 'TensorFlow.js takes every negative axis as the last one; exported so, with a warning below -1.',
  },
};

/** Inputs without a mask count everywhere. Along the features the masks join by And; along time they are concatenated. */
function concatenatedMask(layer: LayerContext): Value | undefined {
  const { graph, inputs, masks } = layer;
  if (masks.every((mask) => mask === undefined)) return undefined;
  const axis = layer.config.integer('axis', -1);
  const rank = layer.input.shape.length;
  const isFeature = axis < 0 || axis === rank - 1;
  const present = masks.filter((mask) => mask !== undefined);
  if (isFeature) return present.reduce((all, mask) => graph.node('And', [all, mask]));
  const filled = inputs.map((input, i): Value => masks[i] ?? everywhere(layer, input));
  return graph.concat(filled, axis);
}

function everywhere(layer: LayerContext, input: Value): Value {
  const { graph } = layer;
  const size = graph.node('Shape', [input], { start: 0, end: 2 });
  return graph.node('Expand', [graph.booleans([true]), size]);
}

export const merge = {
  Add: chain('Add'),
  Multiply: chain('Mul'),
  Maximum: chain('Max'),
  Minimum: chain('Min'),
  Average: average,
  Concatenate: concatenate,
} as const satisfies Record<string, LayerConverter>;
