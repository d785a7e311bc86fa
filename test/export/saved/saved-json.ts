// Saved models as JSON and weight files in memory, for tests that change either.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { buildOnnx, describeSaved, encodeModel } from '../../../export/index.ts';
import { randomizeWeights } from '../harness.ts';

const { layers } = tf;

export interface Json {
  modelTopology: Record<string, unknown>;
  weightsManifest: { paths: string[]; weights: Record<string, unknown>[] }[];
  [key: string]: unknown;
}
export type Files = Record<string, Uint8Array>;

export async function save(model: tf.LayersModel): Promise<{ json: Json; data: Uint8Array }> {
  let result: { json: Json; data: Uint8Array } | undefined;
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const text = JSON.stringify({
        modelTopology,
        weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
      });
      result = { json: JSON.parse(text), data: new Uint8Array(weightData as ArrayBuffer) };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  if (result === undefined) throw new Error('nothing was saved');
  return result;
}

export function convert(json: unknown, files: Files): Uint8Array {
  const saved = describeSaved(json, (name) => files[name], 'model.json');
  const bytes = encodeModel(buildOnnx(saved.description, { layout: 'model' }));
  expect(saved.unusedWeights()).toEqual([]);
  return bytes;
}

export function smallModel(): tf.LayersModel {
  const model = tf.sequential({
    name: 'small',
    layers: [
      layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2], name: 'conv' }),
      layers.batchNormalization({ name: 'norm' }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ units: 4, name: 'dense' }),
    ],
  });
  randomizeWeights(model);
  return model;
}
