// Searches for witnesses in worlds of several numbers (several-numbers.ts), and words recorded in them.
import { describe, expect, test } from 'vitest';
import type { Auxiliary, ColumnAuxiliary, PixelAuxiliary, StateAuxiliary } from '../../../src/auxiliary/index.ts';
import { encodeOneHot } from '../../../src/environments/environment.ts';
import type { Environment } from '../../../src/environments/index.ts';
import { findRecordedWitnesses } from '../../../src/evaluation/witness/recorded.ts';
import { findWitnesses } from '../../../src/evaluation/witness/search.ts';
import { lineEnvironment } from '../line-world.ts';
import { distance, networks, worldOf } from './several-numbers.ts';

describe('a search on a line of two pixels, up and down', () => {
  const line = lineEnvironment(4);
  const environment: Environment = {
    ...line,
    observationShape: [1, 1, 2],
    actionNames: ['down', 'up'],
    actionSize: 2,
    encodeAction: (action, _random, encoded, offset) => encodeOneHot(action, 2, encoded, offset),
    next: (state, action) => Math.max(0, Math.min(3, state + (action === 1 ? 1 : -1))),
    render: (state, _appearance, _random, pixels) => pixels.set([state, 20 + state]),
  };
  const reward: StateAuxiliary = {
    ...{ name: 'reward', of: 'state', size: 1, loss: 'squared', coefficient: 1 },
    table: Float32Array.of(0, 0, 0, 1),
  };
  const world = worldOf(
    {
      encode: ([x, y]) => [10 * x * x, y],
      predict: ([u, v], [, up]) => [u, v + up],
      head: ([, v]) => [v > 22 ? 1 : 0],
    },
    2,
  );
  const options = { count: 1, candidates: 8, seed: 0 };

  test('follows the word with its actions and what both sides show', async () => {
    const { witnesses, classCount } = await findWitnesses(world, environment, [reward], options);
    expect(classCount).toBe(4);
    const [{ path, classes }] = witnesses;
    expect(classes).toEqual([0, 1]);
    expect(path.word).toEqual(['up', 'up']);
    expect(Array.from(path.actions)).toEqual([0, 1, 0, 1]);
    expect(Array.from(path.observations)).toEqual([0, 20, 1, 21, 2, 22, 1, 21, 2, 22, 3, 23]);
    expect(path.states).toEqual([
      ['s0', 's1', 's2'],
      ['s1', 's2', 's3'],
    ]);
  });

  test('where one auxiliary is of the pixels takes every state for a class, that differs at once', async () => {
    const pixels = { name: 'number', of: 'pixels', size: 1, loss: 'squared', coefficient: 1 } as PixelAuxiliary;
    const both: Auxiliary[] = [{ ...reward, table: new Float32Array(4) }, pixels];
    const two = { ...world, auxiliary: async (latents: { count: number }) => new Float32Array(2 * latents.count) };
    const { witnesses, classCount } = await findWitnesses(two, environment, both, {
      ...options,
      auxiliaryOf: async ({ observations, states }) =>
        Float32Array.from(states, (_, n) => observations[2 * n]).reduce(
          (all, value, n) => {
            all[2 * n + 1] = value;
            return all;
          },
          new Float32Array(2 * states.length),
        ),
    });
    expect(classCount).toBe(4);
    expect(witnesses[0]).toMatchObject({ classes: [0, 1], path: { word: [], auxiliary: Float32Array.of(0, 0, 0, 1) } });
  });

  test('without an auxiliary says what that means', async () => {
    await expect(findWitnesses(world, environment, [], options)).rejects.toMatchObject({
      remedy: 'Dynamics alone promise nothing: a constant encoder has zero loss.',
    });
  });
});

describe('recorded words', () => {
  const column = (name: string, size: number): ColumnAuxiliary => ({
    ...{ name, of: 'column', column: name, size, loss: 'squared', coefficient: 1 },
  });
  const pixelAuxiliary = async () => new Float32Array(0);
  const world = worldOf({ ...networks, head: () => [0, 0, 0] }, 3);
  const auxiliaries = [column('one', 1), column('two', 2)];

  /** Two words of the same actions, which differ by `delta` at once and by much after one action; and a third one. */
  const wordsWith = (delta: number) => {
    const p = [
      [5, 50, 7],
      [5, 50, 7],
      [5, 50, 7],
      [5, 50, 7 + delta],
      [8, 54, 9],
      [5, 50, 7],
      [6, 51, 8],
      [4, 49, 3],
      [2, 52, 7],
    ];
    const words = {
      ...{ count: 3, length: 2, episodes: Int32Array.of(4, 5, 6), rows: Int32Array.of(10, 20, 30) },
      observations: Uint8Array.from(
        [
          [1, 2],
          [3, 4],
          [5, 6],
          [1, 3],
          [4, 4],
          [6, 6],
          [90, 9],
          [8, 8],
          [7, 7],
        ].flat(),
      ),
      actions: Float32Array.from(
        [
          [0, 1],
          [1, 0],
          [0, 1],
          [1, 0],
          [0.5, 1],
          [0, 0],
        ].flat(),
      ),
      auxiliary: Float32Array.from(p.flat()),
    };
    const mean = [0, 1, 2].map((k) => p.reduce((sum, row) => sum + row[k], 0) / p.length);
    const least = 0.1 * Math.sqrt(p.reduce((sum, row) => sum + distance(row, mean) ** 2, 0) / p.length);
    return { words, least };
  };

  test.each([0.98, 1.02])('differ from a tenth of the deviation on (%d of it)', async (part) => {
    let delta = 0;
    for (let round = 0; round < 20; round++) delta = part * wordsWith(delta).least;
    const { words } = wordsWith(delta);
    const { witnesses } = await findRecordedWitnesses(world, words, { auxiliaries, count: 1, pixelAuxiliary });
    const [{ path, classes }] = witnesses;
    expect(classes).toEqual([4, 5]);
    const own = Array.from(words.auxiliary);
    if (part > 1) {
      expect(path.word).toEqual([]);
      expect(Array.from(path.observations)).toEqual([1, 2, 1, 3]);
      expect(Array.from(path.auxiliary)).toEqual([...own.slice(0, 3), ...own.slice(9, 12)]);
    } else {
      expect(path.word).toEqual(['action 1']);
      expect(Array.from(path.actions)).toEqual([0, 1]);
      expect(Array.from(path.observations)).toEqual([1, 2, 3, 4, 1, 3, 4, 4]);
      expect(Array.from(path.auxiliary)).toEqual([...own.slice(0, 6), ...own.slice(9, 15)]);
      expect(path.states).toEqual([
        ['episode 4 row 10', 'episode 4 row 11'],
        ['episode 5 row 20', 'episode 5 row 21'],
      ]);
    }
  });

  test.each([
    [[1, 0], 'action 0'],
    [[0, 0, 1], 'action 2'],
    [[1, 0.5], '(1, 0.5)'],
    [[0, 0], '(0, 0)'],
    [[1], '(1)'],
    [[0.12345, 2], '(0.123, 2)'],
  ])('name the action %j as %s', async (action, name) => {
    const words = {
      ...{ count: 2, length: 1, episodes: Int32Array.of(0, 1), rows: Int32Array.of(0, 0) },
      observations: Uint8Array.of(1, 1, 2, 2, 3, 3, 4, 4),
      actions: Float32Array.from([...action, ...action]),
      auxiliary: Float32Array.of(0, 0, 0, 9),
    };
    const one = { ...world, auxiliary: async (latents: { count: number }) => new Float32Array(latents.count) };
    const free = { ...one, predict: async (latents: { values: Float32Array }) => latents.values };
    const { witnesses } = await findRecordedWitnesses(free, words, {
      ...{ auxiliaries: [column('p', 1)], count: 1, pixelAuxiliary },
    });
    expect(witnesses[0].path.word).toEqual([name]);
  });
});
