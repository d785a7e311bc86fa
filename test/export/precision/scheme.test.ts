import { describe, expect, test } from 'vitest';
import { floats } from '../../../export/graph/constant.ts';
import { activationScheme, biasScheme, weightScheme } from '../../../export/precision/scheme.ts';

const nearly = (value: number) => expect.closeTo(value, 7);

describe('scales and zero points, worked out by hand', () => {
  test('a range takes all 256 codes, and 0 has one of its own', () => {
    // 4 / 255, and -128 + 1 / (4 / 255) = -64.25.
    expect(activationScheme({ min: -1, max: 3 })).toEqual({ scale: nearly(4 / 255), zero: -64 });
    expect(activationScheme({ min: 0, max: 1 })).toEqual({ scale: nearly(1 / 255), zero: -128 });
    expect(activationScheme({ min: -2, max: 0 })).toEqual({ scale: nearly(2 / 255), zero: 127 });
  });

  test('a range without 0 is widened to it, and a range of nothing has scale 1', () => {
    expect(activationScheme({ min: 2, max: 3 })).toEqual({ scale: nearly(3 / 255), zero: -128 });
    expect(activationScheme({ min: 0, max: 0 })).toEqual({ scale: 1, zero: -128 });
  });

  test('symmetric: zero point 0, the largest number at 127', () => {
    expect(activationScheme({ min: -1, max: 3 }, true)).toEqual({ scale: nearly(3 / 127), zero: 0 });
  });

  test('each channel of a weight has its own scale', () => {
    const weight = floats([2, 2], [1, -2, 0.25, 0]);
    const rows = weightScheme(weight, 0, { bits: 8 });
    expect([...rows.scales]).toEqual([nearly(2 / 127), nearly(0.25 / 127)]);
    expect([...rows.values]).toEqual([64, -127, 127, 0]);
    const columns = weightScheme(weight, 1, { bits: 7 });
    expect([...columns.scales]).toEqual([nearly(1 / 63), nearly(2 / 63)]);
    expect([...columns.values]).toEqual([63, -63, 16, 0]);
  });

  test('a bias is an int32 at the product of both scales', () => {
    const { scales, values } = biasScheme([0.1, -1], 0.01, Float32Array.of(0.02, 0.1));
    expect([...scales]).toEqual([nearly(0.0002), nearly(0.001)]);
    expect([...values]).toEqual([500, -1000]);
  });

  test('a bias that would leave int32 raises the scale of its channel until it fits', () => {
    const weight = floats([2, 1], [1e-6, 1]);
    const { scales } = weightScheme(weight, 0, { bits: 8, bias: { values: [1e6, 1], inputScale: 1 } });
    expect(scales[0]).toBeCloseTo(1e6 / (2 ** 31 - 1), 9);
    expect(scales[1]).toBeCloseTo(1 / 127, 7);
    const { values } = biasScheme([1e6, 1], 1, scales);
    expect(values[0]).toBeGreaterThan(2 ** 31 * 0.9999);
  });
});
