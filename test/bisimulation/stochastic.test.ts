import { describe, expect, test } from 'vitest';
import type { RecordedTransitions } from '../../src/bisimulation/recording.ts';
import { stochasticSystem } from '../../src/bisimulation/stochastic.ts';
import { randomFor } from '../../src/random.ts';

/** From 0, 1 and 2 one action leads to 3 (p = 0) or 4 (p = 1), with these chances of 4; both ends stay. */
function slippery(chances: readonly number[], repeats: number, seed: number): RecordedTransitions {
  const random = randomFor('slippery', seed);
  const rows: [number, number][] = [];
  for (let n = 0; n < repeats; n++) {
    chances.forEach((chance, state) => {
      rows.push([state, random.uniform() < chance ? 4 : 3]);
    });
    rows.push([3, 3], [4, 4]);
  }
  return {
    observationCount: 5,
    actionCount: 1,
    from: Int32Array.from(rows, ([from]) => from),
    action: new Int32Array(rows.length),
    to: Int32Array.from(rows, ([, to]) => to),
    auxiliarySize: 1,
    auxiliary: Float32Array.of(0, 0, 0, 0, 1),
  };
}

describe('stochastic bisimulation', () => {
  test('tells apart what slips more often, keeps together what slips as often, and says so within epsilon', () => {
    const system = stochasticSystem(slippery([0.3, 0.3, 0.8], 2000, 0), { epsilon: 0.2 });
    expect(system.compare(0, 1).verdict).toBe('within');
    expect(system.compare(0, 2)).toMatchObject({ verdict: 'apart', action: 0 });
    expect(system.compare(0, 2).distance).toBeCloseTo(0.5, 1);
    expect(system.classOf[0]).toBe(system.classOf[1]);
    expect(system.classOf[0]).not.toBe(system.classOf[2]);
    // Of different p, whatever follows.
    expect(system.compare(3, 4)).toEqual({ verdict: 'apart' });
  });

  test('is undecided with few repeats, and as many as it asks for decide', () => {
    const few = stochasticSystem(slippery([0.3, 0.3, 0.8], 10, 1), { epsilon: 0.1 }).compare(0, 2);
    expect(few.verdict).toBe('undecided');
    expect(few.interval?.[0]).toBeLessThanOrEqual(0.1);
    expect(few.interval?.[1]).toBeGreaterThan(0.1);
    const enough = stochasticSystem(slippery([0.3, 0.3, 0.8], 1000, 1), { epsilon: 0.1 }).compare(0, 2);
    expect(enough.verdict).toBe('apart');
    expect(enough.repeats).toBeGreaterThan(30);
    expect(enough.repeats).toBeLessThanOrEqual(1000);
  });

  test('calls nothing apart that is the same, in 200 worlds', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { compare } = stochasticSystem(slippery([0.4, 0.4, 0.4], 40, seed), { epsilon: 0 });
      expect(compare(0, 1).verdict).not.toBe('apart');
      expect(compare(1, 2).verdict).not.toBe('apart');
    }
  });

  test('refuses an epsilon of 1', () => {
    expect(() => stochasticSystem(slippery([0.5, 0.5, 0.5], 1, 0), { epsilon: 1 })).toThrow(
      'expected an epsilon in [0, 1)',
    );
  });
});
