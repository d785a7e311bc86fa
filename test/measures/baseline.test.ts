// Measures of the baseline, with numbers worked by hand.
import { describe, expect, test } from 'vitest';
import { createBaseline, measureBaseline } from '../../src/measures/baseline.ts';

const pixels = (count: number) => new Uint8Array(count);
const labelled = (...labels: number[]) => ({ observations: pixels(labels.length), labels: Int32Array.from(labels) });

describe('baseline', () => {
  test('two classes on a line: accuracy, gap ratios and mean distance', () => {
    const baseline = createBaseline(labelled(0, 0, 1, 1), labelled(0, 0, 1, 1), 2);
    // Judged: 0 and 2 of class 0; 6 and 4 of class 1. Centroids, of other observations: 1 and 5.
    const latents = Float32Array.of(0, 2, 6, 4);
    const measures = measureBaseline(baseline, 1, latents, Float32Array.of(0, 2, 4, 6));
    expect(measures.accuracy).toBe(1);
    // Distance 4 of the centroids over twice the radius 1.
    expect(measures.centroidGapRatio).toBe(2);
    // Smallest distance 2 over the diameter 2.
    expect(measures.gapRatio).toBe(1);
    // 2 + 6 + 4 + 4 + 2 + 2 over six pairs.
    expect(measures.meanDistance).toBeCloseTo(20 / 6, 12);
    expect(measures.effectiveRank).toBeCloseTo(1, 12);
    expect(measures.intrinsicDimension).toBeNaN();
  });

  test('an observation nearer to the other centroid is a mistake', () => {
    const baseline = createBaseline(labelled(0, 0, 1, 1), labelled(0, 0, 1, 1), 2);
    const measures = measureBaseline(baseline, 1, Float32Array.of(0, 4, 6, 4), Float32Array.of(0, 2, 4, 6));
    expect(measures.accuracy).toBe(0.75);
  });

  test.each([
    ['one class', labelled(0, 0, 0), labelled(0, 0, 0), 1],
    ['a class that was seen once', labelled(0, 0, 1), labelled(0, 0, 1, 1), 2],
    ['a class that has no centroid', labelled(0, 0, 1, 1), labelled(0, 0, 0), 2],
  ])('with %s nothing is said of classes, and the rest is measured', (_, judged, others, classCount) => {
    const baseline = createBaseline(judged, others, classCount);
    expect(baseline.classes).toBeUndefined();
    const latents = Float32Array.from({ length: judged.labels.length }, (_, n) => n);
    const measures = measureBaseline(baseline, 1, latents, new Float32Array(0));
    expect(Object.keys(measures)).toEqual([
      'meanDistance',
      'rankMe',
      'effectiveRank',
      'intrinsicDimension',
      'alphaReQ',
    ]);
    expect(measures.meanDistance).toBeGreaterThan(1);
  });

  test('latents that are not finite give no numbers, and no error: the training says so itself', () => {
    const baseline = createBaseline(labelled(0, 0, 1, 1), labelled(0, 0, 1, 1), 2);
    const measures = measureBaseline(baseline, 1, Float32Array.of(0, Number.NaN, 1, 2), Float32Array.of(0, 2, 4, 6));
    expect(Object.keys(measures)).toContain('accuracy');
    for (const value of Object.values(measures)) expect(value).toBeNaN();
  });
});
