// Whether class centroids form given groups: how tight the groups are, and whether the best partition into as many groups is
// that one. Letters: C classes, D latent size, G groups.
import { UsageError } from '../error.ts';
import { squaredDistance } from './pair-distance.ts';

export interface Grouping {
  /**
   * Mean distance of two centroids of one group over that of two of different groups; NaN where all centroids coincide. Classes
   * evenly on a line, in groups of three neighbours, have 1/3: below that, the groups are tighter than an even line.
   */
  readonly withinOverBetween: number;
  /**
   * Adjusted Rand index (Hubert and Arabie, Journal of Classification 2, 1985) of the best G-means partition of the centroids
   * with the groups: 1 where they are the same, 0 in the mean by chance. An even line has 1 too, so this alone shows no groups.
   */
  readonly adjustedRandIndex: number;
}

/** Partitions that are tried one by one are few for so many classes: 3 groups of 12 are 86,526. */
const MAXIMAL_CLASSES = 12;

/**
 * @param centroids [C, D]
 * @param groups classes of each group: every class in one of them
 */
export function measureGrouping(
  centroids: Float64Array,
  size: number,
  groups: readonly (readonly number[])[],
): Grouping {
  const classCount = centroids.length / size;
  const groupOf = new Int32Array(classCount).fill(-1);
  groups.forEach((classes, group) => {
    for (const each of classes) groupOf[each] = group;
  });
  if (classCount > MAXIMAL_CLASSES || groups.flat().length !== classCount || groupOf.includes(-1))
    throw new UsageError(
      `groups: expected each of at most ${MAXIMAL_CLASSES} classes in one group, got ${JSON.stringify(groups)} for ${classCount} classes`,
    );
  const squared = new Float64Array(classCount * classCount);
  const sums = { within: 0, between: 0 };
  const counts = { within: 0, between: 0 };
  for (let a = 0; a < classCount; a++)
    for (let b = a + 1; b < classCount; b++) {
      const square = squaredDistance(centroids, a * size, centroids, b * size, size);
      squared[b * classCount + a] = square;
      const side = groupOf[a] === groupOf[b] ? 'within' : 'between';
      sums[side] += Math.sqrt(square);
      counts[side]++;
    }
  return {
    withinOverBetween: sums.within / counts.within / (sums.between / counts.between),
    adjustedRandIndex: adjustedRandIndex(groupOf, bestPartition(squared, classCount, groups.length)),
  };
}

/**
 * The partition into `groupCount` non-empty groups with the least sum of squared distances to the groups' means (k-means,
 * exactly: all partitions are tried); the first of equals.
 * @param squared [C, C] squared distances, below the diagonal
 */
function bestPartition(squared: Float64Array, classCount: number, groupCount: number): Int32Array {
  const groupOf = new Int32Array(classCount);
  let best: Int32Array = groupOf;
  let leastCost = Number.POSITIVE_INFINITY;
  // The cost of a group is the sum of its pairs' squared distances over its size.
  const pairSums = new Float64Array(groupCount);
  const sizes = new Int32Array(groupCount);
  const place = (index: number, used: number): void => {
    if (classCount - index < groupCount - used) return;
    if (index === classCount) {
      const cost = pairSums.reduce((total, sum, group) => total + sum / sizes[group], 0);
      if (cost < leastCost) {
        leastCost = cost;
        best = groupOf.slice();
      }
      return;
    }
    for (let group = 0; group < Math.min(used + 1, groupCount); group++) {
      let added = 0;
      for (let other = 0; other < index; other++)
        if (groupOf[other] === group) added += squared[index * classCount + other];
      groupOf[index] = group;
      pairSums[group] += added;
      sizes[group]++;
      place(index + 1, Math.max(used, group + 1));
      pairSums[group] -= added;
      sizes[group]--;
    }
  };
  place(0, 0);
  return best;
}

/** Of two partitions of the same things, each given as the group of every thing. */
export function adjustedRandIndex(a: ArrayLike<number>, b: ArrayLike<number>): number {
  // Each pair in both orders: a factor that cancels.
  const pairs = (count: number) => count * (count - 1);
  const tally = (keys: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return [...counts.values()].reduce((total, count) => total + pairs(count), 0);
  };
  const keysA = Array.from(a, String);
  const keysB = Array.from(b, String);
  const both = tally(keysA.map((key, index) => `${key} ${keysB[index]}`));
  const [inA, inB] = [tally(keysA), tally(keysB)];
  const expected = (inA * inB) / pairs(keysA.length);
  const most = (inA + inB) / 2;
  return most === expected ? 1 : (both - expected) / (most - expected);
}
