import { describe, expect, test } from 'vitest';
import { labelLatents } from '../../../src/measures/latents.ts';
import { lidar } from '../../../src/measures/spectrum/lidar.ts';
import { spectrumSlope } from '../../../src/measures/spectrum/spectrum-slope.ts';

/** Four observations of each class: its centre, and a step of 1 forth and back along the first two axes. */
function crosses(centres: readonly (readonly number[])[]) {
  const steps = [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ];
  const rows = centres.flatMap((centre) =>
    steps.map(([x, y]) => centre.map((value, k) => value + (k === 0 ? x : k === 1 ? y : 0))),
  );
  const labels = centres.flatMap((_, label) => steps.map(() => label));
  const values = Float32Array.from(rows.flat());
  return labelLatents({ values, count: rows.length, size: centres[0].length }, Int32Array.from(labels), centres.length);
}

describe('LiDAR', () => {
  test('is the number of directions between the classes, where they differ as much along each', () => {
    expect(
      lidar(
        crosses([
          [5, 0],
          [-5, 0],
          [0, 5],
          [0, -5],
        ]),
      ),
    ).toBeCloseTo(2, 3);
    expect(
      lidar(
        crosses([
          [5, 0],
          [-5, 0],
        ]),
      ),
    ).toBeCloseTo(1, 3);
    expect(
      lidar(
        crosses([
          [0, 0],
          [0, 0],
        ]),
      ),
    ).toBe(0);
  });

  test('is worked by hand for two directions of 25 and 4 times the variance within', () => {
    // Within each axis: variance 1/2. Between: 10^2 / 2 and 4^2 / 2. Shares 100/116 and 16/116.
    const [p, q] = [100 / 116, 16 / 116];
    const expected = Math.exp(-p * Math.log(p) - q * Math.log(q));
    expect(
      lidar(
        crosses([
          [10, 0],
          [-10, 0],
          [0, 4],
          [0, -4],
        ]),
      ),
    ).toBeCloseTo(expected, 3);
  });

  test('is the same wherever the latents are', () => {
    const centres = [
      [10, 0],
      [-10, 0],
      [0, 4],
      [0, -3],
    ];
    const moved = centres.map(([x, y]) => [x + 32, y - 16]);
    expect(lidar(crosses(moved))).toBeCloseTo(lidar(crosses(centres)), 9);
    expect(lidar(crosses(centres))).toBeGreaterThan(1.2);
  });

  test('counts every class once, however many observations it has', () => {
    const latents = crosses([
      [10, 0],
      [-10, 0],
      [0, 4],
      [0, -3],
    ]);
    // The first class three times over: its mean is what it was, and so is what varies within all of them.
    const often = Float32Array.from([
      ...latents.values.subarray(0, 8),
      ...latents.values.subarray(0, 8),
      ...latents.values,
    ]);
    const labels = Int32Array.from([...Array(8).fill(0), ...latents.labels]);
    const uneven = labelLatents({ values: often, count: labels.length, size: 2 }, labels, 4);
    expect(lidar(uneven)).toBeCloseTo(lidar(latents), 3);
  });

  test('has no scale', () => {
    const latents = crosses([
      [10, 0],
      [-10, 0],
      [0, 4],
      [0, -4],
    ]);
    const small = { ...latents, values: latents.values.map((value) => value / 1024) };
    expect(lidar(small)).toBeCloseTo(lidar(latents), 9);
  });
});

describe('alpha-ReQ', () => {
  test('of eigenvalues that fall by a power law is its exponent, with the ranks and the fit', () => {
    const singularValues = Float64Array.from({ length: 64 }, (_, k) => (k + 1) ** -0.6);
    const slope = spectrumSlope(singularValues);
    expect(slope).toMatchObject({ from: 11, to: 50 });
    expect(slope?.alpha).toBeCloseTo(1.2, 9);
    expect(slope?.fit).toBeCloseTo(1, 9);
  });

  test('is fitted over all of few ranks, and not at all over four', () => {
    expect(spectrumSlope(Float64Array.of(1, 0.5, 0.25, 0.125, 0.0625))).toMatchObject({ from: 1, to: 5 });
    expect(spectrumSlope(Float64Array.of(1, 0.5, 0.25, 0.125, 1e-9))).toBeUndefined();
    expect(spectrumSlope(new Float64Array(8))).toBeUndefined();
  });

  /** The least-squares line by its normal equations, of log l over log k for the ranks from `from` on. */
  function lineOf(singularValues: readonly number[], from: number) {
    const points = singularValues.map((value, index) => [Math.log(from + index), 2 * Math.log(value)]);
    const sum = (of: (x: number, y: number) => number) => points.reduce((total, [x, y]) => total + of(x, y), 0);
    const n = points.length;
    const [x, y, xx, yy, xy] = [
      sum((a) => a),
      sum((_, b) => b),
      sum((a) => a * a),
      sum((_, b) => b * b),
      sum((a, b) => a * b),
    ];
    const covariance = n * xy - x * y;
    return { alpha: -covariance / (n * xx - x * x), fit: covariance ** 2 / ((n * xx - x * x) * (n * yy - y * y)) };
  }

  test('of eigenvalues that follow no power law is the least-squares line, and says how badly it fits', () => {
    const values = [8, 7, 2, 1.5, 0.125];
    const slope = spectrumSlope(Float64Array.from(values));
    const { alpha, fit } = lineOf(values, 1);
    expect(slope).toEqual({ alpha: expect.closeTo(alpha, 9), from: 1, to: 5, fit: expect.closeTo(fit, 9) });
    expect(fit).toBeLessThan(0.8);
  });

  test('leaves out the first ten where five and more are left, and what is beyond the fiftieth', () => {
    const values = Array.from({ length: 60 }, (_, k) => 3 / (1 + k + (k % 3)));
    const ranks = (count: number) => {
      const { from, to } = spectrumSlope(Float64Array.from(values.slice(0, count))) ?? {};
      return [from, to];
    };
    expect([15, 16, 17, 50, 51, 60].map(ranks)).toEqual([
      [1, 15],
      [11, 16],
      [11, 17],
      [11, 50],
      [11, 50],
      [11, 50],
    ]);
    expect(spectrumSlope(Float64Array.from(values))?.alpha).toBeCloseTo(lineOf(values.slice(10, 50), 11).alpha, 9);
  });

  test('of equal eigenvalues is 0, which fits', () => {
    expect(spectrumSlope(new Float64Array(5).fill(2))).toMatchObject({ alpha: expect.closeTo(0, 12), fit: 1 });
  });

  test('counts eigenvalues above a part of the largest that is rounding, whatever their scale', () => {
    for (const scale of [1e-3, 1, 1e3]) {
      const of = (least: number) =>
        spectrumSlope(Float64Array.of(1, 0.5, 0.25, 0.125, least).map((value) => scale * value));
      expect(of(1.1e-5)).toBeDefined();
      expect(of(0.9e-5)).toBeUndefined();
    }
  });
});
