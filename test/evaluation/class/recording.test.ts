// Classes of recorded observations, and what can be claimed of them.
import { describe, expect, test } from 'vitest';
import { recordingSource } from '../../../src/data/recording-source.ts';
import {
  classesOfColumn,
  classesOfObserved,
  classesOfQuantiles,
  parseRecordingClassSource,
} from '../../../src/evaluation/class/recording.ts';
import { type DrawnTransitions, drawTransitions } from '../../../src/evaluation/held-out/recording-draw.ts';
import { corridorRecording } from '../../data/corridor-recording.ts';

describe('parseRecordingClassSource', () => {
  test('reads a name with its detail', () => {
    expect(parseRecordingClassSource('--classes', 'observed')).toEqual({ of: 'observed' });
    expect(parseRecordingClassSource('--classes', 'quantiles')).toEqual({ of: 'quantiles', count: 4 });
    expect(parseRecordingClassSource('--classes', 'quantiles:7')).toEqual({ of: 'quantiles', count: 7 });
    expect(parseRecordingClassSource('--classes', 'column:a:b')).toEqual({ of: 'column', column: 'a:b' });
  });

  test.each(['reward', 'column', 'column:', 'quantiles:1', 'quantiles:2.5', 'observed:3'])('refuses %s', (text) => {
    expect(() => parseRecordingClassSource('--classes', text)).toThrow(`got "${text}"`);
  });
});

describe('classes of a column', () => {
  test('are its values, in order', () => {
    const { labels, names } = classesOfColumn('phase', Float32Array.from([10, 2, 10, -1]), 1);
    expect(names).toEqual(['phase -1', 'phase 2', 'phase 10']);
    expect(Array.from(labels)).toEqual([2, 1, 2, 0]);
  });

  test('may be pairs of numbers', () => {
    expect(classesOfColumn('cell', Float32Array.from([1, 0, 0, 1, 1, 0]), 2).names).toEqual(['cell 0 1', 'cell 1 0']);
  });

  test('are refused where a column is no label', () => {
    const values = Float32Array.from({ length: 100 }, (_, i) => i / 7);
    expect(() => classesOfColumn('speed', values, 1)).toThrow('expected at most 64 different values, got 100');
  });
});

describe('quantiles', () => {
  test('have as many observations each, and say their ranges', () => {
    const values = Float32Array.from({ length: 12 }, (_, i) => (i * 5) % 12);
    const { labels, names } = classesOfQuantiles('reward', values, 4);
    expect(names).toEqual(['reward 0 to 3', 'reward 3 to 6', 'reward 6 to 9', 'reward from 9']);
    for (const [n, label] of labels.entries()) expect(label).toBe(Math.floor(values[n] / 3));
  });

  test('of a few values are the values', () => {
    const { labels, names } = classesOfQuantiles('reward', Float32Array.from([1, 0, 0, 0]), 4);
    expect(names).toEqual(['reward 0', 'reward 1']);
    expect(Array.from(labels)).toEqual([1, 0, 0, 0]);
  });

  test('with one value that fills several are fewer', () => {
    const values = Float32Array.from([0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    expect(classesOfQuantiles('reward', values, 4).names).toEqual(['reward 0 to 2', 'reward from 2']);
  });

  test('of a constant are refused', () => {
    expect(() => classesOfQuantiles('reward', new Float32Array(5), 4)).toThrow('got reward = 0 for all held-out');
  });
});

/** Transitions between numbered observations, with p of each. */
function transitions(rows: readonly (readonly [from: number, action: number, to: number])[], p: readonly number[]) {
  const column = (i: 0 | 1 | 2) => Float32Array.from(rows, (row) => row[i]);
  const drawn: Omit<DrawnTransitions, 'episodes'> = {
    count: rows.length,
    from: column(0),
    to: column(2),
    actions: column(1),
    auxiliaryFrom: Float32Array.from(rows, ([from]) => p[from]),
    auxiliaryTo: Float32Array.from(rows, ([, , to]) => p[to]),
  };
  return drawn;
}

const shared = { observationSize: 1, actionSize: 1, auxiliary: 'reward' };

describe('observed classes', () => {
  // 0 -right-> 1 -right-> 2, and back; the reward is at 2.
  const line = [
    [0, 1, 1],
    [1, 1, 2],
    [2, 1, 2],
    [0, 0, 0],
    [1, 0, 0],
    [2, 0, 1],
  ] as const;

  test('of a complete system are its bisimulation classes, all pairs guaranteed', () => {
    const { labels, guaranteedShare, claim } = classesOfObserved({
      ...shared,
      trained: transitions(line, [0, 0, 1]),
      observations: Float32Array.from([2, 0, 1, 9]),
    });
    expect(new Set(labels.subarray(0, 3)).size).toBe(3);
    expect(labels[3]).toBe(-1);
    expect(guaranteedShare).toBe(1);
    expect(claim).toContain('100% of the pairs');
  });

  test('that a word tells apart in part only have a smaller share', () => {
    // What follows 0 and 3 is known for no common action: nothing tells them apart, but 1 is apart from 2 by its reward.
    const { guaranteedShare } = classesOfObserved({
      ...shared,
      trained: transitions(
        [
          [0, 1, 1],
          [3, 0, 2],
          [1, 1, 2],
        ],
        [0, 0, 1, 0],
      ),
      observations: Float32Array.from([0, 3]),
    });
    expect(guaranteedShare).toBeLessThan(1);
    expect(guaranteedShare).toBeGreaterThan(0);
  });

  test('are refused where p is no function of the state', () => {
    const trained = transitions(line, [0, 0, 1]);
    trained.auxiliaryFrom[0] = 5;
    expect(() => classesOfObserved({ ...shared, trained, observations: Float32Array.from([0]) })).toThrow(
      'expected one value of reward for every observation, got 5 and 0',
    );
  });
});

describe('drawTransitions', () => {
  test('draws every transition once, in another order for another seed', async () => {
    const recording = corridorRecording({ episodes: 6 });
    const source = await recordingSource(recording, {
      ...{ seed: 0, split: 'all', auxiliary: ['cell'] },
      roles: { observation: ['position'], action: ['move'] },
    });
    const whole = await drawTransitions(source, 1000, 0);
    expect(whole.count).toBe(6 * 12);
    const keyOf = ({ to }: DrawnTransitions, n: number) => to.subarray(2 * n, 2 * n + 2).join();
    const keys = Array.from({ length: whole.count }, (_, n) => keyOf(whole, n));
    expect(new Set(keys).size).toBe(whole.count);
    for (let n = 0; n < whole.count; n++) {
      // A move leads to the next cell, or stays at an end.
      const [from, to] = [whole.auxiliaryFrom[n], whole.auxiliaryTo[n]];
      const move = whole.actions[2 * n] === 1 ? -1 : 1;
      expect(to).toBe(Math.max(0, Math.min(4, from + move)));
    }
    const other = await drawTransitions(source, 20, 3);
    const others = Array.from({ length: other.count }, (_, n) => keyOf(other, n));
    expect(other.count).toBe(20);
    expect(new Set(others).size).toBe(20);
    expect(others).not.toEqual(keys.slice(0, 20));
    for (const key of others) expect(keys).toContain(key);
    await source.dispose();
  });
});
