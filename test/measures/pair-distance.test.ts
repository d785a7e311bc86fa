import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceMatrix, meanDistancesOf, measurePairs, squaredDistance } from '../../src/measures/pair-distance.ts';
import { latentsOf, reference, referenceLatents } from '../evaluation/reference.ts';

/** Two classes, each two points 2 apart, the classes 6 apart. */
const corners = latentsOf(
  [
    [0, 0],
    [0, 2],
    [6, 0],
    [6, 2],
  ],
  [0, 0, 1, 1],
);

describe('pair distances', () => {
  test('of four corners are those worked by hand', () => {
    const pairs = measurePairs(corners);
    const diagonal = Math.sqrt(40);
    expect(pairs.meanDistance).toBeCloseTo((2 + 2 + 6 + 6 + 2 * diagonal) / 6, 14);
    expect(Array.from(pairs.smallestBetween)).toEqual([0, 6, 6, 0]);
    expect(Array.from(pairs.largestWithin)).toEqual([2, 2]);
    // The closest pair of the classes 0 and 1 is found in this order: observations 0 and 2.
    expect(Array.from(pairs.closestPair.subarray(2, 6))).toEqual([0, 2, 2, 0]);
    expect(Array.from(pairs.nearest)).toEqual([1, 0, 3, 2]);
    expect(Array.from(pairs.nearestDistance)).toEqual([2, 2, 2, 2]);
    expect(Array.from(pairs.secondDistance)).toEqual([6, 6, 6, 6]);
    expect(pairs.sumToClass[0]).toBe(2);
    expect(pairs.sumToClass[1]).toBeCloseTo(6 + diagonal, 14);
  });

  test('within and between classes are averaged apart', () => {
    const { within, between } = meanDistancesOf(measurePairs(corners), corners);
    expect(within).toBe(2);
    expect(between).toBeCloseTo((6 + 6 + 2 * Math.sqrt(40)) / 4, 14);
  });

  test('every pair is in the histogram once, within or between', () => {
    const { histogram } = measurePairs(corners);
    const at = (counts: Float64Array, distance: number) => counts[Math.floor(distance / histogram.width)];
    expect(histogram.within.reduce((sum, n) => sum + n)).toBe(2);
    expect(histogram.between.reduce((sum, n) => sum + n)).toBe(4);
    expect(at(histogram.within, 2)).toBe(2);
    expect(at(histogram.between, 6)).toBe(2);
    expect(at(histogram.between, Math.sqrt(40))).toBe(2);
  });

  test('the mean distance is that of scikit-learn', () => {
    expect(measurePairs(referenceLatents()).meanDistance).toBeCloseTo(reference.meanDistance, 13);
  });

  test('a small difference beside a large shared coordinate keeps its digits', () => {
    // |a|^2 + |b|^2 - 2ab in float64 has no digit of it left: the squares' resolution is 2^-28.
    const values = Float32Array.of(4001.7, 1e-6, 4001.7, 3e-6);
    const truth = (values[1] - values[3]) ** 2;
    expect(squaredDistance(values, 0, values, 2, 2)).toBe(truth);
    const norm = (offset: number) => values[offset] ** 2 + values[offset + 1] ** 2;
    const dot = values[0] * values[2] + values[1] * values[3];
    expect(Math.abs(norm(0) + norm(2) - 2 * dot - truth)).toBeGreaterThanOrEqual(truth);
  });

  test('blocks change nothing: more observations than a block, against the plain double loop', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 150 }), fc.integer({ min: 1, max: 9 }), fc.nat(), (half, size, seed) => {
        const rows = Array.from({ length: 2 * half }, (_, i) =>
          Array.from({ length: size }, (_, k) => ((i * 7919 + k * 104729 + i * k * seed) % 1021) / 64),
        );
        const latents = latentsOf(
          rows,
          rows.map((_, i) => i % 2),
        );
        const pairs = measurePairs(latents);
        const matrix = distanceMatrix(
          latents,
          rows.map((_, i) => i),
        );
        const n = rows.length;
        let sum = 0;
        let smallest = Number.POSITIVE_INFINITY;
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            sum += matrix[i * n + j];
            if (i % 2 !== j % 2) smallest = Math.min(smallest, matrix[i * n + j]);
          }
        expect(pairs.meanDistance).toBeCloseTo(sum / (n * (n - 1)), 9);
        expect(pairs.smallestBetween[1]).toBe(smallest);
        const total = [pairs.histogram.within, pairs.histogram.between].flatMap((counts) => Array.from(counts));
        expect(total.reduce((count, each) => count + each, 0)).toBe((n * (n - 1)) / 2);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  test('a point has distances of zero', () => {
    const pairs = measurePairs(
      latentsOf(
        [
          [1, 1],
          [1, 1],
          [1, 1],
          [1, 1],
        ],
        [0, 1, 0, 1],
      ),
    );
    expect(pairs.meanDistance).toBe(0);
    expect(pairs.smallestBetween[1]).toBe(0);
    expect(Array.from(pairs.histogram.between)).toEqual([4]);
  });
});
