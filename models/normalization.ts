// Fixed normalisation inside a network, so that whoever calls it, in training or behind ONNX, gives raw pixels and raw numbers.
import * as tf from '@tensorflow/tfjs';

export interface Statistics {
  /** Of each number of the last axis. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** x deviation + mean along the last axis: from standardised values to those of `statistics`. */
export function denormalize(x: tf.SymbolicTensor, name: string, { mean, deviation }: Statistics): tf.SymbolicTensor {
  const layer = tf.layers.batchNormalization({ name, epsilon: 0, trainable: false });
  const y = layer.apply(x);
  if (!(y instanceof tf.SymbolicTensor)) throw new Error(`${name}: expected one symbolic output`);
  tf.tidy(() => {
    const [scale, offset] = [tf.tensor1d([...deviation]), tf.tensor1d([...mean])];
    layer.setWeights([scale, offset, tf.zerosLike(scale), tf.onesLike(scale)]);
  });
  return y;
}

/** Below this float32 has no reciprocal that is finite. */
const LEAST_VARIANCE = 1e-30;

/**
 * (x - mean) / deviation along the last axis: a stock batch norm that keeps the statistics it was given, since a layer that
 * is not trainable normalises by its moving averages in training too.
 */
export function normalize(x: tf.SymbolicTensor, name: string, { mean, deviation }: Statistics): tf.SymbolicTensor {
  const layer = tf.layers.batchNormalization({ name, epsilon: 0, trainable: false });
  const y = layer.apply(x);
  if (!(y instanceof tf.SymbolicTensor)) throw new Error(`${name}: expected one symbolic output`);
  tf.tidy(() => {
    const variance = deviation.map((value) => Math.max(value * value, LEAST_VARIANCE));
    layer.setWeights([tf.onesLike(variance), tf.zerosLike(variance), tf.tensor1d([...mean]), tf.tensor1d(variance)]);
  });
  return y;
}
