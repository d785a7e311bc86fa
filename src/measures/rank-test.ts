// Exact tests of two small samples by ranks (Mann and Whitney, Annals of Mathematical Statistics 18, 1947), ties included.
import { UsageError } from '../error.ts';
import type { Interval } from './interval.ts';

export interface RankTest {
  /** Chance of a rank sum as small as that of the first sample, or smaller, where both are of one distribution. */
  readonly pLess: number;
  readonly pGreater: number;
  /** The share of pairs in which the first is the smaller one; ties count half. */
  readonly shareLess: number;
  /** Median of all differences first - second (Hodges and Lehmann, Annals of Mathematical Statistics 34, 1963). */
  readonly shift: number;
  /** Of the shift, by the test's own distribution: those shifts that it does not reject. */
  readonly interval: Interval;
}

/** Samples beyond this size have too many sums of ranks to be counted at once; nobody trains so many seeds. */
const MAXIMAL_SIZE = 200;

/** @param missChance of the interval, both sides together */
export function rankTest(first: readonly number[], second: readonly number[], missChance = 0.05): RankTest {
  const [n, m] = [first.length, second.length];
  if (n < 1 || m < 1 || n + m > MAXIMAL_SIZE || ![...first, ...second].every((value) => !Number.isNaN(value)))
    throw new UsageError(
      `rank test: expected two samples of numbers, at most ${MAXIMAL_SIZE} together, got ${n} and ${m}`,
    );
  const ranks = doubledRanks([...first, ...second]);
  const own = ranks.slice(0, n).reduce((sum, rank) => sum + rank, 0);
  const distribution = sumDistribution(ranks, n);
  let pLess = 0;
  let pGreater = 0;
  distribution.forEach((share, sum) => {
    if (sum <= own) pLess += share;
    if (sum >= own) pGreater += share;
  });
  const differences = first.flatMap((a) => second.map((b) => a - b)).sort((a, b) => a - b);
  const less = differences.reduce((count, each) => count + (each < 0 ? 1 : each === 0 ? 0.5 : 0), 0);
  const middle = (differences.length - 1) / 2;
  return {
    pLess: Math.min(1, pLess),
    pGreater: Math.min(1, pGreater),
    shareLess: less / (n * m),
    shift: (differences[Math.floor(middle)] + differences[Math.ceil(middle)]) / 2,
    interval: shiftInterval(differences, n, m, missChance),
  };
}

/** Twice the rank of each value, ties at their mean: whole numbers. */
function doubledRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    let below = 0;
    let same = 0;
    for (const other of values) {
      if (other < value) below++;
      else if (other === value) same++;
    }
    return 2 * below + same + 1;
  });
}

/** [sum] -> the share of all subsets of `count` ranks that have this sum. */
function sumDistribution(ranks: readonly number[], count: number): Float64Array {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  // By size of the subset; shares of one another, so that no number of subsets is too large.
  const ways = Array.from({ length: count + 1 }, () => new Float64Array(total + 1));
  ways[0][0] = 1;
  ranks.forEach((rank, index) => {
    for (let size = Math.min(count, index + 1); size >= 1; size--)
      for (let sum = total; sum >= rank; sum--) ways[size][sum] += ways[size - 1][sum - rank];
  });
  const all = ways[count].reduce((sum, way) => sum + way, 0);
  return ways[count].map((way) => way / all);
}

/** Between two order statistics of the differences; unbounded where the samples are too small for so few misses. */
function shiftInterval(differences: readonly number[], n: number, m: number, missChance: number): Interval {
  const untied = sumDistribution(doubledRanks(Array.from({ length: n + m }, (_, index) => index)), n);
  const least = n * (n + 1);
  let tail = 0;
  let cut = 0;
  // Of the statistic U = 0, 1, 2, ...: the rank sum over its least.
  for (let u = 0; u <= n * m; u++) {
    tail += untied[least + 2 * u] ?? 0;
    if (tail > missChance / 2) break;
    cut = u + 1;
  }
  if (cut === 0) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [differences[cut - 1], differences[differences.length - cut]];
}
