// The report of a comparison of files: are they the same, by how much not, and which node makes the difference?
import type {
  ClassComparison,
  ComparedRun,
  ComparisonRecord,
  OutputRecord,
  RanFile,
} from '../verification/file/schema.ts';
import { verdictTones } from './answer.ts';
import { left, right } from './column.ts';
import { formatCount, formatNumber, formatPercent } from './number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportBlock, type ReportSection } from './report.ts';
import { bisectionSection, openNumber } from './section/bisection.ts';

export function comparisonReport(record: ComparisonRecord, generator: string): Report {
  const names = record.files.map(({ name }) => name);
  return {
    format: REPORT_FORMAT,
    generator,
    title: names.length > 1 ? names.join(', ') : `${names[0]} on ${formatCount(record.runs.length)} runtimes`,
    question: names.length > 1 ? 'Do the files give the same answer?' : 'Do the runtimes give the same answer?',
    answer: answerOf(record),
    picture: decadePicture(record),
    sections: [
      outputSection(record),
      ...classSection(record),
      ...(record.bisection === undefined ? [] : [bisectionSection(record.bisection)]),
      ranSection(record),
      settingsSection(record),
    ],
  };
}

function isRan(run: ComparedRun): run is RanFile {
  return run.status === 'ran';
}

function othersOf({ runs }: ComparisonRecord): RanFile[] {
  return runs.filter(isRan).filter((run) => !run.isReference);
}

/** A file on a runtime; the runtime only where there are several. */
function labelOf(record: ComparisonRecord, { file, runtime }: Pick<ComparedRun, 'file' | 'runtime'>): string {
  const runtimes = new Set(record.runs.map((run) => run.runtime));
  if (runtimes.size === 1) return file;
  return record.files.length === 1 ? runtime : `${file} on ${runtime}`;
}

function answerOf(record: ComparisonRecord): Report['answer'] {
  const others = othersOf(record);
  const failed = record.runs.filter((run) => !isRan(run));
  const isExact = others.every(({ outputs }) => outputs.every(({ maxAbsolute }) => maxAbsolute === 0));
  const faults = record.runs.flatMap((run) =>
    isRan(run)
      ? run.faults.map((fault) => `${labelOf(record, run)}: ${fault}.`)
      : [`${labelOf(record, run)}: ${run.status}: ${run.reason}.`],
  );
  return {
    tone: record.holds ? 'good' : 'bad',
    headline: record.holds ? (isExact && failed.length === 0 ? 'The same numbers' : 'Near enough') : 'Not the same',
    sentences: [
      `Everything is measured against ${labelOf(record, record.reference)}, on ${inputWords(record)}.`,
      ...others.flatMap((run) => worstSentence(record, run)),
      ...faults.slice(0, 6),
      ...(faults.length > 6 ? [`And ${faults.length - 6} more, below.`] : []),
    ],
  };
}

function inputWords({ inputs }: ComparisonRecord): string {
  const { from, of, rows, seed } = inputs;
  const count = rows === null ? 'tensors fed whole' : `${formatCount(rows)} rows`;
  if (from === 'random') return `${count} of seeded random numbers (seed ${seed}; ${of})`;
  return from === 'tensors' ? `${count} of ${of}` : `${formatCount(rows ?? 0)} observations of ${of}`;
}

function worstSentence(record: ComparisonRecord, run: RanFile): string[] {
  const [worst] = [...run.outputs].sort((a, b) => sizeOf(b.partOfScale) - sizeOf(a.partOfScale));
  if (worst === undefined) return [];
  if (worst.maxAbsolute === 0) return [`${labelOf(record, run)}: every number is the same.`];
  return [
    `${labelOf(record, run)}: the largest error is ${openNumber(worst.maxAbsolute)} (${percentOf(worst.partOfScale)} of the scale of "${worst.name}"), the smallest cosine ${worst.cosine.smallest.toFixed(6)}, SQNR ${decibel(worst.sqnrDb)}.`,
  ];
}

function sizeOf(part: number | null): number {
  return part ?? Number.POSITIVE_INFINITY;
}

function percentOf(part: number | null): string {
  if (part === null) return 'infinitely much';
  return part < 1e-4 ? `${formatNumber(part * 1e6)} millionths` : `${formatNumber(100 * part)}%`;
}

function decibel(value: number | null): string {
  return value === null ? 'without noise' : `${value.toFixed(1)} dB`;
}

/** How many elements are off by how much, of every run and output. */
function decadePicture(record: ComparisonRecord): ReportBlock {
  const series = othersOf(record).flatMap((run) =>
    run.outputs.map((output) => ({
      name: run.outputs.length > 1 ? `${labelOf(record, run)}, ${output.name}` : labelOf(record, run),
      points: output.decades.map((count, i): [number, number] => [
        i - 10,
        output.elements > 0 ? (100 * count) / output.elements : 0,
      ]),
    })),
  );
  if (series.length === 0) return outputTable(record);
  return {
    kind: 'lines',
    title: 'Errors of elements',
    description: `For each power of ten, the share of elements whose error, as a part of the largest number of the output, is below it and not below the next smaller one; leftmost are all below 10⁻⁹, exact ones among them. ${series.length === 1 ? series[0].name : `${series.length} outputs`}.`,
    x: { label: 'error as a part of the scale: below 10 to the power of', scale: 'linear' },
    y: { label: '% of elements', scale: 'linear' },
    series: series.slice(0, 8),
  };
}

function outputTable(record: ComparisonRecord): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: `Errors of outputs against ${labelOf(record, record.reference)}`,
    columns: [
      left('what'),
      left('output'),
      left('in tolerance'),
      right('largest error'),
      right('of scale'),
      right('relative'),
      right('smallest cosine'),
      right('mean cosine'),
      right('SQNR'),
      right('PSNR'),
      right('not finite'),
      left('worst element'),
    ],
    rows: othersOf(record).flatMap((run) =>
      run.outputs.map((output) => outputRow(labelOf(record, run), output, record.failOn.includes('tolerance'))),
    ),
  };
}

function outputRow(label: string, output: OutputRecord, isDeciding: boolean): BlockOf<'table'>['rows'][number] {
  const { worst, nonFinite, cosine } = output;
  const name = output.matchedBy === 'name' ? output.name : `${output.name} (${output.referenceName} by position)`;
  return [
    label,
    `${name} ${output.type}[${output.shape.join(', ')}]`,
    output.holds ? { text: 'yes', tone: 'good' } : isDeciding ? { text: 'no', tone: 'bad' } : 'no',
    openNumber(output.maxAbsolute),
    openNumber(output.partOfScale),
    openNumber(output.maxRelative),
    cosine.smallest.toFixed(6),
    cosine.mean.toFixed(6),
    decibel(output.sqnrDb),
    decibel(output.psnrDb),
    nonFinite.here + nonFinite.reference === 0 ? '0' : `${nonFinite.here} here, ${nonFinite.reference} there`,
    worst === null ? '' : `[${worst.index.join(', ')}]: ${openNumber(worst.got)} for ${openNumber(worst.expected)}`,
  ];
}

function outputSection(record: ComparisonRecord): ReportSection {
  const wrong = othersOf(record).flatMap(({ outputs }) => outputs.filter(({ holds }) => !holds));
  const limits = Object.entries(record.tolerance).map(([name, value]) => `${name} ${formatNumber(value)}`);
  return {
    id: 'outputs',
    title: 'Outputs',
    finding:
      wrong.length === 0
        ? `Every output is within the tolerance (${limits.join(', ')}).`
        : `${wrong.length} of the outputs are not within the tolerance (${limits.join(', ')}).`,
    blocks: [outputTable(record)],
  };
}

function classSection(record: ComparisonRecord): ReportSection[] {
  const runs = record.runs.filter(isRan).flatMap((run) => (run.classes ? [{ run, classes: run.classes }] : []));
  if (record.classes === undefined || runs.length === 0) return [];
  const moved = runs.reduce((sum, { classes }) => sum + classes.elsewhere, 0);
  const rows = runs.map(({ run, classes }): BlockOf<'table'>['rows'][number] => [
    labelOf(record, run),
    { text: classes.verdict, tone: verdictTones[classes.verdict] },
    run.isReference
      ? 'the reference'
      : { text: classes.verdictHolds ? 'yes' : 'no', tone: classes.verdictHolds ? 'good' : 'bad' },
    formatPercent(classes.accuracy),
    formatPercent(classes.certifiedAccuracy),
    formatNumber(classes.maxLatentError),
    formatNumber(classes.decidingGap),
    String(classes.elsewhere),
    riskWords(classes),
  ]);
  const list = runs.flatMap(({ run, classes }) =>
    classes.moved.map(({ observation, own, from, to }): BlockOf<'table'>['rows'][number] => [
      labelOf(record, run),
      String(observation),
      own,
      from,
      { text: to, tone: to === own ? 'good' : 'bad' },
    ]),
  );
  return [
    {
      id: 'classes',
      title: 'Classes',
      finding:
        moved === 0
          ? `No observation of ${formatCount(record.classes.observations)} is nearest to another class than in the reference.`
          : `${formatCount(moved)} observations are nearest to another class than in the reference.`,
      blocks: [
        {
          kind: 'table',
          caption: `Verdict and certificate, classes by ${record.classes.of}`,
          columns: [
            left('what'),
            left('verdict'),
            left('certified'),
            right('accuracy'),
            right('certified accuracy'),
            right('latent error'),
            right('deciding gap'),
            right('moved'),
            left('at risk'),
          ],
          rows,
        },
        ...(list.length === 0
          ? []
          : [
              {
                kind: 'table' as const,
                caption: 'Observations whose nearest class is another (the first of each)',
                columns: [
                  left('what'),
                  right('observation'),
                  left('class'),
                  left('nearest before'),
                  left('nearest now'),
                ],
                rows: list,
              },
            ]),
      ],
    },
  ];
}

function riskWords({ pairsAtRisk }: ClassComparison): string {
  const words = pairsAtRisk.slice(0, 4).map(({ classes: [a, b], observations }) => `${a} as ${b} (${observations})`);
  return pairsAtRisk.length > 4 ? `${words.join(', ')}, ...` : words.join(', ');
}

function ranSection(record: ComparisonRecord): ReportSection {
  return {
    id: 'ran',
    title: 'What ran',
    blocks: [
      {
        kind: 'table',
        caption: 'Each in a process of its own; times are of this machine, as it was loaded',
        columns: [
          left('what'),
          left('status'),
          left('version'),
          left('provider'),
          left('precision'),
          right('threads'),
          right('ms'),
        ],
        rows: record.runs.map((run) =>
          isRan(run)
            ? [
                `${run.file} on ${run.runtime}`,
                run.isReference ? 'the reference' : 'ran',
                run.version,
                run.provider,
                run.precision,
                String(run.threads),
                formatNumber(run.milliseconds),
              ]
            : [
                `${run.file} on ${run.runtime}`,
                { text: run.status, tone: 'bad' },
                run.reason,
                run.remedy ?? '',
                '',
                '',
                '',
              ],
        ),
      },
    ],
  };
}

function settingsSection(record: ComparisonRecord): ReportSection {
  const { inputs, files, machine, failOn } = record;
  return {
    id: 'settings',
    title: 'Files and inputs',
    blocks: [
      {
        kind: 'table',
        caption: 'Files',
        columns: [left('file'), left('precision'), right('opset'), right('bytes'), left('inputs'), left('SHA-256')],
        rows: files.map((file) => [
          file.name,
          file.precision,
          String(file.opset),
          formatCount(file.bytes),
          file.inputs.map(({ name, type, shape }) => `${name} ${type}[${shape.join(', ')}]`).join('; '),
          file.sha256.slice(0, 16),
        ]),
      },
      {
        kind: 'table',
        caption: 'Inputs',
        columns: [left('input'), left('type'), left('shape'), left('values')],
        rows: inputs.tensors.map(({ name, type, shape, values }) => [name, type, `[${shape.join(', ')}]`, values]),
      },
      {
        kind: 'facts',
        items: [
          { term: 'inputs', value: inputs.from, note: inputWords(record) },
          ...inputs.fixedAxes.map(({ input, axis, name, size }) => ({
            term: `axis ${axis} of ${input}`,
            value: String(size),
            note: name === '' ? 'left open by the file' : `${name}, left open by the file`,
          })),
          { term: 'fails on', value: failOn.join(', ') },
          { term: 'machine', value: machine.processor, note: `${machine.system}, Node ${machine.node}` },
        ],
      },
    ],
  };
}
