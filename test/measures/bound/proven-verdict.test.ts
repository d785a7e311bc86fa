// The verdict of every runtime within the bounds is the reference's where that is said to be proven: attacked with errors of the size
// of the bounds, of judged observations and of those that rules are learned from.
import { describe, expect, test } from 'vitest';
import type { BoundedLatents } from '../../../src/measures/bound/proven-margin.ts';
import { provenVerdict } from '../../../src/measures/bound/proven-verdict.ts';
import { measureDistinctness } from '../../../src/measures/distinctness.ts';
import { createLatents, type LabelledLatents, labelLatents } from '../../../src/measures/latents.ts';
import { type Random, randomFor } from '../../../src/random.ts';

/** `count` of each class, Gaussians `apart` deviations apart along the first axis. */
function gaussians(random: Random, { count, apart, size = 2, classes = 2 }: Record<string, number>) {
  const labels = Int32Array.from({ length: count * classes }, (_, n) => n % classes);
  const values = new Float64Array(labels.length * size);
  labels.forEach((label, n) => {
    for (let k = 0; k < size; k++) values[n * size + k] = (k === 0 ? apart * label : 0) + random.normal();
  });
  return (error: number): BoundedLatents => ({
    values,
    errors: new Float64Array(values.length).fill(error),
    size,
    labels,
  });
}

/** A runtime's latents: every number is off by all of its bound, in the direction that `sign` gives. */
function moved(
  { values, errors, size, labels }: BoundedLatents,
  classCount: number,
  sign: (index: number) => number,
): LabelledLatents {
  const there = Float32Array.from(values, (value, index) => value + 0.999 * sign(index) * errors[index]);
  return labelLatents(createLatents(there, size), labels, classCount);
}

// Each data set is measured four times.
describe('a proven verdict', { timeout: 240_000 }, () => {
  test('of clusters far apart is distinct, yes and yes; the ranges hold the reference and close with the errors', () => {
    const random = randomFor('proven verdict');
    const [judged, others] = [1, 2].map(() => gaussians(random, { count: 60, apart: 10 }));
    const ofSize = (error: number) => provenVerdict({ judged: judged(error), others: others(error), classCount: 2 });
    const exact = measureDistinctness({
      latents: moved(judged(0), 2, () => 0),
      centroidLatents: moved(others(0), 2, () => 0),
    });
    const none = ofSize(0);
    expect(none).toMatchObject({
      separable: { answer: 'yes', isProven: true, pair: [0, 1] },
      clustered: { answer: 'yes', isProven: true, pair: [0, 1] },
      isDistinct: true,
    });
    expect(none.separable.range).toEqual([1, 1]);
    for (const end of none.clustered.range) expect(end).toBeCloseTo(exact.organisation.ratio, 4);
    const some = ofSize(0.05).clustered;
    expect(some.isProven).toBe(true);
    expect(some.range[0]).toBeLessThan(exact.organisation.ratio - 0.1);
    expect(some.range[1]).toBeGreaterThan(exact.organisation.ratio + 0.1);
    // As wide as the classes are apart: nothing is known.
    const all = ofSize(6);
    expect(all.separable).toMatchObject({ answer: 'yes', isProven: false, range: [0, 1] });
    expect(all.clustered).toMatchObject({ answer: 'yes', isProven: false, range: [0, Number.POSITIVE_INFINITY] });
    expect(all.isDistinct).toBe(false);
  });

  test('of classes that are told apart but are no clusters proves the no as well', () => {
    // Shells: the centres are one point.
    const random = randomFor('proven shells');
    const shells = () => {
      const labels = Int32Array.from({ length: 160 }, (_, n) => n % 2);
      const values = new Float64Array(320);
      labels.forEach((label, n) => {
        const angle = 2 * Math.PI * random.uniform();
        // Three quarters of a circle, so that the centres are not one point and the line between them has a direction.
        values.set([(1 + 9 * label) * Math.cos(0.75 * angle), (1 + 9 * label) * Math.sin(0.75 * angle)], 2 * n);
      });
      return { values, errors: new Float64Array(320).fill(1e-3), size: 2, labels };
    };
    const { separable, clustered, isDistinct } = provenVerdict({ judged: shells(), others: shells(), classCount: 2 });
    expect(separable).toMatchObject({ answer: 'yes', isProven: true });
    expect(clustered).toMatchObject({ answer: 'no', isProven: true });
    expect(clustered.range[1]).toBeLessThan(2);
    expect(isDistinct).toBe(true);
  });

  test('proves nothing of classes that are not told apart: a probe might', () => {
    const random = randomFor('proven noise');
    const [judged, others] = [1, 2].map(() => gaussians(random, { count: 60, apart: 0 }));
    const { separable, isDistinct } = provenVerdict({ judged: judged(1e-6), others: others(1e-6), classCount: 2 });
    expect(separable).toMatchObject({ answer: 'no', isProven: false });
    expect(isDistinct).toBe(false);
  });

  test('differences of rounding are no distance', () => {
    const labels = Int32Array.from({ length: 40 }, (_, n) => n % 2);
    const values = Float64Array.from(labels, (label) => 1000 + label * 2 ** -14);
    const given = { values, errors: new Float64Array(40).fill(2 ** -20), size: 1, labels };
    const { separable, clustered, isDistinct } = provenVerdict({ judged: given, others: given, classCount: 2 });
    expect([separable.isProven, clustered.isProven, isDistinct]).toEqual([false, false, false]);
  });

  test('with frames of episodes counts what their worth is, where all are certain', () => {
    const random = randomFor('proven episodes');
    const [judged, others] = [1, 2].map(() => gaussians(random, { count: 100, apart: 12 }));
    const episodes = (count: number) => Int32Array.from({ length: 200 }, (_, n) => Math.floor(n / 2) % count);
    const of = (count: number) =>
      provenVerdict({ judged: judged(0.01), others: others(0.01), classCount: 2, episodes: episodes(count) });
    // Where all are right, each episode counts as one: 100 decide, 20 do not.
    expect(of(100).separable).toMatchObject({ answer: 'yes', isProven: true });
    expect(of(20).separable).toMatchObject({ answer: 'undecided', isProven: false });
    expect(of(100).clustered).toMatchObject({ answer: 'yes', isProven: true });
  });

  test('survives errors as large as the bounds, of the judged observations and of the others, on 12 random data sets', () => {
    let [separable, clustered, distinct] = [0, 0, 0];
    for (let trial = 0; trial < 12; trial++) {
      const random = randomFor('proven attack', trial);
      const [apart, classes] = [2 + 6 * random.uniform(), 2 + random.integer(2)];
      const shape = { count: 60, apart, classes, size: 1 + random.integer(3) };
      const hasEpisodes = trial % 3 === 0;
      const episodes = hasEpisodes
        ? Int32Array.from({ length: 60 * classes }, (_, n) => Math.floor(n / classes))
        : undefined;
      const error = 10 ** (-3 + 2.5 * random.uniform());
      const [judged, others] = [1, 2].map(() => gaussians(random, shape)(error));
      const proven = provenVerdict({ judged, others, classCount: classes, episodes });
      if (proven.separable.isProven) separable++;
      if (proven.clustered.isProven) clustered++;
      if (proven.isDistinct) distinct++;
      const { size } = judged;
      const middle = (apart * (classes - 1)) / 2;
      const attacks: ((values: Float64Array) => (index: number) => number)[] = [
        () => () => (random.uniform() < 0.5 ? -1 : 1),
        // All towards the middle, all away from it, and each class its own way.
        (values) => (index) => Math.sign(middle - values[index]) * (index % size === 0 ? 1 : 0),
        (values) => (index) => Math.sign(values[index] - middle),
      ];
      for (const attack of attacks) {
        const there = measureDistinctness({
          latents: moved(judged, classes, attack(judged.values)),
          centroidLatents: moved(others, classes, attack(others.values)),
          episodes,
        });
        if (proven.separable.isProven) expect(there.decision.separable).toBe(proven.separable.answer);
        if (proven.clustered.isProven) expect(there.decision.clustered).toBe(proven.clustered.answer);
        if (proven.isDistinct) expect(there.decision.verdict).toBe('distinct');
        expect(there.organisation.ratio).toBeGreaterThanOrEqual(proven.clustered.range[0]);
        expect(there.organisation.ratio).toBeLessThanOrEqual(proven.clustered.range[1]);
        expect(there.separability.share).toBeGreaterThanOrEqual(proven.separable.range[0]);
      }
    }
    // It says something of many of them, and not of all.
    for (const proven of [separable, clustered, distinct]) {
      expect(proven).toBeGreaterThan(1);
      expect(proven).toBeLessThan(12);
    }
  });
});
