// How far a sweep is: of each unit whether it is done, runs somewhere, failed, was begun, or waits.
import { existsSync } from 'node:fs';
import { runPath } from '../../src/run/folder.ts';
import { runOwner } from '../../src/storage/run-lock.ts';
import { readSweep } from './plan.ts';
import { readFailure } from './result.ts';
import { readTasks, type TaskState, taskCount } from './rung.ts';

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
  const units = readTasks(plan).map((state) => ({
    unit: state.task.index,
    id: state.task.unit.id,
    rung: state.task.rung,
    ...stateOf(state),
  }));
  const counts = { done: 0, running: 0, failed: 0, begun: 0, waiting: 0 };
  for (const { state } of units) counts[state]++;
  return { folder, counts, undecided: taskCount(plan) - units.length, units };
}

function stateOf({ task: { paths }, result }: TaskState): { readonly state: UnitState; readonly detail?: string } {
  if (result !== undefined) return { state: 'done', detail: result.verdict };
  const owner = runOwner(paths.run);
  if (owner !== undefined) return { state: 'running', detail: owner };
  const failure = readFailure(paths);
  if (failure !== undefined) return { state: 'failed', detail: failure.message };
  return { state: existsSync(runPath(paths.run, 'configuration')) ? 'begun' : 'waiting' };
}
