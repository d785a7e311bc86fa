// The report of a sweep: which configuration is best by the stated rule, how sure that is, and what each parameter did.

import type { SweepPointResult, SweepResult } from '../evaluation/sweep/schema.ts';
import type { MetricsRecord } from '../storage/jsonl.ts';
import { capital } from './capital.ts';
import { left, right } from './column.ts';
import { formatNumber } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportBlock, type ReportSection } from './report.ts';
import { rounded } from './sample.ts';

export interface SweepReportContext {
  readonly folder: string;
  /** How many a configuration was to have. */
  readonly seeds: number;
  /** Measures while training, of every run. */
  readonly curves: readonly { readonly point: string; readonly records: readonly MetricsRecord[] }[];
}

/** Words of the measures' names. */
const WORDS: Readonly<Record<SweepResult['rule']['measure'], string>> = {
  accuracy: 'accuracy of the nearest centroid',
  certifiedAccuracy: 'certified accuracy',
  smallestRecall: 'smallest recall of a class',
  nearestNeighbourAccuracy: 'accuracy of the nearest neighbour',
  toldApart: 'told apart, worst pair',
  clusterRatio: 'one cluster, worst pair',
  relativeSpread: 'spread over that before training',
  meanDistance: 'mean distance',
  effectiveRank: 'effective rank',
  rankMe: 'RankMe',
  dynamicsResidual: 'residual of the dynamics',
};

/** More lines than these are a carpet. */
const MAXIMAL_CURVES = 12;
/** Of a table for people; table.tsv has all. */
const MAXIMAL_ROWS = 200;

/** Which is best, and how sure that is, in sentences. */
export function bestSentences(result: SweepResult): string[] {
  const { points, best, rule, missing } = result;
  const winner = points.find(({ point }) => point === best?.point);
  return [
    ...(winner === undefined
      ? []
      : [
          `Best: ${winner.point}${labelOf(winner) === winner.point ? '' : ` (${labelOf(winner)})`}.`,
          `${capital(WORDS[rule.measure])} ${summaryText(winner, rule.measure)}, the mean over ${winner.seeds} seed${winner.seeds === 1 ? '' : 's'}.`,
        ]),
    rivalsSentence(result),
    ...(missing.length === 0 ? [] : [`Not all is done: ${missing.length} units are missing.`]),
  ];
}

export function sweepReport(result: SweepResult, context: SweepReportContext): Report {
  const { points, best, rule } = result;
  const word = WORDS[rule.measure];
  const ranked = rank(points, rule);
  const winner = points.find(({ point }) => point === best?.point);
  return {
    format: REPORT_FORMAT,
    generator: result.generator,
    title: `Sweep ${context.folder}`,
    question: `Which configuration has the ${rule.goal} ${word}?`,
    answer: {
      tone: winner === undefined ? 'bad' : best?.rivals.length === 0 ? 'good' : 'fair',
      headline: winner === undefined ? 'None can be measured' : labelOf(winner),
      sentences: bestSentences(result).slice(winner === undefined ? 0 : 1),
    },
    picture: intervals(ranked, rule.measure, best?.point),
    sections: [
      pointSection(ranked, result),
      ...parallelSection(ranked, result),
      ...curveSection(ranked, context),
      unitSection(result),
      methodSection(result, context),
    ],
  };
}

function rivalsSentence({ best, points, rule }: SweepResult): string {
  if (best === null) return 'No configuration has a number by which it could be judged.';
  if (points.length === 1) return 'It is the only one.';
  if (best.rivals.length === 0) return 'Its 95% interval over seeds overlaps with that of no other.';
  const without = points.every(({ measures }) => measures[rule.measure]?.interval === null);
  return without
    ? 'One seed a configuration: how much of the difference is luck cannot be said.'
    : `These seeds do not tell it apart from ${best.rivals.length} other${best.rivals.length === 1 ? '' : 's'}, whose 95% intervals overlap with its own.`;
}

/** Furthest and best first; those that cannot be measured last. */
function rank(points: readonly SweepPointResult[], { measure, goal }: SweepResult['rule']): SweepPointResult[] {
  const sign = goal === 'largest' ? 1 : -1;
  const score = ({ measures }: SweepPointResult) => {
    const mean = measures[measure]?.mean ?? null;
    return mean === null ? Number.NEGATIVE_INFINITY : sign * mean;
  };
  return [...points].sort((a, b) => b.rung - a.rung || (score(a) === score(b) ? 0 : score(b) - score(a)));
}

/** `dynamics 2, learningRate 0.004`; of a list its name. */
function labelOf({ point, parameters }: SweepPointResult): string {
  if (!/^\d+$/.test(point)) return point;
  const words = Object.entries(parameters).map(([key, value]) => `${key.split('.').at(-1)} ${valueText(value)}`);
  return words.join(', ') || point;
}

function valueText(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value === 'string' ? value : JSON.stringify(value);
}

function summaryText({ measures }: SweepPointResult, name: SweepResult['rule']['measure']): string {
  const { mean, interval } = measures[name] ?? { mean: null, interval: null };
  if (interval === null) return formatNumber(mean);
  return `${formatNumber(mean)} (${formatNumber(interval[0])} to ${formatNumber(interval[1])})`;
}

function intervals(
  ranked: readonly SweepPointResult[],
  measure: SweepResult['rule']['measure'],
  best: string | undefined,
): BlockOf<'intervals'> {
  const shown = ranked.slice(0, 30);
  return {
    kind: 'intervals',
    title: `${capital(WORDS[measure])}, by configuration`,
    description: `Mean over seeds and its 95% interval${shown.length < ranked.length ? `, of the best ${shown.length} of ${ranked.length}` : ''}; the best is coloured.`,
    x: WORDS[measure],
    rows: shown.flatMap((point) => {
      const { mean, interval } = point.measures[measure] ?? { mean: null, interval: null };
      if (mean === null) return [];
      const range = interval === null ? {} : { low: interval[0], high: interval[1] };
      return [{ name: labelOf(point), value: mean, ...range, isHighlighted: point.point === best }];
    }),
  };
}

function pointSection(ranked: readonly SweepPointResult[], { rule }: SweepResult): ReportSection {
  const shown: readonly SweepResult['rule']['measure'][] = [
    ...new Set([rule.measure, 'accuracy', 'toldApart', 'clusterRatio', 'relativeSpread'] as const),
  ];
  return {
    id: 'configurations',
    title: 'Configurations',
    finding: 'Mean over seeds, with the 95% interval of the mean in brackets; the best first.',
    blocks: [
      {
        kind: 'table',
        caption: 'Configurations by rank',
        columns: [
          left('configuration'),
          right('steps'),
          right('seeds'),
          left('verdicts'),
          ...shown.map((name) => right(WORDS[name])),
        ],
        rows: ranked
          .slice(0, MAXIMAL_ROWS)
          .map((point) => [
            `${point.point}: ${labelOf(point)}`,
            String(point.steps),
            String(point.seeds),
            verdictsOf(point),
            ...shown.map((name) => summaryText(point, name)),
          ]),
      },
    ],
  };
}

function verdictsOf({ verdicts }: SweepPointResult): string {
  return Object.entries(verdicts)
    .map(([verdict, count]) => `${verdict} ${count}`)
    .join(', ');
}

/** Where more than one parameter, or one with numbers, was varied. */
function parallelSection(ranked: readonly SweepPointResult[], { rule, best }: SweepResult): ReportSection[] {
  const keys = [...new Set(ranked.flatMap(({ parameters }) => Object.keys(parameters)))].filter(
    (key) => new Set(ranked.map(({ parameters }) => JSON.stringify(parameters[key]))).size > 1,
  );
  const measured = ranked.filter(({ measures }) => (measures[rule.measure]?.mean ?? null) !== null);
  if (keys.length === 0 || measured.length < 2) return [];
  const axes = [
    ...keys.map((key) =>
      axisOf(
        key.split('.').at(-1) ?? key,
        measured.map(({ parameters }) => parameters[key]),
      ),
    ),
    axisOf(
      rule.measure,
      measured.map(({ measures }) => measures[rule.measure]?.mean),
    ),
  ];
  const block: BlockOf<'parallel'> = {
    kind: 'parallel',
    title: 'What was varied, and what came out',
    description: 'A line is a configuration: where it crosses an axis is its value there. The best is coloured.',
    axes: axes.map(({ name, ticks }) => ({ name, ticks })),
    lines: measured.map(({ point }, index) => ({
      places: axes.map(({ places }) => places[index]),
      isHighlighted: point === best?.point,
    })),
  };
  return [{ id: 'parameters', title: 'Parameters', blocks: [block] }];
}

/** Numbers by their size (of several powers of ten: their logarithm), all else in the order of its first use. */
function axisOf(name: string, values: readonly unknown[]) {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < values.length) {
    const kinds = [...new Set(values.map(valueText))];
    const place = (text: string) => (kinds.length === 1 ? 0.5 : kinds.indexOf(text) / (kinds.length - 1));
    return {
      name,
      ticks: kinds.map((text) => ({ place: place(text), text: text.length > 24 ? `${text.slice(0, 23)}…` : text })),
      places: values.map((value) => place(valueText(value))),
    };
  }
  const isLogarithmic = Math.min(...numbers) > 0 && Math.max(...numbers) / Math.min(...numbers) >= 10;
  const scaled = isLogarithmic ? numbers.map(Math.log) : numbers;
  const [low, high] = [Math.min(...scaled), Math.max(...scaled)];
  const place = (value: number) => (high === low ? 0.5 : (value - low) / (high - low));
  const distinct = [...new Set(numbers)].sort((a, b) => a - b);
  const ticks = distinct.length <= 4 ? distinct : [distinct[0], distinct[distinct.length - 1]];
  return {
    name,
    ticks: ticks.map((value) => ({
      place: place(isLogarithmic ? Math.log(value) : value),
      text: String(Number(value.toPrecision(3))),
    })),
    places: scaled.map(place),
  };
}

/** Accuracy while training: the mean over the seeds that have measured it at a step. */
function curveSection(ranked: readonly SweepPointResult[], { curves }: SweepReportContext): ReportSection[] {
  const shown = ranked.slice(0, MAXIMAL_CURVES);
  const series = shown.flatMap((point) => {
    const sums = new Map<number, { sum: number; count: number }>();
    for (const { records } of curves.filter((each) => each.point === point.point))
      for (const { step, accuracy } of records) {
        if (typeof accuracy !== 'number') continue;
        const at = sums.get(step) ?? { sum: 0, count: 0 };
        sums.set(step, { sum: at.sum + accuracy, count: at.count + 1 });
      }
    const points = [...sums]
      .sort(([a], [b]) => a - b)
      .map(([step, { sum, count }]): [number, number] => [step, rounded(sum / count)]);
    return points.length < 2 ? [] : [{ name: `${point.point}  ${labelOf(point)}`, points }];
  });
  if (series.length === 0) return [];
  const block: ReportBlock = {
    kind: 'lines',
    title: 'Accuracy while training',
    description: `Of the baseline observations, mean over seeds${shown.length < ranked.length ? `; the best ${shown.length} configurations` : ''}.`,
    x: { label: 'step', scale: 'linear' },
    y: { label: 'accuracy', scale: 'linear' },
    series,
  };
  return [{ id: 'curves', title: 'While training', blocks: [block] }];
}

function unitSection({ units }: SweepResult): ReportSection {
  const shown = units.slice(0, MAXIMAL_ROWS);
  return {
    id: 'units',
    title: 'Every unit',
    finding: `Each has a folder in runs/ with its models, their ONNX files and its own report. ${shown.length < units.length ? `The first ${shown.length} of ${units.length}: ` : ''}table.tsv has all measures.`,
    blocks: [
      {
        kind: 'table',
        caption: 'Units',
        columns: [
          left('unit'),
          right('steps'),
          left('verdict'),
          right('accuracy'),
          right('told apart'),
          right('one cluster'),
        ],
        rows: shown.map(({ id, steps, verdict, measures }) => [
          id,
          String(steps),
          verdict,
          formatNumber(measures.accuracy ?? null),
          formatNumber(measures.toldApart ?? null),
          formatNumber(measures.clusterRatio ?? null),
        ]),
      },
    ],
  };
}

function methodSection({ rule }: SweepResult, { folder, seeds }: SweepReportContext): ReportSection {
  return {
    id: 'method',
    title: 'How this was made',
    blocks: [
      {
        kind: 'text',
        paragraphs: [
          `The rule, stated before the runs: the ${rule.goal} ${WORDS[rule.measure]}, by its mean over ${seeds} seed${seeds === 1 ? '' : 's'}. Choosing the best of many by the numbers that are then shown makes those look better than they are: judge the winner again on seeds that did not choose it.`,
          `Intervals are Student's, of the mean over seeds; they suppose values that are about normal. Again: jepa sweep collect ${folder}`,
        ],
      },
    ],
  };
}
