import { describe, expect, test } from 'vitest';
import {
  createAuxiliaries,
  environmentContext,
  parseAuxiliary,
  type StateAuxiliary,
} from '../../src/auxiliary/index.ts';
import { createEnvironment } from '../../src/environments/index.ts';

async function stateAuxiliary(environment: string, options: object = {}): Promise<StateAuxiliary> {
  const context = environmentContext(createEnvironment(environment), 0);
  const [auxiliary] = await createAuxiliaries([parseAuxiliary('auxiliary', { kind: 'state', ...options })], context);
  if (auxiliary.of !== 'state') throw new Error('expected an auxiliary of the state');
  return auxiliary;
}

describe('the state itself', () => {
  test('is the count over eight in the counting environment', async () => {
    const { table, loss } = await stateAuxiliary('counting');
    expect([...table]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((count) => count / 8));
    expect(loss).toBe('squared');
  });

  test('is row, column and place of the cloud in rooms, each in 0..1', async () => {
    const { table, size } = await stateAuxiliary('rooms');
    expect(size).toBe(3);
    // The second state is the upper left cell with the cloud one place on; the last is the lower right one.
    expect([...table.subarray(3, 6)]).toEqual([0, 0, Math.fround(1 / 7)]);
    expect([...table.subarray(-3)]).toEqual([1, 1, 1]);
  });

  test('has one number for each value of each factor where it is one-hot', async () => {
    const { table, size, loss } = await stateAuxiliary('door-key', { encoding: 'one-hot' });
    expect([size, loss]).toEqual([5 + 5 + 2, 'cross-entropy']);
    // The first state: row 0, column 0, no key.
    expect([...table.subarray(0, size)]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  });

  test('is not to be had of a recording', async () => {
    const recording = { seed: 0, observationShape: [4], sampleObservations: () => new Float32Array(0) };
    await expect(createAuxiliaries([parseAuxiliary('auxiliary', 'state')], recording)).rejects.toThrow(
      'auxiliary state: expected an environment, got a recording',
    );
  });
});
