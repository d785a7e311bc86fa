// What files of Keras 3 mean where TensorFlow.js means something else or has no such layer: layers by class, functions of
// keras.ops as `ops.Name`. Classes that are not here mean the same in both.
import type { LayerConverter } from '../converter.ts';
import { wrappers } from '../wrapper.ts';
import { arithmetic } from './arithmetic.ts';
import { arrangement } from './arrangement.ts';
import { attentions } from './attention.ts';
import { convolutions } from './convolution.ts';
import { layers } from './core.ts';
import { images } from './image.ts';
import { normalizations } from './normalization.ts';
import { products } from './product.ts';
import { reductions } from './reduction.ts';

export const kerasConverters: Readonly<Record<string, LayerConverter>> = {
  ...layers,
  ...convolutions,
  ...images,
  ...normalizations,
  ...attentions,
  Bidirectional: { ...wrappers.Bidirectional, callArguments: ['initialState'] },
  ...arithmetic,
  ...reductions,
  ...arrangement,
  ...products,
};

/** Layers whose output has the mask of their input (Keras' `supports_masking`); those that make masks say so themselves. */
const maskPassing = new Set([
  'Activation',
  'ActivityRegularization',
  'AlphaDropout',
  'Attention',
  'AdditiveAttention',
  'BatchNormalization',
  'Dense',
  'Dropout',
  'ELU',
  'GaussianDropout',
  'GaussianNoise',
  'GroupNormalization',
  'GroupQueryAttention',
  'Identity',
  'LayerNormalization',
  'LeakyReLU',
  'MultiHeadAttention',
  'Normalization',
  'PReLU',
  'ReLU',
  'Rescaling',
  'Softmax',
  'TimeDistributed',
  'UnitNormalization',
]);

export function passesMaskInKeras(className: string): boolean {
  return maskPassing.has(className);
}
