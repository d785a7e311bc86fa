import { expect, test } from 'vitest';
import { median } from '../../src/measures/median.ts';

test('the median is the middle in rising order, or the mean of the two in the middle; nothing is sorted in place', () => {
  const values = [10, 9, 100];
  expect(median(values)).toBe(10);
  expect(values).toEqual([10, 9, 100]);
  expect(median([10, 9, 100, 2])).toBe(9.5);
  expect(median([5])).toBe(5);
});
