// Neighbourhoods in two dimensions: UMAP (McInnes et al., arXiv 1802.03426) of a sample of latents. For looking only:
// distances and sizes in it mean nothing, and no measure is taken from it.
import { UMAP } from 'umap-js';
import { randomFor } from '../random.ts';
import type { Latents } from './latents.ts';

const NEIGHBOURS = 15;
const EPOCHS = 300;

/**
 * [n, 2] for the chosen observations, in their order; the same latents and seed give the same picture.
 * @returns undefined where there are not more observations than neighbours
 */
export function umapOf({ values, size }: Latents, chosen: ArrayLike<number>, seed: number): Float64Array | undefined {
  if (chosen.length <= NEIGHBOURS) return undefined;
  const rows = Array.from(chosen, (index) => Array.from(values.subarray(index * size, (index + 1) * size)));
  const { uniform } = randomFor(seed, 'umap');
  const umap = new UMAP({ nComponents: 2, nNeighbors: NEIGHBOURS, nEpochs: EPOCHS, random: uniform });
  return Float64Array.from(umap.fit(rows).flat());
}
