// The element type in which a layer computes: TensorFlow.js and Keras make integers and truth values floats where a layer
// multiplies them by its weights, and bring what is joined to one type; ONNX's operators do neither by themselves.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { Config } from '../model/config.ts';
import type { LayerDescription } from '../model/description.ts';
import { UnsupportedLayerError } from './converter.ts';
import { commonType, isFloat } from './keras/operands.ts';

/** Layers that compute in floats, whatever they are given. Those that are in no list here take numbers of any type, or see to theirs themselves. */
const floating = new Set([
  'Activation',
  'AdaptiveAveragePooling1D',
  'AdaptiveAveragePooling2D',
  'AdaptiveAveragePooling3D',
  'AdaptiveMaxPooling1D',
  'AdaptiveMaxPooling2D',
  'AdaptiveMaxPooling3D',
  'AdditiveAttention',
  'Attention',
  'Average',
  'AveragePooling1D',
  'AveragePooling2D',
  'AveragePooling3D',
  'BatchNormalization',
  'Bidirectional',
  'Conv1D',
  'Conv1DTranspose',
  'Conv2D',
  'Conv2DTranspose',
  'Conv3D',
  'Conv3DTranspose',
  'ConvLSTM2D',
  'Dense',
  'DepthwiseConv1D',
  'DepthwiseConv2D',
  'Dot',
  'ELU',
  'EinsumDense',
  'GRU',
  'GlobalAveragePooling1D',
  'GlobalAveragePooling2D',
  'GlobalAveragePooling3D',
  'GroupQueryAttention',
  'LSTM',
  'LeakyReLU',
  'MaxPooling1D',
  'MaxPooling2D',
  'MaxPooling3D',
  'MultiHeadAttention',
  'Normalization',
  'RNN',
  'ReLU',
  'SeparableConv1D',
  'SeparableConv2D',
  'SimpleRNN',
  'Softmax',
  'ThresholdedReLU',
  'UnitNormalization',
]);

/** Layers that join their inputs in the widest type among them. */
const joining = new Set(['Add', 'Concatenate', 'Maximum', 'Minimum', 'Multiply', 'Subtract']);

/** Layers that Keras computes in the integers that they are given, so that weights and means lose what is behind the point. */
const truncatingInKeras = new Set([
  'GroupNormalization',
  'LayerNormalization',
  'PReLU',
  'RMSNormalization',
  'SpectralNormalization',
]);

/** Layers that average pixels, where they do not take the nearest. */
const interpolating = new Set(['Resizing', 'UpSampling1D', 'UpSampling2D', 'UpSampling3D']);

/**
 * The inputs of a layer in the type in which it computes.
 * @throws UnsupportedLayerError where Keras would truncate what the file would not
 */
export function inComputedType(
  graph: GraphBuilder,
  { className, config }: LayerDescription,
  inputs: readonly Value[],
): readonly Value[] {
  const odd = inputs.find((input) => !isFloat(input));
  if (odd === undefined) return inputs;
  if (config.isKeras3 && truncates(className, config, odd))
    throw new UnsupportedLayerError(
      `${config.where}: expected an input of floats, got ${odd.type}, in which Keras truncates what this layer computes`,
      { remedy: "Make it floats before this layer: keras.ops.cast(x, 'float32')." },
    );
  const computesFloats = floating.has(className) || truncatingInKeras.has(className) || interpolates(className, config);
  if (computesFloats) return inputs.map((input) => (isFloat(input) ? input : graph.cast(input, 'float32')));
  if (!joining.has(className)) return inputs;
  const type = inputs.map((input) => input.type).reduce(commonType);
  // Truth values are added as the numbers 0 and 1.
  const computed = type === 'bool' && className !== 'Concatenate' ? 'int32' : type;
  return inputs.map((input) => graph.cast(input, computed));
}

function truncates(className: string, config: Config, { type }: Value): boolean {
  if (truncatingInKeras.has(className) || interpolates(className, config)) return true;
  if (className === 'ReLU') return config.number('negativeSlope', 0) !== 0 || config.number('threshold', 0) !== 0;
  return type === 'bool' && (className === 'Average' || className === 'Dot');
}

function interpolates(className: string, config: Config): boolean {
  const nearest = className === 'Resizing' ? 'bilinear' : 'nearest';
  return interpolating.has(className) && config.text('interpolation', nearest) !== 'nearest';
}
