// Trains a decoder on latents that an encoder gave, whatever runtime it ran on. TensorFlow must be loaded.
import * as tf from '@tensorflow/tfjs';
import { buildDecoder, type DecoderShape } from '../../models/decoder.ts';
import { UsageError } from '../../src/error.ts';
import { rootMeanSquareDeviation } from '../../src/evaluation/readout/probe.ts';
import { type Latents, meanLatent } from '../../src/measures/latents.ts';
import { permutation, randomFor } from '../../src/random.ts';
import { elementCount } from '../../src/shape.ts';
import type { OptimizationConfiguration } from '../../src/training/configuration.ts';
import { RegressionStep } from '../../src/training/regression-step.ts';
import { learningRateAt } from '../../src/training/schedule.ts';

export interface DecoderSettings {
  /** Of the images before each of the three transposed convolutions. */
  readonly channels: readonly [number, number, number];
  readonly steps: number;
  readonly batchSize: number;
  /** Of Adam, after the warm-up; falls to 0 along a cosine. */
  readonly learningRate: number;
}

/** What a decoder is trained with where nothing else is said: docs/measures.md has what was measured. */
export const decoderDefaults: DecoderSettings = {
  channels: [32, 16, 8],
  steps: 1200,
  batchSize: 32,
  learningRate: 4e-3,
};

const WARMUP_STEPS = 20;

/** Latents, and the images that they were made from. */
export interface DecoderInput {
  /** [N, D], as the encoder gives them. */
  readonly latents: Latents;
  /** [N, H, W, C] bytes: what they were made from. */
  readonly observations: Uint8Array;
  readonly observationShape: DecoderShape['observationShape'];
}

/** Seed, noise and size of the training of a decoder. */
export interface DecoderOptions extends Partial<DecoderSettings> {
  readonly seed: number;
  /**
   * Standard deviation of Gaussian noise that is added to the latents, drawn anew at every step, in units of their root
   * mean square deviation. Default 0.
   */
  readonly noise?: number;
  /** Told the mean squared error of every step. */
  readonly onStep?: (step: number, loss: number) => void;
}

/**
 * Trains a decoder with Adam on mean squared error, by seed alone: the same latents, seed and number of threads give the
 * same weights. The latents are centred and divided by one number, their root mean square deviation, so that no direction
 * is amplified over another; that is part of the returned model, which takes latents as they are.
 * @returns [B, D] -> [B, H, W, C], pixels / 255; whoever calls this disposes it
 */
export function trainDecoder(
  { latents, observations, observationShape }: DecoderInput,
  options: DecoderOptions,
): tf.LayersModel {
  const { seed, noise = 0, onStep, ...settings } = options;
  const { channels, steps, batchSize, learningRate } = { ...decoderDefaults, ...settings };
  const optimization = optimizationOf({ channels, steps, batchSize, learningRate });
  const pixelCount = elementCount(observationShape);
  if (observations.length !== latents.count * pixelCount)
    throw new UsageError(
      `decoder: expected ${latents.count} observations of ${pixelCount} bytes, got ${observations.length} bytes`,
    );
  if (latents.count < batchSize)
    throw new UsageError(`decoder: expected at least ${batchSize} observations, got ${latents.count}`);
  const scale = scaleOf(latents);
  const standardised = standardise(latents, scale);
  const model = buildDecoder({ latentSize: latents.size, observationShape }, channels, seed);
  const step = new RegressionStep(model, optimization, 'uint8');
  try {
    const batchLatents = new Float32Array(batchSize * latents.size);
    const batchPixels = new Uint8Array(batchSize * pixelCount);
    const rowOf = shuffledRows(latents.count, seed);
    for (let index = 0; index < steps; index++) {
      const random = randomFor(seed, 'decoder noise', index);
      for (let b = 0; b < batchSize; b++) {
        const row = rowOf(index * batchSize + b);
        batchLatents.set(standardised.subarray(row * latents.size, (row + 1) * latents.size), b * latents.size);
        batchPixels.set(observations.subarray(row * pixelCount, (row + 1) * pixelCount), b * pixelCount);
      }
      if (noise > 0) for (let i = 0; i < batchLatents.length; i++) batchLatents[i] += noise * random.normal();
      const loss = step.run(batchLatents, batchPixels, index, learningRateAt(index, optimization));
      onStep?.(index, loss);
    }
    step.copyToModel(model);
  } finally {
    step.dispose();
  }
  takeLatentsAsTheyAre(model, scale);
  return model;
}

interface LatentScale {
  readonly mean: Float64Array;
  /** Root mean square deviation; 1 where all latents are one. */
  readonly deviation: number;
}

function scaleOf(latents: Latents): LatentScale {
  return { mean: meanLatent(latents), deviation: rootMeanSquareDeviation(latents) || 1 };
}

function standardise({ values, size }: Latents, { mean, deviation }: LatentScale): Float32Array {
  return values.map((value, index) => (value - mean[index % size]) / deviation);
}

/** Puts the standardisation into the first layer: (z - m) / s W + b = z (W / s) + (b - m W / s). */
function takeLatentsAsTheyAre(model: tf.LayersModel, { mean, deviation }: LatentScale): void {
  const first = model.getLayer('seed');
  tf.tidy(() => {
    const [kernel, bias] = first.getWeights();
    const scaled = kernel.div(deviation);
    const centre = tf.tensor2d(Float32Array.from(mean), [1, mean.length]);
    first.setWeights([scaled, bias.sub(tf.matMul(centre, scaled as tf.Tensor2D).reshape(bias.shape))]);
  });
}

function optimizationOf({ steps, batchSize, learningRate }: DecoderSettings): OptimizationConfiguration {
  return {
    steps,
    batchSize,
    learningRate,
    warmupSteps: Math.min(WARMUP_STEPS, steps),
    schedule: 'cosine',
    encoderRateFactor: 1,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
  };
}

/** An endless sequence of rows, every `count` consecutive ones a permutation of all. */
function shuffledRows(count: number, seed: number): (index: number) => number {
  let epoch = -1;
  let order = new Int32Array(0);
  return (index) => {
    const wanted = Math.floor(index / count);
    if (wanted !== epoch) {
      epoch = wanted;
      order = permutation(count, randomFor(seed, 'decoder order', epoch)) as Int32Array<ArrayBuffer>;
    }
    return order[index % count];
  };
}
