// The report of a reproduction: the rows of the paper's figure over seeds, each with what the paper says of it and what was
// found; what each latent keeps; and the hard case. A pure function of the runs' records and reports.

import { verdictTones } from '../answer.ts';
import { left, right } from '../column.ts';
import { formatNumber } from '../number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportBlock, type ReportSection } from '../report.ts';
import { rounded } from '../sample.ts';
import { claimsHeadline } from './claim/answer.ts';
import { keptSection } from './kept.ts';
import {
  accuracy,
  CLAIMS_VERSION,
  type Claim,
  centroidGapRatio,
  judgeClaims,
  measures,
  type ReproductionRow,
  relativeSpread,
  spreadOf,
  valuesOf,
  verdictsOf,
  worstVerdictOf,
} from './reproduction.ts';

export interface ReproductionContext {
  readonly environment: string;
  readonly preset: string;
  /** Package and version. */
  readonly generator: string;
  /** What was typed. */
  readonly command: string;
  /** Wall time of all runs together and how many ran side by side, where nothing was taken over from an earlier attempt. */
  readonly effort?: { readonly minutes: number; readonly jobs: number };
}

export function reproductionReport(allRows: readonly ReproductionRow[], context: ReproductionContext): Report {
  const rows = allRows.filter((row) => row.runs.length > 0);
  const claims = judgeClaims(rows);
  const ofPaper = claims.filter((claim) => claim.of === 'paper');
  const judged = ofPaper.length > 0 ? ofPaper : claims;
  return {
    format: REPORT_FORMAT,
    generator: context.generator,
    title: `Reproduction of Yu et al. (arXiv 2509.12249) on ${context.environment}`,
    question: `What does each auxiliary keep apart in ${context.environment}?`,
    answer: {
      tone: judged.every(({ answer }) => answer === 'reproduces')
        ? 'good'
        : judged.every(({ answer }) => answer === 'does not')
          ? 'bad'
          : 'fair',
      headline: claimsHeadline(claims),
      sentences: rows.map((row) => `${row.name}: ${verdictsOf(row)}; accuracy ${spreadOf(valuesOf(row, accuracy))}.`),
    },
    picture: projections(rows.filter((row) => row.group !== 'hard')),
    sections: [
      claimSection(claims, rows),
      distanceSection(rows.filter((row) => row.group !== 'hard')),
      ...keptSection(rows),
      ...hardSection(rows.filter((row) => row.group === 'hard')),
      ...curveSection(rows),
      seedSection(rows),
      methodSection(context, rows),
    ],
  };
}

/** The first picture of the first seed of every row, small and side by side. */
function projections(rows: readonly ReproductionRow[]): BlockOf<'panels'> {
  return {
    kind: 'panels',
    title: 'Held-out latents, by class',
    description:
      'Principal components 1 and 2 of held-out latents of the first seed, coloured and named by class. Each picture has its own scale; collapsed latents are drawn at the scale that they had before training.',
    items: rows.flatMap((row): BlockOf<'scatter'>[] => {
      const { picture } = row.runs[0].report;
      if (picture.kind !== 'scatter') return [];
      return [
        { ...picture, title: `${row.name}: ${verdictsOf(row)}`, description: `${row.name}. ${picture.description}` },
      ];
    }),
  };
}

function claimSection(claims: readonly Claim[], rows: readonly ReproductionRow[]): ReportSection {
  return {
    id: 'claims',
    title: 'Claims',
    finding:
      'What is claimed, the numbers of every seed, and whether they bear it out; then each row beside the paper. A claim reproduces, or does not, where the exact 95% interval of the share of seeds lies on one side of a half; two rows are compared by the exact Mann-Whitney test. Six seeds can decide; three cannot.',
    blocks: [
      {
        kind: 'table',
        caption: 'Claims',
        columns: [left('claim'), left('of'), left('answer'), left('share of seeds, 95%'), left('found')],
        rows: claims.map(({ claim, of, found, answer, interval }) => [
          claim,
          of === 'paper' ? 'the paper' : 'ours',
          { text: answer, tone: answerTones[answer] },
          interval === undefined ? '' : `${formatNumber(interval[0])} to ${formatNumber(interval[1])}`,
          found,
        ]),
      },
      ...changes(claims),
      {
        kind: 'table',
        caption: 'Beside the paper: mean and half the range over seeds',
        columns: [
          left('trained with'),
          left('the paper'),
          left('here'),
          right('accuracy'),
          right('centroid gap ratio'),
        ],
        rows: rows.map((row) => [
          row.name,
          row.expectation,
          { text: verdictsOf(row), tone: verdictTones[worstVerdictOf(row)] },
          spreadOf(valuesOf(row, accuracy)),
          spreadOf(valuesOf(row, centroidGapRatio)),
        ]),
      },
      { kind: 'text', paragraphs: differences(rows) },
    ],
  };
}

const answerTones = { reproduces: 'good', 'does not': 'bad', undecided: 'fair' } as const;

/** What earlier versions claimed in the place of these. */
function changes(claims: readonly Claim[]): ReportBlock[] {
  const changed = claims.filter(({ change }) => change !== undefined);
  if (changed.length === 0) return [];
  return [
    {
      kind: 'table',
      caption: `Claims that changed; this is version ${CLAIMS_VERSION}`,
      columns: [left('claim'), left('what changed, and why')],
      rows: changed.map(({ claim, change = '' }) => [claim, change]),
    },
  ];
}

/** What was found here and is not in the paper, or the other way round, as far as the runs show it. */
function differences(rows: readonly ReproductionRow[]): string[] {
  const rewardOnly = rows.find((row) => row.id === 'reward-only');
  const paragraphs: string[] = [];
  if (rewardOnly) {
    const values = valuesOf(rewardOnly, accuracy);
    // Three groups of three counts leave a third of the observations nearest to their own.
    if (Math.min(...values) > 0.5)
      paragraphs.push(
        `Different from the paper: with the reward alone it shows about three groups of counts; here all nine can still be read (accuracy ${spreadOf(values)}). What norm, rate and steps do to it: docs/reproduction.md.`,
      );
  }
  return paragraphs;
}

function distanceSection(rows: readonly ReproductionRow[]): ReportSection {
  return {
    id: 'distances',
    title: 'Distances, sorted by class',
    finding: `The first seed of every row. Dark blocks on the diagonal alone: each class is close to itself and far from the others. Mean distances, as parts of those before training: ${rows
      .map((row) => `${row.name} ${spreadOf(valuesOf(row, relativeSpread))}`)
      .join('; ')}.`,
    blocks: rows.flatMap((row) => {
      const matrix = blocksOf(row).find((block) => block.kind === 'matrix');
      return matrix ? [{ ...matrix, title: row.name, description: `${row.name}: ${verdictsOf(row)}.` }] : [];
    }),
  };
}

/** Blocks of the sections of the first seed's report. */
function blocksOf(row: ReproductionRow): readonly ReportBlock[] {
  return row.runs[0].report.sections.flatMap((section) => section.blocks);
}

/** Small losses and merged classes, what merges and why, and what tells them apart. */
function hardSection(rows: readonly ReproductionRow[]): ReportSection[] {
  if (rows.length === 0) return [];
  const residual = (row: ReproductionRow, index: number): string => {
    const { dynamicsResidual, auxiliaryResiduals } = row.runs[index].record.runtimes[0];
    return `dynamics ${formatNumber(dynamicsResidual)}, reward ${formatNumber(auxiliaryResiduals[0]?.residual ?? null)}`;
  };
  return [
    {
      id: 'hard',
      title: 'The hard case: reward at count 0',
      finding:
        'Two counts then differ only after up to eight actions. Small losses of one step are not distinctness: errors add up along the word.',
      blocks: [
        {
          kind: 'table',
          caption: 'Every seed',
          columns: [
            left('trained with'),
            left('seed'),
            left('verdict'),
            right('accuracy'),
            right('centroid gap ratio'),
            left('closest pair'),
            left('losses on held-out transitions'),
          ],
          rows: rows.flatMap((row) =>
            row.runs.map(({ record }, index) => {
              const [runtime] = record.runtimes;
              return [
                row.name,
                String(row.runs[index].seed),
                { text: runtime.verdict, tone: verdictTones[runtime.verdict] },
                formatNumber(runtime.nearestCentroidAccuracy),
                formatNumber(runtime.centroidGapRatio),
                runtime.centroidGapRatioPair.join(' and '),
                residual(row, index),
              ];
            }),
          ),
        },
        projections(rows),
        ...witnessBlocks(rows[0]),
      ],
    },
  ];
}

/** What merges and why, on the first seed: the scale of the errors, then the nearest pair with its images and every step. */
function witnessBlocks(row: ReproductionRow): ReportBlock[] {
  const section = row.runs[0].report.sections.find(({ id }) => id === 'witnesses');
  const end = section?.blocks.findIndex((block) => block.kind === 'table') ?? -1;
  if (section === undefined || end < 0) return [];
  const finding = section.finding === undefined ? [] : [`A witness: ${row.name}, seed 0. ${section.finding}`];
  return [{ kind: 'text', paragraphs: finding }, ...section.blocks.slice(0, end + 1)];
}

/** Accuracy while training, the mean over seeds. */
function curveSection(rows: readonly ReproductionRow[]): ReportSection[] {
  const curve = (key: string, row: ReproductionRow): [number, number][] => {
    const sums = new Map<number, { sum: number; count: number }>();
    for (const { measures: records } of row.runs)
      for (const record of records) {
        const value = record[key];
        if (typeof value !== 'number' || !Number.isFinite(value)) continue;
        const at = sums.get(record.step) ?? { sum: 0, count: 0 };
        sums.set(record.step, { sum: at.sum + value, count: at.count + 1 });
      }
    return [...sums].sort(([a], [b]) => a - b).map(([step, { sum, count }]) => [step, rounded(sum / count)]);
  };
  const lines = (key: string, title: string, axis: string): BlockOf<'lines'>[] => {
    const series = rows
      .map((row) => ({ name: row.name, points: curve(key, row) }))
      .filter(({ points }) => points.length > 1);
    if (series.length === 0) return [];
    return [
      {
        kind: 'lines',
        title,
        description: `${title}, mean over seeds: ${series.map(({ name, points }) => `${name} ends at ${formatNumber(points[points.length - 1][1])}`).join('; ')}.`,
        x: { label: 'step', scale: 'linear' },
        y: { label: axis, scale: 'linear' },
        series,
      },
    ];
  };
  const blocks = [
    ...lines('accuracy', 'Accuracy while training', 'accuracy'),
    ...lines('centroidGapRatio', 'Centroid gap ratio while training', 'centroid gap ratio'),
  ];
  if (blocks.length === 0) return [];
  return [{ id: 'curves', title: 'While training', blocks }];
}

function seedSection(rows: readonly ReproductionRow[]): ReportSection {
  return {
    id: 'seeds',
    title: 'Every run',
    finding: 'Each run has a folder of its own with its models, their ONNX files and its own report.',
    blocks: [
      {
        kind: 'table',
        caption: 'All measures of all runs; definitions: docs/measures.md',
        columns: [left('run'), left('verdict'), ...measures.map(({ name }) => right(name))],
        rows: rows.flatMap((row) =>
          row.runs.map(({ record }) => [
            record.run,
            { text: record.runtimes[0].verdict, tone: verdictTones[record.runtimes[0].verdict] },
            ...measures.map((measure) => formatNumber(measure.of(record.runtimes[0]))),
          ]),
        ),
      },
    ],
  };
}

function methodSection(
  { preset, command, effort }: ReproductionContext,
  rows: readonly ReproductionRow[],
): ReportSection {
  const seeds = Math.max(...rows.map((row) => row.runs.length));
  const steps = new Set(rows.flatMap((row) => row.runs.map(({ record }) => record.step)));
  const took = effort
    ? ` All ${rows.reduce((sum, row) => sum + row.runs.length, 0)} runs took ${effort.minutes.toFixed(0)} minutes, ${effort.jobs} side by side.`
    : '';
  return {
    id: 'method',
    title: 'How this was made',
    blocks: [
      {
        kind: 'text',
        paragraphs: [
          `Preset ${preset}, ${[...steps].join(' or ')} steps, ${seeds} seeds a row; every run was exported to ONNX and evaluated in onnxruntime on held-out observations.${took}`,
          `Command: ${command}`,
        ],
      },
    ],
  };
}
