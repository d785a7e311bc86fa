// What came of episodes, as numbers that can be compared.
import type { EpisodeResult } from './acting.ts';

export interface ActingSummary {
  /** Share of the episodes that reached the goal. */
  readonly successRate: number;
  readonly meanReturn: number;
  /** Actions of the successful episodes; null where there is none. */
  readonly meanSteps: number | null;
  /** Mean over all decisions. */
  readonly decisionMs: number;
}

export function summarize(episodes: readonly EpisodeResult[]): ActingSummary {
  const successes = episodes.filter(({ isSuccess }) => isSuccess);
  return {
    successRate: successes.length / episodes.length,
    meanReturn: meanOf(episodes.map((episode) => episode.return)),
    meanSteps: successes.length > 0 ? meanOf(successes.map(({ steps }) => steps)) : null,
    decisionMs: meanOf(episodes.flatMap(({ decisionMs }) => decisionMs)),
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
