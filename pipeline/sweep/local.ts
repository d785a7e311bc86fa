// All units of a sweep on this machine, several side by side, each in a process of its own.
import { dirname } from 'node:path';
import { makeFolder } from '../../src/storage/file-system.ts';
import { runCommand } from '../child.ts';
import { readSweep, type SweepPlan, type SweepUnit } from './plan.ts';
import { readFailure, readResult } from './result.ts';
import { rungSizes, type SweepTask, taskCount, tasksOfRung } from './rung.ts';

/** How a sweep is run here. */
export interface RunSweepOptions {
  /** Units side by side. */
  readonly jobs: number;
  /** Which units; the others are left as they are. Default: all. */
  readonly isWanted?: ((unit: SweepUnit) => boolean) | undefined;
  /** Further arguments of every unit's command. */
  readonly argv?: readonly string[] | undefined;
  /** Told in one line of each unit that ended. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops the units that run, each with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** What came of a sweep: units that are done, and those that are not, each with why. */
export interface SweepOutcome {
  readonly done: number;
  readonly units: number;
  readonly failures: readonly { readonly id: string; readonly message: string }[];
}

/**
 * Runs what is not done of the sweep in `folder`; a unit that fails leaves the others as they are, but not the next rung.
 * @throws the reason of `signal` where that stopped it
 */
export async function runSweep(folder: string, options: RunSweepOptions): Promise<SweepOutcome> {
  const plan = readSweep(folder);
  const { isWanted } = options;
  const units = isWanted === undefined ? taskCount(plan) : plan.units.filter(isWanted).length;
  const failures: { readonly id: string; readonly message: string }[] = [];
  let done = 0;
  for (const rung of rungSizes(plan).keys()) {
    const tasks = tasksOfRung(plan, rung).filter(({ unit }) => isWanted?.(unit) ?? true);
    const waiting = tasks.filter(({ paths }) => readResult(paths) === undefined);
    done += tasks.length - waiting.length;
    const worker = async () => {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        const failure = await runTask(plan, task, options);
        if (failure === undefined) done++;
        else failures.push({ id: task.unit.id, message: failure });
        options.onNote?.(
          `${done} of ${units} units done: ${task.unit.id}${failure === undefined ? '' : ` failed: ${failure}`}`,
        );
      }
    };
    await Promise.all(Array.from({ length: options.jobs }, worker));
    if (failures.length > 0) break;
  }
  return { done, units, failures };
}

/** @returns why it is not done; undefined where it is */
async function runTask({ folder }: SweepPlan, task: SweepTask, options: RunSweepOptions): Promise<string | undefined> {
  options.signal?.throwIfAborted();
  makeFolder(dirname(task.paths.log));
  const argv = ['sweep', 'run', folder, '--unit', String(task.index), ...(options.argv ?? [])];
  const code = await runCommand(argv, task.paths.log, options.signal);
  if (readResult(task.paths) !== undefined) return undefined;
  return readFailure(task.paths)?.message ?? `it ended with ${code ?? 'a signal'}; its output is in ${task.paths.log}`;
}
