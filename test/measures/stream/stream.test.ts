// The streaming form against the one that compares all pairs, where both apply; and that no partition changes a bit.
import { describe, expect, test } from 'vitest';
import { centroidsOf, measureCentroids } from '../../../src/measures/centroid.ts';
import { measureClassGaps, silhouette } from '../../../src/measures/class-gap.ts';
import { measureDistinctness } from '../../../src/measures/distinctness.ts';
import { labelLatents } from '../../../src/measures/latents.ts';
import { meanDistancesOf, measurePairs } from '../../../src/measures/pair-distance.ts';
import type { LatentBlock } from '../../../src/measures/stream/block.ts';
import { randomFor } from '../../../src/random.ts';
import { blocksOf, type Rows, stream } from './passes.ts';

const SIZE = 6;

/** Gaussians `apart` deviations apart, class by class at other lengths; one row in thirty has no class. */
function gaussians(count: number, classCount: number, apart: number, seed = 0): Rows {
  const random = randomFor(seed, 'stream test');
  const labels = Int32Array.from({ length: count }, () => (random.integer(30) === 0 ? -1 : random.integer(classCount)));
  const values = Float32Array.from({ length: count * SIZE }, (_, index) => {
    const label = labels[Math.floor(index / SIZE)];
    const centre = index % SIZE === label % SIZE ? apart * (1 + Math.floor(label / SIZE)) : 0;
    return 3 + centre + random.normal();
  });
  return { values, labels, judged: Uint8Array.from({ length: count }, () => random.integer(2)) };
}

/** The same rows as two sets, for the measures that take all pairs. */
function exact(rows: Rows, classCount: number) {
  const { latents, others } = twoSets(rows, classCount);
  const distinctness = measureDistinctness({ latents, centroidLatents: others });
  return { latents, distinctness, apart: meanDistancesOf(distinctness.pairs, latents) };
}

function twoSets({ values, labels, judged }: Rows, classCount: number) {
  const take = (side: number) => {
    const rows = Array.from(labels.keys()).filter((i) => labels[i] >= 0 && judged[i] === side);
    const own = new Float32Array(rows.length * SIZE);
    rows.forEach((row, n) => {
      own.set(values.subarray(row * SIZE, (row + 1) * SIZE), n * SIZE);
    });
    const latents = { values: own, count: rows.length, size: SIZE };
    return labelLatents(
      latents,
      Int32Array.from(rows, (row) => labels[row]),
      classCount,
    );
  };
  return { latents: take(1), others: take(0) };
}

describe('with every judged row a query', () => {
  test.each([
    ['apart', 3, 12],
    ['overlapping', 9, 2],
  ])('all measures are those of all pairs, of classes that are %s', (_, classCount, apart) => {
    const rows = gaussians(1500, classCount, apart);
    const { latents, distinctness, apart: distances } = exact(rows, classCount);
    const { measures } = stream([blocksOf(rows, 128)], { size: SIZE, classCount, seed: 0, queries: 4096 });
    const near = (found: number, wanted: number) => expect(found / wanted).toBeCloseTo(1, 10);
    expect(measures.count).toBe(latents.count);
    expect(measures.accuracy).toBe(distinctness.centroids.accuracy);
    expect(measures.recall).toEqual(distinctness.centroids.recall);
    near(measures.centroidGapRatio, distinctness.centroids.centroidGapRatio);
    expect(measures.centroidGapRatioPair).toEqual(distinctness.centroids.worstPair);
    near(measures.meanDistance.value, distinctness.evidence.meanDistance);
    near(measures.meanDistanceWithin.value, distances.within);
    near(measures.meanDistanceBetween.value, distances.between);
    for (const each of [measures.meanDistance, measures.meanDistanceWithin, measures.silhouette])
      expect(each.standardError).toBe(0);
    expect(measures.nearestNeighbourAccuracy.value).toBe(distinctness.nearestNeighbourAccuracy);
    near(measures.silhouette.value, distinctness.silhouette);
    near(measures.intrinsicDimension, distinctness.intrinsicDimension);
    expect(measures.sharedLatents.value).toBe(distinctness.sharedLatents);
    expect(measures.roundingLength).toBe(distinctness.evidence.roundingLength);
    near(measures.rootMeanSquareNorm, distinctness.evidence.rootMeanSquareNorm);
    near(measures.latentStd, distinctness.evidence.latentStd);
    near(measures.spectrum?.rankMe ?? 0, distinctness.spectrum.rankMe);
    near(measures.spectrum?.effectiveRank ?? 0, distinctness.spectrum.effectiveRank);
    near(measures.spectrum?.participationRatio ?? 0, distinctness.spectrum.participationRatio);
    expect(measures.smallestGap).toEqual({ low: distinctness.gaps.smallestGap, high: distinctness.gaps.smallestGap });
    expect(measures.gapRatio.high).toBeCloseTo(distinctness.gaps.gapRatio, 12);
    expect(measures.gapRatio.low).toBeLessThanOrEqual(distinctness.gaps.gapRatio);
  });
});

test('with few queries, means are within four standard errors, and the smallest gap is found all the same', () => {
  const rows = gaussians(6000, 4, 9, 3);
  const { distinctness, apart } = exact(rows, 4);
  const { measures, before } = stream([blocksOf(rows, 512)], { size: SIZE, classCount: 4, seed: 1, queries: 200 });
  for (const [{ value, standardError }, wanted] of [
    [measures.meanDistance, distinctness.evidence.meanDistance],
    [measures.meanDistanceWithin, apart.within],
    [measures.meanDistanceBetween, apart.between],
    [measures.silhouette, distinctness.silhouette],
  ] as const) {
    expect(standardError).toBeGreaterThan(0);
    expect(standardError).toBeLessThan(0.02 * wanted);
    expect(Math.abs(value - wanted)).toBeLessThan(4 * standardError);
  }
  const gap = distinctness.gaps.smallestGap;
  expect(before.low).toBeGreaterThan(0);
  expect(before.low).toBeLessThan(gap);
  expect(before.high).toBeGreaterThan(gap);
  expect(measures.smallestGap).toEqual({ low: gap, high: gap });
});

test('standard errors are as large as the spread over draws of other queries', () => {
  const rows = gaussians(3000, 4, 4, 5);
  const found = Array.from({ length: 30 }, (_, seed) => {
    const options = { size: SIZE, classCount: 4, seed, queries: 100 };
    return stream([blocksOf(rows, 1024)], options).measures;
  });
  for (const of of ['meanDistance', 'meanDistanceWithin', 'silhouette', 'nearestNeighbourAccuracy'] as const) {
    const values = found.map((each) => each[of].value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
    const stated = found.reduce((sum, each) => sum + each[of].standardError, 0) / found.length;
    // Of 30 draws the spread is known to 13%.
    expect(spread / stated).toBeGreaterThan(0.6);
    expect(spread / stated).toBeLessThan(1.4);
  }
});

test.each([3, 7])('%i shards of blocks in random orders give the bits of one process', (shards) => {
  const rows = gaussians(2000, 5, 5, 7);
  const options = { size: SIZE, classCount: 5, seed: 0, queries: 64 };
  const blocks = blocksOf(rows, 64);
  const one = stream([blocks], options);
  for (let draw = 0; draw < 3; draw++) {
    const random = randomFor(draw, 'partition', shards);
    const parts: LatentBlock[][] = Array.from({ length: shards }, () => []);
    const left = [...blocks];
    while (left.length > 0) parts[random.integer(shards)].push(...left.splice(random.integer(left.length), 1));
    const many = stream(parts, options);
    expect(many.moments.stored()).toEqual(one.moments.stored());
    expect(many.comparison.stored()).toEqual(one.comparison.stored());
    expect(many.measures).toEqual(one.measures);
  }
});

test('many classes: nearest centroids and gap ratios are found without looking at all pairs', () => {
  const random = randomFor(1, 'many classes');
  const classCount = 1100;
  const centres = Float32Array.from({ length: classCount * SIZE }, () => 20 * random.normal());
  const labels = Int32Array.from({ length: 4 * classCount }, (_, i) => i % classCount);
  const rows: Rows = {
    labels,
    values: Float32Array.from(
      { length: labels.length * SIZE },
      (_, at) => centres[labels[Math.floor(at / SIZE)] * SIZE + (at % SIZE)] + 3 * random.normal(),
    ),
    judged: Uint8Array.from(labels, (_, i) => Math.floor(i / classCount) % 2),
  };
  const { latents, others } = twoSets(rows, classCount);
  const centroids = measureCentroids(latents, centroidsOf(others));
  const pairs = measurePairs(latents);
  const { smallestGap } = measureClassGaps(latents, pairs);
  const { measures, comparison } = stream([blocksOf(rows, 4096)], { size: SIZE, classCount, seed: 0, queries: 4096 });
  expect(comparison.isPaired).toBe(false);
  expect(measures.accuracy).toBe(centroids.accuracy);
  expect(measures.accuracy).toBeLessThan(1);
  expect(measures.recall).toEqual(centroids.recall);
  expect(measures.centroidGapRatio).toBeCloseTo(centroids.centroidGapRatio, 12);
  expect(measures.centroidGapRatioPair).toEqual(centroids.worstPair);
  // The nearest other class by its mean distance is among those of the 63 nearest centroids.
  expect(measures.silhouette.value).toBeCloseTo(silhouette(latents, pairs), 10);
  expect(measures.smallestGap.low).toBeLessThanOrEqual(smallestGap);
  expect(measures.smallestGap.high).toBe(smallestGap);
});
