// Spaces of Gymnasium, with Python itself: what becomes of each, and that actions arrive as they were meant.
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeError } from '../../src/error.ts';
import { openGymnasium } from '../../src/simulation/gymnasium.ts';
import type { SimulatorOptions } from '../../src/simulation/index.ts';
import type { SimulatorPool } from '../../src/simulation/pool.ts';
import { rollOut } from '../../src/simulation/roll-out.ts';
import type { Action } from '../../src/simulation/simulator.ts';
import { findPython } from '../python/python.ts';

const python = findPython('gymnasium');
process.env.PYTHONPATH = new URL('../python', import.meta.url).pathname;

async function open(name: string, options: SimulatorOptions = {}): Promise<SimulatorPool> {
  const pool = await openGymnasium(`odd_environments:odd/${name}-v0`, { python, lanes: 1, ...options });
  onTestFinished(() => pool.dispose());
  return pool;
}

/** What the environment says that it was given. */
async function takenAs(pool: SimulatorPool, action: Action): Promise<number[]> {
  await pool.reset([0], [0]);
  const [{ observation }] = await pool.step([0], [action]);
  return [...observation];
}

const rounded = (numbers: readonly number[]) => numbers.map((value) => Math.round(1000 * value) / 1000);

describe.skipIf(python === undefined)('a space of Gymnasium', () => {
  test('of a class without render_mode is opened, and refuses frames', async () => {
    const pool = await open('Odd');
    expect(await takenAs(pool, 0)).toEqual([1, -1]);
    const refused = open('Odd', { render: true }).catch(describeError);
    expect(await refused).toMatch(
      /expected an environment that draws frames, got: .*render_mode.* Observe its numbers: drop `render`\.$/,
    );
  });

  const indexed: readonly (readonly [string, readonly string[], number, readonly number[]])[] = [
    ['Start', ['-1', '0', '1'], 2, [1, 0]],
    ['MultiDiscrete', ['0,0', '0,1', '0,2', '1,0', '1,1', '1,2'], 5, [1, 2]],
    ['MultiBinary', ['0,0', '0,1', '1,0', '1,1'], 2, [1, 0]],
    ['WholeNumbers', ['2,2', '2,3', '2,4', '3,2', '3,3', '3,4', '4,2', '4,3', '4,4'], 7, [4, 3]],
    ['Tuple', ['5,0', '5,1', '6,0', '6,1'], 3, [6, 1]],
  ];
  test.each(indexed)('%s: each combination of choices is an action', async (name, names, action, taken) => {
    const pool = await open(name);
    expect(pool.action).toEqual({ kind: 'discrete', names });
    expect(await takenAs(pool, action)).toEqual(taken);
    for (let index = 0; index < names.length; index++)
      expect((await takenAs(pool, index)).join(',')).toBe(name === 'Start' ? `${names[index]},0` : names[index]);
  });

  test('of choices and numbers is numbers, with the choices one-hot', async () => {
    const pool = await open('DictActions');
    const choices = [{ offset: 0, count: 3 }];
    expect(pool.action).toEqual({ kind: 'continuous', low: [0, 0, 0, -1], high: [1, 1, 1, 1], choices });
    expect(pool.layout?.action).toEqual(['grip=0', 'grip=1', 'grip=2', 'move']);
    expect(rounded(await takenAs(pool, [0.1, 0.2, 0.9, -0.5]))).toEqual([2, -0.5]);
    const [episode] = await rollOut(pool, { episodes: 1, steps: 6, seed: 0, actionPersistence: 0 });
    for (const action of episode.actions) expect(Array.isArray(action) && action.slice(0, 3).sort()).toEqual([0, 0, 1]);
  });

  test('of more choices than can be listed is numbers', async () => {
    const pool = await open('ManyChoices');
    expect(pool.action).toMatchObject({
      choices: [
        { offset: 0, count: 7 },
        { offset: 7, count: 9 },
      ],
    });
    const action = Array.from({ length: 16 }, (_, i) => Number(i === 6 || i === 7 + 4));
    expect(await takenAs(pool, action)).toEqual([6, 4]);
  });

  test('of images, numbers and a text is an image and a vector, with their names', async () => {
    const pool = await open('Cameras');
    expect(pool.observation).toEqual({ kind: 'image-and-vector', shape: [8, 9, 4], size: 3 });
    expect(pool.layout?.observation).toEqual([
      { name: 'left', kind: 'image', size: 3 },
      { name: 'right', kind: 'image', size: 1 },
      { name: 'arm/0', kind: 'vector', size: 2 },
      { name: 'arm/1/speed', kind: 'vector', size: 1 },
    ]);
    expect(pool.notes).toEqual(['the part mission of the observations is left out: Text, not of a fixed size']);
    const [{ observation }] = await pool.reset([0], [0]);
    // Of the second place: its three channels, which lie 72 apart in Python, and the grey one beside them.
    expect([...observation.slice(4, 8)]).toEqual([1, 73, 145, 250]);
    expect([...observation.slice(8 * 9 * 4)]).toEqual([0, 1, 0.25]);
  });

  test('with the channels first, or a stack of frames, is an image', async () => {
    const pool = await open('ChannelsFirst');
    expect(pool.observation).toEqual({ kind: 'image', shape: [16, 16, 3] });
    const [first] = await pool.reset([0], [0]);
    expect([...first.observation.slice(3, 6)]).toEqual([1, (256 + 1) % 256, (512 + 1) % 256]);
    const stack = await open('Stack');
    expect(stack.observation).toEqual({ kind: 'image', shape: [16, 16, 4] });
    const [{ observation }] = await stack.reset([0], [0]);
    expect([...observation.slice(0, 8)]).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  test('of an image of floats says that it became a vector', async () => {
    const pool = await open('FloatImage');
    expect(pool.observation).toEqual({ kind: 'vector', size: 192 });
    expect(pool.notes).toEqual([
      'the observation, Box(0.0, 1.0, (8, 8, 3), float32), becomes 192 numbers and no image: images are of bytes (uint8, 0..255)',
    ]);
  });

  test.each([
    ['WrongShape', 'observation: expected the shape [2] of its space, got [5]'],
    ['WrongBytes', 'observation: expected bytes, as its space says, got float64 in 0.5..0.5'],
    ['MissingPart', 'observation arm/0: expected a part arm/0, got dict without it'],
    ['WrongChoice', 'observation: expected a value of MultiDiscrete([2 2]), got [0, 2]'],
  ])('%s: what breaks its own space is named, and no Python is blamed', async (name, message) => {
    const pool = await open(name);
    const played = rollOut(pool, { episodes: 1, steps: 4, seed: 0, actionPersistence: 0 }).catch(describeError);
    expect(await played).toBe(
      `gym:odd_environments:odd/${name}-v0: ${message}. The environment breaks its own observation_space: gymnasium.utils.env_checker.check_env finds such faults.`,
    );
  });

  test.each([
    ['Unbounded', /expected actions within finite bounds, .* has bounds: gymnasium\.wrappers\.TransformAction\.$/],
    ['TextActions', /got Text.* \(gymnasium\.ActionWrapper\) whose action_space is one of those\.$/],
    ['TwoSizes', /expected images of one size .* got a 8 x 8 and b 16 x 16\. Register .*ObservationWrapper/],
  ])('%s is refused with advice that helps', async (name, message) => {
    expect(await open(name).catch(describeError)).toMatch(message);
  });
});
