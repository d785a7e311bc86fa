import { describe, expect, test } from 'vitest';
import { effectiveCount, factorToDecide, shareInterval } from '../../src/measures/interval.ts';
import type { LabelledLatents } from '../../src/measures/latents.ts';
import { linearProbes } from '../../src/measures/linear-probe.ts';
import { measureSeparability } from '../../src/measures/separability.ts';
import { randomFor } from '../../src/random.ts';
import { latentsOf } from '../evaluation/reference.ts';

const measure = (latents: LabelledLatents, learnedFrom: LabelledLatents, episodes?: Int32Array) =>
  measureSeparability({ latents, learnedFrom, episodes, threshold: 0.9 });

const closeTo = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));

describe('separability', () => {
  const learned = latentsOf([[0], [1], [2], [10], [11], [12]], [0, 0, 0, 1, 1, 1]);

  test('on a line: a quarter of the difference of third distances, and the distance to the plane half way', () => {
    const judged = latentsOf([[1], [4], [11], [5]], [0, 0, 1, 1]);
    const { margins, share, worstPair, rule, byNeighbours, byProbe, observations, learnedFrom, interval } = measure(
      judged,
      learned,
    );
    // Third distances to the own and the other class: 1 and 11, 4 and 8, 1 and 11, 7 and 5.
    expect(Array.from(margins[0])).toEqual([0, 2.5, 0, 1, 2.5, 0, -0.5, 0]);
    expect(margins).toHaveLength(3);
    for (const probe of margins.slice(1)) expect(Array.from(probe)).toEqual(closeTo([0, 5, 0, 2, 5, 0, -1, 0]));
    // One of the two of class 1 is taken for class 0, by every rule: the first is named.
    expect({ share, byNeighbours, byProbe }).toEqual({ share: 0.5, byNeighbours: 0.5, byProbe: 0.5 });
    expect({ worstPair, rule, observations, learnedFrom }).toEqual({
      worstPair: [0, 1],
      rule: 'neighbours',
      observations: 4,
      learnedFrom: 6,
    });
    expect(interval).toEqual(shareInterval(1, 2, 2));
  });

  test('takes as many neighbours of both classes as the one with fewer has', () => {
    const few = latentsOf([[0], [1], [2], [10], [14]], [0, 0, 0, 1, 1]);
    // From 1: second distances 1 and 13; from 12: 2 and 11.
    const { margins } = measure(latentsOf([[1], [1], [12], [12]], [0, 0, 1, 1]), few);
    expect(Array.from(margins[0])).toEqual([0, 3, 0, 3, 2.25, 0, 2.25, 0]);
  });

  test('the probe tells apart what neighbours do not: a narrow gap beside a wide number', () => {
    // Classes at -1 and 1; the other number puts three of the other class nearest to each.
    const rows = (shift: number) =>
      Array.from({ length: 8 }, (_, n) => [n % 2 ? 1 : -1, 1000 * (n >> 1) + shift * (n % 2 ? 1 : -1)]);
    const labels = [0, 1, 0, 1, 0, 1, 0, 1];
    const { rule, share, byNeighbours, byProbe } = measure(
      latentsOf(
        [
          [-1, 100],
          [-1, 1100],
          [1, 2000],
          [1, 900],
        ],
        [0, 0, 1, 1],
      ),
      latentsOf(rows(150), labels),
    );
    expect({ rule, share, byProbe }).toEqual({ rule: 'probe', share: 1, byProbe: 1 });
    expect(byNeighbours).toBeLessThan(1);
  });

  test('is of the worst pair, by the rule that is better there', () => {
    const three = latentsOf([[0], [1], [2], [10], [11], [12], [13], [14], [15]], [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    // Of class 1, 14 is on the side of 2; of class 2 all are right.
    const judged = latentsOf([[0], [1], [11], [12], [14], [14], [15]], [0, 0, 1, 1, 1, 2, 2]);
    const { worstPair, share, interval, factorToDecide: factor } = measure(judged, three);
    expect(worstPair).toEqual([1, 2]);
    expect(share).toBe(2 / 3);
    // The lower end is that of two of three, over three classes; the upper one is that of the better side of the worse pair.
    expect(interval[0]).toBeCloseTo(Math.min(shareInterval(2, 3, 3)[0], shareInterval(2, 2, 3)[0]), 12);
    expect(interval[1]).toBeCloseTo(shareInterval(2, 3, 3)[1], 12);
    expect(factor).toBe(
      Math.max(factorToDecide({ right: 2, count: 3 }, 0.9, 3), factorToDecide({ right: 2, count: 2 }, 0.9, 3)),
    );
  });

  test('neighbours tell apart what no plane does', () => {
    // The corners of a square, opposite ones of one class, each three times.
    const corners = [...Array(12).keys()].map((n) => [n & 1 ? 1 : -1, n & 2 ? 1 : -1]);
    const crossed = latentsOf(
      corners,
      corners.map(([x, y]) => (x * y > 0 ? 1 : 0)),
    );
    const { rule, share, byNeighbours, byProbe, interval } = measure(crossed, crossed);
    expect({ rule, share, byNeighbours }).toEqual({ rule: 'neighbours', share: 1, byNeighbours: 1 });
    expect(byProbe).toBeLessThan(1);
    // Six of six, whatever the probe says.
    expect(interval).toEqual(shareInterval(6, 6, 2));
  });

  test('is that of the definition, of three classes of three numbers', () => {
    const draw = (purpose: string, count: number) => {
      const random = randomFor(2, purpose);
      const labels = Array.from({ length: count }, (_, n) => n % 3);
      return latentsOf(
        labels.map((label) => [
          label + random.normal(),
          1.6 * label * (label - 1) + random.normal(),
          9 * random.normal(),
        ]),
        labels,
      );
    };
    const [judged, others] = [draw('judged', 60), draw('others', 90)];
    const rowOf = ({ values }: LabelledLatents, n: number) => Array.from(values.subarray(3 * n, 3 * n + 3));
    const found = measure(judged, others);
    const third = (n: number, c: number) =>
      Array.from(others.labels.keys())
        .filter((m) => others.labels[m] === c)
        .map((m) => Math.hypot(...rowOf(judged, n).map((value, k) => value - rowOf(others, m)[k])))
        .sort((a, b) => a - b)[2];
    const probes = linearProbes(others, [1e-7, 0.1]);
    const planeOf = ({ weights, offsets }: (typeof probes)[number], n: number, a: number, b: number) => {
      const w = [0, 1, 2].map((k) => weights[3 * a + k] - weights[3 * b + k]);
      const score = rowOf(judged, n).reduce((sum, value, k) => sum + value * w[k], 0) - (offsets[a] - offsets[b]);
      return a === b ? 0 : score / Math.hypot(...w);
    };
    const rights = [0, 1, 2].map(() => [0, 1, 2].map(() => [0, 0, 0]));
    judged.labels.forEach((own, n) => {
      for (let c = 0; c < 3; c++) {
        const margins = [(third(n, c) - third(n, own)) / 4, ...probes.map((probe) => planeOf(probe, n, own, c))];
        margins.forEach((margin, by) => {
          expect(found.margins[by][3 * n + c]).toBeCloseTo(margin, 5);
          if (margin > 0) rights[by][own][c]++;
        });
      }
    });
    const shares = rights.map((right) =>
      [
        [0, 1],
        [0, 2],
        [1, 2],
      ].map(([a, b]) => Math.min(right[a][b], right[b][a]) / 20),
    );
    const best = [0, 1, 2].map((pair) => Math.max(...shares.map((each) => each[pair])));
    const worst = best.indexOf(Math.min(...best));
    expect(worst).toBeLessThan(2);
    expect(found.share).toBe(best[worst]);
    // Of each pair by the rule with the highest lower end, of each rule the worse of both classes; then the worst pair.
    const ends = [
      [0, 1],
      [0, 2],
      [1, 2],
    ].map(([a, b]) =>
      rights.map((right) => {
        const [first, second] = [right[a][b], right[b][a]].map((count) => shareInterval(count, 20, 3));
        return [Math.min(first[0], second[0]), Math.min(first[1], second[1])];
      }),
    );
    const low = Math.min(...ends.map((rules) => Math.max(...rules.map((rule) => rule[0]))));
    const high = Math.min(...ends.map((rules) => Math.max(...rules.map((rule) => rule[1]))));
    expect(found.interval[0]).toBeCloseTo(Math.min(low, found.share), 12);
    expect(found.interval[1]).toBeCloseTo(Math.max(high, found.share), 12);
    expect(found.worstPair).toEqual(
      [
        [0, 1],
        [0, 2],
      ][worst],
    );
    expect(found.byNeighbours).toBe(Math.min(...shares[0]));
    expect(found.byProbe).toBe(Math.max(Math.min(...shares[1]), Math.min(...shares[2])));
  });

  describe('on a line of three classes', () => {
    const three = latentsOf([[0], [1], [2], [10], [11], [12], [20], [21], [22]], [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    const of = (...places: readonly (readonly number[])[]) =>
      latentsOf(
        places.flat().map((place) => [place]),
        places.flatMap((own, c) => own.map(() => c)),
      );

    test('names the first pair where all are told apart', () => {
      expect(measure(of([1, 1], [11, 11], [21, 21]), three)).toMatchObject({ share: 1, worstPair: [0, 1] });
    });

    test.each([
      // Of the first or the last class two of five are nearer to the one in the middle.
      [of([1, 1, 1, 10, 10], [11, 11, 11, 11], [21, 21, 21, 21]), [0, 1]],
      [of([1, 1, 1, 1], [11, 11, 11, 11], [21, 21, 21, 12, 12]), [1, 2]],
    ])('finds the class that is told apart less, whichever it is (%#)', (judged, pair) => {
      const { share, worstPair, interval } = measure(judged, three);
      expect(share).toBe(3 / 5);
      expect(worstPair).toEqual(pair);
      const ends = [shareInterval(3, 5, 3), shareInterval(4, 4, 3)];
      expect(interval[0]).toBeCloseTo(ends[0][0], 12);
      expect(interval[1]).toBeCloseTo(ends[0][1], 12);
    });

    test('is decided where one class is told apart too seldom, however little is known of the other', () => {
      const judged = of([...Array(20).fill(1), ...Array(20).fill(10)], [11, 11, 11, 11], [21, 21, 21, 21]);
      expect(measure(judged, three)).toMatchObject({ share: 0.5, factorToDecide: 1 });
      expect(factorToDecide({ right: 4, count: 4 }, 0.9, 3)).toBeGreaterThan(1);
    });

    test('frames of the episodes in which they are wrong count for fewer, by each class that they are taken for', () => {
      // Of the last class the frames of one episode of four are in the middle, and one frame of the others half way.
      const judged = of([1, 1, 1, 1], [11, 11, 11, 11], [21, 21, 21, 21, 21, 16, 12, 12]);
      const episodes = Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7);
      const { interval, margins } = measure(judged, three, episodes);
      expect(Array.from(margins[0].subarray(3 * 13, 3 * 14))).toEqual([2.5, 0, 0]);
      const right = [true, true, true, true, true, false, false, false];
      const count = effectiveCount(right, [4, 4, 5, 5, 6, 6, 7, 7]);
      expect(interval[0]).toBeCloseTo(shareInterval((5 / 8) * count, count, 3)[0], 12);
    });
  });

  test('frames of an episode that agree count as one', () => {
    // Two episodes of class 0, both right, and four of class 1, of which one is wrong.
    const rows = [1, 1, 1, 1, 11, 11, 11, 11, 11, 11, 5, 5];
    const labels = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
    const episodes = Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5);
    const judged = latentsOf(
      rows.map((row) => [row]),
      labels,
    );
    const { interval } = measure(judged, learned, episodes);
    // Deviations of the sums of class 1: 1/2 three times and -3/2, squares 3, over 8 times 3/16, times 4/3: 8/3 of one are worth 3.
    const few = shareInterval((3 / 4) * 3, 3, 2);
    expect(interval[0]).toBeCloseTo(Math.min(few[0], shareInterval(2, 2, 2)[0]), 12);
    expect(interval[1]).toBeCloseTo(few[1], 12);
    expect(interval[0]).toBeLessThan(measure(judged, learned).interval[0]);
  });

  test('of one point there is no probe, and nothing is told apart', () => {
    const point = latentsOf([[1], [1], [1], [1]], [0, 0, 1, 1]);
    const { margins, share, byNeighbours, byProbe, factorToDecide: factor } = measure(point, point);
    expect(margins).toHaveLength(1);
    expect({ share, byNeighbours, byProbe }).toEqual({ share: 0, byNeighbours: 0, byProbe: 0 });
    // Its interval is below the threshold altogether.
    expect(factor).toBe(1);
  });
});
