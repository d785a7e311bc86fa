// Which tensor of a first step is said to start a difference.
import { expect, test } from 'vitest';
import type { ProbedTensor } from '../../src/training/probe.ts';
import { originOf, relativeError } from '../../src/verification/training.ts';

const tensor = (name: string, operation: string, from: readonly string[]): ProbedTensor => ({
  name,
  type: 'float32',
  shape: [],
  operation,
  from,
});
const tensors = [
  tensor('Conv2D:0', 'Conv2D', ['observations:0', 'kernel/read:0']),
  tensor('Norm:0', 'FusedBatchNormV3', ['Conv2D:0']),
  tensor('Norm:1', 'FusedBatchNormV3', ['Conv2D:0']),
  tensor('Relu:0', 'Relu', ['Norm:0']),
];

test('the first tensor beyond rounding is named with what came into it, however large later ones are', () => {
  expect(originOf(tensors, [3e-7, 9e-6, 2e-3, 0.5])).toEqual({
    compared: 4,
    first: { node: 'Norm:1', operation: 'FusedBatchNormV3', error: 2e-3, inputError: 3e-7 },
    largest: { node: 'Relu', operation: 'Relu', error: 0.5, inputError: 9e-6 },
  });
});

test('where all is rounding there is no first, but a largest', () => {
  expect(originOf(tensors, [0, 2e-7, 1e-7, 1e-7])).toEqual({
    compared: 4,
    first: null,
    largest: { node: 'Norm', operation: 'FusedBatchNormV3', error: 2e-7, inputError: 0 },
  });
});

test('what is not finite in one place alone is null, for JSON', () => {
  const { first, largest } = originOf(tensors, [0, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY]);
  expect(first).toMatchObject({ node: 'Norm', error: null, inputError: 0 });
  expect(largest).toMatchObject({ node: 'Norm', error: null });
});

test.each([
  { values: [1, 2, -4.5], reference: [1, 2, -4], error: 0.125 },
  { values: [0, 0], reference: [0, 0], error: 0 },
  { values: [Number.NaN, 3], reference: [Number.NaN, 4], error: 0.25 },
  { values: [Number.NaN], reference: [1], error: Number.POSITIVE_INFINITY },
  { values: [1], reference: [Number.POSITIVE_INFINITY], error: Number.POSITIVE_INFINITY },
  { values: [-0, 5], reference: [0, 5], error: 0 },
])('$values is $error of its scale from $reference', ({ values, reference, error }) => {
  expect(relativeError(Float32Array.from(values), Float32Array.from(reference))).toBe(error);
});
