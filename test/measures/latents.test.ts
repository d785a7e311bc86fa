import { describe, expect, test } from 'vitest';
import { JepaError, UsageError } from '../../src/error.ts';
import {
  countNonFinite,
  createLatents,
  labelLatents,
  meanLatent,
  rootMeanSquareNorm,
  standardDeviations,
} from '../../src/measures/latents.ts';
import { reference, referenceLatents } from '../evaluation/reference.ts';

describe('latents', () => {
  test('the fixture has the numbers of reference.py', () => {
    expect(Array.from(referenceLatents().values.subarray(0, 5))).toEqual(reference.firstLatent);
  });

  test('standard deviations are those of NumPy', () => {
    standardDeviations(referenceLatents()).forEach((deviation, k) => {
      expect(deviation).toBeCloseTo(reference.standardDeviations[k], 14);
    });
  });

  test('a standard deviation far from the origin keeps its digits', () => {
    // float32 holds 4096 + n/4 exactly; the deviation of 0, 1/4, 2/4, 3/4 is sqrt(5)/8.
    const latents = createLatents(Float32Array.of(4096, 4096.25, 4096.5, 4096.75), 1);
    expect(standardDeviations(latents)[0]).toBeCloseTo(Math.sqrt(5) / 8, 15);
    expect(meanLatent(latents)[0]).toBe(4096.375);
  });

  test('the root mean square norm of (3, 4) and (0, 0) is sqrt(12.5)', () => {
    expect(rootMeanSquareNorm(createLatents(Float32Array.of(3, 4, 0, 0), 2))).toBe(Math.sqrt(12.5));
  });

  test('latents that are not finite are refused with their number', () => {
    const values = Float32Array.of(1, Number.NaN, 2, Number.NEGATIVE_INFINITY);
    expect(countNonFinite(values)).toBe(2);
    expect(() => createLatents(values, 2)).toThrow(JepaError);
    expect(() => createLatents(values, 2)).toThrow(
      'latents: expected finite numbers, got 2 of 4 that are NaN or infinite',
    );
  });

  test('rows that are not whole, labels that do not fit and classes of one are refused', () => {
    const latents = createLatents(Float32Array.of(1, 2, 3, 4), 1);
    const refused: readonly [() => unknown, string][] = [
      [() => createLatents(Float32Array.of(1, 2, 3), 2), 'expected rows of a positive size, got 3 values in rows of 2'],
      [() => labelLatents(latents, Int32Array.of(0, 0, 1), 2), 'expected 4 labels, got 3'],
      [() => labelLatents(latents, Int32Array.of(0, 0, 1, 2), 2), 'expected labels in 0..1, got 2'],
      [() => labelLatents(latents, Int32Array.of(0, 0, 0, 1), 2), 'got 1 of class 1'],
    ];
    for (const [call, message] of refused) {
      expect(call).toThrow(UsageError);
      expect(call).toThrow(message);
    }
  });
});
