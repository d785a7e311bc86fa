// The report of a comparison: which encoder keeps the classes apart better, by how much more than chance, and what was set otherwise.
import type { ComparedDifference, ComparedSubject, RunComparisonRecord } from '../evaluation/schema/comparison.ts';
import type { MetricsRecord } from '../storage/jsonl.ts';
import { verdictHeadlines, verdictTones } from './answer.ts';
import { left, right } from './column.ts';
import { formatCount, formatNumber, formatPercent } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportSection } from './report.ts';
import { curves, seriesOf } from './section/training.ts';

/** What a run kept while it was trained; empty of what was not trained here. */
export interface LearningCurves {
  readonly metrics: readonly MetricsRecord[];
  readonly measures: readonly MetricsRecord[];
}

/** Below it a difference is more than chance. */
const LEVEL = 0.05;

/** @param learned of each subject, in their order. @param generator package and version */
export function runComparisonReport(
  record: RunComparisonRecord,
  learned: readonly LearningCurves[],
  generator: string,
): Report {
  const names = record.subjects.map(({ name }) => name);
  return {
    format: REPORT_FORMAT,
    generator,
    title: `${formatCount(names.length)} evaluations on ${record.observed}`,
    question: `Which keeps ${formatCount(record.classes.names.length)} classes of ${record.observed} apart?`,
    answer: answerOf(record),
    picture: verdictTable(record),
    sections: [
      differenceSection(record),
      measureSection(record),
      ...curveSection(names, learned),
      settingsSection(record, names),
    ],
  };
}

function answerOf({ subjects, differences }: RunComparisonRecord): Report['answer'] {
  const verdicts = new Set(subjects.map(({ verdict }) => verdict));
  const changed = differences.filter(({ adjusted }) => adjusted <= LEVEL);
  const isSame = verdicts.size === 1 && changed.length === 0;
  return {
    tone: isSame ? 'plain' : verdicts.size > 1 ? 'bad' : 'fair',
    headline: verdicts.size > 1 ? 'The verdicts differ' : isSame ? 'No difference found' : 'They differ',
    sentences: [
      verdicts.size > 1
        ? `${subjects.map(({ name, verdict }) => `${name} ${verdict}`).join(', ')}.`
        : `All are ${subjects[0].verdict}.`,
      ...(changed.length > 0
        ? changed.map(differenceSentence)
        : differences.length > 0
          ? ['No share of observations differs by more than chance.']
          : [
              'Whether the shares differ was not tested: evaluate again, so that the outcome of each observation is there.',
            ]),
    ],
  };
}

/** Also what the command prints. */
export function differenceSentence(each: ComparedDifference): string {
  const { of, against, measure, method, difference, lost, won, adjusted, unit } = each;
  const counted = lost === null ? method : `${lost} lost and ${won} won of the same observations`;
  const by = unit === 'episode' ? ', by episode' : '';
  const sign = difference > 0 ? '+' : difference < 0 ? '−' : '';
  return `${of} against ${against}, ${measure}: ${sign}${formatNumber(100 * Math.abs(difference))} points (${counted}${by}; p ${adjusted < 1e-3 ? formatNumber(adjusted) : `= ${adjusted.toFixed(3)}`}).`;
}

function verdictTable({ subjects }: RunComparisonRecord): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'Verdict and accuracy, with 95% intervals',
    columns: [left(''), left('verdict'), left('nearest-centroid accuracy'), left('worst pair told apart')],
    rows: subjects.map(({ name, verdict, accuracy, separable }) => [
      name,
      { text: verdictHeadlines[verdict].toLowerCase(), tone: verdictTones[verdict] },
      shareText(accuracy),
      rangeText(separable.share, separable.interval, formatPercent),
    ]),
  };
}

export function shareText({ value, interval }: ComparedSubject['accuracy']): string {
  return rangeText(value, interval, formatPercent);
}

export function rangeText(
  value: number | null,
  [low, high]: readonly [number, number | null],
  text: (value: number) => string,
): string {
  const open = (each: number | null) => (each === null || each === Number.MAX_VALUE ? 'infinite' : text(each));
  return `${open(value)} (${open(low)} to ${open(high)})`;
}

function differenceSection({ differences, subjects }: RunComparisonRecord): ReportSection {
  return {
    id: 'differences',
    title: `Against ${subjects[0].name}`,
    finding:
      differences.length === 0
        ? 'An evaluation of an older version has no outcomes of single observations: evaluate again for tests.'
        : 'Paired where the same observations were judged: an exact sign test. Else Fisher’s test of two samples. All corrected together by Holm.',
    blocks:
      differences.length === 0
        ? []
        : [
            {
              kind: 'table',
              caption: 'Differences of shares, in points of a hundred',
              columns: [
                left(''),
                left('share'),
                right('difference'),
                right('lost'),
                right('won'),
                left('method'),
                left('unit'),
                right('p, corrected'),
              ],
              rows: differences.map(({ of, measure, difference, lost, won, method, unit, adjusted }) => [
                of,
                measure,
                adjusted <= LEVEL
                  ? { text: points(difference), tone: difference > 0 ? 'good' : 'bad' }
                  : points(difference),
                lost === null ? '' : formatCount(lost),
                won === null ? '' : formatCount(won),
                method,
                unit,
                formatNumber(adjusted),
              ]),
            },
          ],
  };
}

function points(difference: number): string {
  return `${difference > 0 ? '+' : difference < 0 ? '−' : ''}${formatNumber(100 * Math.abs(difference))}`;
}

/** One row a measure, one column a subject: what the command prints, too. */
export function measureRows(subjects: readonly ComparedSubject[]): string[][] {
  const number = (value: number | null) => (value === null ? '' : formatNumber(value));
  const rows: readonly (readonly [string, (subject: ComparedSubject) => string])[] = [
    ['verdict', ({ verdict }) => verdict],
    [
      'classes told apart',
      ({ separable: { answer, share, interval } }) => `${answer}, ${rangeText(share, interval, formatPercent)}`,
    ],
    ['  worst pair', ({ separable }) => separable.pair.join(' - ')],
    [
      'each one cluster',
      ({ clustered: { answer, ratio, interval } }) => `${answer}, ${rangeText(ratio, interval, formatNumber)}`,
    ],
    ['nearest-centroid accuracy', ({ accuracy }) => shareText(accuracy)],
    ['observations told apart', ({ toldApart }) => (toldApart === null ? '' : shareText(toldApart))],
    ['smallest recall', ({ smallestRecall }) => formatPercent(smallestRecall)],
    ['certified accuracy', ({ certifiedAccuracy }) => formatPercent(certifiedAccuracy)],
    ['mean distance', ({ meanDistance }) => number(meanDistance)],
    ['times the untrained one', ({ relativeSpread }) => number(relativeSpread)],
    ['effective rank, centred', ({ effectiveRank }) => number(effectiveRank)],
    ['RankMe, not centred', ({ rankMe }) => number(rankMe)],
    ['dynamics residual / variance', ({ relativeDynamicsResidual }) => number(relativeDynamicsResidual)],
    ['ms an observation', ({ encodeMs }) => number(encodeMs)],
    ['observations', ({ observations }) => formatCount(observations)],
    ['runtime', ({ runtime }) => runtime],
    ['precision', ({ precision }) => precision],
  ];
  return rows
    .map(([name, value]) => [name, ...subjects.map(value)])
    .filter(([, ...values]) => values.some((value) => value !== ''));
}

function measureSection({ subjects }: RunComparisonRecord): ReportSection {
  return {
    id: 'measures',
    title: 'What came out',
    blocks: [
      {
        kind: 'table',
        caption: 'On the first runtime of each evaluation',
        columns: [left(''), ...subjects.map(({ name }) => left(name))],
        rows: measureRows(subjects).map(([name, ...values]) => [name.trim(), ...values]),
      },
    ],
  };
}

/** Pictures by what is drawn: a curve for every subject that kept it. */
function curveSection(names: readonly string[], learned: readonly LearningCurves[]): ReportSection[] {
  const pictures: readonly (readonly [
    title: string,
    description: string,
    axis: string,
    scale: 'linear' | 'log',
    column: string,
    of: keyof LearningCurves,
  ])[] = [
    [
      'Loss',
      'The whole loss of each run over its steps; runs with other terms have other losses.',
      'loss',
      'log',
      'loss',
      'metrics',
    ],
    [
      'Standard deviation of the latents',
      'Within a batch. It goes to 0 where the latents collapse.',
      'standard deviation',
      'log',
      'latentDeviation',
      'metrics',
    ],
    [
      'Accuracy while training',
      'Observations that are nearest to the centroid of their own class.',
      'accuracy',
      'linear',
      'accuracy',
      'measures',
    ],
    [
      'Effective rank while training',
      'Of the latents of held-out observations.',
      'dimensions',
      'linear',
      'effectiveRank',
      'measures',
    ],
  ];
  const blocks = pictures.flatMap(([title, description, axis, scale, column, of]) => {
    const series = learned
      .map((each, index) => ({ ...seriesOf(each[of], column, scale), name: names[index] }))
      .filter(({ points }) => points.length > 1);
    return series.length === 0 ? [] : [curves(title, description, axis, scale, series)];
  });
  if (blocks.length === 0) return [];
  return [{ id: 'curves', title: 'While they were trained', blocks }];
}

function settingsSection({ settings }: RunComparisonRecord, names: readonly string[]): ReportSection {
  return {
    id: 'settings',
    title: 'What was set otherwise',
    finding:
      settings.length === 0
        ? 'Nothing that is known of them differs.'
        : settings.length === 1
          ? 'One setting differs.'
          : `${formatCount(settings.length)} settings differ.`,
    blocks:
      settings.length === 0
        ? []
        : [
            {
              kind: 'table',
              caption: 'Settings that are not the same in all',
              columns: [left('setting'), ...names.map(left)],
              rows: settings.map(({ name, values }) => [name, ...values.map((value) => value ?? 'not known')]),
            },
          ],
  };
}
