// What the results say of each claim: that it reproduces, that it does not, or that so many seeds cannot tell.
import { type Interval, shareInterval } from '../../../measures/interval.ts';
import { rankTest } from '../../../measures/rank-test.ts';
import type { ClaimAnswer } from './answer.ts';
import type { ClaimCondition, ClaimDefinition, ClaimsFile, ClaimTest } from './claims-file.ts';
import { type ClaimRun, valueAt } from './results.ts';

export interface JudgedTest {
  readonly test: ClaimTest;
  readonly answer: ClaimAnswer;
  /** Seeds that were judged: of `arm`, and of `than`. */
  readonly seeds: readonly number[];
  /** Of a share of seeds, or of a shift of the measure. */
  readonly estimate: number;
  readonly interval: Interval;
  /** Of the rank tests, towards the claim. */
  readonly p?: number;
}

export interface JudgedClaim {
  readonly claim: ClaimDefinition;
  readonly answer: ClaimAnswer;
  readonly tests: readonly JudgedTest[];
}

export function judgeClaimsFile(claims: ClaimsFile, runs: readonly ClaimRun[]): JudgedClaim[] {
  const ofJudging = runs.filter(({ seed }) => claims.seeds.judging.includes(seed));
  return claims.claims.map((claim) => {
    const tests = claim.tests.map((test) => judgeTest(test, claim, claims, ofJudging));
    return { claim, answer: combined(tests, claim.combine), tests };
  });
}

/** Both answers of a claim of several tests are at the claim's miss chance: each test has its part of it. */
function combined(tests: readonly JudgedTest[], combine: ClaimDefinition['combine']): ClaimAnswer {
  const [one, every]: ClaimAnswer[] = combine === 'all' ? ['does not', 'reproduces'] : ['reproduces', 'does not'];
  if (tests.some(({ answer }) => answer === one)) return one;
  return tests.every(({ answer }) => answer === every) ? every : 'undecided';
}

function judgeTest(
  test: ClaimTest,
  { tests }: ClaimDefinition,
  claims: ClaimsFile,
  runs: readonly ClaimRun[],
): JudgedTest {
  const step = test.step ?? claims.steps[claims.steps.length - 1];
  const of = (arm: string) => runs.filter((run) => run.arm === arm);
  const chance = claims.alpha / tests.length;
  if (test.kind === 'share') {
    const judged = of(test.arm);
    const right = judged.filter((run) =>
      test.conditions.every((each) => isMet(each, valueAt(run, step, each.measure))),
    ).length;
    const interval: Interval =
      judged.length === 0 ? [0, 1] : shareInterval(right, judged.length, comparisonsOf(chance));
    const answer = interval[0] > 0.5 ? 'reproduces' : interval[1] < 0.5 ? 'does not' : 'undecided';
    return { test, answer, seeds: [judged.length], estimate: right / judged.length, interval };
  }
  const values = (arm: string, measure = test.measure) =>
    of(arm)
      .map((run) => valueAt(run, step, measure))
      .filter((value) => !Number.isNaN(value));
  const [first, second] = [values(test.arm), values(test.than, test.thanMeasure)];
  const seeds = [first.length, second.length];
  if (first.length === 0 || second.length === 0)
    return {
      test,
      answer: 'undecided',
      seeds,
      estimate: Number.NaN,
      interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    };
  const { pLess, pGreater, shift, interval } = rankTest(first, second, chance);
  const answer = pLess <= chance / 2 ? 'reproduces' : pGreater <= chance / 2 ? 'does not' : 'undecided';
  return { test, answer, seeds, estimate: shift, interval, p: pLess };
}

/** shareInterval counts comparisons at 5% together. */
const comparisonsOf = (chance: number) => 0.05 / chance;

/** Whatever is not a number meets nothing. */
function isMet({ atLeast, atMost, above, below }: ClaimCondition, value: number): boolean {
  return (
    !Number.isNaN(value) &&
    (atLeast === undefined || value >= atLeast) &&
    (atMost === undefined || value <= atMost) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below)
  );
}
