// Every format from nothing to ONNX: recordings that Python's packages wrote are trained on and exported; one recording in
// each format that is written here is evaluated too.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportRun } from '../../pipeline/export/run.ts';
import { inputOfRecording } from '../../pipeline/network/recording.ts';
import { trainRun } from '../../pipeline/train/run.ts';
import { convertRecording } from '../../src/data/writers/index.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { recordOf } from '../../src/evaluation/schema/describe.ts';
import { openSubject } from '../../src/run/subject.ts';
import { readExportDescription } from '../../src/storage/export-description.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { CORRIDOR_CELLS, corridorRecording } from '../data/corridor-recording.ts';
import { fixture } from '../data/small-recording.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

async function trainAndExport(
  path: string,
  steps: number,
  map?: string,
  defaults?: Readonly<Record<string, unknown>>,
): Promise<string> {
  const run = join(temporaryFolder(), 'run');
  const configuration = resolveConfiguration({
    preset: 'small',
    recording: { path, map, heldOutShare: 0.3 },
    defaults,
    threads: 1,
    assignments: [`optimization.steps=${steps}`, 'optimization.batchSize=8', 'measureEvery=0', 'model.latentSize=8'],
  });
  await trainRun(run, configuration);
  await exportRun(run, { layout: 'nhwc', pixels: 'uint8' });
  return run;
}

describe('recordings that Python wrote are trained on and exported', () => {
  test.each([
    'stored.npz',
    'compressed.npz',
    'fortran-big-endian.npz',
    'd4rl.hdf5',
    'stable-worldmodel.h5',
    'minari',
    'images.parquet',
    'folder-csv',
    'folder-jsonl',
  ])('%s', async (name) => {
    const { encoder, predictor, recording } = readExportDescription(
      join(await trainAndExport(fixture(name), 3), 'export'),
    );
    expect(recording?.name).toBe(name);
    // Images of 6 x 8 or vectors of 2, beside each other in some.
    if (encoder.input.layout === 'flat') expect(encoder.input.size).toBe(2);
    else expect(encoder.input).toMatchObject({ type: 'uint8', height: 6, width: 8, channels: 3 });
    expect(predictor.actionSize).toBeGreaterThan(0);
  });
});

test('the numbers of a LeRobot data set are trained on without its videos', async () => {
  const encoder = { kind: 'mlp', width: 8, depth: 1 };
  const run = await trainAndExport(fixture('lerobot-2.1'), 3, 'observation=observation.state', { model: { encoder } });
  expect(readExportDescription(join(run, 'export')).encoder.input).toMatchObject({ layout: 'flat', size: 2 });
});

describe('a recording is evaluated in every format that is written', () => {
  test.each(['npz', 'hdf5', 'parquet'])('%s', async (format) => {
    const path = join(temporaryFolder(), `corridor.${format}`);
    await convertRecording(corridorRecording(), path);
    const run = await trainAndExport(path, 40, 'observation=image,action=move,state=cell');
    const options = { observations: 200, seed: 0, runtime: 'cpu' };
    const input = await inputOfRecording(openSubject(join(run, 'export')), { ...options, path });
    const record = recordOf(await evaluate(input, { ...options, runtimes: ['cpu'], reference: 'cpu', threads: 1 }));
    expect(record.classes).toMatchObject({
      of: 'observed',
      names: Array.from({ length: CORRIDOR_CELLS }, (_, cell) => `cell ${cell}`),
    });
    expect(record.observations).toBeGreaterThan(40);
    // A bright row of eight: easily told from the others, also by an encoder of 40 steps.
    expect(record.runtimes[0].nearestCentroidAccuracy).toBeGreaterThan(0.6);
  });
});
