// Splits a recording by episodes, so that no held-out observation has a neighbour among those that were trained on.
import { UsageError } from '../error.ts';
import { permutation, randomFor } from '../random.ts';
import type { UsableEpisode } from './episode-plan.ts';

export type Split = 'train' | 'held-out' | 'all';

/** Share of the episodes that is held out, where nothing else is said. */
export const DEFAULT_HELD_OUT_SHARE = 0.1;

/**
 * The episodes of a split, in order: a function of the seed and of how many there are. At least one episode is held out; a
 * recording of a single episode is cut in time, its last part held out.
 */
export function splitEpisodes(
  where: string,
  episodes: readonly UsableEpisode[],
  split: Split,
  options: { readonly seed: number; readonly heldOutShare?: number | undefined },
): readonly UsableEpisode[] {
  const { seed, heldOutShare = DEFAULT_HELD_OUT_SHARE } = options;
  if (!(heldOutShare >= 0 && heldOutShare < 1))
    throw new UsageError(`${where}: expected a held-out share from 0 to below 1, got ${heldOutShare}`);
  if (split === 'all') return episodes;
  if (heldOutShare === 0) return split === 'train' ? episodes : [];
  const [only] = episodes;
  if (episodes.length === 1 && only !== undefined) {
    const cut = Math.ceil(only.from + (only.to - only.from) * (1 - heldOutShare));
    return [split === 'train' ? { ...only, to: cut } : { ...only, from: cut }];
  }
  const heldOutCount = Math.max(1, Math.round(episodes.length * heldOutShare));
  const order = permutation(episodes.length, randomFor(seed, 'recording', 'split'));
  const heldOut = new Set(order.subarray(0, heldOutCount));
  return episodes.filter((_, i) => heldOut.has(i) === (split === 'held-out'));
}
