// What decides whether an answer of the verdict is proven, on both sides of each condition.
import { describe, expect, test } from 'vitest';
import type { BoundedLatents } from '../../../src/measures/bound/proven-margin.ts';
import { provenVerdict } from '../../../src/measures/bound/proven-verdict.ts';
import { createLatents, roundingLength } from '../../../src/measures/latents.ts';
import { meanPairDistance } from '../../../src/measures/pair-distance.ts';

/** Numbers of one dimension, of class `labelOf(n)` each. */
function onLine(values: readonly number[], labels: readonly number[], errorOf: (n: number) => number): BoundedLatents {
  return {
    values: Float64Array.from(values),
    errors: Float64Array.from(values, (_, n) => errorOf(n)),
    size: 1,
    labels: Int32Array.from(labels),
  };
}

/** `count` of each class at the places of the classes, class after class. */
function points(places: readonly number[], count: number, errorOf: (n: number) => number = () => 0): BoundedLatents {
  const labels = places.flatMap((_, c) => Array.from({ length: count }, () => c));
  return onLine(
    labels.map((label) => places[label]),
    labels,
    errorOf,
  );
}

describe('that latents have room on every runtime', () => {
  test('is decided by the mean distance less twice the largest error, against four steps of rounding', () => {
    const labels = Int32Array.from({ length: 90 }, (_, n) => n % 2);
    const given = (offset: number, error: number): BoundedLatents => {
      const values = Float64Array.from({ length: 360 }, (_, i) => (i % 4 === 0 ? labels[i / 4] + offset : 0));
      const errors = new Float64Array(360);
      // Of one observation, the first number: others are exact.
      errors[0] = error;
      return { values, errors, size: 4, labels };
    };
    const isProvenWith = (offset: number, error: number) => {
      const found = provenVerdict({ judged: given(offset, error), others: given(offset, 0), classCount: 2 });
      const each = [found.separable.isProven, found.isDistinct];
      expect(new Set(each).size).toBe(1);
      return found.isDistinct;
    };
    const latents = createLatents(Float32Array.from(given(0, 0).values), 4);
    const room = meanPairDistance(latents) - 4 * roundingLength(latents);
    // (1 + 2^-40) e is the observation's error, and each of its four numbers has steps of 4 e 2^-24 at most more.
    const limit = room / (2 + 4 * 2 * 4 * 2 ** -24) / (1 + 2 ** -40);
    expect(limit).toBeGreaterThan(0.25);
    expect(isProvenWith(0, limit * (1 - 2e-13))).toBe(true);
    expect(isProvenWith(0, limit * (1 + 2e-13))).toBe(false);
    // Twelve steps at 2^21 are the distance of 1.5 that the classes have not.
    expect(isProvenWith(2 ** 20, 0)).toBe(true);
    expect(isProvenWith(2 ** 22, 0)).toBe(false);
  });

  test('is needed for the answer about clusters too', () => {
    const given = (error: number) =>
      provenVerdict({
        judged: points([0, 2 ** -14], 20, () => error),
        others: points([0, 2 ** -14], 20),
        classCount: 2,
      });
    expect(given(2 ** -30).clustered).toMatchObject({ answer: 'yes', isProven: true });
    expect(given(2 ** -15).clustered.isProven).toBe(false);
  });
});

describe('that classes are told apart', () => {
  test('needs a margin above half the errors of both ends, to the last digits', () => {
    // Ten of each of three classes: 0 to 9, 20 to 29 and 130 to 139.
    const labels = Array.from({ length: 30 }, (_, n) => n % 3);
    const values = labels.map((label, n) => [0, 20, 130][label] + Math.floor(n / 3));
    const shareWith = (error: number) => {
      const judged = onLine(values, labels, (n) => (n === 0 ? error : 0));
      return provenVerdict({ judged, others: onLine(values, labels, () => 0), classCount: 3 });
    };
    // From 0 the third of its own class is at 2, the third of the next at 22.
    const moved = 139 * 2 ** -24 * (1 + 2 ** -40);
    const limit = (2 * (5 / (1 + 2 ** -22) - 139 * 2 ** -40) - moved) / (1 + 2 ** -40);
    expect(shareWith(limit * (1 - 1e-13)).separable.range).toEqual([1, 1]);
    const beyond = shareWith(limit * (1 + 1e-13));
    expect(beyond.separable.range).toEqual([0.9, 1]);
    // Nine of ten are enough.
    expect(beyond.isDistinct).toBe(true);
  });

  test('needs nine of ten at the lower end of the interval, of each class of each pair', () => {
    const found = (uncertain: number) =>
      provenVerdict({
        judged: points([0, 1, 4], 60, (n) => (n >= 60 && n < 60 + uncertain ? 0.6 : 0)),
        others: points([0, 1, 4], 60),
        classCount: 3,
      });
    // 60 of 60 and 59 of 60: 93% and 90% at least, less than 55 of 60 would have.
    expect(found(0).separable).toEqual({ answer: 'yes', isProven: true, range: [1, 1], pair: [0, 1] });
    const few = found(5);
    expect(few.separable).toEqual({ answer: 'yes', isProven: false, range: [55 / 60, 1], pair: [0, 1] });
    expect(few.isDistinct).toBe(true);
    const many = found(7);
    expect(many.separable.range).toEqual([53 / 60, 1]);
    expect(many.isDistinct).toBe(false);
  });

  test('names the pair with the smallest lower end', () => {
    const { separable } = provenVerdict({
      judged: points([-4, 0, 1], 60, (n) => (n >= 120 && n < 122 ? 0.6 : 0)),
      others: points([-4, 0, 1], 60),
      classCount: 3,
    });
    expect(separable).toMatchObject({ range: [58 / 60, 1], pair: [1, 2] });
  });

  test('counts episodes, where it is known of every frame whether it is right', () => {
    const episodesOf = (count: number) => Int32Array.from({ length: 240 }, (_, n) => (n < 160 ? n : n % count));
    const found = (place: number, error: number, episodes?: Int32Array) => {
      const judged = points([0, 10, 30], 80, (n) => (n === 0 ? error : 0));
      judged.values[0] = place;
      return provenVerdict({ judged, others: points([0, 10, 30], 80), classCount: 3, episodes }).separable;
    };
    const each = episodesOf(80);
    expect(found(0, 0, each)).toMatchObject({ answer: 'yes', isProven: true });
    // One is another's on every runtime: 79 of 80.
    expect(found(10, 0.1, each)).toMatchObject({ answer: 'yes', isProven: true, range: [79 / 80, 1], pair: [0, 1] });
    // One that may be either.
    expect(found(0, 6, each)).toMatchObject({ answer: 'yes', isProven: false, range: [79 / 80, 1], pair: [0, 1] });
    expect(found(0, 6)).toMatchObject({ answer: 'yes', isProven: true, range: [79 / 80, 1] });
    // Of the third class eighty frames are of ten episodes.
    expect(found(0, 0, episodesOf(10))).toMatchObject({ isProven: false, pair: [0, 2] });
    expect(found(0, 0)).toMatchObject({ isProven: true, pair: [0, 1] });
  });
});

describe('that classes are clusters, or are not', () => {
  /** Evenly from `place` on over a length of 1. */
  const spread = (places: readonly number[], count: number, error = 0) => {
    const labels = places.flatMap((_, c) => Array.from({ length: count }, () => c));
    return onLine(
      labels.map((label, n) => places[label] + (n % count) / (count - 1)),
      labels,
      () => error,
    );
  };
  const clustered = (places: readonly number[], error: number, count = 21) =>
    provenVerdict({
      judged: spread(places, count, error),
      others: spread(places, count),
      classCount: places.length,
    }).clustered;

  test('yes needs the whole interval on every runtime', () => {
    // The mean distance from the middle is 0.262 of 21.
    const [certain, uncertain, unknown] = [1e-3, 0.05, 0.2].map((error) => clustered([0, 1.7], error));
    expect(certain).toMatchObject({ answer: 'yes', isProven: true });
    expect(uncertain.range[0]).toBeGreaterThan(2);
    expect(uncertain).toMatchObject({ answer: 'yes', isProven: false });
    expect(unknown.range[0]).toBeLessThan(2);
    expect(unknown).toMatchObject({ answer: 'yes', isProven: false });
  });

  test('no needs one pair whose whole interval is below on every runtime', () => {
    const [certain, uncertain, unknown] = [1e-3, 0.05, 0.2].map((error) => clustered([0, 0.5, 9], error));
    expect(certain).toMatchObject({ answer: 'no', isProven: true });
    expect(uncertain.range[1]).toBeLessThan(2);
    expect(uncertain).toMatchObject({ answer: 'no', isProven: false });
    expect(unknown.range[1]).toBeGreaterThan(2);
    expect(unknown).toMatchObject({ answer: 'no', isProven: false });
  });

  test('no is not proven where more pairs than five could be the worst', () => {
    expect(clustered([0, 0.5, 9, 18], 1e-3, 9)).toMatchObject({ answer: 'no', isProven: false });
  });

  test('is unknown where the centres themselves may change places, with few observations, or with too many pairs', () => {
    const wide = provenVerdict({
      judged: spread([0, 5], 20),
      others: spread([0, 5], 20, 3),
      classCount: 2,
    }).clustered;
    expect(wide).toEqual({ answer: 'yes', isProven: false, range: [0, Number.POSITIVE_INFINITY], pair: [0, 1] });
    const few = clustered([0, 5], 0, 7);
    expect(few.isProven).toBe(false);
    expect(few.range[1]).toBeLessThan(30);
    const classes = (count: number) =>
      clustered(
        Array.from({ length: count }, (_, c) => 4 * c),
        1e-3,
        2,
      );
    expect(classes(64).range[1]).toBeLessThan(10);
    const tooMany = classes(65);
    expect(tooMany).toMatchObject({ isProven: false, range: [0, Number.POSITIVE_INFINITY] });
    expect(Object.keys(tooMany).toSorted()).toEqual(['answer', 'isProven', 'pair', 'range']);
  });
});
