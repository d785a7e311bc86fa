// Local Lipschitz constants, measured: the norm of a function's Jacobian at given latents, by central differences. The largest of
// them is an estimate that bounds the true constant from below; it is no guarantee.
import { UsageError } from '../../error.ts';
import { estimateSpectralNorm } from '../../measures/bound/spectral-norm.ts';
import type { Latents } from '../../measures/latents.ts';

/** [N, D] -> [N, M], rows independent of each other. */
export type LatentFunction = (latents: Latents) => Promise<Float32Array>;

/**
 * Step as a part of the latents' root mean square number: large enough that float32 rounding of the outputs (1e-7 of them)
 * stays at 1e-4 of the difference, small enough for a smooth network to be linear over it.
 */
const RELATIVE_STEP = 1e-3;

/** [N] Euclidean norms of the Jacobian at each latent; 2 D rows are evaluated for each. */
export async function jacobianNorms(latents: Latents, evaluate: LatentFunction): Promise<Float64Array> {
  const { count, size, values } = latents;
  if (count === 0) throw new UsageError('Jacobian norms: expected at least one latent, got none');
  const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  const step = RELATIVE_STEP * (Math.sqrt(meanSquare) || 1);
  const norms = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    const latent = values.subarray(n * size, (n + 1) * size);
    const shifted = new Float32Array(2 * size * size);
    for (let d = 0; d < size; d++)
      for (const side of [0, 1]) {
        const row = 2 * d + side;
        shifted.set(latent, row * size);
        shifted[row * size + d] += side === 0 ? step : -step;
      }
    const outputs = await evaluate({ values: shifted, count: 2 * size, size });
    const outputSize = outputs.length / (2 * size);
    // Row d: the derivative in z_d, divided by the step that float32 really made.
    const jacobian = new Float64Array(size * outputSize);
    for (let d = 0; d < size; d++) {
      const width = shifted[2 * d * size + d] - shifted[(2 * d + 1) * size + d];
      for (let m = 0; m < outputSize; m++)
        jacobian[d * outputSize + m] =
          (outputs[2 * d * outputSize + m] - outputs[(2 * d + 1) * outputSize + m]) / width;
    }
    norms[n] = estimateSpectralNorm({ values: jacobian, rows: size, columns: outputSize });
  }
  return norms;
}
