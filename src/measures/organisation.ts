// Is each class one cluster? For two classes, how far their centres are apart over how far their members spread along the line
// that joins them: it does not depend on the latent size. The line is of other observations than those that are judged on it, so
// that it cannot be found in their noise.

import { randomFor } from '../random.ts';
import { type ClassPair, ratioOf } from './class-gap.ts';
import type { Interval } from './interval.ts';
import type { LabelledLatents } from './latents.ts';
import { squaredDistance } from './pair-distance.ts';
import { verdictThresholds } from './verdict.ts';

/** Multiplications that projections may take; beyond it the pairs whose centres are relatively far are left out. */
const PROJECTION_BUDGET = 2 ** 31;
/** Worst pairs whose interval is found, and the draws of each. */
export const INTERVAL_PAIRS = 5;
const DRAWS = 400;
/** Members or episodes of a class below which a bootstrap says nothing. */
const LEAST_UNITS = 8;

export interface Organisation {
  /**
   * Of the worst pair: |c_a - c_b| / (2 max_k mean |<z - c_k, u>|), u the line from c_a to c_b; 0 where they are on the wrong
   * side of each other, infinite for points. Two Gaussians s standard deviations apart have s / 1.6.
   */
  readonly ratio: number;
  readonly worstPair: ClassPair;
  /** 95%, by a bootstrap over observations, or episodes, of the five worst pairs. */
  readonly interval: Interval;
  readonly pairs: readonly PairSpread[];
  /** Pairs of classes in all; fewer were projected where the rest is relatively farther apart. */
  readonly pairCount: number;
  /**
   * How many times as many observations would decide whether the ratio is at least the threshold, if the ratios stay; 1 where it is
   * decided, infinite where it is too near, or a class has too few observations or episodes for a bootstrap.
   */
  readonly factorToDecide: number;
}

export interface PairSpread {
  readonly classes: ClassPair;
  /** Distance of the centres along the line, at least 0. */
  readonly gap: number;
  /** The larger mean distance of members from their own centre, along the line. */
  readonly spread: number;
  readonly ratio: number;
}

export interface OrganisationInput {
  readonly latents: LabelledLatents;
  /** Others, of which the lines are. */
  readonly others: LabelledLatents;
  readonly episodes?: Int32Array | undefined;
  readonly seed?: number;
  /** Of the ratio. Default: the verdict's. */
  readonly threshold?: number;
}

export function measureOrganisation(input: OrganisationInput): Organisation {
  const { latents, others, episodes, seed = 0, threshold = verdictThresholds.clusterRatio } = input;
  const { size, classCount, count } = latents;
  const rows = rowsByClass(latents);
  const centres = robustCentres(others);
  const radii = rows.map((own, c) => meanDistanceTo(latents, own, centres, c));
  const order = pairsByGap(centres, radii, size, classCount);
  const most = Math.max(classCount, Math.floor(PROJECTION_BUDGET / (((2 * count) / classCount) * size)));
  const pairs: (PairSpread & { readonly sides: readonly Side[] })[] = [];
  let smallest = Number.POSITIVE_INFINITY;
  for (const { classes, bound } of order.slice(0, most)) {
    // No class spreads more along a line than in all dimensions.
    if (pairs.length >= INTERVAL_PAIRS && bound > smallest) break;
    const pair = projectPair(latents, rows, centres, classes);
    pairs.push(pair);
    smallest = Math.min(smallest, pair.ratio);
  }
  pairs.sort((a, b) => a.ratio - b.ratio);
  const [worst] = pairs;
  const intervals = pairs.slice(0, INTERVAL_PAIRS).map((pair, index) => bootstrap(pair.sides, episodes, seed + index));
  return {
    ratio: worst.ratio,
    worstPair: worst.classes,
    interval: [
      Math.min(worst.ratio, ...intervals.map(([low]) => low)),
      Math.max(worst.ratio, Math.min(...intervals.map(([, high]) => high))),
    ],
    pairs: pairs.map(({ classes, gap, spread, ratio }) => ({ classes, gap, spread, ratio })),
    pairCount: order.length,
    factorToDecide: factorToDecide(
      intervals.map((interval, index) => ({ ratio: pairs[index].ratio, interval })),
      threshold,
    ),
  };
}

/** Beyond it a ratio is called too near the threshold, as a share is. */
const LARGEST_FACTOR = 2 ** 14;

/**
 * An interval narrows with the root of the number of observations. To be below the threshold one pair must be so with its whole
 * interval; to be above it all must.
 * @param pairs the worst pairs
 */
function factorToDecide(
  pairs: readonly { readonly ratio: number; readonly interval: Interval }[],
  threshold: number,
): number {
  const factors = (isBelow: boolean) =>
    pairs
      .filter(({ ratio }) => ratio < threshold === isBelow)
      .map(({ ratio, interval: [low, high] }) => {
        const end = isBelow ? high : low;
        if (isBelow ? end < threshold : end >= threshold) return 1;
        return Number.isFinite(high) ? ((end - ratio) / (threshold - ratio)) ** 2 : Number.POSITIVE_INFINITY;
      });
  const below = factors(true);
  const factor = below.length > 0 ? Math.min(...below) : Math.max(...factors(false));
  return factor <= LARGEST_FACTOR ? factor : Number.POSITIVE_INFINITY;
}

/** One class of a pair along the line, in rising order. */
export interface Side {
  /** [n] */
  readonly along: Float64Array;
  /** [n] */
  readonly rows: Int32Array;
}

export function rowsByClass({ labels, classCount }: LabelledLatents): Int32Array[] {
  const lists: number[][] = Array.from({ length: classCount }, () => []);
  for (const [i, label] of labels.entries()) lists[label].push(i);
  return lists.map((list) => Int32Array.from(list));
}

/** [C, D]: the median of each number, which a few members far away do not move. */
export function robustCentres(latents: LabelledLatents): Float64Array {
  const { values, size, classCount } = latents;
  const centres = new Float64Array(classCount * size);
  rowsByClass(latents).forEach((rows, c) => {
    const column = new Float64Array(rows.length);
    for (let k = 0; k < size; k++) {
      for (let n = 0; n < rows.length; n++) column[n] = values[rows[n] * size + k];
      column.sort();
      centres[c * size + k] = middleOf(column);
    }
  });
  return centres;
}

function middleOf(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function meanDistanceTo({ values, size }: LabelledLatents, rows: Int32Array, centres: Float64Array, c: number): number {
  let sum = 0;
  for (const row of rows) sum += Math.sqrt(squaredDistance(values, row * size, centres, c * size, size));
  return sum / rows.length;
}

/** Pairs by the smallest ratio that they could have, if their centres are where the others say. */
function pairsByGap(centres: Float64Array, radii: readonly number[], size: number, classCount: number) {
  const pairs: { readonly classes: ClassPair; readonly bound: number }[] = [];
  for (let a = 0; a < classCount; a++)
    for (let b = a + 1; b < classCount; b++) {
      const gap = Math.sqrt(squaredDistance(centres, a * size, centres, b * size, size));
      pairs.push({ classes: [a, b], bound: ratioOf(gap, 2 * Math.max(radii[a], radii[b])) });
    }
  return pairs.sort((a, b) => a.bound - b.bound || a.classes[0] - b.classes[0] || a.classes[1] - b.classes[1]);
}

export function projectPair(
  { values, size }: LabelledLatents,
  rows: readonly Int32Array[],
  centres: Float64Array,
  classes: ClassPair,
): PairSpread & { readonly sides: readonly Side[] } {
  const [a, b] = classes;
  const length = Math.sqrt(squaredDistance(centres, a * size, centres, b * size, size));
  const sides = classes.map((c): Side => {
    const own = rows[c];
    const along = new Float64Array(own.length);
    if (length > 0)
      for (let n = 0; n < own.length; n++) {
        let sum = 0;
        for (let k = 0; k < size; k++)
          sum += (values[own[n] * size + k] - centres[a * size + k]) * (centres[b * size + k] - centres[a * size + k]);
        along[n] = sum / length;
      }
    const order = Int32Array.from(own.keys()).sort((left, right) => along[left] - along[right]);
    return { along: Float64Array.from(order, (n) => along[n]), rows: Int32Array.from(order, (n) => own[n]) };
  });
  const [first, second] = sides.map((side) => spreadOf(side.along));
  const gap = Math.max(0, second.centre - first.centre);
  const spread = Math.max(first.spread, second.spread);
  return { classes, gap, spread, ratio: ratioOfSpread(gap, spread), sides };
}

/** gap / (2 spread); of points infinite, or 0 where they are one. */
export function ratioOfSpread(gap: number, spread: number): number {
  return ratioOf(gap, 2 * spread);
}

/** Median and mean distance from it of sorted values, each counted `weights` times. */
export function spreadOf(
  sorted: Float64Array,
  weights?: Int32Array,
): { readonly centre: number; readonly spread: number } {
  if (weights === undefined) {
    const centre = middleOf(sorted);
    return { centre, spread: sorted.reduce((sum, value) => sum + Math.abs(value - centre), 0) / sorted.length };
  }
  let total = 0;
  for (const weight of weights) total += weight;
  let passed = 0;
  let index = 0;
  while (index < sorted.length - 1 && 2 * (passed + weights[index]) < total) passed += weights[index++];
  const centre = sorted[index];
  let spread = 0;
  for (let n = 0; n < sorted.length; n++) spread += weights[n] * Math.abs(sorted[n] - centre);
  return { centre, spread: spread / total };
}

/** The middle 95% of the ratios of resampled members, or of resampled episodes with all of their members. */
function bootstrap(sides: readonly Side[], episodes: Int32Array | undefined, seed: number): Interval {
  const draws = drawSpreads(sides, episodes, seed);
  if (draws === undefined) return [0, Number.POSITIVE_INFINITY];
  return middleOfRatios(draws.map(({ gap, spread }) => ratioOfSpread(Math.max(0, gap), spread)));
}

/** The ends of the middle 95% of the ratios of all draws. */
export function middleOfRatios(ratios: readonly number[]): Interval {
  const sorted = Float64Array.from(ratios).sort();
  return [sorted[Math.floor(0.025 * DRAWS)], sorted[Math.ceil(0.975 * DRAWS) - 1]];
}

/** Of one draw: how far the centres are apart, negative where they are on the wrong side of each other, and the larger spread. */
export interface DrawnSpread {
  readonly gap: number;
  readonly spread: number;
}

/**
 * Resampled members, or episodes with all of their members; undefined where there are too few of them. Which places of the sorted
 * sides, or which episodes, a draw takes depends on `seed` and their number alone.
 */
export function drawSpreads(
  sides: readonly Side[],
  episodes: Int32Array | undefined,
  seed: number,
): DrawnSpread[] | undefined {
  const random = randomFor(seed, 'organisation');
  const groups = sides.map(({ rows }) => {
    if (episodes === undefined) return { unitOf: Int32Array.from(rows.keys()), count: rows.length };
    const numbers = [...new Set(Array.from(rows, (row) => episodes[row]))].sort((a, b) => a - b);
    const units = new Map(numbers.map((episode, unit) => [episode, unit]));
    return { unitOf: Int32Array.from(rows, (row) => units.get(episodes[row]) ?? 0), count: numbers.length };
  });
  if (groups.some(({ count }) => count < LEAST_UNITS)) return undefined;
  return Array.from({ length: DRAWS }, () => {
    const [first, second] = sides.map((side, index) => {
      const { unitOf, count } = groups[index];
      const taken = new Int32Array(count);
      for (let n = 0; n < count; n++) taken[random.integer(count)]++;
      return spreadOf(
        side.along,
        unitOf.map((unit) => taken[unit]),
      );
    });
    return { gap: second.centre - first.centre, spread: Math.max(first.spread, second.spread) };
  });
}
