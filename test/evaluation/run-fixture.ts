// A run of the counting environment as its folder would be, with small networks that were never trained: models, export
// and description, made with the project's own builders and exporter.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { exportOnnx } from '../../export/index.ts';
import { buildEnvironmentParts, disposeRunParts, type RunParts } from '../../pipeline/parts.ts';
import { auxiliarySizeOf } from '../../src/auxiliary/index.ts';
import type { RecordingRecord } from '../../src/data/recording-description.ts';
import { writeConfiguration } from '../../src/run/folder.ts';
import { type ExportDescription, writeExportDescription } from '../../src/storage/export-description.ts';
import { writeLayersModel } from '../../src/storage/layers-model.ts';
import type { Configuration } from '../../src/training/configuration.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';

export const fixtureLatentSize = 6;

export interface RunFixtureOptions {
  readonly layout?: 'nchw' | 'nhwc';
  readonly pixels?: 'float32' | 'uint8';
  /** Changes the trained weights before they are exported, but not in the tfjs models: an export that went wrong. */
  readonly damage?: (encoder: tf.LayersModel, predictor: tf.LayersModel) => void;
  /** Further settings of the configuration, as of `--set`. */
  readonly assignments?: readonly string[];
}

/** Writes config.json, models/ and export/ into `folder`, which is created. */
export async function writeRunFixture(folder: string, options: RunFixtureOptions = {}): Promise<void> {
  const { layout = 'nchw', pixels = 'float32', damage, assignments = [] } = options;
  tf.enableProdMode();
  const configuration = resolveConfiguration({
    preset: 'small',
    environment: 'counting',
    threads: 1,
    assignments: [
      `model.latentSize=${fixtureLatentSize}`,
      'model.encoder.convolutions=[{"filters":4,"kernel":8,"stride":8}]',
      'model.encoder.hidden=16',
      'model.predictor={"width":8,"depth":1}',
      'model.auxiliary={"width":8,"depth":1}',
      ...assignments,
    ],
  });
  mkdirSync(folder, { recursive: true });
  writeConfiguration(folder, configuration);
  const parts = await buildEnvironmentParts(configuration);
  for (const [name, network] of Object.entries(parts.model)) {
    mkdirSync(join(folder, 'models', name), { recursive: true });
    await writeLayersModel(join(folder, 'models', name), network);
  }
  damage?.(parts.model.encoder, parts.model.predictor);
  const [height, width, channels] = parts.environment.observationShape;
  writeFixtureExport(folder, configuration, parts, {
    layout,
    pixels,
    input: { name: 'observation', layout, type: pixels, height, width, channels },
  });
  disposeRunParts(parts);
}

/** export/ of a run's folder: the three networks and their description. */
export function writeFixtureExport(
  folder: string,
  configuration: Configuration,
  { model, auxiliaries, actionSize }: Pick<RunParts, 'model' | 'auxiliaries' | 'actionSize'>,
  encoder: {
    readonly layout: 'nchw' | 'nhwc';
    readonly pixels: 'float32' | 'uint8';
    readonly input: ExportDescription['encoder']['input'];
    readonly recording?: RecordingRecord;
  },
): void {
  const { layout, pixels, input, recording } = encoder;
  const exported = join(folder, 'export');
  mkdirSync(exported);
  for (const [name, network] of Object.entries(model))
    writeFileSync(
      join(exported, `${name}.onnx`),
      exportOnnx(network, { layout, pixels: name === 'encoder' ? pixels : 'float32' }),
    );
  writeExportDescription(exported, {
    run: 'fixture',
    step: 0,
    configuration,
    ...(recording && { recording }),
    encoder: { file: 'encoder.onnx', input, output: { name: 'latent', size: fixtureLatentSize } },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize,
      output: { name: 'next_latent' },
    },
    auxiliary: {
      file: 'auxiliary.onnx',
      input: { name: 'latent' },
      output: { name: 'auxiliary', size: auxiliarySizeOf(auxiliaries) },
    },
  });
}
