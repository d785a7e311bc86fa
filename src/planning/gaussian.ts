// Action words whose numbers are drawn independently from normals and clipped to the bounds.
import type { ContinuousActions } from './action-space.ts';
import type { WordDistribution } from './word-distribution.ts';

/** Standard deviation at the start, in units of the distance between the bounds: both are within two of the middle. */
const START_SPREAD = 0.25;
/** A refitted spread does not fall below this, so that later iterations still look around. */
const LEAST_SPREAD = 0.005;

/** @param mean [H, A] @param deviation [H, A] */
export function createGaussian(
  actions: ContinuousActions,
  horizon: number,
  mean: Float64Array = new Float64Array(horizon * actions.size).fill((actions.low + actions.high) / 2),
  deviation: Float64Array = new Float64Array(horizon * actions.size).fill(START_SPREAD * (actions.high - actions.low)),
): WordDistribution {
  const { size, low, high } = actions;
  const clip = (value: number) => Math.min(high, Math.max(low, value));
  return {
    sample(count, random) {
      const words = new Float32Array(horizon * count * size);
      for (let step = 0; step < horizon; step++)
        for (let n = 0; n < count; n++)
          for (let a = 0; a < size; a++)
            words[(step * count + n) * size + a] = clip(
              mean[step * size + a] + deviation[step * size + a] * random.normal(),
            );
      return { words: { count, length: horizon, actions: words }, parameters: words };
    },
    refit({ parameters }, weights, { retained, keepSpread }) {
      const count = weights.length;
      const refittedMean = new Float64Array(mean.length);
      const refittedDeviation = new Float64Array(mean.length);
      for (let step = 0; step < horizon; step++)
        for (let a = 0; a < size; a++) {
          const i = step * size + a;
          const numberOf = (n: number) => parameters[(step * count + n) * size + a];
          let weighted = 0;
          for (let n = 0; n < count; n++) weighted += weights[n] * numberOf(n);
          let variance = 0;
          for (let n = 0; n < count; n++) variance += weights[n] * (numberOf(n) - weighted) ** 2;
          refittedMean[i] = retained * mean[i] + (1 - retained) * weighted;
          const spread = retained * deviation[i] + (1 - retained) * Math.sqrt(variance);
          refittedDeviation[i] = keepSpread ? deviation[i] : Math.max(LEAST_SPREAD * (high - low), spread);
        }
      return createGaussian(actions, horizon, refittedMean, refittedDeviation);
    },
    mode: () => Float32Array.from(mean, clip),
    shifted(taken) {
      const next = new Float64Array(mean.length).fill((low + high) / 2);
      next.set(mean.subarray(Math.min(taken, horizon) * size));
      return createGaussian(actions, horizon, next);
    },
  };
}
