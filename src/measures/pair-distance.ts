// Everything that needs the distance of every pair of observations, in one pass over the N (N - 1) / 2 pairs.
// A squared distance is the sum of squared differences in float64, not |a|^2 + |b|^2 - 2ab: beside a large coordinate that
// form loses all digits of a small difference, which is where distinctness is decided, and it costs as much here.
import type { LabelledLatents, Latents } from './latents.ts';

/** Rows of a block. */
const BLOCK = 64;
const HISTOGRAM_BINS = 64;

export interface PairDistances {
  /** Over all pairs of different observations. */
  readonly meanDistance: number;
  /** [C, C], symmetric: the smallest distance between a member of one class and a member of the other; 0 on the diagonal. */
  readonly smallestBetween: Float64Array;
  /** [C, C, 2]: the observations that are so close, of the row's class first. */
  readonly closestPair: Int32Array;
  /** [C]: the largest distance within a class, its diameter. */
  readonly largestWithin: Float64Array;
  /** [N]: the nearest other observation. Ties: the one with the smaller index. */
  readonly nearest: Int32Array;
  /** [N] */
  readonly nearestDistance: Float64Array;
  /** [N]: the distance of the second nearest other observation. */
  readonly secondDistance: Float64Array;
  /** [N]: the distance of the nearest observation of another class; infinite where there is none. */
  readonly nearestOther: Float64Array;
  /** [N, C]: the sum of the distances from an observation to the others of a class. */
  readonly sumToClass: Float64Array;
  readonly histogram: DistanceHistogram;
}

/** Counts of pairs by distance; bin b is the distances in [b width, (b + 1) width). */
export interface DistanceHistogram {
  readonly width: number;
  readonly within: Float64Array;
  readonly between: Float64Array;
}

/** Mean distance of two observations of one class, and of two of different classes. NaN where there are no such pairs. */
export function meanDistancesOf(
  { sumToClass }: PairDistances,
  { labels, classCount }: LabelledLatents,
): { readonly within: number; readonly between: number } {
  const counts = new Float64Array(classCount);
  for (const label of labels) counts[label]++;
  const sums = { within: 0, between: 0 };
  const pairs = { within: 0, between: 0 };
  labels.forEach((label, n) => {
    for (let other = 0; other < classCount; other++) {
      const side = other === label ? 'within' : 'between';
      sums[side] += sumToClass[n * classCount + other];
      pairs[side] += other === label ? counts[other] - 1 : counts[other];
    }
  });
  return { within: sums.within / pairs.within, between: sums.between / pairs.between };
}

/** Cosine of two rows, between -1 and 1; rows that are 0 have no direction: 1 where both are, 0 where one is. */
export function cosine(
  a: ArrayLike<number>,
  aOffset: number,
  b: ArrayLike<number>,
  bOffset: number,
  size: number,
): number {
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let k = 0; k < size; k++) {
    product += a[aOffset + k] * b[bOffset + k];
    squaresA += a[aOffset + k] ** 2;
    squaresB += b[bOffset + k] ** 2;
  }
  const length = Math.sqrt(squaresA * squaresB);
  if (length > 0) return Math.max(-1, Math.min(1, product / length));
  return squaresA === squaresB ? 1 : 0;
}

export function squaredDistance(
  a: ArrayLike<number>,
  aOffset: number,
  b: ArrayLike<number>,
  bOffset: number,
  size: number,
): number {
  // Four sums: one chain of additions would wait for itself.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < size; k += 4) {
    const d0 = a[aOffset + k] - b[bOffset + k];
    const d1 = a[aOffset + k + 1] - b[bOffset + k + 1];
    const d2 = a[aOffset + k + 2] - b[bOffset + k + 2];
    const d3 = a[aOffset + k + 3] - b[bOffset + k + 3];
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; k < size; k++) s0 += (a[aOffset + k] - b[bOffset + k]) ** 2;
  return s0 + s1 + (s2 + s3);
}

/**
 * As `squaredDistance`, operation by operation, of one row with many: where the compiler sees one kind of array alone it is three times
 * as fast.
 * @param from [.., D]; the row begins at `at`
 * @param rows [n, D]
 * @param squares [n], which are filled
 */
export function squaredDistances(
  from: Float64Array,
  at: number,
  rows: Float64Array,
  size: number,
  squares: Float64Array,
): void {
  const own = from.subarray(at, at + size);
  const whole = size - (size % 4);
  for (let n = 0, row = 0; n < squares.length; n++, row += size) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = 0; k < whole; k += 4) {
      const d0 = own[k] - rows[row + k];
      const d1 = own[k + 1] - rows[row + k + 1];
      const d2 = own[k + 2] - rows[row + k + 2];
      const d3 = own[k + 3] - rows[row + k + 3];
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    for (let k = whole; k < size; k++) s0 += (own[k] - rows[row + k]) ** 2;
    squares[n] = s0 + s1 + (s2 + s3);
  }
}

/** Calls `visit` with blocks of rows as float64, two of which stay in the first-level caches, and the number of their first row. */
export function forEachBlock(
  { values, count, size }: Latents,
  visit: (rows: Float64Array, first: number) => void,
  from = 0,
): void {
  for (let first = from; first < count; first += BLOCK)
    visit(Float64Array.from(values.subarray(first * size, (first + BLOCK) * size)), first);
}

/** Calls `visit` once for each pair i < j, in blocks; each observation meets the others in rising order. */
function forEachPair(latents: Latents, visit: (i: number, j: number, distance: number) => void): void {
  const { size } = latents;
  forEachBlock(latents, (own, iFirst) =>
    forEachBlock(
      latents,
      (others, jFirst) => {
        const squares = new Float64Array(others.length / size);
        for (let i = 0; i < own.length / size; i++) {
          squaredDistances(own, i * size, others, size, squares);
          for (let j = Math.max(0, iFirst + i + 1 - jFirst); j < squares.length; j++)
            visit(iFirst + i, jFirst + j, Math.sqrt(squares[j]));
        }
      },
      iFirst,
    ),
  );
}

/** O(N^2 D): about a second for 4,096 latents of 64 numbers. */
export function measurePairs(latents: LabelledLatents): PairDistances {
  const { count, labels, classCount } = latents;
  const smallestBetween = Float64Array.from({ length: classCount * classCount }, (_, ab) =>
    ab % (classCount + 1) === 0 ? 0 : Number.POSITIVE_INFINITY,
  );
  const closestPair = new Int32Array(2 * classCount * classCount).fill(-1);
  const largestWithin = new Float64Array(classCount);
  const nearest = new Int32Array(count).fill(-1);
  const nearestDistance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const secondDistance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const nearestOther = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const sumToClass = new Float64Array(count * classCount);
  // No distance exceeds twice the largest distance to the first observation.
  const reach = 2 * largestDistanceToFirst(latents);
  const width = reach > 0 ? reach / HISTOGRAM_BINS : 1;
  const within = new Float64Array(HISTOGRAM_BINS + 1);
  const between = new Float64Array(HISTOGRAM_BINS + 1);

  const offer = (i: number, j: number, distance: number) => {
    if (distance < nearestDistance[i]) {
      secondDistance[i] = nearestDistance[i];
      nearestDistance[i] = distance;
      nearest[i] = j;
    } else secondDistance[i] = Math.min(secondDistance[i], distance);
  };
  let sum = 0;
  forEachPair(latents, (i, j, distance) => {
    const a = labels[i];
    const b = labels[j];
    sum += distance;
    sumToClass[i * classCount + b] += distance;
    sumToClass[j * classCount + a] += distance;
    offer(i, j, distance);
    offer(j, i, distance);
    const bin = Math.floor(distance / width);
    if (a === b) {
      within[bin]++;
      largestWithin[a] = Math.max(largestWithin[a], distance);
    } else {
      between[bin]++;
      nearestOther[i] = Math.min(nearestOther[i], distance);
      nearestOther[j] = Math.min(nearestOther[j], distance);
      const ab = a * classCount + b;
      const ba = b * classCount + a;
      if (distance < smallestBetween[ab]) {
        smallestBetween[ab] = distance;
        smallestBetween[ba] = distance;
        closestPair[2 * ab] = i;
        closestPair[2 * ab + 1] = j;
        closestPair[2 * ba] = j;
        closestPair[2 * ba + 1] = i;
      }
    }
  });
  return {
    meanDistance: sum / ((count * (count - 1)) / 2),
    smallestBetween,
    closestPair,
    largestWithin,
    nearest,
    nearestDistance,
    secondDistance,
    nearestOther,
    sumToClass,
    histogram: trimHistogram({ width, within, between }),
  };
}

/** Over all pairs, without anything else. */
export function meanPairDistance(latents: Latents): number {
  let sum = 0;
  forEachPair(latents, (_i, _j, distance) => {
    sum += distance;
  });
  return sum / ((latents.count * (latents.count - 1)) / 2);
}

/** Pairs whose distances stand for those of all. */
const TYPICAL_PAIRS = 4096;

/** The farthest pairs, which two or three observations in a hundred could be in, do not count. */
const TYPICAL_SHARE = 0.95;

/** Mean distance of two observations but for the farthest twentieth, of pairs spread over all: a few far away do not raise it; 0 of one alone. */
export function typicalDistance({ values, count, size }: Latents): number {
  const distances: number[] = [];
  // Each round pairs every observation with one at another offset.
  const rounds = Math.max(1, Math.min(count - 1, Math.ceil(TYPICAL_PAIRS / count)));
  const stride = Math.max(1, Math.floor(count / TYPICAL_PAIRS));
  for (let round = 0; round < rounds; round++) {
    const offset = 1 + Math.floor((round * (count - 1)) / rounds);
    for (let i = 0; i < count; i += stride) {
      const j = (i + offset) % count;
      distances.push(Math.sqrt(squaredDistance(values, i * size, values, j * size, size)));
    }
  }
  distances.sort((a, b) => a - b);
  const kept = distances.slice(0, Math.max(1, Math.ceil(TYPICAL_SHARE * distances.length)));
  return kept.reduce((sum, distance) => sum + distance, 0) / kept.length;
}

/** [n, n] distances between the chosen observations, in their order: what a heat map shows. */
export function distanceMatrix({ values, size }: Latents, chosen: ArrayLike<number>): Float64Array {
  const matrix = new Float64Array(chosen.length * chosen.length);
  for (let i = 0; i < chosen.length; i++)
    for (let j = 0; j < i; j++) {
      const distance = Math.sqrt(squaredDistance(values, chosen[i] * size, values, chosen[j] * size, size));
      matrix[i * chosen.length + j] = distance;
      matrix[j * chosen.length + i] = distance;
    }
  return matrix;
}

function largestDistanceToFirst({ values, count, size }: Latents): number {
  let largest = 0;
  for (let i = 1; i < count; i++) largest = Math.max(largest, squaredDistance(values, 0, values, i * size, size));
  return Math.sqrt(largest);
}

/** Drops the empty bins beyond the largest distance. */
function trimHistogram({ width, within, between }: DistanceHistogram): DistanceHistogram {
  let end = within.length;
  while (end > 1 && within[end - 1] + between[end - 1] === 0) end--;
  return { width, within: within.slice(0, end), between: between.slice(0, end) };
}
