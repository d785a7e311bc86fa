// What streams, beside its definitions, written out over all pairs of a few rows. Their numbers are small and whole, so that distances
// are equal now and then, rows fall on each other and on centroids, and classes have no extent.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blocksOf, type Rows, stream } from './passes.ts';

interface Row {
  readonly label: number;
  readonly judged: boolean;
  readonly at: readonly [number, number];
}

interface World {
  readonly classCount: number;
  readonly rows: readonly Row[];
}

/** Worlds of a property: each has three passes. */
const runs = { numRuns: 40 };

const place = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -2, max: 5 }));

/** Every class has a row of either kind; some rows have no class. */
const someWorld: fc.Arbitrary<World> = fc.integer({ min: 2, max: 4 }).chain((classCount) =>
  fc
    .record({
      needed: fc.array(place, { minLength: 2 * classCount, maxLength: 2 * classCount }),
      more: fc.array(
        fc.record({ label: fc.integer({ min: -1, max: classCount - 1 }), judged: fc.boolean(), at: place }),
        { maxLength: 12 },
      ),
    })
    .map(({ needed, more }) => ({
      classCount,
      rows: [...needed.map((at, n) => ({ label: n >> 1, judged: n % 2 === 0, at })), ...more],
    })),
);

const arraysOf = ({ rows }: World): Rows => ({
  values: Float32Array.from(rows.flatMap(({ at }) => at)),
  labels: Int32Array.from(rows, ({ label }) => label),
  judged: Uint8Array.from(rows, ({ judged }) => Number(judged)),
});

const optionsOf = ({ classCount }: World, queries = 64) => ({ size: 2, classCount, seed: 3, queries });

const lengthOf = ([ax, ay]: readonly number[], [bx, by]: readonly number[]) =>
  Math.sqrt((ax - bx) ** 2 + (ay - by) ** 2);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const near = (value: number) => (Number.isFinite(value) ? expect.closeTo(value, 9) : value);
const ratioOf = (gap: number, extent: number) => (extent > 0 ? gap / extent : gap > 0 ? Number.POSITIVE_INFINITY : 0);

/** Centroids and judged rows, and how far they are from each other. */
function definitions({ classCount, rows }: World) {
  const classes = Array.from({ length: classCount }, (_, c) => c);
  const centroids = classes.map((c) => {
    const own = rows.filter(({ label, judged }) => label === c && !judged);
    return [0, 1].map((k) => mean(own.map(({ at }) => at[k])));
  });
  const judged = rows.flatMap((row, number) => (row.judged && row.label >= 0 ? [{ ...row, number }] : []));
  const of = (c: number) => judged.filter(({ label }) => label === c);
  const radii = classes.map((c) => mean(of(c).map(({ at }) => lengthOf(at, centroids[c]))));
  const isRight = ({ at, label }: Row) =>
    classes.every((c) => c === label || lengthOf(at, centroids[c]) > lengthOf(at, centroids[label]));
  return { classes, centroids, judged, of, radii, isRight };
}

describe('of any rows', () => {
  test('the first pass has counts, centroids, means and the largest numbers', () => {
    fc.assert(
      fc.property(someWorld, (world) => {
        const { first } = stream([blocksOf(arraysOf(world), 4)], optionsOf(world));
        const { classes, centroids, judged, of } = definitions(world);
        expect([...first.judgedCounts]).toEqual(classes.map((c) => of(c).length));
        const ofCentroid = (c: number) => world.rows.filter((row) => row.label === c && !row.judged);
        expect([...first.centroidCounts]).toEqual(classes.map((c) => ofCentroid(c).length));
        expect([...first.centroids]).toEqual(centroids.flat());
        expect([...first.mean]).toEqual([0, 1].map((k) => mean(judged.map(({ at }) => at[k]))));
        expect(first.meanSquare).toBe(mean(judged.map(({ at: [x, y] }) => x * x + y * y)));
        expect([...first.largest]).toEqual([0, 1].map((k) => Math.max(...judged.map(({ at }) => Math.abs(at[k])))));
        for (const sample of [first.queries, first.judgedSample]) {
          expect([...sample.rows]).toEqual(judged.map(({ number }) => number));
          expect([...sample.labels]).toEqual(judged.map(({ label }) => label));
          expect([...sample.values]).toEqual(judged.flatMap(({ at }) => at));
        }
        const others = world.rows.flatMap((row, number) => (row.label >= 0 && !row.judged ? [number] : []));
        expect([...first.centroidSample.rows]).toEqual(others);
      }),
      runs,
    );
  });

  test('accuracy, recall and the ratio of the worst pair are those of the centroids', () => {
    fc.assert(
      fc.property(someWorld, (world) => {
        const { measures } = stream([blocksOf(arraysOf(world), 4)], optionsOf(world));
        const { classes, centroids, judged, of, radii, isRight } = definitions(world);
        expect(measures.count).toBe(judged.length);
        expect(measures.accuracy).toBe(judged.filter(isRight).length / judged.length);
        expect([...measures.recall]).toEqual(classes.map((c) => of(c).filter(isRight).length / of(c).length));
        const pairs = classes.flatMap((a) => classes.slice(a + 1).map((b) => [a, b] as const));
        const ratio = ([a, b]: readonly [number, number]) =>
          ratioOf(lengthOf(centroids[a], centroids[b]), 2 * Math.max(radii[a], radii[b]));
        const least = Math.min(...pairs.map(ratio));
        expect(measures.centroidGapRatio).toEqual(near(least));
        expect(ratio([measures.centroidGapRatioPair[0], measures.centroidGapRatioPair[1]])).toEqual(near(least));
        expect(measures.centroidGapRatioPair[0]).toBeLessThan(measures.centroidGapRatioPair[1]);
        const leastOf = (c: number) => Math.min(...pairs.filter((pair) => pair.includes(c)).map(ratio));
        const ofHardest = [...measures.hardest].map(leastOf);
        expect(ofHardest).toEqual(
          classes
            .map(leastOf)
            .sort((a, b) => a - b)
            .map(near),
        );
        expect([...measures.hardest].sort()).toEqual(classes);
      }),
      runs,
    );
  });

  test('deviations and the covariance are those about the mean', () => {
    fc.assert(
      fc.property(someWorld, (world) => {
        const { measures, comparison } = stream([blocksOf(arraysOf(world), 4)], optionsOf(world));
        const { judged } = definitions(world);
        const centre = [0, 1].map((k) => mean(judged.map(({ at }) => at[k])));
        const product = (a: number, b: number) =>
          judged.reduce((sum, { at }) => sum + (at[a] - centre[a]) * (at[b] - centre[b]), 0);
        expect([...comparison.products.values()]).toEqual([product(0, 0), product(0, 1), product(1, 1)].map(near));
        const deviations = [0, 1].map((k) => Math.sqrt(product(k, k) / judged.length));
        expect([...measures.standardDeviations]).toEqual(deviations.map(near));
        expect(measures.latentStd).toEqual(near(mean(deviations)));
        expect(measures.rootMeanSquareNorm).toEqual(
          near(Math.sqrt(mean(judged.map(({ at: [x, y] }) => x * x + y * y)))),
        );
        const variance = deviations.map((deviation) => deviation ** 2).reduce((sum, each) => sum + each);
        const [largest, smaller] = measures.spectrum?.centredSingularValues ?? [];
        expect(largest ** 2 + smaller ** 2).toBeCloseTo(variance * judged.length, 6);
      }),
      runs,
    );
  });

  test('distances and neighbours of all rows that are asked are those of all pairs', () => {
    fc.assert(
      fc.property(someWorld, (world) => {
        const { measures } = stream([blocksOf(arraysOf(world), 4)], optionsOf(world));
        const { classes, judged, of } = definitions(world);
        const n = judged.length;
        const pairs = judged.flatMap((a) => judged.filter((b) => b.number < a.number).map((b) => ({ a, b })));
        const distance = ({ a, b }: (typeof pairs)[number]) => lengthOf(a.at, b.at);
        const within = pairs.filter(({ a, b }) => a.label === b.label);
        const between = pairs.filter(({ a, b }) => a.label !== b.label);
        expect(measures.meanDistance).toEqual({ value: near(mean(pairs.map(distance))), standardError: 0 });
        expect(measures.meanDistanceBetween.value).toEqual(near(mean(between.map(distance))));
        if (within.length > 0) expect(measures.meanDistanceWithin.value).toEqual(near(mean(within.map(distance))));
        expect(measures.smallestGap).toEqual({
          low: near(Math.min(...between.map(distance))),
          high: near(Math.min(...between.map(distance))),
        });
        const sorted = judged.map((own) =>
          judged
            .filter((other) => other !== own)
            .sort((a, b) => lengthOf(a.at, own.at) - lengthOf(b.at, own.at) || a.number - b.number),
        );
        const isOwn = judged.map(({ label }, i) => Number(sorted[i][0].label === label));
        expect(measures.nearestNeighbourAccuracy.value).toEqual(near(mean(isOwn)));
        const others = judged.map(({ label }, i) => sorted[i].filter((other) => other.label !== label)[0]);
        const shared = judged.filter(({ at }, i) => lengthOf(at, others[i].at) <= 2 * measures.roundingLength);
        expect(measures.sharedLatents.value).toEqual(near(shared.length / n));
        const silhouettes = judged.map((own) => {
          const meanTo = (c: number) =>
            mean(of(c).flatMap((other) => (other === own ? [] : [lengthOf(own.at, other.at)])));
          if (of(own.label).length === 1) return 0;
          const a = meanTo(own.label);
          const b = Math.min(...classes.filter((c) => c !== own.label).map(meanTo));
          return Math.max(a, b) > 0 ? (b - a) / Math.max(a, b) : 0;
        });
        expect(measures.silhouette.value).toEqual(near(mean(silhouettes)));
        const extents = classes.map((c) => Math.max(...of(c).flatMap((a) => of(c).map((b) => lengthOf(a.at, b.at)))));
        const ratios = judged.map(({ at, label }, i) =>
          ratioOf(lengthOf(at, others[i].at), Math.max(extents[label], extents[others[i].label])),
        );
        expect(measures.gapRatio.high).toEqual(near(Math.min(...ratios)));
      }),
      runs,
    );
  });

  test('with two rows asked the smallest gap is in its bracket, and found', () => {
    fc.assert(
      fc.property(someWorld, (world) => {
        const { measures, before, comparison } = stream([blocksOf(arraysOf(world), 4)], optionsOf(world, 2));
        const { centroids, judged, of, classes } = definitions(world);
        const gaps = judged.flatMap((a) => judged.flatMap((b) => (a.label < b.label ? [lengthOf(a.at, b.at)] : [])));
        const gap = Math.min(...gaps);
        expect(before.low).toBeLessThanOrEqual(gap);
        expect(before.high).toBeGreaterThanOrEqual(gap - 1e-12);
        expect(measures.smallestGap).toEqual({ low: near(gap), high: near(gap) });
        const maxima = classes.map((c) => Math.max(...of(c).map(({ at }) => lengthOf(at, centroids[c]))));
        expect([...comparison.radiusMaxima]).toEqual(maxima.map(near));
        expect(measures.gapRatio.low).toEqual(
          near(Math.min(measures.gapRatio.high, ratioOf(gap, 2 * Math.max(...maxima)))),
        );
      }),
      runs,
    );
  });

  test('no order of the blocks and no parts change a bit of what is stored', () => {
    fc.assert(
      fc.property(someWorld, fc.array(fc.nat(2), { minLength: 30, maxLength: 30 }), (world, partOf) => {
        const blocks = blocksOf(arraysOf(world), 3);
        const parts = [0, 1, 2].map((part) => blocks.filter((_, b) => partOf[b] === part).reverse());
        const [one, many] = [[blocks], parts].map((each) => stream(each, optionsOf(world, 3)));
        expect(many.moments.stored()).toEqual(one.moments.stored());
        expect(many.comparison.stored()).toEqual(one.comparison.stored());
        expect(many.measures).toEqual(one.measures);
      }),
      runs,
    );
  });
});

describe('of some rows that are asked', () => {
  test('a mean has the error of a sample without replacement, a ratio that of its linear part', () => {
    fc.assert(
      fc.property(someWorld, (world) => {
        const { measures, first } = stream([blocksOf(arraysOf(world), 4)], optionsOf(world, 3));
        const { judged } = definitions(world);
        const count = judged.length;
        const asked = judged.filter(({ number }) => first.queries.rows.includes(number));
        const n = asked.length;
        expect(n).toBe(Math.min(3, count));
        const spared = (count - n) / count;
        const sums = asked.map((own) => {
          const to = (is: (label: number) => boolean) =>
            judged.filter((other) => other !== own && is(other.label)).map((other) => lengthOf(own.at, other.at));
          return { all: to(() => true), between: to((label) => label !== own.label) };
        });
        const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
        const means = sums.map(({ all }) => mean(all));
        const squares = total(means.map((value) => (value - mean(means)) ** 2));
        expect(measures.meanDistance).toEqual({
          value: near(mean(means)),
          standardError: near(Math.sqrt((squares / (n - 1) / n) * spared)),
        });
        const weights = sums.map(({ between }) => between.length);
        const ratio = total(sums.map(({ between }) => total(between))) / total(weights);
        const rests = total(sums.map(({ between }) => (total(between) - ratio * between.length) ** 2));
        expect(measures.meanDistanceBetween).toEqual({
          value: near(ratio),
          standardError: near(Math.sqrt((rests / (n - 1)) * n * spared) / total(weights)),
        });
      }),
      runs,
    );
  });

  test('one alone has no error that is known', () => {
    const world: World = {
      classCount: 2,
      rows: [0, 1, 0, 1].map((label, n) => ({ label, judged: n < 2, at: [4 * label, 3 * label] })),
    };
    const { measures } = stream([blocksOf(arraysOf(world), 4)], optionsOf(world, 1));
    expect(measures.meanDistance).toEqual({ value: 5, standardError: Number.POSITIVE_INFINITY });
    expect(measures.queries).toBe(1);
  });
});
