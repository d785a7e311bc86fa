import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { levelSets } from '../../src/bisimulation/index.ts';

function columns(auxiliarySize: number, ...values: number[]) {
  const stateCount = values.length / auxiliarySize;
  return {
    stateCount,
    actionCount: 0,
    next: new Int32Array(0),
    auxiliarySize,
    auxiliary: Float64Array.from(values),
  };
}

describe('level sets', () => {
  test('without tolerance, only equal values share a set, and -0 equals 0', () => {
    expect([...levelSets(columns(1, 0, 1e-12, -0, 1e-12)).of]).toEqual([0, 1, 0, 1]);
  });

  test('within the tolerance values share a set, whatever side of a round number they are on', () => {
    expect([...levelSets(columns(1, 0.99, 1.01, 2, 1), 0.02 + 1e-12).of]).toEqual([0, 0, 1, 0]);
  });

  test('a chain whose ends are further apart than the tolerance is refused', () => {
    expect(() => levelSets(columns(1, 0, 2, 1), 1)).toThrow(
      expect.objectContaining({
        message:
          'level sets: auxiliary 0: expected groups of values no wider than the tolerance 1, got a chain from 0 to 2',
        remedy: 'Choose a tolerance between the noise of a value and the smallest true difference, or 0.',
      }),
    );
  });

  test('all numbers of p count', () => {
    expect([...levelSets(columns(2, 0, 0, 0, 1, 1, 0, 0, 1)).of]).toEqual([0, 1, 2, 1]);
  });

  test('where accepted, two states share a set exactly when every number is within the tolerance', () => {
    const tolerance = 0.3;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0.1, 0.2, 1, 1.25, 2, -5), { minLength: 2, maxLength: 20 }), (values) => {
        const even = values.slice(0, 2 * Math.floor(values.length / 2));
        const system = columns(2, ...even);
        const { of, count } = levelSets(system, tolerance);
        expect(new Set(of).size).toBe(count);
        for (let s = 0; s < system.stateCount; s++)
          for (let t = 0; t < system.stateCount; t++) {
            const isNear = [0, 1].every((m) => Math.abs(even[2 * s + m] - even[2 * t + m]) <= tolerance);
            expect(of[s] === of[t]).toBe(isNear);
          }
      }),
      { numRuns: 500 },
    );
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a tolerance of %d is refused', (tolerance) => {
    expect(() => levelSets(columns(1, 0), tolerance)).toThrow('expected a tolerance of 0 or more');
  });
});
