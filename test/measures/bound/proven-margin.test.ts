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

  test('centroids are means, and move by the mean of the errors of their members', () => {
    const centroids = boundedCentroids(
      {
        values: Float64Array.of(0, 10, 4, 20, 7, 7),
        errors: Float64Array.of(0.1, 0.2, 0.3, 0.6, 0.5, 0.25),
        size: 2,
        labels: Int32Array.of(1, 1, 0),
      },
      2,
    );
    expect(Array.from(centroids.values)).toEqual([7, 7, 2, 15]);
    expect(centroids).toMatchObject({ size: 2, count: 2 });
    const expected = [0.5, 0.25, 0.2, 0.4];
    centroids.errors.forEach((error, k) => {
      expect(error).toBeCloseTo(expected[k], 9);
      // Rounding up, of the error and of the mean.
      expect(error).toBeGreaterThan(expected[k] + (centroids.values[k] + 0.5 * expected[k]) * 2 ** -40);
    });
  });

  test('safety is the smallest of how much nearer a centroid is, squared, over what errors can take from it', () => {
    // From 4 to 0 and 10: 36 - 16 is 20; twice 10 x 0.2, 4 x 0.1 and 6 x 0.1; and 0.2 x (0.4 + 0.2).
    const centroids = boundedCentroids(bounded([[0], [10]], 0.1, [0, 1]), 2);
    const errors = Float64Array.of(0.2);
    const { safety } = provenMargin(Float64Array.of(4), errors, centroids, byNumbers(errors));
    expect(safety).toBeCloseTo(20 / (4 + 0.8 + 1.2 + 0.12), 8);
    const exact = boundedCentroids(bounded([[0], [10]], 0, [0, 1]), 2);
    expect(
      provenMargin(Float64Array.of(4), new Float64Array(1), exact, () => new Float64Array(1)).safety,
    ).toBeGreaterThan(1e9);
  });

  test('is that of the definition, of three classes of two numbers with errors of their own', () => {
    const random = randomFor('margin', 2);
    const draw = (length: number, scale = 1) => Float64Array.from({ length }, () => scale * random.uniform());
    for (let trial = 0; trial < 20; trial++) {
      const values = draw(6);
      const centroids = { values, errors: draw(6, 0.05), size: 2, count: 3 };
      const [latent, errors] = [draw(2), draw(2, 0.05)];
      const squared = (c: number) => (latent[0] - values[2 * c]) ** 2 + (latent[1] - values[2 * c + 1]) ** 2;
      const nearest = [0, 1, 2].reduce((best, c) => (squared(c) < squared(best) ? c : best));
      const accounts = [0, 1, 2]
        .filter((c) => c !== nearest)
        .map((c) => {
          let taken = 0;
          for (const k of [0, 1]) {
            const [a, b] = [2 * nearest + k, 2 * c + k];
            const both = centroids.errors[a] + centroids.errors[b];
            taken += 2 * Math.abs(values[a] - values[b]) * errors[k] + both * (2 * errors[k] + both);
            taken += 2 * Math.abs(latent[k] - values[a]) * centroids.errors[a];
            taken += 2 * Math.abs(latent[k] - values[b]) * centroids.errors[b];
          }
          return { class: c, gap: squared(c) - squared(nearest), taken };
        });
      const found = provenMargin(latent, errors, centroids, byNumbers(errors));
      expect(found.nearest).toBe(nearest);
      expect(found.safety).toBeCloseTo(Math.min(...accounts.map(({ gap, taken }) => gap / taken)), 6);
      expect(found.rivals).toEqual(accounts.filter(({ gap, taken }) => gap <= taken).map((each) => each.class));
    }
  });

  test('asks for a sharper bound only of the classes that it could settle, by their differences', () => {
    // From (4, 3): (0, 0) is nearest; (10, 6) is far, (9, 1) is in doubt.
    const rows = [
      [0, 0],
      [10, 6],
      [9, 1],
    ];
    const centroids = boundedCentroids(bounded(rows, 0, [0, 1, 2]), 3);
    const asked: number[][] = [];
    const errors = Float64Array.of(0.2, 0.2);
    const latent = Float64Array.of(4, 3);
    const ask = (functionals: Float64Array, count: number) => {
      asked.push([...functionals]);
      return new Float64Array(count).fill(0.01);
    };
    // Squares 25, 45 and 29; the errors take at most 2 (10 + 6) / 5 and 2 (9 + 1) / 5.
    expect(provenMargin(latent, errors, centroids, ask).rivals).toEqual([]);
    expect(asked).toEqual([[-9, -1]]);
    const far = boundedCentroids(bounded(rows.slice(0, 2), 0, [0, 1]), 2);
    expect(provenMargin(latent, errors, far, ask).rivals).toEqual([]);
    expect(asked).toHaveLength(1);
    // Where the centroids alone may have moved so far, no bound of the latent helps.
    const loose = boundedCentroids(bounded(rows.slice(0, 2), 2, [0, 1]), 2);
    expect(provenMargin(latent, errors, loose, ask).rivals).toEqual([1]);
    expect(asked).toHaveLength(1);
  });

  test('a class without an observation is refused', () => {
    expect(() => boundedCentroids(bounded([[0], [1]], 0, [1, 1]), 2)).toThrow(
      expect.objectContaining({
        message: 'centroids: expected an observation of every class, got none of class 0',
        remedy: 'Take more observations.',
      }),
    );
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

test('classes that are never judged have no recall, and nothing right is nothing certified', () => {
  const wrong: ProvenMargin = { nearest: 1, rivals: [], safety: 2 };
  expect(provenAccuracy([wrong, wrong], Int32Array.of(0, 0), 2)).toMatchObject({
    accuracy: 0,
    certified: 1,
    certifiedOfRight: 0,
    lowestRecall: 0,
    highestRecall: 0,
  });
  expect(provenAccuracy([wrong], Int32Array.of(1), 2)).toMatchObject({ lowestRecall: 1, highestRecall: 1 });
});
