import { describe, expect, test } from 'vitest';
import { createLatents } from '../../src/measures/latents.ts';
import { measureSpectrum, projectOnAxes } from '../../src/measures/spectrum.ts';
import { reference, referenceLatents } from '../evaluation/reference.ts';

/** Float64 through the Gram matrix: relative to the largest singular value, about the root of float64's resolution. */
const DIGITS = 7;

describe('spectrum', () => {
  test('singular values and ranks are those of NumPy', () => {
    const spectrum = measureSpectrum(referenceLatents());
    reference.singularValues.forEach((value, k) => {
      expect(spectrum.singularValues[k]).toBeCloseTo(value, DIGITS);
    });
    reference.centredSingularValues.forEach((value, k) => {
      expect(spectrum.centredSingularValues[k]).toBeCloseTo(value, DIGITS);
    });
    expect(spectrum.effectiveRank).toBeCloseTo(reference.effectiveRank, DIGITS);
    expect(spectrum.effectiveRankUncentred).toBeCloseTo(reference.effectiveRankUncentred, DIGITS);
    expect(spectrum.rankMe).toBeCloseTo(reference.rankMe, DIGITS);
    expect(spectrum.participationRatio).toBeCloseTo(reference.participationRatio, DIGITS);
  });

  test('principal components are those of scikit-learn, up to their sign', () => {
    const latents = referenceLatents();
    const spectrum = measureSpectrum(latents);
    reference.absoluteComponents.forEach((axis, index) => {
      expect(spectrum.explainedVariance[index]).toBeCloseTo(reference.explainedVariance[index], DIGITS);
      axis.forEach((component, k) => {
        expect(Math.abs(spectrum.axes[index * latents.size + k])).toBeCloseTo(component, DIGITS);
      });
    });
    const projected = projectOnAxes(latents, spectrum, 5);
    reference.absoluteProjectionOfFirst.forEach((value, k) => {
      expect(Math.abs(projected[k])).toBeCloseTo(value, DIGITS);
    });
  });

  test('the largest component of each axis is positive, so that a picture does not flip', () => {
    const { axes } = measureSpectrum(referenceLatents());
    for (let index = 0; index < 5; index++) {
      const axis = Array.from(axes.subarray(index * 5, index * 5 + 5));
      const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
      expect(largest).toBeGreaterThan(0);
    }
  });

  test('a cross of equal arms has rank 2, a line 1, a point 0', () => {
    const cross = measureSpectrum(createLatents(Float32Array.of(1, 0, -1, 0, 0, 1, 0, -1), 2));
    expect(cross.effectiveRank).toBeCloseTo(2, 12);
    expect(cross.participationRatio).toBeCloseTo(2, 12);
    const line = measureSpectrum(createLatents(Float32Array.of(0, 0, 1, 1, 2, 2), 2));
    expect(line.effectiveRank).toBeCloseTo(1, 6);
    const point = measureSpectrum(createLatents(Float32Array.of(3, 4, 3, 4), 2));
    expect(point.effectiveRank).toBe(0);
    expect(point.participationRatio).toBe(0);
    // Not centred, a point away from the origin is a line.
    expect(point.effectiveRankUncentred).toBeCloseTo(1, 6);
    expect(point.rankMe).toBeCloseTo(1, 4);
  });

  test('RankMe has no scale: a collapsed copy of the latents has the same', () => {
    const latents = referenceLatents();
    const shrunk = { ...latents, values: latents.values.map((value) => value / 1024) };
    expect(measureSpectrum(shrunk).rankMe).toBeCloseTo(measureSpectrum(latents).rankMe, 10);
  });

  test('fewer observations than dimensions have no more singular values than observations', () => {
    const spectrum = measureSpectrum(createLatents(Float32Array.of(1, 0, 0, 0, 2, 0), 3));
    expect(Array.from(spectrum.singularValues)).toEqual([expect.closeTo(2, 12), expect.closeTo(1, 12)]);
  });
});
