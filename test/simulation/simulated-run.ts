// A run of a simulator as its folder would be, with small networks that were never trained: recording, record and export.
import { mkdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { buildRunParts, disposeRunParts } from '../../pipeline/parts.ts';
import { writeRecordingRecord } from '../../src/data/recording-description.ts';
import { runPath, writeConfiguration } from '../../src/run/folder.ts';
import { openRunRecording } from '../../src/run/recording.ts';
import { elementCount } from '../../src/shape.ts';
import { writeSimulationRecord } from '../../src/simulation/provenance.ts';
import { recordSimulator } from '../../src/simulation/record-simulator.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { fixtureLatentSize, writeFixtureExport } from '../evaluation/run-fixture.ts';

/** @param auxiliary objects with `kind` and options */
export async function writeSimulatedRun(
  folder: string,
  simulator: string,
  auxiliary: readonly unknown[],
): Promise<void> {
  tf.enableProdMode();
  mkdirSync(folder, { recursive: true });
  const path = runPath(folder, 'simulated');
  const recorded = await recordSimulator(simulator, path, { episodes: 30, steps: 20, seed: 0, actionPersistence: 0 });
  const { provenance, episodes, steps, map } = recorded;
  writeSimulationRecord(runPath(folder, 'simulation'), { ...provenance, episodes, steps });
  const configuration = resolveConfiguration({
    preset: 'small',
    recording: { path, map },
    threads: 1,
    assignments: [
      `auxiliary=${JSON.stringify(auxiliary)}`,
      `model.latentSize=${fixtureLatentSize}`,
      'model.encoder={"kind":"mlp","width":8,"depth":1}',
      'model.predictor={"width":8,"depth":1}',
      'model.auxiliary={"width":8,"depth":1}',
    ],
  });
  writeConfiguration(folder, configuration);
  const { recording, seed } = configuration;
  if (recording === undefined) throw new Error('the configuration has no recording');
  const opened = await openRunRecording({ configuration: recording, seed, auxiliary: configuration.auxiliary });
  writeRecordingRecord(runPath(folder, 'recording'), opened.record);
  const parts = await buildRunParts(configuration, opened);
  await opened.dispose();
  writeFixtureExport(folder, configuration, parts, {
    layout: 'nchw',
    pixels: 'float32',
    input: { name: 'observation', layout: 'flat', type: 'float32', size: elementCount(parts.observationShape) },
    recording: opened.record,
  });
  disposeRunParts(parts);
}
