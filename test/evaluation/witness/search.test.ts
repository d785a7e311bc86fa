import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildAuxiliaryHead, buildPredictor } from '../../../models/head.ts';
import type { StateAuxiliary } from '../../../src/auxiliary/index.ts';
import type { Environment } from '../../../src/environments/index.ts';
import { createEnvironment } from '../../../src/environments/index.ts';
import { boundByMeasurement, inUnitsOfAuxiliary, weightBounds } from '../../../src/evaluation/witness/bound.ts';
import { findWitnesses } from '../../../src/evaluation/witness/search.ts';
import type { LatentWorld } from '../../../src/evaluation/witness/witness.ts';
import { randomFor } from '../../../src/random.ts';
import { lineEnvironment, lineWorld } from '../line-world.ts';

function rewardOf(environment: Environment, loss: StateAuxiliary['loss']): StateAuxiliary {
  const table = Float32Array.from({ length: environment.stateCount }, (_, state) => environment.reward(state));
  return { name: 'reward', of: 'state', size: 1, loss, coefficient: 1, table };
}

describe('search for witnesses', () => {
  const line = lineEnvironment(4);
  const reward = rewardOf(line, 'squared');
  const options = { count: 3, candidates: 12, seed: 0 };

  test('finds the merged pair first, with its word and what breaks it', async () => {
    // E merges 1 and 2, the rest is as in the exact world.
    const world = lineWorld(
      [0, 1.5, 1.5, 3],
      (z) => z + 1,
      (z) => Math.max(0, z - 2),
    );
    const { witnesses, classCount, meanDistance } = await findWitnesses(world, line, [reward], options);
    expect(classCount).toBe(4);
    expect(witnesses).toHaveLength(3);
    const [first] = witnesses;
    expect(first.classes).toEqual([1, 2]);
    expect(first.relativeDistance).toBe(0);
    expect(first.path.states).toEqual([
      ['s1', 's2'],
      ['s2', 's3'],
    ]);
    // T(1.5) = 2.5 lies between E(2) = 1.5 and E(3) = 3.
    expect(first.trace.breaks).toMatchObject({ kind: 'dynamics', step: 1, side: 0 });
    expect(first.trace.steps[1].dynamicsResiduals).toEqual([1, 0.5]);
    // Distances 1.5, 1.5, 3, 0, 1.5, 1.5 of the six pairs of states, of nine pairs of candidates each; 66 pairs in all.
    expect(meanDistance).toBeCloseTo((9 * 9) / 66, 6);
  });

  test('with cross-entropy takes logits for what they are', async () => {
    const world = lineWorld(
      [0, 1, 2, 3],
      (z) => Math.min(3, z + 1),
      (z) => (z === 3 ? 20 : -20),
    );
    const { witnesses } = await findWitnesses(world, line, [rewardOf(line, 'cross-entropy')], options);
    for (const { trace } of witnesses) {
      expect(trace.gap).toBe(1);
      expect(trace.breaks.kind).toBe('distance');
    }
  });

  test('without an auxiliary there is nothing to witness', async () => {
    await expect(findWitnesses(lineWorld([], Number, Number), line, [], options)).rejects.toThrow(
      'witnesses: expected an auxiliary function, got none',
    );
  });
});

describe('bounds of witnesses of real networks on images', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  test('hold with constants from the weights, and accounts close', async () => {
    const environment = createEnvironment('counting');
    const auxiliaries = [rewardOf(environment, 'cross-entropy')];
    const shape = { latentSize: 8, actionSize: 2, auxiliarySize: 1 };
    const predictor = buildPredictor({ width: 16, depth: 2 }, shape, 1);
    const auxiliary = buildAuxiliaryHead({ width: 16, depth: 1 }, shape, 1);
    const random = randomFor('projection');
    const projection = Float32Array.from({ length: 12288 * 8 }, () => 0.02 * random.normal());
    const run = (model: tf.LayersModel, inputs: tf.Tensor[]) =>
      (model.predict(inputs.length > 1 ? inputs : inputs[0]) as tf.Tensor).dataSync<'float32'>();
    const world: LatentWorld = {
      async encode(observations) {
        const count = observations.length / 12288;
        const values = new Float32Array(count * 8);
        for (let n = 0; n < count; n++)
          for (let i = 0; i < 12288; i++) {
            const pixel = observations[n * 12288 + i];
            if (pixel > 0) for (let d = 0; d < 8; d++) values[n * 8 + d] += (pixel / 255) * projection[i * 8 + d];
          }
        return { values, count, size: 8 };
      },
      predict: async ({ values, count }, actions) =>
        run(predictor, [tf.tensor2d(values, [count, 8]), tf.tensor2d(actions, [count, 2])]),
      auxiliary: async ({ values, count }) => run(auxiliary, [tf.tensor2d(values, [count, 8])]),
    };
    const { witnesses, classCount } = await findWitnesses(world, environment, auxiliaries, {
      count: 12,
      candidates: 90,
      seed: 3,
    });
    expect(classCount).toBe(9);
    expect(new Set(witnesses.map(({ classes }) => classes.join())).size).toBe(12);
    const own = inUnitsOfAuxiliary(world, auxiliaries);
    const ofWeights = weightBounds({ predictor, auxiliary }, auxiliaries);
    for (const { trace, path } of witnesses) {
      const [everywhere, between] = ofWeights.boundsOf(trace, path.actions);
      expect([everywhere.holds, between.holds]).toEqual([true, true]);
      expect(between.bound).toBeGreaterThanOrEqual(everywhere.bound);
      const measured = await boundByMeasurement(trace, path.actions, own);
      // The line's own slope is at most its mean bound, and at most the largest Jacobian found on it, up to the sampling.
      trace.steps.slice(1).forEach(({ slope }, j) => {
        expect(slope).toBeLessThanOrEqual(between.predictor[j] * 1.001);
        expect(slope).toBeLessThanOrEqual(measured.predictor[j] * 1.05);
      });
      expect(trace.auxiliarySlope).toBeLessThanOrEqual(between.auxiliary * 1.001);
      expect(trace.auxiliarySlope).toBeLessThanOrEqual(measured.auxiliary * 1.05);
      // An untrained head answers about the same for all: the gap of 1 is its own residual, or that of the dynamics.
      expect(trace.contributions.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThan(0.999);
    }
    predictor.dispose();
    auxiliary.dispose();
  });
});
