// The report of a quantisation: what the search tried, margin against bytes and milliseconds, and what each node takes of it.

import type { QuantizationRecord, QuantizationTrial } from '../evaluation/schema/quantization.ts';
import { left, right } from './column.ts';
import { formatCount, formatNumber, formatPercent } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportSection } from './report.ts';

const levelWords = {
  int8: '8 bits',
  weights: 'weight in 8 bits',
  half: 'weight in 16 bits',
  float: 'float32',
} as const;

export function quantizationReport(record: QuantizationRecord): Report {
  const { encoder, result, classes, observed, keep, prefer, generator } = record;
  return {
    format: REPORT_FORMAT,
    generator,
    title: `${result.file} · ${observed}`,
    question: `Does ${encoder.file} in 8 bits keep ${formatCount(classes.names.length)} classes of ${observed} apart?`,
    answer: {
      tone: record.judged.result.holds ? 'good' : record.judged.result.verdict === 'distinct' ? 'fair' : 'bad',
      headline: record.judged.result.holds ? 'Certified' : `Not certified: ${record.judged.result.verdict}`,
      sentences: sentencesOf(record),
    },
    picture: pictureOf(record, prefer === 'time' ? 'milliseconds' : 'bytes'),
    sections: [
      {
        id: 'search',
        title: 'What was tried',
        finding: `${record.trials.length} choices on ${formatCount(record.observations.search)} observations; ${record.trials.filter(({ holds }) => holds).length} keep the certificate.`,
        blocks: [pictureOf(record, prefer === 'time' ? 'bytes' : 'milliseconds'), trialTable(record)],
      },
      nodeSection(record),
      calibrationSection(record),
      settingSection(record, keep),
    ],
  };
}

function sentencesOf({ judged, observations, encoder, result, time, units }: QuantizationRecord): string[] {
  const { result: own, reference, everything } = judged;
  const counted = (level: keyof typeof levelWords) => units.filter((unit) => unit.level === level).length;
  const kept = units.filter(({ level }) => level !== 'int8').map(({ name }) => name);
  const named = kept.length > 3 ? `${kept.slice(0, 3).join(', ')} and ${kept.length - 3} more` : kept.join(', ');
  return [
    `Verdict ${own.verdict} on ${formatCount(observations.judging)} observations that neither calibration nor search has seen; float32: ${reference.verdict}.`,
    `Largest latent error ${formatNumber(own.largestError)}; the verdict bears ${formatNumber(own.tolerance)}. Accuracy by the nearest centroid ${formatPercent(own.accuracy)} (float32: ${formatPercent(reference.accuracy)}), certified ${formatPercent(own.certifiedAccuracy)}.`,
    `${formatBytes(result.bytes)}, ${formatPercent(result.bytes / encoder.bytes)} of float32; time ${formatNumber(time.ratio)} of float32 on this machine.`,
    kept.length === 0
      ? `All ${units.length} nodes compute in 8 bits.`
      : `${counted('int8')} of ${units.length} nodes compute in 8 bits; kept from it: ${named}.`,
    ...(everything
      ? [
          `With everything in 8 bits: ${everything.verdict}, largest error ${formatNumber(everything.largestError)}, ${everything.holds ? 'certified' : 'not certified'}.`,
        ]
      : []),
  ];
}

const pointClasses = ['chosen', 'the certificate holds', 'it does not hold', 'float32, without error'] as const;

/** Powers of ten between the largest error and the one that is borne. */
function headroomOf({ tolerance, largestError }: Pick<QuantizationTrial, 'tolerance' | 'largestError'>): number {
  return Math.log10(Math.max(tolerance, Number.MIN_VALUE) / largestError);
}

function pictureOf({ trials, encoder, time }: QuantizationRecord, along: 'milliseconds' | 'bytes'): BlockOf<'scatter'> {
  const x = (trial: Pick<QuantizationTrial, 'milliseconds' | 'bytes'>) =>
    along === 'bytes' ? trial.bytes / 1024 : trial.milliseconds;
  const shown = trials.filter(({ largestError }) => largestError > 0);
  const points = shown.map((trial): [number, number, number] => [
    x(trial),
    headroomOf(trial),
    trial.isChosen ? 0 : trial.holds ? 1 : 2,
  ]);
  const top = Math.max(0, ...points.map(([, y]) => y)) + 0.3;
  points.push([x({ milliseconds: time.floatMs, bytes: encoder.bytes }), top, 3]);
  const name = along === 'bytes' ? 'KiB of the file' : 'milliseconds an observation, in one pass';
  return {
    kind: 'scatter',
    title: along === 'bytes' ? 'Margin against bytes' : 'Margin against milliseconds',
    description: `Each point is a choice of nodes in 8 bits: along, ${name}; up, the powers of ten between its largest latent error and the one that the verdict bears. Above 0 the certificate holds.`,
    x: name,
    y: 'margin (powers of ten; above 0 it holds)',
    classes: [...pointClasses],
    points,
    hasUnits: true,
    areChoices: true,
  };
}

function trialTable({ trials, encoder, time }: QuantizationRecord): BlockOf<'table'> {
  const sorted = [...trials].sort((a, b) => a.largestError - b.largestError);
  return {
    kind: 'table',
    caption: 'Choices, on the observations of the search, the most exact first',
    columns: [
      left('choice'),
      right('in 8 bits'),
      right('weights in 8 bits'),
      right('weights in 16 bits'),
      right('float32'),
      right('KiB'),
      right('ms'),
      right('largest error'),
      right('certified'),
      left('certificate'),
    ],
    rows: [
      [
        'float32',
        '0',
        '0',
        '0',
        'all',
        kib(encoder.bytes),
        formatNumber(time.floatMs),
        '0',
        '',
        { text: 'the reference', tone: 'plain' },
      ],
      ...sorted.map((trial) => [
        trial.isChosen ? `${trial.step} (chosen)` : trial.step,
        String(trial.int8),
        String(trial.weights),
        String(trial.half),
        String(trial.float),
        kib(trial.bytes),
        formatNumber(trial.milliseconds),
        formatNumber(trial.largestError),
        formatPercent(trial.certifiedAccuracy),
        {
          text: trial.holds ? 'holds' : `does not hold (${trial.verdict})`,
          tone: trial.holds ? ('good' as const) : ('bad' as const),
        },
      ]),
    ],
  };
}

function nodeSection({ units, trials }: QuantizationRecord): ReportSection {
  const tolerance = trials[0]?.tolerance ?? 0;
  const errorOf = (unit: QuantizationRecord['units'][number], level: 'int8' | 'weights') =>
    unit.alone.find((each) => each.level === level)?.largestError ?? null;
  const sorted = [...units].sort((a, b) => (errorOf(b, 'int8') ?? 0) - (errorOf(a, 'int8') ?? 0));
  const [worst] = sorted;
  const share = (error: number | null) => (error === null ? '–' : formatPercent(error / tolerance));
  return {
    id: 'nodes',
    title: 'What each node takes of the margin',
    ...(worst && errorOf(worst, 'int8') !== null
      ? { finding: `${worst.name} alone takes ${share(errorOf(worst, 'int8'))} of the error that the verdict bears.` }
      : {}),
    blocks: [
      {
        kind: 'table',
        caption: 'Each node alone in 8 bits, all others in float32: share of the borne error that it takes',
        columns: [
          left('node'),
          left('operator'),
          right('KiB of weight'),
          right('in 8 bits'),
          right('weight alone'),
          left('in the file'),
        ],
        rows: sorted.map((unit) => [
          unit.name,
          unit.operator,
          kib(unit.bytes),
          share(errorOf(unit, 'int8')),
          share(errorOf(unit, 'weights')),
          { text: levelWords[unit.level], tone: unit.level === 'int8' ? ('good' as const) : ('fair' as const) },
        ]),
      },
    ],
  };
}

function calibrationSection({ calibrations, method, weightBits }: QuantizationRecord): ReportSection {
  return {
    id: 'calibration',
    title: 'How ranges were taken',
    finding: `Taken: ${method}, weights of ${weightBits} bits.`,
    blocks: [
      {
        kind: 'table',
        caption: 'Everything in 8 bits, on the observations of the search',
        columns: [
          left('method'),
          right('bits of weights'),
          left('verdict'),
          right('largest error'),
          right('borne'),
          right('accuracy'),
        ],
        rows: calibrations.map((each) => [
          each.method,
          String(each.weightBits),
          each.verdict,
          formatNumber(each.largestError),
          formatNumber(each.tolerance),
          formatPercent(each.accuracy),
        ]),
      },
    ],
  };
}

function settingSection(record: QuantizationRecord, keep: string): ReportSection {
  const { observations, classes, runtime, reserve, seed, time, encoder, result } = record;
  return {
    id: 'settings',
    title: 'Settings',
    blocks: [
      {
        kind: 'facts',
        items: [
          {
            term: 'Keep',
            value: keep,
            note: `${formatPercent(reserve)} of what the verdict bears is left by the search`,
          },
          { term: 'Classes', value: `${classes.of}: ${classes.names.length}` },
          {
            term: 'Observations',
            value: `${observations.calibration} for ranges, ${observations.search} + ${observations.searchCentroids} for the search, ${observations.judging} + ${observations.judgingCentroids} to judge`,
            note: `${observations.shared === 0 ? 'none is in two parts' : `none is in two parts but for ${observations.shared} of classes without others`}; ${observations.repeated} with the numbers of another were left out; seed ${seed}`,
          },
          {
            term: 'Time',
            value: `${formatNumber(time.resultMs)} ms, float32 ${formatNumber(time.floatMs)} ms an observation`,
            note: `medians of ${time.rounds} rounds in turns; ${runtime.version}, ${runtime.threads} threads`,
          },
          {
            term: 'From',
            value: `${encoder.file}, ${formatBytes(encoder.bytes)}`,
            note: `SHA-256 ${encoder.sha256.slice(0, 16)}…`,
          },
          {
            term: 'To',
            value: `${result.file}, ${formatBytes(result.bytes)}`,
            note: `SHA-256 ${result.sha256.slice(0, 16)}…`,
          },
        ],
      },
    ],
  };
}

function kib(bytes: number): string {
  return formatCount(Math.round(bytes / 1024));
}

function formatBytes(bytes: number): string {
  return bytes < 1024 ** 2 ? `${kib(bytes)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
