import { describe, expect, test } from 'vitest';
import { labelLatents } from '../../../src/measures/latents.ts';
import { measurePairs } from '../../../src/measures/pair-distance.ts';
import { twoNearestNeighbourDimension } from '../../../src/measures/spectrum/intrinsic-dimension.ts';
import { randomFor } from '../../../src/random.ts';
import { reference, referenceLatents } from '../../evaluation/reference.ts';

describe('intrinsic dimension', () => {
  test('follows the formula as NumPy computes it', () => {
    const { nearestDistance, secondDistance } = measurePairs(referenceLatents());
    expect(twoNearestNeighbourDimension(nearestDistance, secondDistance)).toBeCloseTo(reference.intrinsicDimension, 10);
  });

  test.each([1, 2, 5])('finds a random cube of dimension %i inside 8 dimensions', (dimension) => {
    const count = 1000;
    const size = 8;
    const random = randomFor(0, 'cube', dimension);
    const mixing = Array.from({ length: size * dimension }, () => random.normal());
    const values = new Float32Array(count * size);
    for (let i = 0; i < count; i++) {
      const point = Array.from({ length: dimension }, () => random.uniform());
      for (let k = 0; k < size; k++)
        values[i * size + k] = point.reduce((sum, x, d) => sum + x * mixing[k * dimension + d], 0);
    }
    const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
    const { nearestDistance, secondDistance } = measurePairs(labelLatents({ values, count, size }, labels, 2));
    // The paper's own estimates at this N are within a tenth or so; borders bias the larger dimensions down.
    expect(twoNearestNeighbourDimension(nearestDistance, secondDistance)).toBeGreaterThan(0.85 * dimension);
    expect(twoNearestNeighbourDimension(nearestDistance, secondDistance)).toBeLessThan(1.15 * dimension);
  });

  test('is the slope of the definition over nine tenths of the ratios, without those that have no ratio', () => {
    // Ratios e^0.1, e^0.2 ... e^1.2: ten of twelve count.
    const ratios = Array.from({ length: 12 }, (_, i) => Math.exp((i + 1) / 10));
    const ten = ratios.slice(0, 10).map((ratio, i) => ({ x: Math.log(ratio), y: -Math.log(1 - (i + 1) / 12) }));
    const slope = ten.reduce((sum, { x, y }) => sum + x * y, 0) / ten.reduce((sum, { x }) => sum + x * x, 0);
    const shuffled = [5, 2, 11, 0, 7, 9, 1, 4, 10, 3, 8, 6].map((i) => ratios[i]);
    const nearest = Float64Array.of(0, ...shuffled.map((_, i) => i + 1), 3);
    const second = Float64Array.of(4, ...shuffled.map((ratio, i) => (i + 1) * ratio), Number.POSITIVE_INFINITY);
    expect(twoNearestNeighbourDimension(nearest, second)).toBeCloseTo(slope, 9);
    // Nine of eleven are too few.
    expect(twoNearestNeighbourDimension(nearest.subarray(0, 12), second.subarray(0, 12))).toBeNaN();
  });

  test('is not a number where all second neighbours are as near as the first', () => {
    expect(twoNearestNeighbourDimension(new Float64Array(20).fill(2), new Float64Array(20).fill(2))).toBeNaN();
  });

  test('is not a number where there are no neighbours at a distance', () => {
    expect(twoNearestNeighbourDimension(new Float64Array(20), new Float64Array(20))).toBeNaN();
  });
});
