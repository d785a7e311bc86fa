import { expect, test } from 'vitest';
import type { StateAuxiliary } from '../../../src/auxiliary/index.ts';
import { recordWitness, witnessSchema } from '../../../src/evaluation/schema/witness.ts';
import { findWitnesses } from '../../../src/evaluation/witness/search.ts';
import { lineEnvironment, lineWorld } from '../line-world.ts';

test('a witness survives JSON under its schema, infinities as null', async () => {
  const line = lineEnvironment(4);
  const table = Float32Array.of(0, 0, 0, 1);
  const reward: StateAuxiliary = { name: 'reward', of: 'state', size: 1, loss: 'squared', coefficient: 1, table };
  const world = lineWorld(
    [1, 1, 1, 1],
    (z) => z,
    () => 0,
  );
  let asked = 0;
  const { witnesses } = await findWitnesses(world, line, [reward], {
    count: 1,
    candidates: 8,
    seed: 0,
    auxiliaryOf: async ({ states }) => {
      asked++;
      return Float32Array.from(states, (state) => table[state]);
    },
  });
  expect(asked).toBe(1);
  const bounds = [
    { constants: 'everywhere' as const, predictor: [Number.POSITIVE_INFINITY], auxiliary: 2, bound: 0, holds: true },
  ];
  const record = recordWitness(witnesses[0], bounds);
  expect(witnessSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
  // All latents are equal: the mean distance is 0, and so is everything but the head's own residual.
  expect(record).toMatchObject({
    distance: 0,
    relativeDistance: null,
    gap: 1,
    breaks: { kind: 'auxiliary', share: 1 },
    bounds: [{ predictor: [null], auxiliary: 2, bound: 0, holds: true }],
  });
});
