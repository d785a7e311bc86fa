// The 2 x 2 of controllable or exogenous, relevant or not: what each marker does, what the reward needs, and the slipping world.
import { describe, expect, test } from 'vitest';
import { foreseeEnvironment } from '../../pipeline/foresee/environment.ts';
import { createAuxiliaries, environmentContext } from '../../src/auxiliary/index.ts';
import { largestBisimulation, systemOfEnvironment } from '../../src/bisimulation/index.ts';
import { createEnvironment, type Environment } from '../../src/environments/index.ts';
import { randomFor } from '../../src/random.ts';

const rewardOf = (environment: Environment) =>
  createAuxiliaries([{ kind: 'reward', coefficient: 1 }], environmentContext(environment, 0));

const places = (environment: Environment, state: number) => environment.factors?.map(({ of }) => of(state)) ?? [];

describe('exogenous', () => {
  const environment = createEnvironment('exogenous');

  test('an action moves its own marker, and both exogenous ones move whatever is done', () => {
    const start = 0;
    expect(environment.actionNames.map((_, action) => places(environment, environment.next(start, action)))).toEqual([
      [2, 0, 1, 1],
      [1, 0, 1, 1],
      [0, 2, 1, 1],
      [0, 1, 1, 1],
    ]);
  });

  test('the classes of dynamics and reward are hand and signal, nine of 81 states', async () => {
    const { classCount, classOf } = largestBisimulation(systemOfEnvironment(environment, await rewardOf(environment)));
    expect(classCount).toBe(9);
    for (let state = 0; state < environment.stateCount; state++) {
      const [hand, toy, signal, drift] = places(environment, state);
      const same = Array.from({ length: 81 }, (_, other) => other).find((other) => {
        const [h, t, s, d] = places(environment, other);
        return h === hand && s === signal && t === (toy + 1) % 3 && d === (drift + 2) % 3;
      });
      expect(classOf[same ?? -1]).toBe(classOf[state]);
    }
  });

  test('what is foreseen is the 2 x 2', async () => {
    const withReward = await foreseeEnvironment(environment, { auxiliaries: await rewardOf(environment) });
    expect(withReward.foresight.factors).toMatchObject([
      { name: 'hand', fate: 'kept', isNeeded: true, isExogenous: false },
      { name: 'toy', fate: 'may vanish', isNeeded: false, isExogenous: false },
      { name: 'signal', fate: 'kept', isNeeded: true, isExogenous: true },
      { name: 'drift', fate: 'may vanish', isNeeded: false, isExogenous: true },
    ]);
    expect(withReward.foresight.task).toEqual({ name: 'reward', needed: (9 * 8 * 9 * 9) / 2, lost: 0 });
    const without = await foreseeEnvironment(environment, { auxiliaries: [] });
    expect(without.foresight.factors.map(({ fate }) => fate)).toEqual(Array.from({ length: 4 }, () => 'may vanish'));
    expect(without.foresight.task?.lost).toBe(without.foresight.task?.needed);
    expect(without.broken).toEqual([]);
  });
});

/** The classes of probabilistic bisimulation (Larsen and Skou, 1991), by refinement of exact distributions. */
function stochasticClasses(environment: Environment, predictability: number, places: number): number[] {
  const states = Array.from({ length: environment.stateCount }, (_, state) => state);
  // The two exogenous markers are the last two digits of a state; each goes on, or is drawn evenly.
  const base = places * places;
  const outcomes = (state: number, action: number): Map<number, number> => {
    const found = new Map<number, number>();
    const moved = Math.floor(environment.next(state, action) / base) * base;
    const [signal, drift] = [Math.floor((state % base) / places), state % places];
    const odds = (from: number, to: number) =>
      (to === (from + 1) % places ? predictability : 0) + (1 - predictability) / places;
    for (let s = 0; s < places; s++)
      for (let d = 0; d < places; d++) found.set(moved + s * places + d, odds(signal, s) * odds(drift, d));
    return found;
  };
  let classOf = states.map((state) => environment.reward(state));
  for (let count = 0; new Set(classOf).size > count; ) {
    count = new Set(classOf).size;
    const keys = states.map((state) => {
      const ofActions = environment.actionNames.map((_, action) => {
        const shares = new Map<number, number>();
        for (const [to, share] of outcomes(state, action))
          shares.set(classOf[to], (shares.get(classOf[to]) ?? 0) + share);
        return [...shares]
          .sort(([a], [b]) => a - b)
          .map(([label, share]) => `${label}:${share.toFixed(9)}`)
          .join(' ');
      });
      return [classOf[state], ...ofActions].join('|');
    });
    const numbers = [...new Set(keys)];
    classOf = keys.map((key) => numbers.indexOf(key));
  }
  return classOf;
}

describe('a world that slips', () => {
  test.each([0, 0.5, 0.9])(
    'of predictability %d has the exact classes of the one that does not, or coarser ones at 0',
    async (predictability) => {
      const environment = createEnvironment('exogenous', { predictability });
      const { classOf } = largestBisimulation(systemOfEnvironment(environment, await rewardOf(environment)));
      const exact = stochasticClasses(environment, predictability, 3);
      // Without any predictability where the signal is now says all there is: classes that differ in it still differ at once.
      const isCoarser = exact.every((label, a) =>
        exact.every((other, b) => classOf[a] !== classOf[b] || label === other),
      );
      expect(isCoarser).toBe(true);
      expect(new Set(exact).size).toBe(predictability === 0 ? 6 : 9);
    },
  );

  test('goes on with the probability of its knob, and draws evenly else', () => {
    const environment = createEnvironment('exogenous', { predictability: 0.4 });
    const random = randomFor('slips');
    let onward = 0;
    for (let draw = 0; draw < 3000; draw++)
      if (places(environment, environment.drawNext?.(0, 0, random) ?? 0)[2] === 1) onward++;
    // 0.4 + 0.6 / 3, four standard errors.
    expect(Math.abs(onward / 3000 - 0.6)).toBeLessThan(0.036);
    expect(createEnvironment('exogenous').drawNext).toBeUndefined();
  });

  test('is foreseen with what it breaks', async () => {
    const environment = createEnvironment('exogenous', { predictability: 0.5 });
    const { broken } = await foreseeEnvironment(environment, { auxiliaries: [] });
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain('One action leads to several states');
  });
});
