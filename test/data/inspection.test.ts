import { describe, expect, onTestFinished, test } from 'vitest';
import { inspectRecording } from '../../src/data/inspection.ts';
import { openRecording } from '../../src/data/readers/index.ts';
import { recordingSource } from '../../src/data/recording-source.ts';
import { type MemoryColumn, memoryRecording } from './memory-recording.ts';
import { fixture } from './small-recording.ts';

async function inspectFixture(name: string) {
  const recording = await openRecording(fixture(name));
  onTestFinished(() => recording.dispose());
  return inspectRecording(recording);
}

const roles = { observation: ['o'], action: ['a'], reward: 'r' };
const column = (lengths: readonly number[], values?: Float32Array<ArrayBuffer>): MemoryColumn => ({
  type: 'float32',
  shape: [],
  lengths,
  values: values ?? new Float32Array(lengths.reduce((sum, length) => sum + length, 0)),
});

describe('an inspection', () => {
  test('counts episodes and steps, sums rewards, and names the parts', async () => {
    const found = await inspectFixture('stored.npz');
    // Rewards (e+1)(t+1) mod 5 / 4 of 5, 1 and 8 steps.
    const returns = [1 + 2 + 3 + 4 + 0, 2, 3 + 1 + 4 + 2 + 0 + 3 + 1 + 4].map((sum) => sum / 4);
    expect(found).toMatchObject({
      recordingFormat: 'NPZ',
      episodes: 3,
      steps: 14,
      episodeSteps: { least: 1, median: 5, most: 8 },
      returns: { least: 0.5, mean: returns.reduce((a, b) => a + b, 0) / 3, most: 4.5 },
      findings: [],
      command: `jepa train --data ${fixture('stored.npz')} --out runs/a`,
    });
    expect(found.columns.map(({ name, role }) => [name, role])).toEqual([
      ['observations', 'observation'],
      ['state', undefined],
      ['label', undefined],
      ['actions', 'action'],
      ['control', undefined],
      ['rewards', 'reward'],
    ]);
    expect(found.columns.find(({ name }) => name === 'state')).toMatchObject({
      minimum: -2,
      maximum: 6,
      isDiscrete: false,
    });
    expect(found.columns.find(({ name }) => name === 'actions')).toMatchObject({
      minimum: 0,
      maximum: 2,
      isDiscrete: true,
    });
  });

  test('says that the last observation is missing, and which episodes have no transition', async () => {
    const { findings } = await inspectFixture('stable-worldmodel.h5');
    expect(findings).toEqual([
      'goal: no numbers, left out',
      'the observation after the last action is missing in 3 of 3 episodes: their last action is not trained on',
      '1 episodes have no transition and are not trained on',
    ]);
  });

  test('says where numbers are not finite or out of bounds, and which flag goes on in spite of it', async () => {
    const r = column(
      [4, 5],
      Float32Array.from({ length: 9 }, (_, i) => (i === 6 ? Number.NaN : 1)),
    );
    const a = { ...column([4, 5], Float32Array.of(0, 0, 3, 0, 0, 0, 0, 0, 0)), bounds: { low: [-1], high: [1] } };
    const found = await inspectRecording(memoryRecording({ o: column([5, 6]), a, r }, roles));
    expect(found.findings).toEqual([
      'a: 1 numbers out of its bounds (3 in episode 0 row 2)',
      'r: 1 numbers not finite or out of its bounds (NaN in episode 1 row 2)',
    ]);
    expect(found.command).toBe('jepa train --data memory --skip-odd-episodes --out runs/a');
  });

  test('names episodes whose rows do not fit together, and offers no command', async () => {
    const found = await inspectRecording(
      memoryRecording({ o: column([5, 4]), a: column([4, 5]), r: column([4, 5]) }, roles),
    );
    expect(found.findings).toEqual(['o episode 1: expected 5 or 6 observations for 5 actions, got 4']);
    expect(found.command).toBeUndefined();
  });

  test('says that text is no observation, and that a fill value leaves no variance that float32 holds', async () => {
    const lengths = [3, 3];
    const text = {
      ...column(lengths),
      type: 'int32' as const,
      values: Int32Array.of(0, 1, 0, 1, 0, 1),
      labels: ['a', 'b'],
    };
    const filled = column(lengths, Float32Array.of(1, 9.96921e36, 3, 4, 9.96921e36, 6));
    for (const [o, a, message] of [
      [text, column(lengths), 'o: expected images or numbers to observe, got text ("a")'],
      [
        column(lengths),
        filled,
        'a: expected a deviation below 1.8e+19, got 4.7e+36 (numbers from 1.00 to 9.97e+36: a value that stands for none?)',
      ],
    ] as const) {
      const recording = memoryRecording({ o, a, r: column(lengths) }, roles);
      const { findings, command } = await inspectRecording(recording);
      expect(findings).toContain(message);
      expect(command).toBeUndefined();
      await expect(recordingSource(recording, { seed: 0, split: 'train' })).rejects.toThrow(
        `memory ${message.split(', got ')[0]}`,
      );
    }
  });

  test('goes on where one column cannot be read, and says why', async () => {
    const found = await inspectFixture('lerobot-3.0');
    expect(found.findings).toContainEqual(
      expect.stringMatching(/^observation\.video cannot be read: .*expected ffmpeg/),
    );
    expect(found.columns.find(({ name }) => name === 'observation.state')).toMatchObject({
      minimum: -2,
      maximum: 4.125,
    });
    expect(found.columns.find(({ name }) => name === 'observation.video')).toMatchObject({ mean: null });
    expect(found.command).toBeUndefined();
  });

  test('without a part says how to name it; with a name that is not there is refused', async () => {
    const recording = memoryRecording({ x: column([3]), a: column([3]) }, { action: ['a'] });
    const { findings, command } = await inspectRecording(recording);
    expect(findings[0]).toMatch(
      /^expected a column of observations, got x, a\. Say which one it is: `map: observation=NAME`/,
    );
    expect(command).toBeUndefined();
    await expect(inspectRecording(recording, { roles: { observation: ['y'] } })).rejects.toThrow(
      'memory: expected a column for observation (x, a), got "y"',
    );
  });

  test('says what lies as an image does and is taken for numbers', async () => {
    const image = { ...column([2, 2]), shape: [16, 16, 3], values: new Float32Array(4 * 768) };
    const table = { ...column([2, 2]), shape: [4, 3], values: new Float32Array(4 * 12) };
    const found = await inspectRecording(
      memoryRecording(
        { image, table, a: column([1, 1]), r: column([1, 1]) },
        { ...roles, observation: ['image', 'table'] },
      ),
    );
    expect(found.findings).toEqual([
      'image: float32 [16, 16, 3] is taken as 768 numbers: only bytes (uint8) are images',
    ]);
  });

  test('says that rows hold no numbers, which nothing can be trained on', async () => {
    const hollow = { ...column([3]), shape: [0], values: new Float32Array(0) };
    const memory = memoryRecording({ o: column([3]), a: hollow }, { observation: ['o'], action: ['a'] });
    const found = await inspectRecording(memory);
    expect(found.findings).toContain('a: its rows hold no numbers');
    expect(found.command).toBeUndefined();
    await expect(recordingSource(memory, { seed: 0, split: 'train', auxiliary: [] })).rejects.toThrow(
      'memory a: expected numbers in each row, got rows of shape [0]',
    );
  });

  test('calls actions discrete where training takes them for choices', async () => {
    const actions = (...values: number[]): MemoryColumn => ({
      type: 'int64',
      shape: [],
      lengths: [values.length],
      values: BigInt64Array.from(values, BigInt),
    });
    const isDiscrete = async (a: MemoryColumn) => {
      const { columns } = await inspectRecording(
        memoryRecording({ o: column([3]), a }, { observation: ['o'], action: ['a'] }),
      );
      return columns.find(({ name }) => name === 'a')?.isDiscrete;
    };
    expect(await isDiscrete(actions(0, 2, 1))).toBe(true);
    expect(await isDiscrete(actions(-1, 1, 1))).toBe(false);
    expect(await isDiscrete(actions(0, 5000, 1))).toBe(false);
  });
});
