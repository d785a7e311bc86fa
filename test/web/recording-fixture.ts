// An export of a recording of vectors, or of images beside vectors, with small networks that were never trained.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { exportOnnx } from '../../export/index.ts';
import type { RecordingRecord } from '../../src/data/recording-description.ts';
import { writeExportDescription } from '../../src/storage/export-description.ts';
import { resolveConfiguration } from '../../src/training/presets.ts';

export const LATENT = 4;
const IMAGE = [8, 8, 3] as const;
const VECTOR = 5;

/** Images of 8 x 8 and vectors of 5 numbers out of two columns; moves one-hot of 3, and pushes. */
export function recordedParts(kind: 'vector' | 'both'): RecordingRecord {
  const vector = {
    kind: 'vector' as const,
    shape: [VECTOR],
    columns: ['joints', 'speed'],
    mean: [1, 2, 3, 4, 100],
    deviation: [1, 1, 2, 2, 10],
  };
  const image = {
    kind: 'image' as const,
    shape: [...IMAGE],
    columns: ['camera'],
    mean: [90, 100, 110],
    deviation: [50, 50, 50],
    offset: 0,
  };
  const described = (size: number, isBinary = false) => ({
    size,
    isBinary,
    mean: Array(size).fill(0),
    deviation: Array(size).fill(1),
  });
  return {
    format: 1,
    name: 'arm.npz',
    outline: { format: 'NPZ', episodes: 3, columns: {} },
    reward: 'reward',
    state: null,
    observation: kind === 'both' ? [image, { ...vector, offset: 8 * 8 * 3 }] : [{ ...vector, offset: 0 }],
    action: [
      { column: 'move', actionCount: 3, size: 3, mean: [0, 0, 0], deviation: [1, 1, 1] },
      { column: 'push', size: 1, mean: [7], deviation: [2] },
    ],
    columns: { joints: described(4), speed: described(1), reward: described(1, true) },
    survey: { format: 1, columns: {}, oddEpisodes: [] },
  };
}

/** Writes the folder of an export by itself. */
export function writeRecordingExport(folder: string, kind: 'vector' | 'both'): void {
  mkdirSync(folder, { recursive: true });
  // Silences advice to install tfjs-node.
  tf.enableProdMode();
  const record = recordedParts(kind);
  const write = (name: string, model: tf.LayersModel, inputNames: string[], outputNames: string[]) =>
    writeFileSync(
      join(folder, `${name}.onnx`),
      exportOnnx(model, { layout: 'nchw', pixels: name === 'encoder' ? 'uint8' : 'float32', inputNames, outputNames }),
    );
  const dense = (units: number, seed: number) =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.randomNormal({ stddev: 0.1, seed }) });
  const apply = (layer: tf.layers.Layer, inputs: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(inputs) as tf.SymbolicTensor;
  const vector = tf.input({ shape: [VECTOR] });
  if (kind === 'both') {
    const image = tf.input({ shape: [...IMAGE] });
    const joined = apply(tf.layers.concatenate(), [apply(tf.layers.flatten(), image), vector]);
    const latent = apply(dense(LATENT, 1), joined);
    write('encoder', tf.model({ inputs: [image, vector], outputs: latent }), ['image', 'vector'], ['latent']);
  } else
    write(
      'encoder',
      tf.model({ inputs: vector, outputs: apply(dense(LATENT, 1), vector) }),
      ['observation'],
      ['latent'],
    );
  const latent = tf.input({ shape: [LATENT] });
  const action = tf.input({ shape: [4] });
  const next = apply(dense(LATENT, 2), apply(tf.layers.concatenate(), [latent, action]));
  write('predictor', tf.model({ inputs: [latent, action], outputs: next }), ['latent', 'action'], ['next_latent']);
  const head = tf.input({ shape: [LATENT] });
  write('auxiliary', tf.model({ inputs: head, outputs: apply(dense(1, 3), head) }), ['latent'], ['auxiliary']);
  const [height, width, channels] = IMAGE;
  writeExportDescription(folder, {
    run: kind,
    step: 0,
    configuration: resolveConfiguration({ preset: 'small', recording: { path: 'arm.npz' }, threads: 1 }),
    encoder: {
      file: 'encoder.onnx',
      ...(kind === 'both'
        ? {
            input: { name: 'image', layout: 'nchw', type: 'uint8', height, width, channels },
            vector: { name: 'vector', size: VECTOR },
          }
        : { input: { name: 'observation', layout: 'flat', type: 'float32', size: VECTOR } }),
      output: { name: 'latent', size: LATENT },
    },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: 4,
      output: { name: 'next_latent' },
    },
    auxiliary: { file: 'auxiliary.onnx', input: { name: 'latent' }, output: { name: 'auxiliary', size: 1 } },
    recording: { ...record },
  });
}
