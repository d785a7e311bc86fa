// What plans are for, when they have succeeded, and how one acts: the options of `planRun`, with their defaults.

import { expectWhole } from '../../src/options.ts';
import type { Fold, Planner } from '../../src/planning/index.ts';

/** An output of the auxiliary head, a state by its name, or what a file holds. */
export type Goal =
  | { readonly kind: 'reward' }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'avoid'; readonly name: string }
  | { readonly kind: 'state'; readonly name: string }
  | { readonly kind: 'latent'; readonly path: string }
  | { readonly kind: 'observation'; readonly path: string }
  | { readonly kind: 'image'; readonly path: string };

/** `threshold` undefined: the highest reward that was recorded, or the best of the random episodes. */
export type SuccessRule =
  | { readonly kind: 'reward' | 'return'; readonly threshold: number | undefined }
  | { readonly kind: 'terminal' | 'no-terminal' }
  | { readonly kind: 'state'; readonly name: string };

/** The simulator to act in, where it is another than the run was recorded in, or is opened in another way. */
export interface SimulatorChoice {
  /** `./my-env.ts` or `gym:ID`. */
  readonly name?: string | undefined;
  /** Options of the simulator itself, over those that it was recorded with. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Of Gymnasium: observe the frames that the environment draws instead of its numbers. */
  readonly render?: boolean | undefined;
  /** Of Gymnasium: the Python that has it. */
  readonly python?: string | undefined;
  /** Of Gymnasium: longest time of one answer. */
  readonly timeLimitMs?: number | undefined;
}

/** Which planner acts for what goal, for how long, and on which runtime. Only `planner` has to be said. */
export interface PlanOptions {
  readonly planner: Planner;
  /** Default: the reward. */
  readonly goal?: Goal | undefined;
  /** Default: the goal's state; the reward, where it is 0 and 1; no terminal for an event to avoid; else the return. */
  readonly success?: SuccessRule | undefined;
  /** How scores are taken together. Default: by goal and success. */
  readonly fold?: Fold | undefined;
  /** What a score is worth one step later, above 0 and at most 1. Default: 0.95. */
  readonly discount?: number | undefined;
  /** Default: 100; in simulators 20. */
  readonly episodes?: number | undefined;
  /** Actions of an episode. Default: twice as many as the farthest start needs; in simulators as recorded. */
  readonly maxSteps?: number | undefined;
  /** Episodes that are planned in the true dynamics too. Default: all, in simulators what 50,000 true steps allow; false: none. */
  readonly trueEnvironment?: number | false | undefined;
  /** Actions of a plan that are taken before the next one; Infinity takes all. Default: 1. */
  readonly actionsTaken?: number | undefined;
  /** Name of the runtime. Default: cpu. */
  readonly runtime?: string | undefined;
  /** Of the runtime. Default: all cores. */
  readonly threads?: number | undefined;
  /** Of starts, appearances and decisions. Default: 0. */
  readonly seed?: number | undefined;
  readonly simulator?: SimulatorChoice | undefined;
  /** Whether plan.json is written into the folder. Default: true. */
  readonly report?: boolean | undefined;
  /** Told now and then how far it is, in one line. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Told in one line of what is left out or odd. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops between two episodes. */
  readonly signal?: AbortSignal | undefined;
}

/** The options with what stands where nothing was said, but for what only the setting knows. */
export type ResolvedPlanOptions = PlanOptions & {
  readonly goal: Goal;
  readonly discount: number;
  readonly actionsTaken: number;
  readonly runtime: string;
  readonly seed: number;
  readonly simulator: SimulatorChoice;
};

export function resolvePlanOptions(options: PlanOptions): ResolvedPlanOptions {
  const { episodes, maxSteps, threads, seed } = options;
  expectWhole(1, { episodes, maxSteps, threads });
  expectWhole(0, { seed });
  return {
    ...options,
    goal: options.goal ?? { kind: 'reward' },
    discount: options.discount ?? 0.95,
    actionsTaken: options.actionsTaken ?? 1,
    runtime: options.runtime ?? 'cpu',
    seed: options.seed ?? 0,
    simulator: options.simulator ?? {},
  };
}

/** As the record names it: `reward`, `column:NAME`, `state:NAME`, `latent:FILE`, or the file of an image. */
export function goalText(goal: Goal): string {
  if (goal.kind === 'reward') return 'reward';
  if (goal.kind === 'image') return goal.path;
  return `${goal.kind}:${'name' in goal ? goal.name : goal.path}`;
}

export function successText(success: SuccessRule): string {
  if (success.kind === 'state') return `state:${success.name}`;
  if (success.kind === 'reward' || success.kind === 'return')
    return success.threshold === undefined ? success.kind : `${success.kind}:${success.threshold}`;
  return success.kind;
}
