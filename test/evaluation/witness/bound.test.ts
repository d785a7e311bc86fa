// The bound by measured slopes, on worlds of one number (line-world.ts).
import { describe, expect, test } from 'vitest';
import { boundByMeasurement } from '../../../src/evaluation/witness/bound.ts';
import { traceWords } from '../../../src/evaluation/witness/witness.ts';
import { lineWorld } from '../line-world.ts';

/** From the latents 1 and 3 one action leads to T of each, which is p as well: no residuals, and a head of slope 1. */
async function boundOf(predict: (z: number) => number) {
  const ends = [predict(1), predict(3)];
  const world = lineWorld([1, 3, ...ends], predict, (z) => z);
  const actions = Float32Array.of(1);
  const [trace] = await traceWords(world, [
    {
      word: ['up'],
      actions,
      observations: Uint8Array.of(0, 2, 1, 3),
      states: [
        ['one', 'its next'],
        ['three', 'its next'],
      ],
      auxiliary: Float32Array.of(1, ends[0], 3, ends[1]),
    },
  ]);
  return boundByMeasurement(trace, actions, world);
}

describe('the bound by measured slopes', () => {
  test('is the distance itself where the networks carry it one to one', async () => {
    const { constants, predictor, auxiliary, bound, holds } = await boundOf((z) => z + 1);
    expect(constants).toBe('measured');
    expect(predictor).toEqual([expect.closeTo(1, 3)]);
    expect(auxiliary).toBeCloseTo(1, 3);
    expect(bound).toBeCloseTo(2, 2);
    expect(holds).toBe(true);
  });

  test('takes the steepest of the points between the two latents, the ends among them and nothing beyond', async () => {
    // Of z^2 between 1 and 3: 6, at 3; of its mirror image 6, at 1.
    expect((await boundOf((z) => z * z)).predictor).toEqual([expect.closeTo(6, 2)]);
    expect((await boundOf((z) => (4 - z) ** 2)).predictor).toEqual([expect.closeTo(6, 2)]);
    // Steep in the middle alone: 5 / 0.1.
    const middle = await boundOf((z) => 5 * Math.tanh((z - 2) / 0.1));
    expect(middle.predictor[0]).toBeGreaterThan(49);
    expect(middle.predictor[0]).toBeLessThan(50.1);
    // The gap of 10 over that slope.
    expect(middle.bound).toBeCloseTo(10 / middle.predictor[0], 2);
    expect(middle.holds).toBe(true);
  });

  test('is violated where all is steep between two of the points', async () => {
    const { predictor, bound, holds } = await boundOf((z) => (z < 2.06 ? 0 : 10));
    expect(predictor).toEqual([0]);
    expect(bound).toBe(Number.POSITIVE_INFINITY);
    expect(holds).toBe(false);
  });
});
