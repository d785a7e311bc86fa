import { describe, expect, onTestFinished, test } from 'vitest';
import { readObservations, recordingContext } from '../../src/auxiliary/recording-context.ts';
import { openRecording } from '../../src/data/readers/index.ts';
import { type RecordingSourceOptions, recordingSource } from '../../src/data/recording-source.ts';
import type { TransitionBatch } from '../../src/data/transition.ts';
import { type MemoryColumn, memoryRecording } from './memory-recording.ts';
import { drawBatches, openSource } from './open-source.ts';
import { fixture, formulas, imageAt, LENGTHS } from './small-recording.ts';

/** Episode and step of an image of the small recording, by its first pixel. */
const placeOf = new Map(
  LENGTHS.flatMap((length, e) => Array.from({ length: length + 1 }, (_, t) => [imageAt(e, t)[0], [e, t]] as const)),
);

const imageIn = (batch: TransitionBatch, k: number, b: number) => {
  const size = batch.observations.length / ((batch.horizon + 1) * batch.size);
  const start = (k * batch.size + b) * size;
  return Array.from(batch.observations.subarray(start, start + size));
};

describe('batches of the small recording', () => {
  test.each([1, 2, 4])(
    'with horizon %i: an epoch has every sequence once, each with its images, actions and rewards',
    async (horizon) => {
      const source = await openSource('stored.npz');
      expect(source).toMatchObject({
        observationShape: [6, 8, 3],
        observationType: 'uint8',
        actionSize: 3,
        auxiliarySize: 1,
      });
      // A reward is given with the observation that a step leads to, so sequences begin at the second observation.
      const expected = LENGTHS.flatMap((length, e) =>
        Array.from({ length: Math.max(0, length - horizon) }, (_, i) => `${e}/${i + 1}`),
      );
      expect(source.sequenceCount(horizon)).toBe(expected.length);
      const batch = await source.batch(0, expected.length, horizon);
      const found: string[] = [];
      for (let b = 0; b < batch.size; b++) {
        const [e, t] = placeOf.get(imageIn(batch, 0, b)[0]) ?? [-1, -1];
        found.push(`${e}/${t}`);
        for (let k = 0; k <= horizon; k++) {
          expect(imageIn(batch, k, b)).toEqual(imageAt(e, t + k));
          expect(batch.auxiliary[k * batch.size + b]).toBe(formulas.reward(e, t + k - 1)[0]);
          if (k === horizon) continue;
          const oneHot = [0, 0, 0];
          oneHot[formulas.action(e, t + k)[0]] = 1;
          expect(Array.from(batch.actions.subarray((k * batch.size + b) * 3, (k * batch.size + b + 1) * 3))).toEqual(
            oneHot,
          );
        }
      }
      expect(found.sort()).toEqual(expected.sort());
    },
  );

  test('rewards may belong to the observation that a step leaves', async () => {
    const source = await openSource('stored.npz', { valueAt: 'departure' });
    const batch = await source.batch(0, source.sequenceCount(1), 1);
    expect(batch.size).toBe(4 + 0 + 7);
    for (let b = 0; b < batch.size; b++) {
      const [e, t] = placeOf.get(imageIn(batch, 0, b)[0]) ?? [-1, -1];
      expect(batch.auxiliary[b]).toBe(formulas.reward(e, t)[0]);
    }
  });

  test('mixed actions stand side by side, recorded states come along, and any column may be predicted', async () => {
    const source = await openSource('stored.npz', {
      roles: { action: ['actions', 'control'], state: 'label' },
      auxiliary: ['state', 'label'],
    });
    expect(source).toMatchObject({ actionSize: 5, auxiliarySize: 3 });
    const batch = await source.batch(0, source.sequenceCount(1), 1);
    expect(batch.size).toBe(14);
    for (let b = 0; b < batch.size; b++) {
      const [e, t] = placeOf.get(imageIn(batch, 0, b)[0]) ?? [-1, -1];
      const [action] = formulas.action(e, t);
      expect(Array.from(batch.actions.subarray(b * 5, b * 5 + 5))).toEqual([
        ...[0, 1, 2].map((i) => Number(i === action)),
        ...formulas.control(e, t),
      ]);
      const next = batch.size + b;
      expect(Array.from(batch.auxiliary.subarray(next * 3, next * 3 + 3))).toEqual([
        ...formulas.state(e, t + 1),
        ...formulas.label(e, t + 1),
      ]);
      expect([batch.states?.[b], batch.states?.[next]]).toEqual([formulas.label(e, t)[0], formulas.label(e, t + 1)[0]]);
    }
  });

  test('frames are stacked channel by channel, the newest last; before the first there is the first', async () => {
    const source = await openSource('stored.npz', { stack: 3, auxiliary: [] });
    expect(source.observationShape).toEqual([6, 8, 9]);
    const batch = await source.batch(0, 14, 1);
    let repeated = 0;
    for (let b = 0; b < batch.size; b++)
      for (const k of [0, 1]) {
        const stacked = imageIn(batch, k, b);
        const newest = stacked.filter((_, i) => i % 9 >= 6);
        const [e, t] = placeOf.get(newest[0]) ?? [-1, -1];
        for (const frame of [0, 1, 2]) {
          const step = Math.max(0, t - 2 + frame);
          if (t - 2 + frame < 0) repeated++;
          expect(stacked.filter((_, i) => Math.floor((i % 9) / 3) === frame)).toEqual(imageAt(e, step));
        }
      }
    expect(repeated).toBeGreaterThan(5);
  });

  test('a dictionary of an image and a vector is packed, and its parts say where each is', async () => {
    const source = await openSource('minari', { auxiliary: [] });
    expect(source).toMatchObject({ observationShape: [144 + 2], observationType: 'float32', actionSize: 3 + 2 });
    expect(source.observationParts).toMatchObject([
      { kind: 'image', shape: [6, 8, 3], offset: 0, columns: ['observations/image'] },
      { kind: 'vector', shape: [2], offset: 144, columns: ['observations/state'] },
    ]);
    expect(source.actionParts.map(({ column, actionCount, size }) => [column, actionCount, size])).toEqual([
      ['actions/control', undefined, 2],
      ['actions/move', 3, 3],
    ]);
    const batch = await source.batch(0, 14, 1);
    for (let b = 0; b < batch.size; b++) {
      const packed = imageIn(batch, 1, b);
      const [e, t] = placeOf.get(packed[0]) ?? [-1, -1];
      expect(packed).toEqual([...imageAt(e, t), ...formulas.state(e, t)]);
    }
  });

  test('several frames of vectors follow each other', async () => {
    const source = await openSource('stored.npz', { roles: { observation: ['state'] }, stack: 2, auxiliary: [] });
    expect(source).toMatchObject({ observationShape: [4], observationType: 'float32' });
    const batch = await source.batch(0, 14, 1);
    for (let b = 0; b < batch.size; b++) {
      // The next observation holds this one's newest frame as its oldest.
      expect(imageIn(batch, 1, b).slice(0, 2)).toEqual(imageIn(batch, 0, b).slice(2));
    }
  });
});

describe('the order of batches', () => {
  const draw = (options: Partial<RecordingSourceOptions>, steps: readonly number[]) =>
    drawBatches('d4rl.hdf5', options, steps);

  test('is the same with a worker as with none, and when a run begins anew in the middle', async () => {
    const alone = await draw({ workers: 0 }, [0, 1, 2, 3, 4, 5, 6]);
    const helped = await draw({ workers: 1 }, [5, 6]);
    expect(helped).toEqual(alone.slice(5));
  });

  test('differs between seeds', async () => {
    const [first] = await draw({ seed: 0 }, [0]);
    const [second] = await draw({ seed: 1 }, [0]);
    expect(first).not.toEqual(second);
  });

  test('held-out and training episodes never meet, and together are all', async () => {
    const seen = async (split: 'train' | 'held-out') => {
      const source = await openSource('stored.npz', { split, heldOutShare: 0.3, auxiliary: [] });
      const batch = await source.batch(0, source.sequenceCount(1), 1);
      return new Set(Array.from({ length: batch.size }, (_, b) => placeOf.get(imageIn(batch, 0, b)[0])?.[0]));
    };
    const [train, heldOut] = [await seen('train'), await seen('held-out')];
    expect([...train].filter((episode) => heldOut.has(episode))).toEqual([]);
    expect([...train, ...heldOut].sort()).toEqual([0, 1, 2]);
  });
});

describe('a recording larger than the memory it may use', () => {
  const [episodes, length] = [40, 50];
  const lengths = Array.from({ length: episodes }, () => length);
  const observed = lengths.map((count) => count + 1);
  // Observation t of episode e is the number 51 e + t, sixteen times.
  const big = () =>
    memoryRecording(
      {
        observations: {
          type: 'float32',
          shape: [16],
          lengths: observed,
          values: Float32Array.from({ length: episodes * (length + 1) * 16 }, (_, i) => Math.floor(i / 16)),
        },
        actions: {
          type: 'int64',
          shape: [],
          lengths,
          values: BigInt64Array.from({ length: episodes * length }, (_, i) => BigInt(i % 2)),
        },
      },
      { observation: ['observations'], action: ['actions'] },
    );
  // 64 + 8 bytes a row: the whole takes 147 kB; a window may hold half of 40 kB.
  const options: RecordingSourceOptions = { seed: 3, split: 'all', memoryBytes: 40_000, workers: 0 };

  test('is read once an epoch, in windows, with every sequence once', async () => {
    const recording = big();
    const source = await recordingSource(recording, options);
    recording.reads.length = 0;
    const firsts: number[] = [];
    for (let step = 0; step < 100; step++) {
      const { observations, size } = await source.batch(step, 20, 1);
      for (let b = 0; b < size; b++) {
        firsts.push(observations[b * 16]);
        expect(observations[(size + b) * 16]).toBe(observations[b * 16] + 1);
      }
    }
    expect(firsts.sort((a, b) => a - b)).toEqual(
      lengths.flatMap((_, e) => Array.from({ length }, (_unused, t) => (length + 1) * e + t)),
    );
    const rows = recording.reads
      .filter(({ column }) => column === 'observations')
      .reduce((sum, { from, to }) => sum + to - from, 0);
    // Every row once, one more a block for the last observation, and the window that was begun ahead of the second epoch.
    expect(rows).toBeGreaterThan(2040);
    expect(rows).toBeLessThan(2040 * 1.35);
  });

  test('gives the same sequences whatever is in memory when a step is asked for', async () => {
    const [a, b] = [await recordingSource(big(), options), await recordingSource(big(), options)];
    const wanted = [99, 0, 57, 56, 58];
    const direct = new Map<number, TransitionBatch>();
    for (const step of wanted) direct.set(step, await a.batch(step, 20, 1));
    for (let step = 0; step < 100; step++) {
      const batch = await b.batch(step, 20, 1);
      if (direct.has(step)) expect(direct.get(step)).toEqual(batch);
    }
  });
});

describe('what does not fit together names the column and the episode', () => {
  const vector = (lengths: readonly number[], values?: Float32Array<ArrayBuffer>): MemoryColumn => ({
    type: 'float32',
    shape: [2],
    lengths,
    values: values ?? new Float32Array(lengths.reduce((sum, length) => sum + length, 0) * 2),
  });
  const scalar = (lengths: readonly number[], values?: Float32Array<ArrayBuffer>): MemoryColumn => ({
    ...vector(lengths, values),
    shape: [],
    values: values ?? new Float32Array(lengths.reduce((sum, length) => sum + length, 0)),
  });
  const open = (columns: Parameters<typeof memoryRecording>[0], more: Partial<RecordingSourceOptions> = {}) =>
    recordingSource(memoryRecording(columns, { observation: ['o'], action: ['a'], reward: 'r' }), {
      seed: 0,
      split: 'all',
      ...more,
    });
  const nan = (at: number, length: number) => Float32Array.from({ length }, (_, i) => (i === at ? Number.NaN : i));

  test.each([
    [
      'too few observations',
      { o: vector([4, 4]), a: scalar([4, 5]), r: scalar([4, 5]) },
      'memory o episode 1: expected 5 or 6 observations for 5 actions, got 4',
    ],
    [
      'rewards of another length',
      { o: vector([5, 6]), a: scalar([4, 5]), r: scalar([4, 3]) },
      'memory r episode 1: expected 5 rows as there are steps, or 6 as there are observations, got 3',
    ],
    [
      'a reward that is NaN',
      { o: vector([5, 6]), a: scalar([4, 5]), r: scalar([4, 5], nan(6, 9)) },
      'memory r episode 1 row 2: expected a finite number, got NaN',
    ],
    [
      'an observation that is infinite',
      {
        o: vector(
          [5, 6],
          Float32Array.from({ length: 22 }, (_, i) => (i === 3 ? Number.POSITIVE_INFINITY : 0)),
        ),
        a: scalar([4, 5]),
        r: scalar([4, 5]),
      },
      'memory o episode 0 row 1: expected a finite number, got Infinity',
    ],
    [
      'only episodes of one step',
      { o: vector([2, 2]), a: scalar([1, 1]), r: scalar([1, 1]) },
      'memory: expected episodes of at least 1 steps for the split all, got none in 2',
    ],
  ])('%s', async (_what, columns, message) => {
    const opening = open(columns).then((source) => source.batch(0, 1, 1));
    await expect(opening).rejects.toThrow(message);
  });

  test('episodes with odd numbers may be left out, and the statistics know nothing of them', async () => {
    const columns = { o: vector([5, 6]), a: scalar([4, 5]), r: scalar([4, 5], nan(6, 9)) };
    const source = await open(columns, { skipOddEpisodes: true });
    expect(source.survey.oddEpisodes).toEqual([1]);
    expect(source.sequenceCount(1)).toBe(3);
  });

  test('the action of a last row that no sequence uses may be anything', async () => {
    const columns = { o: vector([4, 4]), a: scalar([4, 4], nan(3, 8)), r: scalar([4, 4]) };
    expect((await open(columns)).sequenceCount(1)).toBe(6);
  });

  test('an action past those that the file names', async () => {
    const a = { type: 'int32' as const, shape: [], lengths: [4], values: Int32Array.of(0, 1, 5, 1), actionCount: 3 };
    await expect(open({ o: vector([5]), a, r: scalar([4]) })).rejects.toThrow(
      'memory a: expected actions in 0..2, got 5',
    );
  });

  test('a missing part says how to name it', async () => {
    const recording = memoryRecording({ x: vector([3]) });
    await expect(recordingSource(recording, { seed: 0, split: 'all' })).rejects.toThrow(
      'memory: expected a column of observations, got x',
    );
    await expect(recordingSource(recording, { seed: 0, split: 'all', roles: { observation: ['y'] } })).rejects.toThrow(
      'memory: expected a column for observation (x), got "y"',
    );
  });
});

describe('normalisation', () => {
  test('is of the training split alone, of raw values, and NaN-free where nothing changes', async () => {
    const source = await openSource('stored.npz', {
      split: 'train',
      heldOutShare: 0.3,
      seed: 1,
      roles: { observation: ['state'] },
      auxiliary: [],
    });
    const heldOut = await openSource('stored.npz', {
      split: 'held-out',
      heldOutShare: 0.3,
      seed: 1,
      roles: { observation: ['state'] },
      auxiliary: [],
    });
    expect(heldOut.observationParts).toEqual(source.observationParts);
    const whole = await openSource('stored.npz', {
      roles: { observation: ['state'] },
      auxiliary: [],
      survey: source.survey,
    });
    expect(whole.survey).toBe(source.survey);
    const [{ mean, deviation }] = source.observationParts;
    // Recomputed from the training episodes: those that are not in the held-out split.
    const rows: (readonly number[])[] = [];
    const batch = await heldOut.batch(0, heldOut.sequenceCount(1), 1);
    const heldOutFirst = new Set(Array.from({ length: batch.size }, (_, b) => batch.observations[2 * b]));
    for (const [e, length] of LENGTHS.entries())
      if (!heldOutFirst.has(formulas.state(e, 0)[0])) for (let t = 0; t <= length; t++) rows.push(formulas.state(e, t));
    for (const i of [0, 1]) {
      const values = rows.map((row) => row[i]);
      const average = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length);
      // Welford in float64 against two passes: rounding of a dozen additions.
      expect(mean[i]).toBeCloseTo(average, 12);
      expect(deviation[i]).toBeCloseTo(spread, 12);
    }
  });

  test('a survey survives JSON, as a run keeps it', async () => {
    const source = await openSource('stored.npz');
    expect(JSON.parse(JSON.stringify(source.survey))).toEqual({ ...source.survey });
  });
});

test('auxiliaries learn which columns there are, and get observations as the training sees them', async () => {
  const recording = await openRecording(fixture('stored.npz'));
  onTestFinished(() => recording.dispose());
  const context = await recordingContext(recording, { seed: 0 });
  expect(context.observationShape).toEqual([6, 8, 3]);
  expect(context.columns?.get('label')).toMatchObject({ size: 1, isBinary: false });
  expect(context.columns?.get('state')).toMatchObject({ size: 2, isBinary: false });
  expect(context.columns?.has('observations')).toBe(false);
  const pixels = context.sampleObservations(10);
  for (let n = 0; n < 10; n++) {
    const image = Array.from(pixels.subarray(n * 144, (n + 1) * 144));
    const [e, t] = placeOf.get(image[0]) ?? [-1, -1];
    expect(image).toEqual(imageAt(e, t));
  }
});

test('labelled observations come with the states that were recorded', async () => {
  const source = await openSource('stored.npz', { roles: { state: 'label' } });
  const { observations, states } = await readObservations(source, 12);
  expect([observations.length, states.length]).toEqual([12 * 144, 12]);
  for (let n = 0; n < 12; n++) {
    const [e, t] = placeOf.get(observations[n * 144]) ?? [-1, -1];
    expect(states[n]).toBe(formulas.label(e, t)[0]);
  }
});
