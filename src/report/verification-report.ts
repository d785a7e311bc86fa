// The report of one verification: does every runtime give the same answer?

import type { OtherRow, RanRow, VerificationRecord, VerificationRow } from '../verification/schema.ts';
import { verdictTones } from './answer.ts';
import { left, right } from './column.ts';
import { formatCount, formatNumber, formatPercent } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportSection } from './report.ts';
import { bisectionSection } from './section/bisection.ts';

export function verificationReport(record: VerificationRecord, generator: string): Report {
  return {
    format: REPORT_FORMAT,
    generator,
    title: `${record.run} on ${formatCount(ranRows(record).length)} runtimes`,
    question: 'Does every runtime give the same answer?',
    answer: answerOf(record),
    picture: certificateTable(record),
    sections: verificationSections(record),
  };
}

/** For another page, too. */
export function verificationSections(record: VerificationRecord): ReportSection[] {
  const ran = ranRows(record);
  return [
    errorSection(record, ran),
    whatRanSection(ran),
    ...absenceSection(record.runtimes.flatMap((row) => (row.status === 'ran' ? [] : [row]))),
    ...(record.bisection === undefined ? [] : [bisectionSection(record.bisection)]),
    settingsSection(record),
  ];
}

function ranRows({ runtimes }: VerificationRecord): RanRow[] {
  return runtimes.flatMap((row) => (row.status === 'ran' ? [row] : []));
}

function answerOf(record: VerificationRecord): Report['answer'] {
  const ran = ranRows(record);
  const floats = ran.filter((row) => row.model === 'float32');
  // A smaller encoder is a choice, not a runtime: whether it keeps the answer has a line of its own.
  // Unless it was asked for by name: then the record as a whole does not hold.
  const failing = failingRows(record.runtimes, 'float32');
  if (failing.length === 0 && !record.holds) failing.push(...failingRows(record.runtimes));
  const isSame = failing.length === 0;
  const largest = Math.max(0, ...floats.map((row) => row.maxLatentError));
  const absentNames = record.runtimes.filter((row) => row.status === 'absent').map((row) => row.runtime);
  return {
    tone: isSame ? (floats.length > 1 ? 'good' : 'fair') : 'bad',
    headline: isSame ? 'The same answer' : 'Not the same answer',
    sentences: [
      `The reference, ${record.reference.runtime} (${record.reference.version}), finds the latents of ` +
        `${formatCount(record.observations)} ${record.observedFrom === 'random' ? 'random' : 'held-out'} observations ${record.reference.verdict}.`,
      ...(record.observedFrom === 'random'
        ? [
            'The recording was not there: the observations are random ones within its statistics, and the classes are the points around which they lie.',
          ]
        : []),
      `Of ${floats.length} runtimes that ran in full precision, ${floats.filter((row) => row.verdictHolds).length} are ` +
        `certain to give that verdict: twice their largest latent error (${formatNumber(2 * largest)}) against the deciding gap of ` +
        `${formatNumber(record.tolerances.decidingGap)}.`,
      ...variantSentences(ran),
      ...(failing.length > 0 ? [`Not in order: ${failing.map((row) => row.runtime).join(', ')}.`] : []),
      ...(absentNames.length > 0 ? [`Not on this machine: ${absentNames.join(', ')}.`] : []),
    ],
  };
}

/** Rows that are not as they should be: those of encoders in full precision alone, or all. */
function failingRows(rows: readonly VerificationRow[], model?: RanRow['model']): VerificationRow[] {
  return rows.filter((row) =>
    row.status === 'ran'
      ? !row.holds && (model === undefined || row.model === model)
      : row.status === 'failed' || row.isRequired,
  );
}

function variantSentences(ran: readonly RanRow[]): string[] {
  return ran
    .filter((row) => row.model !== 'float32')
    .map(({ model, holds, verdict, verdictHolds, nearestCentroidAccuracy, faults }) => {
      const end = `(accuracy ${formatPercent(nearestCentroidAccuracy)})`;
      if (holds) return `Optional, ${model}: the verdict survives a smaller encoder ${end}.`;
      if (verdictHolds)
        return `Optional, ${model}: the verdict survives a smaller encoder ${end}, but: ${faults.join('; ')}.`;
      return `Optional, ${model}: whether the verdict survives a smaller encoder is not certain; here it is ${verdict} ${end}.`;
    });
}

function certificateTable(record: VerificationRecord): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'Verdict and certificate, by runtime',
    columns: [left('runtime'), left('verdict'), left('holds'), right('latent error'), right('of allowed')],
    rows: record.runtimes.map((row) => {
      if (row.status !== 'ran')
        return [row.runtime, row.status, { text: row.status === 'absent' ? '' : 'no', tone: toneOf(row) }, '', ''];
      return [
        row.runtime,
        { text: row.verdict, tone: verdictTones[row.verdict] },
        {
          text: row.isReference ? 'the reference' : row.holds ? 'yes' : row.model === 'float32' ? 'no' : 'not certain',
          tone: toneOf(row),
        },
        cellOf(row.maxLatentError),
        partOf(row.maxLatentError, record.tolerances.latent),
      ];
    }),
  };
}

function toneOf(row: VerificationRow): 'good' | 'plain' | 'bad' {
  if (row.status === 'ran') return row.holds ? 'good' : row.model === 'float32' ? 'bad' : 'plain';
  return row.status === 'failed' || row.isRequired ? 'bad' : 'plain';
}

/** A number alone, or with a tone where something is wrong with it; it does not break between its digits and their power. */
function cellOf(value: number, isFine = true): string | { text: string; tone: 'bad' } {
  const text = formatNumber(value).replaceAll(' ', '\u00a0');
  return isFine ? text : { text, tone: 'bad' };
}

function partOf(error: number, tolerance: number): string {
  if (error === 0) return '0%';
  if (tolerance === 0) return 'none is';
  const part = (100 * error) / tolerance;
  return part < 0.01 ? 'below 0.01%' : `${formatNumber(part)}%`;
}

function errorSection(record: VerificationRecord, ran: readonly RanRow[]): ReportSection {
  const { tolerances } = record;
  const faults = ran.flatMap((row) => row.faults.map((fault) => `${row.runtime}: ${fault}.`));
  return {
    id: 'errors',
    title: 'Errors and tolerances',
    finding:
      `The class margins allow latent errors below ${formatNumber(tolerances.latent)}, and errors of predictions below ` +
      `${formatNumber(tolerances.predictor[0])} one action ahead and ${formatNumber(tolerances.predictor[1])} two ahead.`,
    blocks: [
      {
        kind: 'table',
        caption: `Against ${record.reference.runtime}: largest distances over all observations and batch sizes`,
        columns: [
          left('runtime'),
          right('latent'),
          right('one number'),
          right('relative'),
          right('smallest cosine'),
          right('predicted, 1 ahead'),
          right('predicted, 2 ahead'),
          right('in another class'),
          right('recorded at export'),
          right('accuracy'),
          right('centroid gap ratio'),
        ],
        rows: ran.map((row) => [
          row.runtime,
          cellOf(row.maxLatentError, row.verdictHolds),
          cellOf(row.maxAbsoluteError),
          cellOf(row.relativeLatentError),
          row.smallestCosine.toFixed(7),
          cellOf(
            row.predictorErrors[0],
            row.predictorErrors[0] === 0 || row.predictorErrors[0] < tolerances.predictor[0],
          ),
          cellOf(
            row.predictorErrors[1],
            row.predictorErrors[1] === 0 || row.predictorErrors[1] < tolerances.predictor[1],
          ),
          row.predictionsElsewhere.join(', '),
          row.recordedError === null ? '' : cellOf(row.recordedError),
          row.nearestCentroidAccuracy.toFixed(4),
          formatNumber(row.centroidGapRatio),
        ]),
      },
      ...(faults.length > 0 ? [{ kind: 'text' as const, paragraphs: faults }] : []),
    ],
  };
}

function whatRanSection(ran: readonly RanRow[]): ReportSection {
  return {
    id: 'ran',
    title: 'What ran',
    finding: 'Read back from the runtimes: versions, providers, devices and threads.',
    blocks: [
      {
        kind: 'table',
        caption: 'Each in a process of its own; times are of this machine, as it was loaded',
        columns: [
          left('runtime'),
          left('version'),
          left('provider'),
          left('device'),
          left('precision'),
          right('threads'),
          left('batch sizes'),
          right('ms per observation'),
        ],
        rows: ran.map((row) => [
          row.runtime,
          row.version,
          row.provider + nodesOf(row),
          row.device,
          row.model === 'float32' ? row.precision : `${row.precision}, ${row.model} encoder`,
          String(row.threads),
          row.batchSizes.join(', '),
          formatNumber(row.millisecondsPerObservation),
        ]),
      },
    ],
  };
}

function nodesOf({ nodesByProvider }: RanRow): string {
  const counts = Object.values(nodesByProvider ?? {});
  return counts.length === 0 ? '' : ` (${counts.join(' + ')} nodes)`;
}

function absenceSection(rows: readonly OtherRow[]): ReportSection[] {
  if (rows.length === 0) return [];
  return [
    {
      id: 'absent',
      title: 'What did not run',
      finding: 'A runtime that is absent proves nothing, and is no failure unless it was required.',
      blocks: [
        {
          kind: 'table',
          caption: 'With the reason, and what to do',
          columns: [left('runtime'), left('status'), left('reason'), left('remedy')],
          rows: rows.map((row) => [row.runtime, { text: row.status, tone: toneOf(row) }, row.reason, row.remedy ?? '']),
        },
      ],
    },
  ];
}

function settingsSection(record: VerificationRecord): ReportSection {
  const { machine, seed, observations, centroidObservations, recordedObservations, classes } = record;
  return {
    id: 'settings',
    title: 'Settings',
    blocks: [
      {
        kind: 'facts',
        items: [
          {
            term: 'run',
            value: record.run,
            ...(record.step === null ? {} : { note: `${formatCount(record.step)} steps` }),
          },
          {
            term: 'observations',
            value: formatCount(observations),
            note: `centroids of ${formatCount(centroidObservations)} others`,
          },
          { term: 'recorded at export', value: formatCount(recordedObservations) },
          { term: 'classes', value: formatCount(classes.names.length), note: `by ${classes.of}` },
          { term: 'seed', value: String(seed) },
          { term: 'machine', value: machine.processor, note: `${machine.system}, Node ${machine.node}` },
        ],
      },
    ],
  };
}
