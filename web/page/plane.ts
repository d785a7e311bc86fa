// The plane of the picture: the two principal axes of the held-out latents, onto which any other latent goes as well.
import { type Latents, meanLatent } from '../../src/measures/latents.ts';
import type { Spectrum } from '../../src/measures/spectrum/spectrum.ts';

export interface Plane {
  /** [N, D] -> [N, 2] */
  project(values: ArrayLike<number>): Float64Array;
  /** Fractions of the variance along the two axes. */
  readonly shares: readonly [number, number];
}

export function createPlane(latents: Latents, { axes, explainedVariance }: Spectrum): Plane {
  const { size } = latents;
  const mean = meanLatent(latents);
  return {
    project(values) {
      const projected = new Float64Array((2 * values.length) / size);
      for (let i = 0; i < values.length / size; i++)
        for (let c = 0; c < Math.min(2, size); c++) {
          let sum = 0;
          for (let k = 0; k < size; k++) sum += (values[i * size + k] - mean[k]) * axes[c * size + k];
          projected[2 * i + c] = sum;
        }
      return projected;
    },
    shares: [explainedVariance[0] ?? 0, explainedVariance[1] ?? 0],
  };
}
