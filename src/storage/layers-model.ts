// Writes a tf.LayersModel in the format of stock tfjs (`model.json` and `weights.bin`), without tfjs-node's file handler.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { JepaError } from '../error.ts';

/** Puts `model` into `folder`, which exists; `tf.loadLayersModel('file://folder/model.json')` reads it back. */
export async function writeLayersModel(folder: string, model: tf.LayersModel): Promise<void> {
  const save = async (artifacts: tf.io.ModelArtifacts): Promise<tf.io.SaveResult> => {
    const { modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy } = artifacts;
    if (weightSpecs === undefined || weightData === undefined)
      throw new JepaError(`${folder}: expected a model with weights, got ${model.name} without`);
    const buffers = Array.isArray(weightData) ? weightData : [weightData];
    const manifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
    const description = { modelTopology, format, generatedBy, convertedBy, weightsManifest: manifest };
    writeFileSync(join(folder, 'weights.bin'), Buffer.concat(buffers.map((buffer) => Buffer.from(buffer))));
    writeFileSync(join(folder, 'model.json'), JSON.stringify(description));
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  };
  await model.save({ save });
}
