// On the line world (line-world.ts): states 0..3, one action up, reward 1 in state 3.
import { describe, expect, test } from 'vitest';
import type { StateAuxiliary } from '../../../src/auxiliary/index.ts';
import { recordWitnesses } from '../../../src/evaluation/schema/inspection.ts';
import {
  evaluateWitnesses,
  type WitnessEvaluation,
  type WitnessSubject,
} from '../../../src/evaluation/witness/evaluate.ts';
import type { WorldSession } from '../../../src/run/world-session.ts';
import { resolveConfiguration } from '../../../src/training/presets.ts';
import { lineEnvironment, lineWorld } from '../line-world.ts';

function rewardWith(values: readonly number[]): StateAuxiliary {
  return { name: 'reward', of: 'state', size: 1, loss: 'squared', coefficient: 1, table: Float32Array.from(values) };
}

const subject: WitnessSubject = {
  subject: {
    name: 'line',
    folder: 'line',
    configuration: resolveConfiguration({ preset: 'small', environment: 'counting', threads: 1, assignments: [] }),
  },
  environment: lineEnvironment(4),
  auxiliaries: [rewardWith([0, 0, 0, 1])],
};

/** E(s) = s, T(z) = z + 1 up to 3, P(z) = 1 at 3: both losses are zero. */
const exact = lineWorld(
  [0, 1, 2, 3],
  (z) => Math.min(3, z + 1),
  (z) => Math.max(0, z - 2),
);

function evaluateOn(world: Partial<typeof exact>, of: WitnessSubject = subject): Promise<WitnessEvaluation> {
  const unused = async () => {
    throw new Error('expected no call');
  };
  const session: WorldSession = {
    files: {
      encoder: { path: '', input: { name: 'observation', layout: 'nhwc', type: 'uint8' } },
      predictor: { path: '', latent: 'latent', action: 'action' },
    },
    encoder: { inputs: [], outputs: [], run: unused, dispose: unused },
    ...exact,
    // An environment's observations are bytes.
    encode: (observations) => exact.encode(Uint8Array.from(observations)),
    ...world,
    dispose: async () => {},
  };
  return evaluateWitnesses(of, { session, runtime: 'cpu', pixelAuxiliary: unused, seed: 0 });
}

describe('witnesses of an evaluation', () => {
  test('of an exact world: no loss is broken, and every pair of classes is as far apart as its bound', async () => {
    const record = recordWitnesses(await evaluateOn({}));
    expect(record).toMatchObject({
      none: null,
      classes: 4,
      checkedPairs: 6,
      causes: { distance: 6, dynamics: 0, auxiliary: 0 },
      shares: { distance: 1, dynamics: 0, auxiliary: 0 },
      // Errors are 0, and the distance is carried one to one.
      account: { holding: 6, smallestAccount: 1 },
      bounds: [{ constants: 'measured', pairs: 6, telling: 6 }],
    });
  });

  test('name the step of a predictor that is wrong in one place', async () => {
    // T(1) = 5 where E has 2; s1 goes by up to s2, s2 to s3. sP = 1, s_1 = |5 - 3| / 1 = 2: the distance carries 2, the residual 3.
    const evaluation = await evaluateOn({
      predict: async ({ values }) => values.map((z) => (z === 1 ? 5 : Math.min(3, z + 1))),
    });
    if (!evaluation.isFound) throw new Error(evaluation.reason);
    const breaksOf = (...states: readonly string[]) =>
      evaluation.witnesses.find(({ trace }) => trace.steps[0].states.join() === states.join())?.trace.breaks;
    expect(breaksOf('s1', 's2')).toEqual({ kind: 'dynamics', step: 1, side: 0, value: 3, share: 3 / 5 });
    // By up up to s2 and s3, s_1 = 4 and s_2 = 2: the distance carries 8, the second side's error at step 1 is doubled to 6, the
    // first side's at step 2 is 3. Errors of 9 in all are more than 8.
    expect(breaksOf('s0', 's1')).toMatchObject({ kind: 'dynamics', step: 1, side: 1, value: 6, share: 6 / 17 });
    expect(breaksOf('s2', 's3')).toMatchObject({ kind: 'distance', share: 1 });
  });

  test.each([
    ['the run has no auxiliary', { ...subject, auxiliaries: [] }, {}, /there is no auxiliary function/],
    ['the world has no head', subject, { auxiliary: undefined }, /there is no auxiliary function/],
    ['the auxiliary has no weight', withWeight(0), {}, /the auxiliary loss has the weight 0/],
    [
      'there are no recorded words',
      withoutEnvironment(),
      {},
      /no held-out episode has an action that could be followed/,
    ],
    [
      'the auxiliary never differs',
      { ...subject, auxiliaries: [rewardWith([1, 1, 1, 1])] },
      {},
      /nothing must be told apart|no observations must be told apart/,
    ],
  ])('there are none, and a reason, where %s', async (_, of, world, reason) => {
    const evaluation = await evaluateOn(world, of);
    expect(evaluation.isFound).toBe(false);
    expect(recordWitnesses(evaluation).none).toMatch(reason);
  });
});

function withWeight(auxiliary: number): WitnessSubject {
  const { configuration } = subject.subject;
  const objective = { ...configuration.objective, auxiliary };
  return { ...subject, subject: { ...subject.subject, configuration: { ...configuration, objective } } };
}

function withoutEnvironment(): WitnessSubject {
  const { environment: _, ...rest } = subject;
  return rest;
}
