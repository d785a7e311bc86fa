// A run of a simulator as its folder would be, with small networks that were never trained: recording, record and export.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { exportOnnx } from '../../export/index.ts';
import { buildRunParts, disposeRunParts } from '../../models/run-parts.ts';
import { auxiliarySizeOf } from '../../src/auxiliary/index.ts';
import { actionSizeOf, writeRecordingRecord } from '../../src/data/recording-record.ts';
import { elementCount } from '../../src/shape.ts';
import { writeSimulationRecord } from '../../src/simulation/provenance.ts';
import { recordSimulator } from '../../src/simulation/record-simulator.ts';
import { writeExportDescription } from '../../src/storage/export-description.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';
import { runPath, writeConfiguration } from '../../src/training/run-folder.ts';
import { openRunRecording } from '../../src/training/run-recording.ts';

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
      'model.latentSize=6',
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
  const exported = runPath(folder, 'export');
  mkdirSync(exported);
  for (const [name, network] of Object.entries(parts.model))
    writeFileSync(join(exported, `${name}.onnx`), exportOnnx(network, { layout: 'nchw', pixels: 'float32' }));
  writeExportDescription(exported, {
    run: 'fixture',
    step: 0,
    configuration,
    recording: opened.record,
    encoder: {
      file: 'encoder.onnx',
      input: { name: 'observation', layout: 'flat', type: 'float32', size: elementCount(parts.observationShape) },
      output: { name: 'latent', size: 6 },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: actionSizeOf(opened.record),
      output: { name: 'next_latent' },
    },
    auxiliary: {
      file: 'auxiliary.onnx',
      input: { name: 'latent' },
      output: { name: 'auxiliary', size: auxiliarySizeOf(parts.auxiliaries) },
    },
  });
  disposeRunParts(parts);
}
