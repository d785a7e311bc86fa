// Where an agent acts, an episode at a time: an environment of finitely many states (finite-arena.ts), or a simulator
// (src/simulation/simulator-arena.ts). Letters: H W C image, D numbers of a vector, A numbers of an encoded action.
import type { ActionSpace } from './action-space.ts';

/** What came of an action. */
export interface Outcome {
  /** Of the observation that the action led to. */
  readonly reward: number;
  /** The abstract state that it led to, where the arena knows it. */
  readonly state: number | undefined;
  /** Whether the episode ends here by itself. */
  readonly isTerminal: boolean;
  /** Whether it is cut off here. */
  readonly isTruncated: boolean;
}

export interface ArenaEpisode {
  /** The abstract state that it begins in, where the arena knows it. */
  readonly start: number | undefined;
  /** What the encoder is to see now: [H, W, C] bytes or [D] numbers. */
  observe(): Uint8Array | Float32Array;
  /** [1]: where the agent is, as a latent of the true dynamics; asked only where these can be planned in. */
  locate(): Promise<Float32Array>;
  /** @param action [A] as the predictor takes it */
  take(action: Float32Array): Promise<Outcome>;
}

export interface Arena {
  readonly actions: ActionSpace;
  /** The number decides where the episode begins and all that is drawn in it. */
  startEpisode(episode: number): Promise<ArenaEpisode>;
}

/** Where an episode stands after an action. */
export interface Progress extends Outcome {
  /** Sum of the rewards so far. */
  readonly return: number;
  /** Whether no action follows: terminal, cut off, or the last one that is allowed. */
  readonly isOver: boolean;
}

/** Whether an episode has succeeded, which ends it. */
export type Success = (progress: Progress) => boolean;
