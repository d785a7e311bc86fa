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
});
