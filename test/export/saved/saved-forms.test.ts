// The forms in which model.json comes: shards, quantised weights, Keras' names and configurations.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildOnnx, describeSaved, encodeModel, exportOnnx } from '../../../export/index.ts';
import { randomFor } from '../../../src/random.ts';
import { randomizeWeights, useCpu } from '../harness.ts';
import { convert, save, smallModel } from './saved-json.ts';

const { layers } = tf;

describe('forms of a saved model', () => {
  beforeAll(useCpu);

  test('tensors may start in one shard and end in another, in several groups', async () => {
    const model = smallModel();
    const { json, data } = await save(model);
    const [{ weights }] = json.weightsManifest;
    const sizes = weights.map((weight) => 4 * (weight.shape as number[]).reduce((a, b) => a * b, 1));
    const first = sizes[0] + sizes[1];
    // Cut at places that are no element's border.
    const [a, b] = [data.subarray(0, first), data.subarray(first)];
    json.weightsManifest = [
      { paths: ['a1', 'a2', 'a3'], weights: weights.slice(0, 2) },
      { paths: ['b1', 'b2'], weights: weights.slice(2) },
    ];
    const files = {
      a1: a.subarray(0, 7),
      a2: a.subarray(7, 10),
      a3: a.subarray(10),
      b1: b.subarray(0, 101),
      b2: b.subarray(101),
    };
    expect(convert(json, files)).toEqual(exportOnnx(model, { layout: 'model' }));
  });

  test.each(['uint8', 'uint16', 'float16'] as const)(
    '%s weights are read as TensorFlow.js reads them',
    async (dtype) => {
      const model = smallModel();
      const { json } = await save(model);
      const quantization =
        dtype === 'float16'
          ? { dtype, original_dtype: 'float32' }
          : { dtype, min: -1.5, scale: dtype === 'uint8' ? 0.0117 : 4.5e-5, original_dtype: 'float32' };
      const [group] = json.weightsManifest;
      group.weights = group.weights.map((weight) => ({ ...weight, quantization }));
      const count = group.weights.reduce(
        (sum, weight) => sum + (weight.shape as number[]).reduce((a, b) => a * b, 1),
        0,
      );
      const random = randomFor('quantised', dtype);
      // float16: positive numbers between 0.25 and 2, so that variances stay positive.
      const bytes =
        dtype === 'uint8'
          ? Uint8Array.from({ length: count }, () => 140 + random.integer(100))
          : new Uint8Array(
              Uint16Array.from({ length: count }, () =>
                dtype === 'uint16' ? 35000 + random.integer(30000) : 0x3400 + random.integer(0xbff),
              ).buffer,
            );
      const decoded = tf.io.decodeWeights(
        bytes.buffer as ArrayBuffer,
        group.weights as unknown as tf.io.WeightsManifestEntry[],
      );
      model.loadWeights(decoded);
      expect(convert(json, { 'weights.bin': bytes })).toEqual(exportOnnx(model, { layout: 'model' }));
    },
  );

  test('the whole of a Keras model, its configuration as an object or as text', async () => {
    const model = smallModel();
    const { json, data } = await save(model);
    const { class_name, config } = json.modelTopology;
    const expected = exportOnnx(model, { layout: 'model' });
    for (const model_config of [{ class_name, config }, JSON.stringify({ class_name, config })]) {
      const whole = {
        ...json,
        format: 'layers-model',
        modelTopology: { keras_version: '2.15.0', backend: 'tensorflow', model_config },
      };
      expect(convert(whole, { 'weights.bin': data })).toEqual(expected);
    }
  });

  test('a Sequential as a bare list of layers', async () => {
    const model = smallModel();
    const { json, data } = await save(model);
    const list = (json.modelTopology.config as { layers: unknown[] }).layers;
    const legacy = { ...json, modelTopology: { class_name: 'Sequential', config: list } };
    const saved = describeSaved(legacy, () => data, 'model.json');
    expect(encodeModel(buildOnnx(saved.description, { layout: 'model', name: 'small' }))).toEqual(
      exportOnnx(model, { layout: 'model' }),
    );
  });

  test('optimizer weights in the manifest are left alone', async () => {
    const model = smallModel();
    const { json, data } = await save(model);
    json.weightsManifest[0].weights.push({ name: 'iter', shape: [2], dtype: 'float32', group: 'optimizer' });
    const longer = new Uint8Array(data.length + 8);
    longer.set(data);
    expect(convert(json, { 'weights.bin': longer })).toEqual(exportOnnx(model, { layout: 'model' }));
  });

  test.each([
    ['with :0', (name: string) => `${name}:0`],
    [
      'by number',
      (name: string) =>
        name.replace(/\w+$/, (role) =>
          String(
            ['gamma', 'beta', 'moving_mean', 'moving_variance'].includes(role)
              ? ['gamma', 'beta', 'moving_mean', 'moving_variance'].indexOf(role)
              : role === 'bias'
                ? 1
                : 0,
          ),
        ),
    ],
    [
      'by folder',
      (name: string) =>
        `_layer_checkpoint_dependencies/${name.replace(/(\w+)\/\w+$/, '$1')}/vars/${name.endsWith('kernel') || name.endsWith('gamma') ? 0 : name.endsWith('bias') || name.endsWith('beta') ? 1 : name.endsWith('mean') ? 2 : 3}`,
    ],
  ])('weights that Keras names %s', async (_, rename) => {
    const model = smallModel();
    const { json, data } = await save(model);
    for (const weight of json.weightsManifest[0].weights) weight.name = rename(weight.name as string);
    expect(convert(json, { 'weights.bin': data })).toEqual(exportOnnx(model, { layout: 'model' }));
  });

  test('recurrent weights with the name of the cell in between, bidirectional ones too', async () => {
    const x = tf.input({ shape: [4, 3], name: 'x' });
    const both = layers.bidirectional({
      layer: layers.lstm({ units: 2, returnSequences: true, name: 'lstm' }) as tf.RNN,
      mergeMode: 'concat',
      name: 'both',
    });
    const last = layers.gru({ units: 2, name: 'gru' }).apply(both.apply(x));
    const model = tf.model({ inputs: x, outputs: last as tf.SymbolicTensor, name: 'm' });
    randomizeWeights(model);
    const { json, data } = await save(model);
    for (const weight of json.weightsManifest[0].weights)
      weight.name = (weight.name as string).replace(/\/(\w+)$/, '/some_cell_7/$1');
    expect(convert(json, { 'weights.bin': data })).toEqual(exportOnnx(model, { layout: 'model' }));
    // By number, the backward layer's counting on (TensorFlow.js) or from 0 (Keras 3).
    for (const from of [0, 3]) {
      for (const [i, weight] of json.weightsManifest[0].weights.entries()) {
        const path = (weight.name as string).split('/').slice(0, -2).join('/');
        weight.name = `${path}/some_cell_7/${(i % 3) + (path.includes('backward') ? from : 0)}`;
      }
      expect(convert(json, { 'weights.bin': data })).toEqual(exportOnnx(model, { layout: 'model' }));
    }
  });

  test('the inbound nodes and ends of Keras 3', async () => {
    const [a, b] = [tf.input({ shape: [3], name: 'a' }), tf.input({ shape: [3], name: 'b' })];
    const sum = layers.add({ name: 'sum' }).apply([a, b]) as tf.SymbolicTensor;
    const model = tf.model({
      inputs: [a, b],
      outputs: layers.dense({ units: 2, name: 'dense' }).apply(sum) as tf.SymbolicTensor,
      name: 'm',
    });
    const { json, data } = await save(model);
    const config = json.modelTopology.config as Record<string, unknown> & { layers: Record<string, unknown>[] };
    const tensor = (history: unknown) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 3], dtype: 'float32', keras_history: history },
    });
    for (const layer of config.layers) {
      const nodes = layer.inbound_nodes as unknown[][][];
      layer.inbound_nodes = nodes.map((node) => {
        const tensors = node.map((each) => tensor(each.slice(0, 3)));
        return { args: tensors.length > 1 ? [tensors] : tensors, kwargs: {} };
      });
    }
    config.output_layers = (config.output_layers as unknown[][])[0];
    expect(convert(json, { 'weights.bin': data })).toEqual(exportOnnx(model, { layout: 'model' }));
  });
});
