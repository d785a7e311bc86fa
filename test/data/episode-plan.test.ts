// Which observations of which episodes have all that a transition needs.
import { describe, expect, test } from 'vitest';
import { planEpisodes } from '../../src/data/episode-plan.ts';
import { memoryRecording } from './memory-recording.ts';

/** Episodes of 2, 0 and 3 steps, with one observation more each; a reward a step. */
const lengths = { steps: [2, 0, 3], observations: [3, 1, 4] };
const column = (own: readonly number[]) => ({
  type: 'float32' as const,
  shape: [],
  lengths: own,
  values: Float32Array.from({ length: own.reduce((sum, length) => sum + length) }, (_, n) => n),
});
const recording = memoryRecording({
  seen: column(lengths.observations),
  done: column(lengths.steps),
  reward: column(lengths.steps),
});
const roles = { observation: ['seen'], action: ['done'], reward: undefined, state: undefined };

describe('planned episodes', () => {
  test('have the observations that the values of an auxiliary are known for: those that a step led to', () => {
    const { episodes, auxiliary } = planEpisodes(recording, { roles, auxiliary: ['reward'] });
    expect(auxiliary).toEqual([{ name: 'reward', shift: -1 }]);
    // The first has no reward yet; the episode without a step has none at all.
    expect(episodes).toEqual([
      { episode: 0, from: 1, to: 3 },
      { episode: 2, from: 1, to: 4 },
    ]);
  });

  test('are without those that are left out, and with those of one observation where nothing else is asked for', () => {
    const plan = (skipped: readonly number[]) =>
      planEpisodes(recording, { roles, auxiliary: [], skipped: new Set(skipped) }).episodes;
    expect(plan([])).toEqual([
      { episode: 0, from: 0, to: 3 },
      { episode: 1, from: 0, to: 1 },
      { episode: 2, from: 0, to: 4 },
    ]);
    expect(plan([0, 1])).toEqual([{ episode: 2, from: 0, to: 4 }]);
    expect(plan([2]).map(({ episode }) => episode)).toEqual([0, 1]);
  });

  test('that do not fit together are no fault where they are left out', () => {
    const broken = memoryRecording({ seen: column([3, 9, 4]), done: column([2, 2, 3]) });
    const plan = (skipped?: ReadonlySet<number>) => planEpisodes(broken, { roles, auxiliary: [], skipped });
    expect(() => plan()).toThrow('memory seen episode 1: expected 2 or 3 observations for 2 actions, got 9');
    expect(plan(new Set([1])).episodes.map(({ episode }) => episode)).toEqual([0, 2]);
  });
});
