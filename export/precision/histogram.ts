// Ranges for 8 bits out of what a value was on calibration samples: all of it, but for a share of the outermost numbers, or
// the threshold whose 8 bits lose least information. The definitions are those that onnxruntime's calibrators have for
// percentile (two-sided) and entropy; the latter is Migacz, "8-bit inference with TensorRT", GTC 2017.
import type { Range } from './scheme.ts';

/** How ranges are taken from samples. */
export type CalibrationMethod = 'min-max' | 'percentile' | 'entropy';

/** All of them, in the order in which they are tried. */
export const calibrationMethods: readonly CalibrationMethod[] = ['min-max', 'percentile', 'entropy'];

/** Share of the numbers inside of a percentile range, in per cent. */
export const defaultPercentile = 99.99;

/** Bins of a histogram, from -largest to largest. */
const BINS = 2048;
/** Codes of 8 bits, which the bins of a threshold are merged into. */
const CODES = 256;
/** What a bin of probability 0 is given, so that a divergence stays finite. */
const SMOOTHING = 1e-4;

/** Counts of a value's numbers between -`largest` and `largest`, in bins of equal width. */
export interface Histogram {
  readonly range: Range;
  /** The larger of |min| and |max|. */
  readonly largest: number;
  readonly counts: Float64Array;
}

export function emptyHistogram(range: Range): Histogram {
  return { range, largest: Math.max(Math.abs(range.min), Math.abs(range.max)), counts: new Float64Array(BINS) };
}

/** Counts more numbers, all of them within the histogram's range. */
export function count({ counts, largest }: Histogram, numbers: ArrayLike<number>): void {
  const bins = counts.length;
  const factor = largest > 0 ? bins / (2 * largest) : 0;
  for (let i = 0; i < numbers.length; i++)
    counts[Math.max(0, Math.min(bins - 1, Math.floor((numbers[i] + largest) * factor)))]++;
}

/**
 * The range that 8 bits shall span, of numbers that a histogram counted.
 * @param percentile of the method `percentile`: the share inside, in per cent
 */
export function rangeOf(histogram: Histogram, method: CalibrationMethod, percentile = defaultPercentile): Range {
  if (method === 'min-max' || histogram.largest === 0) return histogram.range;
  const { min, max } = histogram.range;
  const found = method === 'percentile' ? percentileRange(histogram, percentile) : entropyRange(histogram);
  return { min: Math.max(min, found.min), max: Math.min(max, found.max) };
}

const edge = ({ largest, counts }: Histogram, bin: number): number => -largest + (2 * largest * bin) / counts.length;

/** From the bin that the lower share of the numbers ends in to the one that the upper share begins in: their lower edges. */
function percentileRange(histogram: Histogram, percentile: number): Range {
  const { counts } = histogram;
  const total = counts.reduce((sum, each) => sum + each, 0);
  const cut = (100 - percentile) / 200;
  const binOf = (share: number): number => {
    let sum = 0;
    for (let bin = 0; bin < counts.length; bin++) {
      sum += counts[bin] / total;
      if (sum >= share) return bin;
    }
    return counts.length;
  };
  return { min: edge(histogram, binOf(cut)), max: edge(histogram, binOf(1 - cut)) };
}

/**
 * Of all thresholds that hold at least as many bins as there are codes, the one for which the numbers, cut there (the rest
 * counted with the outermost bins), diverge least from what is left of them after their bins are merged into codes.
 */
function entropyRange(histogram: Histogram): Range {
  const { counts } = histogram;
  const middle = counts.length / 2;
  const before = new Float64Array(counts.length + 1);
  for (let bin = 0; bin < counts.length; bin++) before[bin + 1] = before[bin] + counts[bin];
  let [least, best] = [Number.POSITIVE_INFINITY, middle];
  for (let half = CODES / 2; half <= middle; half++) {
    const [start, end] = [middle - half, middle + half];
    const inside = counts.slice(start, end);
    const cut = inside.slice();
    cut[0] += before[start];
    cut[cut.length - 1] += before[counts.length] - before[end];
    const divergence = divergenceOf(cut, mergedAndSpread(inside, cut));
    if (divergence < least) [least, best] = [divergence, half];
  }
  return { min: edge(histogram, middle - best), max: edge(histogram, middle + best) };
}

/** Every code's count spread evenly over those of its bins that hold something. */
function mergedAndSpread(inside: Float64Array, cut: Float64Array): Float64Array {
  const spread = new Float64Array(inside.length);
  for (let code = 0; code < CODES; code++) {
    const start = Math.floor((code * inside.length) / CODES);
    const end = Math.floor(((code + 1) * inside.length) / CODES);
    let [sum, filled] = [0, 0];
    for (let bin = start; bin < end; bin++) {
      sum += inside[bin];
      if (cut[bin] > 0) filled++;
    }
    for (let bin = start; bin < end; bin++) if (cut[bin] > 0) spread[bin] = sum / filled;
  }
  return spread;
}

/** Kullback and Leibler's, of two lists of counts; infinite where one is empty. */
export function divergenceOf(left: Float64Array, right: Float64Array): number {
  const [p, q] = [smoothed(left), smoothed(right)];
  if (p === undefined || q === undefined) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  for (let bin = 0; bin < p.length; bin++) divergence += p[bin] * Math.log(p[bin] / q[bin]);
  return divergence;
}

/** As probabilities; a little is taken from the filled bins and given to the empty ones. */
function smoothed(counts: Float64Array): Float64Array | undefined {
  let [sum, filled] = [0, 0];
  for (const each of counts) {
    sum += each;
    if (each > 0) filled++;
  }
  if (filled === 0) return undefined;
  const taken = (SMOOTHING * (counts.length - filled)) / filled;
  return counts.map((each) => (each > 0 ? Math.max(each - taken, SMOOTHING) : SMOOTHING) / sum);
}
