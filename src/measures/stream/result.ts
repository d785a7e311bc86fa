// What the passes over all rows say: the measures of docs/measures.md, those over all pairs as means over queries with their errors.
// Letters: N judged rows, C classes, D latent size, Q queries.
import type { ClassPair } from '../class-gap.ts';
import { roundingLength } from '../latents.ts';
import { typicalDistance } from '../pair-distance.ts';
import { twoNearestNeighbourDimension } from '../spectrum/intrinsic-dimension.ts';
import { type Spectrum, spectrumOfSums } from '../spectrum/spectrum.ts';
import type { GapBracket } from './closest.ts';
import { type Comparison, QUERY_SUMS } from './comparison.ts';
import type { FirstPass, StreamOptions } from './moments.ts';

/** A mean over queries and its standard error. */
export interface Estimate {
  readonly value: number;
  /** Standard deviation over the queries / the root of their number, less what the share of all rows that they are spares. */
  readonly standardError: number;
}

export interface StreamedMeasures {
  /** N */
  readonly count: number;
  readonly queries: number;
  /** Exact, over all judged rows. */
  readonly accuracy: number;
  /** [C] */
  readonly recall: Float64Array;
  readonly centroidGapRatio: number;
  readonly centroidGapRatioPair: ClassPair;
  /** [C] classes by their smallest centroid gap ratio, the hardest first. */
  readonly hardest: Int32Array;
  /** [D] */
  readonly standardDeviations: Float64Array;
  readonly latentStd: number;
  readonly rootMeanSquareNorm: number;
  readonly roundingLength: number;
  /** Undefined where D is large: then of the sample. */
  readonly spectrum: Spectrum | undefined;
  readonly smallestGap: GapBracket;
  readonly gapRatio: GapBracket;
  /** Of the queries among each other. */
  readonly typicalDistance: number;
  readonly meanDistance: Estimate;
  readonly meanDistanceWithin: Estimate;
  readonly meanDistanceBetween: Estimate;
  readonly nearestNeighbourAccuracy: Estimate;
  readonly silhouette: Estimate;
  readonly sharedLatents: Estimate;
  readonly intrinsicDimension: number;
}

export function measureStreamed(
  options: StreamOptions,
  first: FirstPass,
  comparison: Comparison,
  smallestGap: GapBracket,
): StreamedMeasures {
  const { size } = options;
  const { judgedCounts, meanSquare, queries } = first;
  const count = judgedCounts.reduce((sum, each) => sum + each, 0);
  const radii = comparison.radiusSums.values().map((sum, c) => sum / judgedCounts[c]);
  const { ratios, rivals } = comparison.index.smallestRatios(radii);
  const hardest = Int32Array.from(ratios.keys()).sort((a, b) => ratios[a] - ratios[b] || a - b);
  const [worst] = hardest;
  const gram = gramOf(comparison, size);
  const squares = gram?.filter((_, index) => index % (size + 1) === 0) ?? comparison.products.values();
  const standardDeviations = squares.map((sum) => Math.sqrt(Math.max(0, sum) / count));
  const rounding = roundingLength({ values: first.largest, size, count: 1 });
  const { extremes, labels: neighbourLabels } = comparison.nearest;
  const perQuery = (value: (q: number) => number) => Float64Array.from(queries.labels, (_, q) => value(q));
  const sums = comparison.querySums.values();
  const width = QUERY_SUMS + comparison.nearCount;
  const ownSum = (q: number) => sums[q * width];
  const total = (q: number) => sums[q * width + 1];
  const ownOthers = (q: number) => judgedCounts[queries.labels[q]] - 1;
  const estimate = (values: Float64Array, weights?: Float64Array) => meanOver(values, weights, count);
  return {
    count,
    queries: queries.rows.length,
    accuracy: comparison.right.reduce((sum, each) => sum + each, 0) / count,
    recall: comparison.right.map((each, c) => each / judgedCounts[c]),
    centroidGapRatio: ratios[worst],
    // The first of two classes that share their ratio.
    centroidGapRatioPair: [worst, rivals[worst]],
    hardest,
    standardDeviations,
    latentStd: standardDeviations.reduce((sum, each) => sum + each, 0) / size,
    rootMeanSquareNorm: Math.sqrt(meanSquare),
    roundingLength: rounding,
    spectrum: gram === undefined ? undefined : spectrumOfSums(gram, first.mean, count),
    smallestGap,
    gapRatio: gapRatioBracket(first, comparison, smallestGap),
    typicalDistance: typicalDistance({ values: queries.values, count: queries.rows.length, size }),
    meanDistance: estimate(perQuery((q) => total(q) / (count - 1))),
    meanDistanceWithin: estimate(perQuery(ownSum), perQuery(ownOthers)),
    meanDistanceBetween: estimate(
      perQuery((q) => total(q) - ownSum(q)),
      perQuery((q) => count - 1 - ownOthers(q)),
    ),
    nearestNeighbourAccuracy: estimate(perQuery((q) => (neighbourLabels[2 * q] === queries.labels[q] ? 1 : 0))),
    silhouette: estimate(perQuery((q) => silhouetteOf(q, comparison, sums, judgedCounts, queries.labels[q]))),
    sharedLatents: estimate(perQuery((q) => (Math.sqrt(extremes[4 * q + 2]) <= 2 * rounding ? 1 : 0))),
    intrinsicDimension: twoNearestNeighbourDimension(
      perQuery((q) => Math.sqrt(extremes[4 * q])),
      perQuery((q) => Math.sqrt(extremes[4 * q + 1])),
    ),
  };
}

/** [D, D] of products about the mean, of which the upper half was summed; undefined where only squares were. */
function gramOf({ products, hasGram }: Comparison, size: number): Float64Array | undefined {
  if (!hasGram) return undefined;
  const upper = products.values();
  const gram = new Float64Array(size * size);
  let at = 0;
  for (let a = 0; a < size; a++)
    for (let b = a; b < size; b++) {
      gram[a * size + b] = upper[at];
      gram[b * size + a] = upper[at++];
    }
  return gram;
}

/**
 * Sum of the values over the sum of the weights, and the standard error of that ratio (by its linear part; without weights that of a mean),
 * for queries that are some of `count` rows.
 */
function meanOver(values: Float64Array, weights: Float64Array | undefined, count: number): Estimate {
  const n = values.length;
  const all = weights?.reduce((sum, each) => sum + each, 0) ?? n;
  const value = values.reduce((sum, each) => sum + each, 0) / all;
  if (n < 2) return { value, standardError: Number.POSITIVE_INFINITY };
  let squares = 0;
  for (let q = 0; q < n; q++) squares += (values[q] - value * (weights === undefined ? 1 : weights[q])) ** 2;
  const spared = Math.max(0, 1 - n / count);
  return { value, standardError: Math.sqrt((squares / (n - 1)) * n * spared) / all };
}

function silhouetteOf(
  q: number,
  { near, nearCount }: Comparison,
  sums: Float64Array,
  counts: Float64Array,
  own: number,
): number {
  if (counts[own] === 1) return 0;
  const width = QUERY_SUMS + nearCount;
  const a = sums[q * width] / (counts[own] - 1);
  let b = Number.POSITIVE_INFINITY;
  for (let n = 0; n < nearCount; n++) {
    const count = counts[near[q * nearCount + n]];
    if (count > 0) b = Math.min(b, sums[q * width + QUERY_SUMS + n] / count);
  }
  const larger = Math.max(a, b);
  return larger > 0 && Number.isFinite(b) ? (b - a) / larger : 0;
}

/** Of the smallest ratio of a gap over the larger diameter: at least what queries see of their classes, at most twice the largest radius. */
function gapRatioBracket(
  { queries }: FirstPass,
  { nearest: { extremes, labels: neighbourLabels }, radiusMaxima }: Comparison,
  smallestGap: GapBracket,
): GapBracket {
  const ratio = (gap: number, extent: number) => (extent > 0 ? gap / extent : gap > 0 ? Number.POSITIVE_INFINITY : 0);
  const extents = new Float64Array(radiusMaxima.length);
  queries.labels.forEach((own, q) => {
    extents[own] = Math.max(extents[own], Math.sqrt(extremes[4 * q + 3]));
  });
  let high = Number.POSITIVE_INFINITY;
  queries.labels.forEach((own, q) => {
    const other = neighbourLabels[2 * q + 1];
    if (other >= 0)
      high = Math.min(high, ratio(Math.sqrt(extremes[4 * q + 2]), Math.max(extents[own], extents[other])));
  });
  const widest = radiusMaxima.reduce((largest, radius) => Math.max(largest, radius), 0);
  return { low: Math.min(high, ratio(smallestGap.low, 2 * widest)), high };
}
