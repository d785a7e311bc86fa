import { describe, expect, test } from 'vitest';
import type { LabelledLatents } from '../../src/measures/latents.ts';
import { median } from '../../src/measures/median.ts';
import {
  drawSpreads,
  measureOrganisation,
  middleOfRatios,
  projectPair,
  ratioOfSpread,
  robustCentres,
  rowsByClass,
} from '../../src/measures/organisation.ts';
import { randomFor } from '../../src/random.ts';
import { latentsOf } from '../evaluation/reference.ts';

const measure = (latents: LabelledLatents, others = latents) => measureOrganisation({ latents, others });

/** `count` of each of two classes, Gaussians `apart` deviations apart along the first of two axes. */
function gaussians(count: number, apart: number, purpose: string): LabelledLatents {
  const random = randomFor(7, purpose);
  const labels = Array.from({ length: 2 * count }, (_, n) => n % 2);
  return latentsOf(
    labels.map((label) => [apart * label + random.normal(), random.normal()]),
    labels,
  );
}

/** All rows `times` times over. */
function repeated({ values, count, size, labels }: LabelledLatents, times: number): LabelledLatents {
  const rows = Array.from({ length: times * count }, (_, n) => {
    const start = (n % count) * size;
    return Array.from(values.subarray(start, start + size));
  });
  return latentsOf(
    rows,
    rows.map((_, n) => labels[n % count]),
  );
}

describe('organisation', () => {
  // Along the first axis 0, 1, 5 and 20, 22, 24: medians 1 and 22, mean distances (1 + 0 + 4) / 3 and (2 + 0 + 2) / 3.
  const rows = [
    [0, 0],
    [1, 0],
    [5, 0],
    [20, 0],
    [22, 0],
    [24, 0],
  ];
  const labels = [0, 0, 0, 1, 1, 1];

  test('is the distance of the medians over twice the larger spread along the line that joins them', () => {
    const { ratio, worstPair, pairs, pairCount } = measure(latentsOf(rows, labels));
    expect(ratio).toBeCloseTo(21 / (2 * (5 / 3)), 12);
    expect(worstPair).toEqual([0, 1]);
    expect(pairCount).toBe(1);
    expect(pairs).toHaveLength(1);
    expect(pairs[0].gap).toBeCloseTo(21, 12);
    expect(pairs[0].spread).toBeCloseTo(5 / 3, 12);
  });

  test('does not see what lies across that line', () => {
    const wide = rows.map(([x], n) => [x, n % 3 === 1 ? 0 : n % 3 === 0 ? 1000 : -1000]);
    expect(measure(latentsOf(wide, labels)).ratio).toBeCloseTo(21 / (2 * (5 / 3)), 9);
  });

  test('turns with the latents: along the diagonal of three axes the numbers are the same', () => {
    const turned = rows.map(([x]) => [x, x, x].map((value) => value / Math.sqrt(3)));
    expect(measure(latentsOf(turned, labels)).ratio).toBeCloseTo(21 / (2 * (5 / 3)), 5);
  });

  test('of an even number takes the middle of the two in the middle', () => {
    const even = latentsOf([[0], [2], [4], [6], [100], [102], [104], [106]], [0, 0, 0, 0, 1, 1, 1, 1]);
    // Medians 3 and 103; mean distances (3 + 1 + 1 + 3) / 4 = 2.
    expect(measure(even).ratio).toBe(100 / 4);
  });

  test('is judged along the line of others: classes that have changed sides are 0 apart', () => {
    const others = latentsOf(rows, labels);
    const swapped = latentsOf(rows, [1, 1, 1, 0, 0, 0]);
    expect(measure(swapped, others).ratio).toBe(0);
    expect(measure(swapped, others).pairs[0].gap).toBe(0);
  });

  test('of points is infinite, and 0 where they are one', () => {
    expect(measure(latentsOf([[0], [0], [1], [1]], [0, 0, 1, 1])).ratio).toBe(Number.POSITIVE_INFINITY);
    const { ratio, pairs } = measure(latentsOf([[1], [1], [1], [1]], [0, 0, 1, 1]));
    expect(ratio).toBe(0);
    expect(pairs).toEqual([{ classes: [0, 1], gap: 0, spread: 0, ratio: 0 }]);
  });

  test('names the worst of several pairs, the pairs in rising order', () => {
    // Spreads are 2/3 each: ratios 3/4 of the gaps 10, 30 and 20.
    const three = latentsOf([[0], [1], [2], [10], [11], [12], [30], [31], [32]], [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    const { worstPair, pairs, pairCount } = measure(three);
    expect(worstPair).toEqual([0, 1]);
    expect(pairCount).toBe(3);
    expect(pairs.map(({ classes }) => classes)).toEqual([
      [0, 1],
      [1, 2],
      [0, 2],
    ]);
    expect(pairs.map(({ ratio }) => Number(ratio.toFixed(9)))).toEqual([7.5, 15, 22.5]);
  });

  test('its interval covers the ratio that Gaussians have, and is narrower by the root of the observations', () => {
    // The mean distance of a Gaussian from its centre is the root of 2 over pi.
    const truth = 6 / (2 * Math.sqrt(2 / Math.PI));
    const [few, many] = [100, 1600].map((count) => measure(gaussians(count, 6, `interval ${count}`)).interval);
    for (const [low, high] of [few, many]) {
      expect(low).toBeLessThan(truth);
      expect(high).toBeGreaterThan(truth);
    }
    const ratio = (few[1] - few[0]) / (many[1] - many[0]);
    expect(ratio).toBeGreaterThan(3);
    expect(ratio).toBeLessThan(5.5);
  });

  test('frames of one episode count as one', () => {
    const latents = gaussians(200, 4, 'episodes');
    const alone = measureOrganisation({ latents, others: latents });
    const episodes = Int32Array.from(latents.labels, (_, n) => Math.floor(n / 2) % 10);
    const of = repeatedInEpisodes(latents, episodes);
    const together = measureOrganisation({ latents: of, others: of, episodes });
    const width = ([low, high]: readonly [number, number]) => high - low;
    expect(width(together.interval)).toBeGreaterThan(2 * width(alone.interval));
  });

  /** Every member of a class in an episode is at the same place. */
  function repeatedInEpisodes({ values, count, size, labels }: LabelledLatents, episodes: Int32Array): LabelledLatents {
    const first = new Map<string, number>();
    const rows = Array.from({ length: count }, (_, n) => {
      const key = `${labels[n]} ${episodes[n]}`;
      const own = first.get(key) ?? n;
      first.set(key, own);
      return Array.from(values.subarray(own * size, (own + 1) * size));
    });
    return latentsOf(rows, Array.from(labels));
  }

  test('with fewer than eight of a class nothing is known, and no number of observations is promised', () => {
    const seven = gaussians(7, 6, 'seven');
    expect(measure(seven).interval).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(measure(seven).factorToDecide).toBe(Number.POSITIVE_INFINITY);
    const eight = measure(gaussians(8, 6, 'eight'));
    expect(eight.interval[1]).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});

describe('observations that would decide', () => {
  test.each([3.8, 2.9])('of Gaussians %f deviations apart decide, and a third of them do not', (apart) => {
    const latents = gaussians(60, apart, 'undecided');
    const { interval, ratio, factorToDecide } = measure(latents);
    const isDecided = ([low, high]: readonly [number, number]) => low >= 2 || high < 2;
    expect(isDecided(interval)).toBe(false);
    expect(ratio >= 2).toBe(apart === 3.8);
    expect(factorToDecide).toBeGreaterThan(1);
    // The same observations over and over are more observations whose ratio stays.
    const decided = measure(repeated(latents, Math.ceil(2 * factorToDecide)));
    expect(decided.ratio).toBeCloseTo(ratio, 9);
    expect(isDecided(decided.interval)).toBe(true);
    expect(decided.factorToDecide).toBe(1);
    const still = measure(repeated(latents, Math.max(1, Math.floor(factorToDecide / 3))));
    expect(isDecided(still.interval)).toBe(false);
  });

  test('are none where the answer is certain, and not known at the threshold itself', () => {
    expect(measure(gaussians(100, 8, 'certain')).factorToDecide).toBe(1);
    const latents = gaussians(60, 3.8, 'undecided');
    const { ratio } = measure(latents);
    expect(measureOrganisation({ latents, others: latents, threshold: ratio }).factorToDecide).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});

describe('against the definition, of five classes of three numbers', () => {
  const draw = (purpose: string) => {
    const random = randomFor(11, purpose);
    const labels = Array.from({ length: 50 }, (_, n) => n % 5);
    return latentsOf(
      labels.map((label) => [2 * label + random.normal(), 7 - label ** 2 + random.normal(), random.normal()]),
      labels,
    );
  };
  const [latents, others] = [draw('judged'), draw('others')];
  const rowsOf = ({ values, count, labels }: LabelledLatents, c: number) =>
    Array.from({ length: count }, (_, n) => Array.from(values.subarray(3 * n, 3 * n + 3))).filter(
      (_row, n) => labels[n] === c,
    );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const centres = [0, 1, 2, 3, 4].map((c) => [0, 1, 2].map((k) => median(rowsOf(others, c).map((row) => row[k]))));
  const minus = (a: readonly number[], b: readonly number[]) => a.map((value, k) => value - b[k]);
  const radii = centres.map((centre, c) => mean(rowsOf(latents, c).map((row) => Math.hypot(...minus(row, centre)))));
  const spreadOf = (along: readonly number[]) => mean(along.map((value) => Math.abs(value - median(along))));
  const all = [0, 1, 2, 3].flatMap((a) =>
    [1, 2, 3, 4]
      .filter((b) => b > a)
      .map((b) => {
        const line = minus(centres[b], centres[a]);
        const length = Math.hypot(...line);
        const [first, second] = [a, b].map((c) =>
          rowsOf(latents, c).map((row) => minus(row, centres[a]).reduce((sum, v, k) => sum + v * line[k], 0) / length),
        );
        const gap = Math.max(0, median(second) - median(first));
        const spread = Math.max(spreadOf(first), spreadOf(second));
        return {
          classes: [a, b],
          gap,
          spread,
          ratio: gap / (2 * spread),
          bound: length / (2 * Math.max(radii[a], radii[b])),
        };
      }),
  );

  test('the pairs are the worst, found from those whose centres are relatively nearest', () => {
    const { pairs, pairCount, worstPair, ratio } = measureOrganisation({ latents, others });
    const inOrder = all.toSorted((a, b) => a.bound - b.bound);
    let taken = 5;
    while (taken < 10 && inOrder[taken].bound <= Math.min(...inOrder.slice(0, taken).map((pair) => pair.ratio)))
      taken++;
    const expected = inOrder.slice(0, taken).sort((a, b) => a.ratio - b.ratio);
    expect(pairCount).toBe(10);
    expect(pairs.map(({ classes }) => classes)).toEqual(expected.map(({ classes }) => classes));
    pairs.forEach((pair, index) => {
      expect(pair.gap).toBeCloseTo(expected[index].gap, 9);
      expect(pair.spread).toBeCloseTo(expected[index].spread, 9);
      expect(pair.ratio).toBeCloseTo(expected[index].ratio, 9);
    });
    expect(ratio).toBeCloseTo(Math.min(...all.map((pair) => pair.ratio)), 9);
    expect(worstPair).toEqual(expected[0].classes);
  });

  const intervals = () => {
    const { pairs } = measureOrganisation({ latents, others });
    return pairs.slice(0, 5).map(({ classes, ratio }, index) => {
      const { sides } = projectPair(latents, rowsByClass(latents), robustCentres(others), classes);
      const draws = drawSpreads(sides, undefined, 20 + index) ?? [];
      return {
        ratio,
        interval: middleOfRatios(draws.map(({ gap, spread }) => ratioOfSpread(Math.max(0, gap), spread))),
      };
    });
  };

  test('the interval is from the lowest of the lower ends to the lowest of the upper ends of the five worst', () => {
    const known = intervals();
    const { interval, ratio } = measureOrganisation({ latents, others, seed: 20 });
    expect(interval).toEqual([
      Math.min(ratio, ...known.map(({ interval: [low] }) => low)),
      Math.max(ratio, Math.min(...known.map(({ interval: [, high] }) => high))),
    ]);
  });

  describe('observations that decide, where intervals narrow with the root of their number', () => {
    const factorAt = (threshold: number) =>
      measureOrganisation({ latents, others, seed: 20, threshold }).factorToDecide;
    const needed = (end: number, ratio: number, threshold: number) => ((end - ratio) / (threshold - ratio)) ** 2;

    test.each([0, 2])('for being below one pair must be so altogether (threshold at pair %i)', (pair) => {
      const known = intervals();
      const threshold = known[pair].ratio * (pair === 0 ? 1.05 : 1.02);
      const factors = known
        .filter(({ ratio }) => ratio < threshold)
        .map(({ ratio, interval: [, high] }) => (high < threshold ? 1 : needed(high, ratio, threshold)));
      expect(factorAt(threshold)).toBeCloseTo(Math.min(...factors), 9);
    });

    test('for being above all must', () => {
      const known = intervals();
      const under = known[0].ratio * 0.97;
      const factors = known.map(({ ratio, interval: [low] }) => (low >= under ? 1 : needed(low, ratio, under)));
      expect(factors.filter((factor) => factor > 1).length).toBeGreaterThan(0);
      expect(factorAt(under)).toBeCloseTo(Math.max(...factors), 9);
    });

    test('are none far from the threshold, and not known beside it', () => {
      const [worst] = intervals();
      expect(factorAt(worst.ratio * (1 + 1e-5))).toBe(Number.POSITIVE_INFINITY);
      expect([0.001, 1000].map(factorAt)).toEqual([1, 1]);
    });
  });
});
