// Lipschitz bounds of small networks beside values worked out by hand.
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { activationRule } from '../../../src/measures/bound/activation-slope.ts';
import { type Ball, lipschitzBounds } from '../../../src/measures/bound/lipschitz.ts';

const models: tf.LayersModel[] = [];
beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

type Symbol = tf.SymbolicTensor;
const epsilon = 0.01;
const inputOf = (name: string, size: number) => tf.input({ shape: [size], name });
const through = (layer: tf.layers.Layer, ...inputs: Symbol[]) =>
  layer.apply(inputs.length === 1 ? inputs[0] : inputs) as Symbol;
const layerNorm = () => tf.layers.layerNormalization({ epsilon });
const over = (deviation: number) => 1 / Math.sqrt(deviation ** 2 + epsilon);

function boundsOf(inputs: Symbol[], output: Symbol, set: () => void = () => {}) {
  const model = tf.model({ inputs, outputs: output });
  models.push(model);
  set();
  return lipschitzBounds(model, 'latent');
}

const inBall = (bounds: ReturnType<typeof boundsOf>, centres: Ball['centres'], radius: number) =>
  bounds.inBall({ centres, radius });

describe('worked by hand, the bound', () => {
  test('of dense layers behind each other is their product, and each names its own with its activation', () => {
    const latent = inputOf('latent', 1);
    const first = tf.layers.dense({ units: 1, name: 'double', activation: 'sigmoid' });
    const second = tf.layers.dense({ units: 1, name: 'triple' });
    const bounds = boundsOf([latent], through(second, through(first, latent)), () => {
      first.setWeights([tf.tensor2d([[2]]), tf.tensor1d([0])]);
      second.setWeights([tf.tensor2d([[3]]), tf.tensor1d([0])]);
    });
    const { constant, layers } = bounds.everywhere();
    expect(constant).toBeCloseTo(1.5, 12);
    expect(layers).toEqual([
      { name: 'double', constant: expect.closeTo(0.5, 12) },
      { name: 'triple', constant: expect.closeTo(3, 12) },
    ]);
  });

  test('is not moved by a layer that only another input reaches', () => {
    const [latent, action] = [inputOf('latent', 1), inputOf('action', 1)];
    const embedding = tf.layers.dense({ units: 1, name: 'embedding' });
    const last = tf.layers.dense({ units: 1, useBias: false });
    const joined = through(tf.layers.concatenate(), latent, through(embedding, action));
    const bounds = boundsOf([latent, action], through(last, joined), () => {
      embedding.setWeights([tf.tensor2d([[50]]), tf.tensor1d([1])]);
      last.setWeights([tf.tensor2d([[7], [90]])]);
    });
    const { constant, layers } = bounds.everywhere();
    expect(constant).toBeCloseTo(7, 12);
    expect(layers.find(({ name }) => name === 'embedding')).toEqual({ name: 'embedding', constant: 0 });
  });

  test('takes a sum on to a dense layer', () => {
    const latent = inputOf('latent', 1);
    const dense = tf.layers.dense({ units: 1, useBias: false });
    const bounds = boundsOf([latent], through(dense, through(tf.layers.add(), latent, latent)), () =>
      dense.setWeights([tf.tensor2d([[5]])]),
    );
    expect(bounds.everywhere().constant).toBeCloseTo(10, 12);
    expect(inBall(bounds, { latent: [1] }, 1).constant).toBeCloseTo(10, 12);
  });

  test('in a ball follows the centre through a dense layer with a bias', () => {
    const latent = inputOf('latent', 1);
    const dense = tf.layers.dense({ units: 2 });
    const bounds = boundsOf([latent], through(layerNorm(), through(dense, latent)), () =>
      dense.setWeights([tf.tensor2d([[3, -4]]), tf.tensor1d([1, -1])]),
    );
    // 2 becomes (7, -9), whose deviation is 8; a radius of 0.1 is one of 0.5, of which 1 / sqrt(2) counts.
    expect(inBall(bounds, { latent: [2] }, 0.1).constant).toBeCloseTo(5 * over(8 - 0.5 / Math.SQRT2), 9);
  });

  test('in a ball follows the centre through a layer norm with gains and offsets', () => {
    const latent = inputOf('latent', 2);
    const first = layerNorm();
    const bounds = boundsOf([latent], through(layerNorm(), through(first, latent)), () =>
      first.setWeights([tf.tensor1d([2, 0.5]), tf.tensor1d([3, -3])]),
    );
    // (5, 1) has the mean 3 and the deviation 2.
    const unit = 2 * over(2);
    const deviation = (2 * unit + 3 - (-0.5 * unit - 3)) / 2;
    const own = 2 * over(2 - 0.1 / Math.SQRT2);
    const found = inBall(bounds, { latent: [5, 1] }, 0.1).constant;
    expect(found).toBeCloseTo(own * over(deviation - (0.1 * own) / Math.SQRT2), 6);
  });

  test('in a large ball takes what a layer norm gives as within twice its gain times its length', () => {
    const [latent, action] = [inputOf('latent', 2), inputOf('action', 2)];
    const first = layerNorm();
    const sum = through(tf.layers.add(), through(first, latent), action);
    const bounds = boundsOf([latent, action], through(layerNorm(), sum), () =>
      first.setWeights([tf.tensor1d([3, 3]), tf.tensor1d([0, 0])]),
    );
    // (3, -3) becomes (9, -9) over its deviation; the radius 2 x 3 x sqrt(2) takes 6 off.
    const found = inBall(bounds, { latent: [3, -3], action: [10, -10] }, 100).constant;
    expect(found).toBeCloseTo(30 * over(10 + 9 * over(3) - 6), 6);
  });

  test('in a ball without end has no radius behind a kernel of zeros', () => {
    const latent = inputOf('latent', 1);
    const dense = tf.layers.dense({ units: 2 });
    const last = tf.layers.layerNormalization({ epsilon, name: 'last' });
    const bounds = boundsOf([latent], through(last, through(dense, latent)), () =>
      dense.setWeights([tf.tensor2d([[0, 0]]), tf.tensor1d([1, -1])]),
    );
    const { constant, layers } = inBall(bounds, { latent: [2] }, Number.POSITIVE_INFINITY);
    expect(constant).toBe(0);
    expect(layers.find(({ name }) => name === 'last')?.constant).toBeCloseTo(over(1), 9);
  });
});

describe('refused are', () => {
  test('a layer norm without gains', () => {
    const latent = inputOf('latent', 2);
    const plain = tf.layers.layerNormalization({ scale: false, name: 'plain' });
    const bounds = boundsOf([latent], through(plain, latent));
    expect(() => bounds.everywhere()).toThrow('Lipschitz bound: layer plain: expected a weight "gamma", got none');
  });

  test('sums of vectors of different sizes', () => {
    const [latent, action] = [inputOf('latent', 1), inputOf('action', 2)];
    const dense = tf.layers.dense({ units: 3, name: 'mixed' });
    const bounds = boundsOf([latent, action], through(dense, through(tf.layers.add(), latent, action)));
    expect(() => bounds.everywhere()).toThrow('Lipschitz bound: layer mixed: expected 2 inputs, got 1');
  });

  test('an input that is not there, with those that are', () => {
    const inputs = [inputOf('image', 1), inputOf('action', 1)];
    expect(() => boundsOf(inputs, through(tf.layers.concatenate(), ...inputs))).toThrow(
      'Lipschitz bound: expected an input (image, action), got "latent"',
    );
  });
});

test('softmax of numbers far apart is one of them', () => {
  expect(Array.from(activationRule('softmax').apply(Float64Array.of(0, 2000, 1)))).toEqual([0, 1, 0]);
});
