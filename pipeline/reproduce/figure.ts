// The runs of a reproduction: a sweep over the rows of the figure and seeds, so that what was interrupted goes on where it was, one crash
// is one run, and any engine that runs sweeps runs this one.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JepaError } from '../../src/error.ts';
import { evaluationSchema } from '../../src/evaluation/schema/evaluation.ts';
import { readReportPage } from '../../src/report/page.ts';
import {
  CLAIMS_VERSION,
  type ReproductionRow,
  type ReproductionRun,
} from '../../src/report/reproduction/reproduction.ts';
import { runPath } from '../../src/run/folder.ts';
import { readMetrics } from '../../src/storage/jsonl.ts';
import { runSweep } from '../sweep/local.ts';
import { PLAN_NAME, type PlannedSweep, planSweep, readSweep, type SweepUnit } from '../sweep/plan.ts';
import { readResult, unitPaths } from '../sweep/result.ts';
import { countingRows, type RowPlan, settingsOf } from './row.ts';

/** What is reproduced, and how often. */
export interface ReproductionPlan {
  readonly folder: string;
  readonly environment: string;
  readonly preset: string;
  readonly seeds: number;
  /** Of one run. */
  readonly threads: number;
  /** Keys of the configuration that all runs share. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly onNote: (note: string) => void;
}

export interface ReproductionOptions extends ReproductionPlan {
  readonly jobs: number;
  /** Stops the runs that are being made, each with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The first seed. Presets, measures and thresholds were chosen on seeds below it; evaluations draw other observations than those
 * too, since their seed is the run's.
 */
export const FIRST_SEED = 100;

/**
 * Writes the plan of all rows; `seeds` beyond those of a plan that is there are added to it.
 * @throws UsageError where the folder holds runs of other settings, or of another version of the claims: a report must not mix them
 */
export async function planReproduction(plan: ReproductionPlan): Promise<PlannedSweep> {
  const { folder, environment, preset, threads, set, onNote } = plan;
  const earlier = existsSync(join(folder, PLAN_NAME)) ? readSweep(folder).specification.seeds.length : 0;
  const seeds = Array.from({ length: Math.max(plan.seeds, earlier) }, (_, index) => FIRST_SEED + index);
  const specification = {
    purpose: `the figure of ${environment} in preset ${preset}, judged by version ${CLAIMS_VERSION} of its claims`,
    ...{ environment, preset, threads, seeds, set },
    list: countingRows.map((row) => ({
      name: row.id,
      ...settingsOf(row, preset),
      // Probes and decoders are about what the rows of the figure keep of the images.
      ...(row.group === 'hard' && { evaluate: { probes: false, decoder: false } }),
    })),
    // Of one seed, for they take as long as training.
    evaluate: { seed: 'run', probes: [FIRST_SEED], decoder: [FIRST_SEED] },
  };
  return planSweep('reproduce', specification, folder, { onNote });
}

/**
 * Runs what is missing and returns every row with its runs.
 *
 * @throws JepaError naming the run and why where one failed; the reason of `signal` where that stopped it
 */
export async function runReproduction(
  rows: readonly RowPlan[],
  options: ReproductionOptions,
): Promise<{ readonly rows: readonly ReproductionRow[]; readonly minutes: number | undefined }> {
  const { folder, jobs, onNote, signal } = options;
  const { units, earlierUnits } = await planReproduction(options);
  const seeds = new Set(Array.from({ length: options.seeds }, (_, index) => FIRST_SEED + index));
  const wanted = units.filter(({ point, seed }) => seeds.has(seed) && rows.some(({ id }) => id === point));
  // A run whose pages were removed, or are of an older version, is evaluated again.
  for (const unit of wanted) {
    const paths = unitPaths(folder, unit.id, 0);
    if (readResult(paths) !== undefined && readRun(folder, unit) === undefined) rmSync(paths.result);
  }
  const start = performance.now();
  const { failures } = await runSweep(folder, {
    ...{ jobs, onNote, signal },
    isWanted: ({ id }) => wanted.some((unit) => unit.id === id),
  });
  if (failures.length > 0)
    throw new JepaError(`${folder}: expected all runs done, got ${failures[0].id} failed: ${failures[0].message}`, {
      remedy: `Its output is in ${unitPaths(folder, failures[0].id, 0).log}; what is done is kept: run the same command again.`,
    });
  return {
    rows: rows.map((row) => ({
      ...row,
      runs: wanted.filter(({ point }) => point === row.id).map((unit) => requireRun(folder, unit)),
    })),
    minutes: earlierUnits === 0 ? (performance.now() - start) / 60_000 : undefined,
  };
}

function requireRun(folder: string, unit: SweepUnit): ReproductionRun {
  const run = readRun(folder, unit);
  if (run !== undefined) return run;
  throw new JepaError(
    `${unitPaths(folder, unit.id, 0).run}: expected the evaluation of a run that is done, got none that this version reads`,
    { remedy: 'Run the same command again: it is evaluated anew.' },
  );
}

/** A run that is done; undefined where something of it is missing or of an older version. */
function readRun(folder: string, { id, seed }: SweepUnit): ReproductionRun | undefined {
  const { run } = unitPaths(folder, id, 0);
  const paths = [runPath(run, 'evaluation'), runPath(run, 'report')];
  if (!paths.every((path) => existsSync(path))) return undefined;
  const [evaluation, page] = paths.map((path) => readFileSync(path, 'utf8'));
  const { data: record } = evaluationSchema.safeParse(JSON.parse(evaluation));
  const report = readReportPage(page);
  if (record === undefined || report === undefined) return undefined;
  return { seed, record, report, measures: readMetrics(runPath(run, 'measures')).records };
}
