// A run on a recording from nothing to an evaluated ONNX: what it keeps, that it resumes bit for bit, that its export takes
// raw values, and which classes its evaluation claims.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { exportRun } from '../../pipeline/export/run.ts';
import { inputOfRecording } from '../../pipeline/network/recording.ts';
import { resumeRun } from '../../pipeline/train/resume.ts';
import { trainRun } from '../../pipeline/train/run.ts';
import type { Recording } from '../../src/data/recording.ts';
import { readRecordingRecord } from '../../src/data/recording-description.ts';
import { convertRecording } from '../../src/data/writers/index.ts';
import type { RecordingClassSource } from '../../src/evaluation/class/recording.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { recordOf } from '../../src/evaluation/schema/describe.ts';
import { evaluationSchema } from '../../src/evaluation/schema/evaluation.ts';
import { openSubject } from '../../src/run/subject.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { readExportDescription } from '../../src/storage/export-description.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { defaultsForRecording } from '../../src/training/recording-defaults.ts';
import { CORRIDOR_CELLS, corridorRecording } from '../data/corridor-recording.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

// Files are synchronised with the disk, which takes long on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

function configurationFor(path: string, map: string, assignments: readonly string[] = []): Configuration {
  return resolveConfiguration({
    preset: 'small',
    recording: { path, map, heldOutShare: 0.3 },
    threads: 1,
    assignments: [
      'optimization.steps=8',
      'optimization.batchSize=16',
      'checkpointEvery=100',
      'measureEvery=0',
      'model.latentSize=8',
      ...assignments,
    ],
  });
}

const small = 'model.encoder={"kind":"convolutional","convolutions":[{"filters":4,"kernel":3,"stride":2}],"hidden":16}';
const perceptron = 'model.encoder={"kind":"mlp","width":16,"depth":1}';

async function writeCorridor(recording: Recording = corridorRecording()): Promise<string> {
  const path = join(temporaryFolder(), 'corridor.npz');
  await convertRecording(recording, path);
  return path;
}

describe('a run on a recording', () => {
  test('stopped and resumed gives the same bytes, also where the recording was moved', async () => {
    const path = await writeCorridor();
    const configuration = configurationFor(path, 'observation=image,action=move', [
      small,
      'auxiliary=[{"kind":"random-projection","size":4}]',
    ]);
    const [whole, stopped] = [join(temporaryFolder(), 'run'), join(temporaryFolder(), 'run')];
    await trainRun(whole, configuration);
    const stop = new AbortController();
    const onStep = (step: number) => step === 5 && stop.abort();
    expect((await trainRun(stopped, configuration, { signal: stop.signal, onStep })).step).toBe(5);
    const recordingPath = await writeCorridor();
    expect((await resumeRun(stopped, { recordingPath })).isInterrupted).toBe(false);
    for (const name of ['weights.safetensors', 'optimizer.safetensors'])
      expect(readFileSync(join(stopped, 'checkpoints/step-000008', name))).toEqual(
        readFileSync(join(whole, 'checkpoints/step-000008', name)),
      );
  });

  test('does not begin where it is stopped already, or where a part of the configuration is missing', async () => {
    const run = join(temporaryFolder(), 'run');
    const configuration = configurationFor(await writeCorridor(), 'observation=image,action=move', [small]);
    const signal = AbortSignal.abort(new Error('not today'));
    await expect(trainRun(run, configuration, { signal })).rejects.toThrow('not today');
    const { optimization, ...rest } = configuration;
    expect(optimization.steps).toBe(8);
    await expect(trainRun(run, rest as Configuration)).rejects.toThrow('configuration: optimization: expected');
    expect(existsSync(run)).toBe(false);
  });

  test('is not resumed on another recording', async () => {
    const run = join(temporaryFolder(), 'run');
    const stop = new AbortController();
    await trainRun(run, configurationFor(await writeCorridor(), 'observation=image,action=move', [small]), {
      signal: stop.signal,
      onStep: () => stop.abort(),
    });
    const recordingPath = await writeCorridor(corridorRecording({ episodes: 29 }));
    await expect(resumeRun(run, { recordingPath })).rejects.toThrow(
      'expected the recording that the run was started with, got another: episodes 30 then, 29 now',
    );
  });

  test('takes a recording that is open already, and keeps its statistics', async () => {
    const run = join(temporaryFolder(), 'run');
    const recording = corridorRecording();
    await trainRun(run, configurationFor('memory', 'observation=position,action=push', [perceptron]), {
      recording,
    });
    const record = readRecordingRecord(join(run, 'recording.json'));
    expect(record?.name).toBe('memory');
    const [{ kind, mean, deviation }] = record?.observation ?? [];
    expect(kind).toBe('vector');
    // Cells 0 to 4 at 500 + 100 cell, with noise of deviation 1 beside it.
    expect(mean[0]).toBeGreaterThan(600);
    expect(mean[0]).toBeLessThan(800);
    expect(deviation[0]).toBeGreaterThan(100);
    expect(deviation[1]).toBeGreaterThan(0.8);
    expect(deviation[1]).toBeLessThan(1.2);
    expect(record?.action).toMatchObject([{ column: 'push', size: 1 }]);
  });

  test('is exported without its recording: raw numbers in, no paths of the machine inside', async () => {
    const run = join(temporaryFolder(), 'run');
    const recording = corridorRecording();
    const map = 'observation=image+position,action=push';
    const path = join(run, 'nowhere', 'corridor.npz');
    await trainRun(run, configurationFor(path, map, [small]), { recording });
    const { folder } = await exportRun(run, { layout: 'nhwc', pixels: 'uint8' });
    const description = readExportDescription(folder);
    expect(description.encoder).toMatchObject({
      input: { name: 'image', layout: 'nhwc', type: 'uint8', height: 8, width: 8, channels: 1 },
      vector: { name: 'vector', size: 2 },
    });
    expect(JSON.stringify(description)).not.toContain('nowhere');
    expect(readFileSync(join(folder, 'encoder.onnx')).includes('nowhere')).toBe(false);
    const runtime = await openRuntime('cpu', { threads: 1 });
    const encoder = await runtime.load(join(folder, 'encoder.onnx'));
    try {
      const { latent } = await encoder.run({
        image: { type: 'uint8', data: new Uint8Array(64).fill(20), shape: [1, 8, 8, 1] },
        vector: { type: 'float32', data: Float32Array.from([700, 0]), shape: [1, 2] },
      });
      expect(latent.data).toHaveLength(8);
    } finally {
      await encoder.dispose();
      await runtime.dispose();
    }
  });
});

describe('a recording that cannot be trained on is refused before anything is written', () => {
  test.each([
    [
      'vectors with an encoder of images',
      'observation=position,action=move',
      small,
      'expected images [height, width, channels], got observations [2]',
    ],
    [
      'an auxiliary of no column',
      'observation=image,action=move',
      'auxiliary=[{"kind":"column","column":"mood"}]',
      'expected a column (position, cell, move, push, reward), got "mood"',
    ],
    [
      'an auxiliary of the state',
      'observation=image,action=move',
      'auxiliary=[{"kind":"state"}]',
      'auxiliary state: expected an environment, got a recording',
    ],
    [
      'episodes that are too short',
      'observation=image,action=move',
      'objective.horizon=13',
      'expected episodes of at least 13 steps for the split train, got none in 21',
    ],
    [
      'an image as an auxiliary',
      'observation=image,action=move',
      'auxiliary=[{"kind":"column","column":"image"}]',
      'got "image"',
    ],
  ])('%s', async (_, map, assignment, message) => {
    const run = join(temporaryFolder(), 'run');
    const recording = corridorRecording();
    const configuration = configurationFor('memory', map, [assignment]);
    await expect(trainRun(run, configuration, { recording })).rejects.toThrow(message);
    expect(readdirSync(run)).toEqual([]);
  });

  test('numbers that are not finite, with the remedy; those episodes may be left out', async () => {
    const recording = corridorRecording({ reward: (cell) => (cell === 0 ? Number.NaN : 1) });
    const configuration = configurationFor('memory', 'observation=image,action=move', [small]);
    await expect(trainRun(join(temporaryFolder(), 'run'), configuration, { recording })).rejects.toThrow(
      /memory reward episode \d+ row \d+: expected a finite number, got NaN/,
    );
  });
});

describe('the evaluation of a run on a recording', () => {
  const root = mkdtempSync(join(tmpdir(), 'jepa-recording-run-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const [withState, withoutState] = [join(root, 'with-state'), join(root, 'without-state')];

  beforeAll(async () => {
    const path = join(root, 'corridor.npz');
    await convertRecording(corridorRecording(), path);
    for (const [run, map] of [
      [withState, 'observation=image,action=move,state=cell'],
      [withoutState, 'observation=image,action=move'],
    ]) {
      await trainRun(run, configurationFor(path, map, [small, 'optimization.steps=40']));
      await exportRun(run, { layout: 'nhwc', pixels: 'uint8' });
    }
  });

  async function evaluated(run: string, classes?: RecordingClassSource) {
    const notes: string[] = [];
    const input = await inputOfRecording(openSubject(run), {
      classes,
      ...{ observations: 100, seed: 0, runtime: 'cpu', onNote: (note: string) => notes.push(note) },
    });
    const record = recordOf(
      await evaluate(input, { runtimes: ['cpu'], reference: 'cpu', observations: 100, seed: 0, threads: 1 }),
    );
    expect(evaluationSchema.parse(record)).toEqual(record);
    return { record, notes };
  }

  test('with a state, its classes are what the training transitions tell apart, every pair by a word', async () => {
    const { record, notes } = await evaluated(withState);
    expect(record.classes.of).toBe('observed');
    expect(record.classes.names).toEqual(Array.from({ length: CORRIDOR_CELLS }, (_, cell) => `cell ${cell}`));
    expect(record.classes.claim).toContain('100% of the pairs of states in different classes are told apart');
    expect(notes).toEqual([]);
    expect(record.environment).toEqual({ name: 'corridor.npz', recording: 'NPZ', episodes: 30 });
    // 9 of 30 episodes of 12 steps are held out.
    expect(record.observations + record.centroidObservations).toBe(9 * 11);
    expect(record.runtimes[0].auxiliaryResiduals).toHaveLength(1);
    // Words of 8 of the 11 steps between observations whose reward is known. The account closes, and every pair is named by its place.
    const { witnesses } = record;
    if (witnesses.none !== null) throw new Error(witnesses.none);
    expect(witnesses).toMatchObject({ words: 'recorded', candidates: 9 * 4, missingWeights: null });
    expect(witnesses.account.holding).toBe(witnesses.checkedPairs);
    for (const { states, word, gap } of witnesses.pairs) {
      for (const state of states) expect(state).toMatch(/^episode \d+ row \d+$/);
      for (const action of word) expect(['action 0', 'action 1']).toContain(action);
      expect(gap).toBe(1);
    }
  });

  test('without a state, where no observation occurs twice, its classes are values of the reward', async () => {
    const { record, notes } = await evaluated(withoutState);
    expect(record.classes).toMatchObject({ of: 'quantiles', names: ['reward 0', 'reward 1'] });
    expect(notes[0]).toMatch(/^classes: not of the observed transitions, which tell apart \d+% of the pairs$/);
  });

  test('may be asked for a column', async () => {
    const { record } = await evaluated(withoutState, {
      of: 'column',
      column: 'cell',
    });
    expect(record.classes.of).toBe('column');
    expect(record.classes.names).toHaveLength(CORRIDOR_CELLS);
    expect(record.classes.claim).toContain('training promises to keep apart only those');
  });
});

describe('what a recording asks for', () => {
  test('the reward where it varies, a random projection where it does not, an mlp for vectors', async () => {
    const varied = await defaultsForRecording(corridorRecording(), undefined);
    expect(varied).toEqual({
      keys: { auxiliary: [{ kind: 'reward' }] },
      note: 'auxiliary: the reward (column reward)',
    });
    const constant = await defaultsForRecording(corridorRecording({ reward: () => 0.5 }), {
      observation: ['position'],
      action: ['push'],
    });
    expect(constant.keys).toEqual({
      model: { encoder: { kind: 'mlp', width: 256, depth: 2 } },
      auxiliary: [{ kind: 'random-projection' }],
    });
    expect(constant.note).toContain('since the reward (column reward) is 0.5 everywhere');
  });
});
