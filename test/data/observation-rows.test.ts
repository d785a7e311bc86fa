// Observations by their rows: stacked within an episode, in any order, in pieces that stay small, beside columns of states and steps.
import { describe, expect, test } from 'vitest';
import { columnAtRows, observationRows } from '../../src/data/observation-rows.ts';
import { memoryRecording } from './memory-recording.ts';

const recording = () =>
  memoryRecording({
    // Two episodes, of 3 and 2 observations; each image is one grey level.
    image: {
      type: 'uint8',
      shape: [8, 8, 1],
      lengths: [3, 2],
      values: Uint8Array.from({ length: 5 * 64 }, (_, i) => Math.floor(i / 64)),
    },
    state: {
      type: 'int64',
      shape: [2],
      lengths: [3, 2],
      values: BigInt64Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], BigInt),
    },
    reward: { type: 'float32', shape: [], lengths: [2, 1], values: Float32Array.of(10, 20, 30) },
    many: { type: 'float32', shape: [], lengths: [9, 9], values: new Float32Array(18) },
  });

describe('observations by their rows', () => {
  test('are stacked within their episode, the first frame repeated, the newest last', async () => {
    const rows = observationRows(recording(), [{ columns: ['image'], stack: 3 }]);
    expect([rows.shape, rows.count]).toEqual([[8, 8, 3], 5]);
    const values = await rows.read(1, 5);
    const first = Array.from({ length: 4 }, (_, n) => Array.from(values.subarray(n * 192, n * 192 + 3)));
    expect(first).toEqual([
      [0, 0, 1],
      [0, 1, 2],
      [3, 3, 3],
      [3, 3, 4],
    ]);
  });

  test('of several parts are packed, images as 0..255, in the order that is asked for', async () => {
    const rows = observationRows(recording(), [{ columns: ['state'] }, { columns: ['image'] }]);
    expect(rows.parts).toEqual([
      { kind: 'numbers', shape: [2] },
      { kind: 'image', shape: [8, 8, 1] },
    ]);
    const values = await rows.gather([4, 0, 2]);
    const starts = [0, 1, 2].map((n) => Array.from(values.subarray(n * 66, n * 66 + 4)));
    expect(starts).toEqual([
      [8, 9, 4, 4],
      [0, 1, 0, 0],
      [4, 5, 2, 2],
    ]);
  });

  test('are read in pieces of at most 256 images, and not where nothing is wanted', async () => {
    const count = 3000;
    const many = memoryRecording({
      image: { type: 'uint8', shape: [8, 8, 1], lengths: [count], values: new Uint8Array(count * 64) },
    });
    const rows = observationRows(many, [{ columns: ['image'] }]);
    await rows.gather([...Array.from({ length: 1000 }, (_, i) => 999 - i), 2500]);
    expect(many.reads.map(({ from, to }) => [from, to])).toEqual([
      [0, 256],
      [256, 512],
      [512, 768],
      [768, 1000],
      [2500, 2501],
    ]);
  });

  test('have the values of their state, and of the step that led to them', async () => {
    const source = recording();
    const rows = observationRows(source, [{ columns: ['image'] }]);
    const state = columnAtRows(source, 'state', rows);
    expect(await state.read(3)).toEqual(Float64Array.of(6, 7));
    const reward = columnAtRows(source, 'reward', rows);
    const values = await Promise.all([0, 1, 2, 3, 4].map((row) => reward.read(row)));
    expect(values.map((value) => value?.[0])).toEqual([undefined, 10, 20, undefined, 30]);
  });

  test('have whole numbers exactly up to 2^53, and doubles as they are; floats of 32 bits take no more memory', async () => {
    const dates = [20240101, 20240102, 2 ** 53 - 1];
    const columns = {
      int64: { type: 'int64', values: BigInt64Array.from(dates, BigInt) },
      uint64: { type: 'uint64', values: BigUint64Array.from(dates, BigInt) },
      float64: { type: 'float64', values: Float64Array.of(0.1, 0.1 + 2 ** -50, 20240101) },
      float32: { type: 'float32', values: Float32Array.of(0.5, 1, 2) },
      uint32: { type: 'uint32', values: Uint32Array.of(2 ** 32 - 1, 2 ** 24, 2 ** 24 + 1) },
    } as const;
    for (const [name, { type, values }] of Object.entries(columns)) {
      const source = memoryRecording({ [name]: { type, values, shape: [], lengths: [3] } });
      const column = columnAtRows(source, name, { starts: Float64Array.of(0, 3) });
      const read = await Promise.all([0, 1, 2].map(async (row) => (await column.read(row))?.[0]));
      expect(read).toEqual(Array.from<number | bigint>(values).map(Number));
      expect(column.allocate(1)).toBeInstanceOf(name === 'float32' ? Float32Array : Float64Array);
    }
  });

  test.each([
    ['int64', BigInt64Array.of(0n, 1n, 2n, 3n, 4n, -(2n ** 53n)), -(2n ** 53n)],
    ['uint64', BigUint64Array.of(0n, 1n, 2n, 3n, 4n, 2n ** 64n - 1n), 2n ** 64n - 1n],
  ] as const)('refuse whole numbers that no double holds: %s', async (type, values, odd) => {
    const source = memoryRecording({ label: { type, values, shape: [2], lengths: [3] } });
    const column = columnAtRows(source, 'label', { starts: Float64Array.of(0, 3) });
    await expect(column.read(0)).rejects.toThrow(
      `memory label row 2: expected whole numbers below 2^53, which are told apart, got ${odd}`,
    );
  });

  test('refuse tokens that float32 would make others, where the input takes whole numbers', async () => {
    const source = memoryRecording({
      token: { type: 'int64', values: BigInt64Array.of(0n, 2n ** 24n, 5n, 2n ** 24n + 1n), shape: [2], lengths: [2] },
    });
    const rows = observationRows(source, [{ columns: ['token'], isWhole: true }]);
    expect(await rows.read(0, 1)).toEqual(Float32Array.of(0, 2 ** 24));
    await expect(rows.read(0, 2)).rejects.toThrow(
      'memory token row 1: expected whole numbers up to 2^24 for an input of them, got 16777217',
    );
    const measured = observationRows(source, [{ columns: ['token'] }]);
    expect(await measured.read(1, 2)).toEqual(Float32Array.of(5, 2 ** 24));
  });

  test.each([
    [/many: expected a row for each of 5 observations or for each step between them, got 18/, 'many'],
    [/expected a column, got "none"/, 'none'],
  ])('refuse a column that is none of theirs: %s', (message, column) => {
    const source = recording();
    const rows = observationRows(source, [{ columns: ['image'] }]);
    expect(() => columnAtRows(source, column, rows)).toThrow(message);
  });

  test('refuse images and numbers for one input, and numbers that are none', async () => {
    expect(() => observationRows(recording(), [{ columns: ['image', 'state'] }])).toThrow(
      /expected images alone or numbers alone for one input, got image and state/,
    );
    const odd = memoryRecording({
      z: { type: 'float32', shape: [2], lengths: [2], values: Float32Array.of(1, 2, 3, Number.NaN) },
    });
    await expect(observationRows(odd, [{ columns: ['z'] }]).read(0, 2)).rejects.toThrow(
      /memory z row 1: expected a finite number, got NaN/,
    );
  });
});
