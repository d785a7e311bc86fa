// What is foreseen of recordings, against what can be seen by eye, and of pixel auxiliaries.
import { describe, expect, test } from 'vitest';
import { foreseeEnvironment } from '../../pipeline/foresee/environment.ts';
import { comparePairs } from '../../pipeline/foresee/happened.ts';
import { foreseeRecording } from '../../pipeline/foresee/recording.ts';
import { createAuxiliaries, environmentContext } from '../../src/auxiliary/index.ts';
import { type FiniteSystem, foresee } from '../../src/bisimulation/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { walk } from '../bisimulation/walk.ts';
import { memoryRecording } from '../data/memory-recording.ts';

describe('of a recording', () => {
  test('the reward of a walk over four cells tells its end at once, and the others by what was walked', async () => {
    const { foresight, names, forcedTogether, broken } = await foreseeRecording(walk, {
      roles: { state: 'cell' },
      auxiliary: ['reward'],
      factors: ['cell'],
    });
    expect(names).toEqual(['0', '1', '2', '3']);
    expect([forcedTogether, broken]).toEqual([0, []]);
    // Up from 2 pays and up from 0 and 1 does not; from 0 nothing is known but one step up, as from 1.
    expect(foresight).toMatchObject({
      kind: 'observed',
      pairs: 6,
      apart: 6,
      byWordLength: [
        { length: 0, pairs: 3 },
        { length: 1, pairs: 2 },
        { length: 2, pairs: 1 },
      ],
      factors: [{ name: 'cell', fate: 'kept', apart: 1, isNeeded: true }],
      task: { name: 'reward', needed: 6, lost: 0 },
    });
    expect(foresight.factors[0].isExogenous).toBeUndefined();
  });

  test('without an auxiliary all of it may merge, and two labels would save it', async () => {
    const { foresight, names } = await foreseeRecording(walk, { roles: { state: 'cell' }, auxiliary: [] });
    expect(foresight).toMatchObject({ apart: 0, classes: 1, task: { needed: 6, lost: 6 } });
    // The last cell's, and one to compare it with; every pair walks into both only by way of neighbours.
    const enough = foresight.task?.labels?.enough.map((state) => names[state]);
    expect(enough).toContain('3');
    expect(enough?.length).toBeLessThan(5);
  });

  test('observations that one action led to share a latent by force, and lose what the task says of them', async () => {
    // From a, action 0 leads once to b and once to c, whose rewards differ.
    const forked = memoryRecording(
      {
        observation: { type: 'float32', shape: [1], lengths: [2, 2], values: Float32Array.of(0, 1, 0, 2) },
        action: { type: 'int64', shape: [], lengths: [1, 1], values: BigInt64Array.of(0n, 0n) },
        reward: { type: 'float64', shape: [], lengths: [2, 2], values: Float64Array.of(0, 1, 0, 5) },
      },
      { observation: ['observation'], action: ['action'], reward: 'reward' },
    );
    const alone = await foreseeRecording(forked, { auxiliary: [] });
    expect(alone).toMatchObject({ observations: 3, forcedTogether: 1, taskMixed: 1, broken: [] });
    const { broken } = await foreseeRecording(forked, { auxiliary: ['reward'] });
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain('1 transitions contradict more frequent ones');
  });
});

describe('of pixels', () => {
  test('every image is told apart at once, and what is drawn anew is said to break the hypotheses', async () => {
    const environment = createEnvironment('counting');
    const auxiliaries = await createAuxiliaries(
      [{ kind: 'random-projection', size: 4, samples: 8, coefficient: 1 }],
      environmentContext(environment, 0),
    );
    const { foresight, unit, nuisances, broken } = await foreseeEnvironment(environment, { auxiliaries, images: 30 });
    for (const auxiliary of auxiliaries) if (auxiliary.of === 'pixels') auxiliary.model.dispose();
    expect(unit).toBe('sampled images');
    expect(foresight.apart).toBe(foresight.pairs);
    expect(foresight.byWordLength).toEqual([{ length: 0, pairs: foresight.pairs }]);
    expect(nuisances.map(({ fate }) => fate)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(broken[0]).toContain('no predictor can foresee what is drawn anew');
  });
});

describe('what happened', () => {
  // Four states that stand still; the auxiliary tells 0 from 1 from the others, and leaves 2 and 3 free.
  const system: FiniteSystem = {
    stateCount: 4,
    actionCount: 1,
    next: Int32Array.of(0, 1, 2, 3),
    auxiliarySize: 1,
    auxiliary: Float64Array.of(0, 1, 2, 2),
  };
  const factors = [
    { name: 'low', of: (state: number) => state % 2 },
    { name: 'high', of: (state: number) => Math.floor(state / 2) },
  ];
  const foreseen = foresee({ system, factors, seed: 0 });
  // 0 and 1 overlap in one observation of four each: the nearer centroid is right in 6 of 8. 2 and 3 are told apart, but nearer than `least`.
  const labels = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3);
  const values = Float32Array.of(0, 0, 0, 10, 10, 10, 10, 0, 100, 100, 100.5, 100.5);
  const latents = { values, size: 1, count: 12, labels, classCount: 4 };
  const centroids = Float64Array.of(0, 10, 100, 100.5);

  test('pairs are apart, between or merged, and collapsed ones merged whatever tells them apart', () => {
    const { rows, factors: happened, agreement } = comparePairs(foreseen, latents, { centroids, least: 1, factors });
    expect(rows).toEqual([
      { foreseen: 'apart', length: 0, pairs: 5, apart: 4, merged: 0, between: 1 },
      { foreseen: 'may merge', length: null, pairs: 1, apart: 0, merged: 1, between: 0 },
    ]);
    expect(agreement).toBeCloseTo(5 / 6, 12);
    expect(happened).toEqual([
      // 0 and 1, between; 2 and 3, merged. Of the two pairs one was foreseen apart.
      { name: 'low', fate: 'kept in part', foreseen: 0.5, apart: 0 },
      { name: 'high', fate: 'kept', foreseen: 1, apart: 1 },
    ]);
  });

  test('with room enough the same two are apart, against what was foreseen', () => {
    const { rows, agreement } = comparePairs(foreseen, latents, { centroids, least: 0.1, factors });
    expect(rows[1]).toMatchObject({ foreseen: 'may merge', apart: 1, merged: 0 });
    expect(agreement).toBeCloseTo(4 / 6, 12);
  });
});
