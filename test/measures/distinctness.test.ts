import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/error.ts';
import { measureDistinctness } from '../../src/measures/distinctness.ts';
import { type LabelledLatents, labelLatents } from '../../src/measures/latents.ts';
import { randomFor } from '../../src/random.ts';
import { latentsOf } from '../evaluation/reference.ts';

const CLASSES = 4;
const COUNT = 400;
const SIZE = 8;

/** Gaussian clusters: the centres `apart` from each other along their own axes, noise of deviation `noise`. */
function clusters(apart: number, noise: number, purpose: string): LabelledLatents {
  const random = randomFor(0, purpose);
  const labels = Int32Array.from({ length: COUNT }, (_, i) => i % CLASSES);
  const values = new Float32Array(COUNT * SIZE);
  for (let i = 0; i < values.length; i++) {
    const isOwnAxis = i % SIZE === labels[Math.floor(i / SIZE)];
    values[i] = (isOwnAxis ? apart / Math.SQRT2 : 0) + noise * random.normal();
  }
  return labelLatents({ values, count: COUNT, size: SIZE }, labels, CLASSES);
}

const measure = (apart: number, noise: number, untrainedMeanDistance?: number) =>
  measureDistinctness({
    latents: clusters(apart, noise, 'judged'),
    centroidLatents: clusters(apart, noise, 'centroids'),
    untrainedMeanDistance,
  });

describe('distinctness', () => {
  test('of clusters is what their geometry says', () => {
    const distinctness = measure(4, 0.25);
    expect(distinctness.decision.verdict).toBe('distinct');
    expect(distinctness.centroids.accuracy).toBe(1);
    expect(distinctness.nearestNeighbourAccuracy).toBe(1);
    // Centres 4 apart; the mean length of noise in 8 dimensions is 0.25 x sqrt(2) Gamma(4.5) / Gamma(4).
    const radius = 0.25 * Math.SQRT2 * (11.631728396567448 / 6);
    expect(distinctness.centroids.centroidGapRatio).toBeGreaterThan((0.9 * 4) / (2 * radius));
    expect(distinctness.centroids.centroidGapRatio).toBeLessThan((1.05 * 4) / (2 * radius));
    expect(distinctness.gaps.gapRatio).toBeGreaterThan(1);
    expect(distinctness.silhouette).toBeGreaterThan(0.7);
  });

  test('more noise leaves no ball around a class clear of the others, but the classes are told apart as before', () => {
    const distinctness = measure(4, 1);
    expect(distinctness.decision.verdict).toBe('distinct');
    expect(distinctness.centroids.accuracy).toBeGreaterThan(0.9);
    expect(distinctness.centroids.centroidGapRatio).toBeLessThan(1);
    expect(distinctness.gaps.gapRatio).toBeLessThan(1);
  });

  test('noise without classes is coarse where it has the room of the untrained encoder, collapsed where it has not', () => {
    expect(measure(0, 1, 4).decision.verdict).toBe('coarse');
    expect(measure(0, 0.01, 4).decision.verdict).toBe('collapsed');
  });

  test('is the same for latents of another scale', () => {
    const scaled = (latents: LabelledLatents) => ({
      ...latents,
      values: latents.values.map((value) => value * 2 ** -20),
    });
    const latents = clusters(4, 0.25, 'judged');
    const centroidLatents = clusters(4, 0.25, 'centroids');
    const plain = measureDistinctness({ latents, centroidLatents });
    const small = measureDistinctness({ latents: scaled(latents), centroidLatents: scaled(centroidLatents) });
    expect(small.centroids.centroidGapRatio).toBeCloseTo(plain.centroids.centroidGapRatio, 12);
    expect(small.gaps.gapRatio).toBe(plain.gaps.gapRatio);
    expect(small.decision.verdict).toBe('distinct');
  });

  test('one class, centroids of other classes, and a scale that is none, are refused', () => {
    const one = latentsOf([[0], [1]], [0, 0]);
    expect(() => measureDistinctness({ latents: one, centroidLatents: one })).toThrow(UsageError);
    const two = latentsOf([[0], [0], [1], [1]], [0, 0, 1, 1]);
    for (const untrainedMeanDistance of [Number.NaN, -1])
      expect(() => measureDistinctness({ latents: two, centroidLatents: two, untrainedMeanDistance })).toThrow(
        `distinctness: expected a mean distance of untrained latents from 0 on, got ${untrainedMeanDistance}`,
      );
    const three = latentsOf([[0], [0], [1], [1], [2], [2]], [0, 0, 1, 1, 2, 2]);
    expect(() => measureDistinctness({ latents: two, centroidLatents: three })).toThrow(
      'expected centroids of 2 classes in 1 dimensions, got 3 in 1',
    );
  });
});
