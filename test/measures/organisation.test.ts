import { describe, expect, test } from 'vitest';
import type { LabelledLatents } from '../../src/measures/latents.ts';
import { measureOrganisation } from '../../src/measures/organisation.ts';
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
    expect(measure(latentsOf([[1], [1], [1], [1]], [0, 0, 1, 1])).ratio).toBe(0);
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
