// Words that were recorded on the line world (line-world.ts), and words drawn from a recording.
import { describe, expect, test } from 'vitest';
import type { ColumnAuxiliary, PixelAuxiliary } from '../../../src/auxiliary/index.ts';
import { recordingSource } from '../../../src/data/recording-source.ts';
import { drawWords, type RecordedWords } from '../../../src/evaluation/held-out/recording-draw.ts';
import {
  deviationOf,
  distinguishingSteps,
  findRecordedWitnesses,
  usualDeviation,
} from '../../../src/evaluation/witness/recorded.ts';
import { describeWitness } from '../../../src/evaluation/witness/text.ts';
import { corridorRecording } from '../../data/corridor-recording.ts';
import { lineWorld } from '../line-world.ts';

const reward: ColumnAuxiliary = {
  name: 'reward',
  of: 'column',
  column: 'reward',
  size: 1,
  loss: 'squared',
  coefficient: 1,
};

const [up, stay] = [
  [1, 0],
  [0, 1],
];

/** Words of two actions: the states that were seen, 0..3, with the reward 1 in 3. */
function wordsOf(
  rows: readonly {
    readonly states: readonly number[];
    readonly actions: readonly (readonly number[])[];
    readonly at: readonly [episode: number, row: number];
  }[],
): RecordedWords {
  const states = rows.flatMap((word) => word.states);
  return {
    count: rows.length,
    length: 2,
    observations: Uint8Array.from(states),
    actions: Float32Array.from(rows.flatMap(({ actions }) => actions.flat())),
    auxiliary: Float32Array.from(states, (state) => (state === 3 ? 1 : 0)),
    episodes: Int32Array.from(rows, ({ at }) => at[0]),
    rows: Int32Array.from(rows, ({ at }) => at[1]),
  };
}

/** E(s) = s, P(z) = z - 2 above 2; T is right, z + 1, but for T(1) = 5. */
const world = lineWorld(
  [0, 1, 2, 3],
  (z) => (z === 1 ? 5 : Math.min(3, z + 1)),
  (z) => Math.max(0, z - 2),
);
const noPixels = async () => {
  throw new Error('expected no auxiliary of the pixels');
};
const options = { auxiliaries: [reward], count: 9, pixelAuxiliary: noPixels };

describe('witnesses in recorded words', () => {
  const recorded = wordsOf([
    { states: [1, 2, 3], actions: [up, up], at: [3, 10] },
    { states: [2, 3, 3], actions: [up, up], at: [7, 0] },
    // The same actions, but no reward; and another action first.
    { states: [1, 1, 1], actions: [stay, stay], at: [9, 4] },
    { states: [2, 2, 2], actions: [stay, stay], at: [9, 5] },
  ]);

  test('follow the actions that both have, to the step where the auxiliary differs, and name what breaks', async () => {
    const { witnesses, meanDistance, classCount } = await findRecordedWitnesses(world, recorded, options);
    expect(classCount).toBe(3);
    expect(meanDistance).toBeCloseTo(4 / 6, 12);
    expect(witnesses).toHaveLength(1);
    const [{ classes, path, trace, relativeDistance }] = witnesses;
    expect(classes).toEqual([3, 7]);
    expect(relativeDistance).toBeCloseTo(1.5, 12);
    expect(path.word).toEqual(['action 0']);
    expect(path.states).toEqual([
      ['episode 3 row 10', 'episode 3 row 11'],
      ['episode 7 row 0', 'episode 7 row 1'],
    ]);
    expect(Array.from(path.observations)).toEqual([1, 2, 2, 3]);
    expect(Array.from(path.auxiliary)).toEqual([0, 0, 0, 1]);
    // The predictor gives 5 for 2. The distance of 1 is doubled on the way, |5 - 3| = 2: 3 of 5 is the error's.
    expect(trace.breaks).toEqual({ kind: 'dynamics', step: 1, side: 0, value: 3, share: 3 / 5 });
    expect(describeWitness(witnesses[0])).toContain(
      'after action 0 the auxiliary differs by 1: at step 1 (action 0) the predictor misses the latent of episode 3 row 11 by 3',
    );
  });

  test('take one pair of two episodes, the nearest', async () => {
    const words = wordsOf([
      { states: [0, 1, 2], actions: [up, up], at: [1, 0] },
      { states: [1, 2, 3], actions: [up, up], at: [1, 1] },
      { states: [3, 3, 3], actions: [up, stay], at: [0, 8] },
    ]);
    const { witnesses } = await findRecordedWitnesses(world, words, options);
    // 1 is nearer to 3 than 0 is; of one episode 0 and 1 differ after two steps, with latents 1 apart.
    expect(witnesses.map(({ classes }) => classes)).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(witnesses[0].path.word).toEqual(['action 0', 'action 0']);
    expect(witnesses[1].path.word).toEqual([]);
    expect(witnesses[1].path.states).toEqual([['episode 0 row 8'], ['episode 1 row 1']]);
    expect((await findRecordedWitnesses(world, words, { ...options, count: 1 })).witnesses).toHaveLength(1);
  });

  test('follow continuous actions only as far as they are the same, and name them by their numbers', async () => {
    const push = [
      [0.25, -1],
      [0.5, 0],
    ];
    const words = wordsOf([
      { states: [1, 2, 3], actions: push, at: [0, 0] },
      { states: [0, 1, 2], actions: push, at: [1, 0] },
      { states: [2, 2, 3], actions: [push[0], [0.5, 0.125]], at: [2, 0] },
    ]);
    const { witnesses } = await findRecordedWitnesses(world, words, options);
    expect(witnesses.map(({ classes }) => classes)).toEqual([[0, 1]]);
    expect(witnesses[0].path.word).toEqual(['(0.25, -1)', '(0.5, 0)']);
    expect(Array.from(witnesses[0].path.actions)).toEqual(push.flat());
  });

  test('put auxiliaries of the observation and of columns side by side, in their order', async () => {
    const pixels = { name: 'number', of: 'pixels', size: 1, loss: 'squared', coefficient: 1 } as PixelAuxiliary;
    const both = { ...world, auxiliary: async () => new Float32Array(4) };
    const { witnesses } = await findRecordedWitnesses(both, recorded, {
      auxiliaries: [pixels, reward],
      count: 1,
      pixelAuxiliary: async (_auxiliary, observations) => Float32Array.from(observations),
    });
    // They differ at once by their numbers.
    expect(Array.from(witnesses[0].path.auxiliary)).toEqual([1, 0, 2, 0]);
  });

  test('end where one of both does, and skip values that are missing', () => {
    const words = wordsOf([
      { states: [1, 2, 3], actions: [up, up], at: [0, 0] },
      { states: [2, 2, 0], actions: [up, up], at: [1, 0] },
    ]);
    const values = Float32Array.of(Number.NaN, 0, 1, 5, 0, 0);
    // The first value has none beside it; the second is the same, the third another.
    expect(distinguishingSteps(words, values)(0, 1)).toBe(2);
    expect(distinguishingSteps({ ...words, lengths: Int32Array.of(2, 1) }, values)(0, 1)).toBeUndefined();
    expect(distinguishingSteps({ ...words, lengths: Int32Array.of(1, 2) }, values)(0, 1)).toBeUndefined();
    expect(distinguishingSteps({ ...words, lengths: Int32Array.of(2, 2) }, values)(0, 1)).toBe(2);
    // 1 and 5 are 2 from their mean; what is missing does not count.
    expect(deviationOf(Float32Array.of(1, Number.NaN, 5), 1)).toBe(2);
    expect(deviationOf(Float32Array.of(Number.NaN), 1)).toBe(0);
    // 1 and 5 begin; 9 follows both, and would count twice. Where all begin alike, what follows decides.
    expect(usualDeviation({ count: 2, length: 1 }, Float32Array.of(1, 9, 5, 9))).toBe(2);
    expect(usualDeviation({ count: 2, length: 1 }, Float32Array.of(1, 1, 1, 5))).toBeCloseTo(Math.sqrt(3), 6);
  });

  test('are none where nothing that was recorded tells two apart', async () => {
    const words = wordsOf([
      { states: [1, 1, 1], actions: [stay, stay], at: [0, 0] },
      { states: [2, 2, 2], actions: [stay, stay], at: [1, 0] },
    ]);
    expect((await findRecordedWitnesses(world, words, options)).witnesses).toEqual([]);
  });
});

describe('words of a recording', () => {
  const open = () =>
    recordingSource(corridorRecording({ episodes: 6 }), {
      ...{ seed: 0, split: 'all', auxiliary: ['cell', 'position'] },
      roles: { observation: ['position'], action: ['move'] },
    });

  test('are consecutive rows of one episode, each drawn once', async () => {
    const source = await open();
    const single = await drawWords(source, { most: 1000, length: 1, auxiliarySize: 1, seed: 0 });
    const long = await drawWords(source, { most: 1000, length: 8, auxiliarySize: 1, seed: 0 });
    await source.dispose();
    if (single === undefined || long === undefined) throw new Error('expected words');
    expect([single.count, long.count]).toEqual([6 * 12, 6 * 5]);
    const cells = new Map<string, number>();
    for (let n = 0; n < single.count; n++)
      cells.set(`${single.episodes[n]} ${single.rows[n]}`, single.auxiliary[2 * n]);
    expect(cells.size).toBe(6 * 12);
    for (let n = 0; n < long.count; n++)
      for (let k = 0; k < 8; k++) {
        const cell = long.auxiliary[9 * n + k];
        expect(cells.get(`${long.episodes[n]} ${long.rows[n] + k}`)).toBe(cell);
        // The camera sees the cell, and the move leads to the next one.
        expect(Math.round(long.observations[2 * (9 * n + k)])).toBeCloseTo(500 + 100 * cell, -2);
        const move = long.actions[2 * (8 * n + k)] === 1 ? -1 : 1;
        expect(long.auxiliary[9 * n + k + 1]).toBe(Math.max(0, Math.min(4, cell + move)));
      }
  });

  test('are as long as the episodes let them be', async () => {
    const source = await open();
    const words = await drawWords(source, { most: 5, length: 40, auxiliarySize: 2, seed: 1 });
    await source.dispose();
    expect(words).toMatchObject({ count: 5, length: 12 });
    expect(words?.auxiliary).toHaveLength(5 * 13 * 2);
  });
});
