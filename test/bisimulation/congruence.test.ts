// Merging by hand: what two states that are one bring with them, and that a merge which fails leaves nothing behind.
import { describe, expect, test } from 'vitest';
import { Congruence } from '../../src/bisimulation/congruence.ts';
import { type FiniteSystem, levelSets, UNOBSERVED } from '../../src/bisimulation/index.ts';

/** A system by its observed steps: [from, action, to]. */
function observed(
  auxiliary: readonly number[],
  ...steps: readonly (readonly [from: number, action: number, to: number])[]
): FiniteSystem {
  const stateCount = auxiliary.length;
  const next = new Int32Array(2 * stateCount).fill(UNOBSERVED);
  for (const [from, action, to] of steps) next[action * stateCount + from] = to;
  return { stateCount, actionCount: 2, next, auxiliarySize: 1, auxiliary: Float64Array.from(auxiliary) };
}

const congruenceOf = (system: FiniteSystem) => new Congruence(system, levelSets(system).of);
const classesOf = (congruence: Congruence) => [...congruence.classes().of];

describe('a merge', () => {
  test('brings with it what follows by the same action, and what follows that', () => {
    // 0 and 1 lead to 2 and 3, these to 4 and 5; by the other action 2 leads to 6.
    const system = observed([0, 0, 0, 0, 0, 0, 0], [0, 0, 2], [1, 0, 3], [2, 0, 4], [3, 0, 5], [2, 1, 6]);
    const congruence = congruenceOf(system);
    expect(congruence.merge(0, 1)).toBeUndefined();
    expect(congruence.classes()).toEqual({ count: 4, of: Int32Array.of(0, 0, 1, 1, 2, 2, 3) });
    expect(congruence.find(4)).toBe(congruence.find(5));
    expect(congruence.find(4)).not.toBe(congruence.find(6));
  });

  test('gives a class the actions of all its members: a third meets what only the second one showed', () => {
    // 0 was never acted in, 1 leads to 3, 2 to 4.
    const congruence = congruenceOf(observed([0, 0, 0, 0, 0], [1, 1, 3], [2, 1, 4]));
    expect(congruence.merge(0, 1)).toBeUndefined();
    expect(classesOf(congruence)).toEqual([0, 0, 1, 2, 3]);
    expect(congruence.merge(2, 0)).toBeUndefined();
    expect(classesOf(congruence)).toEqual([0, 0, 0, 1, 1]);
  });

  test('of two that are one already changes nothing, nor does a loop end it never', () => {
    // 0 and 1 lead to each other.
    const congruence = congruenceOf(observed([0, 0, 1], [0, 0, 1], [1, 0, 0], [2, 0, 2]));
    expect(congruence.merge(0, 1)).toBeUndefined();
    expect(congruence.merge(1, 0)).toBeUndefined();
    expect(classesOf(congruence)).toEqual([0, 0, 1]);
  });

  test('keeps the smaller class in the larger one, whose states then have one step to their root', () => {
    const congruence = congruenceOf(observed([0, 0, 0, 0, 0]));
    congruence.merge(0, 1);
    const root = congruence.find(0);
    congruence.merge(2, 0);
    congruence.merge(3, 4);
    congruence.merge(3, 2);
    expect([0, 1, 2, 3, 4].map((state) => congruence.find(state))).toEqual(Array(5).fill(root));
  });
});

describe('a merge that fails', () => {
  test('names the two whose auxiliary differs, at once or after what follows', () => {
    const system = observed([0, 0, 0, 0, 1, 2], [0, 0, 2], [1, 0, 3], [2, 1, 4], [3, 1, 5]);
    expect(congruenceOf(system).merge(4, 5)).toEqual({ states: [4, 5] });
    expect(congruenceOf(system).merge(0, 1)).toEqual({ states: [4, 5] });
    expect(congruenceOf(system).merge(1, 0)).toEqual({ states: [5, 4] });
  });

  test('leaves all classes as they were', () => {
    const system = observed([0, 0, 0, 0, 1, 2, 0], [0, 0, 2], [1, 0, 3], [2, 1, 4], [3, 1, 5]);
    const congruence = congruenceOf(system);
    congruence.merge(0, 6);
    expect(congruence.merge(6, 1)).toEqual({ states: [4, 5] });
    expect(classesOf(congruence)).toEqual([0, 1, 2, 3, 4, 5, 0]);
    // 2 and 3 must differ, and nothing remembers that they were one for a while.
    expect(congruence.merge(2, 3)).toEqual({ states: [4, 5] });
    expect(congruence.merge(0, 2)).toBeUndefined();
  });

  test('takes back the actions that a class had been given', () => {
    // By 0 both 1 and 2 lead to 4 and to 5, which differ; by 1 only 2 leads anywhere: to 3, and 0 to 4, which differs from it.
    const congruence = congruenceOf(observed([0, 0, 0, 0, 1, 2], [1, 0, 4], [2, 0, 5], [2, 1, 3], [0, 1, 4]));
    expect(congruence.merge(1, 2)).toEqual({ states: [4, 5] });
    expect(congruence.merge(1, 0)).toBeUndefined();
    expect(classesOf(congruence)).toEqual([0, 0, 1, 2, 3, 4]);
  });
});
