import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildAuxiliaryHead, buildPredictor } from '../../../models/head.ts';
import { activationRule } from '../../../src/measures/bound/activation-slope.ts';
import { type Ball, lipschitzBounds } from '../../../src/measures/bound/lipschitz.ts';
import { randomFor } from '../../../src/random.ts';

const models: tf.LayersModel[] = [];
beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

function keep(model: tf.LayersModel): tf.LayersModel {
  models.push(model);
  return model;
}

/** Weights away from their initial values: gains of layer norms between 0.5 and 1.5, biases that are not 0. */
function perturb(model: tf.LayersModel, seed: number): tf.LayersModel {
  const random = randomFor('perturb', seed);
  for (const layer of model.layers) {
    const weights = layer.getWeights().map((weight) => {
      const values = Float32Array.from(weight.dataSync(), (value) => value + random.uniform() - 0.5);
      return tf.tensor(values, weight.shape);
    });
    layer.setWeights(weights);
    for (const weight of weights) weight.dispose();
  }
  return model;
}

function outputs(model: tf.LayersModel, rows: readonly (readonly ArrayLike<number>[])[]): number[][] {
  return tf.tidy(() => {
    const inputs = model.inputs.map((_, i) => tf.tensor2d(rows.map((row) => Array.from(row[i]))));
    return (model.predict(inputs.length > 1 ? inputs : inputs[0]) as tf.Tensor2D).arraySync();
  });
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.hypot(...Array.from(a, (value, i) => value - b[i]));

describe('Lipschitz bound', () => {
  test('of a dense layer is the spectral norm of the rows of the moving input', () => {
    const latent = tf.input({ shape: [2], name: 'latent' });
    const action = tf.input({ shape: [1], name: 'action' });
    const joined = tf.layers.concatenate().apply([latent, action]) as tf.SymbolicTensor;
    const dense = tf.layers.dense({ units: 2, useBias: false });
    const model = keep(tf.model({ inputs: [latent, action], outputs: dense.apply(joined) as tf.SymbolicTensor }));
    dense.setWeights([
      tf.tensor2d([
        [3, 0],
        [0, 4],
        [100, 100],
      ]),
    ]);
    // Within the one per cent of the bound on spectral norms.
    expect(lipschitzBounds(model, 'latent').everywhere().constant).toBeGreaterThanOrEqual(4);
    expect(lipschitzBounds(model, 'latent').everywhere().constant).toBeLessThan(4.04);
    expect(lipschitzBounds(model, 'action').everywhere().constant).toBeCloseTo(Math.hypot(100, 100), 6);
  });

  test('of a layer norm is its largest gain over the root of epsilon everywhere, and over the deviation in a ball', () => {
    const input = tf.input({ shape: [4], name: 'latent' });
    const norm = tf.layers.layerNormalization({ epsilon: 1e-4 });
    const model = keep(tf.model({ inputs: input, outputs: norm.apply(input) as tf.SymbolicTensor }));
    norm.setWeights([tf.tensor1d([1, 2, -3, 1]), tf.tensor1d([0, 0, 5, 0])]);
    expect(lipschitzBounds(model, 'latent').everywhere().constant).toBeCloseTo(3 / 1e-2, 3);
    // The deviation of (5, 1, 5, 1) is 2; within a radius of 2 it is at least 2 - 2 / sqrt(4) = 1.
    const ball: Ball = { centres: { latent: [5, 1, 5, 1] }, radius: 2 };
    expect(lipschitzBounds(model, 'latent').inBall(ball).constant).toBeCloseTo(3 / Math.sqrt(1 + 1e-4), 6);
  });

  test.each([0, 1, 2])(
    'is never below the slope between two latents, everywhere, in a ball or on a line (weights %i)',
    (seed) => {
      const shape = { latentSize: 6, actionSize: 2, auxiliarySize: 3 };
      const predictor = keep(perturb(buildPredictor({ width: 12, depth: 2 }, shape, seed), seed));
      const head = keep(perturb(buildAuxiliaryHead({ width: 10, depth: 1 }, shape, seed), seed));
      const random = randomFor('latents', seed);
      const draw = (size: number, scale: number) => Float64Array.from({ length: size }, () => scale * random.normal());
      const bounds = [predictor, head].map((model) => lipschitzBounds(model, 'latent'));
      const everywhere = bounds.map((bound) => bound.everywhere().constant);
      for (let pair = 0; pair < 40; pair++) {
        const action = [1, 0];
        const centre = draw(6, 10 ** (pair % 4) / 100);
        // From far apart to all but equal.
        const offset = draw(6, 10 ** -(pair % 5));
        const sides = [centre.map((value, i) => value + offset[i]), centre.map((value, i) => value - offset[i])];
        const radius = Math.hypot(...offset) * (1 + 1e-6);
        [predictor, head].forEach((model, which) => {
          const isPredictor = which === 0;
          const [first, second] = outputs(
            model,
            sides.map((side) => (isPredictor ? [side, action] : [side])),
          );
          const slope = distance(first, second) / distance(sides[0], sides[1]);
          const centres: Ball['centres'] = isPredictor ? { latent: centre, action } : { latent: centre };
          const inBall = bounds[which].inBall({ centres, radius }).constant;
          const onLine = bounds[which].onLine(sides[0], sides[1], isPredictor ? { action } : {});
          // float32 outputs: differences of 1e-7 over the distance.
          const rounding = 1e-5 / distance(sides[0], sides[1]);
          expect(slope).toBeLessThanOrEqual(onLine * (1 + 1e-5) + rounding);
          expect(onLine).toBeLessThanOrEqual(inBall * (1 + 1e-9));
          expect(inBall).toBeLessThanOrEqual(everywhere[which] * (1 + 1e-9));
        });
      }
    },
  );

  test('in a small ball is far below the one everywhere, which says all but nothing', () => {
    const shape = { latentSize: 6, actionSize: 2 };
    const predictor = keep(buildPredictor({ width: 12, depth: 2 }, shape, 0));
    const centres = { latent: [1, -2, 0.5, 1, 3, -1], action: [0, 1] };
    const everywhere = lipschitzBounds(predictor, 'latent').everywhere();
    const near = lipschitzBounds(predictor, 'latent').inBall({ centres, radius: 1e-3 });
    expect(everywhere.isEverywhere).toBe(true);
    expect(near.isEverywhere).toBe(false);
    // Two layer norms with epsilon 1e-5: a factor of 316 each.
    expect(everywhere.constant).toBeGreaterThan(1e4 * near.constant);
    const norms = everywhere.layers.filter(({ name }) => name.endsWith('_norm'));
    expect(norms.map(({ constant }) => Math.round(constant))).toEqual([316, 316]);
  });

  describe('in a ball, before a layer norm of epsilon 0.01, whose slope is 1 over the least deviation', () => {
    const norm = () => tf.layers.layerNormalization({ epsilon: 0.01 });
    const latent = () => tf.input({ shape: [2], name: 'latent' });
    const over = (deviation: number) => 1 / Math.sqrt(deviation ** 2 + 0.01);
    const inBall = (model: tf.LayersModel, centres: Ball['centres'], radius: number) =>
      lipschitzBounds(keep(model), 'latent').inBall({ centres, radius }).constant;

    test('an action that does not move leaves the radius as it is', () => {
      const [moving, action] = [latent(), tf.input({ shape: [2], name: 'action' })];
      const joined = tf.layers.concatenate().apply([moving, action]) as tf.SymbolicTensor;
      const dense = tf.layers.dense({ units: 4, useBias: false });
      const mixed = dense.apply(joined) as tf.SymbolicTensor;
      const model = tf.model({ inputs: [moving, action], outputs: norm().apply(mixed) as tf.SymbolicTensor });
      dense.setWeights([tf.eye(4)]);
      // The deviation of (3, -3, 1, -1) is the root of 5; a radius of 1 takes 1 / sqrt(4) of it.
      const found = inBall(model, { latent: [3, -3], action: [1, -1] }, 1);
      expect(found / over(Math.sqrt(5) - 0.5)).toBeCloseTo(1, 1);
      expect(found).toBeLessThan(over(Math.sqrt(5) - 1) * 0.9);
    });

    test('two branches side by side move by the root of the sum of squares', () => {
      const moving = latent();
      const joined = tf.layers.concatenate().apply([moving, moving]) as tf.SymbolicTensor;
      const model = tf.model({ inputs: moving, outputs: norm().apply(joined) as tf.SymbolicTensor });
      // Of (3, -3, 3, -3): 3, less the root of 2 over the root of 4.
      expect(inBall(model, { latent: [3, -3] }, 1)).toBeCloseTo(Math.SQRT2 * over(3 - Math.SQRT2 / 2), 9);
    });

    test('a sum of branches moves by the sum of their radii', () => {
      const moving = latent();
      const sum = tf.layers.add().apply([moving, moving]) as tf.SymbolicTensor;
      const model = tf.model({ inputs: moving, outputs: norm().apply(sum) as tf.SymbolicTensor });
      expect(inBall(model, { latent: [3, -3] }, 1)).toBeCloseTo(2 * over(6 - 2 / Math.SQRT2), 9);
    });

    test('what a layer norm gives moves by no more than twice its length, however large the ball', () => {
      const [moving, action] = [latent(), tf.input({ shape: [2], name: 'action' })];
      const sum = tf.layers.add().apply([norm().apply(moving) as tf.SymbolicTensor, action]) as tf.SymbolicTensor;
      const model = tf.model({ inputs: [moving, action], outputs: norm().apply(sum) as tf.SymbolicTensor });
      // The first: no deviation is sure, so 1 over the root of epsilon, and a radius of 2 sqrt(2). Its centre is (1, -1), nearly; with (10, -10)
      // the deviation is 11, of which 2 sqrt(2) / sqrt(2) may go.
      const centre = 3 * over(3);
      expect(inBall(model, { latent: [3, -3], action: [10, -10] }, 100)).toBeCloseTo(10 * over(10 + centre - 2), 6);
    });
  });

  test('takes sums and batch norms as they are at inference', () => {
    const input = tf.input({ shape: [2], name: 'latent' });
    const norm = tf.layers.batchNormalization({ epsilon: 0 });
    const sum = tf.layers.add().apply([input, norm.apply(input) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    const model = keep(tf.model({ inputs: input, outputs: sum }));
    // Scales 3 / sqrt(4) and 1 / sqrt(1): the larger is 1.5.
    norm.setWeights([tf.tensor1d([3, 1]), tf.tensor1d([0, 0]), tf.tensor1d([0, 0]), tf.tensor1d([4, 1])]);
    expect(lipschitzBounds(model, 'latent').everywhere().constant).toBeCloseTo(2.5, 6);
  });

  test('refuses layers that it does not know, and inputs that are not there', () => {
    const input = tf.input({ shape: [4, 4, 1], name: 'image' });
    const model = keep(
      tf.model({ inputs: input, outputs: tf.layers.flatten({ name: 'flat' }).apply(input) as tf.SymbolicTensor }),
    );
    expect(() => lipschitzBounds(model, 'image').everywhere()).toThrow('layer flat: expected one of Dense, ');
    expect(() => lipschitzBounds(model, 'latent')).toThrow('expected an input (image), got "latent"');
  });
});

describe('slopes of activations', () => {
  test.each(['linear', 'relu', 'tanh', 'sigmoid', 'softplus', 'mish', 'swish'] as const)(
    '%s is as steep somewhere, and nowhere steeper; its values are those of tfjs',
    (name) => {
      const { slope, apply } = activationRule(name);
      const step = 1e-3;
      const points = Float64Array.from({ length: 40_001 }, (_, i) => -20 + i * step);
      const values = apply(points);
      let steepest = 0;
      for (let i = 1; i < points.length; i++) steepest = Math.max(steepest, Math.abs(values[i] - values[i - 1]) / step);
      expect(steepest).toBeLessThanOrEqual(slope * (1 + 1e-9));
      expect(steepest).toBeGreaterThan(slope * (1 - 1e-4));
      const sample = points.filter((_, i) => i % 2000 === 0);
      const layer = tf.layers.activation({ activation: name });
      const reference = (layer.apply(tf.tensor1d(Float32Array.from(sample))) as tf.Tensor).dataSync();
      apply(sample).forEach((value, i) => {
        expect(value).toBeCloseTo(reference[i], 5);
      });
    },
  );

  test('softmax has its steepest Jacobian, 1/2, between two even choices', () => {
    const { slope, apply } = activationRule('softmax');
    const h = 1e-5;
    const [plus, minus] = [apply(Float64Array.of(h, -h)), apply(Float64Array.of(-h, h))];
    expect(distance(plus, minus) / (2 * Math.hypot(h, h))).toBeCloseTo(slope, 6);
    const random = randomFor('softmax');
    for (let n = 0; n < 200; n++) {
      const x = Float64Array.from({ length: 5 }, () => 3 * random.normal());
      const y = x.map((value) => value + 0.1 * random.normal());
      expect(distance(apply(x), apply(y)) / distance(x, y)).toBeLessThanOrEqual(slope);
    }
  });

  test('an unknown activation is refused, and none at all is linear', () => {
    expect(() => activationRule('gelu_fast')).toThrow(
      'expected an activation among linear, relu, tanh, sigmoid, softplus, mish, swish, softmax, got gelu_fast',
    );
    expect(activationRule(undefined)).toBe(activationRule('linear'));
    expect(activationRule(null)).toBe(activationRule('linear'));
  });

  test('softmax and sigmoid of large numbers do not overflow', () => {
    const even = activationRule('softmax').apply(Float64Array.of(2000, 2000 + Math.log(3)));
    expect(Array.from(even)).toEqual([expect.closeTo(1 / 4, 9), expect.closeTo(3 / 4, 9)]);
    expect(Array.from(activationRule('sigmoid').apply(Float64Array.of(-2000, 0, 2000)))).toEqual([0, 0.5, 1]);
  });

  test('of two moving branches that are concatenated is above every slope in the ball, whatever weights the parts have', () => {
    for (let trial = 0; trial < 12; trial++) {
      const random = randomFor('concatenated branches', trial);
      const size = 3;
      const latent = tf.input({ shape: [size], name: 'latent' });
      // One branch is normalised, which clips its radius and not its constant; the other is not.
      const normal = tf.layers.layerNormalization({ epsilon: 1e-5 }).apply(latent) as tf.SymbolicTensor;
      const plain = tf.layers.dense({ units: size }).apply(latent) as tf.SymbolicTensor;
      const joined = tf.layers.concatenate().apply([normal, plain]) as tf.SymbolicTensor;
      const mixed = tf.layers.dense({ units: size }).apply(joined) as tf.SymbolicTensor;
      const output = tf.layers.layerNormalization({ epsilon: 1e-5 }).apply(mixed) as tf.SymbolicTensor;
      const model = perturb(keep(tf.model({ inputs: latent, outputs: output })), trial);
      const dense = model.layers[model.layers.length - 2];
      const [kernel, bias] = dense.getWeights();
      // Mostly of the branch that is not normalised.
      const weights = Float32Array.from(kernel.dataSync(), (value, i) => (i < size * size ? 1e-3 * value : value));
      dense.setWeights([tf.tensor2d(weights, [2 * size, size]), bias]);
      const centre = Float64Array.from({ length: size }, () => 0.3 * random.normal());
      const radius = 0.2 + random.uniform();
      const { constant } = lipschitzBounds(model, 'latent').inBall({ centres: { latent: centre }, radius });
      const rows = Array.from({ length: 400 }, () => {
        const direction = Array.from({ length: size }, () => random.normal());
        const reach = (0.98 * radius * random.uniform()) / Math.hypot(...direction);
        return [Float64Array.from(centre, (value, k) => value + reach * direction[k])];
      });
      const near = rows.map(([row]) => [row.map((value) => value + 1e-3 * radius * (random.uniform() - 0.5))]);
      const [first, second] = [outputs(model, rows), outputs(model, near)];
      let steepest = 0;
      rows.forEach(([row], n) => {
        steepest = Math.max(steepest, distance(first[n], second[n]) / distance(row, near[n][0]));
      });
      expect(steepest).toBeLessThan(constant * 1.02);
    }
  });
});

describe('quick values', () => {
  const epsilon = 1e-3;
  const latent = () => tf.input({ shape: [2], name: 'latent' });

  test('on a line: the mean over the pieces of what layer norm does at the least deviation of each', () => {
    const input = latent();
    const layer = tf.layers.layerNormalization({ epsilon });
    const model = keep(tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor }));
    layer.setWeights([tf.tensor1d([2, -3]), tf.tensor1d([0, 0])]);
    // From (1, -1) to (5, -5) the deviation grows from 1 to 5; half a piece is the root of 32 over 2 x 4.
    const pieces = [0, 1, 2, 3].map((piece) => {
      const least = 1 + (piece + 0.5) - Math.sqrt(32) / 8 / Math.SQRT2;
      return 3 / Math.sqrt(least ** 2 + epsilon);
    });
    const found = lipschitzBounds(model, 'latent').onLine([1, -1], [5, -5], {}, 4);
    expect(found).toBeCloseTo(pieces.reduce((sum, each) => sum + each, 0) / 4, 6);
  });

  test('batch norm moves the centre and scales it; ReLU and dropout go after it', () => {
    const input = latent();
    const norm = tf.layers.batchNormalization({ epsilon });
    const last = tf.layers.layerNormalization({ epsilon });
    const activated = tf.layers.reLU().apply(norm.apply(input)) as tf.SymbolicTensor;
    const dropped = tf.layers.dropout({ rate: 0.5 }).apply(activated) as tf.SymbolicTensor;
    const model = keep(tf.model({ inputs: input, outputs: last.apply(dropped) as tf.SymbolicTensor }));
    norm.setWeights([tf.tensor1d([2, -6]), tf.tensor1d([1, 4]), tf.tensor1d([1, -1]), tf.tensor1d([1, 9])]);
    const scales = [2 / Math.sqrt(1 + epsilon), 6 / Math.sqrt(9 + epsilon)];
    // (5, 2): 2 (5 - 1) + 1 is about 9; -2 (2 + 1) + 4 is below 0.
    const centre = [4 * scales[0] + 1, 0];
    const radius = 0.1;
    const least = centre[0] / 2 - (radius * Math.max(...scales)) / Math.SQRT2;
    const { constant, isEverywhere } = lipschitzBounds(model, 'latent').inBall({ centres: { latent: [5, 2] }, radius });
    expect(constant).toBeCloseTo(Math.max(...scales) / Math.sqrt(least ** 2 + epsilon), 5);
    expect(isEverywhere).toBe(false);
    expect(() => lipschitzBounds(model, 'latent').inBall({ centres: { latent: [5] }, radius })).toThrow(
      'Lipschitz bound: expected 2 numbers for the input "latent", got 1',
    );
    expect(() => lipschitzBounds(model, 'latent').inBall({ centres: {}, radius })).toThrow('"latent", got none');
  });
});
