// What a reproduction is made of: rows of the paper's figure and of the hard case, each with its runs over seeds, and the claims
// that are held against them. Pure functions of evaluation records.
import type { EvaluationRecord, RuntimeRecord } from '../../evaluation/schema/evaluation.ts';
import { type Verdict, verdicts } from '../../measures/verdict.ts';
import type { MetricsRecord } from '../../storage/jsonl.ts';
import { formatNumber } from '../number.ts';
import type { Report } from '../report.ts';

/** Rows by what they are there for: the paper's figure, what its code offers beside it, the hard case. */
export type RowGroup = 'figure' | 'code' | 'hard';

export interface ReproductionRun {
  readonly record: EvaluationRecord;
  /** The report of the run, for its pictures. */
  readonly report: Report;
  /** Rows of the run's measures.jsonl. */
  readonly measures: readonly MetricsRecord[];
}

export interface ReproductionRow {
  /** `joint`; what claims refer to. */
  readonly id: string;
  readonly group: RowGroup;
  /** As in the figure: `dynamics + reward`. */
  readonly name: string;
  /** What the paper shows of it, in one sentence. */
  readonly expectation: string;
  /** One a seed. */
  readonly runs: readonly ReproductionRun[];
}

export interface Measure {
  readonly name: string;
  readonly of: (runtime: RuntimeRecord) => number | null;
}

export const accuracy: Measure = { name: 'accuracy', of: (runtime) => runtime.nearestCentroidAccuracy };
export const centroidGapRatio: Measure = { name: 'centroid gap ratio', of: (runtime) => runtime.centroidGapRatio };
/** What varies within a class beside what tells classes apart. */
export const withinOverBetween: Measure = {
  name: 'within / between',
  of: ({ meanDistanceWithin: within, meanDistanceBetween: between }) =>
    within === null || between === null || between === 0 ? null : within / between,
};
export const relativeSpread: Measure = { name: 'times the untrained', of: (runtime) => runtime.relativeSpread };

export const measures: readonly Measure[] = [
  accuracy,
  centroidGapRatio,
  withinOverBetween,
  { name: 'gap ratio', of: (runtime) => runtime.gapRatio },
  { name: 'silhouette', of: (runtime) => runtime.silhouette },
  { name: 'mean distance', of: (runtime) => runtime.meanDistance },
  relativeSpread,
  { name: 'effective rank', of: (runtime) => runtime.effectiveRank },
  { name: 'RankMe', of: (runtime) => runtime.rankMe },
];

/** The first runtime's value of every seed. */
export function valuesOf({ runs }: ReproductionRow, measure: Measure): number[] {
  return runs.map(({ record }) => measure.of(record.runtimes[0]) ?? Number.NaN);
}

/** `distinct`, or `distinct 2, coarse 1` where seeds differ. */
export function verdictsOf({ runs }: ReproductionRow): string {
  const counts = new Map<string, number>();
  for (const { record } of runs) {
    const { verdict } = record.runtimes[0];
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  if (counts.size === 1) return [...counts.keys()][0];
  return [...counts].map(([verdict, count]) => `${verdict} ${count}`).join(', ');
}

/** The worst verdict of the seeds. */
export function worstVerdictOf({ runs }: ReproductionRow): Verdict {
  const found = runs.map(({ record }) => record.runtimes[0].verdict);
  return verdicts.find((verdict) => found.includes(verdict)) ?? found[0];
}

/** Mean, and half the range where there are several. */
export function spreadOf(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const half = (Math.max(...values) - Math.min(...values)) / 2;
  const text = formatNumber(mean);
  if (values.length === 1 || text.includes('×')) return text;
  // To the mean's own digits: more would be digits of noise.
  return `${text} ± ${half.toFixed(text.split('.')[1]?.length ?? 0)}`;
}

export interface Claim {
  /** What is claimed, as a sentence that can be false. */
  readonly claim: string;
  /** The numbers of every seed that decide it. */
  readonly found: string;
  readonly holds: boolean;
}

/** The claims whose rows are there. Thresholds and why these measures: docs/reproduction.md. */
export function judgeClaims(rows: readonly ReproductionRow[]): Claim[] {
  const row = (id: string) => rows.find((each) => each.id === id && each.runs.length > 0);
  const claims: Claim[] = [];
  const joint = row('joint');
  if (joint) {
    const accuracies = valuesOf(joint, accuracy);
    const ratios = valuesOf(joint, centroidGapRatio);
    claims.push({
      claim: `${joint.name}: all counts are told apart on every seed (accuracy at least 0.97, centroid gap ratio above 1)`,
      found: `accuracy ${listed(accuracies)}; centroid gap ratio ${listed(ratios)}`,
      holds: accuracies.every((value) => value >= 0.97) && ratios.every((value) => value > 1),
    });
  }
  const collapsed = row('dynamics-only');
  if (collapsed)
    claims.push({
      claim: `${collapsed.name}: the latents collapse on every seed`,
      found: `${verdictsOf(collapsed)}; distances ${listed(valuesOf(collapsed, relativeSpread))} times those before training`,
      holds: collapsed.runs.every(({ record }) => record.runtimes[0].verdict === 'collapsed'),
    });
  const projection = row('random-projection');
  if (projection) {
    const accuracies = valuesOf(projection, accuracy);
    claims.push({
      claim: `${projection.name}: the latents are not organised by count (accuracy below 0.5 on every seed)`,
      found: `accuracy ${listed(accuracies)}`,
      holds: accuracies.every((value) => value < 0.5),
    });
  }
  const rewardOnly = row('reward-only');
  if (joint && rewardOnly) {
    const alone = valuesOf(rewardOnly, withinOverBetween);
    const together = valuesOf(joint, withinOverBetween);
    claims.push({
      claim: `${rewardOnly.name}: less separated than ${joint.name} (distance within classes over that between them, of every seed above all of those)`,
      found:
        `within / between ${listed(alone)}, against ${listed(together)}; ` +
        `centroid gap ratio ${listed(valuesOf(rewardOnly, centroidGapRatio))}, against ${listed(valuesOf(joint, centroidGapRatio))}`,
      holds: Math.min(...alone) > Math.max(...together),
    });
  }
  const rollouts = row('hard-rollouts');
  if (rollouts) {
    const accuracies = valuesOf(rollouts, accuracy);
    const plain = row('hard');
    claims.push({
      claim: `${rollouts.name}: accuracy of at least 0.95 on every seed`,
      found: `accuracy ${listed(accuracies)}${plain ? `; without rollouts ${listed(valuesOf(plain, accuracy))}` : ''}`,
      holds: accuracies.every((value) => value >= 0.95),
    });
  }
  return claims;
}

function listed(values: readonly number[]): string {
  return values.map((value) => formatNumber(value)).join(', ');
}
