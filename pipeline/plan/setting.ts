// What `jepa plan` acts in and aims at, whether it is an environment of finitely many states (plan-environment.ts) or a
// simulator (plan-simulator.ts).
import type { EpisodeResult } from '../../src/planning/acting.ts';
import type { Arena, Success } from '../../src/planning/arena.ts';
import type { Fold, Objective } from '../../src/planning/index.ts';
import type { PlanningWorld } from '../../src/planning/planner.ts';
import type { PlanRecord } from '../../src/planning/schema.ts';

export interface PlanGoal {
  readonly fold: Fold;
  /** What an episode's plans are for; the same goal may look different in every episode. */
  readonly objectiveOf: (episode: number) => Promise<Objective>;
}

export interface PlanSetting {
  /** Its name and options, for the record. */
  readonly environment: PlanRecord['environment'];
  readonly arena: Arena;
  readonly goal: PlanGoal;
  readonly success: { readonly text: string; readonly isSuccess: Success };
  readonly episodes: number;
  readonly maxSteps: number;
  /** The same goal in the true dynamics; or why these cannot be planned in, in a few words. */
  readonly truth: PlanTruth | string;
  /** Fewest actions to a success, mean over the episodes; null where nobody knows. */
  readonly meanFewestSteps: number | null;
  /** Successes by the class of the first state; none where nobody knows it. */
  startsOf(episodes: readonly EpisodeResult[]): PlanRecord['starts'];
  dispose(): Promise<void>;
}

export interface PlanTruth {
  readonly world: PlanningWorld;
  readonly objectiveOf: PlanGoal['objectiveOf'];
  /** Where true steps cost time: how many may be planned with unless the user says how many episodes, and how many were. */
  readonly cost?: { readonly stepBudget: number; stepsTaken(): number };
}
