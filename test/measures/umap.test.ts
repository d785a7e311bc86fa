import { describe, expect, test } from 'vitest';
import { createLatents } from '../../src/measures/latents.ts';
import { umapOf } from '../../src/measures/umap.ts';
import { randomFor } from '../../src/random.ts';

/** Two clusters of 40 in 5 dimensions, 10 apart. */
function clusters() {
  const random = randomFor(0, 'umap test');
  return createLatents(
    Float32Array.from({ length: 400 }, (_, i) => (i % 5 === 0 && i >= 200 ? 10 : 0) + random.normal()),
    5,
  );
}
const all = Array.from({ length: 80 }, (_, i) => i);

describe('UMAP', () => {
  test('keeps two clusters apart', () => {
    const points = umapOf(clusters(), all, 0) ?? new Float64Array(0);
    expect(points).toHaveLength(160);
    const mean = (start: number, axis: number) => {
      const own = all.slice(start, start + 40).map((i) => points[2 * i + axis]);
      return own.reduce((sum, value) => sum + value, 0) / 40;
    };
    const centres = [0, 40].map((start) => [mean(start, 0), mean(start, 1)]);
    const nearest = all.map((i) => {
      const [a, b] = centres.map(([x, y]) => Math.hypot(points[2 * i] - x, points[2 * i + 1] - y));
      return a < b ? 0 : 1;
    });
    expect(nearest).toEqual(all.map((i) => (i < 40 ? 0 : 1)));
  });

  test('the same seed gives the same picture, another seed another', () => {
    const once = umapOf(clusters(), all, 0);
    expect(umapOf(clusters(), all, 0)).toEqual(once);
    expect(umapOf(clusters(), all, 1)).not.toEqual(once);
  });

  test('there is no picture of fewer observations than neighbours', () => {
    expect(umapOf(clusters(), all.slice(0, 15), 0)).toBeUndefined();
  });
});
