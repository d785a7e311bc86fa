// Distances, intervals and repeats of two observations, worked out from the counts.
import { describe, expect, test } from 'vitest';
import type { RecordedTransitions } from '../../src/bisimulation/recording.ts';
import { stochasticSystem } from '../../src/bisimulation/stochastic.ts';
import { option } from '../../src/error.ts';

/** `times` of each transition; of four observations the last has p = 1. */
function counted(
  ...rows: readonly (readonly [from: number, action: number, to: number, times: number])[]
): RecordedTransitions {
  const all = rows.flatMap(([from, action, to, times]) => Array.from({ length: times }, () => [from, action, to]));
  return {
    observationCount: 4,
    actionCount: 2,
    from: Int32Array.from(all, ([from]) => from),
    action: Int32Array.from(all, ([, action]) => action),
    to: Int32Array.from(all, ([, , to]) => to),
    auxiliarySize: 1,
    auxiliary: Float32Array.of(0, 0, 0, 1),
  };
}

/** Half the L1 distance within which the counts are with a chance of 0.95 for all `comparisons` together. */
const radius = (count: number, classes: number, comparisons: number, miss = 0.05) =>
  Math.sqrt((2 * (classes * Math.LN2 + Math.log(comparisons / miss))) / count) / 2;

const ends = [
  [2, 0, 2, 20],
  [3, 0, 3, 20],
] as const;

describe('two observations', () => {
  const few = counted([0, 0, 2, 30], [0, 0, 3, 10], [1, 0, 2, 10], [1, 0, 3, 40], ...ends);

  test('are undecided between the ends of their interval', () => {
    const system = stochasticSystem(few);
    // All that has p = 0 is one class.
    expect([...system.classOf]).toEqual([0, 0, 0, 1]);
    expect(system.classCount).toBe(2);
    const reach = radius(40, 2, 4) + radius(50, 2, 4);
    const bits = 2 * Math.LN2 + Math.log(4 / 0.05);
    expect(system.compare(0, 1)).toEqual({
      verdict: 'undecided',
      action: 0,
      distance: expect.closeTo(0.75 - 0.2, 12),
      interval: [expect.closeTo(0.55 - reach, 12), 1],
      // Half of the way to epsilon for each of the two.
      repeats: Math.ceil(bits / (2 * ((0.55 - 0.1) / 2) ** 2)),
    });
    const surer = stochasticSystem(few, { missChance: 0.001 }).compare(0, 1);
    expect(surer.interval?.[0]).toBeCloseTo(Math.max(0, 0.55 - radius(40, 2, 4, 0.001) - radius(50, 2, 4, 0.001)), 12);
  });

  test('are apart where all of it is beyond epsilon, and then have classes of their own', () => {
    const many = counted([0, 0, 2, 90], [0, 0, 3, 30], [1, 0, 2, 30], [1, 0, 3, 120], ...ends);
    const system = stochasticSystem(many);
    expect([...system.classOf]).toEqual([0, 1, 0, 2]);
    const reach = radius(120, 3, 4) + radius(150, 3, 4);
    expect(system.compare(1, 0)).toMatchObject({
      verdict: 'apart',
      action: 0,
      distance: expect.closeTo(0.55, 12),
      interval: [expect.closeTo(0.55 - reach, 12), expect.closeTo(0.55 + reach, 12)],
    });
    // What it slips to as often is within half a distance, whatever epsilon is.
    expect([...stochasticSystem(many, { epsilon: 0.3 }).classOf]).toEqual([0, 0, 0, 1]);
  });

  test('are within epsilon where all of it is, by every action that was taken', () => {
    const same = counted([0, 0, 2, 6000], [0, 0, 3, 4000], [1, 0, 2, 6000], [1, 0, 3, 4000], ...ends);
    const reach = 2 * radius(10_000, 2, 4);
    expect(reach).toBeLessThan(0.04);
    expect(stochasticSystem(same, { epsilon: reach + 1e-9 }).compare(0, 1)).toEqual({ verdict: 'within' });
    expect(stochasticSystem(same, { epsilon: reach - 1e-9 }).compare(0, 1)).toMatchObject({
      verdict: 'undecided',
      distance: 0,
      interval: [0, expect.closeTo(reach, 12)],
    });
    expect(stochasticSystem(same).compare(2, 2)).toEqual({ verdict: 'within' });
    // At epsilon itself no number of repeats decides.
    expect(stochasticSystem(same, { epsilon: 0 }).compare(0, 1).repeats).toBe(Number.POSITIVE_INFINITY);
  });

  test('are as uncertain as their least certain action, one that only one of them has taken included', () => {
    const more = counted([0, 0, 2, 6000], [1, 0, 2, 6000], [0, 1, 2, 500], [1, 1, 2, 400], ...ends);
    const reach = radius(500, 2, 6) + radius(400, 2, 6);
    expect(stochasticSystem(more).compare(0, 1)).toMatchObject({
      verdict: 'undecided',
      action: 1,
      interval: [0, expect.closeTo(reach, 12)],
    });
    const once = counted([0, 0, 2, 6000], [1, 0, 2, 6000], [1, 1, 3, 400], ...ends);
    expect(stochasticSystem(once).compare(0, 1)).toMatchObject({
      verdict: 'undecided',
      action: 1,
      distance: 0,
      interval: [0, 1],
    });
    expect(stochasticSystem(once).compare(1, 0)).toMatchObject({ verdict: 'undecided', action: 1, distance: 0 });
  });

  test.each([
    [[500, 300], 1],
    [[300, 500], 0],
    [[300, 300], 0],
  ])('with %j repeats of two actions name the less certain, the first of equal ones', ([first, second], action) => {
    const both = counted([0, 0, 2, first], [1, 0, 2, first], [0, 1, 2, second], [1, 1, 2, second], ...ends);
    expect(stochasticSystem(both).compare(0, 1)).toMatchObject({ verdict: 'undecided', action });
  });

  test('are apart where they lead to what is apart itself, one round later', () => {
    // 0 leads to 2 and 1 to 4; 2 leads to 3, which has p = 1, and 4 to itself.
    const rows = [
      [0, 2],
      [1, 4],
      [2, 3],
      [3, 3],
      [4, 4],
    ].flatMap((row) => Array.from({ length: 3000 }, () => row));
    const chain = {
      ...{ observationCount: 5, actionCount: 1, auxiliarySize: 1, auxiliary: Float32Array.of(0, 0, 0, 1, 0) },
      from: Int32Array.from(rows, ([from]) => from),
      action: new Int32Array(rows.length),
      to: Int32Array.from(rows, ([, to]) => to),
    };
    expect([...stochasticSystem(chain).classOf]).toEqual([0, 1, 2, 3, 1]);
  });

  test('of two numbers of p are the same where both are', () => {
    const two = { ...few, auxiliarySize: 2, auxiliary: Float32Array.of(1, 23, 12, 3, 1, 23, 1, 3) };
    const { compare, classOf } = stochasticSystem(two);
    expect([...classOf].map((each) => each === classOf[0])).toEqual([true, false, true, false]);
    expect([compare(0, 1), compare(0, 3), compare(1, 3)]).toEqual(Array(3).fill({ verdict: 'apart' }));
    expect(compare(0, 2).action).toBe(0);
  });

  test('of different p are apart at once', () => {
    expect(stochasticSystem(few).compare(2, 3)).toEqual({ verdict: 'apart' });
  });
});

describe('refused are', () => {
  test.each([1, -0.01, Number.NaN])('an epsilon of %d', (epsilon) => {
    expect(() => stochasticSystem(counted([0, 0, 0, 1]), { epsilon })).toThrow(
      `stochastic bisimulation: expected an epsilon in [0, 1), got ${epsilon}`,
    );
  });

  test('more than 2,000 observations', () => {
    const of = (observationCount: number) => ({
      ...counted([0, 0, 0, 1]),
      ...{ observationCount, actionCount: 1, auxiliary: Float32Array.from({ length: observationCount }, (_, n) => n) },
    });
    expect(stochasticSystem(of(2000)).classCount).toBe(2000);
    const refused = () => stochasticSystem(of(2001));
    expect(refused).toThrow('stochastic bisimulation: expected at most 2000 observations, got 2001');
    expect(refused).toThrow(
      expect.objectContaining({
        remedy: `Name the state by a column (${option('map', 'state=NAME')}), so that observations of one state are one.`,
      }),
    );
  });
});
