import * as fc from 'fast-check';
import { Matrix, SVD } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { distanceBounds } from '../../../src/measures/bound/distance-bound.ts';

const exactNorm = (matrix: Matrix) => new SVD(matrix, { autoTranspose: true }).norm2;

describe('bound on the distance of two latents', () => {
  test('is met with equality by exact linear networks in one dimension', () => {
    // f doubles, p triples, E is the identity: T(z) = 2 z and P(z) = 3 z have no residuals. From 1 and 2 two steps lead to
    // 4 and 8, D = 12.
    const residuals = { gap: 12, auxiliary: [0, 0] as const, dynamics: [[0, 0] as const, [0, 0] as const] };
    expect(distanceBounds(residuals, { predictor: 2, auxiliary: 3 })).toEqual([1, 2, 4]);
  });

  test('loses what the residuals explain, worked out by hand', () => {
    // (10 - 1 - 1) / 2 = 4; (4 - 1) / 2 = 1.5; (1.5 - 0.5) / 2 = 0.5. By the formula: [4 - (2 * 0.5 + 1)] / 2^2 = 0.5.
    const residuals = { gap: 10, auxiliary: [1, 1] as const, dynamics: [[0.5, 0] as const, [0, 1] as const] };
    expect(distanceBounds(residuals, { predictor: 2, auxiliary: 2 })).toEqual([0.5, 1.5, 4]);
    expect(distanceBounds(residuals, { predictor: [4, 2], auxiliary: 2 })).toEqual([0.25, 1.5, 4]);
  });

  test('says nothing where the residuals explain all', () => {
    const residuals = { gap: 1, auxiliary: [0.5, 0.5] as const, dynamics: [[0, 0] as const] };
    expect(distanceBounds(residuals, { predictor: 1, auxiliary: 1 })).toEqual([0, 0]);
  });

  test('is infinite where a constant network without residuals would have to tell the sides apart', () => {
    const residuals = { gap: 1, auxiliary: [0, 0] as const, dynamics: [] };
    expect(distanceBounds(residuals, { predictor: 1, auxiliary: 0 })).toEqual([Number.POSITIVE_INFINITY]);
    const longer = { ...residuals, dynamics: [[1, 1] as const] };
    expect(distanceBounds(longer, { predictor: 2, auxiliary: 0 })[0]).toBe(Number.POSITIVE_INFINITY);
  });

  test('is never above the true distance for random linear networks with their exact constants', () => {
    const number = fc.integer({ min: -16, max: 16 }).map((eighths) => eighths / 8);
    const vector = (size: number) => fc.array(number, { minLength: size, maxLength: size });
    const sizes = fc.record({ latent: fc.integer({ min: 1, max: 4 }), auxiliary: fc.integer({ min: 1, max: 3 }) });
    let informative = 0;
    fc.assert(
      fc.property(
        sizes.chain(({ latent, auxiliary }) =>
          fc.record({
            transition: vector(latent * latent),
            head: vector(auxiliary * latent),
            starts: fc.tuple(vector(latent), vector(latent)),
            // Residuals: what the true next latent and p have beyond the networks' answers.
            noise: fc.array(fc.tuple(vector(latent), vector(latent)), { maxLength: 4 }),
            headNoise: fc.tuple(vector(auxiliary), vector(auxiliary)),
            noiseScale: fc.constantFrom(0, 1 / 1024, 1 / 8, 1),
            latent: fc.constant(latent),
            auxiliary: fc.constant(auxiliary),
          }),
        ),
        ({ transition, head, starts, noise, headNoise, noiseScale, latent, auxiliary }) => {
          const T = Matrix.from1DArray(latent, latent, transition);
          const P = Matrix.from1DArray(auxiliary, latent, head);
          let sides = starts.map((start) => Matrix.columnVector(start));
          const dynamics = noise.map((step) => {
            const errors = step.map((values) => Matrix.columnVector(values).mul(noiseScale));
            sides = sides.map((z, side) => Matrix.add(T.mmul(z), errors[side]));
            return [errors[0].norm(), errors[1].norm()] as const;
          });
          const headErrors = headNoise.map((values) => Matrix.columnVector(values).mul(noiseScale));
          const ends = sides.map((z, side) => Matrix.add(P.mmul(z), headErrors[side]));
          const [bound] = distanceBounds(
            {
              gap: Matrix.sub(ends[0], ends[1]).norm(),
              auxiliary: [headErrors[0].norm(), headErrors[1].norm()],
              dynamics,
            },
            { predictor: exactNorm(T), auxiliary: exactNorm(P) },
          );
          const distance = Math.hypot(...starts[0].map((value, i) => value - starts[1][i]));
          if (bound > 0) informative++;
          // Rounding of numbers of up to 1e4.
          expect(bound).toBeLessThanOrEqual(distance * (1 + 1e-6) + 1e-6);
        },
      ),
      { numRuns: 2000 },
    );
    expect(informative).toBeGreaterThan(500);
  });

  test.each([
    [{ predictor: [1, 1], auxiliary: 1 }, 'expected 1 constants of the predictor, got 2'],
    [{ predictor: -1, auxiliary: 1 }, 'expected Lipschitz constants of 0 or more, got -1'],
    [{ predictor: 1, auxiliary: Number.NaN }, 'expected Lipschitz constants of 0 or more, got NaN'],
  ])('refuses %j', (constants, message) => {
    expect(() => distanceBounds({ gap: 1, auxiliary: [0, 0], dynamics: [[0, 0]] }, constants)).toThrow(message);
  });

  test('what is left by rounding alone is nothing, and a map that is constant cannot have brought anything through', () => {
    const bound = (gap: number, residual: number, auxiliary: number) =>
      distanceBounds({ gap, auxiliary: [residual, 0], dynamics: [] }, { predictor: 1, auxiliary });
    expect(bound(1, 1 - 2 ** -42, 1)).toEqual([0]);
    expect(bound(1, 1 - 2 ** -30, 1)).toEqual([2 ** -30]);
    expect(bound(2 ** 20, 2 ** 20 - 2 ** -21, 1)).toEqual([0]);
    expect(bound(1, 2, 1)).toEqual([0]);
    expect(bound(1, 0, 0)).toEqual([Number.POSITIVE_INFINITY]);
    expect(bound(0, 0, 0)).toEqual([0]);
  });
});
