// The contract of a planner: it looks for the action word whose predicted latents are worth the most.
// Letters: N words, H actions of a word, D latent, A numbers of an encoded action.
import type { Random } from '../random.ts';
import type { ActionSpace } from './action-space.ts';
import type { Objective } from './objective.ts';

/** A transition model T, in batches: a learned one behind any runtime, or the true dynamics. */
export interface PlanningWorld {
  readonly actions: ActionSpace;
  /**
   * [N, D] -> [N, P], where latents are names and how far apart they are means nothing: the same numbers for the same state.
   * Absent where the latents say themselves how near two states are.
   */
  readonly placesOf?: (latents: Float32Array) => Float32Array;
  /** [N, D], [N, A] -> [N, D] */
  predict(latents: Float32Array, actions: Float32Array): Promise<Float32Array>;
}

export interface PlanningProblem {
  readonly world: PlanningWorld;
  readonly objective: Objective;
  /** [D]: where the agent is now. */
  readonly latent: Float32Array;
  readonly random: Random;
  /** Actions taken since this episode's last decision; 0 at the first one. */
  readonly taken: number;
}

export interface Plan {
  /** [H, A]: what to do, the next action first. At least one; fewer than the horizon where no more is needed. */
  readonly actions: Float32Array;
  /** What the objective says of it. */
  readonly value: number;
  /** Latents that were predicted to find it. */
  readonly predictions: number;
}

/** One episode's decisions, one after the other: some planners go on from the plan before. */
export type Decider = (problem: PlanningProblem) => Promise<Plan>;

export interface Planner {
  readonly name: string;
  /** All of its options, defaults filled in. */
  readonly options: Readonly<Record<string, number>>;
  startEpisode(): Decider;
}

/** One planner: how it is called and created. */
export interface PlannerProvider {
  readonly name: string;
  /** One line for `--help`. */
  readonly description: string;
  /** @throws UsageError for an unknown option, or a value out of range */
  create(options: unknown): Planner;
}
