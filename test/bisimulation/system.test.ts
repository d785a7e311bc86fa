// Finite systems: taken from an environment, refused where a table is wrong, and followed by hand.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import type { Auxiliary, StateAuxiliary } from '../../src/auxiliary/index.ts';
import {
  auxiliaryGap,
  checkSystem,
  type FiniteSystem,
  followWord,
  systemOfEnvironment,
  UNOBSERVED,
} from '../../src/bisimulation/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';

/** Three states, two actions; what action 1 does in 2 is not known. */
const system: FiniteSystem = {
  ...{ stateCount: 3, actionCount: 2, auxiliarySize: 2 },
  next: Int32Array.of(1, 2, 2, 0, 0, UNOBSERVED),
  auxiliary: Float64Array.of(0, 5, 1, 5, 1, 2),
};

describe('of an environment', () => {
  const counting = createEnvironment('counting');
  const table = (name: string, of: (state: number) => number): StateAuxiliary => ({
    ...{ name, of: 'state', size: 1, loss: 'squared', coefficient: 1 },
    table: Float32Array.from({ length: 9 }, (_, state) => of(state)),
  });

  test('every action leads from every state where the environment says, and the auxiliaries stand beside each other', () => {
    const found = systemOfEnvironment(counting, [
      table('state', (state) => state),
      table('square', (state) => state ** 2),
    ]);
    const states = Array.from({ length: 9 }, (_, state) => state);
    expect(found).toMatchObject({ stateCount: 9, actionCount: 2, auxiliarySize: 2 });
    expect([...found.next]).toEqual([0, 1].flatMap((action) => states.map((state) => counting.next(state, action))));
    expect([...found.auxiliary]).toEqual(states.flatMap((state) => [state, state ** 2]));
  });

  test('auxiliaries of the pixels or of a recording are no functions of its states', () => {
    const base = { name: 'brightness', size: 1, loss: 'squared', coefficient: 1 } as const;
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [1, 1, 1] })] });
    const foreign: readonly (readonly [Auxiliary, string])[] = [
      [{ ...base, of: 'pixels', model }, 'the pixels'],
      [{ ...base, of: 'column', column: 'light' }, 'a recording'],
    ];
    for (const [auxiliary, called] of foreign)
      expect(() => systemOfEnvironment(counting, [table('state', (state) => state), auxiliary])).toThrow(
        `bisimulation of counting: expected auxiliaries of the state, got brightness, which is of ${called}`,
      );
    model.dispose();
  });
});

describe('followed by a word', () => {
  test('visits one state more than the word has actions', () => {
    expect(followWord(system, 0, [])).toEqual([0]);
    expect(followWord(system, 0, [0, 1, 0, 0])).toEqual([0, 1, 0, 1, 2]);
  });

  test('ends where an action was not observed', () => {
    expect(followWord(system, 1, [0, 1, 0])).toEqual([1, 2]);
  });
});

test('the gap of two states is the largest of their numbers’ differences, either way round', () => {
  expect([auxiliaryGap(system, 0, 1), auxiliaryGap(system, 0, 2), auxiliaryGap(system, 2, 1)]).toEqual([1, 3, 3]);
  expect(auxiliaryGap(system, 1, 1)).toBe(0);
});

describe('checked', () => {
  test('a system may leave actions open, and have no auxiliary', () => {
    expect(() => checkSystem(system)).not.toThrow();
    expect(() => checkSystem({ ...system, auxiliarySize: 0, auxiliary: new Float64Array(0) })).not.toThrow();
  });

  test.each<[Partial<FiniteSystem>, string]>([
    [{ stateCount: 0 }, 'expected at least one state, got 0'],
    [{ stateCount: 2.5 }, 'expected at least one state, got 2.5'],
    [{ next: Int32Array.of(0, 1) }, 'expected 2 x 3 entries in next, got 2'],
    [{ auxiliary: Float64Array.of(0, 1) }, 'expected 3 x 2 entries in auxiliary, got 2'],
    [{ next: Int32Array.of(0, 1, 2, 0, 3, 1) }, 'state 1, action 1: expected a next state in 0..2, got 3'],
    [{ next: Int32Array.of(0, 1, -2, 0, 0, 1) }, 'state 2, action 0: expected a next state in 0..2, got -2'],
    [
      { auxiliary: Float64Array.of(0, 0, 0, Number.POSITIVE_INFINITY, 0, 0) },
      'state 1: expected finite auxiliary values, got Infinity',
    ],
  ])('%j is refused', (wrong, message) => {
    expect(() => checkSystem({ ...system, ...wrong })).toThrow(`finite system: ${message}`);
  });
});
