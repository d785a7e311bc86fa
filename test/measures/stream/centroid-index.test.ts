// Centroids that are found along one axis, beside those found by looking at all of them; whole numbers, so that many are as near.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CentroidIndex } from '../../../src/measures/stream/centroid-index.ts';

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

describe('of a row', () => {
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
