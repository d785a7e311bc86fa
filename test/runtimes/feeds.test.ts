// Axes of feeds whose sizes are multiples of one name: twice as many observations as sequences.
import { describe, expect, test } from 'vitest';
import { checkFeeds } from '../../src/runtimes/feeds.ts';
import type { RuntimeTensor, TensorSpec } from '../../src/runtimes/runtime.ts';

const inputs: readonly TensorSpec[] = [
  { name: 'actions', type: 'float32', shape: ['batch', 2] },
  { name: 'observations', type: 'float32', shape: ['2*batch', 1] },
];
const rows = (count: number, size: number): RuntimeTensor => ({
  type: 'float32',
  data: new Float32Array(count * size),
  shape: [count, size],
});
const check = (sequences: number, observations: number) => () =>
  checkFeeds('step.onnx', inputs, { actions: rows(sequences, 2), observations: rows(observations, 1) });

describe('feeds of a named axis and of a multiple of it', () => {
  test('any size is taken where they fit together', () => {
    expect(check(5, 10)).not.toThrow();
    expect(check(1, 2)).not.toThrow();
  });

  test('another multiple, and what is no multiple, are refused with the size that would do', () => {
    expect(check(5, 8)).toThrow(
      'step.onnx: input "observations": expected axis 2*batch to have the size 10 that goes with "actions", got 8',
    );
    expect(check(5, 9)).toThrow('step.onnx: input "observations": expected axis 2*batch to be a multiple of 2, got 9');
  });
});
