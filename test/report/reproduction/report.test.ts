import { describe, expect, test } from 'vitest';
import type { EvaluationRecord, RuntimeRecord } from '../../../src/evaluation/schema/evaluation.ts';
import { readReportPage, renderReport } from '../../../src/report/page.ts';
import { reportSchema } from '../../../src/report/report.ts';
import { claimsHeadline } from '../../../src/report/reproduction/claim/answer.ts';
import { reproductionReport } from '../../../src/report/reproduction/report.ts';
import {
  judgeClaims,
  type ReproductionRow,
  type ReproductionRun,
  spreadOf,
} from '../../../src/report/reproduction/reproduction.ts';
import { fixtureReport } from '../report-fixture.ts';

interface Found {
  readonly verdict?: RuntimeRecord['verdict'];
  readonly accuracy: number;
  readonly ratio?: number;
  readonly within?: number;
}

/** Only what the report reads of a record. */
function run(
  { verdict = 'distinct', accuracy, ratio = 1.5, within = 0.5 }: Found,
  more: Partial<EvaluationRecord> = {},
): ReproductionRun {
  const runtime = {
    verdict,
    nearestCentroidAccuracy: accuracy,
    centroidGapRatio: ratio,
    centroidGapRatioPair: ['7', '8'],
    gapRatio: null,
    silhouette: 0.5,
    meanDistance: 7,
    meanDistanceWithin: within,
    meanDistanceBetween: 8,
    relativeSpread: 0.9,
    effectiveRank: 5,
    rankMe: 6,
    dynamicsResidual: 0.007,
    auxiliaryResiduals: [{ name: 'reward', loss: 'cross-entropy', residual: 1e-4 }],
  } as unknown as RuntimeRecord;
  const record = { run: 'a', step: 1600, runtimes: [runtime], ...more } as unknown as EvaluationRecord;
  const measures = [0, 100].map((step) => ({ step, accuracy: (accuracy * step) / 100 }));
  return { seed: 100, record, report: fixtureReport, measures };
}

function row(
  id: string,
  runs: readonly ReproductionRun[],
  group: ReproductionRow['group'] = 'figure',
): ReproductionRow {
  return { id, group, name: `row ${id}`, expectation: 'nine <clusters>', runs };
}

const context = { environment: 'counting', preset: 'small', generator: 'test', command: 'jepa reproduce counting' };

describe('claims', () => {
  const six = <Value>(value: Value): Value[] => Array.from({ length: 6 }, () => value);
  const good = [
    row('joint', six(run({ accuracy: 0.98 }))),
    row('dynamics-only', six(run({ accuracy: 0.2, verdict: 'collapsed' }))),
    row('random-projection', six(run({ accuracy: 0.3, verdict: 'coarse' }))),
    row('reward-only', six(run({ accuracy: 0.33, within: 0.8 }))),
    row('hard', [run({ accuracy: 0.56 })], 'hard'),
    row('hard-rollouts', six(run({ accuracy: 0.97 })), 'hard'),
  ];

  test('reproduce where six seeds bear them out, four of the paper and two of ours', () => {
    const claims = judgeClaims(good);
    expect(claims.map(({ answer }) => answer)).toEqual(six('reproduces'));
    expect(claims.map(({ of }) => of)).toEqual(['paper', 'paper', 'paper', 'paper', 'ours', 'ours']);
    expect(claims[0].interval?.[0]).toBeCloseTo(0.025 ** (1 / 6), 6);
  });

  test.each<[string, number, ReproductionRow]>([
    ['of the joint row accuracy is missed', 0, row('joint', six(run({ accuracy: 0.969 })))],
    ['the joint row has touching classes', 0, row('joint', six(run({ accuracy: 1, ratio: 1 })))],
    ['dynamics alone do not collapse', 1, row('dynamics-only', six(run({ accuracy: 0.2 })))],
    ['a random projection is organised by count', 2, row('random-projection', six(run({ accuracy: 0.5 })))],
    [
      'a random projection has collapsed',
      2,
      row('random-projection', six(run({ accuracy: 0.2, verdict: 'collapsed' }))),
    ],
    ['the reward alone tells the counts apart', 3, row('reward-only', six(run({ accuracy: 0.95, within: 0.8 })))],
    ['the reward alone leaves less beside the count', 4, row('reward-only', six(run({ accuracy: 0.3, within: 0.2 })))],
    ['rollouts miss the mark', 5, row('hard-rollouts', six(run({ accuracy: 0.94 })), 'hard')],
  ])('where on every seed %s, exactly that claim does not', (_, failing, broken) => {
    const claims = judgeClaims(good.map((each) => (each.id === broken.id ? broken : each)));
    expect(claims.flatMap(({ answer }, at) => (answer === 'does not' ? [at] : []))).toEqual([failing]);
    expect(claims.filter(({ answer }) => answer === 'reproduces')).toHaveLength(5);
  });

  test('three seeds, or six that disagree, decide nothing', () => {
    const three = good.map((each) => ({ ...each, runs: each.runs.slice(0, 3) }));
    expect(judgeClaims(three).map(({ answer }) => answer)).toEqual(six('undecided'));
    const mixed = row('joint', [...six(run({ accuracy: 0.98 })).slice(1), run({ accuracy: 0.9 })]);
    expect(judgeClaims([mixed])).toMatchObject([{ answer: 'undecided' }]);
  });

  test('are only made about rows that were run', () => {
    expect(judgeClaims([good[0], row('dynamics-only', [])]).map(({ claim }) => claim.split(':')[0])).toEqual([
      'row joint',
    ]);
  });

  test('say what they said before, where that was something else', () => {
    const changes = judgeClaims(good).map(({ change }) => change);
    expect(changes[0]).toBeUndefined();
    expect(changes[3]).toContain(
      'centroid gap ratio, which its runs failed (1.39, 1.43, 1.66 against 1.60, 1.45, 1.81)',
    );
    expect(JSON.stringify(reproductionReport(good, context).sections[0])).toContain('which its runs failed');
  });
});

describe('headline', () => {
  test.each([
    [[['paper', 'reproduces']], "1 of the paper's 1 claims reproduce"],
    [
      [
        ['paper', 'reproduces'],
        ['paper', 'does not'],
        ['paper', 'undecided'],
        ['ours', 'undecided'],
      ],
      "1 of the paper's 3 claims reproduce, 1 does not, 1 undecided; of our own 0 of 1 hold, 1 undecided",
    ],
    [[['ours', 'reproduces']], 'of our own 1 of 1 hold'],
  ] as const)('of %j', (claims, headline) => {
    expect(claimsHeadline(claims.map(([of, answer]) => ({ of, answer })))).toBe(headline);
  });
});

describe('reproduction report', () => {
  test('shows mean and half the range over seeds, and how often each verdict came', () => {
    const runs = [run({ accuracy: 0.98 }), run({ accuracy: 0.9, verdict: 'coarse' }), run({ accuracy: 1 })];
    const report = reproductionReport([row('joint', runs)], context);
    expect(report.answer.sentences).toEqual(['row joint: distinct 2, coarse 1; accuracy 0.960 ± 0.050.']);
    expect(report.answer.headline).toBe("0 of the paper's 1 claims reproduce, 1 undecided");
    expect(report.answer.tone).toBe('fair');
  });

  test('curves are means over the seeds that were measured at a step', () => {
    const report = reproductionReport([row('joint', [run({ accuracy: 1 }), run({ accuracy: 0.5 })])], context);
    const [lines] = report.sections.find(({ id }) => id === 'curves')?.blocks ?? [];
    expect(lines).toMatchObject({
      kind: 'lines',
      series: [
        {
          name: 'row joint',
          points: [
            [0, 0],
            [100, 0.75],
          ],
        },
      ],
    });
  });

  test('what probes read is the better probe of the first seed, beside the encoder before training', () => {
    const probes = (linear: number, mlp: number) => ({
      observations: 1,
      testObservations: 1,
      results: (['trained', 'untrained'] as const).flatMap((encoder) =>
        (['linear', 'mlp'] as const).map((probe) => ({
          target: 'position',
          of: 'nuisance' as const,
          measure: 'r2' as const,
          chance: 0,
          probe,
          encoder,
          scores: [0, 0.1].map((noise) => ({
            noise,
            score: (encoder === 'trained' ? (probe === 'mlp' ? mlp : linear) : 0.4) - noise,
            shuffledScore: 0,
          })),
        })),
      ),
    });
    const runs = [
      run({ accuracy: 1 }, { probes: probes(0.2, 0.6) }),
      run({ accuracy: 1 }, { probes: probes(0.8, 0.1) }),
    ];
    const report = reproductionReport([row('joint', runs)], context);
    const tables = report.sections.find(({ id }) => id === 'kept')?.blocks.filter(({ kind }) => kind === 'table');
    expect(tables).toMatchObject([
      {
        rows: [
          ['row joint', '0.60'],
          ['before training', '0.40'],
        ],
      },
      {
        rows: [
          ['row joint', '0.50'],
          ['before training', '0.30'],
        ],
      },
    ]);
  });

  test('the hard case shows the nearest witness of its first row up to its steps, and no other', () => {
    const table = (caption: string) => ({ kind: 'table' as const, caption, columns: [], rows: [] });
    const text = { kind: 'text' as const, paragraphs: ['scale'] };
    const blocks = [text, table('steps of the nearest'), text, table('steps of another')];
    const witnesses = { id: 'witnesses', title: 'Witnesses', finding: '7 and 8 meet', blocks };
    const hard = run({ accuracy: 0.56 });
    const report = { ...hard.report, sections: [witnesses] };
    const rows = [row('hard', [{ ...hard, report }], 'hard'), row('hard-rollouts', [hard], 'hard')];
    const section = reproductionReport(rows, context).sections.find(({ id }) => id === 'hard');
    expect(section?.blocks.slice(2)).toEqual([
      { kind: 'text', paragraphs: ['A witness: row hard, seed 0. 7 and 8 meet'] },
      text,
      table('steps of the nearest'),
    ]);
  });

  test('says what differs from the paper where the reward alone tells the counts apart, and only there', () => {
    const textOf = (accuracy: number) =>
      JSON.stringify(reproductionReport([row('reward-only', [run({ accuracy })])], context).sections[0]);
    expect(textOf(0.95)).toContain('Different from the paper');
    expect(textOf(0.33)).not.toContain('Different from the paper');
  });

  test('is a report by the schema, and a page that escapes what it shows and gives its data back', async () => {
    const rows = [row('joint', [run({ accuracy: 1 })]), row('hard', [run({ accuracy: 0.5 })], 'hard')];
    const report = reproductionReport(rows, context);
    expect(reportSchema.parse(report)).toEqual(report);
    const page = await renderReport(report);
    expect(page).toContain('nine &#60;clusters&#62;');
    expect(page).not.toContain('nine <clusters>');
    expect(readReportPage(page)).toEqual(report);
    expect(readReportPage('<html></html>')).toBeUndefined();
  });
});

test('half the range has as many digits as the mean', () => {
  expect(spreadOf([0.91, 1.01, 0.96])).toBe('0.960 ± 0.050');
});
