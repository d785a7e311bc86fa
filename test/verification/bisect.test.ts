// Which node is named as the first that differs, on values made up by hand.
import { describe, expect, test } from 'vitest';
import { type ComputedValue, compareValues } from '../../src/verification/bisect.ts';

function value(name: string, data: readonly number[]): ComputedValue {
  return { value: name, node: `node of ${name}`, operator: 'Mul', output: name, data: Float32Array.from(data) };
}

describe('compareValues', () => {
  const first = [value('a', [1, 2]), value('b', [100, -200]), value('c', [1, 1]), value('d', [5, 5])];

  test('names the first in the order of the graph, and the worst', () => {
    // 0.1 of 200 is 5e-4; 0.5 of 1; d agrees again.
    const second = [value('d', [5, 5]), value('c', [1, 1.5]), value('b', [100.125, -200]), value('a', [1, 2])];
    const result = compareValues(first, second, 1e-4);
    expect(result.compared).toBe(4);
    expect(result.first).toEqual({ node: 'node of b', operator: 'Mul', value: 'b', error: 0.125, scale: 200 });
    expect(result.worst).toMatchObject({ value: 'c', error: 0.5, scale: 1 });
    expect(compareValues(first, second, 1e-3).first).toMatchObject({ value: 'c' });
    expect(compareValues(first, first, 1e-6)).toEqual({ compared: 4, first: null, worst: null });
  });

  test('a value that only one has is not compared; one that is not finite on one side differs', () => {
    const second = [value('a', [1, 2]), value('c', [1, Number.NaN])];
    const result = compareValues(first, second, 1e-4);
    expect(result.compared).toBe(2);
    expect(result.first).toEqual({ node: 'node of c', operator: 'Mul', value: 'c', error: null, scale: 1 });
    const both = [value('a', [Number.NaN, Number.POSITIVE_INFINITY])];
    expect(compareValues(both, both, 1e-4).first).toBeNull();
  });

  test('a value that is 0 on the first runtime and not on the second differs', () => {
    expect(compareValues([value('a', [0])], [value('a', [1e-9])], 1e-4).first).toMatchObject({
      error: expect.closeTo(1e-9, 12),
      scale: 0,
    });
  });
});
