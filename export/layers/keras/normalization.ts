// Normalisations that TensorFlow.js has not, or reads otherwise.
import { floats, reshaped } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import { fixedSize, type LayerContext, type LayerConverter } from '../converter.ts';
import { normalization as shared } from '../normalization.ts';
import { axisOf, constantOf } from './operands.ts';

/** (x - mean) / max(sqrt(variance), epsilon) with numbers that the layer has learnt or was given. */
const featureNormalization: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, config } = layer;
    const rank = layer.input.shape.length;
    const given = config.value('axis');
    const axes = (Array.isArray(given) ? given : given === undefined ? [] : [given]).map((axis) =>
      axisOf(layer, axis, rank),
    );
    const shape = Array.from({ length: rank }, (_, axis) =>
      axes.includes(axis) ? fixedSize(layer, layer.input, axis) : 1,
    );
    const statistic = (key: 'mean' | 'variance'): Float32Array => {
      const stated = config.has(key) ? constantOf(config.value(key)) : undefined;
      if (config.has(key) && stated === undefined) throw config.fail(key, 'numbers');
      const { data } = stated ?? layer.weight(key);
      const values = Float32Array.from(data, Number);
      const size = shape.reduce((product, side) => product * side, 1);
      return values.length === 1 && size > 1 ? new Float32Array(size).fill(values[0]) : values;
    };
    const mean = graph.constant('mean', floats(shape, statistic('mean')));
    const deviations = statistic('variance').map((value) => Math.max(Math.sqrt(value), 1e-7));
    const deviation = graph.constant('deviation', floats(shape, deviations));
    const x = graph.cast(layer.input, 'float32');
    if (config.boolean('invert', false)) return graph.node('Add', [mean, graph.node('Mul', [x, deviation])]);
    return graph.node('Div', [graph.node('Sub', [x, mean]), deviation]);
  },
  documentation: { operators: 'Sub, Div; Mul, Add with invert', options: 'axis, mean, variance, invert' },
};

/** Normalises each group of channels over itself and all places, then scales by channel. */
const groupNormalization: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, config, input } = layer;
    const rank = input.shape.length;
    const axis = axisOf(layer, config.value('axis') ?? -1, rank);
    const channels = fixedSize(layer, input, axis);
    const given = config.integer('groups', 32);
    const groups = given === -1 ? channels : given;
    if (channels % groups !== 0) throw config.fail('groups', `a divisor of ${channels} channels`);
    const order = [0, axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 0 && i !== axis)];
    const x = graph.transpose(input, order);
    const grouped = graph.node('Reshape', [x, graph.integers([0, groups, -1], 'groups')]);
    const centred = graph.node('Sub', [grouped, graph.reduce('ReduceMean', grouped, [2], true)]);
    const variance = graph.reduce('ReduceMean', graph.node('Mul', [centred, centred]), [2], true);
    const raised = graph.node('Add', [variance, graph.scalar(config.number('epsilon', 1e-3), 'epsilon')]);
    const whole = graph.node('Div', [centred, graph.node('Sqrt', [raised])]);
    let y = graph.reshapeAs(whole, graph.node('Shape', [x]), x.shape);
    const column = [channels, ...new Array<number>(rank - 2).fill(1)];
    const parameter = (role: string): Value => graph.constant(role, reshaped(layer.weight(role), column));
    if (config.boolean('scale', true)) y = graph.node('Mul', [y, parameter('gamma')]);
    if (config.boolean('center', true)) y = graph.node('Add', [y, parameter('beta')]);
    return graph.transpose(
      y,
      order.map((_, i) => order.indexOf(i)),
    );
  },
  documentation: {
    operators: 'Reshape, ReduceMean, Sub, Mul, Sqrt, Div, Reshape, Mul, Add',
    options: 'groups, axis, epsilon, scale, center',
  },
};

function axesOption(layer: LayerContext): number[] {
  const given = layer.config.value('axis') ?? -1;
  const list = Array.isArray(given) ? given : [given];
  return list.map((axis) => axisOf(layer, axis, layer.input.shape.length)).sort((a, b) => a - b);
}

/** x / |x| */
const unitNormalization: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, input } = layer;
    const norm = graph.node('Sqrt', [graph.reduce('ReduceSumSquare', input, axesOption(layer), true)]);
    return graph.node('Div', [input, graph.node('Max', [norm, graph.scalar(1e-12, 'epsilon')])]);
  },
  documentation: { operators: 'ReduceSumSquare, Sqrt, Max, Div', options: 'axis' },
};

/** x / sqrt(mean x^2 + epsilon) * scale */
const rmsNormalization: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config, input } = layer;
    const axes = axesOption(layer);
    const mean = graph.reduce('ReduceMean', graph.node('Mul', [input, input]), axes, true);
    const root = graph.node('Sqrt', [
      graph.node('Add', [mean, graph.scalar(config.number('epsilon', 1e-6), 'epsilon')]),
    ]);
    const shape = input.shape.map((_, axis) => (axes.includes(axis) ? fixedSize(layer, input, axis) : 1));
    const scale = graph.constant('scale', reshaped(layer.weight('scale'), shape));
    return graph.node('Mul', [graph.node('Div', [input, root]), scale]);
  },
  documentation: { operators: 'Mul, ReduceMean, Add, Sqrt, Div, Mul', options: 'axis, epsilon' },
};

const layerNormalization: LayerConverter = {
  ...shared.LayerNormalization,
  convert: (layer) => {
    if (layer.config.boolean('rmsScaling', false)) throw layer.unsupported('rms_scaling', 'Use RMSNormalization.');
    return shared.LayerNormalization.convert(layer);
  },
};

/** At inference the kernel is what it was when it was saved: already divided by its norm. */
const spectralNormalization: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const inner = layer.layer.parts.get('layer');
    if (inner === undefined) throw layer.config.fail('layer', 'a layer');
    // The state of the power iteration belongs to training; reading it says that it is known.
    for (const role of ['vector_u', 'sigma']) if (layer.hasWeight(role)) layer.weight(role);
    return layer.apply(inner, layer.inputs);
  },
  documentation: { operators: 'the layer inside' },
};

export const normalizations: Readonly<Record<string, LayerConverter>> = {
  Normalization: featureNormalization,
  GroupNormalization: groupNormalization,
  UnitNormalization: unitNormalization,
  RMSNormalization: rmsNormalization,
  LayerNormalization: layerNormalization,
  SpectralNormalization: spectralNormalization,
};
