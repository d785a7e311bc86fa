// Witnesses without a head, on the line world: what is concluded is worked out by hand, and that the account closes is a property.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EncoderWitness } from '../../../src/evaluation/witness/evaluate-encoder.ts';
import type { FollowingNetworks, WordPath } from '../../../src/evaluation/witness/path.ts';
import { type SeparationTrace, traceSeparations } from '../../../src/evaluation/witness/separation.ts';
import { describeEncoderWitness } from '../../../src/evaluation/witness/separation-text.ts';
import { lineWorld, linePath as path } from '../line-world.ts';

const world = (encode: readonly number[], predict: (z: number) => number): FollowingNetworks => {
  const { encode: encoder, predict: predictor } = lineWorld(encode, predict, Number);
  return { encode: encoder, predict: predictor };
};
const alone = (encode: readonly number[]): FollowingNetworks => ({ encode: world(encode, Number).encode });
const scale = { gap: 1, distance: 2 };

async function traced(networks: FollowingNetworks, given = path([1, 2], [2, 3])): Promise<SeparationTrace> {
  const [trace] = await traceSeparations(networks, [given], scale);
  return trace;
}

function sentence(trace: SeparationTrace): string {
  const witness: EncoderWitness = {
    ...{ classes: [0, 1], relativeDistance: 0.5, values: ['reward 0', 'reward 1'] },
    ...{ path: path([1, 2], [2, 3]), trace },
  };
  return describeEncoderWitness(witness);
}

describe('a pair that the encoder merges', () => {
  test('is parted by the errors of a predictor, at the step where they are', async () => {
    // E merges 1 and 2. T(1) = 2, where the first side stays at E(2) = 1, and the second is at E(3) = 2: a residual of 1 and of 0.
    const trace = await traced(world([0, 1, 1, 2], (z) => z + 1));
    expect(trace).toMatchObject({ gap: 1, steepness: 1, relativeSteepness: 2, stretches: [Number.POSITIVE_INFINITY] });
    expect(trace.steps.map(({ distance }) => distance)).toEqual([0, 1]);
    expect(trace.steps[1].dynamicsResiduals).toEqual([1, 0]);
    expect(trace.contributions).toEqual([
      { kind: 'distance', step: 0, value: 0, side: null, share: 0 },
      { kind: 'dynamics', step: 1, value: 1, side: 0, share: 1 },
    ]);
    expect(trace.breaks).toEqual({ kind: 'dynamics', step: 1, side: 0, share: 1 });
    expect(sentence(trace)).toBe(
      's1 and s2: latents 0 apart (50% of the mean distance), but after up one has reward 0 and the other reward 1: ' +
        'the errors of the predictor explain most of how they part: at step 1 (up) it misses the latent of s2 by 1 and the latent of s3 by 0 (100% of the explanation); ' +
        'the latents before it are the same, so that every predictor has an error there',
    );
  });

  test('is parted by no predictor at all without an error, which is said where there is none', async () => {
    const trace = await traced(alone([0, 1, 1, 2]));
    expect(trace.contributions).toBeUndefined();
    expect(trace.steps[1].dynamicsResiduals).toBeUndefined();
    expect(trace.breaks).toEqual({ kind: 'stretch', step: 1, side: null, share: null });
    expect(sentence(trace)).toContain(
      'at step 1 (up) their distance goes from 0 to 1: every predictor has an error there',
    );
  });

  test('and merges at the end too, is read by no function of the latent', async () => {
    const trace = await traced(world([0, 1, 1, 1], (z) => z));
    expect(trace.steepness).toBe(Number.POSITIVE_INFINITY);
    expect(trace.breaks).toEqual({ kind: 'reading', step: 1, side: null, share: null });
    expect(sentence(trace)).toContain(
      'at the end the latents are 0 apart: no function of the latent gives both values',
    );
  });
});

describe('a pair that is near', () => {
  test('is left to a head where it is near at the end: the constant is the difference over the distance', async () => {
    // 0.25 apart at the start, 0.125 at the end, where p differs by 1: 8, and 8 x 2 / 1 the usual.
    const trace = await traced(world([0, 1, 1.25, 1.375], (z) => z));
    expect(trace).toMatchObject({ steepness: 8, relativeSteepness: 16, stretches: [0.5] });
    expect(trace.breaks.kind).toBe('reading');
    expect(sentence(trace)).toContain(
      'at the end the latents are 0.125 apart: no head of a Lipschitz constant below 8 gives both values, 16 times the usual',
    );
  });

  test('is parted by the predictor itself where it is right', async () => {
    const trace = await traced(
      world([0, 1, 1.25, 3], (z) => 7 * z - 5.75),
      path([1, 2], [2, 3]),
    );
    // T(1) = 1.25 and T(1.25) = 3: slope 7, no residual.
    expect(trace.steps[1].dynamicsResiduals).toEqual([0, 0]);
    expect(trace.breaks).toEqual({ kind: 'distance', step: 0, side: null, share: 1 });
    expect(sentence(trace)).toContain(
      'the predictor itself makes a distance of 1.75 out of this one (100% of the explanation)',
    );
  });

  test('without a predictor: a least constant, of the step where the latents part most', async () => {
    // 0.25, 0.5, 1.5 apart; p differs after two steps, by 1 over 1.5.
    const trace = await traced(alone([0, 0.25, 0.75, 2.25]), path([0, 1, 2], [1, 2, 3]));
    expect(trace.stretches).toEqual([2, 3]);
    expect(trace.breaks).toEqual({ kind: 'stretch', step: 2, side: null, share: null });
    expect(sentence(trace)).toContain(
      'from 0.5 to 1.5: a predictor of a Lipschitz constant below 3 has an error there',
    );
  });

  test('that differs at once has no step: it is left to a head', async () => {
    const trace = await traced(world([0, 1, 2, 2.5], Number), path([2], [3]));
    expect(trace.breaks).toEqual({ kind: 'reading', step: 0, side: null, share: null });
    expect(trace).toMatchObject({ steepness: 2, relativeSteepness: 4, stretches: [] });
    expect(trace.contributions).toEqual([{ kind: 'distance', step: 0, value: 0.5, side: null, share: 1 }]);
    expect(sentence(trace)).toMatch(/but at once .*: no head of a Lipschitz constant below 2 gives both values/);
  });
});

test('of several errors the step with the largest is named, and all of them stand against the distance', async () => {
  // 0, 1, 3 on the one side, 0, 2, 5 on the other; T(0) = 1, T(1) = 2.75, T(2) = 4.5: residuals 0 and 1, then 0.25 and 0.5.
  const encode = [0, 0, 1, 2, 3, 5];
  const given: WordPath = { ...path([0, 2, 4], [1, 3, 5]), auxiliary: Float32Array.of(0, 0, 0, 0, 0, 1) };
  const trace = await traced(
    world(encode, (z) => (z === 0 ? 1 : 1 + 1.75 * z)),
    given,
  );
  expect(trace.steps.map(({ dynamicsResiduals }) => dynamicsResiduals)).toEqual([
    [0, 0],
    [0, 1],
    [0.25, 0.5],
  ]);
  // The slope of step 2 is 1.75: 1.75 and 0.75 of 2.5, and nothing of the distance.
  expect(trace.contributions?.map(({ value }) => value)).toEqual([0, 1.75, 0.75]);
  expect(trace.breaks).toEqual({ kind: 'dynamics', step: 1, side: 1, share: 0.7 });
  expect(trace.steps.map(({ action }) => action)).toEqual([null, 'up', 'up']);
  const later = await traced(
    world(encode, (z) => (z === 0 ? 1.5 : z)),
    given,
  );
  // T(0) = 1.5 misses both by 0.5; then 1 misses 3 by 2 and 2 misses 5 by 3: 1 and 5.
  expect(later.breaks).toMatchObject({ kind: 'dynamics', step: 2, side: 1, share: 5 / 6 });
});

test('values of several numbers differ by their Euclidean distance', async () => {
  const given = { ...path([2], [3]), auxiliary: Float32Array.of(1, 0, 4, 4) };
  expect(await traced(world([0, 1, 2, 4], Number), given)).toMatchObject({ gap: 5, steepness: 2.5 });
});

test('a pair of one latent throughout stretches nothing, and no share of nothing is named', async () => {
  const trace = await traced(world([1, 1, 1, 1], Number), path([0, 1, 2], [1, 2, 3]));
  expect(trace.stretches).toEqual([1, 1]);
  expect(trace.contributions?.map(({ share }) => share)).toEqual([0, 0, 0]);
  expect(trace.breaks).toEqual({ kind: 'reading', step: 2, side: null, share: null });
});

test('a pair that differs at once and is far apart is left to a head all the same', async () => {
  // 8 apart, p differs by 1: a quarter of the usual.
  const trace = await traced(world([0, 1, 2, 10], Number), path([2], [3]));
  expect(trace).toMatchObject({ relativeSteepness: 0.25, breaks: { kind: 'reading', step: 0 } });
  expect((await traced(alone([0, 1, 2, 10]), path([2], [3]))).breaks.kind).toBe('reading');
});

describe('the account', () => {
  test('closes for any networks: the distance at the end is at most what distance and residuals add up to', async () => {
    const number = fc.integer({ min: -20, max: 20 }).map((tenth) => Math.fround(tenth / 10));
    const table = fc.array(number, { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(table, number, number, async (encode, a, b) => {
        const networks = world(encode, (z) => a * Math.tanh(z) + b);
        const paths = [path([0, 1, 2], [1, 2, 3]), path([1, 2], [2, 3]), path([2], [3])];
        for (const { steps, contributions = [] } of await traceSeparations(networks, paths, scale)) {
          const sum = contributions.reduce((total, { value }) => total + value, 0);
          expect(sum).toBeGreaterThanOrEqual(steps[steps.length - 1].distance * (1 - 1e-6));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('no head and no predictor is better than the constants say', async () => {
    // Any P that is right at both ends has a slope of at least `steepness` between them; any T without error one of `stretches`.
    const number = fc.integer({ min: 1, max: 40 }).map((part) => part / 8);
    await fc.assert(
      fc.asyncProperty(number, number, number, async (first, second, third) => {
        const encode = [0, first, first + second, first + second + third];
        const trace = await traced(alone(encode), path([0, 1, 2], [1, 2, 3]));
        const [start, between, end] = [first, second, third];
        expect(trace.stretches[0] * start).toBeCloseTo(between, 5);
        expect(trace.stretches[1] * between).toBeCloseTo(end, 5);
        expect(trace.steepness * end).toBeCloseTo(1, 5);
        // What the word makes of the distance, times what is left to a head.
        expect(trace.stretches[0] * trace.stretches[1] * trace.steepness).toBeCloseTo(1 / start, 4);
      }),
    );
  });

  test('is refused where a predictor gives other values for the same latent', async () => {
    const networks = world([0, 1, 1, 5], Number);
    const broken = { ...networks, predict: async () => Float32Array.of(1, 5) };
    const expected = {
      message:
        'witness: s1 and s2 by up: expected residuals and distances of at least the distance 4 at the end, got 0',
      remedy: 'Export the predictor so that it gives the same values again: without dropout, without sampling.',
    };
    await expect(traced(broken)).rejects.toMatchObject(expected);
  });

  test('is short by the rounding of equal latents, in which rows of a batch may differ', async () => {
    // 100 and 100.0005 at the end, out of one latent, by a predictor that is right on both sides: 5e-6 of the length.
    const end = Float32Array.of(100, 100.0005);
    const networks = { ...world([0, 1, 1, 0], Number), predict: async () => end };
    const encode = async () => ({ values: Float32Array.of(1, end[0], 1, end[1]), count: 4, size: 1 });
    expect((await traced({ ...networks, encode })).stretches).toEqual([Number.POSITIVE_INFINITY]);
    const far = Float32Array.of(100, 100.005);
    const further = async () => ({ values: Float32Array.of(1, far[0], 1, far[1]), count: 4, size: 1 });
    await expect(traced({ encode: further, predict: async () => far })).rejects.toThrow('at the end, got 0');
  });

  test('has a value missing where an observation has none', async () => {
    const given = path([0, 1, 2], [1, 2, 3]);
    given.auxiliary[0] = Number.NaN;
    const trace = await traced(
      world([0, 1, 2, 3], (z) => z + 1),
      given,
    );
    expect(trace.steps.map(({ gap }) => gap)).toEqual([Number.NaN, 0, 1]);
  });
});
