// Units by number, with successive halving: rung 0 is the plan; each further rung goes on, with more steps, with the best share
// of the configurations of the one before. How many units each rung has is known from the start; which they are, when the rung
// before is done.
import { JepaError } from '../../src/error.ts';
import type { SweepMeasure } from '../../src/evaluation/sweep/measure.ts';
import type { SweepPlan, SweepUnit } from './plan.ts';
import { readResult, type UnitPaths, unitPaths } from './result.ts';

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

/** How many units each rung has; one number where nothing is left behind on the way. */
export function rungSizes({ specification, units }: SweepPlan): number[] {
  const { rungs, seeds } = specification;
  let points = units.length / seeds.length;
  return (rungs?.steps ?? [0]).map((_, rung) => {
    if (rungs !== undefined && rung > 0) points = keptCount(points, rungs.keep);
    return points * seeds.length;
  });
}

/** At least one goes on. */
function keptCount(points: number, keep: number): number {
  return Math.max(1, Math.ceil(points * keep - 1e-9));
}

/** How many units there are, over all rungs. */
export function taskCount(plan: SweepPlan): number {
  return rungSizes(plan).reduce((sum, size) => sum + size, 0);
}

/**
 * The units of one rung.
 * @throws JepaError where it is decided by a rung that is not done
 */
export function tasksOfRung(plan: SweepPlan, rung: number): SweepTask[] {
  const { rungs } = plan.specification;
  const first = rungSizes(plan)
    .slice(0, rung)
    .reduce((sum, size) => sum + size, 0);
  const points = rung === 0 ? undefined : new Set(survivors(plan, rung - 1));
  const units = plan.units.filter(({ point }) => points?.has(point) ?? true);
  return units.map((unit, position) => ({
    index: first + position,
    rung,
    steps: rungs?.steps[rung],
    unit,
    paths: unitPaths(plan.folder, unit.id, rung),
  }));
}

/** The rung that unit `index` is of. */
export function rungOf(plan: SweepPlan, index: number): number {
  let end = 0;
  return rungSizes(plan).findIndex((size) => {
    end += size;
    return index < end;
  });
}

/** Names of the configurations that go on after `rung`, best first. */
function survivors(plan: SweepPlan, rung: number): string[] {
  const { best, rungs } = plan.specification;
  const tasks = tasksOfRung(plan, rung);
  const scores = new Map<string, number>();
  let open = 0;
  for (const { unit, paths } of tasks) {
    const result = readResult(paths);
    if (result === undefined) open++;
    else scores.set(unit.point, (scores.get(unit.point) ?? 0) + scoreOf(result.measures, best.measure, best.goal));
  }
  if (open > 0)
    throw new JepaError(
      `${plan.folder}: expected all ${tasks.length} units of rung ${rung} done, got ${open} that are not`,
      {
        remedy: 'Which configurations go on is decided by all of them: run those first.',
      },
    );
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
