// The report of a comparison of new observations with a baseline: are their latents where they were?
import type { Drift } from '../evaluation/baseline/drift.ts';
import { ELSEWHERE } from '../evaluation/foreign-latents.ts';
import type { DriftRecord } from '../evaluation/schema/drift.ts';
import type { Latents } from '../measures/latents.ts';
import { measureSpectrum, projectOnAxes } from '../measures/spectrum/spectrum.ts';
import { left, right } from './column.ts';
import { formatCount, formatNumber, formatPercent } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportSection } from './report.ts';
import { rounded } from './sample.ts';

/** Points of each side: more would only overlap. */
const SHOWN = 500;
const BIN = 0.1;
/** Of the histogram, in radii; what is farther is in the last bin. */
const FARTHEST = 3;

/** @param generator package and version */
export function driftReport(drift: Drift, generator: string): Report {
  const { record } = drift;
  return {
    format: REPORT_FORMAT,
    generator,
    title: `${record.encoder} · ${record.observed} against ${record.baseline}`,
    question: `Do the latents of ${record.observed} lie where those of the baseline do?`,
    answer: answerOf(record),
    picture: projection(drift),
    sections: [testSection(record), outsideSection(drift), classSection(record), settingsSection(record)],
  };
}

/** What has changed, in words: also what the command prints. */
export function driftSentences({ shift, outside, mix, runtime, baseline }: DriftRecord): string[] {
  return [
    shift.hasChanged
      ? `The latents of the classes have moved: energy distance ${formatPercent(shift.energy)} of the largest possible, by chance ${formatPercent(shift.byChance)} (p ${pText(shift.adjusted)}).`
      : `The latents of the classes are where they were, as far as these observations show (p ${pText(shift.adjusted)}).`,
    outside.hasChanged
      ? `${formatPercent(outside.now)} of the observations are outside of every class, before ${formatPercent(outside.before)} (p ${pText(outside.adjusted)}).`
      : `No more observations are outside of every class than before: ${formatPercent(outside.now)}, before ${formatPercent(outside.before)} (p ${pText(outside.adjusted)}).`,
    mix.hasChanged
      ? `The mix of classes is another: ${formatPercent(mix.difference)} of the batch would have to change its class (p ${pText(mix.adjusted)})${mix.isAsked ? '' : '; this was not asked, and is no alarm'}.`
      : `The mix of classes is as before, as far as these observations show (p ${pText(mix.adjusted)}).`,
    ...(runtime === ELSEWHERE
      ? [`These latents were computed elsewhere: that they are of the encoder of ${baseline} is not known here.`]
      : []),
  ];
}

function answerOf(record: DriftRecord): Report['answer'] {
  return {
    tone: record.hasDrifted ? 'bad' : record.mix.hasChanged ? 'fair' : 'good',
    headline: record.hasDrifted ? 'Drifted' : 'No drift found',
    sentences: driftSentences(record),
  };
}

function pText(p: number): string {
  return `= ${p < 1e-3 ? formatNumber(p) : p.toFixed(3)}`;
}

function projection({ reference, batch }: Drift): BlockOf<'scatter'> {
  const values = new Float32Array(reference.values.length + batch.values.length);
  values.set(reference.values);
  values.set(batch.values, reference.values.length);
  const all: Latents = { values, count: reference.count + batch.count, size: reference.size };
  const spectrum = measureSpectrum(all);
  const projected = projectOnAxes(all, spectrum, 2);
  const share = (axis: number) => formatPercent(spectrum.explainedVariance[axis] ?? 0);
  const rows = Array.from({ length: all.count }, (_, n) => n).filter(
    (n) => n < Math.min(SHOWN, reference.count) || (n >= reference.count && n < reference.count + SHOWN),
  );
  return {
    kind: 'scatter',
    title: 'Latents of the baseline, and of the batch',
    description:
      `Principal components 1 and 2 of both together, which hold ${share(0)} and ${share(1)} of the variance. ` +
      'Where nothing has changed, the two lie over each other.',
    x: `component 1 (${share(0)} of the variance)`,
    y: `component 2 (${share(1)} of the variance)`,
    hasUnits: true,
    classes: ['baseline', 'batch'],
    points: rows.map((n) => [rounded(projected[2 * n]), rounded(projected[2 * n + 1]), n < reference.count ? 0 : 1]),
  };
}

function testSection(record: DriftRecord): ReportSection {
  const { shift, outside, mix, level, permutations } = record;
  const answer = ({ hasChanged }: { readonly hasChanged: boolean }, isAsked = true) => ({
    text: hasChanged ? 'yes' : 'not found',
    tone: hasChanged ? (isAsked ? ('bad' as const) : ('fair' as const)) : ('good' as const),
  });
  return {
    id: 'questions',
    title: 'Three questions',
    finding: `All together raise a false alarm in ${formatPercent(level)} of the batches, or fewer.`,
    blocks: [
      {
        kind: 'table',
        caption: 'Each with the chance of so much or more if nothing has changed',
        columns: [left('has this changed?'), left('answer'), left('measured'), right('p'), right('p, corrected')],
        rows: [
          [
            'where the latents of each class lie',
            answer(shift),
            `energy distance ${formatPercent(shift.energy)}, by chance ${formatPercent(shift.byChance)}`,
            formatNumber(shift.p),
            formatNumber(shift.adjusted),
          ],
          [
            'how many are outside of every class',
            answer(outside),
            `${formatPercent(outside.now)} (${formatPercent(outside.interval[0])} to ${formatPercent(outside.interval[1])}), before ${formatPercent(outside.before)}`,
            formatNumber(outside.p),
            formatNumber(outside.adjusted),
          ],
          [
            'the mix of the nearest classes',
            answer(mix, mix.isAsked),
            `${formatPercent(mix.difference)} would have to change their class`,
            formatNumber(mix.p),
            formatNumber(mix.adjusted),
          ],
        ],
      },
      {
        kind: 'text',
        paragraphs: [
          `The first by the energy distance between observations that are nearest to the same centroid, with ${formatCount(permutations)} permutations within these classes, so that another mix alone is no shift; ` +
            'the second by Fisher’s exact test; the third by permutations. Corrected by Holm.',
        ],
      },
    ],
  };
}

function outsideSection({ tests, record }: Drift): ReportSection {
  const counts = (values: readonly number[]) => {
    const bins = new Array<number>(Math.round(FARTHEST / BIN)).fill(0);
    for (const value of values) bins[Math.min(bins.length - 1, Math.floor(value / BIN))]++;
    return bins;
  };
  return {
    id: 'outside',
    title: 'How far from the classes',
    finding: `${formatPercent(record.outside.now)} of the batch are outside of every class; of the baseline ${formatPercent(record.outside.before)}.`,
    blocks: [
      {
        kind: 'histogram',
        title: 'Distance to the nearest class, over its radius',
        description:
          'The radius of a class holds 99% of held-out observations of it. Above 1 an observation is outside; the last bin holds all that are farther.',
        x: 'distance / radius',
        y: 'fraction of the observations',
        width: BIN,
        series: [
          { name: 'baseline', counts: counts(tests.remoteness.before) },
          { name: 'batch', counts: counts(tests.remoteness.now) },
        ],
      },
    ],
  };
}

function classSection({ classes, observations, referenceObservations }: DriftRecord): ReportSection {
  const share = (count: number, of: number) => (of === 0 ? '' : formatPercent(count / of));
  return {
    id: 'classes',
    title: 'By the nearest class',
    blocks: [
      {
        kind: 'table',
        caption: 'Shares of the observations whose latent is nearest to the centroid of the class',
        columns: [
          left('class'),
          right('baseline'),
          right('batch'),
          right('outside, baseline'),
          right('outside, batch'),
        ],
        rows: classes.map(({ name, before, now, outsideBefore, outsideNow }) => [
          name,
          share(before, referenceObservations),
          share(now, observations),
          share(outsideBefore, before),
          share(outsideNow, now),
        ]),
      },
    ],
  };
}

function settingsSection(record: DriftRecord): ReportSection {
  return {
    id: 'settings',
    title: 'How this was made',
    blocks: [
      {
        kind: 'facts',
        items: [
          { term: 'Observations of the batch', value: formatCount(record.observations), note: `of ${record.observed}` },
          {
            term: 'Observations of the baseline',
            value: formatCount(record.referenceObservations),
            note: `in ${record.baseline}`,
          },
          { term: 'Taken as independent', value: record.independence },
          { term: 'Level', value: formatPercent(record.level), note: 'false alarms, over all questions together' },
          { term: 'Seed', value: String(record.seed), note: 'of what was drawn, and of the permutations' },
          { term: 'Runtime', value: record.runtime, note: `${record.provider}, ${record.version}` },
        ],
      },
    ],
  };
}
