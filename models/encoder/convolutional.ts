// The plain convolutional encoder of the preset `small`.
import * as tf from '@tensorflow/tfjs';
import { layerFactory } from '../layer.ts';
import type { EncoderConfigurationOf, EncoderShape } from './encoder.ts';
import { joinVector, observationInputs, requireImages } from './observation.ts';

/** Strided convolutions, each with a norm and ReLU; flatten; a hidden layer with a norm and Mish; the latent. */
export function buildConvolutionalEncoder(
  configuration: EncoderConfigurationOf<'convolutional'>,
  shape: EncoderShape,
  seed: number,
): tf.LayersModel {
  requireImages('convolutional', shape);
  const layers = layerFactory('encoder', seed);
  const { inputs, observation, vector } = observationInputs(shape);
  let x = observation;
  configuration.convolutions.forEach(({ filters, kernel, stride }, index) => {
    const name = `conv${index + 1}`;
    x = layers.convolution(x, { name, filters, kernel, stride, bias: false });
    x = layers.norm(x, `${name}_norm`, configuration.norm);
    x = layers.activation(x, 'relu', `${name}_relu`);
  });
  x = joinVector(layers, layers.flatten(x), vector, configuration.hidden);
  x = layers.dense(x, { name: 'hidden', units: configuration.hidden, bias: false });
  x = layers.norm(x, 'hidden_norm', configuration.norm);
  x = layers.activation(x, 'mish', 'hidden_mish');
  const latent = layers.dense(x, { name: 'latent', units: shape.latentSize, bias: true });
  return tf.model({ inputs, outputs: latent, name: 'encoder' });
}
