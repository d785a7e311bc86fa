import { describe, expect, test } from 'vitest';
import { centroidsOf, measureCentroids } from '../../src/measures/centroid.ts';
import { type CertifiedReference, certify, latentError } from '../../src/measures/certificate.ts';
import { measureDistinctness } from '../../src/measures/distinctness.ts';
import { createLatents, type LabelledLatents } from '../../src/measures/latents.ts';
import { randomFor } from '../../src/random.ts';
import { latentsOf } from '../evaluation/reference.ts';

function referenceOf(latents: LabelledLatents, centroidLatents = latents): CertifiedReference {
  const { evidence } = measureDistinctness({ latents, centroidLatents, untrainedMeanDistance: 1 });
  return { latents, centroids: measureCentroids(latents, centroidsOf(centroidLatents)), evidence };
}

/** Two classes on a line, around -1 and 1, with radius 1/8. */
const line = latentsOf([[-1.125], [-0.875], [0.875], [1.125]], [0, 0, 1, 1]);

describe('latent error', () => {
  test('is the largest distance of a row, with the row and the largest number', () => {
    const reference = createLatents(Float32Array.of(0, 0, 3, 4), 2);
    const error = latentError(reference, createLatents(Float32Array.of(3, 4, 3, 4.5), 2));
    expect(error).toEqual({ maxDistance: 5, maxAbsolute: 4, relative: 5 / Math.sqrt(12.5), worst: 0 });
  });
});

describe('certificate', () => {
  test('the tolerance of two classes on a line is that worked by hand', () => {
    // (2 - 2e) / (2 (1/8 + 2e)) = 1 at e = 7/24; the margins of 1.75 would allow 7/16.
    const { tolerance, decidingGap } = certify(referenceOf(line), 0, 'distinct');
    expect(tolerance).toBeCloseTo(7 / 24, 10);
    expect(decidingGap).toBeCloseTo(7 / 12, 10);
  });

  test('the verdict holds below the tolerance, fails above it, and where the verdict is another', () => {
    const reference = referenceOf(line);
    expect(certify(reference, 0.29, 'distinct').verdictHolds).toBe(true);
    expect(certify(reference, 0.3, 'distinct').verdictHolds).toBe(false);
    expect(certify(reference, 1e-6, 'coarse').verdictHolds).toBe(false);
    expect(certify(reference, 0, 'distinct').verdictHolds).toBe(true);
  });

  test('names the pairs between which observations could change sides', () => {
    const uneven = latentsOf([[-1.25], [-0.75], [0.0625], [1.9375]], [0, 0, 1, 1]);
    // Margins 2, 1 of the left class, 0.125 and 2 of the right: only one is within 4 x 0.05.
    const { pairsAtRisk } = certify(referenceOf(uneven), 0.05, 'coarse');
    expect(pairsAtRisk).toEqual([{ classes: [1, 0], observations: 1 }]);
    expect(certify(referenceOf(uneven), 0, 'coarse').pairsAtRisk).toEqual([]);
  });

  test('no latents within the tolerance have another verdict', () => {
    const random = randomFor(0, 'certificate');
    for (let trial = 0; trial < 60; trial++) {
      // Three classes in the plane, from well apart to overlapping.
      const apart = 0.2 + 2 * random.uniform();
      const draw = () =>
        latentsOf(
          Array.from({ length: 60 }, (_, i) => [
            apart * Math.cos(i % 3) + 0.2 * random.normal(),
            apart * Math.sin(i % 3) + 0.2 * random.normal(),
          ]),
          Array.from({ length: 60 }, (_, i) => i % 3),
        );
      const latents = draw();
      const centroidLatents = draw();
      const reference = referenceOf(latents, centroidLatents);
      const { verdict } = measureDistinctness({ latents, centroidLatents, untrainedMeanDistance: 1 }).decision;
      const { tolerance } = certify(reference, 0, verdict);
      const push = (each: LabelledLatents, towards: number): LabelledLatents => ({
        ...each,
        // Each latent by nearly the tolerance: towards or away from the middle, or in any direction.
        values: Float32Array.from(each.values, (value, index) => {
          const row = 2 * Math.floor(index / 2);
          const length = Math.hypot(each.values[row], each.values[row + 1]) || 1;
          const angle = towards === 0 ? 2 * Math.PI * random.uniform() : 0;
          const direction =
            towards === 0 ? (index % 2 ? Math.sin(angle) : Math.cos(angle)) / 2 : (towards * value) / length;
          return value + 0.999 * tolerance * direction;
        }),
      });
      for (const [own, others] of [
        [-1, 1],
        [1, -1],
        [-1, -1],
        [0, 0],
      ]) {
        const moved = { latents: push(latents, own), centroidLatents: push(centroidLatents, others) };
        expect(measureDistinctness({ ...moved, untrainedMeanDistance: 1 }).decision.verdict).toBe(verdict);
      }
    }
  });

  test('a verdict at its very threshold has no tolerance', () => {
    // Centroids 2 apart, radii of 1: the ratio is 1.
    const touching = latentsOf([[-2], [0], [0], [2]], [0, 0, 1, 1]);
    const other = latentsOf([[-1], [-1], [1], [1]], [0, 0, 1, 1]);
    expect(certify(referenceOf(touching, other), 1e-9, 'coarse').verdictHolds).toBe(false);
  });
});
