import { describe, expect, test } from 'vitest';
import {
  binaryCrossEntropy,
  meanSquaredError,
  relativeDynamicsResidual,
  softmaxCrossEntropy,
} from '../../src/measures/residual.ts';

describe('residuals', () => {
  test('the mean squared error of (1, 2) and (3, 2) is 2', () => {
    expect(meanSquaredError(Float32Array.of(1, 2), Float32Array.of(3, 2))).toBe(2);
  });

  test('cross-entropy of a logit of 0 is log 2, and large logits do not overflow', () => {
    expect(binaryCrossEntropy(Float32Array.of(0, 0), Float32Array.of(0, 1))).toBeCloseTo(Math.LN2, 15);
    expect(binaryCrossEntropy(Float32Array.of(1000), Float32Array.of(0))).toBe(1000);
    expect(binaryCrossEntropy(Float32Array.of(1000), Float32Array.of(1))).toBe(0);
  });

  test('predicting the mean latent has a relative residual of 1, the truth one of 0', () => {
    const truth = Float32Array.of(0, 10, 2, 30);
    expect(relativeDynamicsResidual(Float32Array.of(1, 20, 1, 20), truth, 2)).toBe(1);
    expect(relativeDynamicsResidual(truth, truth, 2)).toBe(0);
    expect(relativeDynamicsResidual(Float32Array.of(1, 1), Float32Array.of(2, 2), 1)).toBe(Infinity);
    expect(relativeDynamicsResidual(Float32Array.of(2, 2), Float32Array.of(2, 2), 1)).toBe(0);
  });

  test('lists of different lengths are refused', () => {
    expect(() => meanSquaredError(Float32Array.of(1), Float32Array.of(1, 2))).toThrow('got 1 and 2');
    expect(() => meanSquaredError(new Float32Array(0), new Float32Array(0))).toThrow('got 0 and 0');
  });
});

test('cross-entropy of a softmax is that of its definition, and does not overflow', () => {
  // Two rows of three: softmax of (0, ln 2, 0) is (1/4, 1/2, 1/4).
  const logits = Float32Array.of(0, Math.LN2, 0, 1000, 0, 0);
  const targets = Float32Array.of(0, 1, 0, 0.5, 0.5, 0);
  expect(softmaxCrossEntropy(logits, targets, 3)).toBeCloseTo((Math.log(2) + 500) / 2, 4);
});
