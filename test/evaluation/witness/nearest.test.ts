import { describe, expect, test } from 'vitest';
import type { Auxiliary } from '../../../src/auxiliary/index.ts';
import { nearestPairs, traceNearest } from '../../../src/evaluation/witness/nearest.ts';
import type { WordPath } from '../../../src/evaluation/witness/path.ts';
import type { LatentWorld } from '../../../src/evaluation/witness/witness.ts';

/** Of the classes 1, 0, 0, 2 and 1. */
const latents = { values: Float32Array.of(0, 3, 10, 4, 8), count: 5, size: 1 };
const classes = [1, 0, 0, 2, 1];
const classOf = (candidate: number) => classes[candidate];
const apart = (first: number, second: number) =>
  classes[first] === classes[second] ? undefined : `${first} ${second}`;

describe('nearest pairs', () => {
  test('are one for each pair of classes, nearest first, the smaller class first', () => {
    const { pairs, meanDistance } = nearestPairs(latents, classOf, apart);
    expect(pairs).toEqual([
      { first: 1, second: 3, classes: [0, 2], distance: 1, word: '1 3' },
      { first: 2, second: 4, classes: [0, 1], distance: 2, word: '2 4' },
      { first: 0, second: 3, classes: [1, 2], distance: 4, word: '0 3' },
    ]);
    // 3 + 10 + 4 + 8, 7 + 1 + 5, 6 + 2 and 4.
    expect(meanDistance).toBe(5);
  });

  test('leave out what no word tells apart, and take the next', () => {
    const { pairs } = nearestPairs(latents, classOf, (first, second) =>
      first === 2 ? undefined : apart(first, second),
    );
    // 0 and 1 are 3 apart, 1 and 4 are 5.
    expect(pairs.map(({ first, second }) => [first, second])).toEqual([
      [1, 3],
      [1, 0],
      [0, 3],
    ]);
    expect(nearestPairs(latents, classOf, () => undefined).pairs).toEqual([]);
  });

  test('of one class are in the order they were given, of equally near ones the first', () => {
    const same = { values: Float32Array.of(1, 2, 3), count: 3, size: 1 };
    expect(
      nearestPairs(
        same,
        () => 7,
        () => 0,
      ),
    ).toEqual({
      pairs: [{ first: 0, second: 1, classes: [7, 7], distance: 1, word: 0 }],
      meanDistance: 4 / 3,
    });
  });

  test('of one candidate there are none', () => {
    expect(nearestPairs({ values: Float32Array.of(1), count: 1, size: 1 }, classOf, apart)).toEqual({
      pairs: [],
      meanDistance: 0,
    });
  });
});

describe('the report', () => {
  /** E and P are the identity, and nothing moves. */
  const world: LatentWorld = {
    encode: async (observations) => ({ values: Float32Array.from(observations), count: observations.length, size: 1 }),
    predict: async ({ values }) => values,
    auxiliary: async ({ values }) => values,
  };
  const auxiliaries: Auxiliary[] = [{ of: 'column', column: 'p', name: 'p', size: 1, loss: 'squared', coefficient: 1 }];
  const pathOf = ({ first, second }: { readonly first: number; readonly second: number }): WordPath => {
    const both = Float32Array.of(latents.values[first], latents.values[second]);
    return {
      word: [],
      actions: new Float32Array(0),
      observations: both,
      states: [[`${first}`], [`${second}`]],
      auxiliary: both,
    };
  };

  test('follows the first pairs, and says how near they are beside the mean', async () => {
    const near = nearestPairs(latents, classOf, apart);
    const report = await traceNearest(near, { count: 2, classCount: 3, pathOf }, world, auxiliaries);
    expect(report).toMatchObject({ classCount: 3, meanDistance: 5 });
    expect(
      report.witnesses.map(({ classes: pair, relativeDistance, trace }) => [pair, relativeDistance, trace.gap]),
    ).toEqual([
      [[0, 2], 1 / 5, 1],
      [[0, 1], 2 / 5, 2],
    ]);
  });

  test('latents that are all one point are infinitely far apart, relative to nothing', async () => {
    const point = { values: new Float32Array(2), count: 2, size: 1 };
    const near = nearestPairs(
      point,
      (n) => n,
      () => 0,
    );
    const report = await traceNearest(near, { count: 9, classCount: 2, pathOf }, world, auxiliaries);
    expect(report.witnesses.map(({ relativeDistance }) => relativeDistance)).toEqual([Infinity]);
  });
});
