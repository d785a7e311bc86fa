import { describe, expect, test } from 'vitest';
import { readInWindows } from '../../../src/data/decoding/row-window.ts';
import type { Column } from '../../../src/data/recording.ts';
import { FormatError } from '../../../src/error.ts';

const ROWS = 10_000;
const column = (name: string, shape: readonly number[], type: Column['type']): [string, Column] => [
  name,
  { name, type, shape, starts: Float64Array.of(0, ROWS) },
];
const columns = new Map([column('pair', [2], 'float32'), column('frame', [4, 4, 3], 'uint8')]);

/** Row r holds 2r and 2r + 1; counts how it is read. */
function counted(brokenRow = -1) {
  const calls: (readonly [number, number])[] = [];
  const read = readInWindows(columns, async (name, from, to) => {
    calls.push([from, to]);
    if (from <= brokenRow && brokenRow < to) throw new FormatError(`row ${brokenRow}: damaged`);
    if (name === 'frame') return new Uint8Array((to - from) * 48);
    return Float32Array.from({ length: 2 * (to - from) }, (_, i) => 2 * from + i);
  });
  return { calls, read };
}

describe('small reads are answered out of windows', () => {
  test('every range has its own numbers, whatever windows it lies in', async () => {
    const { read } = counted();
    for (const [from, to] of [
      [0, 1],
      [4095, 4096],
      [4095, 4097],
      [4096, 4100],
      [9999, 10_000],
      [10, 9000],
      [7, 7],
    ])
      expect(Array.from(await read('pair', from, to), Number)).toEqual(
        Array.from({ length: 2 * (to - from) }, (_, i) => 2 * from + i),
      );
  });

  test('two thousand neighbours are one call', async () => {
    const { calls, read } = counted();
    for (let row = 0; row < 2000; row++) await read('pair', row, row + 1);
    expect(calls).toEqual([[0, 4096]]);
  });

  test('long reads and images are asked for as they are', async () => {
    const { calls, read } = counted();
    await read('pair', 5, 4000);
    await read('frame', 3, 4);
    expect(calls).toEqual([
      [5, 4000],
      [3, 4],
    ]);
  });

  test("what is returned is the caller's own", async () => {
    const { read } = counted();
    (await read('pair', 3, 4)).fill(0 as never);
    expect(Array.from(await read('pair', 3, 4), Number)).toEqual([6, 7]);
  });

  test('a damaged row spoils no other row of its window', async () => {
    const { read } = counted(17);
    expect(Array.from(await read('pair', 3, 4), Number)).toEqual([6, 7]);
    await expect(read('pair', 17, 18)).rejects.toThrow('row 17: damaged');
  });
});
