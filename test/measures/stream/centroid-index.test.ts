// Centroids that are found along one axis, beside those found by looking at all of them; whole numbers, so that many are as near.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CentroidIndex, firstFrom, widestDimension } from '../../../src/measures/stream/centroid-index.ts';

type Point = readonly [x: number, y: number];

const coordinate = fc.integer({ min: -4, max: 4 });
const somePoint: fc.Arbitrary<Point> = fc.tuple(coordinate, fc.integer({ min: -6, max: 6 }));
const somePoints = fc.array(somePoint, { minLength: 2, maxLength: 9 });

const indexOf = (points: readonly Point[]) => new CentroidIndex(Float64Array.from(points.flat()), 2);
const lengthOf = ([ax, ay]: Point, [bx, by]: Point) => Math.sqrt((ax - bx) ** 2 + (ay - by) ** 2);
const othersOf = (points: readonly Point[], own: number) =>
  points.flatMap((point, c) => (c === own ? [] : [{ point, c }]));

test('distances are those of the points', () => {
  const index = indexOf([
    [0, 0],
    [3, 4],
    [0, 1],
  ]);
  expect([index.distance(0, 1), index.distance(1, 0), index.distance(0, 2), index.distance(2, 2)]).toEqual([
    5, 5, 1, 0,
  ]);
});

test('the axis is the dimension along which they reach farthest, wherever they are, and the first of several', () => {
  expect(widestDimension(Float64Array.of(0, 5, 1, -5, 2, 0), 2)).toBe(1);
  expect(widestDimension(Float64Array.of(100, 0, 1, 100.25, 0.5, 1), 3)).toBe(1);
  expect(widestDimension(Float64Array.of(-3, 7, 1, 3, -9, 1), 2)).toBe(0);
  expect(widestDimension(Float64Array.of(0, 0, 3, 3), 2)).toBe(0);
  expect(widestDimension(Float64Array.of(4, 4), 2)).toBe(0);
});

test('a place among rising numbers is that of the first that is not below', () => {
  const rising = Float64Array.of(1, 3, 3, 5);
  expect([0, 1, 2, 3, 4, 5, 6].map((value) => firstFrom(rising, value))).toEqual([0, 0, 1, 1, 3, 3, 4]);
});

describe('of a row', () => {
  test('of two centroids that are as near on both sides the smaller class counts', () => {
    const row = Float64Array.of(0, 0);
    for (const points of [
      [-1, 0, 1, 0, 9, 9],
      [1, 0, -1, 0, 9, 9],
    ])
      expect([...new CentroidIndex(Float64Array.from(points), 2).nearestOthers(row, 0, 2, 1)]).toEqual([0]);
  });

  test('another centroid is within a radius where its distance is no more, at the radius itself too', () => {
    fc.assert(
      fc.property(somePoints, somePoint, fc.constantFrom(0, 1, Math.SQRT2, 2, 5), (points, row, radius) => {
        const index = indexOf(points);
        for (const own of points.keys()) {
          const expected = othersOf(points, own).some(({ point }) => lengthOf(point, row) <= radius);
          expect(index.hasOtherWithin(Float64Array.of(9, 9, ...row), 2, own, radius)).toBe(expected);
        }
      }),
    );
  });

  test('the nearest other classes are those by distance, of equal ones the smaller, and come by number', () => {
    fc.assert(
      fc.property(somePoints, somePoint, fc.integer({ min: 1, max: 9 }), (points, row, count) => {
        const index = indexOf(points);
        for (const own of points.keys()) {
          const nearest = othersOf(points, own).sort(
            (a, b) => lengthOf(a.point, row) - lengthOf(b.point, row) || a.c - b.c,
          );
          const expected = nearest.slice(0, count).map(({ c }) => c);
          const found = index.nearestOthers(Float64Array.of(9, 9, ...row), 2, own, count);
          expect([...found]).toEqual(expected.sort((a, b) => a - b));
        }
      }),
    );
  });
});

/** The distance over twice the larger radius; without any extent it is as far as it can be, or nothing. */
function ratioOf(distance: number, a: number, b: number): number {
  const extent = 2 * Math.max(a, b);
  if (extent > 0) return distance / extent;
  return distance > 0 ? Number.POSITIVE_INFINITY : 0;
}

describe('of all classes', () => {
  const withRadii = somePoints.chain((points) =>
    fc.tuple(
      fc.constant(points),
      fc.array(fc.constantFrom(0, 0.5, 1, 3), { minLength: points.length, maxLength: points.length }),
    ),
  );

  test('the smallest ratio is that of the pairs, and the rival the first of the classes that have it', () => {
    fc.assert(
      fc.property(withRadii, ([points, radii]) => {
        const { ratios, rivals } = indexOf(points).smallestRatios(Float64Array.from(radii));
        points.forEach((own, a) => {
          const all = othersOf(points, a).map(({ point, c }) => ratioOf(lengthOf(own, point), radii[a], radii[c]));
          const least = Math.min(...all);
          expect(ratios[a]).toBe(least);
          expect(rivals[a]).toBe(othersOf(points, a)[all.indexOf(least)].c);
        });
      }),
    );
  });

  test('classes without any extent are as far apart as can be, unless they are one point; the first other counts', () => {
    const index = indexOf([
      [0, 0],
      [5, 0],
      [0, 0],
      [9, 0],
    ]);
    expect(index.smallestRatios(new Float64Array(4))).toEqual({
      ratios: Float64Array.of(0, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY),
      rivals: Int32Array.of(2, 0, 0, 0),
    });
  });

  test('the clearance is what the nearest two balls leave between them, at most what was given, and 0 where some meet', () => {
    fc.assert(
      fc.property(withRadii, fc.constantFrom(0.25, 2, 100), ([points, radii], most) => {
        const pairs = points.flatMap((a, i) => points.slice(0, i).map((b, j) => lengthOf(a, b) - radii[i] - radii[j]));
        const expected = Math.max(0, Math.min(most, ...pairs));
        expect(indexOf(points).smallestClearance(Float64Array.from(radii), most)).toBeCloseTo(expected, 12);
      }),
    );
  });
});
