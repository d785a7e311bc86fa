import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { createMlpProbe } from '../../../src/evaluation/readout/mlp-probe.ts';
import { coefficientOfDetermination, type ProbeInput, sweepProbe } from '../../../src/evaluation/readout/probe.ts';
import { ridgePredictions } from '../../../src/evaluation/readout/ridge-probe.ts';
import { createLatents, type Latents } from '../../../src/measures/latents.ts';
import { randomFor } from '../../../src/random.ts';
import { loadTensorFlow } from '../../../src/tensorflow/load.ts';
import { reference, referenceLatents } from '../reference.ts';

function targetsOf({ values, count, size }: Latents): Float64Array {
  const targets = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const row = Array.from(values.subarray(i * size, (i + 1) * size));
    targets[2 * i] = row[0] ** 2 + row[1];
    targets[2 * i + 1] = row[2] * row[3];
  }
  return targets;
}

function gaussianLatents(count: number, purpose: string): Latents {
  const random = randomFor(0, 'probe test', purpose);
  return createLatents(
    Float32Array.from({ length: 3 * count }, () => random.normal()),
    3,
  );
}

/** The first number in a direction that has a thousandth of the scale of the others. */
function hiddenInput(): ProbeInput {
  const hide = (latents: Latents): Latents => ({
    ...latents,
    values: latents.values.map((value, index) => (index % 3 === 0 ? value / 1000 : value)),
  });
  const train = gaussianLatents(400, 'train');
  const test = gaussianLatents(400, 'test');
  const first = (latents: Latents) => Float64Array.from({ length: 400 }, (_, i) => latents.values[3 * i]);
  return {
    train: hide(train),
    trainTarget: { kind: 'values', values: first(train), size: 1 },
    test: hide(test),
    testTarget: { kind: 'values', values: first(test), size: 1 },
    seed: 0,
  };
}

describe('linear probe', () => {
  test('predictions and score are those of scikit-learn', async () => {
    const train = referenceLatents(1000);
    const latents = referenceLatents();
    const predictions = await ridgePredictions(train, { values: targetsOf(train), size: 2 }, latents, 0);
    reference.ridgePredictionsOfFirst.forEach((value, m) => {
      expect(predictions[m]).toBeCloseTo(value, 12);
    });
    expect(coefficientOfDetermination(targetsOf(latents), predictions, 2)).toBeCloseTo(reference.ridgeScore, 12);
  });

  test('a number hidden in a millionth of the variance is read without noise and lost with a little', async () => {
    const scores = await sweepProbe(hiddenInput(), ridgePredictions, [0, 0.1]);
    expect(scores[0].score).toBeGreaterThan(0.99);
    expect(scores[1].score).toBeLessThan(0.05);
    for (const { shuffledScore } of scores) expect(Math.abs(shuffledScore)).toBeLessThan(0.05);
  });

  test('classes are scored by accuracy, and shuffled ones by chance', async () => {
    const train = gaussianLatents(600, 'train');
    const held = gaussianLatents(600, 'test');
    const signs = (latents: Latents) => Int32Array.from({ length: 600 }, (_, i) => (latents.values[3 * i] > 0 ? 1 : 0));
    const scores = await sweepProbe(
      {
        train,
        trainTarget: { kind: 'classes', labels: signs(train), classCount: 2 },
        test: held,
        testTarget: { kind: 'classes', labels: signs(held), classCount: 2 },
        seed: 0,
      },
      ridgePredictions,
      [0],
    );
    expect(scores[0].score).toBeGreaterThan(0.97);
    // Three standard errors of a coin at 600 throws.
    expect(Math.abs(scores[0].shuffledScore - 0.5)).toBeLessThan(0.062);
  });

  test('the same seed gives the same scores', async () => {
    const once = await sweepProbe(hiddenInput(), ridgePredictions, [0.3]);
    expect(await sweepProbe(hiddenInput(), ridgePredictions, [0.3])).toEqual(once);
  });
});

describe('coefficient of determination', () => {
  test('is 1 for the truth, 0 for the mean, -3 for the truth reversed', () => {
    const truth = Float64Array.of(0, 1, 2);
    expect(coefficientOfDetermination(truth, truth, 1)).toBe(1);
    expect(coefficientOfDetermination(truth, Float64Array.of(1, 1, 1), 1)).toBe(0);
    expect(coefficientOfDetermination(truth, Float64Array.of(2, 1, 0), 1)).toBe(-3);
  });

  test('leaves out numbers that do not vary', () => {
    const truth = Float64Array.of(5, 0, 5, 1);
    expect(coefficientOfDetermination(truth, truth, 2)).toBe(1);
    expect(coefficientOfDetermination(Float64Array.of(5, 5), Float64Array.of(5, 5), 1)).toBeNaN();
  });
});

describe('probe with a hidden layer', () => {
  test('reads a product, which a linear probe cannot, the same twice, and leaves no tensors', async () => {
    await loadTensorFlow({ threads: 1 });
    const probe = createMlpProbe();
    const train = gaussianLatents(400, 'train');
    const held = gaussianLatents(200, 'test');
    const product = ({ values, count }: Latents) =>
      Float64Array.from({ length: count }, (_, i) => values[3 * i] * values[3 * i + 1]);
    const target = { values: product(train), size: 1 };
    const linear = await ridgePredictions(train, target, held, 0);
    expect(coefficientOfDetermination(product(held), linear, 1)).toBeLessThan(0.1);
    const before = tf.memory().numTensors;
    const hidden = await probe.train(train, target, held, 0);
    expect(coefficientOfDetermination(product(held), hidden, 1)).toBeGreaterThan(0.7);
    // Again with the same graph, and with one of its own.
    expect(await probe.train(train, target, held, 0)).toEqual(hidden);
    probe.dispose();
    const another = createMlpProbe();
    expect(await another.train(train, target, held, 0)).toEqual(hidden);
    another.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
