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
});
