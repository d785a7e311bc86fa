import { describe, expect, test } from 'vitest';
import type { LabelledLatents } from '../../src/measures/latents.ts';
import { linearProbes } from '../../src/measures/linear-probe.ts';
import { randomFor } from '../../src/random.ts';
import { latentsOf } from '../evaluation/reference.ts';

describe('linear probes', () => {
  test('of two classes on a line are those worked by hand, one for each ridge', () => {
    // Means -2 and 2, variances 1 within and 5 in all: w (1 + 5 ridge) = the mean.
    const line = latentsOf([[-3], [-1], [1], [3]], [0, 0, 1, 1]);
    const [first, second] = linearProbes(line, [0.2, 0.6]);
    expect(Array.from(first.weights)).toEqual([expect.closeTo(-1, 12), expect.closeTo(1, 12)]);
    expect(Array.from(second.weights)).toEqual([expect.closeTo(-0.5, 12), expect.closeTo(0.5, 12)]);
    // Half way from the middle of all to the mean, along w.
    expect(Array.from(first.offsets)).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
    expect(Array.from(first.centres)).toEqual([expect.closeTo(-2, 12), expect.closeTo(2, 12)]);
    const [shifted] = linearProbes(latentsOf([[7], [9], [11], [13]], [0, 0, 1, 1]), [0.2]);
    expect(Array.from(shifted.offsets)).toEqual([expect.closeTo(-9, 12), expect.closeTo(11, 12)]);
    expect(Array.from(shifted.centres)).toEqual([expect.closeTo(-2, 12), expect.closeTo(2, 12)]);
  });

  test('of one point there are none', () => {
    expect(linearProbes(latentsOf([[2], [2], [2], [2]], [0, 0, 1, 1]), [0.1])).toEqual([]);
  });

  test.each([
    [60, 5],
    [9, 20],
    [8, 8],
  ])('solve (S + ridge v) w = c: %i observations of %i numbers', (count, size) => {
    const latents = randomLatents(count, size);
    const { means, total, within, variance } = momentsOf(latents);
    for (const ridge of [0.01, 0.5]) {
      const [{ weights, offsets, centres }] = linearProbes(latents, [ridge]);
      for (let c = 0; c < latents.classCount; c++) {
        const w = weights.subarray(c * size, (c + 1) * size);
        let offset = 0;
        for (let k = 0; k < size; k++) {
          const own = within[k].reduce((sum, value, m) => sum + value * w[m], 0) + ridge * variance * w[k];
          expect(own).toBeCloseTo(means[c][k] - total[k], 9);
          expect(centres[c * size + k]).toBeCloseTo(means[c][k] - total[k], 9);
          offset += (w[k] * (means[c][k] + total[k])) / 2;
        }
        expect(offsets[c]).toBeCloseTo(offset, 9);
      }
    }
  });
});

function randomLatents(count: number, size: number): LabelledLatents {
  const random = randomFor(3, 'probe', count);
  const labels = Array.from({ length: count }, (_, n) => n % 3);
  return latentsOf(
    labels.map((label) => Array.from({ length: size }, (_, k) => 4 + label * (k % 2) + random.normal())),
    labels,
  );
}

/** Means of classes and of all, covariance within classes, and the mean variance of a number: by their definitions. */
function momentsOf({ values, count, size, labels, classCount }: LabelledLatents) {
  const rows = Array.from({ length: count }, (_, n) => Array.from(values.subarray(n * size, (n + 1) * size)));
  const meanOf = (chosen: readonly number[][]) =>
    Array.from({ length: size }, (_, k) => chosen.reduce((sum, row) => sum + row[k], 0) / chosen.length);
  const total = meanOf(rows);
  const means = Array.from({ length: classCount }, (_, c) => meanOf(rows.filter((_row, n) => labels[n] === c)));
  const residuals = rows.map((row, n) => row.map((value, k) => value - means[labels[n]][k]));
  const within = total.map((_, k) =>
    total.map((_t, m) => residuals.reduce((sum, row) => sum + row[k] * row[m], 0) / count),
  );
  const variance =
    rows.flatMap((row) => row.map((value, k) => (value - total[k]) ** 2)).reduce((a, b) => a + b) / (count * size);
  return { total, means, within, variance };
}
