// alpha-ReQ (Agrawal et al., NeurIPS 2022): the exponent of the power law by which the eigenvalues of the covariance fall.

export interface SpectrumSlope {
  /** alpha of l_k ~ k^-alpha; near 1 is what the paper finds to generalise best. Above: few directions hold all; below: noise. */
  readonly alpha: number;
  /** Ranks that the line was fitted over, the first being 1. */
  readonly from: number;
  readonly to: number;
  /** R^2 of the line: how well a power law describes them. */
  readonly fit: number;
}

/** Eigenvalues below this part of the largest are rounding. */
const LEAST_PART = 1e-10;
/** As in the paper, the first ten are left out where there are enough, and what lies beyond the fiftieth. */
const FIRST_RANK = 11;
const LAST_RANK = 50;
const LEAST_RANKS = 5;

/**
 * The least-squares line of log l_k over log k.
 * @param centredSingularValues falling; their squares are the eigenvalues up to a factor
 * @returns undefined where fewer than five eigenvalues are above rounding
 */
export function spectrumSlope(centredSingularValues: Float64Array): SpectrumSlope | undefined {
  const [largest] = centredSingularValues;
  const count = centredSingularValues.filter((value) => (value / largest) ** 2 > LEAST_PART).length;
  if (count < LEAST_RANKS) return undefined;
  const from = count >= FIRST_RANK + LEAST_RANKS ? FIRST_RANK : 1;
  const to = Math.min(count, LAST_RANK);
  const ranks = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const xs = ranks.map(Math.log);
  const ys = ranks.map((rank) => 2 * Math.log(centredSingularValues[rank - 1] / largest));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [xMean, yMean] = [mean(xs), mean(ys)];
  const xx = mean(xs.map((x) => (x - xMean) ** 2));
  const yy = mean(ys.map((y) => (y - yMean) ** 2));
  const xy = mean(xs.map((x, index) => x * (ys[index] - yMean)));
  return { alpha: -xy / xx, from, to, fit: yy > 0 ? (xy * xy) / (xx * yy) : 1 };
}
