// One unit of a sweep, from wherever it is to its end: train or resume, export, evaluate, one small result. To be run again as
// often as it dies; where it is done it returns at once.
import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describeError, FormatError } from '../../src/error.ts';
import { parseClasses } from '../../src/evaluation/class/written.ts';
import { measuresOf } from '../../src/evaluation/sweep/measure.ts';
import { readConfiguration, runPath } from '../../src/run/folder.ts';
import { makeFolder } from '../../src/storage/file-system.ts';
import { LockedError } from '../../src/storage/held-lock.ts';
import { evaluateRun } from '../evaluate/run.ts';
import { exportRun } from '../export/run.ts';
import { finishedSteps, resumeRun } from '../train/resume.ts';
import { type RunOptions, trainRun } from '../train/run.ts';
import { readSweep, type SweepPlan, type SweepUnit } from './plan.ts';
import { readResult, type UnitResult, writeFailure, writeResult } from './result.ts';
import type { SweepTask } from './rung.ts';
import type { SweepSpecification } from './specification.ts';
import { goalOf, taskAt } from './steps.ts';

/** What a unit tells while it runs, and how it is stopped. */
export type SweepUnitOptions = Pick<RunOptions, 'onStep' | 'onNote' | 'onSetup' | 'signal'>;

/** How a unit ended. */
export interface SweepUnitOutcome {
  readonly id: string;
  /** `wasDone`: by an earlier call. `isInterrupted`: `signal` stopped it, with a checkpoint to go on from. */
  readonly state: 'done' | 'wasDone' | 'isInterrupted';
  readonly result?: UnitResult;
}

/**
 * Runs unit `index` of the sweep in `folder`.
 *
 * @param index from 0, over all rungs
 * @throws UsageError for a number that there is not; LockedError where a living process has the unit's run; what training,
 *   export and evaluation throw, which is then also in the unit's failure file
 */
export async function runSweepUnit(
  folder: string,
  index: number,
  options: SweepUnitOptions = {},
): Promise<SweepUnitOutcome> {
  const plan = readSweep(folder);
  const task = taskAt(plan, index);
  const { unit, paths } = task;
  const earlier = readResult(paths);
  if (earlier !== undefined) return { id: unit.id, state: 'wasDone', result: earlier };
  makeFolder(dirname(paths.result));
  try {
    if (!(await trainUnit(task, options))) return { id: unit.id, state: 'isInterrupted' };
    const result = await judgeUnit(plan, task, options);
    // Where a process that was given up for dead was here first, its result stays: a later rung may have been decided by it.
    if (readResult(paths) === undefined) writeResult(paths, result);
    rmSync(paths.failure, { force: true });
    return { id: unit.id, state: 'done', result };
  } catch (error) {
    if (options.signal?.aborted) return { id: unit.id, state: 'isInterrupted' };
    // Another has it: this says nothing of the unit.
    if (!(error instanceof LockedError)) writeFailure(paths, { message: describeError(error).split('\n')[0] });
    throw error;
  }
}

/** @returns false where it was stopped on the way */
async function trainUnit(task: SweepTask, options: SweepUnitOptions): Promise<boolean> {
  const { unit, paths } = task;
  if (!existsSync(runPath(paths.run, 'configuration')))
    return !(await trainRun(paths.run, unit.configuration, options)).isInterrupted;
  requireSameConfiguration(paths.run, unit.configuration);
  const goal = goalOf(task);
  if (finishedSteps(paths.run) === goal) return true;
  const isLonger = readConfiguration(paths.run).optimization.steps < goal;
  return !(await resumeRun(paths.run, { ...options, ...(isLonger && { steps: goal }) })).isInterrupted;
}

/** @throws FormatError where the folder of the unit's run holds another run; the steps of a rung aside */
function requireSameConfiguration(runFolder: string, planned: SweepTask['unit']['configuration']): void {
  const found = readConfiguration(runFolder);
  const comparable = { ...found, optimization: { ...found.optimization, steps: planned.optimization.steps } };
  if (isDeepStrictEqual(JSON.parse(JSON.stringify(comparable)), JSON.parse(JSON.stringify(planned)))) return;
  throw new FormatError(`${runFolder}: expected a run of the plan's configuration, got one of another`, {
    remedy: 'Move that folder away: the unit is then trained from its start.',
  });
}

/** How the runs of a configuration are evaluated. */
function evaluationOf({ evaluate, list }: SweepSpecification, { point }: SweepUnit): SweepSpecification['evaluate'] {
  return { ...evaluate, ...list?.find(({ name }) => name === point)?.evaluate };
}

async function judgeUnit(
  { specification }: SweepPlan,
  task: SweepTask,
  { onNote, signal }: SweepUnitOptions,
): Promise<UnitResult> {
  const { unit, rung, paths } = task;
  await exportRun(paths.run, { onNote, signal });
  const { classes, seed, probes, decoder, ...evaluate } = evaluationOf(specification, unit);
  const isAsked = (of: boolean | readonly number[] = false) => (typeof of === 'boolean' ? of : of.includes(unit.seed));
  const record = await evaluateRun(paths.run, {
    ...evaluate,
    seed: seed === 'run' ? unit.seed : seed,
    probes: isAsked(probes),
    decoder: isAsked(decoder),
    ...(classes !== undefined && { classes: parseClasses('evaluate.classes', classes) }),
    threads: specification.threads,
    onNote,
    signal,
  });
  const goal = goalOf(task);
  if (record.step !== goal)
    throw new FormatError(`${paths.run}: expected a run of ${goal} steps, got one of ${record.step}`, {
      remedy: 'Another process went on with it: run the unit again.',
    });
  return { id: unit.id, rung, steps: goal, verdict: record.runtimes[0].verdict, measures: measuresOf(record) };
}
