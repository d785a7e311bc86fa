import { expect, test } from 'vitest';
import { sampleRows, takeRows } from '../../src/measures/class-sample.ts';
import { latentsOf } from '../evaluation/reference.ts';

/** Ten of class 0, then two of class 1. */
const latents = latentsOf(
  Array.from({ length: 12 }, (_, n) => [n, -n]),
  Array.from({ length: 12 }, (_, n) => (n < 10 ? 0 : 1)),
);

test('a sample keeps all of a rare class and spreads evenly over the others', () => {
  // At most 4 of a class are 4 + 2; the fourths of ten end with 2, 4, 7 and 9.
  expect(Array.from(sampleRows(latents, 6))).toEqual([2, 4, 7, 9, 10, 11]);
  expect(Array.from(sampleRows(latents, 7))).toEqual([1, 3, 5, 7, 9, 10, 11]);
  expect(Array.from(sampleRows(latents, 11))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test('a sample has two of every class at least, and is all where there are no more', () => {
  expect(Array.from(sampleRows(latents, 1))).toEqual([4, 9, 10, 11]);
  expect(sampleRows(latents, 12)).toHaveLength(12);
  expect(sampleRows(latents, 100)).toHaveLength(12);
});

test('rows are taken with their labels', () => {
  const taken = takeRows(latents, Int32Array.of(3, 11));
  expect(taken).toEqual({
    values: Float32Array.of(3, -3, 11, -11),
    count: 2,
    size: 2,
    labels: Int32Array.of(0, 1),
    classCount: 2,
  });
  expect(takeRows(latents, sampleRows(latents, 12))).toBe(latents);
});
