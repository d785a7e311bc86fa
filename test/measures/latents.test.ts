import { describe, expect, test } from 'vitest';
import { JepaError, UsageError } from '../../src/error.ts';
import {
  countNonFinite,
  createLatents,
  labelLatents,
  meanLatent,
  metrics,
  rootMeanSquareNorm,
  roundingLength,
  standardDeviations,
  underMetric,
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
      [() => createLatents(Float32Array.of(), 0), 'got 0 values in rows of 0'],
      [() => createLatents(Float32Array.of(1, 2, 3), 1.5), 'got 3 values in rows of 1.5'],
      [() => createLatents(Float32Array.of(1, 2), -1), 'got 2 values in rows of -1'],
      [() => labelLatents(latents, Int32Array.of(0, 0, 1, -1), 2), 'expected labels in 0..1, got -1'],
      [() => labelLatents(latents, Int32Array.of(0, 0, 0, 1), 2), 'got 1 of class 1'],
      [() => labelLatents(latents, Int32Array.of(0, 1, 1, 1), 2), 'got 1 of class 0'],
    ];
    for (const [call, message] of refused) {
      expect(call).toThrow(UsageError);
      expect(call).toThrow(message);
    }
  });

  test('what to do about it is said', () => {
    const remedyOf = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        return error instanceof JepaError ? error.remedy : undefined;
      }
      return undefined;
    };
    expect(remedyOf(() => createLatents(Float32Array.of(Number.NaN), 1))).toBe(
      'The encoder has diverged, or this runtime overflows: look at the losses, or choose another precision.',
    );
    const latents = createLatents(Float32Array.of(1, 2), 1);
    expect(remedyOf(() => labelLatents(latents, Int32Array.of(0, 1), 2))).toBe('Evaluate more observations.');
  });

  test('under the cosine latents have length 1, and what is 0 stays 0', () => {
    const latents = createLatents(Float32Array.of(3, 4, 0, 0, 0, -2), 2);
    expect(underMetric(latents, 'cosine')).toEqual({
      values: Float32Array.of(0.6, 0.8, 0, 0, 0, -1),
      count: 3,
      size: 2,
    });
    expect(underMetric(latents, 'euclidean')).toBe(latents);
    expect(underMetric(latents)).toBe(latents);
    expect(metrics).toEqual(['euclidean', 'cosine']);
  });

  test('a step of rounding is that of the largest number of each dimension', () => {
    // 1 and 8, and a third number that is always 0.
    const latents = createLatents(Float32Array.of(1, 2, 0, 0.5, -8, 0), 3);
    expect(roundingLength(latents)).toBeCloseTo(Math.sqrt(2 ** -48 + 2 ** -42), 20);
    // Of subnormal numbers all steps are alike.
    expect(roundingLength(createLatents(Float32Array.of(2 ** -140, 2 ** -149), 1))).toBe(2 ** -149);
    expect(roundingLength(createLatents(new Float32Array(4), 2))).toBe(0);
  });
});
