// Units by number, with successive halving: rung 0 is the plan; each further rung goes on, with more steps, with the best share
// of the configurations of the one before. How many units each rung has is known from the start; which they are, when the rung
// before is done.
import { JepaError } from '../../src/error.ts';
import type { SweepMeasure } from '../../src/evaluation/sweep/measure.ts';
import type { SweepPlan, SweepUnit } from './plan.ts';
import { readResult, type UnitPaths, type UnitResult, unitPaths } from './result.ts';

/** One unit of work: a run, up to the steps of a rung. */
export interface SweepTask {
  /** As engines count: from 0, over all rungs. */
  readonly index: number;
  readonly rung: number;
  /** Undefined: those of the configuration itself. */
  readonly steps: number | undefined;
  readonly unit: SweepUnit;
  readonly paths: UnitPaths;
}

/** The units of each rung by number; one rung where nothing is left behind on the way. */
export function rungRanges({ specification, units }: SweepPlan): { readonly first: number; readonly size: number }[] {
  const { rungs, seeds } = specification;
  let points = units.length / seeds.length;
  let first = 0;
  return (rungs?.steps ?? [0]).map((_, rung) => {
    if (rungs !== undefined && rung > 0) points = keptCount(points, rungs.keep);
    const size = points * seeds.length;
    first += size;
    return { first: first - size, size };
  });
}

/** How many units each rung has. */
export function rungSizes(plan: SweepPlan): number[] {
  return rungRanges(plan).map(({ size }) => size);
}

/** At least one goes on. */
function keptCount(points: number, keep: number): number {
  return Math.max(1, Math.ceil(points * keep - 1e-9));
}

/** How many units there are, over all rungs. */
export function taskCount(plan: SweepPlan): number {
  return rungSizes(plan).reduce((sum, size) => sum + size, 0);
}

/** A unit beside its result, where it is done. */
export interface TaskState {
  readonly task: SweepTask;
  readonly result: UnitResult | undefined;
}

/** The units of all rungs that are decided, each result read once. */
export function readTasks(plan: SweepPlan): TaskState[] {
  const states: TaskState[] = [];
  let own: TaskState[] | undefined;
  for (const rung of rungRanges(plan).keys()) {
    if (own?.some(({ result }) => result === undefined)) break;
    own = statesOf(tasksOf(plan, rung, own));
    states.push(...own);
  }
  return states;
}

/**
 * The units of one rung.
 * @throws JepaError where it is decided by a rung that is not done
 */
export function tasksOfRung(plan: SweepPlan, rung: number): SweepTask[] {
  return tasksOf(plan, rung, rung === 0 ? undefined : statesOf(tasksOfRung(plan, rung - 1)));
}

/** The rung that unit `index` is of; -1 where there is no such unit. */
export function rungOf(plan: SweepPlan, index: number): number {
  return rungRanges(plan).findIndex(({ first, size }) => index >= first && index < first + size);
}

function statesOf(tasks: readonly SweepTask[]): TaskState[] {
  return tasks.map((task) => ({ task, result: readResult(task.paths) }));
}

/** @param before the rung before, which decides; undefined: the first rung is the whole plan */
function tasksOf(plan: SweepPlan, rung: number, before: readonly TaskState[] | undefined): SweepTask[] {
  const { first } = rungRanges(plan)[rung];
  const points = before && new Set(survivors(plan, before));
  const units = plan.units.filter(({ point }) => points?.has(point) ?? true);
  return units.map((unit, position) => ({
    index: first + position,
    rung,
    steps: plan.specification.rungs?.steps[rung],
    unit,
    paths: unitPaths(plan.folder, unit.id, rung),
  }));
}

/** Names of the configurations that go on after a rung, best first. */
function survivors({ specification, folder }: SweepPlan, states: readonly TaskState[]): string[] {
  const { best, rungs } = specification;
  const open = states.filter(({ result }) => result === undefined);
  if (open.length > 0)
    throw new JepaError(
      `${folder}: expected all ${states.length} units of rung ${open[0].task.rung} done, got ${open.length} that are not`,
      { remedy: 'Which configurations go on is decided by all of them: run those first.' },
    );
  const scores = new Map<string, number>();
  for (const { task, result } of states) {
    const score = scoreOf(result?.measures ?? {}, best.measure, best.goal);
    scores.set(task.unit.point, (scores.get(task.unit.point) ?? 0) + score);
  }
  // Ties go to the earlier configuration: a sort in JavaScript is stable.
  const ranked = [...scores].sort(([, a], [, b]) => b - a).map(([point]) => point);
  return ranked.slice(0, keptCount(ranked.length, rungs?.keep ?? 1));
}

/** Larger is better; what cannot be measured is worst. */
export function scoreOf(
  measures: Partial<Readonly<Record<SweepMeasure, number | null>>>,
  name: SweepMeasure,
  goal: 'largest' | 'smallest',
): number {
  const value = measures[name] ?? null;
  if (value === null) return Number.NEGATIVE_INFINITY;
  return goal === 'largest' ? value : -value;
}
