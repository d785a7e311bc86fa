// A multilayer perceptron for vector observations; images are flattened.
import * as tf from '@tensorflow/tfjs';
import { layerFactory } from '../layer.ts';
import type { EncoderConfigurationOf, EncoderShape } from './encoder.ts';

/** Hidden layers, each with batch norm and Mish; the latent. [B, N] or [B, H, W, C] -> [B, D]. */
export function buildPerceptronEncoder(
  { width, depth }: EncoderConfigurationOf<'mlp'>,
  { observationShape, latentSize }: EncoderShape,
  seed: number,
): tf.LayersModel {
  const layers = layerFactory('encoder', seed);
  const observation = tf.input({ shape: [...observationShape], name: 'observation' });
  let x = observationShape.length === 1 ? observation : layers.flatten(observation);
  for (let index = 1; index <= depth; index++) {
    const name = `hidden${index}`;
    x = layers.dense(x, { name, units: width, bias: false });
    x = layers.activation(layers.batchNorm(x, `${name}_norm`), 'mish', `${name}_mish`);
  }
  const latent = layers.dense(x, { name: 'latent', units: latentSize, bias: true });
  return tf.model({ inputs: observation, outputs: latent, name: 'encoder' });
}
