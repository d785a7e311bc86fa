// How far the predictor misses, beside what a constant guess would miss: a prediction error alone says nothing, since it vanishes with the latents.
// Letters: T transitions, D latent.
import { type Latents, meanLatent } from '../../src/measures/latents.ts';

export interface Prediction {
  /** Root of the mean squared distance between predicted and true next latents. */
  readonly error: number;
  /** The same of the best constant guess, which is the mean of the true next latents. */
  readonly constantError: number;
}

/**
 * @param predicted [T, D]
 * @param next the latents [T, D] of the observations that really come next
 * @param unit what both errors are given in: the mean distance of two latents before training
 */
export function measurePrediction(predicted: Float32Array, next: Latents, unit: number): Prediction {
  const { values, count, size } = next;
  const mean = meanLatent(next);
  const rootOfMean = (guess: (i: number) => number): number =>
    Math.sqrt(values.reduce((sum, value, i) => sum + (value - guess(i)) ** 2, 0) / count) / unit;
  return { error: rootOfMean((i) => predicted[i]), constantError: rootOfMean((i) => mean[i % size]) };
}

/** Share of what a constant guess misses that the predictor misses, too: 1 where it knows nothing. */
export const shareMissed = ({ error, constantError }: Prediction): number =>
  constantError === 0 ? 1 : error / constantError;
