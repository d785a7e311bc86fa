// The distributions that cem and mppi draw words from, with draws that are given.
import { describe, expect, test } from 'vitest';
import { continuousActions, oneHotActions } from '../../../src/planning/action-space.ts';
import { createCategorical } from '../../../src/planning/search/categorical.ts';
import { createGaussian } from '../../../src/planning/search/gaussian.ts';
import { exponentialWeights } from '../../../src/planning/search/mppi.ts';
import type { WordDistribution } from '../../../src/planning/search/word-distribution.ts';
import type { Random } from '../../../src/random.ts';
import { given } from './line-problem.ts';

const wordsOf = (distribution: WordDistribution, count: number, random: Random) =>
  Array.from(distribution.sample(count, random).words.actions);

describe('normals', () => {
  const actions = continuousActions([-2, 100], [6, 104]);
  const start = createGaussian(actions, 2);

  test('begin in the middle of the bounds, a quarter of their distance wide, and are clipped', () => {
    expect(Array.from(start.mode())).toEqual([2, 102, 2, 102]);
    expect(wordsOf(start, 1, given(1, 1, -1, 0))).toEqual([4, 103, 0, 102]);
    expect(wordsOf(start, 1, given(10, 10, -10, -10))).toEqual([6, 104, -2, 100]);
  });

  test('of several words the first actions of all come first', () => {
    const { words, parameters } = start.sample(2, given(0, 0, 1, 1, -1, -1, 0.5, 0.5));
    expect(words).toMatchObject({ count: 2, length: 2 });
    expect(Array.from(words.actions)).toEqual([2, 102, 4, 103, 0, 101, 3, 102.5]);
    expect(parameters).toBe(words.actions);
  });

  const short = createGaussian(actions, 1);
  // Words at 0 and 4, 101 and 103.
  const sample = short.sample(2, given(-1, -1, 1, 1));

  test('are refitted to the weighted mean and spread, part of the old ones kept', () => {
    const refitted = short.refit(sample, Float64Array.of(0.25, 0.75), { retained: 0.5, keepSpread: false });
    // Means 3 and 102.5, variances 3 and 3/4.
    expect(Array.from(refitted.mode())).toEqual([2.5, 102.25]);
    const [x, y] = wordsOf(refitted, 1, given(1));
    expect(x).toBeCloseTo(2.5 + 0.5 * 2 + 0.5 * Math.sqrt(3), 5);
    expect(y).toBeCloseTo(102.25 + 0.5 * 1 + 0.5 * Math.sqrt(3 / 4), 4);
  });

  test('keep their spread where they are told to, and never lose all of it', () => {
    const certain = Float64Array.of(0, 1);
    const kept = short.refit(sample, certain, { retained: 0, keepSpread: true });
    expect(wordsOf(kept, 1, given(0.5))).toEqual([5, 103.5]);
    const narrow = short.refit(sample, certain, { retained: 0, keepSpread: false });
    const [x, y] = wordsOf(narrow, 1, given(1));
    expect(x).toBeCloseTo(4 + 0.005 * 8, 6);
    expect(y).toBeCloseTo(103 + 0.005 * 4, 4);
  });

  test('go on with what was not taken, and the middle behind it', () => {
    const moved = createGaussian(actions, 2, Float64Array.of(1, 101, 5, 103));
    expect(Array.from(moved.shifted(1).mode())).toEqual([5, 103, 2, 102]);
    expect(Array.from(moved.shifted(7).mode())).toEqual([2, 102, 2, 102]);
    // As wide as at first.
    expect(wordsOf(moved.shifted(1), 1, given(0.5))).toEqual([6, 103.5, 3, 102.5]);
  });
});

describe('categoricals', () => {
  const actions = oneHotActions(3);
  const word = (...choices: readonly number[]) =>
    choices.flatMap((choice) => [0, 1, 2].map((k) => (k === choice ? 1 : 0)));
  const two = createCategorical(actions, 2, Float64Array.of(0.25, 0.25, 0.5, 0.625, 0.25, 0.125));

  test('draw each action by the probabilities of its step', () => {
    const drawn = (...uniform: readonly number[]) => wordsOf(two, 1, given(...uniform));
    expect(drawn(0, 0)).toEqual(word(0, 0));
    expect(drawn(0.24, 0.62)).toEqual(word(0, 0));
    expect(drawn(0.25, 0.625)).toEqual(word(1, 1));
    expect(drawn(0.5, 0.875)).toEqual(word(2, 2));
    expect(drawn(0.999999, 0.874)).toEqual(word(2, 1));
    const { words, parameters } = two.sample(2, given(0, 0.3, 0.7, 0.9));
    expect(words).toMatchObject({ count: 2, length: 2 });
    expect(Array.from(words.actions)).toEqual(word(0, 1, 1, 2));
    expect(Array.from(parameters)).toEqual([0, 1, 1, 2]);
  });

  test('are even at first, and take the likeliest at last, the first of several', () => {
    const even = createCategorical(actions, 1);
    expect([0, 0.33, 0.34, 0.66, 0.67].map((x) => wordsOf(even, 1, given(x)).indexOf(1))).toEqual([0, 0, 1, 1, 2]);
    expect(Array.from(even.mode())).toEqual(word(0));
    expect(Array.from(two.mode())).toEqual(word(2, 0));
  });

  test('are refitted to the weights of what was drawn, part of the old ones kept', () => {
    const sample = two.sample(2, given(0, 0.3, 0.7, 0.9));
    const refitted = two.refit(sample, Float64Array.of(0.25, 0.75), { retained: 0.5, keepSpread: false });
    // 1/2 of (1/4, 1/4, 1/2) and (5/8, 1/4, 1/8), with 1/8 and 3/8 for 0 and 1, 1 and 2.
    const choices = (...uniform: readonly number[]) => {
      const drawn = wordsOf(refitted, 1, given(...uniform));
      return [drawn.slice(0, 3).indexOf(1), drawn.slice(3).indexOf(1)];
    };
    expect(choices(0.249, 0.312)).toEqual([0, 0]);
    expect(choices(0.25, 0.3125)).toEqual([1, 1]);
    expect(choices(0.749, 0.562)).toEqual([1, 1]);
    expect(choices(0.75, 0.5625)).toEqual([2, 2]);
  });

  test('go on with half of what was not taken, and evenly behind it', () => {
    const next = two.shifted(1);
    const first = (x: number) => wordsOf(next, 1, given(x, 0.5)).slice(0, 3).indexOf(1);
    // 1/6 + 5/16, then 1/6 + 1/8.
    expect([first(0.479), first(0.48), first(0.77), first(0.771)]).toEqual([0, 1, 1, 2]);
    const second = (x: number) => wordsOf(next, 1, given(0.5, x)).slice(3).indexOf(1);
    expect([second(0.33), second(0.34), second(0.66), second(0.67)]).toEqual([0, 1, 1, 2]);
    expect(Array.from(two.shifted(9).mode())).toEqual(word(0, 0));
  });
});

test('path integral weights are the exponentials of the values over the temperature times their deviation', () => {
  // Mean 2, deviation the root of 14/3.
  const values = Float64Array.of(0, 1, 5);
  const powers = Array.from(values, (value) => Math.exp(value / (0.5 * Math.sqrt(14 / 3))));
  const total = powers.reduce((sum, power) => sum + power);
  expect(Array.from(exponentialWeights(values, 0.5))).toEqual(powers.map((power) => expect.closeTo(power / total, 12)));
  expect(Array.from(exponentialWeights(Float64Array.of(7, 7), 0.5))).toEqual([0.5, 0.5]);
  // Far apart, nothing overflows.
  expect(Array.from(exponentialWeights(Float64Array.of(0, 1e6), 1e-3))).toEqual([0, 1]);
});
