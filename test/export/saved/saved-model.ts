// A saved model gives the same bytes as the live model that it was saved from.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { buildOnnx, describeSaved, encodeModel, exportOnnx } from '../../../export/index.ts';
import type { Case } from '../conformance/case.ts';
import { randomizeWeights } from '../harness.ts';

interface Saved {
  readonly modelTopology: unknown;
  readonly weightSpecs: tf.io.WeightsManifestEntry[];
  readonly weightData: Uint8Array;
}

async function save(model: tf.LayersModel): Promise<Saved> {
  let saved: Saved | undefined;
  const handler = tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    // Through text, as a file would go.
    const bytes = tf.io.concatenateArrayBuffers(
      Array.isArray(weightData) ? weightData : [weightData ?? new ArrayBuffer(0)],
    );
    saved = {
      modelTopology: JSON.parse(JSON.stringify(modelTopology)),
      weightSpecs: weightSpecs ?? [],
      weightData: new Uint8Array(bytes),
    };
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  });
  await model.save(handler);
  if (saved === undefined) throw new Error('nothing was saved');
  return saved;
}

function exportSaved(json: unknown, shards: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const saved = describeSaved(json, (name) => shards[name], 'model.json');
  const bytes = encodeModel(buildOnnx(saved.description, { layout: 'model' }));
  expect(saved.unusedWeights()).toEqual([]);
  return bytes;
}

/** Saves every model, exports the file and the model itself, and compares bytes. */
export async function expectSameFromFile(cases: readonly Case[]): Promise<void> {
  for (const { name, build } of cases) {
    const model = build();
    randomizeWeights(model);
    const { modelTopology, weightSpecs, weightData } = await save(model);
    const json = { modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
    const fromFile = exportSaved(json, { 'weights.bin': weightData });
    expect(Buffer.compare(fromFile, exportOnnx(model, { layout: 'model' })), name).toBe(0);
    model.dispose();
  }
}
