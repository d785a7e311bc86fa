// What a prediction error is worth beside that of a constant guess.
import { describe, expect, test } from 'vitest';
import { createLatents } from '../../../src/measures/latents.ts';
import { measurePrediction, shareMissed } from '../../../web/play/prediction.ts';

/** Four latents of two numbers: corners of a square with sides of 2 around (1, 1), which is sqrt(2) away from each. */
const next = Float32Array.of(0, 0, 2, 0, 0, 2, 2, 2);

describe('the prediction error', () => {
  test('is the root of the mean square, in the unit that is given', () => {
    // Misses of 3, 4, 0 and 0: 25 over four.
    const predicted = Float32Array.of(3, 0, 2, 4, 0, 2, 2, 2);
    const { error, constantError } = measurePrediction(predicted, createLatents(next, 2), 0.5);
    expect(error).toBeCloseTo(2.5 / 0.5, 12);
    expect(constantError).toBeCloseTo(Math.SQRT2 / 0.5, 12);
  });

  test('of the mean for all is that of the constant guess, however small the latents are', () => {
    for (const scale of [1, 1e-3]) {
      const small = next.map((value) => scale * value);
      const measured = measurePrediction(new Float32Array(8).fill(scale), createLatents(small, 2), 1);
      expect(shareMissed(measured)).toBeCloseTo(1, 6);
      expect(measured.error).toBeCloseTo(scale * Math.SQRT2, 6);
    }
  });

  test('of latents that are one point leaves nothing to know', () => {
    expect(shareMissed(measurePrediction(new Float32Array(4), createLatents(new Float32Array(4), 2), 1))).toBe(1);
  });
});
