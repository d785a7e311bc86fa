import { expect, test } from 'vitest';
import type { StateAuxiliary } from '../../../src/auxiliary/index.ts';
import { findWitnesses } from '../../../src/evaluation/witness/search.ts';
import { describeWitness } from '../../../src/evaluation/witness/text.ts';
import { lineEnvironment, lineWorld } from '../line-world.ts';

const line = lineEnvironment(4);
const reward: StateAuxiliary = {
  name: 'reward',
  of: 'state',
  size: 1,
  loss: 'squared',
  coefficient: 1,
  table: Float32Array.of(0, 0, 0, 1),
};

async function describeNearest(encode: readonly number[], predict: (z: number) => number, head: (z: number) => number) {
  const options = { count: 1, candidates: 8, seed: 0 };
  const { witnesses } = await findWitnesses(lineWorld(encode, predict, head), line, [reward], options);
  return describeWitness(witnesses[0]);
}

// The last one: distances 7, 14, 20, 7, 13 and 6, four pairs of candidates each: 268 over 28 pairs is 9.57; 6 is 62.7% of it.
test.each([
  [
    'the step and the state that the predictor misses',
    [0, 1.5, 1.5, 3],
    (z: number) => z + 1,
    (z: number) => Math.max(0, z - 2),
    "s1 and s2: latents 0 apart (0% of the mean distance), but after up the auxiliary differs by 1: at step 1 (up) the predictor misses the latent of s2 by 1 (with the other's 100% of the explanation)",
  ],
  [
    'the state whose value the head misses',
    [0, 3, 6, 6],
    (z: number) => Math.min(6, z + 3),
    () => 0.25,
    "s2 and s3: latents 0 apart (0% of the mean distance), but the auxiliary differs by 1 at once: at the end the auxiliary head misses the value of s3 by 0.75 (with the other's 100% of the explanation)",
  ],
  [
    'that nothing is broken',
    [0, 7, 14, 20],
    (z: number) => z + 7,
    (z: number) => (z > 19 ? 1 : 0),
    "s2 and s3: latents 6 apart (62.7% of the mean distance), but the auxiliary differs by 1 at once: no loss is broken, the latents' own distance carries it (100% of the explanation)",
  ],
])('says %s', async (_, encode, predict, head, sentence) => {
  expect(await describeNearest(encode, predict, head)).toBe(sentence);
});
