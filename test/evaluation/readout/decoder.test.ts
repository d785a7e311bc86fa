import { describe, expect, test } from 'vitest';
import type { Nuisance } from '../../../src/environments/environment.ts';
import { nuisanceScore, pixelError, squaredCorrelation, withNoise } from '../../../src/evaluation/readout/decoder.ts';
import { rootMeanSquareDeviation } from '../../../src/evaluation/readout/probe.ts';
import { meanImage } from '../../../src/evaluation/readout/target.ts';
import { createLatents } from '../../../src/measures/latents.ts';

const shape = [1, 2, 1] as const;
/** Which of two pixels is brighter. */
const brighter: Nuisance = {
  name: 'brighter',
  kind: 'class',
  names: ['left', 'right'],
  read: ([left, right]) => (left === right ? undefined : [left > right ? 0 : 1]),
};
const values: Nuisance = {
  name: 'values',
  kind: 'values',
  names: ['left', 'right'],
  read: ([left, right]) => (left + right === 0 ? undefined : [left, right]),
};

describe('pixel error', () => {
  test('is the mean squared difference of pixels in 0..1', () => {
    expect(pixelError(Uint8Array.of(255, 0, 0, 0), Uint8Array.of(0, 0, 0, 0))).toBe(1 / 4);
    expect(pixelError(Uint8Array.of(51, 51), Uint8Array.of(0, 102))).toBeCloseTo(0.04, 12);
  });

  test('compares every image with the one, where there is one for all: that of the mean image is the variance', () => {
    const images = Uint8Array.of(0, 100, 200, 100);
    expect([...meanImage(images, 2)]).toEqual([100, 100]);
    expect(pixelError(images, meanImage(images, 2))).toBeCloseTo((100 / 255) ** 2 / 2, 12);
  });
});

describe('squared correlation', () => {
  test('by hand: 1, 2, 3 with 1, 3, 2 is 1/4', () => {
    expect(squaredCorrelation([1, 2, 3], [1, 3, 2])).toBeCloseTo(1 / 4, 12);
  });

  test('is 1 for a reading that is right but for scale and offset, 0 for one that never changes', () => {
    expect(squaredCorrelation([1, 2, 5], [10.1, 10.2, 10.5])).toBeCloseTo(1, 9);
    expect(squaredCorrelation([1, 2, 5], [0.1, 0.1, 0.1])).toBe(0);
    expect(squaredCorrelation([0.1, 0.1, 0.1], [1, 2, 5])).toBeUndefined();
  });
});

describe('what is read from drawn images', () => {
  const truth = Uint8Array.of(9, 0, 0, 9, 7, 1, 2, 8, 0, 0);

  test('the originals themselves score 1', () => {
    expect(nuisanceScore(brighter, truth, truth, shape)).toBe(1);
    expect(nuisanceScore(values, truth, truth, shape)).toBeCloseTo(1, 12);
  });

  test('one image for all scores what its class is worth, and 0 for values', () => {
    expect(nuisanceScore(brighter, truth, Uint8Array.of(5, 4), shape)).toBe(2 / 4);
    expect(nuisanceScore(values, truth, Uint8Array.of(5, 4), shape)).toBe(0);
  });

  test('images that show nothing have the wrong class', () => {
    const drawn = Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 3, 0, 0);
    expect(nuisanceScore(brighter, truth, drawn, shape)).toBe(3 / 4);
  });

  test('fainter images score as much', () => {
    const faint = truth.map((value) => value * 10);
    expect(nuisanceScore(values, faint, truth, shape)).toBeCloseTo(1, 12);
  });
});

describe('noise of a decoder', () => {
  test('has the given size in units of the latents, in every direction', () => {
    // One direction with all of the variance.
    const latents = createLatents(
      Float32Array.from({ length: 8000 }, (_, i) => (i % 2 === 0 ? (i % 4 === 0 ? 3 : -3) : 0)),
      2,
    );
    expect(rootMeanSquareDeviation(latents)).toBeCloseTo(3 / Math.SQRT2, 9);
    const noisy = withNoise(latents, 0.1, 0);
    for (const dimension of [0, 1]) {
      let sum = 0;
      for (let i = dimension; i < 8000; i += 2) sum += (noisy.values[i] - latents.values[i]) ** 2 / 4000;
      // Of a standard deviation of 0.212; four standard errors are 4.5 %.
      expect(Math.abs(Math.sqrt(sum) / (0.3 / Math.SQRT2) - 1)).toBeLessThan(0.045);
    }
    expect(withNoise(latents, 0, 0)).toBe(latents);
  });
});
