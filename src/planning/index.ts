// The planners by name.
import { unknownName } from '../error.ts';
import { bestFirstProvider } from './best-first.ts';
import { cemProvider } from './cem.ts';
import { exhaustiveProvider } from './exhaustive.ts';
import { icemProvider } from './icem.ts';
import { mppiProvider } from './mppi.ts';
import type { Planner, PlannerProvider } from './planner.ts';
import { randomShootingProvider } from './random-shooting.ts';

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
export { avoidanceObjective, closenessObjective, foldNames, parseFold, rewardObjective } from './objective.ts';
export type { Decider, Plan, Planner, PlannerProvider, PlanningProblem, PlanningWorld } from './planner.ts';
