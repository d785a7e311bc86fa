// Streamed measures of a few rows, worked out by hand or by the measures that compare all pairs.
import { describe, expect, test } from 'vitest';
import { labelLatents } from '../../../src/measures/latents.ts';
import { measurePairs, typicalDistance } from '../../../src/measures/pair-distance.ts';
import { twoNearestNeighbourDimension } from '../../../src/measures/spectrum/intrinsic-dimension.ts';
import { measureSpectrum } from '../../../src/measures/spectrum/spectrum.ts';
import { type Random, randomFor } from '../../../src/random.ts';
import { blocksOf, type Rows, stream } from './passes.ts';

type Given = readonly [label: number, kind: 'centroid' | 'judged', ...at: number[]];

const rowsOf = (...given: readonly Given[]): Rows => ({
  values: Float32Array.from(given.flatMap(([, , ...at]) => at)),
  labels: Int32Array.from(given, ([label]) => label),
  judged: Uint8Array.from(given, ([, kind]) => (kind === 'judged' ? 1 : 0)),
});

const measure = (rows: Rows, classCount: number, queries = 4096) =>
  stream([blocksOf(rows, 64)], { size: rows.values.length / rows.labels.length, classCount, seed: 0, queries });

describe('two classes whose rows are off the line of their centroids', () => {
  const rows = rowsOf(
    [0, 'centroid', 0, 0],
    [1, 'centroid', 100, 0],
    [0, 'judged', 0, 5],
    [0, 'judged', 1, 0],
    [1, 'judged', 100, -5],
    [1, 'judged', 99, 0],
  );

  test('are bounded along it, not by balls: 98 apart, and 90 by their radii of 5', () => {
    const { before, comparison } = measure(rows, 2);
    expect(before.low).toBeCloseTo(98, 6);
    expect(before.low).toBeLessThan(98);
    expect(before.high).toBe(98);
    expect([...comparison.radiusMaxima]).toEqual([5, 5]);
    expect([comparison.reach[1], comparison.reach[2]]).toEqual([1, 1]);
  });

  test('have the distances of their four rows', () => {
    const { measures } = measure(rows, 2);
    const [side, far, near] = [Math.hypot(1, 5), Math.hypot(100, 10), 98];
    const across = Math.hypot(99, 5);
    expect(measures.meanDistanceWithin.value).toBeCloseTo(side, 9);
    expect(measures.meanDistanceBetween.value).toBeCloseTo((far + near + 2 * across) / 4, 9);
    // 98 over the root of 26, and at least over twice the larger radius.
    expect(measures.gapRatio).toEqual({ low: expect.closeTo(9.8, 6), high: expect.closeTo(98 / side, 9) });
  });

  test('store what belongs to each, with the shapes of their arrays', () => {
    const { moments, comparison, closest } = measure(rows, 2);
    const shapesOf = (stored: ReadonlyMap<string, { readonly shape: readonly number[] }>) =>
      Object.fromEntries([...stored].map(([name, { shape }]) => [name, shape]));
    // Of each sum so many digits of 32 bits: those of whole numbers up to 100 are one or two.
    const digits = (sums: number) => [expect.any(Number), sums];
    expect(shapesOf(moments.stored())).toMatchObject({
      ...{ counts: [2, 2], largest: [2], 'squares.lowest': [1], 'judgedSample.values': [4, 2], 'queries.row': [4] },
      ...{ 'centroidSums.digits': digits(4), 'judgedSums.digits': digits(2), 'squares.digits': digits(1) },
    });
    expect(shapesOf(comparison.stored())).toMatchObject({
      ...{ right: [2], radiusMaxima: [2], reach: [4], extremes: [4, 4], neighbours: [4, 2] },
      ...{ 'radiusSums.digits': digits(2), 'products.digits': digits(3), 'querySums.digits': digits(12) },
    });
    expect(shapesOf(closest.stored())).toEqual({ count: [1], rows: [2], labels: [2], values: [2, 2] });
    for (const pass of [moments, comparison, closest])
      for (const [name, { shape, values }] of pass.stored())
        expect([name, shape.reduce((product, length) => product * length, 1)]).toEqual([name, values.length]);
  });
});

test('rows of a class that is far from all others are not looked at again', () => {
  const rows = rowsOf(
    ...([0, 1, 2] as const).map((label): Given => [label, 'centroid', [0, 10, 1000][label]]),
    ...[0, 2, 4].map((at): Given => [0, 'judged', at]),
    ...[5, 9, 12].map((at): Given => [1, 'judged', at]),
    ...[999, 1001].map((at): Given => [2, 'judged', at]),
    [-1, 'judged', 4.5],
  );
  const { closest, measures } = measure(rows, 3, 2);
  expect(closest.isOpen).toBe(true);
  // 4 and 5, of which the one has to be nearer to the other class than any that was asked.
  const kept = [...(closest.stored().get('rows')?.values ?? [])];
  expect(kept).toEqual(expect.arrayContaining([5, 6]));
  expect(kept.filter((row) => row >= 9)).toEqual([]);
  expect(measures.smallestGap).toEqual({ low: 1, high: 1 });
});

test('of four hundred rows of two classes that overlap the smallest gap is that of all pairs', () => {
  const random = randomFor('overlap in a plane');
  const given = Array.from({ length: 400 }, (_, n): Given => {
    const kind = n < 4 ? 'centroid' : 'judged';
    return [n % 2, kind, 20 * random.uniform() - 10, 20 * random.uniform() + 5];
  });
  const rows = rowsOf(...given);
  const judged = given.map(([label], n) => ({ label, at: rows.values.subarray(2 * n, 2 * n + 2) })).slice(4);
  const gaps = judged.flatMap((a) =>
    judged.flatMap((b) => (a.label < b.label ? [Math.sqrt((a.at[0] - b.at[0]) ** 2 + (a.at[1] - b.at[1]) ** 2)] : [])),
  );
  const { measures, before } = measure(rows, 2, 3);
  expect(before.low).toBe(0);
  expect(measures.smallestGap.low).toBe(Math.min(...gaps));
});

describe('classes without any extent', () => {
  test('at one point each have no gap where they share it, and nothing to be organised by', () => {
    const rows = rowsOf(
      ...([0, 1] as const).flatMap((label): Given[] => [
        [label, 'centroid', 3, 4],
        [label, 'judged', 3, 4],
        [label, 'judged', 3, 4],
      ]),
    );
    const { measures } = measure(rows, 2);
    expect(measures).toMatchObject({
      ...{ accuracy: 0, centroidGapRatio: 0, smallestGap: { low: 0, high: 0 }, gapRatio: { low: 0, high: 0 } },
      ...{ silhouette: { value: 0 }, sharedLatents: { value: 1 }, meanDistance: { value: 0 } },
    });
    expect(measures.intrinsicDimension).toBeNaN();
  });

  test('at two points are as far apart, in units of their extent, as can be', () => {
    const rows = rowsOf(
      [0, 'centroid', 0],
      [1, 'centroid', 7],
      [0, 'judged', 0],
      [0, 'judged', 0],
      [1, 'judged', 7],
      [1, 'judged', 7],
    );
    const { measures } = measure(rows, 2);
    expect(measures.gapRatio).toEqual({ low: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY });
    expect(measures).toMatchObject({ centroidGapRatio: Number.POSITIVE_INFINITY, silhouette: { value: 1 } });
    expect(measures.sharedLatents.value).toBe(0);
  });
});

test('a class of which nothing is judged is nobody’s neighbour, and one row alone has no silhouette', () => {
  const rows = rowsOf(
    [0, 'centroid', 0],
    [1, 'centroid', 10],
    [2, 'centroid', 1],
    [0, 'judged', 0],
    [0, 'judged', 2],
    [1, 'judged', 10],
  );
  const { measures } = measure(rows, 3);
  // (10 - 2) / 10, (8 - 2) / 8, and 0.
  expect(measures.silhouette.value).toBeCloseTo((0.8 + 0.75) / 3, 12);
  const alone = measure(rowsOf([0, 'centroid', 0], [1, 'centroid', 10], [0, 'judged', 0], [0, 'judged', 2]), 2);
  expect(alone.measures.silhouette.value).toBe(0);
  expect(alone.measures.smallestGap.high).toBe(Number.POSITIVE_INFINITY);
  expect(alone.measures.gapRatio.high).toBe(Number.POSITIVE_INFINITY);
});

test('covariance, dimension and typical distance of three numbers are those of the rows', () => {
  const random: Random = randomFor('three numbers');
  const values = Float32Array.from({ length: 3 * 40 }, (_, at) => (1 + (at % 3)) * random.normal());
  const labels = Int32Array.from({ length: 40 }, (_, n) => n % 2);
  const given = Array.from(labels, (label, n): Given => [label, 'judged', ...values.subarray(3 * n, 3 * n + 3)]);
  const { measures } = measure(rowsOf([0, 'centroid', 0, 0, 0], [1, 'centroid', 1, 1, 1], ...given), 2);
  const latents = labelLatents({ values, count: 40, size: 3 }, labels, 2);
  const { nearestDistance, secondDistance } = measurePairs(latents);
  expect(measures.intrinsicDimension).toBeCloseTo(twoNearestNeighbourDimension(nearestDistance, secondDistance), 9);
  expect(measures.typicalDistance).toBeCloseTo(typicalDistance(latents), 9);
  const wanted = measureSpectrum(latents);
  for (const name of ['singularValues', 'centredSingularValues', 'axes'] as const)
    expect(Array.from(measures.spectrum?.[name] ?? [])).toEqual(
      Array.from(wanted[name], (value) => expect.closeTo(value, 6)),
    );
});

test('of seventy classes a query’s mean distances are of the 63 that are near, and of all rows together', () => {
  // Along a slope, two rows of each, one beyond the other.
  const given = Array.from({ length: 70 }, (_, label): Given[] => [
    [label, 'centroid', 10 * label, 3 * label],
    [label, 'judged', 10 * label, 3 * label],
    [label, 'judged', 10 * label + 1, 3 * label],
  ]).flat();
  const { measures, comparison } = measure(rowsOf(...given), 70);
  expect(comparison.nearCount).toBe(63);
  const judged = given.filter(([, kind]) => kind === 'judged').map(([label, , x, y]) => ({ label, x, y }));
  type Judged = (typeof judged)[number];
  const distance = (a: Judged, b: Judged) => Math.hypot(a.x - b.x, a.y - b.y);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const pairs = judged.flatMap((a, n) => judged.slice(0, n).map((b) => distance(a, b)));
  expect(measures.meanDistance.value).toBeCloseTo(mean(pairs), 9);
  const silhouettes = judged.map((own) => {
    const to = [own.label - 1, own.label + 1].filter((label) => label >= 0 && label < 70);
    const b = Math.min(
      ...to.map((label) => mean(judged.filter((row) => row.label === label).map((row) => distance(own, row)))),
    );
    return (b - 1) / b;
  });
  expect(measures.silhouette.value).toBeCloseTo(mean(silhouettes), 9);
});

test('samples have at most so many rows of a class that all classes together could have their share', () => {
  // 16,384 over eight classes: 2,048 of the one that has more, and all of the others.
  const given = Array.from({ length: 2200 }, (_, n): Given => [n < 2192 ? 0 : n - 2192, 'judged', n]);
  const centroids = Array.from({ length: 8 }, (_, label): Given => [label, 'centroid', label]);
  const { first } = measure(rowsOf(...centroids, ...given), 8, 2);
  expect(first.judgedSample.rows).toHaveLength(2048 + 7);
  expect(first.centroidSample.rows).toHaveLength(8);
});
