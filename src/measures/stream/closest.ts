// The smallest distance between two classes, over all rows: a bracket after the second pass, exact where the rows that could be nearer
// are few enough to be compared with each other. Letters: C classes, D latent size.
import { squaredDistance } from '../pair-distance.ts';
import { type LatentBlock, type StoredArray, type StoredArrays, storedArray } from './block.ts';
import { alongAxis, type Comparison } from './comparison.ts';
import type { FirstPass, StreamOptions } from './moments.ts';

/** Rows that are compared with each other. */
const MOST_REVISITED = 16_384;
/** What rounding may take from a bound, of its own size. */
const SLACK = 1e-9;

/** Between these the smallest distance of two rows of different classes lies. */
export interface GapBracket {
  readonly low: number;
  readonly high: number;
}

/** By the projections of all rows on the line of every two centroids, and by the queries. */
export function gapBracket({ classCount }: StreamOptions, comparison: Comparison): GapBracket {
  const { index, radiusMaxima, isPaired } = comparison;
  const { extremes } = comparison.nearest;
  let high = Number.POSITIVE_INFINITY;
  for (let at = 2; at < extremes.length; at += 4) high = Math.min(high, extremes[at]);
  high = Math.sqrt(high);
  if (!isPaired) return { low: index.smallestClearance(radiusMaxima, high), high };
  let low = high;
  for (let a = 0; a < classCount; a++)
    for (let b = 0; b < a; b++) low = Math.min(low, clearance(comparison, classCount, a, b));
  return { low: Math.max(0, low), high };
}

/** What the line through two centroids leaves between their rows at least; negative where they overlap along it. */
function clearance({ lengths, reach }: Comparison, classCount: number, a: number, b: number): number {
  const length = lengths[a * classCount + b];
  return length - reach[a * classCount + b] - reach[b * classCount + a] - SLACK * length;
}

/** The third pass: rows that may have one of another class nearer than the nearest that was found. */
export class Closest {
  private readonly options: StreamOptions;
  private readonly first: FirstPass;
  private readonly comparison: Comparison;
  private readonly bracket: GapBracket;
  /** [C] other classes that could have a row nearer than what was found. */
  private readonly rivals: number[][];
  private count = 0;
  private rows: number[] = [];
  private labels: number[] = [];
  private values: Float32Array[] = [];

  constructor(options: StreamOptions, first: FirstPass, comparison: Comparison) {
    const { classCount } = options;
    this.options = options;
    this.first = first;
    this.comparison = comparison;
    this.bracket = gapBracket(options, comparison);
    this.rivals = Array.from({ length: comparison.isPaired ? classCount : 0 }, (_, a) =>
      Array.from({ length: classCount }, (_, b) => b).filter(
        (b) => b !== a && clearance(comparison, classCount, a, b) < this.bracket.high,
      ),
    );
  }

  /** False where the second pass left nothing to look for, or too many classes to look. */
  get isOpen(): boolean {
    return this.bracket.low < this.bracket.high && this.rivals.some((each) => each.length > 0);
  }

  add({ first, values, labels, judged }: LatentBlock): void {
    const { size } = this.options;
    for (const [i, label] of labels.entries()) {
      if (judged[i] === 0 || !this.mayBeNearer(values, i * size, label)) continue;
      this.count++;
      if (this.count > MOST_REVISITED) continue;
      this.rows.push(first + i);
      this.labels.push(label);
      this.values.push(values.slice(i * size, (i + 1) * size));
    }
  }

  /** False for rows of no class. */
  private mayBeNearer(values: Float32Array, at: number, own: number): boolean {
    const { size, classCount } = this.options;
    const { centroids } = this.first;
    const { lengths, reach } = this.comparison;
    const { high } = this.bracket;
    const rivals = this.rivals[own] ?? [];
    if (rivals.length === 0) return false;
    const ownSquare = squaredDistance(values, at, centroids, own * size, size);
    return rivals.some((b) => {
      const length = lengths[own * classCount + b];
      const along = alongAxis(ownSquare, squaredDistance(values, at, centroids, b * size, size), length);
      return along >= length - reach[b * classCount + own] - high - SLACK * (length + high);
    });
  }

  stored(): StoredArrays {
    const isKept = this.count <= MOST_REVISITED;
    const kept = isKept ? this.rows.length : 0;
    const values = new Float32Array(kept * this.options.size);
    if (isKept)
      this.values.forEach((own, n) => {
        values.set(own, n * this.options.size);
      });
    return new Map<string, StoredArray>([
      ['count', { shape: [1], values: Float64Array.of(this.count) }],
      ['rows', { shape: [kept], values: Float64Array.from(isKept ? this.rows : []) }],
      ['labels', { shape: [kept], values: Int32Array.from(isKept ? this.labels : []) }],
      ['values', { shape: [kept, this.options.size], values }],
    ]);
  }

  merge(arrays: ReadonlyMap<string, { readonly values: unknown }>): void {
    const { size } = this.options;
    this.count += storedArray(arrays, 'count', Float64Array)[0];
    const values = storedArray(arrays, 'values', Float32Array);
    this.rows.push(...storedArray(arrays, 'rows', Float64Array));
    for (const [n, label] of storedArray(arrays, 'labels', Int32Array).entries()) {
      this.labels.push(label);
      this.values.push(values.subarray(n * size, (n + 1) * size));
    }
  }

  /** Both ends the same where the rows were few enough. */
  result(): GapBracket {
    const { low, high } = this.bracket;
    if (!this.isOpen || this.count > MOST_REVISITED) return { low, high };
    const { size } = this.options;
    const all = new Float64Array(this.rows.length * size);
    this.values.forEach((own, n) => {
      all.set(own, n * size);
    });
    // By their first number: what is farther along it is no nearer.
    const order = Int32Array.from(this.rows.keys()).sort((a, b) => all[a * size] - all[b * size]);
    let least = high * high;
    for (const [n, i] of order.entries())
      for (let m = n + 1; m < order.length; m++) {
        const j = order[m];
        if ((all[j * size] - all[i * size]) ** 2 > least) break;
        if (this.labels[i] === this.labels[j]) continue;
        least = Math.min(least, squaredDistance(all, i * size, all, j * size, size));
      }
    const exact = Math.sqrt(least);
    return { low: exact, high: exact };
  }
}
