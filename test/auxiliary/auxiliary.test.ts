import { describe, expect, test } from 'vitest';
import {
  auxiliarySizeOf,
  createAuxiliaries,
  environmentContext,
  joinStateTables,
  parseAuxiliary,
  type StateAuxiliary,
  sliceAuxiliaries,
} from '../../src/auxiliary/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';

const wide: StateAuxiliary = {
  name: 'wide',
  of: 'state',
  size: 2,
  loss: 'squared',
  coefficient: 1,
  table: Float32Array.of(1, 2, 3, 4, 5, 6),
};
const narrow: StateAuxiliary = { ...wide, name: 'narrow', size: 1, table: Float32Array.of(7, 8, 9) };

describe('several auxiliaries', () => {
  test('stand side by side in the order given', () => {
    expect(auxiliarySizeOf([wide, narrow])).toBe(3);
    expect(sliceAuxiliaries([wide, narrow]).map(({ start }) => start)).toEqual([0, 2]);
    expect(joinStateTables([wide, narrow], 3)).toEqual({
      size: 3,
      table: Float32Array.of(1, 2, 7, 3, 4, 8, 5, 6, 9),
      partlyLabelled: [],
    });
  });

  test('say where those stand that are known of a share of the observations', () => {
    const { partlyLabelled } = joinStateTables([wide, { ...narrow, labels: 0.1 }, { ...wide, labels: 1 }], 3);
    expect(partlyLabelled).toEqual([{ start: 2, size: 1, share: 0.1 }]);
  });

  test('refuse a table of another number of states', () => {
    expect(() => joinStateTables([wide], 4)).toThrow('auxiliary wide: expected 4 x 2 numbers in its table, got 6');
  });
});

describe('reward', () => {
  test('is one at the target of the counting environment and is compared by cross-entropy', async () => {
    const context = environmentContext(createEnvironment('counting'), 0);
    const [reward] = await createAuxiliaries([parseAuxiliary('auxiliary', 'reward')], context);
    expect(reward).toMatchObject({ of: 'state', size: 1, loss: 'cross-entropy', coefficient: 1 });
    expect(joinStateTables([reward], 9).table).toEqual(Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0));
  });

  test('is compared by squared error where it is dense, and cross-entropy is refused', async () => {
    const context = environmentContext(createEnvironment('counting', { reward: 'dense' }), 0);
    const [reward] = await createAuxiliaries([parseAuxiliary('auxiliary', 'reward')], context);
    expect(reward.loss).toBe('squared');
    expect(joinStateTables([reward], 9).table[3]).toBe(0.875);
    const crossEntropy = parseAuxiliary('auxiliary', { kind: 'reward', loss: 'cross-entropy' });
    await expect(createAuxiliaries([crossEntropy], context)).rejects.toThrow(
      'auxiliary reward: expected a reward of 0 or 1 for the loss "cross-entropy", got others',
    );
  });

  test('is the column "reward" of a recording', async () => {
    const recording = {
      seed: 0,
      observationShape: [4],
      columns: new Map([['reward', { size: 1, isBinary: false }]]),
      sampleObservations: (count: number) => new Float32Array(4 * count),
    };
    const [reward] = await createAuxiliaries([parseAuxiliary('auxiliary', 'reward')], recording);
    expect(reward).toEqual({
      name: 'reward',
      of: 'column',
      size: 1,
      loss: 'squared',
      coefficient: 1,
      column: 'reward',
    });
    await expect(
      createAuxiliaries([parseAuxiliary('auxiliary', 'reward')], { ...recording, columns: new Map() }),
    ).rejects.toThrow('auxiliary reward: expected a column of rewards in the recording, got none');
  });
});

test('none adds nothing', async () => {
  const context = environmentContext(createEnvironment('counting'), 0);
  expect(await createAuxiliaries([parseAuxiliary('auxiliary', 'none')], context)).toEqual([]);
});

test.each([
  ['rewards', 'got "rewards"'],
  [{ kind: 'reward', coefficent: 2 }, 'got "coefficent"'],
  [{ kind: 'reward', coefficient: 0 }, 'coefficient'],
])('a wrong auxiliary %j is refused by name', (written, message) => {
  expect(() => parseAuxiliary('auxiliary', written)).toThrow(message);
});
