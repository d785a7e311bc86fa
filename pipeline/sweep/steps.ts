// What a unit will do, found without loading anything that trains: a unit that is done ends at once.
import { UsageError } from '../../src/error.ts';
import { readSweep, type SweepPlan } from './plan.ts';
import { readResult } from './result.ts';
import { rungOf, type SweepTask, taskCount, tasksOfRung } from './rung.ts';

/** Threads and steps of a unit. */
export interface PlannedSteps {
  readonly threads: number;
  readonly steps: number;
}

/** @returns undefined where the unit is done. @throws UsageError for a number that there is not */
export function plannedSteps(folder: string, index: number): PlannedSteps | undefined {
  const plan = readSweep(folder);
  const task = taskAt(plan, index);
  if (readResult(task.paths) !== undefined) return undefined;
  const { threads } = task.unit.configuration;
  return { threads, steps: goalOf(task) };
}

/** @throws UsageError for a number that there is not, JepaError where its rung is not decided */
export function taskAt(plan: SweepPlan, index: number): SweepTask {
  const count = taskCount(plan);
  const rung = rungOf(plan, index);
  const task = rung < 0 ? undefined : tasksOfRung(plan, rung).find((each) => each.index === index);
  if (task !== undefined) return task;
  throw new UsageError(`unit: expected a number from 0 to ${count - 1} in ${plan.folder}, got ${index}`);
}

/** Steps that the unit's run has when it is done. */
export function goalOf({ unit, steps }: SweepTask): number {
  return steps ?? unit.configuration.optimization.steps;
}
