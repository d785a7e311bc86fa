import { expect, test } from 'vitest';
import type { StateAuxiliary } from '../../src/auxiliary/index.ts';
import { headValueSlope, headValues } from '../../src/evaluation/head-value.ts';

const binary: StateAuxiliary = {
  name: 'binary',
  of: 'state',
  size: 1,
  loss: 'cross-entropy',
  coefficient: 1,
  table: new Float32Array(0),
};
const real: StateAuxiliary = { ...binary, name: 'real', size: 2, loss: 'squared' };

test('only the outputs that are logits become probabilities', () => {
  const values = headValues([real, binary], Float32Array.of(5, -5, 0, 7, 8, Math.log(3)));
  expect([...values]).toEqual([5, -5, 0.5, 7, 8, 0.75]);
});

test('logits of any size become numbers', () => {
  expect([...headValues([binary], Float32Array.of(1000, -1000))]).toEqual([1, 0]);
});

test('the steepest slope is that of the steepest part', () => {
  expect(headValueSlope([binary, binary])).toBe(1 / 4);
  expect(headValueSlope([binary, real])).toBe(1);
});

test('outputs that do not fill rows are refused', () => {
  expect(() => headValues([real, binary], new Float32Array(4))).toThrow('expected rows of 3 outputs, got 4 numbers');
});
