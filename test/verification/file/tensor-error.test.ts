// Errors of tensors, on numbers whose measures are known by hand.
import { describe, expect, test } from 'vitest';
import type { RuntimeTensor } from '../../../src/runtimes/runtime.ts';
import { brokenTolerances, matchOutputs } from '../../../src/verification/file/rules.ts';
import { ERROR_DECADES, tensorError } from '../../../src/verification/file/tensor-error.ts';

function floats(values: readonly number[], shape: readonly number[] = [values.length]): RuntimeTensor {
  return { type: 'float32', data: Float32Array.from(values), shape };
}

describe('tensorError', () => {
  test('absolute, relative, SQNR and PSNR are those of their formulas', () => {
    const error = tensorError(floats([3, -4, 0, 0]), floats([3, -4.5, 0, 0]), false);
    expect(error).toMatchObject({
      elements: 4,
      maxAbsolute: 0.5,
      meanAbsolute: 0.125,
      maxRelative: 0.125,
      scale: 4,
      partOfScale: 0.125,
      worst: { index: [1], expected: -4, got: -4.5 },
    });
    // 25 against 0.25; a range of 7 against a mean squared error of 0.0625.
    expect(error.sqnrDb).toBeCloseTo(20, 12);
    expect(error.psnrDb).toBeCloseTo(10 * Math.log10(49 / 0.0625), 12);
  });

  test('cosines are of rows where the first axis is that of observations', () => {
    const [a, b] = [floats([1, 0, 0, 2], [2, 2]), floats([1, 0, 2, 0], [2, 2])];
    expect(tensorError(a, b, true).cosine).toEqual({ smallest: 0, mean: 0.5 });
    expect(tensorError(a, b, false).cosine.smallest).toBeCloseTo(1 / 5, 12);
    expect(tensorError(floats([0, 0], [1, 2]), floats([0, 0], [1, 2]), true).cosine.smallest).toBe(1);
  });

  test('small numbers have no relative error; exact tensors have neither noise nor a worst element', () => {
    expect(tensorError(floats([1000, 0.5]), floats([1000, 0.6]), false).maxRelative).toBe(0);
    const exact = tensorError(floats([1, 2]), floats([1, 2]), false);
    expect(exact).toMatchObject({ maxAbsolute: 0, sqnrDb: null, psnrDb: null, worst: null });
    expect(exact.decades[0]).toBe(2);
  });

  test('elements are counted by the decade of their error', () => {
    // Parts of the scale of 1: 0, 5e-4 (below 1e-3), 0.5 (below 1), 2 (above).
    const { decades } = tensorError(floats([1, 0, 0, 0]), floats([1, 5e-4, 0.5, 2]), false);
    expect(decades).toHaveLength(ERROR_DECADES);
    expect(decades).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1]);
  });

  test('what is not finite is counted on each side, and is infinite where it differs', () => {
    const error = tensorError(floats([Number.NaN, 1, 2]), floats([Number.NaN, Number.POSITIVE_INFINITY, 2]), false);
    expect(error.nonFinite).toEqual({ reference: 1, here: 2, differing: 1 });
    expect(error).toMatchObject({ maxAbsolute: null, partOfScale: null, worst: { index: [1] } });
    expect(brokenTolerances(error, { cosine: 0 })).toEqual(['1 elements are not finite on one side only']);
  });
});

describe('rules', () => {
  test('each limit is kept by itself', () => {
    const error = tensorError(floats([3, -4, 0, 0]), floats([3, -4.5, 0, 0]), false);
    expect(brokenTolerances(error, { relative: 0.2, absolute: 0.5, cosine: 0.99, sqnr: 19 })).toEqual([]);
    expect(brokenTolerances(error, { relative: 0.1, sqnr: 21 })).toEqual([
      'the largest error as a part of the scale is 0.125, of 0.1 allowed',
      'the SQNR in dB is 20, of at least 21',
    ]);
  });

  test('outputs are matched by name, the rest by position, and what is left over is said', () => {
    expect(matchOutputs(['a', 'b'], ['b', 'z', 'y'])).toEqual({
      pairs: [
        { name: 'z', referenceName: 'a', matchedBy: 'position' },
        { name: 'b', referenceName: 'b', matchedBy: 'name' },
      ],
      unmatched: ['y'],
      missing: [],
    });
    expect(matchOutputs(['a', 'b'], ['a']).missing).toEqual(['b']);
  });
});
