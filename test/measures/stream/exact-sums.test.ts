import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExactSums } from '../../../src/measures/stream/exact-sums.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

function sumOf(values: readonly number[]): ExactSums {
  const sums = new ExactSums(1);
  for (const value of values) sums.add(0, value);
  return sums;
}

test('a number alone is itself, subnormal and largest ones too', () => {
  fc.assert(
    fc.property(finite, (value) => {
      expect(sumOf([value]).values()[0]).toBe(value === 0 ? 0 : value);
    }),
    { numRuns: 500 },
  );
  for (const value of [5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** -1022, 2 ** -1022 - 5e-324])
    expect(sumOf([value]).values()[0]).toBe(value);
});

test('what float64 loses is kept: 1e16 + 1 - 1e16 is 1, and halves go to the even number', () => {
  expect(sumOf([1e16, 1, -1e16]).values()[0]).toBe(1);
  expect(sumOf([2 ** 53, 1]).values()[0]).toBe(2 ** 53);
  expect(sumOf([2 ** 53, 1, 2 ** -60]).values()[0]).toBe(2 ** 53 + 2);
  expect(sumOf([2 ** 53, 3]).values()[0]).toBe(2 ** 53 + 4);
  expect(sumOf([-(2 ** 53), -1]).values()[0]).toBe(-(2 ** 53));
  expect(sumOf([5e-324, 5e-324]).values()[0]).toBe(1e-323);
  expect(sumOf([1, -1]).values()[0]).toBe(0);
  // Halfway between two subnormal numbers there is none: 2^-1074 is the unit.
  expect(sumOf([2 ** -1022, -5e-324]).values()[0]).toBe(2 ** -1022 - 5e-324);
});

test('is stored in digits of 32 bits above 2^-1074, the lowest that is not 0 first, and no more of them than there must be', () => {
  const storedOf = (...values: readonly number[]) => {
    const { lowest, digits } = sumOf(values).stored();
    return [lowest, ...digits];
  };
  // 1 is 2^(33 x 32 + 18) of these units.
  expect(storedOf(1)).toEqual([33, 2 ** 18]);
  expect(storedOf(5e-324)).toEqual([0, 1]);
  expect(storedOf(1 + 2 ** -20, -(2 ** -20))).toEqual([33, 2 ** 18]);
  // 2^14 + 1: the digit above is 1.
  expect(storedOf(2 ** 14, 1)).toEqual([33, 2 ** 18, 1]);
  // Half of a digit twice is one of the next.
  expect(storedOf(2 ** 13, 2 ** 13)).toEqual([34, 1]);
  expect(storedOf(-1)).toEqual([33, -(2 ** 18)]);
  expect(storedOf(-(2 ** 14), 1)).toEqual([33, 2 ** 18 - 2 ** 32]);
  expect(storedOf(1, -1)).toEqual([0]);
  expect(storedOf(0, -0)).toEqual([0]);
});

test('a sum beyond the largest number is infinite, and the largest number itself is not', () => {
  expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE]).values()[0]).toBe(Number.POSITIVE_INFINITY);
  expect(sumOf([-Number.MAX_VALUE, -Number.MAX_VALUE]).values()[0]).toBe(Number.NEGATIVE_INFINITY);
  expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE]).values()[0]).toBe(Number.MAX_VALUE);
});

test('integers as BigInt adds them, with signs that cross digits', () => {
  const whole = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
  fc.assert(
    fc.property(fc.array(whole, { maxLength: 40 }), (values) => {
      const sum = values.reduce((all, value) => all + value, 0n);
      expect(sumOf(values.map(Number)).values()[0]).toBe(Number(sum));
    }),
  );
});

test('the stored form is the same whatever the order, the parts and what was added and taken away on the way', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), finite), { maxLength: 30 }),
      fc.nat(30),
      fc.array(finite, { maxLength: 4 }),
      (entries, cut, detour) => {
        const whole = new ExactSums(3);
        for (const [index, value] of entries) whole.add(index, value);
        const [first, second] = [new ExactSums(3), new ExactSums(3)];
        const backwards = [...entries].reverse();
        for (const value of detour) first.add(1, value);
        for (const [n, [index, value]] of backwards.entries()) (n < cut ? first : second).add(index, value);
        for (const value of detour) second.add(1, -value);
        const merged = new ExactSums(3);
        merged.merge(second.stored());
        merged.merge(first.stored());
        expect(merged.stored()).toEqual(whole.stored());
        expect(merged.values()).toEqual(whole.values());
      },
    ),
    { numRuns: 300 },
  );
});

test('three million additions to one sum lose nothing', () => {
  const sums = new ExactSums(2);
  for (let n = 0; n < 3_000_000; n++) sums.add(1, 0.1);
  // 0.1 is 3602879701896397 / 2^55.
  expect(sums.values()).toEqual(
    Float64Array.of(0, Number((3602879701896397n * 3000000n * 2n ** 20n) / 2n ** 20n) / 2 ** 55),
  );
});

test('what is not finite is refused', () => {
  expect(() => sumOf([Number.NaN])).toThrow('expected a finite number, got NaN');
  expect(() => sumOf([Number.POSITIVE_INFINITY])).toThrow('got Infinity');
});
