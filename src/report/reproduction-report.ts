// The report of a reproduction: the rows of the paper's figure over seeds, each with what the paper says of it and what was
// found. A pure function of evaluation records.
import type { EvaluationRecord, RuntimeRecord } from '../evaluation/record.ts';
import { verdictTones } from './answer.ts';
import { formatNumber } from './number.ts';
import { REPORT_FORMAT, type Report, type ReportSection } from './report.ts';

export interface ReproductionRow {
  /** As in the figure: `dynamics + reward`. */
  readonly name: string;
  /** What the paper shows of it, in one sentence. */
  readonly expectation: string;
  /** One evaluation a seed. */
  readonly records: readonly EvaluationRecord[];
}

interface Measure {
  readonly name: string;
  readonly of: (runtime: RuntimeRecord) => number | null;
}

const measures: readonly Measure[] = [
  { name: 'accuracy', of: (runtime) => runtime.nearestCentroidAccuracy },
  { name: 'centroid gap ratio', of: (runtime) => runtime.centroidGapRatio },
  { name: 'gap ratio', of: (runtime) => runtime.gapRatio },
  { name: 'silhouette', of: (runtime) => runtime.silhouette },
  { name: 'mean distance', of: (runtime) => runtime.meanDistance },
  { name: 'times the untrained', of: (runtime) => runtime.relativeSpread },
  { name: 'effective rank', of: (runtime) => runtime.effectiveRank },
  { name: 'RankMe', of: (runtime) => runtime.rankMe },
];

export function reproductionReport(
  rows: readonly ReproductionRow[],
  context: {
    readonly environment: string;
    readonly preset: string;
    readonly generator: string;
    readonly command: string;
  },
): Report {
  const seeds = Math.max(...rows.map((row) => row.records.length));
  const [first] = rows;
  const isDistinct = first.records.every((record) => record.runtimes[0].verdict === 'distinct');
  return {
    format: REPORT_FORMAT,
    generator: context.generator,
    title: `Reproduction on ${context.environment}`,
    question: `What does each auxiliary keep apart in ${context.environment}?`,
    answer: {
      tone: isDistinct ? 'good' : 'bad',
      headline: `${first.name}: ${isDistinct ? 'distinct' : 'not distinct'} on ${isDistinct ? 'every seed' : 'some seeds'}`,
      sentences: rows.map(
        (row) =>
          `${row.name}: ${verdictsOf(row)}; accuracy ${spreadOf(row, measures[0])}, centroid gap ratio ${spreadOf(row, measures[1])}.`,
      ),
    },
    picture: summaryTable(rows),
    sections: [expectationSection(rows), seedSection(rows), methodSection(context, seeds)],
  };
}

const right = (name: string) => ({ name, align: 'right' as const });
const left = (name: string) => ({ name, align: 'left' as const });

function summaryTable(rows: readonly ReproductionRow[]): Report['picture'] {
  return {
    kind: 'table',
    caption: 'Mean and spread (half the range) over seeds',
    columns: [left('trained with'), left('verdict'), ...measures.slice(0, 2).map(({ name }) => right(name))],
    rows: rows.map((row) => [
      row.name,
      { text: verdictsOf(row), tone: verdictTones[row.records[0].runtimes[0].verdict] },
      ...measures.slice(0, 2).map((measure) => spreadOf(row, measure)),
    ]),
  };
}

function expectationSection(rows: readonly ReproductionRow[]): ReportSection {
  return {
    id: 'paper',
    title: 'Beside the paper',
    finding: 'What Yu et al. (arXiv 2509.12249) show of each, and what was found here.',
    blocks: [
      {
        kind: 'table',
        caption: 'Expected and found',
        columns: [left('trained with'), left('the paper'), left('here')],
        rows: rows.map((row) => [
          row.name,
          row.expectation,
          `${verdictsOf(row)}; accuracy ${spreadOf(row, measures[0])}; ${spreadOf(row, measures[5])} times the distances of the untrained encoder`,
        ]),
      },
    ],
  };
}

function seedSection(rows: readonly ReproductionRow[]): ReportSection {
  return {
    id: 'seeds',
    title: 'Every run',
    blocks: [
      {
        kind: 'table',
        caption: 'All measures of all runs; definitions: docs/measures.md',
        columns: [left('run'), left('verdict'), ...measures.map(({ name }) => right(name))],
        rows: rows.flatMap((row) =>
          row.records.map((record) => [
            `${row.name}, ${record.run}`,
            { text: record.runtimes[0].verdict, tone: verdictTones[record.runtimes[0].verdict] },
            ...measures.map((measure) => formatNumber(measure.of(record.runtimes[0]))),
          ]),
        ),
      },
    ],
  };
}

function methodSection(context: { readonly preset: string; readonly command: string }, seeds: number): ReportSection {
  return {
    id: 'method',
    title: 'How this was made',
    blocks: [
      {
        kind: 'text',
        paragraphs: [
          `Preset ${context.preset}, ${seeds} seeds a row; every run was exported to ONNX and evaluated in onnxruntime on held-out observations.`,
          `Command: ${context.command}`,
        ],
      },
    ],
  };
}

/** `distinct`, or `distinct 2, coarse 1` where seeds differ. */
function verdictsOf(row: ReproductionRow): string {
  const counts = new Map<string, number>();
  for (const { runtimes } of row.records) counts.set(runtimes[0].verdict, (counts.get(runtimes[0].verdict) ?? 0) + 1);
  if (counts.size === 1) return [...counts.keys()][0];
  return [...counts].map(([verdict, count]) => `${verdict} ${count}`).join(', ');
}

/** Mean, and half the range where there are several seeds. */
function spreadOf(row: ReproductionRow, measure: Measure): string {
  const values = row.records.map((record) => measure.of(record.runtimes[0]) ?? Number.NaN);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const half = (Math.max(...values) - Math.min(...values)) / 2;
  return values.length === 1 ? formatNumber(mean) : `${formatNumber(mean)} ± ${formatNumber(half)}`;
}
