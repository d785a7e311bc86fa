// The report of claims that were judged: what the runs say of each, and the figure: what is read of every factor by arm, or the groups
// of centroids on the way. A pure function of the claims file and its results.
import { left, right } from '../../column.ts';
import { formatNumber } from '../../number.ts';
import { type BlockOf, REPORT_FORMAT, type Report, type ReportBlock } from '../../report.ts';
import { rounded } from '../../sample.ts';
import { claimsHeadline } from './answer.ts';
import type { ClaimMeasure, ClaimsFile } from './claims-file.ts';
import type { JudgedClaim, JudgedTest } from './judge.ts';
import { type ClaimRun, valueAt } from './results.ts';

export interface ClaimsReportContext {
  /** Package and version. */
  readonly generator: string;
  /** What was typed. */
  readonly command: string;
}

const answerTones = { reproduces: 'good', 'does not': 'bad', undecided: 'fair' } as const;
const READOUT = 'readout/';

/** @throws nothing: arms without runs are left out, and without any run the report has claims alone */
export function claimsReport(
  claims: ClaimsFile,
  judged: readonly JudgedClaim[],
  runs: readonly ClaimRun[],
  { generator, command }: ClaimsReportContext,
): Report {
  const arms = armsOf(claims, runs);
  const factors = factorsOf(runs);
  const figures = factors.map((factor) => readoutFigure(claims, arms, factor));
  const course = courseFigures(claims, arms);
  const [picture, ...more]: ReportBlock[] = [...leading(figures, claims), ...course, claimTable(judged)];
  const headline = claimsHeadline(judged.map(({ claim, answer }) => ({ of: claim.of, answer })));
  const ofPaper = judged.filter(({ claim }) => claim.of === 'paper');
  return {
    format: REPORT_FORMAT,
    generator,
    title: `Claims judged on ${claims.environment}`,
    question: claims.title,
    answer: {
      tone: ofPaper.every(({ answer }) => answer === 'reproduces')
        ? 'good'
        : ofPaper.every(({ answer }) => answer === 'does not')
          ? 'bad'
          : 'fair',
      headline,
      sentences: ofPaper.map(
        ({ claim, answer }) =>
          `${claim.of === 'paper' ? 'The paper' : 'Ours'}: ${claim.statement.trim()} ${sentenceOf(answer)}`,
      ),
    },
    picture,
    sections: [
      {
        id: 'claims',
        title: 'Claims',
        finding:
          'Written before the runs. A share of seeds is held against a half by its exact interval, two arms by the exact Mann-Whitney test; a claim of several tests divides its chance of a miss among them.',
        blocks: [claimTable(judged)],
      },
      ...(more.length > 1 ? [{ id: 'figures', title: 'By arm', blocks: more.slice(0, -1) }] : []),
      {
        id: 'method',
        title: 'How this was made',
        blocks: [
          {
            kind: 'text',
            paragraphs: [
              `${runs.length} runs of ${claims.environment}, preset ${claims.preset}, ${claims.steps[claims.steps.length - 1]} steps, seeds ${claims.seeds.judging.join(', ')}; tuned on ${claims.seeds.tuning.join(', ') || 'none'}. Version ${claims.version} of the claims, SHA-256 ${claims.sha256}.`,
              `Command: ${command}`,
            ],
          },
        ],
      },
    ],
  };
}

const sentenceOf = (answer: JudgedClaim['answer']) =>
  answer === 'reproduces' ? 'So it is.' : answer === 'does not' ? 'It is not so.' : 'So many seeds cannot tell.';

/** The factor that the first claim speaks of, before the others. */
function leading(figures: readonly BlockOf<'intervals'>[], { claims }: ClaimsFile): BlockOf<'intervals'>[] {
  const [first] = claims[0].tests;
  const measure = first.kind === 'share' ? first.conditions[0].measure : first.measure;
  const title = titleOf(measure.slice(READOUT.length));
  return [...figures].sort((a, b) => Number(b.title === title) - Number(a.title === title));
}

interface Arm {
  readonly id: string;
  readonly name: string;
  readonly runs: readonly ClaimRun[];
}

function armsOf({ order, arms, seeds }: ClaimsFile, runs: readonly ClaimRun[]): Arm[] {
  return order
    .flat()
    .map((id) => ({
      id,
      name: arms[id].name,
      runs: runs.filter(({ arm, seed }) => arm === id && seeds.judging.includes(seed)),
    }))
    .filter((arm) => arm.runs.length > 0);
}

function factorsOf(runs: readonly ClaimRun[]): string[] {
  const names = new Set(runs.flatMap(({ at }) => Object.values(at).flatMap((measures) => Object.keys(measures))));
  return [...names].flatMap((name) => (name.startsWith(READOUT) ? [name.slice(READOUT.length)] : []));
}

const titleOf = (factor: string) => `What is read of ${factor}`;

function readoutFigure(claims: ClaimsFile, arms: readonly Arm[], factor: string): BlockOf<'intervals'> {
  const last = claims.steps[claims.steps.length - 1];
  return {
    kind: 'intervals',
    title: titleOf(factor),
    description: `By a linear probe under noise of 0.1 of the latent scale: median over the seeds, smallest to largest. 0 is guessing, 1 all; trained with a reward where it is coloured.`,
    x: 'accuracy (or R²) over chance',
    rows: arms.flatMap(({ id, runs }) => {
      const [middle, low, high] = spreadOf(runs, last, `${READOUT}${factor}`);
      const isRewarded = claims.arms[id].auxiliary.length > 0;
      return Number.isNaN(middle) ? [] : [{ name: id, value: middle, low, high, isHighlighted: isRewarded }];
    }),
  };
}

/** Measures of groups at every step; none where no groups were measured. */
function courseFigures({ steps, groups }: ClaimsFile, arms: readonly Arm[]): BlockOf<'lines'>[] {
  if (groups === undefined || steps.length < 2) return [];
  const figures: [ClaimMeasure, string][] = [
    ['groupRatio', 'Centroid distance within the groups over that between them'],
    ['accuracy', 'Nearest-centroid accuracy'],
  ];
  return figures.map(([measure, title]) => ({
    kind: 'lines',
    title,
    description: 'Median over the seeds.',
    x: { label: 'step', scale: 'log' },
    y: { label: measure === 'groupRatio' ? 'within / between' : 'accuracy', scale: 'linear' },
    series: arms.map(({ name, runs }) => ({
      name,
      points: steps.flatMap((step): [number, number][] => {
        const [middle] = spreadOf(runs, step, measure);
        return Number.isNaN(middle) ? [] : [[step, middle]];
      }),
    })),
  }));
}

/** Median, smallest and largest over the seeds; NaN where nothing was measured. */
function spreadOf(runs: readonly ClaimRun[], step: number, measure: ClaimMeasure): [number, number, number] {
  const values = runs
    .map((run) => valueAt(run, step, measure))
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  if (values.length === 0) return [Number.NaN, Number.NaN, Number.NaN];
  const middle = (values.length - 1) / 2;
  return [
    rounded((values[Math.floor(middle)] + values[Math.ceil(middle)]) / 2),
    rounded(values[0]),
    rounded(values[values.length - 1]),
  ];
}

function claimTable(judged: readonly JudgedClaim[]): BlockOf<'table'> {
  return {
    kind: 'table',
    caption: 'Claims',
    columns: [left('claim'), left('of'), left('answer'), right('seeds'), left('found, with its interval')],
    rows: judged.map(({ claim, answer, tests }) => [
      claim.statement.trim(),
      claim.of === 'paper' ? 'the paper' : 'ours',
      { text: answer, tone: answerTones[answer] },
      [...new Set(tests.map(({ seeds }) => seeds.join(' and ')))].join('; '),
      tests.length > 4 ? `${tests.length} tests` : tests.map(foundBy).join('; '),
    ]),
  };
}

function foundBy({ test, estimate, interval, seeds, p }: JudgedTest): string {
  const range = `${formatNumber(interval[0])} to ${formatNumber(interval[1])}`;
  if (Number.isNaN(estimate)) return 'no runs';
  return test.kind === 'share'
    ? `${Math.round(estimate * seeds[0])} of ${seeds[0]} (share ${range})`
    : `shift ${formatNumber(estimate)} (${range}), p ${p === undefined ? 'none' : formatNumber(p)}`;
}
