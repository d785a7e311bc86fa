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
    dense(x: Symbol, options: { name: string; units: number; bias: boolean }): Symbol {
      const { name, units, bias } = options;
      const kernelInitializer = tf.initializers.glorotUniform({ seed: seedOf(name) });
      return apply(tf.layers.dense({ name, units, useBias: bias, kernelInitializer }), x);
    },
    batchNorm: (x: Symbol, name: string) => apply(tf.layers.batchNormalization({ name, epsilon: 1e-5 }), x),
    layerNorm: (x: Symbol, name: string) => apply(tf.layers.layerNormalization({ name, epsilon: 1e-5 }), x),
    activation: (x: Symbol, activation: 'relu' | 'mish' | 'tanh', name: string) =>
      apply(tf.layers.activation({ name, activation }), x),
    flatten: (x: Symbol) => apply(tf.layers.flatten({ name: 'flatten' }), x),
    sum: (branches: Symbol[], name: string) => apply(tf.layers.add({ name }), branches),
    concatenate: (parts: Symbol[], name: string) => apply(tf.layers.concatenate({ name }), parts),
  };
}
