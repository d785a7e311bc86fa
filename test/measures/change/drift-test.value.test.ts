// The statistics of drift beside their definitions, and their chances beside all ways in which so few could have been drawn.
import { describe, expect, test } from 'vitest';
import { type ClassRegions, testDrift } from '../../../src/measures/change/drift-test.ts';
import { hypergeometricTail } from '../../../src/measures/change/share-test.ts';
import type { Latents } from '../../../src/measures/latents.ts';
import { permutation, randomFor } from '../../../src/random.ts';

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

describe('of some that were outside before', () => {
  /** On a line: class 0 at 0 within 2, class 1 at 10 within 2, and class 2 at 40, which is one point. */
  const line: ClassRegions = {
    centroids: { values: Float32Array.of(0, 10, 40), count: 3, size: 1 },
    radii: [2, 2, 0],
  };
  const at = (...values: readonly number[]): Latents => ({
    values: Float32Array.from(values),
    count: values.length,
    size: 1,
  });
  const options = { permutations: 60, seed: 5 };
  // Two of ten are outside, at 4 and 13; -2 and 12 are on the border, which is inside; all of class 2 were before.
  const [before, now] = [at(0, 1, -2, 4, 9, 10, 12, 13, 40, 40), at(1, 3, 3, 8, 10, 14)];
  const found = testDrift(before, now, line, options);

  test('a border is inside, as is the very centroid of a class without extent', () => {
    expect(found.remoteness.before).toEqual([0, 0.5, 1, 2, 0.5, 0, 1, 1.5, 0, 0]);
    expect(found.remoteness.now).toEqual([0.5, 1.5, 1.5, 1, 0, 2]);
    expect(found.classes).toEqual([
      { before: 4, now: 3, outsideBefore: 1, outsideNow: 2 },
      { before: 4, now: 3, outsideBefore: 1, outsideNow: 1 },
      { before: 2, now: 0, outsideBefore: 0, outsideNow: 0 },
    ]);
  });

  test('one that is as near to two centroids is of the first class', () => {
    expect(testDrift(before, at(5, 25), line, options).classes.map((each) => each.now)).toEqual([1, 1, 0]);
  });

  test('three of six against two of ten have the chance of Fisher’s test', () => {
    expect(found.outside).toEqual({ before: 2 / 10, now: 3 / 6, p: expect.closeTo(1936 / 8008, 12) });
    // At most three of the six inside, where 11 of 16 are: 1 x 11 + 5 x 55 + 10 x 165 of 8,008 ways.
  });

  test('a class of which there are none now, or were none before, says nothing of where they are', () => {
    // The energy of the others alone.
    const alone = testDrift(at(0, 1, -2, 4, 9, 10, 12, 13), now, line, options);
    expect(found.shift.energy).toBeCloseTo(alone.shift.energy, 12);
    const turned = testDrift(now, before, line, options);
    expect(turned.shift.energy).toBeCloseTo(alone.shift.energy, 12);
  });

  test('the mix is that of the definition, and its chance that of its permutations', () => {
    const classOfAll = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 0, 0, 0, 1, 1, 1];
    const chiSquared = (drawn: readonly number[]) =>
      [7, 7, 2].reduce((sum, total, c) => {
        const count = drawn.filter((n) => classOfAll[n] === c).length;
        return sum + ((count / 6 - (total - count) / 10) ** 2 * 16) / total;
      }, 0);
    // 4, 4 and 2 of ten, 3, 3 and 0 of six.
    expect(found.mix.difference).toBeCloseTo((0.1 + 0.1 + 0.2) / 2, 12);
    const random = randomFor(5, 'drift mix');
    const drawn = Array.from({ length: 60 }, () => chiSquared([...permutation(16, random).subarray(0, 6)]));
    const reached = drawn.filter((each) => each >= chiSquared([10, 11, 12, 13, 14, 15]) - 1e-9).length;
    expect(reached).toBeGreaterThan(0);
    expect(reached).toBeLessThan(60);
    expect(found.mix.p).toBe((1 + reached) / 61);
  });

  test('batches that have no spread, at one place, have no energy', () => {
    expect(testDrift(at(10, 10, 10), at(10, 10), line, options).shift).toEqual({ energy: 0, byChance: 0, p: 1 });
  });
});
