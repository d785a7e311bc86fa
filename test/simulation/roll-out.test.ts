import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../../src/data/readers/index.ts';
import { type Recording, totalRowsOf } from '../../src/data/recording.ts';
import { convertRecording, WRITTEN_FORMATS } from '../../src/data/writers/index.ts';
import { randomFor } from '../../src/random.ts';
import { episodeRecording } from '../../src/simulation/episode-recording.ts';
import { poolOf } from '../../src/simulation/module.ts';
import { randomPolicy } from '../../src/simulation/policy.ts';
import type { SimulatorPool } from '../../src/simulation/pool.ts';
import { resizedPool } from '../../src/simulation/resized-pool.ts';
import { findDifference, type RollOutOptions, rollOut } from '../../src/simulation/roll-out.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { lineSimulator } from './line-simulator.ts';

const options: RollOutOptions = { episodes: 9, steps: 12, seed: 3, actionPersistence: 0 };

const linePool = (): SimulatorPool => poolOf(lineSimulator(), 'line');

/** Several simulators of one kind as the lanes of one pool. */
function lanesOf(count: number): SimulatorPool {
  const pools = Array.from({ length: count }, linePool);
  return {
    ...pools[0],
    laneCount: count,
    reset: async (lanes, seeds) =>
      (await Promise.all(lanes.map((lane, i) => pools[lane].reset([0], [seeds[i]])))).flat(),
    step: async (lanes, actions) =>
      (await Promise.all(lanes.map((lane, i) => pools[lane].step([0], [actions[i]])))).flat(),
  };
}

async function columnsOf(recording: Recording): Promise<Record<string, number[]>> {
  const columns: Record<string, number[]> = {};
  for (const column of recording.columns.values())
    if (column.name !== 'episode_index')
      columns[column.name] = Array.from(await recording.read(column.name, 0, totalRowsOf(column)), Number);
  return columns;
}

describe('rolling out', () => {
  test('gives the same episodes in any number of lanes, and others by another seed', async () => {
    const one = await rollOut(linePool(), options);
    expect(await rollOut(lanesOf(4), options)).toEqual(one);
    expect(await rollOut(lanesOf(20), options)).toEqual(one);
    expect(await rollOut(linePool(), { ...options, seed: 4 })).not.toEqual(one);
  });

  test('ends an episode where it is terminal, and else after the steps allowed', async () => {
    const episodes = await rollOut(linePool(), options);
    expect(episodes).toHaveLength(options.episodes);
    for (const { transitions } of episodes) {
      const ends = transitions.map(({ isTerminal }) => isTerminal);
      expect(ends.slice(0, -1)).not.toContain(true);
      if (!ends.at(-1)) expect(transitions).toHaveLength(options.steps);
    }
    const lengths = episodes.map(({ transitions }) => transitions.length);
    expect(Math.min(...lengths)).toBeLessThan(options.steps);
    expect(Math.max(...lengths)).toBe(options.steps);
  });

  test('says nothing of a simulator that does the same again, and names the first step that does not', async () => {
    const pool = linePool();
    const [first] = await rollOut(pool, options);
    expect(await findDifference(pool, first, options.seed)).toBeUndefined();
    const simulator = lineSimulator();
    let calls = 0;
    const drifting = poolOf(
      { ...simulator, step: (action) => ({ ...simulator.step(action), reward: Math.floor(calls++ / 5) }) as never },
      'drifting',
    );
    const [episode] = await rollOut(drifting, { ...options, episodes: 1, steps: 5 });
    expect(await findDifference(drifting, episode, options.seed)).toBe('reward of step 0');
    let count = 0;
    const unseeded = poolOf({ ...simulator, reset: (seed) => [count++, simulator.reset(seed) ? 1 : 0] }, 'unseeded');
    const [other] = await rollOut(unseeded, options);
    expect(await findDifference(unseeded, other, options.seed)).toBe('observation after reset');
  });
});

describe('the random policy', () => {
  test('draws every action equally often, and repeats as often as it was told', () => {
    const space = { kind: 'discrete', names: ['a', 'b', 'c', 'd'] } as const;
    for (const [actionPersistence, repeated] of [
      [0, 0.25],
      [0.6, 0.7],
    ]) {
      const draw = randomPolicy(space, randomFor('policy'), { actionPersistence });
      const actions = Array.from({ length: 8000 }, () => Number(draw()));
      const repeats = actions.filter((action, i) => i > 0 && action === actions[i - 1]).length / actions.length;
      // Four standard deviations of a share of 8,000 draws.
      expect(Math.abs(repeats - repeated)).toBeLessThan(0.02);
      for (const action of [0, 1, 2, 3])
        expect(Math.abs(actions.filter((each) => each === action).length / actions.length - 0.25)).toBeLessThan(0.04);
    }
  });

  test('keeps each number within its own bounds, and reaches near to both', () => {
    const draw = randomPolicy({ kind: 'continuous', low: [-2, 5], high: [2, 6] }, randomFor('policy'), {
      actionPersistence: 0,
    });
    const rows = Array.from({ length: 500 }, () => [draw()].flat());
    const firsts = rows.map(([first]) => first);
    const seconds = rows.map(([, second]) => second);
    expect([Math.min(...firsts) >= -2, Math.max(...firsts) <= 2]).toEqual([true, true]);
    expect([Math.min(...seconds) >= 5, Math.max(...seconds) <= 6]).toEqual([true, true]);
    expect([Math.min(...firsts) < -1.9, Math.max(...firsts) > 1.9]).toEqual([true, true]);
  });
});

describe('the recording of episodes', () => {
  test.each(WRITTEN_FORMATS)('read back from %s has the numbers of the episodes', async (format) => {
    const episodes = await rollOut(linePool(), options);
    const path = join(temporaryFolder(), `line.${format}`);
    await convertRecording(episodeRecording(linePool(), episodes), path);
    const recording = await openRecording(path);
    onTestFinished(() => recording.dispose());
    expect(recording.episodeCount).toBe(options.episodes);
    expect(recording.roles).toMatchObject({ observation: ['observations'], action: ['actions'], reward: 'rewards' });
    const columns = await columnsOf(recording);
    const situations = episodes.flatMap(({ first, transitions }) => [first, ...transitions]);
    const transitions = episodes.flatMap((episode) => episode.transitions);
    expect(columns).toEqual({
      observations: situations.flatMap(({ observation }) => [...observation]),
      state: situations.map(({ state }) => state),
      actions: episodes.flatMap(({ actions }) => actions),
      rewards: transitions.map(({ reward }) => reward),
      terminations: transitions.map(({ isTerminal }) => Number(isTerminal)),
      truncations: transitions.map(() => 0),
      left: transitions.map(({ auxiliary }) => auxiliary.left),
    });
  });

  test('has images of the size that is asked for, and refuses one for vectors', async () => {
    let shade = 0;
    const pool = poolOf(
      {
        observation: { kind: 'image', shape: [16, 8, 1] },
        action: { kind: 'continuous', low: [-1], high: [1] },
        reset() {
          shade = 7;
          return new Uint8Array(128).fill(shade);
        },
        step: () => ({ observation: new Uint8Array(128).fill(++shade), reward: 0, isTerminal: false }),
      },
      'shades',
    );
    const small = resizedPool(pool, [8, 8]);
    const episodes = await rollOut(small, { ...options, episodes: 1, steps: 2 });
    const { observations } = await columnsOf(episodeRecording(small, episodes));
    expect(observations).toEqual([7, 8, 9].flatMap((value) => Array(64).fill(value)));
    expect(() => resizedPool(linePool(), [8, 8])).toThrow(
      'line: expected images to bring to 8x8, got vectors of 2 numbers',
    );
  });
});
