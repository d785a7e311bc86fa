// The layers that all networks here are made of: stock tfjs layers with readable names and seeded weights, so that the
// same configuration and seed give the same model.
import * as tf from '@tensorflow/tfjs';
import { hashSeed } from '../src/random.ts';

type Symbol = tf.SymbolicTensor;

/** Layers of one model; each layer's weights are drawn from (seed, model, layer name). */
export function layerFactory(model: string, seed: number) {
  const seedOf = (name: string) => hashSeed(seed, model, name) >>> 0;
  const apply = (layer: tf.layers.Layer, x: Symbol | Symbol[]): Symbol => {
    const y = layer.apply(x);
    if (y instanceof tf.SymbolicTensor) return y;
    throw new Error(`${layer.name}: expected one symbolic output`);
  };
  const batchNorm = (x: Symbol, name: string) => apply(tf.layers.batchNormalization({ name, epsilon: 1e-5 }), x);
  const layerNorm = (x: Symbol, name: string) => apply(tf.layers.layerNormalization({ name, epsilon: 1e-5 }), x);
  return {
    /** He-normal weights (fan in), since a ReLU or Mish follows nearly everywhere. */
    convolution(
      x: Symbol,
      options: { name: string; filters: number; kernel: number; stride: number; bias: boolean },
    ): Symbol {
      const { name, filters, kernel, stride, bias } = options;
      return apply(
        tf.layers.conv2d({
          name,
          filters,
          kernelSize: kernel,
          strides: stride,
          padding: 'same',
          useBias: bias,
          kernelInitializer: tf.initializers.heNormal({ seed: seedOf(name) }),
        }),
        x,
      );
    },
    /** The sides grow by `stride`. He-normal weights by the inputs that one output pixel has: kernel^2 / stride^2 of them. */
    transposedConvolution(
      x: Symbol,
      options: { name: string; filters: number; kernel: number; stride: number; bias: number },
    ): Symbol {
      const { name, filters, kernel, stride, bias } = options;
      const inputs = (Number(x.shape[3]) * kernel ** 2) / stride ** 2;
      return apply(
        tf.layers.conv2dTranspose({
          name,
          filters,
          kernelSize: kernel,
          strides: stride,
          padding: 'same',
          kernelInitializer: tf.initializers.truncatedNormal({ stddev: Math.sqrt(2 / inputs), seed: seedOf(name) }),
          biasInitializer: tf.initializers.constant({ value: bias }),
        }),
        x,
      );
    },
    dense(x: Symbol, options: { name: string; units: number; bias: boolean }): Symbol {
      const { name, units, bias } = options;
      const kernelInitializer = tf.initializers.glorotUniform({ seed: seedOf(name) });
      return apply(tf.layers.dense({ name, units, useBias: bias, kernelInitializer }), x);
    },
    batchNorm,
    layerNorm,
    /** Batch norm unless a configuration says otherwise; layer norm is over the last axis: of an image, pixel by pixel. */
    norm: (x: Symbol, name: string, kind: 'batch' | 'layer' = 'batch') =>
      kind === 'batch' ? batchNorm(x, name) : layerNorm(x, name),
    /**
     * [B, T, W] -> [B, T, W]: a norm over the whole grid of tokens, whose gains and offsets, one for each token and number,
     * are learned: the offsets are the positions. They start from random numbers of deviation `deviation`.
     */
    positions(x: Symbol, options: { name: string; deviation: number }): Symbol {
      const { name, deviation } = options;
      const betaInitializer = tf.initializers.randomNormal({ mean: 0, stddev: deviation, seed: seedOf(name) });
      return apply(tf.layers.layerNormalization({ name, axis: [1, 2], epsilon: 1e-5, betaInitializer }), x);
    },
    activation: (x: Symbol, activation: 'relu' | 'mish' | 'gelu' | 'tanh' | 'softmax', name: string) =>
      apply(tf.layers.activation({ name, activation }), x),
    flatten: (x: Symbol) => apply(tf.layers.flatten({ name: 'flatten' }), x),
    reshape: (x: Symbol, targetShape: number[], name: string) => apply(tf.layers.reshape({ name, targetShape }), x),
    /** x * factor + offset */
    rescale: (x: Symbol, factor: number, name: string, offset = 0) =>
      apply(tf.layers.rescaling({ name, scale: factor, offset }), x),
    /** Matrix products: [B, M, K] with [B, N, K] -> [B, M, N] along axes [2, 2], with [B, K, N] along [2, 1]. */
    product: (pair: [Symbol, Symbol], axes: [number, number], name: string) =>
      apply(tf.layers.dot({ name, axes }), pair),
    /** [B, T, W] -> [B, W] */
    meanOverTokens: (x: Symbol, name: string) => apply(tf.layers.globalAveragePooling1d({ name }), x),
    sum: (branches: Symbol[], name: string) => apply(tf.layers.add({ name }), branches),
    concatenate: (parts: Symbol[], name: string) => apply(tf.layers.concatenate({ name }), parts),
  };
}
