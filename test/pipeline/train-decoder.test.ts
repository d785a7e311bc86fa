// The decoder: its training graph against stock tfjs, what it recovers from latents that hold a place and from latents that
// hold nothing, and that it depends on nothing but its seed.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../../export/index.ts';
import { buildDecoder } from '../../models/decoder.ts';
import { type DecoderInput, type DecoderOptions, trainDecoder } from '../../pipeline/train/decoder.ts';
import { UsageError } from '../../src/error.ts';
import { decodeLatents, pixelError, squaredCorrelation } from '../../src/evaluation/readout/decoder.ts';
import { meanImage } from '../../src/evaluation/readout/target.ts';
import { createLatents, type Latents } from '../../src/measures/latents.ts';
import { randomFor } from '../../src/random.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { namedWeights } from '../../src/tensorflow/weight.ts';
import { RegressionStep } from '../../src/training/regression-step.ts';
import { expectClose } from '../matcher/close.ts';

/** A second each on a quiet core; a machine that is busy with other tests may take thirty times as long. */
const PATIENT_MS = 120_000;
const SIDE = 16;
const PIXELS = SIDE * SIDE;
const observationShape = [SIDE, SIDE, 1] as const;
const quick: Pick<DecoderOptions, 'steps' | 'channels' | 'batchSize' | 'learningRate'> = {
  steps: 200,
  channels: [16, 16, 8],
  learningRate: 8e-3,
  batchSize: 32,
};

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

/** A white square of 4 x 4 pixels on black; the latent is its place, from -1 to 1, and a third number that means nothing. */
function placedSquares(count: number, purpose: string): DecoderInput {
  const random = randomFor('decoder test', purpose);
  const observations = new Uint8Array(count * PIXELS);
  const values = new Float32Array(count * 3);
  for (let n = 0; n < count; n++) {
    const [x, y] = [random.integer(SIDE - 3), random.integer(SIDE - 3)];
    for (let dy = 0; dy < 4; dy++)
      observations.fill(255, n * PIXELS + (y + dy) * SIDE + x, n * PIXELS + (y + dy) * SIDE + x + 4);
    values.set([x / 6 - 1, y / 6 - 1, 0.3 * random.normal()], 3 * n);
  }
  return { latents: createLatents(values, 3), observations, observationShape };
}

const drawn = (model: tf.LayersModel, { values, count, size }: Latents): Float32Array =>
  tf.tidy(() => Float32Array.from((model.predict(tf.tensor2d(values, [count, size])) as tf.Tensor).dataSync()));

/** Mean column of the brightness of each image. */
function columnsOf(images: ArrayLike<number>): number[] {
  return Array.from({ length: images.length / PIXELS }, (_, n) => {
    let [sum, total] = [0, 0];
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const weight = images[n * PIXELS + pixel] ** 2;
      sum += weight * (pixel % SIDE);
      total += weight;
    }
    return sum / total;
  });
}

const bytesOf = (images: Float32Array) => Uint8Array.from(images, (v) => Math.round(255 * Math.min(1, Math.max(0, v))));

describe('decoder', () => {
  const train = placedSquares(1024, 'train');
  const held = placedSquares(128, 'held out');
  const meanError = pixelError(held.observations, meanImage(train.observations, PIXELS));

  test('recovers a place from latents that hold it', { timeout: PATIENT_MS }, () => {
    const model = trainDecoder(train, { seed: 0, ...quick });
    const images = drawn(model, held.latents);
    model.dispose();
    expect(pixelError(held.observations, bytesOf(images)) / meanError).toBeLessThan(0.5);
    expect(squaredCorrelation(columnsOf(held.observations), columnsOf(images))).toBeGreaterThan(0.9);
  });

  test('draws the mean image, and no place, from latents that are all one', { timeout: PATIENT_MS }, () => {
    const constant = (latents: Latents): Latents => ({ ...latents, values: latents.values.map(() => 0.7) });
    const model = trainDecoder({ ...train, latents: constant(train.latents) }, { seed: 0, ...quick });
    const images = drawn(model, constant(held.latents));
    model.dispose();
    const error = pixelError(held.observations, bytesOf(images)) / meanError;
    // No better than the mean image, and not much worse.
    expect(error).toBeGreaterThan(0.98);
    expect(error).toBeLessThan(1.1);
    expect(squaredCorrelation(columnsOf(held.observations), columnsOf(images))).toBe(0);
  });

  test('loses the place to noise that is as large as the latents', { timeout: PATIENT_MS }, () => {
    const place = (noise: number) => {
      const model = trainDecoder(train, { seed: 0, noise, ...quick });
      const random = randomFor('decoder test noise');
      const values = held.latents.values.map((value) => value + noise * random.normal());
      const images = drawn(model, { ...held.latents, values });
      model.dispose();
      return squaredCorrelation(columnsOf(held.observations), columnsOf(images)) ?? 0;
    };
    expect(place(1.5)).toBeLessThan(0.6);
  });

  test('the same seed gives the same weights, bit for bit; another one does not', () => {
    const weights = (seed: number) => {
      const model = trainDecoder(train, { seed, ...quick, steps: 10 });
      const values = model.getWeights().flatMap((weight) => Array.from(weight.dataSync()));
      model.dispose();
      return values;
    };
    const once = weights(3);
    expect(weights(3)).toEqual(once);
    expect(weights(4)).not.toEqual(once);
  });

  test('sees latents without their scale: all of them 64 times as large give the same images', () => {
    const enlarge = (latents: Latents): Latents => ({ ...latents, values: latents.values.map((value) => 64 * value) });
    const model = trainDecoder(train, { seed: 0, ...quick, steps: 20 });
    const large = trainDecoder({ ...train, latents: enlarge(train.latents) }, { seed: 0, ...quick, steps: 20 });
    // A power of two: every product and quotient has the same digits.
    expect(drawn(large, enlarge(held.latents))).toEqual(drawn(model, held.latents));
    for (const each of [model, large]) each.dispose();
  });

  test('its ONNX file draws what tfjs draws, as bytes', async () => {
    const model = trainDecoder(train, { seed: 0, ...quick, steps: 60 });
    const expected = bytesOf(drawn(model, held.latents));
    const bytes = exportOnnx(model, { layout: 'nhwc' });
    model.dispose();
    const runtime = await openRuntime('cpu', { threads: 1 });
    const session = await runtime.load(bytes);
    const images = await decodeLatents(session, held.latents);
    await session.dispose();
    await runtime.dispose();
    // One step of rounding to a byte.
    expectClose(images, expected, { absolute: 1 }, 'bytes');
    expect(Math.max(...images)).toBeGreaterThan(20);
  });

  test('leaves no tensors', () => {
    const before = tf.memory().numTensors;
    trainDecoder(train, { seed: 0, ...quick, steps: 2 }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses images whose sides are not multiples of 8, and too few of them', () => {
    const shape = { latentSize: 3, observationShape: [12, 16, 1] as const };
    expect(() => buildDecoder(shape, [4, 4, 4], 0)).toThrow(
      new UsageError('decoder: expected images with sides divisible by 8, got 12 x 16'),
    );
    const few = placedSquares(5, 'few');
    expect(() => trainDecoder(few, { seed: 0 })).toThrow(/expected at least 32 observations, got 5/);
    expect(() => trainDecoder({ ...train, observations: few.observations }, { seed: 0 })).toThrow(
      /expected 1024 observations of 256 bytes, got 1280 bytes/,
    );
  });
});

describe('regression step', () => {
  test('its loss and every gradient are those of stock tfjs', () => {
    const batchSize = 6;
    const decoder = buildDecoder({ latentSize: 3, observationShape }, [5, 4, 3], 1);
    const { latents, observations } = placedSquares(batchSize, 'gradients');
    // With so large an epsilon Adam's first update is the gradient itself, times a number.
    const epsilon = 1e4;
    const options = {
      steps: 1,
      batchSize,
      learningRate: 1,
      encoderRateFactor: 1,
      warmupSteps: 0,
      schedule: 'constant' as const,
      beta1: 0.9,
      beta2: 0.999,
      epsilon,
    };
    const step = new RegressionStep(decoder, options, 'uint8');
    const named = namedWeights(decoder, 'decoder');
    const before = new Map([...named].map(([name, weight]) => [name, Float32Array.from(weight.read().dataSync())]));
    const { value, grads } = tf.variableGrads(() => {
      const images = decoder.apply(tf.tensor2d(latents.values, [batchSize, 3]), { training: true }) as tf.Tensor;
      const truth = tf.tensor(Float32Array.from(observations), [batchSize, SIDE, SIDE, 1]).div(255);
      return images.sub(truth).square().mean().asScalar();
    });
    const rate = 1e5;
    const loss = step.run(latents.values, observations, 0, rate);
    expectClose([loss], value.dataSync(), { relative: 1e-5 }, 'loss');
    step.copyToModel(decoder);
    step.dispose();
    const gradients = new Map(Object.entries(grads));
    for (const [name, weight] of named) {
      const variable = Reflect.get(weight, 'val') as tf.Variable;
      const gradient = gradients.get(variable.name)?.dataSync() ?? [];
      const old = before.get(name) ?? new Float32Array(0);
      // Adam corrects its means by 1 - beta^1; with a large epsilon the root in the denominator does not count:
      // update = rate * sqrt(1 - beta2) / (1 - beta1) * (1 - beta1) g / (sqrt((1 - beta2) g^2) + epsilon).
      const found = Float32Array.from(weight.read().dataSync(), (after, i) => {
        return ((old[i] - after) * epsilon) / (rate * Math.sqrt(1 - 0.999));
      });
      // The difference of two float32 weights around an update of 0.3 times the gradient.
      expectClose(found, gradient, { absolute: 2e-6, relative: 1e-3 }, name);
      expect(Math.max(...Array.from(gradient, Math.abs)), name).toBeGreaterThan(1e-4);
    }
    decoder.dispose();
  });
});
