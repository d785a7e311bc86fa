// The first pass over latents: counts, sums and samples, from which the second knows centroids, the mean, and whom to ask.
// Letters: C classes, D latent size, Q queries.
import {
  type LatentBlock,
  purposes,
  rowHash,
  type SampledRows,
  SmallestHashes,
  type StoredArrays,
  storedArray,
} from './block.ts';
import { ExactSums } from './exact-sums.ts';

/** Rows of each side that rules, clusters and pictures are of: as many as an evaluation takes by default. */
export const SAMPLED_ROWS = 4096;
/** Of a class, where there are very many. */
const LEAST_OF_CLASS = 4;

export interface StreamOptions {
  /** D */
  readonly size: number;
  /** C */
  readonly classCount: number;
  /** Of the draws. */
  readonly seed: number;
  /** Q: judged rows that are compared with all others. */
  readonly queries: number;
}

/** What the first pass knows when all rows are in. */
export interface FirstPass {
  /** [C] */
  readonly judgedCounts: Float64Array;
  /** [C] */
  readonly centroidCounts: Float64Array;
  /** [C, D] */
  readonly centroids: Float64Array;
  /** [D], of the judged. */
  readonly mean: Float64Array;
  /** Of the judged: mean of the squared length. */
  readonly meanSquare: number;
  /** [D]: the largest absolute number of each dimension, of the judged. */
  readonly largest: Float32Array;
  readonly judgedSample: SampledRows;
  readonly centroidSample: SampledRows;
  /** The same chance for every judged row. */
  readonly queries: SampledRows;
}

export class Moments {
  private readonly options: StreamOptions;
  /** [2, C]: centroids', judged. */
  private readonly counts: Float64Array<ArrayBuffer>;
  private readonly centroidSums: ExactSums;
  private readonly judgedSums: ExactSums;
  private readonly squares = new ExactSums(1);
  private readonly largest: Float32Array<ArrayBuffer>;
  /** Centroids', judged. */
  private readonly samples: readonly [SmallestHashes, SmallestHashes];
  private readonly queries: SmallestHashes;

  constructor(options: StreamOptions) {
    const { size, classCount, queries } = options;
    this.options = options;
    this.counts = new Float64Array(2 * classCount);
    this.centroidSums = new ExactSums(classCount * size);
    this.judgedSums = new ExactSums(size);
    this.largest = new Float32Array(size);
    const most = Math.min(SAMPLED_ROWS, Math.max(LEAST_OF_CLASS, Math.ceil((4 * SAMPLED_ROWS) / classCount)));
    this.samples = [new SmallestHashes(size, most), new SmallestHashes(size, most)];
    this.queries = new SmallestHashes(size, queries);
  }

  add({ first, values, labels, judged }: LatentBlock): void {
    const { size, classCount, seed } = this.options;
    const judgedSum = new Float64Array(size);
    let squares = 0;
    /** Where each class of the block has its sums. */
    const places = new Map<number, number>();
    for (const [i, label] of labels.entries())
      if (label >= 0 && judged[i] === 0 && !places.has(label)) places.set(label, places.size);
    const sums = new Float64Array(places.size * size);
    for (const [i, label] of labels.entries()) {
      if (label < 0) continue;
      const row = first + i;
      const side = judged[i];
      this.counts[side * classCount + label]++;
      this.samples[side].offer(label, rowHash(row, seed, purposes.sample), { row, label }, values, i);
      const at = i * size;
      if (side === 0) {
        const place = (places.get(label) ?? 0) * size;
        for (let k = 0; k < size; k++) sums[place + k] += values[at + k];
        continue;
      }
      this.queries.offer(0, rowHash(row, seed, purposes.query), { row, label }, values, i);
      for (let k = 0; k < size; k++) {
        const value = values[at + k];
        judgedSum[k] += value;
        squares += value * value;
        if (Math.abs(value) > this.largest[k]) this.largest[k] = Math.abs(value);
      }
    }
    for (const [label, place] of places)
      for (let k = 0; k < size; k++) this.centroidSums.add(label * size + k, sums[place * size + k]);
    for (let k = 0; k < size; k++) this.judgedSums.add(k, judgedSum[k]);
    this.squares.add(0, squares);
  }

  stored(): StoredArrays {
    const arrays: StoredArrays = new Map();
    arrays.set('counts', { shape: [2, this.options.classCount], values: this.counts });
    arrays.set('largest', { shape: [this.options.size], values: this.largest });
    storeSums('centroidSums', this.centroidSums, arrays);
    storeSums('judgedSums', this.judgedSums, arrays);
    storeSums('squares', this.squares, arrays);
    this.samples[0].stored('centroidSample', arrays);
    this.samples[1].stored('judgedSample', arrays);
    this.queries.stored('queries', arrays);
    return arrays;
  }

  merge(arrays: ReadonlyMap<string, { readonly values: unknown }>): void {
    addTo(this.counts, storedArray(arrays, 'counts', Float64Array));
    const largest = storedArray(arrays, 'largest', Float32Array);
    for (let k = 0; k < largest.length; k++) this.largest[k] = Math.max(this.largest[k], largest[k]);
    mergeSums('centroidSums', this.centroidSums, arrays);
    mergeSums('judgedSums', this.judgedSums, arrays);
    mergeSums('squares', this.squares, arrays);
    this.samples[0].merge('centroidSample', arrays);
    this.samples[1].merge('judgedSample', arrays);
    this.queries.merge('queries', arrays);
  }

  result(): FirstPass {
    const { size, classCount, queries } = this.options;
    const centroidCounts = this.counts.slice(0, classCount);
    const judgedCounts = this.counts.slice(classCount);
    const judged = judgedCounts.reduce((sum, count) => sum + count, 0);
    return {
      judgedCounts,
      centroidCounts,
      centroids: this.centroidSums.values().map((sum, index) => sum / centroidCounts[Math.floor(index / size)]),
      mean: this.judgedSums.values().map((sum) => sum / judged),
      meanSquare: this.squares.values()[0] / judged,
      largest: this.largest,
      judgedSample: this.samples[1].sample(SAMPLED_ROWS, 2),
      centroidSample: this.samples[0].sample(SAMPLED_ROWS, 2),
      queries: this.queries.sample(queries, queries),
    };
  }
}

export function storeSums(name: string, sums: ExactSums, arrays: StoredArrays): void {
  const { lowest, digits } = sums.stored();
  arrays.set(`${name}.digits`, { shape: [digits.length / Math.max(1, sums.length), sums.length], values: digits });
  arrays.set(`${name}.lowest`, { shape: [1], values: Int32Array.of(lowest) });
}

export function mergeSums(
  name: string,
  sums: ExactSums,
  arrays: ReadonlyMap<string, { readonly values: unknown }>,
): void {
  const [lowest] = storedArray(arrays, `${name}.lowest`, Int32Array);
  sums.merge({ lowest, digits: storedArray(arrays, `${name}.digits`, Float64Array) });
}

export function addTo(own: Float64Array, others: Float64Array): void {
  for (let index = 0; index < own.length; index++) own[index] += others[index];
}
