import { describe, expect, test } from 'vitest';
import { createLatents } from '../../../src/measures/latents.ts';
import { measureSpectrum, projectOnAxes } from '../../../src/measures/spectrum/spectrum.ts';
import { randomFor } from '../../../src/random.ts';
import { reference, referenceLatents } from '../../evaluation/reference.ts';

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

  test('is the same by the products of rows and of columns, far from 0 as well', () => {
    // The 60 observations of 5 numbers, and the same beside 60 numbers that are constant: wide, so that rows are multiplied.
    const latents = referenceLatents();
    const { count, size } = latents;
    const values = Float32Array.from({ length: count * (size + 60) }, (_, index) => {
      const [i, k] = [Math.floor(index / (size + 60)), index % (size + 60)];
      return k < size ? latents.values[i * size + k] : 1000;
    });
    const tall = measureSpectrum(latents);
    const wide = measureSpectrum({ values, count, size: size + 60 });
    tall.centredSingularValues.forEach((value, k) => {
      expect(wide.centredSingularValues[k]).toBeCloseTo(value, DIGITS);
    });
    expect(wide.effectiveRank).toBeCloseTo(tall.effectiveRank, 5);
    expect(wide.participationRatio).toBeCloseTo(tall.participationRatio, DIGITS);
    expect(wide.singularValues[0]).toBeCloseTo(Math.sqrt(60 * 60) * 1000, 1);
    projectOnAxes(latents, tall, 3).forEach((value, index) => {
      expect(projectOnAxes({ values, count, size: size + 60 }, wide, 3)[index]).toBeCloseTo(value, 5);
    });
  });

  test('projections on the principal axes are those worked by hand, and nothing beyond the last axis', () => {
    // Around (100, 50): along (2, 1) by the root of 20 either way, across it by the root of 5.
    const latents = createLatents(Float32Array.of(104, 52, 96, 48, 99, 52, 101, 48), 2);
    const spectrum = measureSpectrum(latents);
    const [long, short] = [Math.sqrt(20), Math.sqrt(5)];
    const columns = (components: number) => Array.from(projectOnAxes(latents, spectrum, components));
    const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 9));
    expect(columns(1)).toEqual(close([long, -long, 0, 0]));
    expect(columns(2)).toEqual(close([long, 0, -long, 0, 0, short, 0, -short]));
    expect(columns(3)).toEqual(close([long, 0, 0, -long, 0, 0, 0, short, 0, 0, -short, 0]));
  });

  test('of 240 latents of 4,096 numbers takes seconds; where both are large a sample stands for all, with its error', () => {
    const random = randomFor('spectrum', 'wide');
    const noise = (count: number, size: number) => ({
      values: Float32Array.from({ length: count * size }, () => random.uniform() - 0.5),
      count,
      size,
    });
    const begin = process.cpuUsage();
    const { effectiveRank, sample } = measureSpectrum(noise(240, 4096));
    const { user } = process.cpuUsage(begin);
    expect(sample).toBeUndefined();
    // 239 directions that all have nearly the same variance.
    expect(effectiveRank).toBeGreaterThan(235);
    expect(effectiveRank).toBeLessThan(239);
    expect(user / 1e6).toBeLessThan(10);
    // Of three directions: a sample of 1,024 and one of 512 agree.
    const flat = noise(1100, 3);
    const values = new Float32Array(1100 * 1100);
    for (let i = 0; i < 1100; i++) values.set(flat.values.subarray(i * 3, i * 3 + 3), i * 1100);
    const sampled = measureSpectrum({ values, count: 1100, size: 1100 });
    const exact = measureSpectrum(flat);
    expect(sampled.sample?.observations).toBe(1024);
    expect(sampled.sample?.relativeError).toBeLessThan(0.02);
    expect(sampled.effectiveRank).toBeCloseTo(exact.effectiveRank, 1);
    expect(sampled.centredSingularValues[0] / exact.centredSingularValues[0]).toBeCloseTo(1, 1);
  }, 120_000);
});
