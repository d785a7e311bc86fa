import { describe, expect, test } from 'vitest';
import { compareObserved, systemFromTransitions } from '../../src/bisimulation/index.ts';
import { readRecordedEpisodes } from '../../src/bisimulation/recorded-episodes.ts';
import { memoryRecording } from '../data/memory-recording.ts';
import { walk } from './walk.ts';

const byCell = { roles: { state: 'cell' }, auxiliary: ['reward'] };

describe('recorded episodes', () => {
  test('are transitions between the recorded states', async () => {
    const episodes = await readRecordedEpisodes(walk, byCell);
    expect(episodes.names).toEqual(['0', '1', '2', '3']);
    expect(episodes.actionNames).toEqual(['0', '1']);
    expect([...episodes.auxiliary]).toEqual([0, 0, 0, 1]);
    const steps = Array.from(episodes.from, (from, n) => [from, episodes.action[n], episodes.to[n]]);
    expect(steps).toEqual([
      [0, 1, 1],
      [1, 1, 2],
      [2, 1, 3],
      [3, 0, 2],
      [1, 1, 2],
      [2, 0, 1],
    ]);
    const { system } = systemFromTransitions(episodes);
    expect(compareObserved(system, 1, 2)).toEqual({ verdict: 'apart', word: [1] });
    // In 3 only action 0 was taken, in 0 only action 1; the reward tells them apart at once.
    expect(compareObserved(system, 0, 3)).toEqual({ verdict: 'apart', word: [] });
  });

  test('without states are transitions between equal observations, named by where they are first seen', async () => {
    const episodes = await readRecordedEpisodes(walk, { auxiliary: ['reward'] });
    expect(episodes.names).toEqual(['e0s0', 'e0s1', 'e0s2', 'e0s3']);
    expect(episodes.observationCount).toBe(4);
  });

  test('leave out the first observation where a reward is only known after an action', async () => {
    const stepwise = memoryRecording(
      {
        observation: { type: 'float32', shape: [], lengths: [3], values: Float32Array.of(0, 1, 2) },
        action: { type: 'int32', shape: [], lengths: [2], values: Int32Array.of(1, 1) },
        reward: { type: 'float32', shape: [], lengths: [2], values: Float32Array.of(0, 1) },
      },
      { observation: ['observation'], action: ['action'], reward: 'reward' },
    );
    const arrival = await readRecordedEpisodes(stepwise, { auxiliary: ['reward'] });
    expect([arrival.names, [...arrival.auxiliary]]).toEqual([
      ['e0s1', 'e0s2'],
      [0, 1],
    ]);
    const departure = await readRecordedEpisodes(stepwise, { auxiliary: ['reward'], valueAt: 'departure' });
    expect([departure.names, [...departure.auxiliary]]).toEqual([
      ['e0s0', 'e0s1'],
      [0, 1],
    ]);
  });

  test('may have any columns as p, or none', async () => {
    const both = await readRecordedEpisodes(walk, { auxiliary: ['observation', 'reward'] });
    expect(both.auxiliarySize).toBe(3);
    expect([...both.auxiliary].slice(9)).toEqual([3, 9, 1]);
    expect((await readRecordedEpisodes(walk, { auxiliary: [] })).auxiliarySize).toBe(0);
  });

  test('are refused where p of one state changes, unless within the tolerance', async () => {
    const options = { roles: { state: 'cell' }, auxiliary: ['noise'] };
    const values = Float64Array.of(0, 0, 0, 1, 0, 0, 0.01, 0);
    const noisy = memoryRecording(
      {
        observation: { type: 'uint8', shape: [], lengths: [5, 3], values: new Uint8Array(8) },
        action: { type: 'int32', shape: [], lengths: [4, 2], values: new Int32Array(6) },
        noise: { type: 'float64', shape: [], lengths: [5, 3], values },
        cell: { type: 'int32', shape: [], lengths: [5, 3], values: Int32Array.of(0, 1, 2, 3, 2, 1, 2, 1) },
      },
      { observation: ['observation'], action: ['action'] },
    );
    await expect(readRecordedEpisodes(noisy, options)).rejects.toThrow(
      'memory: observation 2: expected one value of noise, got 0 and 0.01',
    );
    expect((await readRecordedEpisodes(noisy, { ...options, tolerance: 0.01 })).observationCount).toBe(4);
  });

  test('are refused where actions are not discrete', async () => {
    const steps = 400;
    const continuous = memoryRecording(
      {
        observation: { type: 'float32', shape: [], lengths: [steps + 1], values: new Float32Array(steps + 1) },
        action: {
          type: 'float32',
          shape: [],
          lengths: [steps],
          values: Float32Array.from({ length: steps }, (_, t) => t / 7),
        },
      },
      { observation: ['observation'], action: ['action'] },
    );
    await expect(readRecordedEpisodes(continuous, { auxiliary: [] })).rejects.toThrow(
      'memory: expected at most 256 different actions, got more in the first 1 episodes',
    );
  });

  test('name actions of several numbers, in the order of the numbers', async () => {
    const several = memoryRecording(
      {
        observation: { type: 'float32', shape: [], lengths: [4], values: Float32Array.of(0, 1, 2, 3) },
        action: { type: 'float32', shape: [2], lengths: [3], values: Float32Array.of(10, 0.5, 2, 1, 2, -1) },
      },
      { observation: ['observation'], action: ['action'] },
    );
    const { actionNames, action } = await readRecordedEpisodes(several, { auxiliary: [] });
    expect(actionNames).toEqual(['2 -1', '2 1', '10 0.5']);
    expect([...action]).toEqual([2, 1, 0]);
  });
});
