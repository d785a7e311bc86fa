// A run on a simulator, up to where its training begins: what lies in its folder then, and that nothing does where it does not begin.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trainOnSimulator } from '../../pipeline/train/simulator.ts';
import { readSimulationRecord } from '../../src/simulation/provenance.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const options = { episodes: 3, steps: 8, seed: 5, actionPersistence: 0 };

function writeSimulator(): { readonly simulator: string; readonly run: string } {
  const folder = temporaryFolder();
  const simulator = join(folder, 'switch.mjs');
  writeFileSync(
    simulator,
    `export const createSimulator = () => ({
       observation: { kind: 'vector', size: 1 }, action: { kind: 'discrete', names: ['off', 'on'] },
       reset: () => [0],
       step: (action) => ({ observation: [action], reward: action, isTerminal: false }),
     });`,
  );
  return { simulator, run: join(folder, 'runs', 'a') };
}

test('the recording lies in the folder, with what it takes to make it again', async () => {
  const { simulator, run } = writeSimulator();
  const recorded = await trainOnSimulator(simulator, run, options, async (given) => given);
  expect(recorded).toEqual({ path: join(run, 'recording.npz'), episodes: 3, steps: 24, map: undefined });
  expect(readdirSync(run).sort()).toEqual(['recording.npz', 'simulation.json']);
  expect(readSimulationRecord(join(run, 'simulation.json'))).toMatchObject({
    ...{ simulator, seed: 5, policy: 'random', maximalSteps: 8, episodes: 3, steps: 24 },
  });
  await expect(trainOnSimulator(simulator, run, options, async () => {})).rejects.toThrow(
    `${run}: expected a new folder, got one with ${join(run, 'recording.npz')}`,
  );
});

test('a training that fails before its run began leaves nothing, and whoever is interrupted can take all back', async () => {
  const { simulator, run } = writeSimulator();
  const released: string[] = [];
  let takeBack = (): void => {};
  const onFolder = (given: () => void) => {
    takeBack = given;
    return () => released.push('released');
  };
  const fails = trainOnSimulator(simulator, run, { ...options, onFolder }, async ({ path }) => {
    expect(existsSync(path)).toBe(true);
    takeBack();
    expect(existsSync(path)).toBe(false);
    throw new Error('no TensorFlow');
  });
  await expect(fails).rejects.toThrow('no TensorFlow');
  expect(existsSync(run)).toBe(false);
  expect(released).toEqual(['released']);
});
