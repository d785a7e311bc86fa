// A multilayer perceptron for vector observations; images are flattened, a vector beside them joined to them.
import * as tf from '@tensorflow/tfjs';
import { layerFactory } from '../layer.ts';
import type { EncoderConfigurationOf, EncoderShape } from './encoder.ts';
import { observationInputs } from './observation.ts';

/** Hidden layers, each with a norm and Mish; the latent. [B, N] or [B, H, W, C] -> [B, D]. */
export function buildPerceptronEncoder(
  { norm, width, depth }: EncoderConfigurationOf<'mlp'>,
  shape: EncoderShape,
  seed: number,
): tf.LayersModel {
  const layers = layerFactory('encoder', seed);
  const { inputs, observation, vector } = observationInputs(shape);
  let x = observation.shape.length === 2 ? observation : layers.flatten(observation);
  if (vector) x = layers.concatenate([x, vector], 'image_vector');
  for (let index = 1; index <= depth; index++) {
    const name = `hidden${index}`;
    x = layers.dense(x, { name, units: width, bias: false });
    x = layers.activation(layers.norm(x, `${name}_norm`, norm), 'mish', `${name}_mish`);
  }
  const latent = layers.dense(x, { name: 'latent', units: shape.latentSize, bias: true });
  return tf.model({ inputs, outputs: latent, name: 'encoder' });
}
