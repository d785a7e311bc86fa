import { expect, test } from 'vitest';

test('typed arrays of the same bytes are equal, others are looked at one by one', () => {
  const values = new Float32Array(1_000_000).fill(0.5);
  expect({ deep: [values] }).toEqual({ deep: [values.slice()] });
  expect(values).toStrictEqual(values.slice());
  const other = values.slice(0, 100);
  other[99] = 0.25;
  expect(other).not.toEqual(values.slice(0, 100));
  // Other bits, the same number; the same bits, another type.
  expect(new Float32Array(Uint32Array.of(0x7fc00000).buffer)).toEqual(
    new Float32Array(Uint32Array.of(0x7fc00001).buffer),
  );
  expect(Int8Array.of(1)).not.toStrictEqual(Uint8Array.of(1));
  expect(Float32Array.of(0)).not.toEqual(Float32Array.of(-0));
  expect(new Uint8Array(2)).not.toEqual(new Uint8Array(3));
});
