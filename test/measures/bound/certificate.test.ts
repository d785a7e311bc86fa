import { describe, expect, test } from 'vitest';
import { type CertifiedReference, certify, latentError } from '../../../src/measures/bound/certificate.ts';
import { measureDistinctness } from '../../../src/measures/distinctness.ts';
import { createLatents, type LabelledLatents } from '../../../src/measures/latents.ts';
import { randomFor } from '../../../src/random.ts';
import { latentsOf } from '../../evaluation/reference.ts';

function referenceOf(latents: LabelledLatents, centroidLatents = latents): CertifiedReference {
  return { latents, ...measureDistinctness({ latents, centroidLatents, untrainedMeanDistance: 1 }) };
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

describe('latent error of several rows', () => {
  const reference = createLatents(Float32Array.of(0, 0, 3, 4, 0, 0), 2);

  test('names the row that is farthest off, the first of several', () => {
    const error = latentError(reference, createLatents(Float32Array.of(0, 1, 3, 6, -2, 0), 2));
    expect(error).toEqual({ maxDistance: 2, maxAbsolute: 2, relative: 2 / Math.sqrt(25 / 3), worst: 1 });
  });

  test('beside latents of zero there is nothing to be relative to', () => {
    const zero = createLatents(new Float32Array(4), 2);
    expect(latentError(zero, createLatents(Float32Array.of(0, 1, 0, 0), 2))).toMatchObject({
      maxDistance: 1,
      relative: 0,
    });
    expect(latentError(zero, zero)).toEqual({ maxDistance: 0, maxAbsolute: 0, relative: 0, worst: 0 });
  });

  test('latents of another shape are refused', () => {
    const other = (count: number, size: number) => createLatents(new Float32Array(count * size), size);
    expect(() => latentError(reference, other(2, 2))).toThrow('latents: expected [3, 2], got [2, 2]');
    expect(() => latentError(reference, other(3, 3))).toThrow('latents: expected [3, 2], got [3, 3]');
  });
});

describe('certificate', () => {
  test('the tolerance of two classes on a line is that worked by hand', () => {
    // The linear probe puts its plane at 0: the nearest observations, at -7/8 and 7/8, survive an error of that. By neighbours the
    // second nearest are 1/4 and 2 away, whose difference of 7/4 an error of a quarter of it undoes. But the mean distance is 17/12,
    // of which twice an error of 17/24 would leave nothing.
    const { tolerance, decidingGap } = certify(referenceOf(line), 0, 'distinct');
    expect(tolerance).toBeCloseTo(17 / 24, 6);
    expect(decidingGap).toBeCloseTo(17 / 12, 6);
  });

  test('the verdict holds below the tolerance, fails above it, and where the verdict is another', () => {
    const reference = referenceOf(line);
    expect(certify(reference, 0.7, 'distinct').verdictHolds).toBe(true);
    expect(certify(reference, 0.71, 'distinct').verdictHolds).toBe(false);
    expect(certify(reference, 1e-6, 'coarse').verdictHolds).toBe(false);
    expect(certify(reference, 0, 'distinct').verdictHolds).toBe(true);
  });

  test('certified accuracy counts the observations that stay with their class, whatever the verdict does', () => {
    // A fifth of a class lies 0.01 on its own side of the middle between the centroids: an error of 0.008 takes it over.
    const rows = Array.from({ length: 200 }, (_, i) => [i < 20 ? 1.105 : i < 100 ? 0 : 2]);
    const labels = rows.map((_, i) => (i < 100 ? 0 : 1));
    const reference = referenceOf(latentsOf(rows, labels));
    // The centroid of the first class is 0.221, the middle 1.1105, the margin 0.011.
    expect(reference.centroids.accuracy).toBe(1);
    expect(certify(reference, 0.002, 'distinct').certifiedAccuracy).toBe(1);
    const { certifiedAccuracy, pairsAtRisk } = certify(reference, 0.008, 'distinct');
    expect(certifiedAccuracy).toBe(0.9);
    expect(pairsAtRisk).toEqual([{ classes: [0, 1], observations: 20 }]);
  });

  test('names the pairs between which observations could change sides', () => {
    const uneven = latentsOf([[-1.25], [-0.75], [0.0625], [1.9375]], [0, 0, 1, 1]);
    // Margins 2, 1 of the left class, 0.125 and 2 of the right: only one is within 4 x 0.05.
    const { pairsAtRisk } = certify(referenceOf(uneven), 0.05, 'coarse');
    expect(pairsAtRisk).toEqual([{ classes: [1, 0], observations: 1 }]);
    expect(certify(referenceOf(uneven), 0, 'coarse').pairsAtRisk).toEqual([]);
  });

  test('names the pairs with the most observations first, then by their classes', () => {
    const labels = [2, 2, 2, 1, 1, 1, 0, 0, 0];
    const reference = referenceOf(
      latentsOf(
        labels.map((label, n) => [10 * label + (n % 3)]),
        labels,
      ),
    );
    // As their margins would be with other latents: an error of 1/4 takes over margins of up to 1, on either side of the border.
    const at = (margins: readonly number[]): CertifiedReference => ({
      ...reference,
      centroids: {
        ...reference.centroids,
        margins: Float64Array.from(margins),
        rivals: Int32Array.of(0, 1, 0, 0, 0, 2, 2, 1, 1),
      },
    });
    const some = at([0.5, 2, 2, 1, -1, 1.01, 0.25, 0, 2]);
    expect(certify(some, 0.25, 'distinct').pairsAtRisk).toEqual([
      { classes: [1, 0], observations: 2 },
      { classes: [0, 1], observations: 1 },
      { classes: [0, 2], observations: 1 },
      { classes: [2, 0], observations: 1 },
    ]);
    // On the border itself an observation is at risk, but not where nothing moves.
    expect(certify(at([0, 0, 0, 0, 0, 0, 0, 0, 0]), 0, 'distinct').pairsAtRisk).toEqual([]);
  });

  test('no latents within the tolerance have another verdict', () => {
    const random = randomFor(0, 'certificate');
    for (let trial = 0; trial < 12; trial++) {
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
      // The others stay: the rules that are learned from them are the reference's.
      for (const own of [-1, 1, 0]) {
        const moved = { latents: push(latents, own), centroidLatents };
        expect(measureDistinctness({ ...moved, untrainedMeanDistance: 1 }).decision.verdict).toBe(verdict);
      }
    }
  });

  test('a verdict at its very threshold has no tolerance', () => {
    // Nine of ten of the first class are on their side; the next is on the border itself.
    const rows = [...Array.from({ length: 9 }, () => [0]), [1], ...Array.from({ length: 10 }, () => [1])];
    const merged = latentsOf(rows, [...Array<number>(10).fill(0), ...Array<number>(10).fill(1)]);
    const others = latentsOf([[0], [0], [0], [1], [1], [1]], [0, 0, 0, 1, 1, 1]);
    const reference = referenceOf(merged, others);
    expect(reference.evidence.separation).toBe(0.9);
    // 99 of the 190 pairs are 1 apart.
    expect(certify(reference, 0, 'distinct').tolerance).toBeCloseTo(99 / 190 / 2, 6);
    const atBorder = latentsOf([...rows.slice(0, 8), [0.5], ...rows.slice(9)], Array.from(merged.labels));
    expect(certify(referenceOf(atBorder, others), 1e-9, 'coarse').verdictHolds).toBe(false);
  });
});
