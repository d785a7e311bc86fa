// What files are fed with: batches that they fix, types that they take, axes that they leave open.
import { describe, expect, test } from 'vitest';
import type { RuntimeTensor, TensorSpec } from '../../../src/runtimes/runtime.ts';
import { batchOf, castTensor, type FedFile, runsOf } from '../../../src/verification/file/feeds.ts';
import { randomInputs, sizedInputs } from '../../../src/verification/file/random-inputs.ts';

function file(name: string, ...inputs: readonly TensorSpec[]): FedFile {
  return { name, inputs };
}
const image = (rows: number | string, type: TensorSpec['type'] = 'float32'): TensorSpec => ({
  name: 'x',
  type,
  shape: [rows, 2],
});

const five: RuntimeTensor = { type: 'float32', data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), shape: [5, 2] };

describe('runsOf', () => {
  const set = { tensors: new Map([['x', five]]), rows: 5 };

  test('a file with an open first axis takes as many rows as there are', () => {
    const runs = [...runsOf(set, file('a', image('N')), 3)];
    expect(runs.map(({ rows, feeds }) => [rows, feeds.x.shape])).toEqual([
      [3, [3, 2]],
      [2, [2, 2]],
    ]);
    expect(runs[1].feeds.x.data).toEqual(Float32Array.of(6, 7, 8, 9));
  });

  test('a file that fixes its batch takes that, the last one filled up with the first rows', () => {
    const runs = [...runsOf(set, file('a', image(4)), 3)];
    expect(runs.map(({ rows }) => rows)).toEqual([4, 1]);
    expect(runs[1].feeds.x).toMatchObject({ shape: [4, 2], data: Float32Array.of(8, 9, 0, 1, 2, 3, 4, 5) });
  });

  test('another name is matched by position, another type is cast', () => {
    const [{ feeds }] = runsOf(set, file('b', { name: 'pixels', type: 'float16', shape: ['', 2] }), 8);
    expect(feeds.pixels.data.slice(0, 3)).toEqual(Uint16Array.of(0, 0x3c00, 0x4000));
    expect(() => [...runsOf(set, file('c', image('N'), { ...image('N'), name: 'y' }), 8)]).toThrow(
      'c: expected 1 inputs (x), got 2: x, y',
    );
    expect(() => [...runsOf(set, file('d', { name: 'x', type: 'float32', shape: ['N', 3] }), 8)]).toThrow(
      'd: expected input "x" of [N, 3], got [5, 2]',
    );
  });
});

test('a batch is what all first axes say', () => {
  const scalar: TensorSpec = { name: 's', type: 'float32', shape: [] };
  expect(batchOf(file('a', image('N'), scalar))).toBe('any');
  expect(batchOf(file('a', image(4)))).toBe(4);
  expect(batchOf(file('a', image(4), { ...image(3), name: 'y' }))).toBeUndefined();
  expect(batchOf(file('a', scalar))).toBeUndefined();
});

test('integers are cast where they are some, and refused where not', () => {
  const numbers: RuntimeTensor = { type: 'float64', data: Float64Array.of(3, -1), shape: [2] };
  expect(castTensor(numbers, 'int64', 'x').data).toEqual(BigInt64Array.of(3n, -1n));
  expect(() => castTensor(numbers, 'uint8', 'x')).toThrow('x: expected numbers that uint8 holds, got -1');
  expect(() => castTensor({ ...numbers, data: Float64Array.of(0.5, 1) }, 'int64', 'x')).toThrow('got 0.5');
});

describe('randomInputs', () => {
  const open = file('a', { name: 'image', type: 'float32', shape: ['N', 3, 'H', 'W'] });

  test('open axes have the size of another file, of a choice, or a usual one, and are told', () => {
    const fixed = file('b', { name: 'image', type: 'float32', shape: [2, 3, 8, 'w'] });
    const shapes = new Map([['W', [12]]]);
    expect(sizedInputs([open, fixed], { rows: 4, shapes }).shapes.get('image')).toEqual([4, 3, 8, 12]);
    expect(sizedInputs([open], { rows: 4 })).toMatchObject({
      rows: 4,
      fixed: [
        { input: 'image', axis: 0, name: 'N', size: 4 },
        { input: 'image', axis: 2, name: 'H', size: 64 },
        { input: 'image', axis: 3, name: 'W', size: 64 },
      ],
    });
    expect(sizedInputs([open], { rows: 4, shapes: new Map([['image', [1, 3, 5, 6]]]) })).toMatchObject({ rows: 1 });
    expect(() => sizedInputs([open], { rows: 4, shapes: new Map([['T', [1]]]) })).toThrow(
      'expected the name of an input or of an open axis (image, N, H, W), got "T"',
    );
    expect(() => sizedInputs([open], { rows: 4, shapes: new Map([['image', [7]]]) })).toThrow(
      'expected "image" as [N, 3, H, W], got [7]',
    );
    expect(() => sizedInputs([open], { rows: 4, shapes: new Map([['image', [1, 4, 5, 6]]]) })).toThrow(
      'expected "image" as [N, 3, H, W], got [1, 4, 5, 6]',
    );
  });

  test('numbers are within what is said of them, and the same for the same seed', () => {
    const ids = file('t', { name: 'ids', type: 'int64', shape: ['N', 'T'] });
    const options = { rows: 3, seed: 7, vocabularies: new Map([['ids', 5]]) };
    const { set, ranges } = randomInputs([ids], options);
    expect(ranges.get('ids')).toBe('whole numbers in 0..4, the rows of what it looks up');
    const values = Array.from(set.tensors.get('ids')?.data ?? [], Number);
    expect(values).toHaveLength(48);
    expect(new Set(values)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(randomInputs([ids], options).set).toEqual(set);
    expect(randomInputs([ids], { ...options, seed: 8 }).set).not.toEqual(set);
  });
});
