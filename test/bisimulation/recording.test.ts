import { describe, expect, test } from 'vitest';
import { type RecordedTransitions, systemFromTransitions } from '../../src/bisimulation/index.ts';

function record(
  rows: readonly (readonly [number, number, number])[],
  auxiliary: readonly number[],
): RecordedTransitions {
  return {
    observationCount: auxiliary.length,
    actionCount: 2,
    from: Int32Array.from(rows, ([from]) => from),
    action: Int32Array.from(rows, ([, action]) => action),
    to: Int32Array.from(rows, ([, , to]) => to),
    auxiliarySize: 1,
    auxiliary: Float64Array.from(auxiliary),
  };
}

describe('a system from recorded transitions', () => {
  test('leaves open what was not recorded', () => {
    const { system, stateOf } = systemFromTransitions(
      record(
        [
          [0, 0, 1],
          [1, 1, 2],
        ],
        [0, 0, 1],
      ),
    );
    expect([...system.next]).toEqual([1, -1, -1, -1, 2, -1]);
    expect([...stateOf]).toEqual([0, 1, 2]);
  });

  test('makes one state of all that one observation and action led to, and of all that follows', () => {
    // 0 leads to 1 and to 2; these lead to 3 and to 4.
    const { system, stateOf } = systemFromTransitions(
      record(
        [
          [0, 0, 1],
          [0, 0, 2],
          [1, 1, 3],
          [2, 1, 4],
        ],
        [0, 0.5, 0.5, 1, 1],
      ),
    );
    expect([...stateOf]).toEqual([0, 1, 1, 2, 2]);
    expect([...system.next]).toEqual([1, -1, -1, -1, 2, -1]);
    expect([...system.auxiliary]).toEqual([0, 0.5, 1]);
  });

  test('refuses transitions that no encoder can follow with zero loss', () => {
    expect(() =>
      systemFromTransitions(
        record(
          [
            [0, 0, 1],
            [0, 0, 2],
          ],
          [0, 0, 1],
        ),
      ),
    ).toThrow(
      'transitions: observation 0, action 0: expected one next latent, got observations 1 and 2, which cannot have the same (1 and 2 differ in the auxiliary)',
    );
  });

  test('leaves them out where that is allowed, and says how many', () => {
    const { system, omittedCount } = systemFromTransitions(
      record(
        [
          [0, 0, 1],
          [0, 0, 2],
          [2, 1, 0],
        ],
        [0, 0, 1],
      ),
      { omitContradictions: true },
    );
    expect(omittedCount).toBe(1);
    expect([...system.next]).toEqual([1, -1, -1, -1, -1, 0]);
  });

  test.each([
    [[[0, 0, 3]], 'row 0: expected observations in 0..2, got 0 and 3'],
    [[[0, 2, 1]], 'row 0: expected an action in 0..1, got 2'],
  ] as const)('refuses rows outside of the tables: %j', (rows, message) => {
    expect(() => systemFromTransitions(record(rows, [0, 0, 0]))).toThrow(message);
  });

  test('keeps what was recorded most often, of equally frequent ones the smallest, in whatever order the rows come', () => {
    const rows: [number, number, number][] = [
      [2, 1, 0],
      [0, 0, 1],
      [0, 0, 2],
      [1, 1, 1],
      [0, 0, 2],
      [1, 1, 2],
      [2, 1, 1],
      [2, 0, 2],
    ];
    for (const order of [rows, rows.toReversed()]) {
      const found = systemFromTransitions(record(order, [0, 1, 2]), { omitContradictions: true });
      // 0 led to 2 twice and to 1 once; 1 led to 1 and to 2; 2 by the second action to 0 and to 1.
      expect([...found.system.next]).toEqual([2, -1, 2, -1, 1, 0]);
      expect(found.omittedCount).toBe(3);
      expect(found.contradiction).toEqual({ from: 0, action: 0, to: [2, 1] });
    }
    const twice = systemFromTransitions(record([...rows, [0, 0, 1]], [0, 1, 2]), { omitContradictions: true });
    expect([twice.system.next[0], twice.omittedCount]).toEqual([1, 4]);
    expect(twice.contradiction).toEqual({ from: 0, action: 0, to: [1, 2] });
    expect('contradiction' in systemFromTransitions(record([[0, 0, 1]], [0, 1]))).toBe(false);
  });

  test('within a tolerance has the auxiliary of the smallest observation, all of its numbers', () => {
    const two = {
      ...record(
        [
          [0, 0, 1],
          [0, 0, 2],
          [2, 1, 0],
        ],
        [0, 0, 0],
      ),
      auxiliarySize: 2,
      auxiliary: Float64Array.of(5, 6, 1, 2, 1.01, 2.02),
    };
    expect(() => systemFromTransitions(two)).toThrow('(1 and 2 differ in the auxiliary)');
    const { system, stateOf } = systemFromTransitions(two, { tolerance: 0.1 });
    expect([...stateOf]).toEqual([0, 1, 1]);
    expect([...system.auxiliary]).toEqual([5, 6, 1, 2]);
    expect(system).toMatchObject({ stateCount: 2, actionCount: 2, auxiliarySize: 2 });
    expect([...system.next]).toEqual([1, -1, -1, 0]);
  });

  test.each([
    [{ to: new Int32Array(2) }, 'expected columns of one length, got 1, 1 and 2'],
    [{ action: new Int32Array(2) }, 'expected columns of one length, got 1, 2 and 1'],
    [{ from: Int32Array.of(-1) }, 'row 0: expected observations in 0..2, got -1 and 1'],
    [{ from: Int32Array.of(3) }, 'row 0: expected observations in 0..2, got 3 and 1'],
    [{ to: Int32Array.of(-1) }, 'row 0: expected observations in 0..2, got 0 and -1'],
    [{ action: Int32Array.of(-1) }, 'row 0: expected an action in 0..1, got -1'],
  ])('refuses columns that are wrong: %j', (wrong, message) => {
    expect(() => systemFromTransitions({ ...record([[0, 0, 1]], [0, 0, 0]), ...wrong })).toThrow(message);
  });
});
