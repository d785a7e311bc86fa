import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auxiliaryGap, bisimulationMetric, type FiniteSystem } from '../../src/bisimulation/index.ts';
import { arbitrarySystem } from './automaton.ts';

describe('bisimulation metric', () => {
  test('on a countdown to a reward it is what was worked out by hand', () => {
    // 2 -> 1 -> 0 -> 0, p = 1 at 0. d(0,1) = 1 + g d(0,0) = 1; d(0,2) = 1 + g d(0,1) = 1 + g; d(1,2) = g d(0,1) = g.
    const system: FiniteSystem = {
      stateCount: 3,
      actionCount: 1,
      next: Int32Array.of(0, 0, 1),
      auxiliarySize: 1,
      auxiliary: Float64Array.of(1, 0, 0),
    };
    const { distances } = bisimulationMetric(system, { discount: 0.5 });
    expect([...distances]).toEqual([0, 1, 1.5, 1, 0, 0.5, 1.5, 0.5, 0]);
    expect([...bisimulationMetric(system, { discount: 0.5, weight: 0.5 }).distances]).toEqual(
      [...distances].map((distance) => distance / 2),
    );
  });

  /** 0 -> 1 -> 2 -> 2 by the second action; by the first each stays. p = 0, 1, 3. */
  const stairs: FiniteSystem = {
    stateCount: 3,
    actionCount: 2,
    next: Int32Array.of(0, 1, 2, 1, 2, 2),
    auxiliarySize: 1,
    auxiliary: Float64Array.of(0, 1, 3),
  };

  test('takes for every pair the action that leads further apart, as worked out by hand', () => {
    // d(1,2) = 2 + g d(1,2) = 4 by staying. d(0,2) = 3 + g d(0,2) = 6 by staying, more than 3 + g d(1,2).
    // d(0,1) = 1 + g d(1,2) = 3 by a step, more than 1 + g d(0,1).
    const { distances, rounds } = bisimulationMetric(stairs, { discount: 0.5 });
    expect([...distances]).toEqual([0, 3, 6, 3, 0, 4, 6, 4, 0]);
    // These actions are the best by the gaps alone already: one round, and none to see that nothing is better.
    expect(rounds).toBe(1);
  });

  test('has the scale of its weight, however small', () => {
    const { distances } = bisimulationMetric(stairs, { discount: 0.5 });
    for (const weight of [2 ** -40, 2 ** 40])
      expect([...bisimulationMetric(stairs, { discount: 0.5, weight }).distances]).toEqual(
        Array.from(distances, (distance) => weight * distance),
      );
  });

  test('of states that nothing tells apart takes no rounds', () => {
    const alike = { ...stairs, auxiliary: new Float64Array(3) };
    expect(bisimulationMetric(alike, { discount: 0.5 })).toMatchObject({ distances: Float64Array.of(0), rounds: 0 });
  });

  test('is the fixed point of its definition, and zero on bisimilar pairs alone', () => {
    const discount = 0.8;
    fc.assert(
      fc.property(arbitrarySystem(), (system) => {
        const { bisimulation, distances } = bisimulationMetric(system, { discount });
        const { classOf, classCount } = bisimulation;
        const exact = iterateNaively(system, discount, 170);
        const wrong: object[] = [];
        for (let s = 0; s < system.stateCount; s++)
          for (let t = 0; t < system.stateCount; t++) {
            const distance = distances[classOf[s] * classCount + classOf[t]];
            const error = exact[s][t] - distance;
            const isZero = distance === 0;
            if (Math.abs(error) > 1e-10 || isZero !== (classOf[s] === classOf[t]))
              wrong.push({ s, t, distance, exact: exact[s][t] });
          }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('sums up a cycle of pairs for ever', () => {
    // 0 and 1 swap, 2 stays; p = 1 at 1. d(0,2): gap 0, then d(1,2): gap 1, then d(0,2) again: d(1,2) = 1 / (1 - g^2).
    const system: FiniteSystem = {
      stateCount: 3,
      actionCount: 1,
      next: Int32Array.of(1, 0, 2),
      auxiliarySize: 1,
      auxiliary: Float64Array.of(0, 1, 0),
    };
    const { distances } = bisimulationMetric(system, { discount: 0.5 });
    expect(distances[1 * 3 + 2]).toBeCloseTo(4 / 3, 12);
    expect(distances[0 * 3 + 2]).toBeCloseTo(2 / 3, 12);
    expect(distances[0 * 3 + 1]).toBeCloseTo(2, 12);
  });

  test.each([1, 0, -0.1, Number.NaN])('refuses a discount of %d', (discount) => {
    const system = {
      stateCount: 1,
      actionCount: 1,
      next: Int32Array.of(0),
      auxiliarySize: 0,
      auxiliary: new Float64Array(0),
    };
    expect(() => bisimulationMetric(system, { discount })).toThrow(
      `bisimulation metric: expected a discount in (0, 1), got ${discount}`,
    );
  });
});

/** 0.8^170 is 3e-17: the naive iteration is exact to rounding. */
function iterateNaively(system: FiniteSystem, discount: number, sweeps: number): number[][] {
  const { stateCount, actionCount, next } = system;
  const states = Array.from({ length: stateCount }, (_, state) => state);
  let distances = states.map(() => states.map(() => 0));
  for (let sweep = 0; sweep < sweeps; sweep++)
    distances = states.map((s) =>
      states.map((t) => {
        let farthest = 0;
        for (let action = 0; action < actionCount; action++)
          farthest = Math.max(farthest, distances[next[action * stateCount + s]][next[action * stateCount + t]]);
        return auxiliaryGap(system, s, t) + discount * farthest;
      }),
    );
  return distances;
}
