import { describe, expect, test } from 'vitest';
import { measureClassGaps, nearestNeighbourAccuracy, silhouette } from '../../src/measures/class-gap.ts';
import { measurePairs } from '../../src/measures/pair-distance.ts';
import { latentsOf, reference, referenceLatents } from '../evaluation/reference.ts';

/** Three classes on a line: 0 and 1, 4 and 6, 7 and 8. Gaps 3 (0-1), 6 (0-2), 1 (1-2); diameters 1, 2, 1. */
const line = latentsOf([[0], [1], [4], [6], [7], [8]], [0, 0, 1, 1, 2, 2]);

describe('class gaps', () => {
  test('of three classes on a line are those worked by hand', () => {
    const gaps = measureClassGaps(line, measurePairs(line));
    expect(Array.from(gaps.ratios)).toEqual([Infinity, 3 / 2, 6, 3 / 2, Infinity, 1 / 2, 6, 1 / 2, Infinity]);
    expect(gaps.gapRatio).toBe(1 / 2);
    expect(gaps.worstPair).toEqual([1, 2]);
    expect(gaps.smallestGap).toBe(1);
    expect(gaps.closestObservations).toEqual([3, 4]);
  });

  test('classes that are points are infinitely far apart, or not at all', () => {
    const apart = latentsOf([[0], [0], [1], [1]], [0, 0, 1, 1]);
    expect(measureClassGaps(apart, measurePairs(apart))).toMatchObject({ gapRatio: Infinity, worstPair: [0, 1] });
    const same = latentsOf([[1], [1], [1], [1]], [0, 0, 1, 1]);
    expect(measureClassGaps(same, measurePairs(same)).gapRatio).toBe(0);
  });

  test('the worst pair is the one with the smallest ratio, the first of several', () => {
    const gapsOf = (gaps: readonly number[]) => {
      let at = 0;
      const starts = [0, ...gaps.map((gap) => (at += 1 + gap))];
      const rows = starts.flatMap((start) => [[start], [start + 1]]);
      const labels = starts.flatMap((_, label) => [label, label]);
      const latents = latentsOf(rows, labels);
      return measureClassGaps(latents, measurePairs(latents));
    };
    expect(gapsOf([4, 3, 2])).toMatchObject({
      worstPair: [2, 3],
      gapRatio: 2,
      smallestGap: 2,
      closestObservations: [5, 6],
    });
    expect(gapsOf([4, 2, 3])).toMatchObject({
      worstPair: [1, 2],
      gapRatio: 2,
      smallestGap: 2,
      closestObservations: [3, 4],
    });
    expect(gapsOf([2, 3, 2])).toMatchObject({ worstPair: [0, 1], closestObservations: [1, 2] });
  });

  test('of one class there is no pair', () => {
    const one = latentsOf([[0], [1]], [0, 0]);
    const gaps = measureClassGaps(one, measurePairs(one));
    expect(gaps).toMatchObject({ worstPair: [0, 0], smallestGap: Infinity, closestObservations: [-1, -1] });
  });

  test('the silhouette of one point is 0', () => {
    const same = latentsOf([[1], [1], [1], [1]], [0, 0, 1, 1]);
    expect(silhouette(same, measurePairs(same))).toBe(0);
  });

  test('the nearest neighbour of 6 is 7, of another class: 5 of 6 are right, 4 of 6 with 7 itself', () => {
    // 4 -> 6 (right), 6 -> 7 (wrong), 7 -> 6 or 8, equally near: the smaller index, 6, is taken (wrong).
    expect(nearestNeighbourAccuracy(line, measurePairs(line))).toBe(4 / 6);
  });

  test('the silhouette of two pairs is worked by hand', () => {
    const pairs = latentsOf([[0], [1], [4], [5]], [0, 0, 1, 1]);
    // 0: a 1, b 4.5; 1: a 1, b 3.5; the other two mirror them.
    expect(silhouette(pairs, measurePairs(pairs))).toBeCloseTo((1 - 1 / 4.5 + (1 - 1 / 3.5)) / 2, 14);
  });

  test('in the silhouette a class of one counts as 0, and one without observations is no neighbour', () => {
    const latents = {
      values: Float32Array.of(0, 1, 4),
      count: 3,
      size: 1,
      labels: Int32Array.of(0, 0, 2),
      classCount: 3,
    };
    // 0: a 1, b 4; 1: a 1, b 3; 4 is alone.
    expect(silhouette(latents, measurePairs(latents))).toBeCloseTo((3 / 4 + 2 / 3) / 3, 14);
  });

  test('silhouette and 1-NN accuracy are those of scikit-learn', () => {
    const latents = referenceLatents();
    const pairs = measurePairs(latents);
    expect(silhouette(latents, pairs)).toBeCloseTo(reference.silhouette, 13);
    expect(nearestNeighbourAccuracy(latents, pairs)).toBe(reference.nearestNeighbourAccuracy);
  });
});
