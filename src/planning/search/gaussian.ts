// Action words whose numbers are drawn independently from normals and clipped to the bounds.
import { type ContinuousActions, clip } from '../action-space.ts';
import type { WordDistribution } from './word-distribution.ts';

/** Standard deviation at the start, in units of the distance between the bounds: both are within two of the middle. */
const START_SPREAD = 0.25;
/** A refitted spread does not fall below this, so that later iterations still look around. */
const LEAST_SPREAD = 0.005;

/** @param mean [H, A] @param deviation [H, A] */
export function createGaussian(
  actions: ContinuousActions,
  horizon: number,
  mean: Float64Array = middleWord(actions, horizon),
  deviation: Float64Array = wordOf(actions, horizon, (low, high) => START_SPREAD * (high - low)),
): WordDistribution {
  const { size, low, high } = actions;
  return {
    sample(count, random) {
      const words = new Float32Array(horizon * count * size);
      for (let step = 0; step < horizon; step++)
        for (let n = 0; n < count; n++)
          for (let a = 0; a < size; a++)
            words[(step * count + n) * size + a] = clip(
              actions,
              a,
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
          refittedDeviation[i] = keepSpread ? deviation[i] : Math.max(LEAST_SPREAD * (high[a] - low[a]), spread);
        }
      return createGaussian(actions, horizon, refittedMean, refittedDeviation);
    },
    mode: () => Float32Array.from(mean, (value, i) => clip(actions, i % size, value)),
    shifted(taken) {
      const next = middleWord(actions, horizon);
      next.set(mean.subarray(Math.min(taken, horizon) * size));
      return createGaussian(actions, horizon, next);
    },
  };
}

function middleWord(actions: ContinuousActions, horizon: number): Float64Array {
  return wordOf(actions, horizon, (low, high) => (low + high) / 2);
}

/** [H, A]: the same for every action, out of the bounds of each number. */
function wordOf(
  { size, low, high }: ContinuousActions,
  horizon: number,
  numberOf: (low: number, high: number) => number,
): Float64Array {
  return Float64Array.from({ length: horizon * size }, (_, i) => numberOf(low[i % size], high[i % size]));
}
