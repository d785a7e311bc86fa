// The intrinsic dimension by TwoNN (Facco et al., Scientific Reports 7, 12140, 2017): from the ratio of the distances of the
// second and the first neighbour only, so that it needs no scale and no parameter.

/** The largest ratios are left out, as in the paper: the tail feels the borders of the set. */
const DISCARDED_FRACTION = 0.1;

/**
 * The slope through the origin of -log(1 - F(mu)) over log(mu), mu = second / first distance.
 * @returns NaN where fewer than ten observations have two neighbours at positive, different distances
 */
export function twoNearestNeighbourDimension(nearest: Float64Array, second: Float64Array): number {
  const logarithms: number[] = [];
  for (let i = 0; i < nearest.length; i++)
    if (nearest[i] > 0 && Number.isFinite(second[i])) logarithms.push(Math.log(second[i] / nearest[i]));
  logarithms.sort((a, b) => a - b);
  const kept = Math.floor(logarithms.length * (1 - DISCARDED_FRACTION));
  if (kept < 10) return Number.NaN;
  let xy = 0;
  let xx = 0;
  for (let i = 0; i < kept; i++) {
    const y = -Math.log(1 - (i + 1) / logarithms.length);
    xy += logarithms[i] * y;
    xx += logarithms[i] ** 2;
  }
  return xx > 0 ? xy / xx : Number.NaN;
}
