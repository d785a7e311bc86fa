import { describe, expect, test } from 'vitest';
import { classColours, rampColour } from '../../src/report/colour.ts';
import { formatCount, formatNumber, formatPercent } from '../../src/report/number.ts';
import { sampleByClass } from '../../src/report/sample.ts';

describe('numbers', () => {
  test.each([
    [0, '0'],
    [0.4, '0.400'],
    [4, '4.00'],
    [0.00123456, '0.00123'],
    [0.000123456, '1.23 × 10⁻⁴'],
    [-4.5e-10, '-4.50 × 10⁻¹⁰'],
    [99.96, '100'],
    [12345.6, '12346'],
    [1.5e21, '1.50 × 10²¹'],
    [Number.POSITIVE_INFINITY, 'infinite'],
    [null, 'not measurable'],
  ])('%d is written %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('percentages and counts', () => {
    expect(formatPercent(0.9783)).toBe('97.8%');
    expect(formatCount(4096)).toBe('4,096');
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(formatCount(90)).toBe('90');
  });
});

describe('colours', () => {
  const luminance = (bytes: readonly number[]) => {
    const [r, g, b] = bytes.map((byte) =>
      byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const bytesOf = (hex: string) => [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));

  test('every class colour stands out from the light and from the dark card by 2.5 to 1', () => {
    for (const count of [1, 2, 9, 30])
      for (const colour of classColours(count)) {
        const own = luminance(bytesOf(colour));
        expect((luminance([245, 246, 248]) + 0.05) / (own + 0.05)).toBeGreaterThan(2.5);
        expect((own + 0.05) / (luminance([26, 29, 36]) + 0.05)).toBeGreaterThan(2.5);
      }
  });

  test('nine classes can be told apart by an eye without green cones', () => {
    // Machado, Oliveira and Fernandes (2009), deuteranopia, in linear light; distances in OKLab (Ottosson 2020).
    const seen = classColours(9).map((hex) => {
      const [r, g, b] = bytesOf(hex).map((byte) =>
        byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
      );
      const red = Math.max(0, 0.367322 * r + 0.860646 * g - 0.227968 * b);
      const green = Math.max(0, 0.280085 * r + 0.672501 * g + 0.047413 * b);
      const blue = Math.max(0, -0.01182 * r + 0.04294 * g + 0.968881 * b);
      const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
      const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
      const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
      return [
        0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
      ];
    });
    const apart = seen.flatMap((a, i) => seen.slice(i + 1).map((b) => Math.hypot(...a.map((x, k) => x - b[k]))));
    expect(Math.min(...apart)).toBeGreaterThan(0.028);
  });

  test('class colours differ from their neighbours', () => {
    const colours = classColours(9);
    expect(new Set(colours).size).toBe(9);
  });

  test('the ramp gets lighter all the way', () => {
    for (let step = 1; step <= 20; step++)
      expect(luminance(rampColour(step / 20))).toBeGreaterThan(luminance(rampColour((step - 1) / 20)));
  });
});

describe('samples', () => {
  test('hold the first observations of every class, sorted by class, at least two of each', () => {
    const labels = Int32Array.of(1, 0, 1, 0, 1, 0);
    expect(Array.from(sampleByClass(labels, 2, 4))).toEqual([1, 3, 0, 2]);
    expect(Array.from(sampleByClass(labels, 2, 1))).toEqual([1, 3, 0, 2]);
  });
});
