// Bootstrap draws of organisation.ts beside their definition, and the order of pairs and rows that they depend on.
import { describe, expect, test } from 'vitest';
import {
  drawSpreads,
  measureOrganisation,
  middleOfRatios,
  projectPair,
  robustCentres,
  rowsByClass,
} from '../../src/measures/organisation.ts';
import { randomFor } from '../../src/random.ts';
import { latentsOf } from '../evaluation/reference.ts';

test.each([
  [
    [0, 10, 20, 30],
    ['0 1', '1 2', '2 3', '0 2', '1 3'],
  ],
  [
    [10, 0, 20],
    ['0 1', '0 2', '1 2'],
  ],
] as const)('of pairs with equal ratios the first are named first (classes at %j)', (places, expected) => {
  const latents = latentsOf(
    places.flatMap((place) => [[place - 1], [place], [place + 1]]),
    places.flatMap((_, c) => [c, c, c]),
  );
  const { pairs } = measureOrganisation({ latents, others: latents });
  expect(pairs.map(({ classes }) => classes.join(' '))).toEqual(expected);
});

test('with episodes the members along the line keep their rows', () => {
  const places = [3, 1, 2, 0, 4, 6, 5, 7, 23, 21, 22, 20, 24, 26, 25, 27];
  const latents = latentsOf(
    places.map((place) => [place]),
    places.map((_, n) => (n < 8 ? 0 : 1)),
  );
  const { sides } = projectPair(latents, rowsByClass(latents), robustCentres(latents), [0, 1]);
  expect(sides.map(({ rows }) => [...rows])).toEqual([
    [3, 1, 2, 0, 4, 6, 5, 7],
    [11, 9, 10, 8, 12, 14, 13, 15],
  ]);
});

describe('draws', () => {
  /** By the definition: the drawn values in rising order, their lower middle, and the mean distance from it. */
  const spreadOf = (drawn: readonly number[]) => {
    const sorted = drawn.toSorted((a, b) => a - b);
    const centre = sorted[Math.ceil(sorted.length / 2) - 1];
    return { centre, spread: sorted.reduce((sum, value) => sum + Math.abs(value - centre), 0) / sorted.length };
  };
  const sides = [
    { along: Float64Array.of(-3, -2, -1, 0, 0.5, 1, 2, 4, 7), rows: Int32Array.of(4, 0, 2, 6, 8, 10, 12, 14, 16) },
    { along: Float64Array.of(8, 9, 10, 11, 12, 13, 14, 20), rows: Int32Array.of(1, 3, 5, 7, 9, 11, 13, 15) },
  ];

  const byDefinition = (unitsOf: readonly (readonly (readonly number[])[])[]) => {
    const random = randomFor(5, 'organisation');
    return Array.from({ length: 400 }, () => {
      const [first, second] = unitsOf.map((units) =>
        spreadOf(units.flatMap(() => units[random.integer(units.length)])),
      );
      return { gap: second.centre - first.centre, spread: Math.max(first.spread, second.spread) };
    });
  };
  const compare = (found: ReturnType<typeof drawSpreads>, expected: ReturnType<typeof byDefinition>) => {
    expect(found).toHaveLength(400);
    found?.forEach((draw, n) => {
      expect(draw.gap).toBeCloseTo(expected[n].gap, 9);
      expect(draw.spread).toBeCloseTo(expected[n].spread, 9);
    });
  };

  test('take members with their places', () => {
    compare(
      drawSpreads(sides, undefined, 5),
      byDefinition(sides.map(({ along }) => Array.from(along, (value) => [value]))),
    );
  });

  test('take episodes, in the order of their numbers, with all of their members', () => {
    // Nine episodes of the first class, eight of the second with two frames each.
    const episodes = Int32Array.from({ length: 40 }, (_, row) => (row % 2 ? (row * 7) % 16 : 100 - row));
    const both = [
      sides[0],
      {
        along: Float64Array.from({ length: 16 }, (_, n) => 10 + n * n),
        rows: Int32Array.from({ length: 16 }, (_, n) => 2 * ((n * 5) % 16) + 1),
      },
    ];
    const unitsOf = both.map(({ along, rows }) => {
      const numbers = [...new Set(Array.from(rows, (row) => episodes[row]))].sort((a, b) => a - b);
      return numbers.map((number) => Array.from(along).filter((_value, n) => episodes[rows[n]] === number));
    });
    expect(unitsOf.map((units) => units.length)).toEqual([9, 8]);
    compare(drawSpreads(both, episodes, 5), byDefinition(unitsOf));
  });

  test('are none where one of the two classes has fewer than eight', () => {
    const short = { along: sides[1].along.subarray(0, 7), rows: sides[1].rows.subarray(0, 7) };
    expect(drawSpreads([sides[0], short], undefined, 5)).toBeUndefined();
    expect(drawSpreads([short, sides[0]], undefined, 5)).toBeUndefined();
  });

  test('their interval leaves out ten of the 400 at either end', () => {
    expect(middleOfRatios(Array.from({ length: 400 }, (_, n) => (n * 7) % 400))).toEqual([10, 389]);
  });
});
