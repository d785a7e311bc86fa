// Drift of latents: how often nothing is called something, over families of latents, and what is found.
import { describe, expect, test } from 'vitest';
import { type ClassRegions, type DriftTests, testDrift } from '../../../src/measures/change/drift-test.ts';
import { holmAdjusted } from '../../../src/measures/change/share-test.ts';
import type { Latents } from '../../../src/measures/latents.ts';
import { type Random, randomFor } from '../../../src/random.ts';

const SIZE = 5;
const CENTRES = [
  [0, 0, 0, 0, 0],
  [8, 0, 0, 0, 0],
  [0, 8, 0, 0, 0],
];
const regions: ClassRegions = {
  centroids: { values: Float32Array.from(CENTRES.flat()), count: 3, size: SIZE },
  // Of a normal distribution in five dimensions 99% are within 3.88.
  radii: [3.88, 3.88, 3.88],
};

interface Family {
  readonly mix?: readonly number[];
  readonly noise?: (random: Random) => number;
  readonly offset?: readonly number[];
}

function draw(count: number, random: Random, { mix = [1, 1, 1], noise, offset = [] }: Family = {}): Latents {
  const total = mix.reduce((sum, each) => sum + each, 0);
  const rows = Array.from({ length: count }, () => {
    const at = random.uniform() * total;
    const label = at < mix[0] ? 0 : at < mix[0] + mix[1] ? 1 : 2;
    return CENTRES[label].map((centre, k) => centre + (noise ? noise(random) : random.normal()) + (offset[k] ?? 0));
  });
  return { values: Float32Array.from(rows.flat()), count, size: SIZE };
}

/** Without a mean, so that no moment can be relied on: a ratio of normal numbers. */
const heavyTailed = (random: Random) => random.normal() / Math.abs(random.normal());
const nothing = () => 0;
const whole = (random: Random) => Math.round(random.normal());

const LEVEL = 0.05;
const TRIALS = 120;
const most = LEVEL + 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / TRIALS);

function alarms(of: (tests: DriftTests) => readonly number[], before: Family, now: Family, counts = [70, 50]): number {
  let found = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const random = randomFor('drift', trial, JSON.stringify([before.mix, now.mix]), String(before.noise));
    const tests = testDrift(draw(counts[0], random, before), draw(counts[1], random, now), regions, {
      permutations: 99,
      seed: trial,
    });
    if (Math.min(...holmAdjusted(of(tests))) <= LEVEL) found++;
  }
  return found / TRIALS;
}

const all = ({ shift, outside, mix }: DriftTests) => [shift.p, outside.p, mix.p];

describe('where nothing has changed', { timeout: 120_000 }, () => {
  test.each<[string, Family]>([
    ['normal clusters', {}],
    ['clusters without a mean', { noise: heavyTailed }],
    ['whole numbers, most of which are equal', { noise: whole }],
    ['collapsed classes, each one point', { noise: nothing }],
    ['a rare class', { mix: [10, 10, 1] }],
  ])('%s: the three questions together raise at most one false alarm in twenty', (_, family) => {
    expect(alarms(all, family, family)).toBeLessThanOrEqual(most);
  });

  test('another mix of classes is no shift of them, and none are outside for it', () => {
    expect(alarms(({ shift, outside }) => [shift.p, outside.p], {}, { mix: [8, 1, 1] })).toBeLessThanOrEqual(most);
  });
});

describe('what has changed is found', () => {
  const found = (before: Family, now: Family) => {
    const random = randomFor('power', JSON.stringify(now));
    return testDrift(draw(400, random, before), draw(400, random, now), regions, { permutations: 999, seed: 1 });
  };

  test('by the energy distance where all move by half a deviation in one of five directions', () => {
    const { shift } = found({}, { offset: [0, 0, 0, 0.5] });
    expect(shift.p).toBe(1 / 1000);
    expect(shift.energy).toBeGreaterThan(2 * shift.byChance);
  });

  test('by the energy distance where they only spread, with their means where they were', () => {
    const { shift, outside } = found({}, { noise: (random) => 1.5 * random.normal() });
    expect(shift.p).toBe(1 / 1000);
    expect(outside.p).toBeLessThan(1e-6);
    expect(outside.now).toBeGreaterThan(4 * outside.before);
  });

  test('by what is outside where one in twenty is somewhere else altogether', () => {
    const { outside } = found({}, { noise: (random) => random.normal() + (random.uniform() < 0.01 ? 40 : 0) });
    expect(outside.p).toBeLessThan(1e-3);
  });

  test('by the mix where only that is another, with the part that would have to change', () => {
    const { mix, shift, classes } = found({}, { mix: [4, 1, 1] });
    expect(mix.p).toBe(1 / 1000);
    // From a third to two thirds.
    expect(mix.difference).toBeCloseTo(1 / 3, 1);
    expect(shift.p).toBeGreaterThan(0.01);
    expect(classes.reduce((sum, { now }) => sum + now, 0)).toBe(400);
  });

  test('by the mix where a whole batch has become one class, exactly as it is', () => {
    const { mix } = found({}, { mix: [1, 0, 0] });
    expect(mix.p).toBe(1 / 1000);
  });
});

test('the energy distance of two points that are apart is all that there can be, and of the same points nothing', () => {
  const point = (x: number): Latents => ({ values: Float32Array.from({ length: 20 }, () => x), count: 20, size: 1 });
  const one: ClassRegions = { centroids: { values: Float32Array.of(0), count: 1, size: 1 }, radii: [1] };
  const options = { permutations: 99, seed: 0 };
  expect(testDrift(point(0), point(1), one, options).shift).toMatchObject({ energy: 1, p: 0.01 });
  expect(testDrift(point(0), point(0), one, options)).toMatchObject({
    shift: { energy: 0, p: 1 },
    mix: { p: 1 },
    outside: { p: 1 },
  });
});
