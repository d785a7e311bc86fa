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

  test('is not a number where there are no neighbours at a distance', () => {
    expect(twoNearestNeighbourDimension(new Float64Array(20), new Float64Array(20))).toBeNaN();
  });
});
