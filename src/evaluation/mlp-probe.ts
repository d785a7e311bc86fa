// A probe with one hidden layer, for what a linear one cannot read. Trained with tfjs on whatever backend is active.
import * as tf from '@tensorflow/tfjs';
import { hashSeed, permutation, randomFor } from '../random.ts';
import { type Latents, meanLatent, standardDeviations } from './latents.ts';
import type { ProbeTrainer } from './probe.ts';

const HIDDEN = 128;
const EPOCHS = 30;
const BATCH = 128;
const LEARNING_RATE = 2e-3;

/** Squared error on standardised targets, Adam, a fixed budget: the same seed gives the same probe. Leaves no tensors. */
export const mlpPredictions: ProbeTrainer = async (train, target, test, seed) => {
  const targetStatistics: Latents = {
    values: Float32Array.from(target.values),
    size: target.size,
    count: train.count,
  };
  const targetMean = meanLatent(targetStatistics);
  const targetDeviation = standardDeviations(targetStatistics).map((value) => (value > 0 ? value : 1));
  const mean = meanLatent(train);
  const deviation = standardDeviations(train).map((value) => (value > 0 ? value : 1));
  const standardised = (latents: Latents) =>
    tf.tensor2d(
      latents.values.map((value, index) => (value - mean[index % latents.size]) / deviation[index % latents.size]),
      [latents.count, latents.size],
    );
  const x = standardised(train);
  const xTest = standardised(test);
  const y = tf.tensor2d(
    Float32Array.from(target.values, (v, i) => (v - targetMean[i % target.size]) / targetDeviation[i % target.size]),
    [train.count, target.size],
  );
  const seedOf = (name: string) => hashSeed(seed, 'mlp probe', name) >>> 0;
  const initializer = (name: string) => tf.initializers.glorotNormal({ seed: seedOf(name) });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: HIDDEN,
        activation: 'relu',
        inputShape: [train.size],
        kernelInitializer: initializer('hidden'),
      }),
      tf.layers.dense({ units: target.size, kernelInitializer: initializer('output') }),
    ],
  });
  const optimizer = tf.train.adam(LEARNING_RATE);
  try {
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const order = permutation(train.count, randomFor(seed, 'mlp probe order', epoch));
      for (let start = 0; start < train.count; start += BATCH)
        tf.tidy(() => {
          const rows = tf.tensor1d(order.slice(start, start + BATCH), 'int32');
          const inputs = tf.gather(x, rows);
          const targets = tf.gather(y, rows);
          optimizer.minimize(() => tf.losses.meanSquaredError(targets, model.apply(inputs) as tf.Tensor) as tf.Scalar);
        });
    }
    const predicted = tf.tidy(() => model.predictOnBatch(xTest) as tf.Tensor);
    const values = await predicted.data();
    predicted.dispose();
    return Float64Array.from(values, (v, i) => targetMean[i % target.size] + v * targetDeviation[i % target.size]);
  } finally {
    tf.dispose([x, xTest, y]);
    optimizer.dispose();
    model.dispose();
  }
};
