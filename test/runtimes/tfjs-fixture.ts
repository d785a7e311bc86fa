// The affine model of onnx-fixture.ts as a tf.LayersModel in tfjs's own files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

/** Writes next_latent = concat(latent, action) W + b and returns the path of its model.json. */
export async function writeAffineModel(folder: string): Promise<string> {
  const latent = tf.input({ shape: [2], name: 'latent' });
  const action = tf.input({ shape: [1], name: 'action' });
  const joined = tf.layers.concatenate({ name: 'joined' }).apply([latent, action]);
  const next = tf.layers.dense({ units: 2, name: 'next_latent' }).apply(joined as tf.SymbolicTensor);
  const model = tf.model({ inputs: [latent, action], outputs: next as tf.SymbolicTensor });
  model.setWeights([tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), tf.tensor1d([0.5, -0.5])]);
  await model.save({
    async save({ modelTopology, weightSpecs, weightData }) {
      mkdirSync(folder, { recursive: true });
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      writeFileSync(join(folder, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
      writeFileSync(join(folder, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  model.dispose();
  return join(folder, 'model.json');
}
