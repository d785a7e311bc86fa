// The second pass over latents: every judged row against the centroids, the mean of all, and the queries, each of which is so compared
// with all judged rows. Letters: C classes, D latent size, Q queries, M classes near a query, n judged rows of a block.
import { squaredDistance, squaredDistances } from '../pair-distance.ts';
import { gramOfColumns } from '../spectrum/spectrum.ts';
import { type LatentBlock, type StoredArrays, storedArray } from './block.ts';
import { CentroidIndex } from './centroid-index.ts';
import { ExactSums } from './exact-sums.ts';
import { addTo, type FirstPass, mergeSums, type StreamOptions, storeSums } from './moments.ts';
import { QueryNeighbours } from './query-neighbours.ts';

/** Classes up to which every row is compared with every centroid, and every two classes have a bound of their own. */
export const MOST_PAIRED_CLASSES = 1024;
/** Dimensions up to which the covariance of all rows is summed; beyond, spectra are of the sample. */
export const MOST_GRAM_SIZE = 1024;
/** Other classes whose mean distance from a query is found: those of the nearest centroids. */
export const MOST_NEAR_CLASSES = 63;
/** Of a query's sums: to its own class, to all rows; then to the near classes. */
export const QUERY_SUMS = 2;

export class Comparison {
  private readonly options: StreamOptions;
  private readonly first: FirstPass;
  readonly index: CentroidIndex;
  /** [C, C] between centroids; of few classes. */
  readonly lengths: Float64Array;
  /** [Q, D] */
  private readonly queries: Float64Array;
  /** [Q, M] rising. */
  readonly near: Int32Array;
  readonly nearCount: number;
  /** [C] rows that are nearest to their own centroid. */
  readonly right: Float64Array<ArrayBuffer>;
  readonly radiusSums: ExactSums;
  readonly radiusMaxima: Float64Array<ArrayBuffer>;
  /** [C, C]: how far a row of the one class reaches from its centroid towards the other's; of few classes. */
  readonly reach: Float64Array<ArrayBuffer>;
  /** [D (D + 1) / 2] of products about the mean, or [D] of squares where D is large. */
  readonly products: ExactSums;
  /** [Q, 2 + M] sums of distances. */
  readonly querySums: ExactSums;
  readonly nearest: QueryNeighbours;

  constructor(options: StreamOptions, first: FirstPass) {
    const { size, classCount } = options;
    this.options = options;
    this.first = first;
    this.index = new CentroidIndex(first.centroids, size);
    this.lengths = new Float64Array(this.isPaired ? classCount * classCount : 0);
    for (let at = 0; at < this.lengths.length; at++)
      this.lengths[at] = this.index.distance(Math.floor(at / classCount), at % classCount);
    this.queries = Float64Array.from(first.queries.values);
    const count = first.queries.rows.length;
    this.nearCount = Math.min(classCount - 1, MOST_NEAR_CLASSES);
    this.near = this.nearClasses();
    this.right = new Float64Array(classCount);
    this.radiusSums = new ExactSums(classCount);
    this.radiusMaxima = new Float64Array(classCount);
    this.reach = new Float64Array(this.isPaired ? classCount * classCount : 0).fill(Number.NEGATIVE_INFINITY);
    this.products = new ExactSums(this.hasGram ? (size * (size + 1)) / 2 : size);
    this.querySums = new ExactSums(count * (QUERY_SUMS + this.nearCount));
    this.nearest = new QueryNeighbours(count);
  }

  get isPaired(): boolean {
    return this.options.classCount <= MOST_PAIRED_CLASSES;
  }

  get hasGram(): boolean {
    return this.options.size <= MOST_GRAM_SIZE;
  }

  add({ first, values, labels, judged }: LatentBlock): void {
    const { size } = this.options;
    // By class, then row: a query's sums to a class are of neighbours.
    const chosen = Array.from(labels.keys())
      .filter((i) => judged[i] === 1 && labels[i] >= 0)
      .sort((a, b) => labels[a] - labels[b] || a - b);
    const block = {
      values: new Float64Array(chosen.length * size),
      labels: Int32Array.from(chosen, (i) => labels[i]),
      rows: Float64Array.from(chosen, (i) => first + i),
    };
    chosen.forEach((i, n) => {
      for (let k = 0; k < size; k++) block.values[n * size + k] = values[i * size + k];
    });
    if (chosen.length === 0) return;
    this.compareWithCentroids(block);
    this.addProducts(block);
    this.compareWithQueries(block);
  }

  private compareWithCentroids({ values, labels }: JudgedRows): void {
    const { size, classCount } = this.options;
    const { centroids } = this.first;
    const distances = new Float64Array(classCount);
    for (let begin = 0, end = 0; begin < labels.length; begin = end) {
      const own = labels[begin];
      let radius = 0;
      for (end = begin; end < labels.length && labels[end] === own; end++) {
        const ownSquare = squaredDistance(values, end * size, centroids, own * size, size);
        const ownDistance = Math.sqrt(ownSquare);
        radius += ownDistance;
        if (ownDistance > this.radiusMaxima[own]) this.radiusMaxima[own] = ownDistance;
        if (this.isPaired) {
          let isRight = true;
          for (let c = 0; c < classCount; c++) {
            if (c === own) continue;
            distances[c] = squaredDistance(values, end * size, centroids, c * size, size);
            if (Math.sqrt(distances[c]) - ownDistance <= 0) isRight = false;
          }
          if (isRight) this.right[own]++;
          this.extend(own, ownSquare, distances);
        } else if (!this.index.hasOtherWithin(values, end * size, own, ownDistance)) this.right[own]++;
      }
      this.radiusSums.add(own, radius);
    }
  }

  /** |z - a|^2 - |z - b|^2 + |a - b|^2 is twice the projection on b - a, times its length. */
  private extend(own: number, ownSquare: number, squares: Float64Array): void {
    const { classCount } = this.options;
    for (let c = 0; c < classCount; c++) {
      if (c === own) continue;
      const at = own * classCount + c;
      const along = alongAxis(ownSquare, squares[c], this.lengths[at]);
      if (along > this.reach[at]) this.reach[at] = along;
    }
  }

  private addProducts({ values, labels }: JudgedRows): void {
    const { size } = this.options;
    const { mean } = this.first;
    const count = labels.length;
    const centred = new Float64Array(values.length);
    for (let n = 0; n < count; n++)
      for (let k = 0; k < size; k++) centred[n * size + k] = values[n * size + k] - mean[k];
    if (!this.hasGram) {
      const squares = new Float64Array(size);
      for (let n = 0; n < count; n++) for (let k = 0; k < size; k++) squares[k] += centred[n * size + k] ** 2;
      for (let k = 0; k < size; k++) this.products.add(k, squares[k]);
      return;
    }
    const gram = gramOfColumns(centred, count, size);
    let at = 0;
    for (let a = 0; a < size; a++) for (let b = a; b < size; b++) this.products.add(at++, gram[a * size + b]);
  }

  private compareWithQueries({ values, labels, rows }: JudgedRows): void {
    const { size } = this.options;
    const { rows: queryRows, labels: queryLabels } = this.first.queries;
    const width = QUERY_SUMS + this.nearCount;
    const distances = new Float64Array(labels.length);
    for (let q = 0; q < queryRows.length; q++) {
      squaredDistances(this.queries, q * size, values, size, distances);
      const own = queryLabels[q];
      let total = 0;
      for (let begin = 0, end = 0; begin < labels.length; begin = end) {
        const label = labels[begin];
        let sum = 0;
        for (end = begin; end < labels.length && labels[end] === label; end++) {
          const square = distances[end];
          if (rows[end] === queryRows[q]) continue;
          sum += Math.sqrt(square);
          this.nearest.offer(q, square, rows[end], label, own);
        }
        total += sum;
        if (label === own) this.querySums.add(q * width, sum);
        else {
          const place = placeOf(this.near, q * this.nearCount, this.nearCount, label);
          if (place >= 0) this.querySums.add(q * width + QUERY_SUMS + place, sum);
        }
      }
      this.querySums.add(q * width + 1, total);
    }
  }

  stored(): StoredArrays {
    const { classCount } = this.options;
    const arrays: StoredArrays = new Map();
    arrays.set('right', { shape: [classCount], values: this.right });
    arrays.set('radiusMaxima', { shape: [classCount], values: this.radiusMaxima });
    arrays.set('reach', { shape: [this.reach.length], values: this.reach });
    this.nearest.store(arrays);
    storeSums('radiusSums', this.radiusSums, arrays);
    storeSums('products', this.products, arrays);
    storeSums('querySums', this.querySums, arrays);
    return arrays;
  }

  merge(arrays: ReadonlyMap<string, { readonly values: unknown }>): void {
    addTo(this.right, storedArray(arrays, 'right', Float64Array));
    takeLarger(this.radiusMaxima, storedArray(arrays, 'radiusMaxima', Float64Array));
    takeLarger(this.reach, storedArray(arrays, 'reach', Float64Array));
    mergeSums('radiusSums', this.radiusSums, arrays);
    mergeSums('products', this.products, arrays);
    mergeSums('querySums', this.querySums, arrays);
    this.nearest.merge(arrays);
  }

  /** For each query the other classes whose centroids are nearest to it, rising. */
  private nearClasses(): Int32Array {
    const { size } = this.options;
    const { labels } = this.first.queries;
    const near = new Int32Array(labels.length * this.nearCount);
    labels.forEach((own, q) => {
      near.set(this.index.nearestOthers(this.queries, q * size, own, this.nearCount), q * this.nearCount);
    });
    return near;
  }
}

/** How far a row is from a centroid towards another that is `length` away, by the squares of both distances; infinite where both are one. */
export function alongAxis(ownSquare: number, otherSquare: number, length: number): number {
  return length > 0 ? (ownSquare - otherSquare + length * length) / (2 * length) : Number.POSITIVE_INFINITY;
}

/** Judged rows of a block, by class. */
interface JudgedRows {
  readonly values: Float64Array;
  readonly labels: Int32Array;
  readonly rows: Float64Array;
}

function placeOf(rising: Int32Array, start: number, count: number, wanted: number): number {
  let [low, high] = [0, count - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = rising[start + middle];
    if (found === wanted) return middle;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function takeLarger(own: Float64Array, others: Float64Array): void {
  for (let index = 0; index < own.length; index++) own[index] = Math.max(own[index], others[index]);
}
