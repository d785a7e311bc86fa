// Layers of Keras 3 that join, reshape or bend values otherwise than TensorFlow.js, and those that do nothing at inference.
import { floats } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { LayerContext, LayerConverter } from '../converter.ts';
import { activated, core, nothing } from '../core.ts';
import { merge, sameRank } from '../merge.ts';
import { preprocessing } from '../preprocessing.ts';
import { recurrent } from '../recurrent/layer.ts';
import { axisOf, constantOf } from './operands.ts';

/** slope * (x - threshold) below the threshold, x from there on, maximum at most. */
const relu: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, config, input } = layer;
    const slope = config.number('negativeSlope', 0);
    const threshold = config.number('threshold', 0);
    const maximum = config.has('maxValue') ? config.number('maxValue') : undefined;
    if (slope === 0 && threshold === 0 && maximum !== undefined)
      return graph.node('Clip', [input, graph.scalar(0, 'minimum'), graph.scalar(maximum, 'maximum')]);
    const bent = threshold === 0 ? atZero(layer, slope) : atThreshold(layer, slope, threshold);
    return maximum === undefined ? bent : graph.node('Min', [bent, graph.scalar(maximum, 'maximum')]);
  },
  documentation: {
    operators: 'Relu, Clip or LeakyRelu; Where with a threshold',
    options: 'negative_slope, threshold, max_value',
  },
};

function atZero({ graph, input }: LayerContext, slope: number): Value {
  return slope === 0 ? graph.node('Relu', [input]) : graph.node('LeakyRelu', [input], { alpha: slope });
}

function atThreshold({ graph, input }: LayerContext, slope: number, threshold: number): Value {
  const edge = graph.scalar(threshold, 'threshold');
  const below =
    slope === 0 ? graph.scalar(0) : graph.node('Mul', [graph.node('Sub', [input, edge]), graph.scalar(slope)]);
  const isAbove = slope === 0 ? graph.node('Greater', [input, edge]) : graph.node('GreaterOrEqual', [input, edge]);
  return graph.node('Where', [isAbove, input, below]);
}

const subtract: LayerConverter = {
  masking: 'pass',
  mask: anyMask,
  convert: (layer) => {
    if (layer.inputs.length !== 2)
      throw layer.unsupported(`${layer.inputs.length} inputs of a difference`, 'Subtract two tensors.');
    return layer.graph.node('Sub', sameRank(layer));
  },
  documentation: { operators: 'Sub', options: 'two inputs, of different ranks too' },
};

/** Keras 3: a step counts where it counts for any input, and everywhere if one has no mask. */
function anyMask(layer: LayerContext): Value | undefined {
  const present = layer.masks.filter((mask) => mask !== undefined);
  if (present.length === 0 || present.length < layer.inputs.length) return undefined;
  return present.reduce((all, mask) => layer.graph.node('Or', [all, mask]));
}

const concatenate: LayerConverter = {
  ...merge.Concatenate,
  convert: (layer) => {
    const axis = axisOf(layer, layer.config.value('axis') ?? -1, layer.input.shape.length);
    return layer.graph.concat(layer.inputs, axis);
  },
  documentation: { operators: 'Concat', options: 'axis' },
};

/** An einsum with a kernel, a bias on some axes of the result, and an activation. */
const einsumDense: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config, input } = layer;
    const equation = plainEquation(layer, config.text('equation').replaceAll(' ', ''), input.shape.length);
    let y = graph.node('Einsum', [input, graph.constant('kernel', layer.weight('kernel'))], { equation });
    if (config.has('biasAxes')) y = graph.node('Add', [y, graph.constant('bias', layer.weight('bias'))]);
    return activated(layer, y);
  },
  documentation: {
    operators: 'Einsum, Add, activation',
    options: 'equation (with an ellipsis too), bias_axes, activation',
  },
};

/** The equation with letters for the axes that `...` stands for. */
function plainEquation(layer: LayerContext, equation: string, rank: number): string {
  if (!equation.includes('...')) return equation;
  const [terms] = equation.split('->');
  const named = terms.split(',')[0].replace('...', '').length;
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !equation.includes(letter)).slice(0, rank - named);
  if (free.length !== rank - named) throw layer.unsupported(`an equation of ${rank} axes`, 'Name fewer axes.');
  return equation.replaceAll('...', free.join(''));
}

const rescaling: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, config } = layer;
    const numbers = (key: string, fallback: number): Value | undefined => {
      const constant = constantOf(config.value(key) ?? fallback);
      if (constant === undefined) throw config.fail(key, 'a number or a list of numbers');
      if (constant.shape.length === 0 && Number(constant.data[0]) === fallback) return undefined;
      const isFirst = config.value('dataFormat') === 'channels_first' && constant.shape.length === 1;
      const shape = isFirst
        ? [constant.shape[0], ...new Array<number>(layer.input.shape.length - 2).fill(1)]
        : constant.shape;
      return graph.constant(key, floats(shape, Float32Array.from(constant.data, Number)));
    };
    const [scale, offset] = [numbers('scale', 1), numbers('offset', 0)];
    let x = graph.cast(layer.input, 'float32');
    if (scale) x = graph.node('Mul', [x, scale]);
    if (offset) x = graph.node('Add', [x, offset]);
    return x;
  },
  documentation: { operators: 'Mul, Add (and Cast of integers)', options: 'scale, offset: numbers or one a channel' },
};

const categoryEncoding: LayerConverter = {
  ...preprocessing.CategoryEncoding,
  callArguments: [],
};

/** The number of the interval that a value lies in. */
const discretization: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config } = layer;
    const boundaries = config.list('binBoundaries').map(Number);
    if (config.text('outputMode', 'int') !== 'int')
      throw layer.unsupported('an output_mode other than int', 'Put a CategoryEncoding behind it.');
    const column = graph.unsqueeze(graph.cast(layer.input, 'float32'), [-1]);
    const edges = graph.constant('boundaries', floats([boundaries.length], boundaries));
    const passed = graph.cast(graph.node('GreaterOrEqual', [column, edges]), 'float32');
    return graph.cast(graph.reduce('ReduceSum', passed, [-1], false), 'int32');
  },
  documentation: { operators: 'GreaterOrEqual, ReduceSum, Cast', options: 'bin_boundaries; output_mode int' },
};

/** Recurrent layers take their initial states as an argument of the call. */
function withStates(converter: LayerConverter): LayerConverter {
  return {
    ...converter,
    callArguments: ['initialState'],
    convert: (layer) => {
      if (layer.mask && layer.config.boolean('zeroOutputForMask', false))
        throw layer.unsupported('zero_output_for_mask with a mask', 'Multiply the output by the mask.');
      return converter.convert(layer);
    },
  };
}

function withAnyMask(converter: LayerConverter): LayerConverter {
  return { ...converter, mask: anyMask };
}

const augmentations = [
  'AugMix',
  'CutMix',
  'MixUp',
  'RandAugment',
  'RandomBrightness',
  'RandomColorDegeneration',
  'RandomColorJitter',
  'RandomContrast',
  'RandomElasticTransform',
  'RandomErasing',
  'RandomFlip',
  'RandomGaussianBlur',
  'RandomGrayscale',
  'RandomHue',
  'RandomInvert',
  'RandomPerspective',
  'RandomPosterization',
  'RandomRotation',
  'RandomSaturation',
  'RandomSharpness',
  'RandomShear',
  'RandomTranslation',
  'RandomZoom',
];

export const layers: Readonly<Record<string, LayerConverter>> = {
  ReLU: relu,
  Add: withAnyMask(merge.Add),
  Multiply: withAnyMask(merge.Multiply),
  Maximum: withAnyMask(merge.Maximum),
  Minimum: withAnyMask(merge.Minimum),
  Average: withAnyMask(merge.Average),
  Subtract: subtract,
  Concatenate: concatenate,
  EinsumDense: einsumDense,
  Rescaling: rescaling,
  CategoryEncoding: categoryEncoding,
  Discretization: discretization,
  Identity: { ...core.Dropout, documentation: { operators: 'none' } },
  ActivityRegularization: nothing('Regularisation'),
  SpatialDropout2D: nothing('Dropout'),
  SpatialDropout3D: nothing('Dropout'),
  ...Object.fromEntries(augmentations.map((name) => [name, nothing('Augmentation')])),
  SimpleRNN: withStates(recurrent.SimpleRNN),
  GRU: withStates(recurrent.GRU),
  LSTM: withStates(recurrent.LSTM),
  RNN: withStates(recurrent.RNN),
};
