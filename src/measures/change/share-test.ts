// Whether a share of observations has fallen: exact tests, one-sided, of the same observations before and now (paired), or of two
// samples. Both are conservative: where nothing has changed, p is at most `level` with a chance of at most `level`.
import { effectiveCount, type Interval, shareInterval } from '../interval.ts';

/** One observation of a kind: whether it was right, and the episode that it is of. */
export interface Outcomes {
  /** [n] */
  readonly isRight: readonly boolean[];
  /** [n], where they are frames of recorded episodes: those of one are not independent. */
  readonly episodes?: readonly number[] | undefined;
}

export interface ShareChange {
  readonly before: number;
  readonly now: number;
  /** 95%, exact (Clopper and Pearson), each by itself; episodes count as many observations as they are worth. */
  readonly beforeInterval: Interval;
  readonly nowInterval: Interval;
  /** Observations that were right and are wrong, and the other way round; null where they are not the same. */
  readonly lost: number | null;
  readonly won: number | null;
  /** Chance of such a fall or a deeper one, if nothing has changed. */
  readonly p: number;
}

/**
 * The same observations before and now. If nothing has changed, an observation that is right in one of the two is so in either
 * with equal chance: the exact sign test (McNemar, Psychometrika 12, 1947), with whole episodes changing sides together.
 */
export function pairedShareChange(before: Outcomes, now: Outcomes): ShareChange {
  const { isRight: was, episodes } = before;
  const is = now.isRight;
  let [lost, won] = [0, 0];
  const sums = new Map<number, number>();
  was.forEach((right, n) => {
    const difference = Number(is[n]) - Number(right);
    if (difference < 0) lost++;
    else if (difference > 0) won++;
    const unit = episodes ? episodes[n] : n;
    if (difference !== 0) sums.set(unit, (sums.get(unit) ?? 0) + difference);
  });
  return { ...sharesOf(before, now), lost, won, p: signFlipTail([...sums.values()]) };
}

/** Other observations than before: Fisher's exact test (1922), with as many observations as the episodes are worth. */
export function twoSampleShareChange(before: Outcomes, now: Outcomes): ShareChange {
  const [old, recent] = [countOf(before), countOf(now)];
  return {
    ...sharesOf(before, now),
    lost: null,
    won: null,
    p: hypergeometricTail(recent.right, {
      drawn: recent.count,
      right: old.right + recent.right,
      all: old.count + recent.count,
    }),
  };
}

function sharesOf(before: Outcomes, now: Outcomes) {
  const [old, recent] = [before, now].map((outcomes) => {
    const share = shareOf(outcomes.isRight);
    const count = worthOf(outcomes);
    return { share, interval: shareInterval(share * count, count) };
  });
  return { before: old.share, now: recent.share, beforeInterval: old.interval, nowInterval: recent.interval };
}

function shareOf(isRight: readonly boolean[]): number {
  return isRight.filter(Boolean).length / isRight.length;
}

/** How many independent observations they are worth. */
export function worthOf({ isRight, episodes }: Outcomes): number {
  return episodes === undefined ? isRight.length : effectiveCount(isRight, episodes);
}

/** Whole numbers, so that an exact test can count them; rounded down, so that it claims no more than there is. */
function countOf(outcomes: Outcomes): { readonly right: number; readonly count: number } {
  const count = Math.max(1, Math.floor(worthOf(outcomes)));
  return { right: Math.round(shareOf(outcomes.isRight) * count), count };
}

/**
 * P(sum of the differences with random signs <= their sum), exactly: the distribution of the sum, difference by difference.
 * @param differences whole numbers; of single observations -1 and 1, where it is the binomial tail
 */
export function signFlipTail(differences: readonly number[]): number {
  const sizes = differences.map(Math.abs).filter((size) => size > 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const observed = differences.reduce((sum, difference) => sum + difference, 0);
  // chance[s]: of the positive ones having the sum s; their sum decides the whole.
  const chance = new Float64Array(total + 1);
  chance[0] = 1;
  let reached = 0;
  for (const size of sizes) {
    reached += size;
    for (let sum = reached; sum >= 0; sum--) chance[sum] = (chance[sum] + (sum >= size ? chance[sum - size] : 0)) / 2;
  }
  const most = (observed + total) / 2;
  let tail = 0;
  for (let sum = 0; sum <= most; sum++) tail += chance[sum];
  return Math.min(1, tail);
}

/** P(at most `right` of `drawn` are right), where `right` of `all` are and any of them is drawn with equal chance. */
export function hypergeometricTail(
  atMost: number,
  { drawn, right, all }: { readonly drawn: number; readonly right: number; readonly all: number },
): number {
  const least = Math.max(0, drawn - (all - right));
  let tail = 0;
  for (let k = least; k <= atMost; k++)
    tail += Math.exp(logChoose(right, k) + logChoose(all - right, drawn - k) - logChoose(all, drawn));
  return Math.min(1, tail);
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const logFactorials: number[] = [0];

function logFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k++) logFactorials.push(logFactorials[k - 1] + Math.log(k));
  return logFactorials[n];
}

/**
 * Holm's correction (Scandinavian Journal of Statistics 6, 1979): what is at most `level` after it is wrong anywhere with a
 * chance of at most `level`, however the tests depend on each other.
 */
export function holmAdjusted(p: readonly number[]): number[] {
  const order = Array.from(p.keys()).sort((a, b) => p[a] - p[b]);
  const adjusted = p.map(() => 1);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (p.length - rank) * p[index]));
    adjusted[index] = least;
  });
  return adjusted;
}
