// What counts as a difference of two values, and how a quantised one is read, on numbers made up by hand.
import { describe, expect, test } from 'vitest';
import type { RuntimeTensor } from '../../../src/runtimes/runtime.ts';
import { asNumbers, asValue, differenceOf, exceeds } from '../../../src/verification/bisect/bisect.ts';
import type { FileGraph } from '../../../src/verification/bisect/graph.ts';
import type { ValueStore } from '../../../src/verification/bisect/value-store.ts';

function floats(...values: readonly number[]): RuntimeTensor {
  return { type: 'float32', data: Float32Array.from(values), shape: [values.length] };
}

describe('differenceOf', () => {
  test('is the largest error, and its part of the largest number of the reference', () => {
    expect(differenceOf(floats(100, -200), floats(100.125, -200))).toEqual({
      error: 0.125,
      scale: 200,
      part: 0.125 / 200,
    });
  });

  test('what is not finite on one side only is infinite; the same on both is no difference', () => {
    const { NaN: none, POSITIVE_INFINITY: infinite } = Number;
    expect(differenceOf(floats(1, 1), floats(1, none)).part).toBeNull();
    expect(differenceOf(floats(none, infinite, 2), floats(none, infinite, 2))).toEqual({ error: 0, scale: 2, part: 0 });
    expect(differenceOf(floats(infinite), floats(-infinite)).part).toBeNull();
  });

  test('a value that is 0 in the reference and not here differs', () => {
    expect(exceeds(differenceOf(floats(0), floats(1e-9)), 1e-4)).toBe(true);
  });

  test('another shape is infinitely different, and says so', () => {
    expect(differenceOf(floats(1, 2), { ...floats(1, 2), shape: [1, 2] })).toMatchObject({
      part: null,
      reason: 'expected shape [2], got [1, 2]',
    });
  });

  test('integers and halves are compared as the numbers that they are', () => {
    const halves: RuntimeTensor = { type: 'float16', data: Uint16Array.of(0x3c00, 0xc000), shape: [2] };
    expect(differenceOf(floats(1, -2), halves).error).toBe(0);
    const large: RuntimeTensor = { type: 'int64', data: BigInt64Array.of(5n), shape: [1] };
    expect(differenceOf(large, { ...large, data: BigInt64Array.of(7n) }).error).toBe(2);
  });
});

describe('values of 8 bits', () => {
  const constants = new Map([
    ['scale', floats(0.5)],
    ['zero', { type: 'uint8', data: Uint8Array.of(10), shape: [] } satisfies RuntimeTensor],
  ]);
  const graph = { constant: (name: string) => constants.get(name) } as FileGraph;
  const store = { describe: () => ({ type: 'uint8', shape: [5], byteLength: 5 }) } as unknown as ValueStore;
  const matched = { value: 'q', reference: 'x', quantization: { scale: 'scale', zeroPoint: 'zero' } };

  test('are rounded to even, kept within their range, and read back', () => {
    // 0.25 / 0.5 = 0.5 rounds to 0, 0.75 / 0.5 = 1.5 to 2.
    const quantised = asValue(graph, floats(0.25, 0.75, -1, -100, 1000), matched, store);
    expect(quantised).toEqual({ type: 'uint8', data: Uint8Array.of(10, 12, 8, 0, 255), shape: [5] });
    expect(asNumbers(graph, quantised, matched).data).toEqual(Float32Array.of(0, 1, -1, -5, 122.5));
  });
});
