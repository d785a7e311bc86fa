import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { traceWords } from '../../../src/evaluation/witness/witness.ts';
import { lineWorld, linePath as path } from '../line-world.ts';

describe('witness of a merged pair', () => {
  test('is the dynamics residual of the step after which the encoder tells the two apart', async () => {
    // E merges 1 and 2. T(1) = 2, where the first side went to E(2) = 1: a residual of 1. P(z) = z - 1 is right for both.
    const world = lineWorld(
      [0, 1, 1, 2],
      (z) => z + 1,
      (z) => z - 1,
    );
    const [trace] = await traceWords(world, [path([1, 2], [2, 3])]);
    expect(trace).toMatchObject({ word: ['up'], gap: 1, auxiliarySlope: 1 });
    expect(trace.breaks).toEqual({ kind: 'dynamics', step: 1, value: 1, share: 1, side: 0 });
    expect(trace.steps.map(({ distance }) => distance)).toEqual([0, 1]);
    expect(trace.steps[1]).toMatchObject({
      dynamicsResiduals: [1, 0],
      auxiliaryResiduals: [0, 0],
      states: ['s2', 's3'],
    });
  });

  test('is the auxiliary residual at the end where the latents never part', async () => {
    const world = lineWorld(
      [0, 1, 1, 1],
      (z) => z,
      () => 0.25,
    );
    const [trace] = await traceWords(world, [path([1, 2], [2, 3])]);
    expect(trace.breaks).toEqual({ kind: 'auxiliary', step: 1, value: 1, share: 1, side: 1 });
    expect(trace.steps[1].auxiliaryResiduals).toEqual([0.25, 0.75]);
    expect(trace.steps.map(({ dynamicsResiduals }) => dynamicsResiduals)).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('names the step of a longer word, and splits the gap among several causes', async () => {
    // E merges 0 and 1. The sides 0, 1, 2 and 1, 2, 3 have the latents 0, 0, 2 and 0, 2, 3. T(0) = 1 lies between 0 and 2:
    // residuals 1 and 1 at step 1. At step 2, T(0) = 1 against 2 and T(2) = 3 against 3: residuals 1 and 0.
    const world = lineWorld(
      [0, 0, 2, 3],
      (z) => z + 1,
      (z) => z - 2,
    );
    const [trace] = await traceWords(world, [path([0, 1, 2], [1, 2, 3])]);
    expect(trace.steps.map(({ distance }) => distance)).toEqual([0, 2, 1]);
    expect(trace.steps.map(({ slope }) => slope)).toEqual([0, 0, 1]);
    // sP = 1; step 2 counts by sP = 1, step 1 by sP s_2 = 1: 1 + 1 = 2; the gap of 1 is reached with room to spare.
    expect(trace.contributions).toEqual([
      { kind: 'distance', step: 0, value: 0, share: 0, side: null },
      { kind: 'dynamics', step: 1, value: 2, share: 2 / 3, side: 0 },
      { kind: 'dynamics', step: 2, value: 1, share: 1 / 3, side: 0 },
      { kind: 'auxiliary', step: 2, value: 0, share: 0, side: 0 },
    ]);
    expect(trace.breaks).toMatchObject({ kind: 'dynamics', step: 1 });
  });

  test('is the distance itself where all losses are zero: then nothing is broken', async () => {
    const world = lineWorld(
      [0, 1, 2, 3],
      (z) => z + 1,
      (z) => Math.max(0, z - 2),
    );
    const [trace] = await traceWords(world, [path([1, 2], [2, 3])]);
    expect(trace.breaks).toEqual({ kind: 'distance', step: 0, value: 1, share: 1, side: null });
  });

  test('follows several paths of different lengths at once, each as if alone', async () => {
    const world = lineWorld(
      [0, 0.5, 1.5, 3],
      (z) => 1.5 * z + 0.25,
      (z) => z / 3,
    );
    const paths = [path([1, 2], [2, 3]), path([2], [3]), path([0, 1, 2], [1, 2, 3])];
    const together = await traceWords(world, paths);
    const alone = await Promise.all(paths.map(async (each) => (await traceWords(world, [each]))[0]));
    expect(together).toEqual(alone);
    expect(together.map(({ steps }) => steps.length)).toEqual([2, 1, 3]);
  });

  test('always accounts for the whole gap, whatever the networks are', async () => {
    const number = fc.integer({ min: -20, max: 20 }).map((tenth) => Math.fround(tenth / 10));
    const table = fc.array(number, { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(table, number, number, number, number, async (encode, a, b, c, d) => {
        const world = lineWorld(
          encode,
          (z) => a * Math.tanh(z) + b,
          (z) => c * Math.sin(z) + d,
        );
        const traces = await traceWords(world, [path([0, 1, 2], [1, 2, 3]), path([1, 2], [2, 3]), path([2], [3])]);
        for (const { gap, contributions } of traces)
          expect(contributions.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThanOrEqual(gap * (1 - 1e-6));
      }),
      { numRuns: 500 },
    );
  });

  test('is refused where the networks give other values for the same latent', async () => {
    const world = lineWorld(
      [0, 1, 1, 5],
      (z) => z,
      (z) => z,
    );
    // z = 1 on both sides, but T gives 0 and 5: no residual on the second side, and the latents part all the same.
    const broken = { ...world, predict: async () => Float32Array.of(1, 5) };
    const right = { ...path([1, 2], [2, 3]), auxiliary: Float32Array.of(0, 1, 0, 5) };
    await expect(traceWords(broken, [right])).rejects.toThrow(
      'witness: s1 and s2 by up: expected residuals and distances of at least the gap 4, got 0',
    );
  });

  test('is refused where p has another size than the head', async () => {
    const world = lineWorld(
      [0, 1, 2, 3],
      (z) => z,
      (z) => z,
    );
    const wrong = { ...path([1, 2], [2, 3]), auxiliary: new Float32Array(8) };
    await expect(traceWords(world, [wrong])).rejects.toThrow(
      'expected p of 4 observations in 1 numbers each, got 8 numbers',
    );
  });

  test('no path gives no witness', async () => {
    expect(await traceWords(lineWorld([], Number, Number), [])).toEqual([]);
  });
});
