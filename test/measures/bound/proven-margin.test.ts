// Certified observations survive every error within the bounds, the worst ones included; the shares count what they say.
import { describe, expect, test } from 'vitest';
import {
  type BoundedLatents,
  boundedCentroids,
  type ProvenMargin,
  provenAccuracy,
  provenMargin,
} from '../../../src/measures/bound/proven-margin.ts';
import { randomFor } from '../../../src/random.ts';

const bounded = (rows: readonly (readonly number[])[], error: number, labels: readonly number[]): BoundedLatents => ({
  values: Float64Array.from(rows.flat()),
  errors: new Float64Array(rows.flat().length).fill(error),
  size: rows[0].length,
  labels: Int32Array.from(labels),
});

/** Functionals by the bounds of the numbers alone. */
const byNumbers =
  (errors: Float64Array) =>
  (functionals: Float64Array, rows: number): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) =>
      errors.reduce((sum, e, k) => sum + Math.abs(functionals[row * errors.length + k]) * e, 0),
    );

describe('a proven margin', () => {
  test('on a line: the border is where the errors of the latent and of both centroids meet', () => {
    // Centroids at 0 and 10, each known to 0.1: the middle lies between 4.9 and 5.1, and the latent is known to 0.2.
    const centroids = boundedCentroids(bounded([[0], [10]], 0.1, [0, 1]), 2);
    const errors = Float64Array.of(0.2);
    const rivalsAt = (x: number) => provenMargin(Float64Array.of(x), errors, centroids, byNumbers(errors)).rivals;
    expect(rivalsAt(4.69)).toEqual([]);
    expect(rivalsAt(4.72)).toEqual([1]);
    expect(rivalsAt(5.28)).toEqual([0]);
    expect(rivalsAt(5.31)).toEqual([]);
  });

  test('survives errors within the bounds, corners included, and a rival is one that some error can make nearest', () => {
    const random = randomFor('margin', 1);
    let [certified, broken] = [0, 0];
    for (let trial = 0; trial < 300; trial++) {
      const [size, count] = [1 + random.integer(4), 2 + random.integer(3)];
      const error = 0.3 * random.uniform();
      const rows = Array.from({ length: count }, () => Array.from({ length: size }, () => random.normal()));
      const given = bounded(rows, error, [...rows.keys()]);
      const centroids = boundedCentroids(given, count);
      const latent = Float64Array.from({ length: size }, () => random.normal());
      const errors = new Float64Array(size).fill(error);
      const { nearest, rivals } = provenMargin(latent, errors, centroids, byNumbers(errors));
      for (let attack = 0; attack < 60; attack++) {
        const move = () => error * Math.sign(random.uniform() - 0.5);
        const moved = latent.map((value) => value + move());
        const means = centroids.values.map((value) => value + move());
        const distances = Array.from({ length: count }, (_, c) =>
          moved.reduce((sum, value, k) => sum + (value - means[c * size + k]) ** 2, 0),
        );
        const there = distances.indexOf(Math.min(...distances));
        if (rivals.length === 0) expect(there).toBe(nearest);
        else if (there !== nearest) {
          expect(rivals).toContain(there);
          broken++;
        }
      }
      if (rivals.length === 0) certified++;
    }
    expect(certified).toBeGreaterThan(50);
    expect(broken).toBeGreaterThan(50);
  });

  test('a bound of the difference of two classes decides what the bounds of the numbers leave open', () => {
    const centroids = boundedCentroids(
      bounded(
        [
          [0, 0],
          [1, 1],
        ],
        0,
        [0, 1],
      ),
      2,
    );
    const latent = Float64Array.of(0.4, 0.4);
    const errors = Float64Array.of(0.2, 0.2);
    expect(provenMargin(latent, errors, centroids, byNumbers(errors)).rivals).toEqual([1]);
    // The two errors always cancel.
    expect(provenMargin(latent, errors, centroids, (_, rows) => new Float64Array(rows).fill(1e-3)).rivals).toEqual([]);
  });

  test('a class without an observation is refused', () => {
    expect(() => boundedCentroids(bounded([[0], [1]], 0, [0, 2]), 3)).toThrow(
      'centroids: expected an observation of every class, got none of class 1',
    );
  });
});

test('accuracy on every runtime: what must stay right, and what may become right', () => {
  const margin = (nearest: number, ...rivals: number[]): ProvenMargin => ({ nearest, rivals, safety: 1 });
  // Class 0: right for good, right but open. Class 1: right for good, wrong for good, wrong but may become right.
  const margins = [margin(0), margin(0, 1), margin(1), margin(0), margin(0, 1)];
  expect(provenAccuracy(margins, Int32Array.of(0, 0, 1, 1, 1), 2)).toEqual({
    accuracy: 3 / 5,
    certified: 3 / 5,
    certifiedOfRight: 2 / 3,
    lowestAccuracy: 2 / 5,
    highestAccuracy: 4 / 5,
    lowestRecall: 1 / 3,
    highestRecall: 2 / 3,
  });
});
