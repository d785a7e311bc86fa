// The decoder of Yu et al. (arXiv 2509.12249): draws the observation that a latent was made from, as far as the latent says.
// It is trained on latents as they are (pipeline/train/decoder.ts), so that it changes nothing of what it looks at.
// Letters: B batch, D latent, H W C image.
import * as tf from '@tensorflow/tfjs';
import { UsageError } from '../src/error.ts';
import { layerFactory } from './layer.ts';

/** The three transposed convolutions double the sides each. */
const GROWTH = 8;

/**
 * Half of what tanh's -1..1 is scaled to: -0.1..1.1, a little more than pixels in 0..1. With 0..1 black is reached only where
 * tanh saturates and its gradient vanishes: on images that are mostly black, a decoder stayed at black for all of 800 steps.
 */
const OUTPUT_SCALE = 0.6;
/** What is added before tanh at the beginning: it makes black, which most pixels of most environments are. */
const DARK = Math.atanh(-0.5 / OUTPUT_SCALE);

/** Sizes of the latent that a decoder takes and of the image that it gives. */
export interface DecoderShape {
  readonly latentSize: number;
  /** H and W divisible by 8. */
  readonly observationShape: readonly [height: number, width: number, channels: number];
}

/**
 * [B, D] -> [B, H, W, C], pixels / 255, which may leave 0..1 by a tenth: a dense layer to H/8 x W/8, then transposed convolutions of 4x4 pixels and stride 2 with
 * ReLU between them and tanh at the end, scaled to pixels. Weights drawn from `seed`.
 * @param channels of the images before each of the three transposed convolutions
 * @throws UsageError where a side is not divisible by 8
 */
export function buildDecoder(
  { latentSize, observationShape }: DecoderShape,
  channels: readonly [number, number, number],
  seed: number,
): tf.LayersModel {
  const [height, width, imageChannels] = observationShape;
  if (height % GROWTH !== 0 || width % GROWTH !== 0)
    throw new UsageError(`decoder: expected images with sides divisible by ${GROWTH}, got ${height} x ${width}`);
  const layers = layerFactory('decoder', seed);
  const latent = tf.input({ shape: [latentSize], name: 'latent' });
  const seedShape = [height / GROWTH, width / GROWTH, channels[0]];
  let x = layers.dense(latent, { name: 'seed', units: seedShape.reduce((a, b) => a * b, 1), bias: true });
  x = layers.activation(layers.reshape(x, seedShape, 'seed_image'), 'relu', 'seed_relu');
  [...channels.slice(1), imageChannels].forEach((filters, index) => {
    const name = `grow${index + 1}`;
    const isLast = index === channels.length - 1;
    x = layers.transposedConvolution(x, { name, filters, kernel: 4, stride: 2, bias: isLast ? DARK : 0 });
    x = layers.activation(x, isLast ? 'tanh' : 'relu', `${name}_${isLast ? 'tanh' : 'relu'}`);
  });
  return tf.model({ inputs: latent, outputs: layers.rescale(x, OUTPUT_SCALE, 'observation', 0.5), name: 'decoder' });
}
