// The planners by name.
import { unknownName } from '../error.ts';
import type { Planner, PlannerProvider } from './planner.ts';
import { bestFirstProvider } from './search/best-first.ts';
import { cemProvider } from './search/cem.ts';
import { exhaustiveProvider } from './search/exhaustive.ts';
import { icemProvider } from './search/icem.ts';
import { mppiProvider } from './search/mppi.ts';
import { randomShootingProvider } from './search/random-shooting.ts';

export const plannerProviders: readonly PlannerProvider[] = [
  exhaustiveProvider,
  randomShootingProvider,
  cemProvider,
  mppiProvider,
  icemProvider,
  bestFirstProvider,
];

export const plannerNames: readonly string[] = plannerProviders.map((provider) => provider.name);

/** @throws UsageError for a name that is none of `plannerNames`, and for options that are not the planner's */
export function createPlanner(name: string, options: unknown = {}): Planner {
  const provider = plannerProviders.find((each) => each.name === name);
  if (provider === undefined) throw unknownName('planner', 'the name of a planner', name, plannerNames);
  return provider.create(options);
}

export type { ActionSpace } from './action-space.ts';
export { actionSpaceOf } from './action-space.ts';
export type { Fold, Objective } from './objective.ts';
export { avoidanceObjective, closenessObjective, foldNames, rewardObjective } from './objective.ts';
export type { Decider, Plan, Planner, PlannerProvider, PlanningProblem, PlanningWorld } from './planner.ts';
