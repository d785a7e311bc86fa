import { describe, expect, test } from 'vitest';
import { numberAt } from '../../src/data/element.ts';
import { type FlatArray, openFlatRecording } from '../../src/data/flat-layout.ts';
import type { OpenOptions } from '../../src/data/recording.ts';

/** An array of float32 that counts up, or has the given values. */
function array(
  name: string,
  shape: readonly number[],
  given?: readonly number[],
  nullRows?: readonly number[],
): FlatArray {
  const count = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from(given ?? Array.from({ length: count }, (_, i) => i));
  const size = count / Math.max(1, shape[0]);
  return { name, type: 'float32', shape, nullRows, read: (from, to) => values.slice(from * size, to * size) };
}

const open = (arrays: readonly FlatArray[], options: OpenOptions = {}) =>
  openFlatRecording('file', 'flat', arrays, { handle: { path: 'file', options } });

const numbers = async (recording: Awaited<ReturnType<typeof open>>, name: string, from: number, to: number) => {
  const values = await recording.read(name, from, to);
  return Array.from({ length: values.length }, (_, i) => numberAt(values, i));
};

const startsIn = (recording: Awaited<ReturnType<typeof open>>, name: string) => [
  ...(recording.columns.get(name)?.starts ?? []),
];

describe('episodes of flat arrays', () => {
  const [obs, act] = [array('obs', [6]), array('act', [6])];

  test.each<readonly [what: string, array: FlatArray, starts: readonly number[]]>([
    ['lengths', array('ep_len', [3], [2, 1, 3]), [0, 2, 3, 6]],
    ['ends', array('episode_ends', [2], [4, 6]), [0, 4, 6]],
    ['numbers that stay the same', array('episode', [6], [7, 7, 3, 9, 9, 9]), [0, 2, 3, 6]],
    ['flags of the last step', array('dones', [6], [0, 1, 0, 0, 0, 1]), [0, 2, 6]],
  ])('by %s', async (_what, structure, starts) => {
    expect(startsIn(await open([obs, act, structure]), 'obs')).toEqual(starts);
  });

  test('by either of two flags; a last episode without an end is noted', async () => {
    const recording = await open([
      obs,
      act,
      array('terminals', [6], [0, 1, 0, 0, 0, 0]),
      array('timeouts', [6], [0, 0, 0, 1, 0, 0]),
    ]);
    expect(startsIn(recording, 'obs')).toEqual([0, 2, 4, 6]);
    expect(recording.notes).toEqual(['terminals, timeouts: no end in the last 2 steps, taken as an episode']);
  });

  test('nowhere said: one, and noted', async () => {
    const recording = await open([obs, act]);
    expect(startsIn(recording, 'obs')).toEqual([0, 6]);
    expect(recording.notes).toEqual(['nothing says where episodes end: taken as one episode']);
  });

  test("by the array that the user's map names", async () => {
    const recording = await open([obs, act, array('over', [6], [0, 0, 1, 0, 0, 1])], {
      structure: { terminal: 'over' },
    });
    expect(startsIn(recording, 'obs')).toEqual([0, 3, 6]);
  });

  test('with one observation more each, where the rows are that many', async () => {
    const recording = await open([array('obs', [8]), act, array('ep_len', [2], [2, 4])]);
    expect(startsIn(recording, 'obs')).toEqual([0, 3, 8]);
    expect(startsIn(recording, 'act')).toEqual([0, 2, 6]);
  });

  test.each<readonly [what: string, arrays: readonly FlatArray[], message: string]>([
    [
      'lengths that add up to something else',
      [array('ep_len', [2], [2, 3])],
      'file ep_len: expected lengths that add up to 6 steps, got 5',
    ],
    [
      'a negative length',
      [array('episode_ends', [3], [4, 2, 6])],
      'file episode_ends episode 1: expected a number of steps, got -2',
    ],
    [
      'offsets that leave a gap',
      [array('ep_len', [2], [2, 4]), array('ep_offset', [2], [0, 3])],
      'file ep_offset episode 1: expected its first step at 2, got 3',
    ],
    [
      'an episode that comes back',
      [array('episode', [6], [0, 0, 1, 1, 0, 0])],
      'file episode row 4: expected the rows of an episode together, got episode 0 again',
    ],
    ['flags that are vectors', [array('dones', [6, 2])], 'dones: expected one number a row, got rows of shape [2]'],
  ])('%s is refused', async (_what, arrays, message) => {
    await expect(open([obs, act, ...arrays])).rejects.toThrow(message);
  });
});

describe('arrays of episodes, [E, T, ...]', () => {
  test('are taken apart, by rewards or by observations that have one more', async () => {
    const recording = await open([array('obs', [2, 4, 3]), array('act', [2, 3, 2]), array('state', [2])]);
    expect(recording.episodeCount).toBe(2);
    expect(startsIn(recording, 'obs')).toEqual([0, 4, 8]);
    expect(recording.columns.get('obs')?.shape).toEqual([3]);
    expect(await numbers(recording, 'obs', 3, 5)).toEqual([9, 10, 11, 12, 13, 14]);
    expect(await numbers(recording, 'act', 2, 4)).toEqual([4, 5, 6, 7]);
    const byReward = await open([array('obs', [2, 3, 3]), array('act', [2, 3]), array('reward', [2, 3])]);
    expect(startsIn(byReward, 'obs')).toEqual([0, 3, 6]);
    expect(await numbers(byReward, 'reward', 1, 5)).toEqual([1, 2, 3, 4]);
  });

  test('that end early were filled up, and are refused', async () => {
    const arrays = [
      array('obs', [2, 3, 3]),
      array('act', [2, 3]),
      array('reward', [2, 3]),
      array('done', [2, 3], [0, 0, 1, 0, 1, 1]),
    ];
    await expect(open(arrays)).rejects.toThrow(
      'file done episode 1: expected its end in step 2, got it in step 1 (filled up?)',
    );
  });

  test('vectors of steps are not taken for them', async () => {
    const recording = await open([array('obs', [6, 3]), array('act', [6, 2]), array('reward', [6])]);
    expect(recording.columns.get('obs')?.shape).toEqual([3]);
    expect(startsIn(recording, 'obs')).toEqual([0, 6]);
  });
});

describe('rows that are not everywhere', () => {
  test('the last row of a table has no action', async () => {
    const arrays = [
      array('obs', [7]),
      array('act', [7], [1, 2, 0, 3, 4, 5, 0], [2, 6]),
      array('episode', [7], [0, 0, 0, 1, 1, 1, 1]),
    ];
    const recording = await open(arrays);
    expect(startsIn(recording, 'act')).toEqual([0, 2, 5]);
    expect(await numbers(recording, 'act', 0, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await numbers(recording, 'act', 1, 3)).toEqual([2, 3]);
  });

  test('anything else that is missing is refused where it is needed, and left out where it is not', async () => {
    const episodes = array('episode', [4], [0, 0, 1, 1]);
    await expect(open([array('obs', [4]), array('act', [4], undefined, [0]), episodes])).rejects.toThrow(
      'file act episode 0 step 0: expected a value, got none',
    );
    const recording = await open([array('obs', [4]), array('act', [4]), array('speed', [4], undefined, [3]), episodes]);
    expect(recording.columns.has('speed')).toBe(false);
    expect(recording.notes).toEqual(['speed: no value in episode 1 step 1, left out']);
  });

  test('the next observations give the last one of every episode, and go', async () => {
    const next = array('next_observations', [6], [10, 20, 30, 40, 50, 60]);
    const recording = await open([
      array('observations', [6]),
      array('actions', [6]),
      next,
      array('dones', [6], [0, 1, 0, 0, 0, 1]),
    ]);
    expect(startsIn(recording, 'observations')).toEqual([0, 3, 8]);
    expect(await numbers(recording, 'observations', 0, 8)).toEqual([0, 1, 20, 2, 3, 4, 5, 60]);
    for (let from = 0; from < 8; from++)
      for (let to = from + 1; to <= 8; to++)
        expect(await numbers(recording, 'observations', from, to)).toEqual([0, 1, 20, 2, 3, 4, 5, 60].slice(from, to));
    expect(recording.columns.has('next_observations')).toBe(false);
  });

  test('arrays of another length are left out with a note', async () => {
    const recording = await open([array('obs', [6]), array('act', [6]), array('extra', [4])]);
    expect(recording.notes).toContain('extra: 4 rows for 6 steps in 1 episodes, left out');
  });

  test('names that objects inherit are names of columns like any other', async () => {
    const recording = await open([
      array('obs', [3]),
      array('act', [3]),
      array('__proto__', [3]),
      array('constructor', [3]),
    ]);
    expect(await numbers(recording, '__proto__', 1, 3)).toEqual([1, 2]);
    expect([...recording.columns.keys()]).toEqual(['obs', 'act', '__proto__', 'constructor']);
  });
});
