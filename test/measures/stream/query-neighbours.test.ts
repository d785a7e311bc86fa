// The nearest rows of a query beside those found by sorting; squared distances are small whole numbers, so that many are equal.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredArrays } from '../../../src/measures/stream/block.ts';
import { QueryNeighbours } from '../../../src/measures/stream/query-neighbours.ts';

interface Row {
  readonly square: number;
  readonly row: number;
  readonly label: number;
}

const someRows = fc
  .uniqueArray(fc.record({ square: fc.nat(6), row: fc.nat(30), label: fc.nat(2) }), { selector: ({ row }) => row })
  .map((rows) => rows as readonly Row[]);

/** Of two queries: the first is of class 0, the second of class 1 and twice as far from everything. */
function neighboursOf(rows: readonly Row[]): QueryNeighbours {
  const neighbours = new QueryNeighbours(2);
  for (const { square, row, label } of rows) {
    neighbours.offer(0, square, row, label, 0);
    neighbours.offer(1, 4 * square, row, label, 1);
  }
  return neighbours;
}

function storedOf(neighbours: QueryNeighbours): StoredArrays {
  const arrays: StoredArrays = new Map();
  neighbours.store(arrays);
  return arrays;
}

/** By definition: the first by distance, then by number. */
function expectedOf(rows: readonly Row[], own: number, factor: number) {
  const sorted = [...rows].sort((a, b) => a.square - b.square || a.row - b.row);
  const [nearest, second] = sorted;
  const other = sorted.find(({ label }) => label !== own);
  const squareOf = (row: Row | undefined) => (row === undefined ? Number.POSITIVE_INFINITY : factor * row.square);
  const ofOwn = rows.filter(({ label }) => label === own).map(squareOf);
  return {
    extremes: [squareOf(nearest), squareOf(second), squareOf(other), Math.max(0, ...ofOwn)],
    rows: [nearest?.row ?? -1, other?.row ?? -1],
    labels: [nearest?.label ?? -1, other?.label ?? -1],
  };
}

test('two nearest, the nearest of another class and the farthest of the own are those of all rows, in any order and parts', () => {
  fc.assert(
    fc.property(someRows, fc.nat(30), (rows, cut) => {
      const expected = [expectedOf(rows, 0, 1), expectedOf(rows, 1, 4)];
      const merged = new QueryNeighbours(2);
      for (const part of [rows.slice(cut), rows.slice(0, cut)]) merged.merge(storedOf(neighboursOf(part)));
      for (const found of [neighboursOf(rows), neighboursOf(rows.toReversed()), merged]) {
        expect([...found.extremes]).toEqual(expected.flatMap(({ extremes }) => extremes));
        expect([...found.labels]).toEqual(expected.flatMap(({ labels }) => labels));
        expect([...(storedOf(found).get('neighbours')?.values ?? [])]).toEqual(
          expected.flatMap(({ rows: own }) => own),
        );
      }
    }),
  );
});

test('what is stored has a row a query', () => {
  const arrays = storedOf(neighboursOf([]));
  expect(['extremes', 'neighbours', 'neighbourLabels'].map((name) => arrays.get(name)?.shape)).toEqual([
    [2, 4],
    [2, 2],
    [2, 2],
  ]);
});
