// What is foreseen of small systems, worked out by hand or by all ways to merge them.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHAIN, type FiniteSystem, foresee, mergeObserved } from '../../src/bisimulation/index.ts';
import { randomFor } from '../../src/random.ts';
import { allPartitions, arbitrarySystem, isConsistent, naiveLengths } from './automaton.ts';

/** States that stay where they are, by the only action. */
function standing(...auxiliary: number[]): FiniteSystem {
  return {
    ...{ stateCount: auxiliary.length, actionCount: 1, auxiliarySize: 1 },
    next: Int32Array.from(auxiliary, (_, state) => state),
    auxiliary: Float64Array.from(auxiliary),
  };
}

const without = (system: FiniteSystem): FiniteSystem => ({
  ...system,
  auxiliarySize: 0,
  auxiliary: new Float64Array(0),
});

describe('of what was observed', () => {
  test('pairs are apart that no consistent way to merge states merges, by a word or by a chain', () => {
    fc.assert(
      fc.property(arbitrarySystem({ isPartial: true, states: 5 }), (system) => {
        fc.pre(system.next.includes(-1));
        const { stateCount } = system;
        const { foresight, lengths } = foresee({ system, factors: [], seed: 0 });
        const partitions = [...allPartitions(stateCount)].filter((of) => isConsistent(system, of));
        const words = naiveLengths(system);
        const expected = words.map((row, s) =>
          row.map((length, t) => (length >= 0 ? length : partitions.some((of) => of[s] === of[t]) ? -1 : CHAIN)),
        );
        expect([...lengths]).toEqual(expected.flat());
        const pairs = expected.flatMap((row, s) => row.slice(s + 1));
        expect(foresight).toMatchObject({
          ...{ kind: 'observed', states: stateCount, pairs: (stateCount * (stateCount - 1)) / 2, factors: [] },
          apart: pairs.filter((length) => length !== -1).length,
          byChain: pairs.filter((length) => length === CHAIN).length,
          classes: mergeObserved(system).count,
          byWordLength: [...new Set(pairs.filter((length) => length >= 0))]
            .sort((a, b) => a - b)
            .map((length) => ({ length, pairs: pairs.filter((each) => each === length).length })),
        });
      }),
    );
  });

  test('of more than 256 observations chains are not looked for', () => {
    const many = standing(...Array.from({ length: 257 }, (_, state) => (state === 0 ? 1 : 0)));
    many.next[256] = -1;
    expect(foresee({ system: many, factors: [], seed: 0 }).foresight).toMatchObject({
      ...{ kind: 'observed', apart: 256, byChain: null, classes: 2 },
    });
    many.next[256] = 256;
    expect(foresee({ system: many, factors: [], seed: 0 }).foresight).toMatchObject({ kind: 'complete', byChain: 0 });
  });

  test('more observations than a table of pairs holds are refused, with what to do instead', () => {
    expect(() => foresee({ system: standing(...new Array(2049).fill(0)), factors: [], seed: 0 })).toThrow(
      expect.objectContaining({
        message: 'foresee: expected at most 2048 different observations, got 2049',
        remedy: 'Take a part of the recording, or a smaller environment.',
      }),
    );
    expect(foresee({ system: standing(...new Array(2048).fill(0)), factors: [], seed: 0 }).foresight.apart).toBe(0);
  });
});

test('values within the tolerance are equal: in the auxiliary, in the task and in what labels tell', () => {
  const system = standing(0, 0.01, 1, 1.02);
  const task = { name: 'task', values: Float64Array.of(0, 0.04, 1, 3) };
  const [exact, blurred] = [0, 0.1].map((tolerance) => foresee({ system, task, factors: [], tolerance, seed: 0 }));
  expect(exact.foresight).toMatchObject({ apart: 6, classes: 4, task: { needed: 6, lost: 0 } });
  expect(exact.foresight.task).not.toHaveProperty('labels');
  // 0 and 1 are one; 2 and 3 are one by the auxiliary, but the task tells them: labels of these two.
  expect(blurred.foresight).toMatchObject({
    ...{ apart: 4, classes: 2, byWordLength: [{ length: 0, pairs: 4 }] },
    task: { name: 'task', needed: 5, lost: 1, labels: { enough: [2, 3] } },
  });
  const open = { ...system, next: Int32Array.of(0, 1, 2, -1) };
  const partial = foresee({ system: open, task, factors: [], tolerance: 0.1, seed: 0 }).foresight;
  expect(partial).toMatchObject({ kind: 'observed', apart: 4, classes: 2, task: { needed: 5, lost: 1 } });
});

describe('a factor', () => {
  /** States 0 to 3 as two bits: the left one is told apart, by the auxiliary, where the right one is 1. */
  const system = standing(0, 1, 0, 2);
  const left = { name: 'left', of: (state: number) => state >> 1 };
  const right = { name: 'right', of: (state: number) => state & 1 };

  test('is kept in part where some pairs that differ in it alone are apart', () => {
    // left: 0 and 2 may merge, 1 and 3 are apart. right: 0 and 1, 2 and 3 are apart, and so are 0 and 3, 1 and 2.
    expect(foresee({ system, factors: [left, right], seed: 0 }).foresight.factors).toEqual([
      { name: 'left', fate: 'kept in part', apart: 1 / 2, isExogenous: true },
      { name: 'right', fate: 'kept', apart: 1, isExogenous: true },
    ]);
  });

  test('is judged by all pairs that differ in it where none differ in it alone', () => {
    // A second name for the left bit: no pair differs in one of the two alone.
    const again = { ...left, name: 'again' };
    const task = { name: 'task', values: Float64Array.of(0, 0, 5, 0) };
    const { factors } = foresee({ system, task, factors: [left, right, again], seed: 0 }).foresight;
    // Of 0-2, 0-3, 1-2 and 1-3 all but the first are apart; the task needs 0-2, 1-2.
    expect(factors).toEqual([
      { name: 'left', fate: 'kept in part', apart: 3 / 4, isNeeded: true, isExogenous: true },
      { name: 'right', fate: 'kept', apart: 1, isNeeded: true, isExogenous: true },
      { name: 'again', fate: 'kept in part', apart: 3 / 4, isNeeded: true, isExogenous: true },
    ]);
  });

  test('is not needed where the task tells apart nothing that differs in it alone', () => {
    const task = { name: 'task', values: Float64Array.of(0, 0, 5, 5) };
    const { factors } = foresee({ system, task, factors: [left, right], seed: 0 }).foresight;
    expect(factors.map(({ isNeeded }) => isNeeded)).toEqual([true, false]);
  });

  test('may vanish where no pair that differs in it alone is apart, though others are', () => {
    const { factors } = foresee({ system: standing(0, 1, 0, 1), factors: [left, right], seed: 0 }).foresight;
    expect(factors).toMatchObject([
      { fate: 'may vanish', apart: 0 },
      { fate: 'kept', apart: 1 },
    ]);
  });

  test('of one value has no pairs: nothing of it is lost', () => {
    const constant = { name: 'constant', of: () => 7 };
    const { factors } = foresee({
      system,
      task: { name: 't', values: system.auxiliary },
      factors: [constant],
      seed: 0,
    }).foresight;
    expect(factors).toEqual([{ name: 'constant', fate: 'kept', apart: 0, isNeeded: false, isExogenous: true }]);
  });

  test('is exogenous where its next value follows from its own, whatever is done and whatever else is so', () => {
    const of = (...next: number[]) => {
      const moving = { ...system, actionCount: 2, next: Int32Array.from(next) };
      return foresee({ system: moving, factors: [left, right], seed: 0 }).foresight.factors.map(
        ({ isExogenous }) => isExogenous,
      );
    };
    // Both bits flip by either action.
    expect(of(3, 2, 1, 0, 3, 2, 1, 0)).toEqual([true, true]);
    // The second action does not flip the left one.
    expect(of(3, 2, 1, 0, 1, 0, 3, 2)).toEqual([false, true]);
    // The left one becomes what the right one is.
    expect(of(0, 3, 0, 3, 0, 3, 0, 3)).toEqual([false, true]);
    const open = { ...system, next: Int32Array.of(0, 1, 2, -1) };
    expect(foresee({ system: open, factors: [left], seed: 0 }).foresight.factors[0]).not.toHaveProperty('isExogenous');
  });
});

describe('labels that are drawn', () => {
  /** As many draws as it takes until all of `count` states were drawn. */
  const untilAll = (count: number, seed: number, draw: number) => {
    const random = randomFor(seed, 'foresee', 'labels', draw);
    const drawn = new Set<number>();
    let draws = 0;
    for (; drawn.size < count; draws++) drawn.add(random.integer(count));
    return draws;
  };

  test.each([0, 3])('of three states that must all be told apart are enough when all were drawn (seed %i)', (seed) => {
    const system = without(standing(0, 0, 0));
    const { task } = foresee({
      system,
      task: { name: 'task', values: Float64Array.of(1, 2, 3) },
      factors: [],
      seed,
    }).foresight;
    const counts = Array.from({ length: 100 }, (_, draw) => untilAll(3, seed, draw)).sort((a, b) => a - b);
    expect(task).toEqual({
      ...{ name: 'task', needed: 3, lost: 3 },
      labels: { enough: [0, 1, 2], random: { median: counts[49], most: counts[94], draws: 100 } },
    });
  });

  test('tell of the states before them what leads to other labels', () => {
    // 0 -> 1 -> 2 -> 2 and 3 -> 4 -> 4. 1 and 2 lead to one state, so that only their own labels tell them apart. With one of 3
    // or 4 beside them all others follow: 2 differs from 4, hence 1 does, hence 0.
    const chains = { ...without(standing(0, 0, 0, 0, 0)), next: Int32Array.of(1, 2, 2, 4, 4) };
    const values = Float64Array.of(0, 0, 1, 0, 0);
    const { task } = foresee({ system: chains, task: { name: 'task', values }, factors: [], seed: 0 }).foresight;
    // 3 and 4 are one; all others are told apart by when they reach 2.
    expect(task).toMatchObject({ needed: 9, lost: 9 });
    expect([
      [1, 2, 3],
      [1, 2, 4],
    ]).toContainEqual(task?.labels?.enough);
    const forward = foresee({
      system: { ...chains, auxiliarySize: 1, auxiliary: Float64Array.of(0, 0, 7, 0, 0) },
      ...{ task: { name: 'task', values }, factors: [], seed: 0 },
    }).foresight.task;
    expect(forward).toEqual({ name: 'task', needed: 9, lost: 0 });
  });

  test('are not spoken of where the data would not tell by words, whatever the labels', () => {
    // Merging 0 and 1 merges 2, 3 and 4 by a chain; of 2 and 4 the task differs after action 2, and of nothing else.
    const chain: FiniteSystem = {
      ...{ stateCount: 7, actionCount: 3, auxiliarySize: 0, auxiliary: new Float64Array(0) },
      next: Int32Array.of(2, 3, -1, -1, -1, -1, -1, 3, 4, -1, -1, -1, -1, -1, -1, -1, 5, -1, 6, -1, -1),
    };
    const { task } = foresee({
      system: chain,
      ...{ task: { name: 'task', values: Float64Array.of(0, 0, 0, 0, 0, 0, 1) }, factors: [], seed: 0 },
    }).foresight;
    expect(task?.lost).toBe(task?.needed);
    expect(task).not.toHaveProperty('labels');
  });
});
