// A matcher for arrays of numbers that reports the worst element: its index, both values, absolute and relative error.
import { expect } from 'vitest';

export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

/** Fails unless |actual - expected| <= absolute + relative |expected| everywhere; NaN never passes. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 0, relative = 0 }: Tolerance,
  what = 'values',
): void {
  expect(actual.length, `${what}: number of elements`).toBe(expected.length);
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    const excess = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error - absolute - relative * Math.abs(expected[i]);
    if (excess > worstExcess) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst < 0) return;
  const error = Math.abs(actual[worst] - expected[worst]);
  expect.fail(
    `${what}[${worst}]: expected ${expected[worst]}, got ${actual[worst]}: absolute error ${error}, ` +
      `relative ${error / Math.abs(expected[worst])} (allowed ${absolute} + ${relative} * |expected|)`,
  );
}
