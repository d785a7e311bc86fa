// The text of claims that were judged, and of the runs that they were judged by, as Markdown: what is printed can be put into
// a page.
import { formatNumber } from '../../src/report/number.ts';
import { claimsHeadline } from '../../src/report/reproduction/claim/answer.ts';
import type { ClaimMeasure, ClaimsFile, ClaimTest } from '../../src/report/reproduction/claim/claims-file.ts';
import type { JudgedClaim, JudgedTest } from '../../src/report/reproduction/claim/judge.ts';
import { type ClaimRun, valueAt } from '../../src/report/reproduction/claim/results.ts';

export function renderClaims(claims: ClaimsFile, judged: readonly JudgedClaim[], runs: readonly ClaimRun[]): string {
  const lines = [`${claimsHeadline(judged.map(({ claim, answer }) => ({ of: claim.of, answer })))}.`, ''];
  lines.push('| claim | of | answer | by |', '| --- | --- | --- | --- |');
  for (const { claim, answer, tests } of judged)
    lines.push(`| ${claim.statement.trim()} | ${claim.of} | **${answer}** | ${describeTests(tests)} |`);
  const changes = judged.flatMap(({ claim }) => claim.changes.map((change) => ({ ...change, id: claim.id })));
  if (changes.length > 0) {
    lines.push('', 'Changed:');
    for (const { id, version, what, why } of changes)
      lines.push(`- \`${id}\`, version ${version}: ${what.trim()} ${why.trim()}`);
  }
  for (const [title, measure] of courses)
    if (isMeasured(runs, measure)) lines.push('', `${title}:`, '', ...courseTable(claims, runs, measure));
  lines.push('', 'At the end:', '', ...endTable(claims, runs, ends));
  const readouts = readoutsOf(runs);
  if (readouts.length > 0)
    lines.push(
      '',
      'What a linear probe reads of each factor under noise of 0.1 of the latent scale, accuracy over chance (0 guessing, 1 all):',
      '',
      ...endTable(claims, runs, readouts),
    );
  return `${lines.join('\n')}\n`;
}

const courses: readonly Column[] = [
  [
    'Centroid distance within the groups over that between them: median over the seeds (smallest to largest)',
    'groupRatio',
  ],
  [
    'Adjusted Rand index of the best partition of the centroids: median over the seeds (smallest to largest)',
    'groupAgreement',
  ],
  ['Nearest-centroid accuracy: median over the seeds (smallest to largest)', 'accuracy'],
];

type Column = readonly [title: string, measure: ClaimMeasure];

const ends: readonly Column[] = [
  ['centroid gap ratio', 'centroidGapRatio'],
  ['organisation', 'organisation'],
  ['within / between', 'withinOverBetween'],
  ['times the untrained distance', 'relativeSpread'],
  ['position R²', 'position'],
  ['before training', 'untrainedPosition'],
];

/** More tests than this are counted, and only the one nearest to the claim is shown. */
const LISTED_TESTS = 4;

function describeTests(tests: readonly JudgedTest[]): string {
  if (tests.length <= LISTED_TESTS) return tests.map(describeTest).join('; ');
  const nearest = tests.reduce((best, test) => (test.estimate > best.estimate ? test : best));
  const count = (answer: JudgedTest['answer']) => tests.filter((test) => test.answer === answer).length;
  return `${tests.length} tests: ${count('reproduces')} reproduce, ${count('does not')} do not, ${count('undecided')} undecided; the largest share: ${describeTest(nearest)}`;
}

function describeTest(judged: JudgedTest): string {
  const { test, answer, seeds, estimate, interval, p } = judged;
  const at = test.step === undefined ? '' : ` at step ${test.step}`;
  const range = `${formatNumber(interval[0])} to ${formatNumber(interval[1])}`;
  if (test.kind === 'share')
    return `${test.arm}${at}: ${Math.round((estimate || 0) * seeds[0])} of ${seeds[0]} seeds (share ${range}): ${answer}`;
  return `${measureOf(test)}${at}, ${test.arm} - ${test.than}: ${Number.isNaN(estimate) ? 'no seeds' : formatNumber(estimate)} (${range}; ${seeds.join(' and ')} seeds; p ${p === undefined ? 'none' : formatNumber(p)}): ${answer}`;
}

function measureOf(test: Extract<ClaimTest, { kind: 'ranks' }>): string {
  return test.thanMeasure === undefined || test.thanMeasure === test.measure
    ? test.measure
    : `${test.measure} - ${test.thanMeasure}`;
}

function courseTable(claims: ClaimsFile, runs: readonly ClaimRun[], measure: ClaimMeasure): string[] {
  const { steps } = claims;
  return [
    `| arm | seeds | ${steps.join(' | ')} |`,
    `| --- | --- |${steps.map(() => ' --- |').join('')}`,
    ...armsWithRuns(claims, runs).map(
      ([arm, own]) => `| ${arm} | ${own.length} | ${steps.map((step) => spread(own, step, measure)).join(' | ')} |`,
    ),
  ];
}

function endTable(claims: ClaimsFile, runs: readonly ClaimRun[], columns: readonly Column[]): string[] {
  const last = claims.steps[claims.steps.length - 1];
  const shown = columns.filter(([, measure]) => isMeasured(runs, measure));
  return [
    `| arm | ${shown.map(([title]) => title).join(' | ')} |`,
    `| --- |${shown.map(() => ' --- |').join('')}`,
    ...armsWithRuns(claims, runs).map(
      ([arm, own]) => `| ${arm} | ${shown.map(([, measure]) => spread(own, last, measure)).join(' | ')} |`,
    ),
  ];
}

function isMeasured(runs: readonly ClaimRun[], measure: ClaimMeasure): boolean {
  return runs.some(({ at }) => Object.values(at).some((measures) => typeof measures[measure] === 'number'));
}

/** Of each factor that was read. */
function readoutsOf(runs: readonly ClaimRun[]): Column[] {
  const names = new Set(runs.flatMap(({ at }) => Object.values(at).flatMap((measures) => Object.keys(measures))));
  return [...names].flatMap((name): Column[] =>
    name.startsWith('readout/') ? [[name.slice('readout/'.length), `readout/${name.slice('readout/'.length)}`]] : [],
  );
}

function armsWithRuns({ order, seeds }: ClaimsFile, runs: readonly ClaimRun[]): [string, ClaimRun[]][] {
  return order
    .flat()
    .map((arm): [string, ClaimRun[]] => [
      arm,
      runs.filter((run) => run.arm === arm && seeds.judging.includes(run.seed)),
    ])
    .filter(([, own]) => own.length > 0);
}

function spread(runs: readonly ClaimRun[], step: number, measure: ClaimMeasure): string {
  const values = runs
    .map((run) => valueAt(run, step, measure))
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  if (values.length === 0) return '–';
  const middle = (values.length - 1) / 2;
  const median = (values[Math.floor(middle)] + values[Math.ceil(middle)]) / 2;
  return `${short(median)} (${short(values[0])} to ${short(values[values.length - 1])})`;
}

const short = (value: number) =>
  Math.abs(value) >= 10 ? value.toFixed(0) : value.toFixed(3).replace(/^(-?)0\./, '$1.');
