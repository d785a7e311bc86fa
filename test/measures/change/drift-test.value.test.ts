// The statistics of drift beside their definitions, and their chances beside all ways in which so few could have been drawn.
import { describe, expect, test } from 'vitest';
import { type ClassRegions, testDrift } from '../../../src/measures/change/drift-test.ts';
import { hypergeometricTail } from '../../../src/measures/change/share-test.ts';
import type { Latents } from '../../../src/measures/latents.ts';

const latentsOf = (rows: readonly (readonly number[])[]): Latents => ({
  values: Float32Array.from(rows.flat()),
  count: rows.length,
  size: 2,
});

/** Three regions around (0, 0), (10, 0) and (100, 0), the last one empty. */
const regions: ClassRegions = {
  centroids: latentsOf([
    [0, 0],
    [10, 0],
    [100, 0],
  ]),
  radii: [2, 4, 1],
};
const reference = [
  [0, 0],
  [0, 1],
  [1, 0],
  [-1, -1],
  [9, 0],
  [12, 3],
  [10, 2],
];
const batch = [
  [0, 3],
  [1, 1],
  [-2, 2],
  [10, -5],
  [11, 0],
];
const all = [...reference, ...batch];
const classOf = ([x]: readonly number[]) => (x < 5 ? 0 : 1);

/** All subsets of `count` of the given numbers. */
function subsets(numbers: readonly number[], count: number): number[][] {
  if (count === 0) return [[]];
  return numbers.flatMap((first, at) => subsets(numbers.slice(at + 1), count - 1).map((rest) => [first, ...rest]));
}

const meanDistance = (a: readonly number[], b: readonly number[]) =>
  a.reduce(
    (sum, i) => sum + b.reduce((own, j) => own + Math.hypot(all[i][0] - all[j][0], all[i][1] - all[j][1]), 0),
    0,
  ) /
  (a.length * b.length);

/** Energy of each class, weighted, and the largest that it could be. */
function energyOf(news: readonly (readonly number[])[]) {
  let [energy, largest] = [0, 0];
  news.forEach((now, c) => {
    const members = all.flatMap((row, n) => (classOf(row) === c ? [n] : []));
    const before = members.filter((n) => !now.includes(n));
    const weight = (now.length * before.length) / members.length;
    const between = 2 * meanDistance(now, before);
    energy += weight * (between - meanDistance(now, now) - meanDistance(before, before));
    largest += weight * between;
  });
  return { energy, part: Math.max(0, energy / largest) };
}

describe('of seven before and five now', () => {
  const permutations = 4000;
  const found = testDrift(latentsOf(reference), latentsOf(batch), regions, { permutations, seed: 3 });
  /** Five standard errors of the share of permutations. */
  const reach = (p: number) => 5 * Math.sqrt((p * (1 - p)) / permutations) + 2 / permutations;

  test('the nearest class, and how far beyond its region each is, are those of the definition', () => {
    expect(found.classes).toEqual([
      { before: 4, now: 3, outsideBefore: 0, outsideNow: 2 },
      { before: 3, now: 2, outsideBefore: 0, outsideNow: 1 },
      { before: 0, now: 0, outsideBefore: 0, outsideNow: 0 },
    ]);
    expect(found.remoteness.before).toEqual(
      [0, 1 / 2, 1 / 2, Math.SQRT2 / 2, 1 / 4, Math.sqrt(13) / 4, 1 / 2].map((x) => expect.closeTo(x, 6)),
    );
    expect(found.remoteness.now).toEqual(
      [3 / 2, Math.SQRT1_2, Math.SQRT2, 5 / 4, 1 / 4].map((x) => expect.closeTo(x, 6)),
    );
  });

  test('three of five outside and none of seven before have the chance of Fisher’s test', () => {
    expect(found.outside.before).toBe(0);
    expect(found.outside.now).toBe(3 / 5);
    // All three of twelve among the five: 10 of 220.
    expect(found.outside.p).toBeCloseTo(10 / 220, 12);
    expect(hypergeometricTail(2, { drawn: 5, right: 9, all: 12 })).toBeCloseTo(10 / 220, 12);
  });

  test('the energy distance is that of the definition, with the chance of all ways within the classes', () => {
    const observed = energyOf([
      [7, 8, 9],
      [10, 11],
    ]);
    expect(found.shift.energy).toBeCloseTo(observed.part, 6);
    const ways = subsets([0, 1, 2, 3, 7, 8, 9], 3).flatMap((first) =>
      subsets([4, 5, 6, 10, 11], 2).map((second) => energyOf([first, second])),
    );
    expect(ways).toHaveLength(350);
    const p = ways.filter(({ energy }) => energy >= observed.energy - 1e-6).length / ways.length;
    expect(Math.abs(found.shift.p - p)).toBeLessThan(reach(p));
    const byChance = ways.reduce((sum, { part }) => sum + part, 0) / ways.length;
    expect(found.shift.byChance / byChance).toBeCloseTo(1, 1);
  });

  test('the mix is half of the differences, with the chance of all ways to draw five', () => {
    // 4/7 and 3/5 of the first class.
    expect(found.mix.difference).toBeCloseTo(3 / 5 - 4 / 7, 12);
    const chiSquared = (drawn: readonly number[]) =>
      [7, 5].reduce((sum, total, c) => {
        const now = drawn.filter((n) => classOf(all[n]) === c).length;
        return sum + ((now / 5 - (total - now) / 7) ** 2 * 12) / total;
      }, 0);
    const ways = subsets(Array.from(all.keys()), 5).map(chiSquared);
    const observed = chiSquared([7, 8, 9, 10, 11]);
    const p = ways.filter((each) => each >= observed - 1e-12).length / ways.length;
    expect(Math.abs(found.mix.p - p)).toBeLessThan(reach(p));
  });

  test('another mix has its own chance', () => {
    // All five of the second class.
    const moved = batch.map(([x, y]) => [x < 5 ? x + 10 : x, y]);
    const { mix, classes } = testDrift(latentsOf(reference), latentsOf(moved), regions, { permutations, seed: 3 });
    expect(classes.map(({ now }) => now)).toEqual([0, 5, 0]);
    expect(mix.difference).toBeCloseTo(4 / 7, 12);
    const chiSquared = (first: number) =>
      [(first / 5 - (4 - first) / 7) ** 2 * (12 / 4), ((5 - first) / 5 - (3 + first) / 7) ** 2 * (12 / 8)].reduce(
        (sum, each) => sum + each,
      );
    const choose = [56, 4 * 70, 6 * 56, 4 * 28, 8];
    const p =
      choose.reduce((sum, ways, first) => sum + (chiSquared(first) >= chiSquared(0) - 1e-12 ? ways : 0), 0) / 792;
    expect(Math.abs(mix.p - p)).toBeLessThan(reach(p));
  });
});
