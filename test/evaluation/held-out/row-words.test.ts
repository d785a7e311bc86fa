// Words of recorded actions row by row, out of the corridor (test/data/corridor-recording.ts): 13 observations and 12 moves an episode, and the
// reward of a move, which belongs to the observation that it led to.
import { describe, expect, test } from 'vitest';
import { observationRows } from '../../../src/data/observation-rows.ts';
import type { Recording } from '../../../src/data/recording.ts';
import { drawRowWords, type RowWords, type RowWordsOptions } from '../../../src/evaluation/held-out/row-words.ts';
import { corridorRecording } from '../../data/corridor-recording.ts';
import { memoryRecording } from '../../data/memory-recording.ts';

const byReward: RowWordsOptions = {
  ...{ actions: ['move'], apart: { column: 'reward', of: 'numbers' }, seed: 0, isPredicted: false },
};

async function drawn(
  options: Partial<RowWordsOptions> = {},
  recording: Recording = corridorRecording(),
  observation = 'position',
): Promise<RowWords> {
  const rows = observationRows(recording, [{ columns: [observation] }]);
  const words = await drawRowWords(recording, rows, { ...byReward, ...options });
  if ('none' in words) throw new Error(`expected words, got none: ${words.none}`);
  return words;
}

async function reason(options: Partial<RowWordsOptions>, recording: Recording = corridorRecording()): Promise<string> {
  const words = await drawRowWords(recording, observationRows(recording, [{ columns: ['position'] }]), {
    ...byReward,
    ...options,
  });
  return 'none' in words ? words.none : 'none is missing';
}

/** Rows of numbers with the names of a flat recording: an action an observation, the last of an episode leads nowhere. */
function flat(lengths: readonly number[], values: Readonly<Record<'position' | 'move' | 'reward', readonly number[]>>) {
  const column = (type: 'float32' | 'int64', own: readonly number[]) => ({
    ...{ type, shape: [], lengths: [...lengths] },
    values: type === 'float32' ? Float32Array.from(own) : BigInt64Array.from(own, BigInt),
  });
  return memoryRecording(
    {
      position: column('float32', values.position),
      move: column('int64', values.move),
      reward: column('float32', values.reward),
    },
    { observation: ['position'], action: ['move'], reward: 'reward' },
  );
}

describe('words of the corridor', () => {
  test('are different rows of all episodes, with what follows each up to the end of its episode', async () => {
    const words = await drawn();
    expect(words.count).toBe(30 * 13);
    const places = new Set([...words.rows.keys()].map((n) => `${words.episodes[n]} ${words.rows[n]}`));
    expect(places.size).toBe(words.count);
    for (const n of words.rows.keys()) expect(words.lengths[n]).toBe(Math.min(words.length, 12 - words.rows[n]));
  });

  test('have the move that leads from one observation to the next, and the reward that it was given with', async () => {
    const words = await drawn();
    const size = words.length + 1;
    for (const n of words.rows.keys())
      for (let k = 0; k < words.lengths[n]; k++) {
        const cellAt = (at: number) => Math.round((words.observations[2 * (n * size + at)] - 500) / 100);
        const move = words.actions[n * words.length + k];
        const next = Math.max(0, Math.min(4, cellAt(k) + 2 * move - 1));
        expect(cellAt(k + 1)).toBeCloseTo(next, 12);
        expect(words.auxiliary[n * size + k + 1]).toBe(next === 4 ? 1 : 0);
      }
    // The first observation of an episode was led to by nothing.
    for (const n of words.rows.keys()) expect(Number.isNaN(words.auxiliary[n * size])).toBe(words.rows[n] === 0);
  });

  test('are as long as any two need: cells differ at once, the reward after some moves', async () => {
    // Two of one cell that take the same moves are of one cell ever after.
    const cells = { apart: { column: 'cell', of: 'classes' } } as const;
    expect((await drawn(cells)).length).toBe(0);
    expect((await drawn({ ...cells, isPredicted: true })).length).toBe(1);
    expect((await drawn()).length).toBeGreaterThan(2);
  });

  test('name choices by their number or what it stands for, numbers by themselves, and values by their column', async () => {
    const words = await drawn();
    expect(words.recordedActions).toEqual([{ column: 'move', size: 1, choices: 2 }]);
    expect(words.nameOfAction(Float32Array.of(1))).toBe('action 1');
    expect(words.nameOfValue(Float32Array.of(0.5))).toBe('reward 0.5');
    const pushed = await drawn({ actions: ['push'] });
    expect(pushed.recordedActions).toEqual([{ column: 'push', size: 1 }]);
    expect(pushed.nameOfAction(Float32Array.of(-50))).toBe('(-50)');
    const both = await drawn({ actions: ['move', 'push'] });
    expect(both.recordedActions.map(({ column }) => column)).toEqual(['move', 'push']);
    expect(both.nameOfAction(Float32Array.of(1, 50))).toBe('(1, 50)');
    const cells = await drawn({ apart: { column: 'cell', of: 'classes' } });
    expect(cells.nameOfValue(Float32Array.of(0, 0, 0, 1, 0))).toBe('cell 3');
  });

  test('name classes above 2^24 as recorded, one by one', async () => {
    const corridor = corridorRecording();
    const dated: Recording = {
      ...corridor,
      columns: new Map(
        [...corridor.columns].map(([name, each]) => [name, { ...each, ...(name === 'cell' ? { type: 'int64' } : {}) }]),
      ),
      async read(name, from, to) {
        const values = await corridor.read(name, from, to);
        return name === 'cell' ? BigInt64Array.from(values as Int32Array, (cell) => 20240101n + BigInt(cell)) : values;
      },
    };
    const words = await drawn({ apart: { column: 'cell', of: 'classes' } }, dated);
    expect(words.nameOfValue(Float32Array.of(0, 0, 0, 1, 0))).toBe('cell 20240104');
    expect(words.auxiliary.length).toBe(words.count * (words.length + 1) * 5);
  });

  test('are the same for the same seed, and others for another', async () => {
    const [first, again, other] = [await drawn(), await drawn(), await drawn({ seed: 1 })];
    expect(again.rows).toEqual(first.rows);
    expect(other.rows).not.toEqual(first.rows);
  });
});

describe('words of a flat recording', () => {
  test('end with their episode: an action that leads into the next one is not followed', async () => {
    const words = await drawn(
      {},
      flat([3, 2], { position: [0, 1, 2, 5, 6], move: [1, 1, 0, 1, 0], reward: [0, 0, 1, 0, 0] }),
    );
    const lengthAt = new Map(
      [...words.rows.keys()].map((n) => [`${words.episodes[n]} ${words.rows[n]}`, words.lengths[n]]),
    );
    // Rows 0 of both have one move in common, after which nothing differs; what differs does so at once, or after one.
    expect(words.length).toBe(1);
    expect([
      lengthAt.get('0 0'),
      lengthAt.get('0 1'),
      lengthAt.get('0 2'),
      lengthAt.get('1 0'),
      lengthAt.get('1 1'),
    ]).toEqual([1, 1, 0, 1, 0]);
  });
});

describe('there are none', () => {
  test.each<[string, Partial<RowWordsOptions>, Recording | undefined]>([
    ['the recording names no actions that could be followed', { actions: undefined }, undefined],
    ['neither a reward nor a column of classes says what must be apart', { apart: undefined }, undefined],
    [
      'no two of 390 observations that were looked at have the same recorded actions and then another reward',
      {},
      corridorRecording({ reward: () => 0 }),
    ],
    [
      'no episode has an action that leads to another observation',
      {},
      flat([1, 1], { position: [0, 1], move: [0, 1], reward: [0, 1] }),
    ],
  ])('where %s', async (expected, options, recording) => {
    expect(await reason(options, recording)).toBe(expected);
  });

  test('where actions are whole numbers that float32 makes one', async () => {
    const move = [0, 1, 2, 3].map((n) => 2 ** 24 + n);
    const recording = flat([4], { position: [0, 1, 2, 3], move, reward: [0, 0, 1, 0] });
    expect(await reason({}, recording)).toBe(
      'the actions move are whole numbers beyond 2^24, which float32 does not tell apart',
    );
  });

  test('where actions or values are not of the rows of the observations', async () => {
    const odd = memoryRecording(
      {
        position: { type: 'float32', shape: [1], lengths: [4, 4], values: new Float32Array(8) },
        move: { type: 'int32', shape: [], lengths: [4, 2], values: new Int32Array(6) },
        reward: { type: 'float32', shape: [], lengths: [2, 2], values: new Float32Array(4) },
      },
      { observation: ['position'], action: ['move'], reward: 'reward' },
    );
    expect(await reason({}, odd)).toMatch(/^the actions move are not one for each observation/);
    expect(await reason({ actions: ['position'] }, odd)).toMatch(/^reward has not a value for each observation/);
  });
});
