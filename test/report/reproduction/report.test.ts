import { describe, expect, test } from 'vitest';
import type { EvaluationRecord, RuntimeRecord } from '../../../src/evaluation/schema/evaluation.ts';
import { readReportPage, renderReport } from '../../../src/report/page.ts';
import { reportSchema } from '../../../src/report/report.ts';
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
  return { record, report: fixtureReport, measures };
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
  const good = [
    row('joint', [run({ accuracy: 0.98 }), run({ accuracy: 0.99, ratio: 1.2 })]),
    row('dynamics-only', [run({ accuracy: 0.2, verdict: 'collapsed' })]),
    row('random-projection', [run({ accuracy: 0.3, verdict: 'coarse' })]),
    row('reward-only', [run({ accuracy: 0.95, within: 0.8 })]),
    row('hard', [run({ accuracy: 0.56 })], 'hard'),
    row('hard-rollouts', [run({ accuracy: 0.97 })], 'hard'),
  ];

  test('all hold where every seed bears them out', () => {
    expect(judgeClaims(good).map(({ holds }) => holds)).toEqual([true, true, true, true, true]);
  });

  test.each<[string, number[], ReproductionRow]>([
    [
      'one seed of the joint row misses accuracy',
      [0],
      row('joint', [run({ accuracy: 0.98 }), run({ accuracy: 0.969 })]),
    ],
    [
      'one seed of the joint row has touching classes',
      [0],
      row('joint', [run({ accuracy: 1 }), run({ accuracy: 1, ratio: 1 })]),
    ],
    ['one seed of dynamics only did not collapse', [1], row('dynamics-only', [run({ accuracy: 0.2 })])],
    ['a random projection is organised by count', [2], row('random-projection', [run({ accuracy: 0.5 })])],
    [
      'a seed of the reward alone is better than one of the joint row',
      [3],
      row('reward-only', [run({ accuracy: 1, within: 0.8 }), run({ accuracy: 1, within: 0.5 })]),
    ],
    ['a seed of the rollouts misses the mark', [4], row('hard-rollouts', [run({ accuracy: 0.94 })], 'hard')],
  ])('where %s, exactly the claims that rest on it fail', (_, failing, broken) => {
    const claims = judgeClaims(good.map((each) => (each.id === broken.id ? broken : each)));
    expect(claims.flatMap(({ holds }, at) => (holds ? [] : [at]))).toEqual(failing);
  });

  test('are only made about rows that were run', () => {
    expect(judgeClaims([good[0], row('dynamics-only', [])]).map(({ claim }) => claim.split(':')[0])).toEqual([
      'row joint',
    ]);
  });
});

describe('reproduction report', () => {
  test('shows mean and half the range over seeds, and how often each verdict came', () => {
    const runs = [run({ accuracy: 0.98 }), run({ accuracy: 0.9, verdict: 'coarse' }), run({ accuracy: 1 })];
    const report = reproductionReport([row('joint', runs)], context);
    expect(report.answer.sentences).toEqual(['row joint: distinct 2, coarse 1; accuracy 0.960 ± 0.050.']);
    expect(report.answer.headline).toBe('0 of 1 claims hold on every seed');
    expect(report.answer.tone).toBe('bad');
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
