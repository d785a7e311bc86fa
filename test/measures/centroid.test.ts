import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/error.ts';
import { centroidsOf, measureCentroids } from '../../src/measures/centroid.ts';
import { latentsOf, reference, referenceLatents } from '../evaluation/reference.ts';

describe('centroids', () => {
  const train = latentsOf(
    [
      [0, 0],
      [0, 2],
      [4, 0],
      [4, 2],
    ],
    [0, 0, 1, 1],
  );
  // Against the centroids (0, 1) and (4, 1): distances of the own 1, 3, 1, 2.
  const judged = latentsOf(
    [
      [0, 0],
      [3, 1],
      [4, 2],
      [2, 1],
    ],
    [0, 0, 1, 1],
  );

  test('are the means of the classes', () => {
    expect(Array.from(centroidsOf(train))).toEqual([0, 1, 4, 1]);
  });

  test('judge other observations as worked by hand; a tie is a mistake', () => {
    const measures = measureCentroids(judged, centroidsOf(train));
    expect(Array.from(measures.margins)).toEqual([Math.sqrt(17) - 1, -2, Math.sqrt(17) - 1, 0]);
    expect(measures.accuracy).toBe(0.5);
    expect(Array.from(measures.recall)).toEqual([0.5, 0.5]);
    expect(Array.from(measures.confusion)).toEqual([1, 1, 1, 1]);
    expect(Array.from(measures.rivals)).toEqual([1, 1, 0, 0]);
    expect(Array.from(measures.radii)).toEqual([2, 1.5]);
    // 4 / (2 x the larger radius of 2)
    expect(measures.centroidGapRatio).toBe(1);
    expect(measures.worstPair).toEqual([0, 1]);
  });

  test('the smallest pair ratio is the worst class: nearest centroid / (2 x own mean distance)', () => {
    const latents = referenceLatents();
    const { centroidDistances, radii, centroidGapRatio } = measureCentroids(latents, centroidsOf(latents));
    const byClass = Array.from(radii, (radius, c) => {
      const others = [0, 1, 2].filter((other) => other !== c).map((other) => centroidDistances[c * 3 + other]);
      return Math.min(...others) / (2 * radius);
    });
    expect(centroidGapRatio).toBeCloseTo(Math.min(...byClass), 14);
  });

  test('the accuracy is that of scikit-learn', () => {
    const centroids = centroidsOf(referenceLatents(1000));
    expect(measureCentroids(referenceLatents(), centroids).accuracy).toBeCloseTo(reference.nearestCentroidAccuracy, 14);
  });

  test('centroids of another shape are refused', () => {
    expect(() => measureCentroids(judged, new Float64Array(6))).toThrow(UsageError);
    expect(() => measureCentroids(judged, new Float64Array(6))).toThrow('expected 2 of 2 numbers, got 6 numbers');
  });

  test('of three classes, one of them with a tie, the counts are those worked by hand', () => {
    const three = latentsOf([[0], [1], [10.5], [11.5], [12], [13], [11]], [0, 0, 1, 1, 2, 2, 2]);
    const measures = measureCentroids(three, Float64Array.of(0, 10, 12));
    // 11.5 is nearer to 12; 11 is as near to 10, which is a mistake.
    expect(Array.from(measures.confusion)).toEqual([2, 0, 0, 0, 1, 1, 0, 1, 2]);
    expect(Array.from(measures.recall)).toEqual([1, 1 / 2, 2 / 3]);
    expect(measures.accuracy).toBe(5 / 7);
    expect(Array.from(measures.rivals)).toEqual([1, 1, 2, 2, 1, 1, 1]);
    expect(measures.worstPair).toEqual([1, 2]);
    expect(measures.centroidGapRatio).toBe(1);
  });

  test('of equally near rivals the first is named; of one class there is none', () => {
    const one = latentsOf([[0], [0], [-5], [-5], [5], [5]], [0, 0, 1, 1, 2, 2]);
    expect(measureCentroids(one, Float64Array.of(0, -5, 5)).rivals[0]).toBe(1);
    const alone = measureCentroids(latentsOf([[0], [2]], [0, 0]), Float64Array.of(1));
    expect(Array.from(alone.margins)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(alone.accuracy).toBe(1);
  });
});
