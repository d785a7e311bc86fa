// What acts while a simulator is recorded, besides chance: a module, an ONNX file, a run's planner.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { exportOnnx } from '../../export/index.ts';
import { plannerPolicy } from '../../pipeline/plan/policy.ts';
import { openRecording } from '../../src/data/readers/index.ts';
import { describeError } from '../../src/error.ts';
import { onnxPolicy } from '../../src/run/onnx-policy.ts';
import { modulePolicy } from '../../src/simulation/module-policy.ts';
import { checkAction, type PolicyOpener } from '../../src/simulation/policy.ts';
import { recordSimulator } from '../../src/simulation/record-simulator.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { writeSimulatedRun } from './simulated-run.ts';

const line = join(import.meta.dirname, 'line-module.ts');

/** Places before each action, and the actions. */
async function recordWith(policy: PolicyOpener | undefined, randomShare?: number) {
  const path = join(temporaryFolder(), 'episodes.npz');
  const options = { episodes: 12, steps: 9, seed: 4, actionPersistence: 0, policy, randomShare };
  const { provenance } = await recordSimulator(line, path, options);
  const recording = await openRecording(path);
  const actions = recording.columns.get('actions');
  const observations = recording.columns.get('observations');
  if (actions === undefined || observations === undefined) throw new Error('columns are missing');
  const taken = await recording.read('actions', 0, actions.starts[recording.episodeCount]);
  const seen = await recording.read('observations', 0, observations.starts[recording.episodeCount]);
  const pairs: [number, number][] = [];
  for (let episode = 0; episode < recording.episodeCount; episode++)
    for (let row = actions.starts[episode], t = 0; row < actions.starts[episode + 1]; row++, t++)
      pairs.push([Number(seen[2 * (observations.starts[episode] + t)]), Number(taken[row])]);
  await recording.dispose();
  return { pairs, provenance };
}

function moduleAt(text: string): string {
  const path = join(temporaryFolder(), 'policy.ts');
  writeFileSync(path, text);
  return path;
}

describe('a policy', () => {
  test('out of a module acts on what it sees, and is named in provenance', async () => {
    const path =
      moduleAt(`export const createPolicy = ({ action, episode }: { action: { names: string[] }; episode: number }) =>
      ([place]: Float32Array) => (place < 2 || episode % 2 === 0 ? action.names.indexOf('right') : 0);`);
    const { pairs, provenance } = await recordWith(modulePolicy(path));
    expect(provenance).toMatchObject({ policy: path, randomShare: 0 });
    expect(pairs.filter(([place]) => place < 2).every(([, action]) => action === 1)).toBe(true);
    expect(pairs.some(([place, action]) => place >= 2 && action === 0)).toBe(true);
  });

  test('leaves chance its share, by the seed alone', async () => {
    const path = moduleAt('export const createPolicy = () => () => 1;');
    const first = await recordWith(modulePolicy(path), 0.5);
    const second = await recordWith(modulePolicy(path), 0.5);
    expect(second.pairs).toEqual(first.pairs);
    const left = first.pairs.filter(([, action]) => action === 0).length / first.pairs.length;
    expect(left).toBeGreaterThan(0.1);
    expect(left).toBeLessThan(0.45);
    expect(first.provenance).toMatchObject({ randomShare: 0.5 });
  });

  test('in an ONNX file takes the action of the largest score', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2, name: 'scores' })] });
    // Right is worth the place, left 2.5.
    model.setWeights([tf.tensor2d([0, 1, 0, 0], [2, 2]), tf.tensor1d([2.5, 0])]);
    const path = join(temporaryFolder(), 'policy.onnx');
    writeFileSync(path, exportOnnx(model));
    const { pairs, provenance } = await recordWith(onnxPolicy(path));
    expect(provenance.policy).toBe(path);
    expect(pairs.length).toBeGreaterThan(20);
    for (const [place, action] of pairs) expect(action).toBe(Number(place > 2.5));
  });

  test('is the planner of a run, by its goal', async () => {
    const run = join(temporaryFolder(), 'run');
    await writeSimulatedRun(run, line, [{ kind: 'reward' }, { kind: 'column', column: 'terminations' }]);
    const options = { episodes: 3, steps: 4, seed: 1, actionPersistence: 0, randomShare: 0.4 };
    const record = async () => {
      const path = join(temporaryFolder(), 'planned.npz');
      const recorded = await recordSimulator(line, path, {
        ...options,
        policy: plannerPolicy(run, { kind: 'reward' }),
      });
      const recording = await openRecording(path);
      const actions = await recording.read('actions', 0, recorded.steps);
      await recording.dispose();
      return { actions: [...actions], name: recorded.provenance.policy };
    };
    const first = await record();
    expect(first.name).toBe(`planner:${run}@reward`);
    expect(await record()).toEqual(first);
    const wrong = recordWith(plannerPolicy(run, { kind: 'state', name: '3' })).catch(describeError);
    expect(await wrong).toMatch(/expected a goal that recordings know, got state:3\. For example: planner:RUN@reward/);
  });

  const space = { kind: 'continuous' as const, low: [-1, 0, 0], high: [1, 1, 1], choices: [{ offset: 1, count: 2 }] };
  test('may give numbers as an array or a typed array, with its choices settled', () => {
    expect(checkAction('p', space, [0.5, 0.2, 0.6])).toEqual([0.5, 0, 1]);
    expect(checkAction('p', space, Float32Array.of(-1, 1, 0))).toEqual([-1, 1, 0]);
  });

  test.each([
    [{ kind: 'discrete' as const, names: ['a', 'b'] }, 2, 'p: expected an action in 0..1, got 2'],
    [{ kind: 'discrete' as const, names: ['a', 'b'] }, 'a', 'p: expected an action in 0..1, got "a"'],
    [space, [1, 0], 'p: expected an action of 3 numbers, got [1,0]'],
    [space, [1.5, 0, 1], 'p: action[0]: expected a number in -1..1, got 1.5'],
    [space, [Number.NaN, 0, 1], 'p: action[0]: expected a number in -1..1, got "NaN"'],
  ])('that gives something else is stopped: %j %j', (actions, value, message) => {
    expect(() => checkAction('p', actions, value)).toThrow(message);
  });

  test.each([
    ['export const act = 3;', 'expected an exported function createPolicy, got undefined'],
    ['export const createPolicy = () => 1;', 'expected createPolicy to give a function, got number'],
    ['export const createPolicy = () => () => 7;', 'episode 0 step 0: expected an action in 0..1, got 7'],
    [
      "export const createPolicy = () => () => { throw new Error('lost'); };",
      'episode 0 step 0: expected a result, got: Error: lost',
    ],
  ])('out of a module that breaks the contract is named: %s', async (text, message) => {
    expect(await recordWith(modulePolicy(moduleAt(text))).catch(describeError)).toContain(message);
  });
});
