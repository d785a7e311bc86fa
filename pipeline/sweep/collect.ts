// What a sweep came to: a table of all units, configurations with their intervals over seeds, the best by the stated rule, and
// one page. No times and no places are in it: the same bytes whichever engine ran the units, and however often they died.
import { join } from 'node:path';
import { JepaError, option } from '../../src/error.ts';
import { measureNames, type SweepMeasure } from '../../src/evaluation/sweep/measure.ts';
import type { SweepPointResult, SweepResult } from '../../src/evaluation/sweep/schema.ts';
import { formatJson } from '../../src/json.ts';
import { packageVersion } from '../../src/machine/package.ts';
import { meanInterval } from '../../src/measures/interval.ts';
import { renderReport } from '../../src/report/page.ts';
import { sweepReport } from '../../src/report/sweep-report.ts';
import { runPath } from '../../src/run/folder.ts';
import { writeFileAtomic } from '../../src/storage/atomic-file.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import { readSweep, type SweepPlan } from './plan.ts';
import type { UnitResult } from './result.ts';
import { readTasks, type SweepTask, scoreOf } from './rung.ts';

/** How a sweep is collected. */
export interface CollectOptions {
  /** Collect what is done while the rest is not. Default: false. */
  readonly partial?: boolean | undefined;
}

/** What was written, and what it says. */
export interface CollectedSweep {
  readonly result: SweepResult;
  readonly table: string;
  readonly report: string;
}

interface DoneTask {
  readonly task: SweepTask;
  readonly result: UnitResult;
}

/**
 * Writes table.tsv, results.json and report.html into the sweep's folder.
 * @throws JepaError where units are missing and `partial` is not said, or nothing is done at all
 */
export async function collectSweep(folder: string, { partial = false }: CollectOptions = {}): Promise<CollectedSweep> {
  const plan = readSweep(folder);
  const done: DoneTask[] = [];
  const missing: string[] = [];
  for (const { task, result } of readTasks(plan)) {
    if (result === undefined) missing.push(nameOf(task));
    else done.push({ task, result });
  }
  const wanted = done.length + missing.length;
  if (done.length === 0 || (missing.length > 0 && !partial))
    throw new JepaError(
      `${folder}: expected all ${wanted} units done, got ${done.length}; the first missing is ${missing[0]}`,
      {
        remedy: `Run the rest: jepa sweep run ${folder}${done.length === 0 ? '' : `; or collect what is done with ${option('partial')}`}.`,
      },
    );
  const result = resultOf(plan, done, missing);
  const [table, page] = [join(folder, 'table.tsv'), join(folder, 'report.html')];
  const report = sweepReport(result, { folder, curves: curvesOf(done), seeds: plan.specification.seeds.length });
  writeFileAtomic(table, tableOf(result));
  writeFileAtomic(join(folder, 'results.json'), formatJson(result));
  writeFileAtomic(page, await renderReport(report));
  return { result, table, report: page };
}

function nameOf({ unit, rung }: SweepTask): string {
  return rung === 0 ? unit.id : `${unit.id} (rung ${rung})`;
}

function resultOf(plan: SweepPlan, done: readonly DoneTask[], missing: readonly string[]): SweepResult {
  const { best: rule } = plan.specification;
  const names = [...new Set(plan.units.map(({ point }) => point))];
  const points = names.flatMap((point) => summarize(done.filter(({ task }) => task.unit.point === point)));
  return {
    format: 1,
    generator: `jepa-onnx ${packageVersion()}`,
    units: done.map(({ task: { unit, rung }, result: { steps, verdict, measures } }) => ({
      id: unit.id,
      point: unit.point,
      parameters: { ...unit.parameters },
      seed: unit.seed,
      rung,
      steps,
      verdict,
      measures,
    })),
    missing: [...missing],
    points,
    rule,
    best: bestOf(points, rule),
  };
}

/** Of one configuration, at the last rung that it reached. */
function summarize(units: readonly DoneTask[]): SweepPointResult[] {
  if (units.length === 0) return [];
  const rung = Math.max(...units.map(({ task }) => task.rung));
  const last = units.filter(({ task }) => task.rung === rung);
  const [{ task, result }] = last;
  const verdicts: Record<string, number> = {};
  for (const each of last) verdicts[each.result.verdict] = (verdicts[each.result.verdict] ?? 0) + 1;
  const summaries = measureNames.map((name) => [
    name,
    summaryOf(last.map((each) => each.result.measures[name] ?? null)),
  ]);
  return [
    {
      point: task.unit.point,
      parameters: { ...task.unit.parameters },
      rung,
      steps: result.steps,
      seeds: last.length,
      verdicts,
      measures: Object.fromEntries(summaries) as SweepPointResult['measures'],
    },
  ];
}

function summaryOf(values: readonly (number | null)[]): SweepPointResult['measures'][SweepMeasure] {
  const numbers = values.filter((value) => value !== null);
  if (numbers.length < values.length) return { mean: null, interval: null };
  const { mean, interval } = meanInterval(numbers);
  return { mean, interval: interval === null ? null : [interval[0], interval[1]] };
}

function bestOf(points: readonly SweepPointResult[], { measure, goal }: SweepResult['rule']): SweepResult['best'] {
  const furthest = Math.max(...points.map(({ rung }) => rung));
  const score = ({ measures }: SweepPointResult) =>
    scoreOf({ [measure]: measures[measure]?.mean ?? null }, measure, goal);
  const candidates = points.filter(({ rung }) => rung === furthest).filter((point) => Number.isFinite(score(point)));
  // Ties go to the earlier one: a sort is stable.
  const [best, ...others] = [...candidates].sort((a, b) => score(b) - score(a));
  if (best === undefined) return null;
  const range = (point: SweepPointResult) => point.measures[measure]?.interval ?? null;
  const own = range(best);
  const rivals = others.filter((other) => {
    const theirs = range(other);
    return own === null || theirs === null || (theirs[0] <= own[1] && own[0] <= theirs[1]);
  });
  return { point: best.point, rivals: rivals.map(({ point }) => point) };
}

/** Tab-separated, a row a unit; a cell that cannot be measured is empty. */
function tableOf({ units }: SweepResult): string {
  const keys = [...new Set(units.flatMap(({ parameters }) => Object.keys(parameters)))];
  const cell = (value: unknown) =>
    (typeof value === 'string' ? value : JSON.stringify(value ?? '')).replace(/[\t\n\r]/g, ' ');
  const rows = units.map(({ id, parameters, seed, rung, steps, verdict, measures }) => [
    id,
    ...keys.map((key) => (key in parameters ? cell(parameters[key]) : '')),
    seed,
    rung,
    steps,
    verdict,
    ...measureNames.map((name) => measures[name] ?? ''),
  ]);
  return [['unit', ...keys, 'seed', 'rung', 'steps', 'verdict', ...measureNames], ...rows]
    .map((row) => `${row.join('\t')}\n`)
    .join('');
}

/** Accuracy while training, of every unit that has measured it. */
function curvesOf(done: readonly DoneTask[]) {
  const runs = new Map(done.map(({ task }) => [task.paths.run, task.unit.point]));
  return [...runs].map(([run, point]) => ({ point, records: readMetrics(runPath(run, 'measures')).records }));
}
