// Where there are too many rows, classes or numbers for the exact answer: what is said then, and that it is said from there on only.
import { describe, expect, test } from 'vitest';
import { alongAxis, Comparison } from '../../../src/measures/stream/comparison.ts';
import { Moments } from '../../../src/measures/stream/moments.ts';
import { randomFor } from '../../../src/random.ts';
import { blocksOf, type Rows, stream } from './passes.ts';

/** Two classes that overlap on a line, one row in two of each, all judged but the first two. */
function overlapping(count: number): Rows {
  const random = randomFor('overlapping', count);
  return {
    values: Float32Array.from({ length: count + 2 }, (_, n) => (n < 2 ? n : 10 * random.uniform())),
    labels: Int32Array.from({ length: count + 2 }, (_, n) => n % 2),
    judged: Uint8Array.from({ length: count + 2 }, (_, n) => (n < 2 ? 0 : 1)),
  };
}

describe('rows that may have a nearer one of another class', () => {
  const options = { size: 1, classCount: 2, seed: 0, queries: 2 };

  test('are compared up to 16,384 of them: then the smallest gap is exact', () => {
    const rows = overlapping(16_384);
    const sorted = Array.from(rows.labels.keys())
      .slice(2)
      .sort((a, b) => rows.values[a] - rows.values[b]);
    const gaps = sorted.slice(1).map((row, n) => ({
      gap: rows.values[row] - rows.values[sorted[n]],
      isBetween: rows.labels[row] !== rows.labels[sorted[n]],
    }));
    const gap = Math.min(...gaps.filter(({ isBetween }) => isBetween).map((each) => each.gap));
    const { measures, closest } = stream([blocksOf(rows, 4096)], options);
    expect(closest.isOpen).toBe(true);
    expect(measures.smallestGap).toEqual({ low: gap, high: gap });
  });

  test('beyond that leave the bracket as it was, in one part or in several', () => {
    const blocks = blocksOf(overlapping(16_385), 4096);
    const [one, two] = [[blocks], [blocks.slice(0, 2), blocks.slice(2)]].map((parts) => stream(parts, options));
    expect(one.measures.smallestGap).toEqual(one.before);
    expect(one.before.low).toBe(0);
    expect(one.before.high).toBeGreaterThan(0);
    expect(two.measures.smallestGap).toEqual(one.before);
    expect(one.closest.stored()).toEqual(
      new Map<string, object>([
        ['count', { shape: [1], values: Float64Array.of(16_385) }],
        ['rows', { shape: [0], values: new Float64Array(0) }],
        ['labels', { shape: [0], values: new Int32Array(0) }],
        ['values', { shape: [0, 1], values: new Float32Array(0) }],
      ]),
    );
  });

  test('are none where two classes are farther apart than the nearest rows that were asked', () => {
    const rows: Rows = {
      values: Float32Array.of(0, 100, 0, 1, 99, 100),
      labels: Int32Array.of(0, 1, 0, 0, 1, 1),
      judged: Uint8Array.of(0, 0, 1, 1, 1, 1),
    };
    const { measures, before, closest } = stream([blocksOf(rows, 2)], { ...options, queries: 4 });
    expect(before.low).toBeCloseTo(98, 6);
    expect(before.high).toBe(98);
    expect(measures.smallestGap.high).toBe(98);
    // The bound is short of 98 by what rounding may have taken: the two rows that are nearest are looked at again, no others.
    expect(closest.stored().get('rows')?.values).toEqual(Float64Array.of(3, 4));
  });
});

describe('a projection on the line of two centroids', () => {
  test('is where the row is along it, whatever it is across', () => {
    // Centroids at 0 and 10, rows at (3, 4) and (-2, 1).
    expect(alongAxis(25, 49 + 16, 10)).toBe(3);
    expect(alongAxis(5, 144 + 1, 10)).toBe(-2);
  });

  test('is infinite where both are one: they bound nothing', () => {
    expect(alongAxis(4, 4, 0)).toBe(Number.POSITIVE_INFINITY);
  });
});

/** Of `size` numbers each: two classes whose judged rows are 0 and 2 in number k, times k + 1; all centroids at 0. */
function wide(size: number): Rows {
  return {
    values: Float32Array.from({ length: 4 * size }, (_, at) =>
      Math.floor(at / size) === 3 ? 2 * ((at % size) + 1) : 0,
    ),
    labels: Int32Array.of(0, 1, 0, 1),
    judged: Uint8Array.of(0, 0, 1, 1),
  };
}

test('of latents with up to 1,024 numbers there is a covariance; of more their deviations alone', () => {
  const optionsOf = (size: number) => ({ size, classCount: 2, seed: 0, queries: 2 });
  const moments = new Moments(optionsOf(1024));
  for (const block of blocksOf(wide(1024), 4)) moments.add(block);
  const { hasGram, products } = new Comparison(optionsOf(1024), moments.result());
  expect([hasGram, products.length]).toEqual([true, (1024 * 1025) / 2]);
  const { comparison, measures } = stream([blocksOf(wide(1025), 4)], optionsOf(1025));
  expect([comparison.hasGram, comparison.products.length]).toEqual([false, 1025]);
  // 0 and 2 (k + 1): a deviation of k + 1.
  expect([...measures.standardDeviations]).toEqual(Array.from({ length: 1025 }, (_, k) => k + 1));
  expect(measures.latentStd).toBe(513);
  expect(measures.spectrum).toBeUndefined();
});

describe('of many classes', () => {
  /** On a line, ten apart: a centroid, and a judged row one beyond it; but that of class 7 is where class 8 is. */
  const line = (classCount: number): Rows => ({
    values: Float32Array.from({ length: 4 * classCount }, (_, at) => {
      const [label, isJudged] = [at >> 2, (at >> 1) % 2];
      return at % 2 === 0 ? 10 * label + (label === 7 ? 10 : 1) * isJudged : 0;
    }),
    labels: Int32Array.from({ length: 2 * classCount }, (_, n) => n >> 1),
    judged: Uint8Array.from({ length: 2 * classCount }, (_, n) => n % 2),
  });

  test.each([1024, 1025])(
    '%i: one row is nearer to another centroid, and its class has the smallest ratio',
    (count) => {
      const { measures, comparison, closest } = stream([blocksOf(line(count), 512)], {
        ...{ size: 2, classCount: count, seed: 0, queries: 3 },
      });
      expect(comparison.isPaired).toBe(count === 1024);
      expect(comparison.nearCount).toBe(63);
      expect(comparison.lengths.length).toBe(count === 1024 ? count ** 2 : 0);
      expect(measures.accuracy).toBe(1 - 1 / count);
      expect(measures.recall.indexOf(0)).toBe(7);
      // Ten apart, over twice a radius of ten: with class 6 and with class 8, of which the smaller counts.
      expect(measures.centroidGapRatio).toBe(0.5);
      expect(measures.centroidGapRatioPair).toEqual([6, 7]);
      expect([...measures.hardest.subarray(0, 3)]).toEqual([6, 7, 8]);
      if (count === 1025) expect([closest.isOpen, measures.smallestGap.low]).toEqual([false, 0]);
      // Class 7's row and class 8's are one apart; no other two rows of the line are.
      else expect(measures.smallestGap).toEqual({ low: 1, high: 1 });
    },
  );
});
