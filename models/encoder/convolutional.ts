// The plain convolutional encoder of the preset `small`.
import * as tf from '@tensorflow/tfjs';
import { layerFactory } from '../layer.ts';
import { type EncoderConfigurationOf, type EncoderShape, requireImages } from './encoder.ts';

/** Strided convolutions, each with batch norm and ReLU; flatten; a hidden layer with batch norm and Mish; the latent. */
export function buildConvolutionalEncoder(
  configuration: EncoderConfigurationOf<'convolutional'>,
  { observationShape, latentSize }: EncoderShape,
  seed: number,
): tf.LayersModel {
  const layers = layerFactory('encoder', seed);
  const observation = tf.input({ shape: requireImages('convolutional', observationShape), name: 'observation' });
  let x = observation;
  configuration.convolutions.forEach(({ filters, kernel, stride }, index) => {
    const name = `conv${index + 1}`;
    x = layers.convolution(x, { name, filters, kernel, stride, bias: false });
    x = layers.batchNorm(x, `${name}_norm`);
    x = layers.activation(x, 'relu', `${name}_relu`);
  });
  x = layers.flatten(x);
  x = layers.dense(x, { name: 'hidden', units: configuration.hidden, bias: false });
  x = layers.batchNorm(x, 'hidden_norm');
  x = layers.activation(x, 'mish', 'hidden_mish');
  const latent = layers.dense(x, { name: 'latent', units: latentSize, bias: true });
  return tf.model({ inputs: observation, outputs: latent, name: 'encoder' });
}
