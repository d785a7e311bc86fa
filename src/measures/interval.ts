// 95% intervals of shares: exact binomial ones (Clopper and Pearson, Biometrika 26, 1934), and by how much observations of one
// episode, which are not independent, count for less.

export type Interval = readonly [low: number, high: number];

/** The chance that an interval misses, over all of a family together. */
export const MISS_CHANCE = 0.05;

/** By comparisons, then by both counts in one number. */
const known = new Map<number, Map<number, Interval>>();

/**
 * Of `right` out of `count`, both not necessarily whole. `comparisons` intervals of one family miss with 5% together.
 */
export function shareInterval(right: number, count: number, comparisons = 1): Interval {
  let family = known.get(comparisons);
  if (family === undefined || family.size > 100_000) {
    family = new Map();
    known.set(comparisons, family);
  }
  const key = right * 2 ** 26 + count;
  const found = family.get(key);
  if (found !== undefined) return found;
  const tail = MISS_CHANCE / (2 * Math.max(1, comparisons));
  const low = right <= 0 ? 0 : bisect((p) => upperTail(right, count, p) > tail);
  const high = right >= count ? 1 : bisect((p) => 1 - upperTail(right + 1, count, p) < tail);
  const interval: Interval = [low, high];
  family.set(key, interval);
  return interval;
}

/**
 * The mean of independent values, such as one a seed, with Student's 95% interval for it. It supposes values that are about
 * normal; with fewer than two, or one that is not finite, there is no interval.
 */
export function meanInterval(values: readonly number[]): { readonly mean: number; readonly interval: Interval | null } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2 || !Number.isFinite(mean)) return { mean, interval: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = studentQuantile(count - 1) * Math.sqrt(variance / count);
  return { mean, interval: [mean - half, mean + half] };
}

/** t with P(|T| > t) = 5% of Student's distribution: P = I_{n / (n + t^2)}(n/2, 1/2) (DLMF 8.17, Abramowitz and Stegun 26.7.1). */
function studentQuantile(freedom: number): number {
  // The share falls as t grows; t is up to 12.71, of one degree of freedom.
  const x = bisect((p) => incompleteBeta(freedom / 2, 1 / 2, p) > MISS_CHANCE);
  return Math.sqrt((freedom * (1 - x)) / x);
}

/** The smallest p in 0..1 for which `isBeyond`, which is false below some p and true above it. */
function bisect(isBeyond: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (isBeyond(middle)) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** P(X >= right) of a binomial X, as the regularised incomplete beta function I_p(right, count - right + 1). */
function upperTail(right: number, count: number, p: number): number {
  return incompleteBeta(right, count - right + 1, p);
}

/** For 0 < x < 1, by the continued fraction of DLMF 8.17.22, evaluated from its front (Lentz). */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x) - Math.log(a),
  );
  const smallest = 1e-300;
  let c = 1;
  let d = 1 / orSmallest(1 - ((a + b) * x) / (a + 1), smallest);
  let fraction = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / orSmallest(1 + even * d, smallest);
    c = orSmallest(1 + even / c, smallest);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / orSmallest(1 + odd * d, smallest);
    c = orSmallest(1 + odd / c, smallest);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return front * fraction;
}

function orSmallest(value: number, smallest: number): number {
  return Math.abs(value) < smallest ? smallest : value;
}

/** Stirling's series from 10 up, and the recurrence below. */
function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < 10) {
    shift -= Math.log(y);
    y++;
  }
  const z = 1 / (y * y);
  return (
    shift +
    (y - 0.5) * Math.log(y) -
    y +
    0.5 * Math.log(2 * Math.PI) +
    (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z / 1680))) / y
  );
}

/**
 * How many independent observations as many of some episodes are worth: n over the ratio of the variance of their mean, found
 * between episodes, to what independent ones would have. It is what a bootstrap over episodes tends to. Where all are equal
 * there is no variance to find: then each episode counts as one.
 * @param isRight [n]
 * @param episodes [n]
 */
export function effectiveCount(isRight: readonly boolean[], episodes: readonly number[]): number {
  const count = isRight.length;
  const mean = isRight.filter(Boolean).length / count;
  const sums = new Map<number, number>();
  episodes.forEach((episode, n) => {
    sums.set(episode, (sums.get(episode) ?? 0) + ((isRight[n] ? 1 : 0) - mean));
  });
  if (mean === 0 || mean === 1 || sums.size < 2) return sums.size;
  let squares = 0;
  for (const sum of sums.values()) squares += sum * sum;
  const effect = (squares / count / (mean * (1 - mean))) * (sums.size / (sums.size - 1));
  return Math.max(1, Math.min(count, count / effect));
}

/**
 * How many times as many observations would decide whether a share is at least `threshold`, if it stays what it is.
 * @returns 1 where it is decided, infinity where it is too near
 */
export function factorToDecide(
  { right, count }: { readonly right: number; readonly count: number },
  threshold: number,
  comparisons: number,
): number {
  const isDecided = (factor: number) => {
    const [low, high] = shareInterval(right * factor, count * factor, comparisons);
    return low >= threshold || high < threshold;
  };
  if (isDecided(1)) return 1;
  let high = 2;
  while (!isDecided(high)) {
    high *= 2;
    if (high > 2 ** 14) return Number.POSITIVE_INFINITY;
  }
  let low = high / 2;
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2;
    if (isDecided(middle)) high = middle;
    else low = middle;
  }
  return high;
}
