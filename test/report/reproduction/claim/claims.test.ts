// Claims files, their results, and what is judged by them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configurationOf, readClaimRuns } from '../../../../pipeline/reproduce/claims-run.ts';
import { type ClaimsFile, parseClaims } from '../../../../src/report/reproduction/claim/claims-file.ts';
import { judgeClaimsFile } from '../../../../src/report/reproduction/claim/judge.ts';
import { type ClaimRun, readResults, writeResults } from '../../../../src/report/reproduction/claim/results.ts';

const small = {
  format: 'jepa-claims-1',
  version: 2,
  title: 'a trial',
  environment: 'counting',
  preset: 'small',
  seeds: { tuning: [0], judging: [10, 11, 12, 13, 14, 15] },
  steps: [5, 10],
  observations: 64,
  groups: [[0], [1]],
  alpha: 0.05,
  arms: { a: { name: 'A', auxiliary: [] }, b: { name: 'B', auxiliary: [{ kind: 'reward' }] } },
  order: [['a', 'b']],
  claims: [
    {
      id: 'share',
      of: 'paper',
      statement: 'Most are right.',
      tests: [{ kind: 'share', arm: 'a', conditions: [{ measure: 'accuracy', atLeast: 0.9 }] }],
    },
    {
      id: 'ranks',
      of: 'ours',
      statement: 'A is tighter than B.',
      tests: [{ kind: 'ranks', measure: 'groupRatio', arm: 'a', than: 'b' }],
    },
  ],
};

const claimsOf = (change: object = {}): ClaimsFile => {
  const value = { ...small, ...change };
  return parseClaims('claims x.yaml', value, JSON.stringify(value));
};

const run = (arm: string, seed: number, accuracy: number, groupRatio: number | null): ClaimRun => ({
  arm,
  seed,
  at: { '10': { accuracy, groupRatio } },
  seconds: 1,
  by: { threads: 1 },
});

const readOf = (environment: string, measure: string) => ({
  environment,
  claims: [
    {
      id: 'read',
      of: 'ours',
      statement: 's',
      tests: [{ kind: 'share', arm: 'a', conditions: [{ measure, atLeast: 0 }] }],
    },
  ],
});

const answers = (runs: readonly ClaimRun[], claims = claimsOf()) =>
  judgeClaimsFile(claims, runs).map(({ answer }) => answer);

describe('judging', () => {
  const seeds = small.seeds.judging;

  test('six seeds of six decide a share, and a complete order decides ranks', () => {
    const runs = seeds.flatMap((seed, i) => [run('a', seed, 0.95, i), run('b', seed, 0.1, 10 + i)]);
    expect(answers(runs)).toEqual(['reproduces', 'reproduces']);
  });

  test('what goes the other way does not reproduce', () => {
    const runs = seeds.flatMap((seed, i) => [run('a', seed, 0.1, 10 + i), run('b', seed, 0.1, i)]);
    expect(answers(runs)).toEqual(['does not', 'does not']);
  });

  test('three seeds decide nothing, however clear they are', () => {
    const runs = seeds.slice(0, 3).flatMap((seed, i) => [run('a', seed, 0.95, i), run('b', seed, 0.1, 10 + i)]);
    expect(answers(runs)).toEqual(['undecided', 'undecided']);
  });

  test('runs of tuning seeds are not judged', () => {
    const runs = [0, 0, 0, 0, 0, 0, 0].map((seed) => run('a', seed, 0.95, 1));
    const [share] = judgeClaimsFile(claimsOf(), runs);
    expect(share).toMatchObject({ answer: 'undecided', tests: [{ seeds: [0], interval: [0, 1] }] });
  });

  test('a run that diverged meets no condition, and has no rank', () => {
    const runs = seeds.flatMap((seed, i) => [run('a', seed, i < 5 ? 0.95 : Number.NaN, null), run('b', seed, 0, i)]);
    const [share, ranks] = judgeClaimsFile(claimsOf(), runs);
    expect(share.tests[0]).toMatchObject({ estimate: 5 / 6, answer: 'undecided' });
    expect(ranks.tests[0]).toMatchObject({ seeds: [0, 6], answer: 'undecided' });
  });

  test('`any` reproduces by one of its tests, each of which has its part of the miss chance', () => {
    const [{ tests }] = small.claims;
    const any = (count: number) =>
      claimsOf({
        claims: [{ ...small.claims[0], combine: 'any', tests: [...tests, { ...tests[0], arm: 'b' }].slice(0, count) }],
      });
    const runs = seeds.flatMap((seed) => [run('a', seed, 0.95, 1), run('b', seed, 0.1, 1)]);
    expect(answers(runs, any(1))).toEqual(['reproduces']);
    // 6 of 6 at 2.5%: the share is above .48 only.
    expect(answers(runs, any(2))).toEqual(['undecided']);
    const more = seeds.flatMap((seed) => [run('a', seed + 10, 0.95, 1), run('b', seed + 10, 0.1, 1)]);
    const all = { ...small.seeds, judging: [...seeds, ...seeds.map((seed) => seed + 10)] };
    expect(answers([...runs, ...more], { ...any(2), seeds: all })).toEqual(['reproduces']);
  });

  test('`all` fails by one of its tests', () => {
    const [{ tests }] = small.claims;
    const judging = [10, 11, 12, 13, 14, 15, 16, 17];
    const claims = claimsOf({
      seeds: { tuning: [0], judging },
      claims: [{ ...small.claims[0], tests: [...tests, { ...tests[0], arm: 'b' }] }],
    });
    const runs = judging.flatMap((seed) => [run('a', seed, 0.95, 1), run('b', seed, 0.1, 1)]);
    expect(answers(runs, claims)).toEqual(['does not']);
  });
});

describe('results', () => {
  test('are read as they were written', () => {
    const runs = [run('a', 10, 0.9, null), { ...run('b', 10, 0.5, 0.25), divergedAt: 7 }];
    expect(readResults('r.jsonl', writeResults(claimsOf(), runs), claimsOf())).toEqual(runs);
  });

  test('of another version, or of a file that was changed since, are refused', () => {
    const text = writeResults(claimsOf(), []);
    expect(() => readResults('r.jsonl', text, claimsOf({ version: 3 }))).toThrow(
      /^r\.jsonl: expected results of version 3 of the claims \([0-9a-f]{12}\), got those of version 2 /,
    );
    expect(() => readResults('r.jsonl', text, claimsOf({ alpha: 0.1 }))).toThrow(
      /^r\.jsonl: expected results of version 2 of the claims \([0-9a-f]{12}\), got those of version 2 /,
    );
  });

  test.each([
    ['{"step":1}\n', 'r.jsonl line 1: expected jepa-claim-results-1, got "{\\"step\\":1}"'],
    [`${writeResults(claimsOf(), [])}{"arm":\n`, 'r.jsonl line 2: expected the results of a run, got "{\\"arm\\":"'],
  ])('that are none are refused: %j', (text, message) => {
    expect(() => readResults('r.jsonl', text, claimsOf())).toThrow(message);
  });
});

describe('claims file', () => {
  test.each([
    [{ seeds: { tuning: [0, 11], judging: [10, 11] } }, 'expected seeds to judge that nothing was tuned on, got 11'],
    [{ seeds: { tuning: [], judging: [1, 1] } }, 'expected each judging seed once, got 1, 1'],
    [{ steps: [5, 5] }, 'expected rising steps, got 5, 5'],
    [{ order: [['a', 'c']] }, 'expected an arm (a, b), got "c"'],
    [{ order: [['a'], ['a']] }, 'expected each arm once in `order`, got "a" again'],
    [{ claims: [small.claims[0], small.claims[0]] }, 'expected each claim once, got "share" again'],
    [
      { claims: [{ ...small.claims[1], tests: [{ ...small.claims[1].tests[0], step: 7 }] }] },
      'expected a measured step (5, 10) in claim ranks, got 7',
    ],
    [
      { claims: [{ ...small.claims[0], tests: [{ kind: 'share', arm: 'a', conditions: [{ measure: 'accuracy' }] }] }] },
      'claims.0.tests.0.conditions.0: expected a bound: atLeast, atMost, above or below, got {"measure":"accuracy"}',
    ],
    [{ verdict: 1 }, 'expected a known key, got "verdict"'],
    [{ groups: undefined }, 'expected "groups" for groupRatio of claim ranks, got none'],
    [
      readOf('exogenous', 'readout/hamd'),
      'expected a factor of exogenous (class, hand, toy, signal, drift, floor) in claim read, got "readout/hamd"',
    ],
    [
      readOf('counting', 'readout/shape'),
      'expected a factor of counting (it has none) in claim read, got "readout/shape"',
    ],
    [
      readOf('exogenous', 'accurcy'),
      'claims.0.tests.0.conditions.0.measure: expected accuracy, centroidGapRatio, groupRatio, groupAgreement, withinOverBetween, organisation, relativeSpread, position, untrainedPosition, or readout/ or untrainedReadout/ and a factor of the state, got "accurcy"',
    ],
  ])('refuses %j', (change, message) => {
    expect(() => claimsOf(change)).toThrow(`claims x.yaml: ${message}`);
  });

  const committed = (name: string) => {
    const path = join(import.meta.dirname, '../../../../reproductions', name);
    const text = readFileSync(path, 'utf8');
    return parseClaims(path, parse(text, { merge: true }), text);
  };

  test('that of the counting figure is one: eight arms first, and no seed that was tuned on', () => {
    const claims = committed('counting.yaml');
    expect(claims.order[0]).toHaveLength(8);
    expect(claims.claims.filter(({ of }) => of === 'paper').map(({ id }) => id)).toEqual([
      'joint',
      'joint-forgets',
      'dynamics-only',
      'random-projection',
      'reward-only',
    ]);
  });

  test('that of the exogenous rows judges reward-free ones and labels of 0.1 to 100%, on seeds of its own', () => {
    const claims = committed('exogenous.yaml');
    const labels = claims.order.flat().map((arm) => {
      const { auxiliary, objective, environment } = configurationOf(claims, arm, 200, 1);
      const [reward] = auxiliary;
      return `${environment?.predictability} ${objective.dynamicsTarget} ${reward?.kind === 'reward' ? (reward.labels ?? 1) : 'none'}`;
    });
    expect(labels).toContain('0 stop-gradient none');
    for (const share of [0.001, 0.02, 1]) expect(labels).toContain(`0 both-sides ${share}`);
    for (const share of [0.001, 0.02, 1]) expect(labels).toContain(`0 moving-average ${share}`);
    expect(labels).toContain('1 moving-average 0.02');
  });

  test('that between predictability 0 and 1 has five of each objective, and its results are of it', () => {
    const claims = committed('predictability.yaml');
    const found = claims.order.flat().map((arm) => {
      const { environment, objective } = configurationOf(claims, arm, 300, 1);
      return `${objective.dynamicsTarget} ${objective.variance} ${environment?.predictability}`;
    });
    const steps = [0, 0.25, 0.5, 0.75, 1];
    expect(found).toEqual([
      ...steps.map((step) => `both-sides 10 ${step}`),
      ...steps.map((step) => `moving-average 0 ${step}`),
    ]);
    expect(readClaimRuns('reproductions/predictability/results.jsonl', claims)).toHaveLength(60);
  });

  test.each(['counting.yaml', 'counting-reference.yaml'])('every arm of %s is a configuration', (name) => {
    const claims = committed(name);
    for (const arm of claims.order.flat()) {
      const { optimization, seed } = configurationOf(claims, arm, claims.seeds.judging[0], 1);
      expect([optimization.steps, seed]).toEqual([1600, claims.seeds.judging[0]]);
    }
    const { environment, objective, auxiliary } = configurationOf(claims, 'reward-only', 1, 1);
    expect(objective.dynamics).toBe(0);
    if (name === 'counting-reference.yaml')
      expect([environment, objective.auxiliary, auxiliary]).toEqual([
        { name: 'counting', termination: true },
        2,
        [{ kind: 'reward', coefficient: 1, loss: 'two-hot' }],
      ]);
  });
});
