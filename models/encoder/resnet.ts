// The residual encoder of the preset `paper` (Yu et al., arXiv 2509.12249).
import * as tf from '@tensorflow/tfjs';
import { layerFactory } from '../layer.ts';
import type { EncoderConfigurationOf, EncoderShape } from './encoder.ts';
import { joinVector, observationInputs, requireImages } from './observation.ts';

/**
 * Residual blocks of two 3x3 convolutions with a norm (batch norm in He et al., arXiv 1512.03385) behind a strided stem. Every
 * `blocksPerStage` blocks the image side is halved by the first convolution of the block, with a 1x1 projection beside it.
 */
export function buildResNetEncoder(
  configuration: EncoderConfigurationOf<'resnet'>,
  shape: EncoderShape,
  seed: number,
): tf.LayersModel {
  requireImages('resnet', shape);
  const { blocks, channels, blocksPerStage, hidden } = configuration;
  const layers = layerFactory('encoder', seed);
  const { inputs, observation, vector } = observationInputs(shape);
  let x = layers.convolution(observation, { name: 'stem', filters: channels, kernel: 4, stride: 2, bias: false });
  x = layers.activation(layers.norm(x, 'stem_norm', configuration.norm), 'relu', 'stem_relu');
  for (let block = 1; block <= blocks; block++) {
    const name = `block${block}`;
    const stride = block > 1 && (block - 1) % blocksPerStage === 0 ? 2 : 1;
    let branch = layers.convolution(x, { name: `${name}_conv1`, filters: channels, kernel: 3, stride, bias: false });
    branch = layers.activation(layers.norm(branch, `${name}_norm1`, configuration.norm), 'relu', `${name}_relu1`);
    branch = layers.convolution(branch, {
      name: `${name}_conv2`,
      filters: channels,
      kernel: 3,
      stride: 1,
      bias: false,
    });
    branch = layers.norm(branch, `${name}_norm2`, configuration.norm);
    if (stride !== 1) {
      x = layers.convolution(x, { name: `${name}_shortcut`, filters: channels, kernel: 1, stride, bias: false });
      x = layers.norm(x, `${name}_shortcut_norm`, configuration.norm);
    }
    x = layers.activation(layers.sum([x, branch], `${name}_add`), 'relu', `${name}_relu2`);
  }
  x = joinVector(layers, layers.flatten(x), vector, hidden);
  x = layers.dense(x, { name: 'hidden', units: hidden, bias: false });
  x = layers.activation(layers.norm(x, 'hidden_norm', configuration.norm), 'mish', 'hidden_mish');
  const latent = layers.dense(x, { name: 'latent', units: shape.latentSize, bias: true });
  return tf.model({ inputs, outputs: latent, name: 'encoder' });
}
