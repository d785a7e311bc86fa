// How far a sweep is: of each unit whether it is done, runs somewhere, failed, was begun, or waits.
import { existsSync } from 'node:fs';
import { runPath } from '../../src/run/folder.ts';
import { runOwner } from '../../src/storage/run-lock.ts';
import { readSweep, type SweepPlan } from './plan.ts';
import { readFailure, readResult } from './result.ts';
import { rungSizes, type SweepTask, tasksOfRung } from './rung.ts';

/** `begun`: interrupted or killed; the next run of the unit goes on from its newest checkpoint. */
export type UnitState = 'done' | 'running' | 'failed' | 'begun' | 'waiting';

/** One unit that could run. */
export interface UnitStatus {
  readonly unit: number;
  readonly id: string;
  readonly rung: number;
  readonly state: UnitState;
  /** Who runs it, why it failed, or the verdict. */
  readonly detail?: string;
}

/** A sweep's units by state. */
export interface SweepStatus {
  readonly folder: string;
  readonly counts: Readonly<Record<UnitState, number>>;
  /** Units of later rungs, which are not decided yet: they are not among `units`. */
  readonly undecided: number;
  readonly units: readonly UnitStatus[];
}

/** @throws UsageError where `folder` holds no sweep */
export function sweepStatus(folder: string): SweepStatus {
  const plan = readSweep(folder);
  const tasks = decidedTasks(plan);
  const units = tasks.map((task) => ({
    unit: task.index,
    id: task.unit.id,
    rung: task.rung,
    ...stateOf(task),
  }));
  const counts = { done: 0, running: 0, failed: 0, begun: 0, waiting: 0 };
  for (const { state } of units) counts[state]++;
  const all = rungSizes(plan).reduce((sum, size) => sum + size, 0);
  return { folder, counts, undecided: all - units.length, units };
}

/** The units of all rungs that are decided. */
export function decidedTasks(plan: SweepPlan): SweepTask[] {
  const tasks: SweepTask[] = [];
  for (const rung of rungSizes(plan).keys()) {
    if (rung > 0 && tasks.some(({ paths }) => readResult(paths) === undefined)) break;
    tasks.push(...tasksOfRung(plan, rung));
  }
  return tasks;
}

function stateOf({ paths }: SweepTask): { readonly state: UnitState; readonly detail?: string } {
  const result = readResult(paths);
  if (result !== undefined) return { state: 'done', detail: result.verdict };
  const owner = runOwner(paths.run);
  if (owner !== undefined) return { state: 'running', detail: owner };
  const failure = readFailure(paths);
  if (failure !== undefined) return { state: 'failed', detail: failure.message };
  return { state: existsSync(runPath(paths.run, 'configuration')) ? 'begun' : 'waiting' };
}
