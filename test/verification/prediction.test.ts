// The tolerance of predictions against numbers worked out by hand, and that it is sound.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  largestRowDistance,
  predictedClasses,
  predictionTolerance,
  smallestRowCosine,
} from '../../src/verification/prediction.ts';

const centroids = Float64Array.of(0, 0, 10, 0);

describe('predictionTolerance', () => {
  test('a prediction belongs to the nearest centroid, with the difference to the next as its margin', () => {
    const { nearest, margins } = predictedClasses(Float32Array.of(1, 0, 4, 0, 9, 0), centroids, 2);
    expect(Array.from(nearest)).toEqual([0, 0, 1]);
    expect(Array.from(margins)).toEqual([8, 2, 8]);
  });

  test('a quarter of the margin that 3/4 of each class have, and never more than the verdict allows', () => {
    // Margins of class 0: 8, 6, 4, 2; three quarters of them are at least 4. Of class 1: 10.
    const classes = predictedClasses(Float32Array.of(1, 0, 2, 0, 3, 0, 4, 0, 10, 0), centroids, 2);
    expect(predictionTolerance(classes, 5, 'distinct')).toBe(1);
    expect(predictionTolerance(classes, 0.3, 'distinct')).toBe(0.3);
    expect(predictionTolerance(classes, 5, 'coarse')).toBe(5);
  });

  test('whatever moves by less, three quarters of each class stay where they were', () => {
    const coordinate = fc.double({ min: -10, max: 10, noNaN: true });
    const points = fc.array(coordinate, { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(
        points,
        fc.array(coordinate, { minLength: 6, maxLength: 6 }),
        fc.integer(),
        (values, places, seed) => {
          const predicted = Float32Array.from(values);
          const original = Float64Array.from(places);
          const before = predictedClasses(predicted, original, 2);
          // A hair below the tolerance: float32 rounds what is moved.
          const error = predictionTolerance(before, 100, 'distinct') * 0.999 - 1e-5;
          if (error <= 0) return;
          let state = seed;
          const move = (values: ArrayLike<number>) => {
            const moved = Array.from(values);
            for (let i = 0; i < moved.length; i += 2) {
              state = (Math.imul(state, 1103515245) + 12345) | 0;
              const angle = (state >>> 8) % 628;
              moved[i] += error * Math.cos(angle / 100);
              moved[i + 1] += error * Math.sin(angle / 100);
            }
            return moved;
          };
          const after = predictedClasses(Float32Array.from(move(predicted)), Float64Array.from(move(original)), 2);
          for (const label of new Set(before.nearest)) {
            const own = Array.from(before.nearest.keys()).filter((i) => before.nearest[i] === label);
            const kept = own.filter((i) => after.nearest[i] === label);
            expect(kept.length / own.length).toBeGreaterThanOrEqual(0.75);
          }
        },
      ),
    );
  });
});

describe('distances and cosines of rows', () => {
  test('the largest and the smallest count', () => {
    const a = Float32Array.of(1, 0, 0, 2);
    expect(largestRowDistance(a, Float32Array.of(1, 1, 3, 6), 2)).toBe(5);
    expect(smallestRowCosine(a, Float32Array.of(2, 0, 1, 1), 2)).toBeCloseTo(Math.SQRT1_2, 12);
    expect(largestRowDistance(a, Float32Array.of(1, Number.NaN, 0, 2), 2)).toBe(Number.POSITIVE_INFINITY);
    expect(smallestRowCosine(Float32Array.of(0, 0), Float32Array.of(0, 0), 2)).toBe(1);
    expect(smallestRowCosine(Float32Array.of(0, 0), Float32Array.of(1, 0), 2)).toBe(0);
  });
});
