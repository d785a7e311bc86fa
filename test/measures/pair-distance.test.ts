import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cosine,
  distanceMatrix,
  meanDistancesOf,
  meanPairDistance,
  measurePairs,
  squaredDistance,
  typicalDistance,
} from '../../src/measures/pair-distance.ts';
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

  test('the mean alone is that of all pairs', () => {
    const diagonal = Math.sqrt(40);
    expect(meanPairDistance(corners)).toBeCloseTo((2 + 2 + 6 + 6 + 2 * diagonal) / 6, 14);
    expect(meanPairDistance(latentsOf([[0], [1], [3]], [0, 0, 0]))).toBe((1 + 2 + 3) / 3);
  });

  test('the closest pair of two classes is named in the order of the classes, whichever comes first', () => {
    // Class 1 comes first: of its members, 5 is nearest to 4 of class 0, and 9 to 12 of class 2.
    const three = latentsOf([[5], [0], [4], [9], [12], [20]], [1, 0, 0, 1, 2, 2]);
    const { closestPair, smallestBetween, nearestOther } = measurePairs(three);
    const of = (a: number, b: number) => Array.from(closestPair.subarray(2 * (3 * a + b), 2 * (3 * a + b) + 2));
    expect(of(0, 1)).toEqual([2, 0]);
    expect(of(1, 0)).toEqual([0, 2]);
    expect(of(1, 2)).toEqual([3, 4]);
    expect(of(2, 1)).toEqual([4, 3]);
    expect(of(0, 2)).toEqual([2, 4]);
    expect(of(0, 0)).toEqual([-1, -1]);
    expect(Array.from(smallestBetween)).toEqual([0, 1, 8, 1, 0, 3, 8, 3, 0]);
    expect(Array.from(nearestOther)).toEqual([1, 5, 1, 3, 3, 11]);
  });

  test('the nearest of several equally near is the first, the second nearest as near', () => {
    const { nearest, nearestDistance, secondDistance } = measurePairs(latentsOf([[1], [0], [2], [5]], [0, 0, 1, 1]));
    expect(Array.from(nearest)).toEqual([1, 0, 0, 2]);
    expect(Array.from(nearestDistance)).toEqual([1, 1, 1, 3]);
    expect(Array.from(secondDistance)).toEqual([1, 2, 2, 4]);
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

  test('the typical distance leaves out the farthest twentieth of the pairs', () => {
    // All pairs of 20 observations are looked at, each twice: 171 of the 190 are 0, those with the far one 1000.
    const far = latentsOf(
      Array.from({ length: 20 }, (_, n) => [n === 7 ? 1000 : 0]),
      Array(20).fill(0),
    );
    // 361 of the 380 are kept, 342 of them 0.
    expect(typicalDistance(far)).toBeCloseTo((19 * 1000) / 361, 9);
    expect(typicalDistance({ values: Float32Array.of(0, 3), count: 2, size: 1 })).toBe(3);
    expect(typicalDistance({ values: Float32Array.of(3), count: 1, size: 1 })).toBe(0);
  });

  test('the typical distance of a few is the mean over all their pairs', () => {
    // 0, 3, 6 and 9 along the line (3, 4) / 5: six distances of 3, four of 6 and two of 9, all of which are kept.
    const values = Float32Array.from([0, 3, 6, 9].flatMap((at) => [0.6 * at, 0.8 * at]));
    expect(typicalDistance({ values, count: 4, size: 2 })).toBeCloseTo((6 * 3 + 4 * 6 + 2 * 9) / 12, 6);
  });

  test('the typical distance of more is that of pairs at 4,096 / N offsets, spread evenly', () => {
    const values = Float32Array.from({ length: 100 }, (_, n) => (n * 37) % 101);
    const distances: number[] = [];
    for (let round = 0; round < 41; round++)
      for (let i = 0; i < 100; i++)
        distances.push(Math.abs(values[i] - values[(i + 1 + Math.floor((round * 99) / 41)) % 100]));
    const kept = distances.sort((a, b) => a - b).slice(0, 3895);
    expect(typicalDistance({ values, count: 100, size: 1 })).toBeCloseTo(kept.reduce((a, b) => a + b) / 3895, 9);
  });

  test('the typical distance of many stands for that of all', () => {
    // 0, 1, 2 by turns; of every second with the next: 3,000 are 1 apart and 1,500 are 2, of which 225 go.
    const values = Float32Array.from({ length: 9000 }, (_, n) => n % 3);
    expect(typicalDistance({ values, count: 9000, size: 1 })).toBeCloseTo((3000 + 2 * 1275) / 4275, 12);
  });

  test('a matrix is of the chosen rows, in their order', () => {
    expect(Array.from(distanceMatrix(latentsOf([[0], [1], [4]], [0, 0, 0]), [2, 0, 1]))).toEqual([
      0, 4, 3, 4, 0, 1, 3, 1, 0,
    ]);
  });

  test('a matrix of rows of two numbers has their distances', () => {
    const rows = latentsOf(
      [
        [0, 0],
        [9, 9],
        [3, 4],
      ],
      [0, 0, 0],
    );
    expect(Array.from(distanceMatrix(rows, [0, 2]))).toEqual([0, 5, 5, 0]);
  });

  test('a squared distance is the sum over the row alone, wherever it begins', () => {
    const a = Float32Array.from({ length: 24 }, (_, k) => (k * k) % 17);
    const b = Float32Array.from({ length: 24 }, (_, k) => (5 * k) % 13);
    for (let size = 0; size <= 10; size++)
      for (const [aOffset, bOffset] of [
        [0, 0],
        [3, 0],
        [11, 12],
      ]) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += (a[aOffset + k] - b[bOffset + k]) ** 2;
        expect(squaredDistance(a, aOffset, b, bOffset, size)).toBe(sum);
      }
  });

  test('observations of three blocks on a line are met once', () => {
    const rows = Array.from({ length: 130 }, (_, n) => [n]);
    const line = latentsOf(
      rows,
      rows.map((_, n) => n % 2),
    );
    const { meanDistance, largestWithin, nearest, secondDistance, sumToClass, histogram } = measurePairs(line);
    expect(meanDistance).toBeCloseTo(131 / 3, 9);
    expect(meanPairDistance(line)).toBeCloseTo(131 / 3, 9);
    expect(Array.from(largestWithin)).toEqual([128, 128]);
    expect(Array.from(nearest)).toEqual([1, ...Array.from({ length: 129 }, (_, n) => n)]);
    expect(Array.from(secondDistance)).toEqual([2, ...Array<number>(128).fill(1), 2]);
    // From 0 to 2, 4, ... 128, and to 1, 3, ... 129.
    expect(Array.from(sumToClass.subarray(0, 2))).toEqual([64 * 65, 65 * 65]);
    expect([histogram.within, histogram.between].map((counts) => counts.reduce((sum, n) => sum + n))).toEqual([
      65 * 64,
      65 * 65,
    ]);
  });

  test('the largest distance within a class need not be the last', () => {
    expect(Array.from(measurePairs(latentsOf([[0], [5], [4]], [0, 0, 0])).largestWithin)).toEqual([5]);
  });

  test('the histogram ends with the last pair, which may be twice as far as any from the first', () => {
    // -1 and 1 are on either side of the first: bin 64 of 1/32 each.
    const { histogram } = measurePairs(latentsOf([[0], [-1], [1], [0]], [0, 0, 1, 1]));
    expect(histogram.width).toBe(1 / 32);
    expect(histogram.between).toHaveLength(65);
    expect(histogram.between[64]).toBe(1);
    // As many within as between at the largest distance, half of twice it.
    const even = measurePairs(latentsOf([[0], [2], [2], [0]], [0, 0, 1, 1])).histogram;
    expect([even.within, even.between].map((counts) => [counts.length, counts[32], counts[0]])).toEqual([
      [33, 2, 0],
      [33, 2, 2],
    ]);
  });

  test('one alone has no neighbour', () => {
    const one = { values: Float32Array.of(3), count: 1, size: 1, labels: Int32Array.of(0), classCount: 1 };
    const { nearest, nearestDistance, histogram } = measurePairs(one);
    expect(Array.from(nearest)).toEqual([-1]);
    expect(Array.from(nearestDistance)).toEqual([Number.POSITIVE_INFINITY]);
    expect([histogram.within, histogram.between]).toEqual([Float64Array.of(0), Float64Array.of(0)]);
  });

  test('a cosine is that of the two rows, and says of rows of 0 whether both are', () => {
    const rows = [3, 4, 4, 3, 0, 0, 0, 0, -3, -4];
    expect(cosine(rows, 0, rows, 2, 2)).toBeCloseTo(24 / 25, 15);
    expect(cosine(rows, 0, rows, 8, 2)).toBe(-1);
    expect(cosine(rows, 0, rows, 4, 2)).toBe(0);
    expect(cosine(rows, 4, rows, 6, 2)).toBe(1);
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
