import { describe, expect, test } from 'vitest';
import { jacobianNorms } from '../../../src/evaluation/witness/jacobian.ts';

describe('norms of the Jacobian', () => {
  test('of a linear map are its spectral norm everywhere', async () => {
    // (x, y) -> (3 x, 4 x, 2 y): singular values 5 and 2.
    const norms = await jacobianNorms(
      { values: Float32Array.of(0.3, -1, 2, 5), count: 2, size: 2 },
      async ({ values, count }) =>
        Float32Array.from({ length: 3 * count }, (_, i) => {
          const [x, y] = [values[2 * Math.floor(i / 3)], values[2 * Math.floor(i / 3) + 1]];
          return [3 * x, 4 * x, 2 * y][i % 3];
        }),
    );
    // Differences of float32 numbers of size 10 over a step of 3e-3.
    for (const norm of norms) expect(Math.abs(norm - 5)).toBeLessThan(0.02);
  });

  test('of a bent function are its slope at each latent', async () => {
    const points = Float32Array.of(0, 1, 2);
    const norms = await jacobianNorms({ values: points, count: 3, size: 1 }, async ({ values }) =>
      values.map(Math.sin),
    );
    points.forEach((x, n) => {
      expect(Math.abs(norms[n] - Math.abs(Math.cos(x)))).toBeLessThan(1e-3);
    });
  });

  test('are 0 for a constant', async () => {
    const latents = { values: Float32Array.of(0, 0), count: 1, size: 2 };
    const [norm] = await jacobianNorms(latents, async ({ count }) => new Float32Array(count).fill(7));
    expect(norm).toBe(0);
  });
});
