// Tensors, halves and symbolic sizes against straightforward definitions.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Constant,
  floats,
  gathered,
  integers,
  numbersOf,
  sliced,
  transposed,
} from '../../../export/graph/constant.ts';
import * as dimension from '../../../export/graph/dimension.ts';
import { reshapeTarget } from '../../../export/graph/reshape.ts';
import { floatToHalf, halfToFloat } from '../../../src/half.ts';

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

function counting(sizes: readonly number[]): Constant {
  const size = sizes.reduce((a, b) => a * b, 1);
  return floats(
    sizes,
    Float32Array.from({ length: size }, (_, i) => i),
  );
}

function indexOf(sizes: readonly number[], index: readonly number[]): number {
  return index.reduce((flat, i, axis) => flat * sizes[axis] + i, 0);
}

function* indices(sizes: readonly number[]): Generator<number[]> {
  const size = sizes.reduce((a, b) => a * b, 1);
  for (let flat = 0; flat < size; flat++) {
    let rest = flat;
    yield [...sizes]
      .reverse()
      .map((n) => {
        const i = rest % n;
        rest = Math.floor(rest / n);
        return i;
      })
      .reverse();
  }
}

describe('constants', () => {
  test('transposed moves every element to its place', () => {
    const withOrder = shape.chain((sizes) =>
      fc.tuple(fc.constant(sizes), fc.shuffledSubarray([...sizes.keys()], { minLength: sizes.length })),
    );
    fc.assert(
      fc.property(withOrder, ([sizes, order]) => {
        const result = transposed(counting(sizes), order);
        for (const index of indices(result.shape)) {
          const source = new Array<number>(sizes.length).fill(0);
          for (const [i, axis] of order.entries()) source[axis] = index[i];
          expect(result.data[indexOf(result.shape, index)]).toBe(indexOf(sizes, source));
        }
      }),
    );
  });

  test('gathered and sliced pick slices of one axis', () => {
    const x = counting([2, 3, 2]);
    expect(numbersOf(gathered(x, 1, [2, 0, 0]))).toEqual([4, 5, 0, 1, 0, 1, 10, 11, 6, 7, 6, 7]);
    expect(numbersOf(sliced(x, 1, 1, 3))).toEqual([2, 3, 4, 5, 8, 9, 10, 11]);
    expect(numbersOf(gathered(integers([5, 6, 7]), 0, [2, 1]))).toEqual([7, 6]);
  });
});

describe('halves', () => {
  test('every half survives the way to a number and back', () => {
    const changed = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => {
      const value = halfToFloat(bits);
      return Number.isNaN(value) ? !Number.isNaN(halfToFloat(floatToHalf(value))) : floatToHalf(value) !== bits;
    });
    expect(changed).toEqual([]);
  });

  test('a number becomes the nearest half, ties the even one', () => {
    const finite = Array.from({ length: 0x7c00 }, (_, bits) => halfToFloat(bits));
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-65504), max: Math.fround(65504), noNaN: true }), (value) => {
        const bits = floatToHalf(value) & 0x7fff;
        const error = Math.abs(finite[bits] - Math.abs(value));
        for (const neighbour of [bits - 1, bits + 1]) {
          if (finite[neighbour] === undefined) continue;
          const other = Math.abs(finite[neighbour] - Math.abs(value));
          expect(error < other || (error === other && bits % 2 === 0)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
    expect(floatToHalf(65520)).toBe(0x7c00);
    expect(floatToHalf(65519)).toBe(0x7bff);
    expect(floatToHalf(2 ** -25)).toBe(0);
    expect(floatToHalf(2 ** -25 * 1.0001)).toBe(1);
  });
});

describe('sizes with names', () => {
  const { add, subtract, multiply, floorDivide, ceilDivide, divideProduct } = dimension;

  test('linear arithmetic gives one name to one size', () => {
    expect(subtract(add('T', 2), 2)).toBe('T');
    expect(add('T', subtract(3, 'T'))).toBe(3);
    expect(add('T', 'S')).toBe(add('S', 'T'));
    expect(multiply(add('T', 1), 2)).toBe('2*T + 2');
    expect(subtract(multiply('T', 2), 'T')).toBe('T');
    expect(floorDivide(multiply('T', 4), 2)).toBe('2*T');
    expect(ceilDivide('T', 2)).toBe('ceil((T) / 2)');
    expect(multiply('N', 'T')).toBe(multiply('T', 'N'));
  });

  test('numbers are numbers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 9 }), (a, b) => {
        expect([add(a, b), subtract(a, b), multiply(a, b), floorDivide(a, b), ceilDivide(a, b)]).toEqual([
          a + b,
          a - b,
          a * b,
          Math.floor(a / b),
          Math.ceil(a / b),
        ]);
      }),
    );
  });

  test('what is left over of a product', () => {
    expect(divideProduct(['N', 4, 6], ['N', 3])).toBe(8);
    expect(divideProduct(['N', 4], [2])).toBe('2*N');
    expect(divideProduct(['N', 4], ['M'])).toBe('?');
  });

  test('a reshape target copies, leaves over, or says that there is none', () => {
    expect(reshapeTarget(['N', 3, 4], ['N', 12])).toEqual([0, 12]);
    expect(reshapeTarget(['N', 'T', 4], ['N*T', 4])).toEqual([-1, 4]);
    expect(reshapeTarget(['N', 'T', 4], ['N', 4, 'T'])).toEqual([0, 4, -1]);
    expect(reshapeTarget(['N', 'T', 'S'], ['S', 'T', 'N'])).toBeUndefined();
  });
});
