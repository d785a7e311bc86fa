// The forms in which model.json comes: shards, quantised weights, Keras' names and configurations, and files that are wrong.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildOnnx, describeSaved, encodeModel, exportOnnx } from '../../export/index.ts';
import { FormatError } from '../../src/error.ts';
import { randomFor } from '../../src/random.ts';
import { expectClose, openSession, randomizeWeights, runSession, type TestTensor, useCpu } from './harness.ts';

const { layers } = tf;

interface Json {
  modelTopology: Record<string, unknown>;
  weightsManifest: { paths: string[]; weights: Record<string, unknown>[] }[];
  [key: string]: unknown;
}
type Files = Record<string, Uint8Array>;

async function save(model: tf.LayersModel): Promise<{ json: Json; data: Uint8Array }> {
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

function convert(json: unknown, files: Files): Uint8Array {
  const saved = describeSaved(json, (name) => files[name], 'model.json');
  const bytes = encodeModel(buildOnnx(saved.description, { layout: 'model' }));
  expect(saved.unusedWeights()).toEqual([]);
  return bytes;
}

function smallModel(): tf.LayersModel {
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

/** A Keras model of one layer, as its converter would write it. */
function kerasLayer(
  className: string,
  config: object,
  shape: (number | null)[],
  weights: Record<string, TestTensor>,
): [Json, Files] {
  const entries = Object.entries(weights);
  const data = new Float32Array(entries.flatMap(([, { data: values }]) => [...values]));
  const json: Json = {
    format: 'layers-model',
    modelTopology: {
      keras_version: '2.15.0',
      model_config: {
        class_name: 'Sequential',
        config: {
          name: 'k',
          layers: [
            { class_name: className, config: { name: 'layer', batch_input_shape: [null, ...shape], ...config } },
          ],
        },
      },
    },
    weightsManifest: [
      {
        paths: ['w'],
        weights: entries.map(([name, { shape: size }]) => ({ name: `layer/${name}`, shape: size, dtype: 'float32' })),
      },
    ],
  };
  return [json, { w: new Uint8Array(data.buffer) }];
}

function random(shape: number[], name: string): TestTensor {
  const generator = randomFor(name);
  const length = shape.reduce((a, b) => a * b, 1);
  return { type: 'float32', shape, data: Float32Array.from({ length }, () => generator.normal()) };
}

async function run(json: Json, files: Files, input: TestTensor): Promise<TestTensor> {
  const session = await openSession(convert(json, files));
  const [output] = await runSession(session, [input]);
  return output;
}

describe('what Keras has and TensorFlow.js refuses', () => {
  beforeAll(useCpu);

  test('a grouped convolution is one convolution a group', async () => {
    const kernel = random([3, 3, 2, 6], 'kernel');
    const input = random([2, 5, 5, 4], 'input');
    const [json, files] = kerasLayer(
      'Conv2D',
      { filters: 6, kernel_size: [3, 3], groups: 2, use_bias: false },
      [5, 5, 4],
      { kernel },
    );
    const expected = tf.tidy(() => {
      const x = tf.split(tf.tensor4d(input.data, [2, 5, 5, 4]), 2, 3);
      const k = tf.split(tf.tensor4d(kernel.data, [3, 3, 2, 6]), 2, 3);
      return tf
        .concat(
          [0, 1].map((i) => tf.conv2d(x[i] as tf.Tensor4D, k[i] as tf.Tensor4D, 1, 'valid')),
          3,
        )
        .dataSync();
    });
    expectClose(
      await run(json, files, input),
      { type: 'float32', shape: [2, 3, 3, 6], data: Float32Array.from(expected) },
      'groups',
    );
  });

  test('a causal convolution sees no later step', async () => {
    const kernel = random([3, 2, 4], 'kernel');
    const input = random([1, 6, 2], 'input');
    const [json, files] = kerasLayer(
      'Conv1D',
      { filters: 4, kernel_size: [3], padding: 'causal', dilation_rate: [2], use_bias: false },
      [6, 2],
      { kernel },
    );
    const expected = tf.tidy(() => {
      const padded = tf.pad3d(tf.tensor3d(input.data, [1, 6, 2]), [
        [0, 0],
        [4, 0],
        [0, 0],
      ]);
      return tf.conv1d(padded, tf.tensor3d(kernel.data, [3, 2, 4]), 1, 'valid', 'NWC', 2).dataSync();
    });
    expectClose(
      await run(json, files, input),
      { type: 'float32', shape: [1, 6, 4], data: Float32Array.from(expected) },
      'causal',
    );
  });

  test.each(['tanh', 'selu'])('a GRU that resets after the product, with activation %s', async (activation) => {
    const [kernel, recurrent, bias] = [random([3, 12], 'k'), random([4, 12], 'r'), random([2, 12], 'b')];
    const input = random([2, 5, 3], 'input');
    const [json, files] = kerasLayer(
      'GRU',
      { units: 4, activation, recurrent_activation: 'sigmoid', reset_after: true, return_sequences: true },
      [5, 3],
      { kernel, recurrent_kernel: recurrent, bias },
    );
    // Keras 2.15, gru_cell: h = z h + (1 - z) act(x_h + r (h R + b)).
    const expected = tf.tidy(() => {
      const act = activation === 'tanh' ? tf.tanh : tf.selu;
      const [inputBias, recurrentBias] = tf.unstack(tf.tensor2d(bias.data, [2, 12]));
      const projected = tf
        .unstack(tf.tensor3d(input.data, [2, 5, 3]), 1)
        .map((x) => tf.add(tf.matMul(x as tf.Tensor2D, tf.tensor2d(kernel.data, [3, 12])), inputBias));
      let h: tf.Tensor = tf.zeros([2, 4]);
      const outputs = projected.map((x) => {
        const inner = tf.add(tf.matMul(h as tf.Tensor2D, tf.tensor2d(recurrent.data, [4, 12])), recurrentBias);
        const [xz, xr, xh] = tf.split(x, 3, 1);
        const [hz, hr, hh] = tf.split(inner, 3, 1);
        const z = tf.sigmoid(tf.add(xz, hz));
        const fresh = act(tf.add(xh, tf.mul(tf.sigmoid(tf.add(xr, hr)), hh)));
        h = tf.add(tf.mul(z, h), tf.mul(tf.sub(1, z), fresh));
        return h;
      });
      return tf.stack(outputs, 1).dataSync();
    });
    expectClose(
      await run(json, files, input),
      { type: 'float32', shape: [2, 5, 4], data: Float32Array.from(expected) },
      'reset_after',
    );
  });

  test('a category encoding of one value', async () => {
    const [json, files] = kerasLayer('CategoryEncoding', { num_tokens: 4, output_mode: 'one_hot' }, [1], {});
    const input: TestTensor = { type: 'float32', shape: [3, 1], data: Float32Array.of(2, 0, 3) };
    expect([...(await run(json, files, input)).data]).toEqual([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  });

  test.each([
    ['bilinear', false],
    ['nearest', false],
    ['bilinear', true],
    ['nearest', true],
  ])('Resizing %s, cropping to aspect ratio %s, as the layer computes it on a tensor', async (interpolation, crops) => {
    const input = random([2, 5, 7, 2], 'input');
    const config = { height: 8, width: 4, interpolation, crop_to_aspect_ratio: crops };
    const [json, files] = kerasLayer('Resizing', config, [5, 7, 2], {});
    const [Resizing] = tf.serialization.SerializationMap.getMap().classNameMap.Resizing;
    const layer = new Resizing({ height: 8, width: 4, interpolation, cropToAspectRatio: crops }) as tf.layers.Layer;
    const output = layer.call(tf.tensor4d(input.data, [2, 5, 7, 2]) as never, {}) as tf.Tensor;
    expectClose(
      await run(json, files, input),
      { type: 'float32', shape: [2, 8, 4, 2], data: Float32Array.from(output.dataSync()) },
      'resizing',
    );
  });

  test('CenterCrop that enlarges', async () => {
    const input = random([1, 3, 4, 2], 'input');
    const [json, files] = kerasLayer('CenterCrop', { height: 6, width: 6 }, [3, 4, 2], {});
    const expected = tf.image.resizeBilinear(tf.tensor4d(input.data, [1, 3, 4, 2]), [6, 6]).dataSync();
    expectClose(
      await run(json, files, input),
      { type: 'float32', shape: [1, 6, 6, 2], data: Float32Array.from(expected) },
      'enlarged',
    );
  });
});

describe('files that are wrong', () => {
  beforeAll(useCpu);

  const cases: [string, (json: Json, files: Files) => void, RegExp][] = [
    [
      'a truncated weight file',
      (_, files) => {
        files['weights.bin'] = files['weights.bin'].subarray(0, 100);
      },
      /model\.json: expected \d+ bytes of weights in weights\.bin, got 100/,
    ],
    [
      'a weight file that is too long',
      (_, files) => {
        files['weights.bin'] = new Uint8Array(9999);
      },
      /got 9999/,
    ],
    [
      'a weight path that leaves the folder',
      (json) => {
        json.weightsManifest[0].paths = ['../weights.bin'];
      },
      /expected a plain file name for weights, got "\.\.\/weights\.bin"/,
    ],
    [
      'a weight that is missing',
      (json) => {
        json.weightsManifest[0].weights[0].name = 'other/kernel';
      },
      /expected a weight conv\/kernel, got none of/,
    ],
    [
      'an unknown dtype',
      (json) => {
        json.weightsManifest[0].weights[0].dtype = 'complex64';
      },
      /weight "conv\/kernel": expected dtype float32, int32 or bool, got "complex64"/,
    ],
    [
      'a negative size',
      (json) => {
        json.weightsManifest[0].weights[0].shape = [-3, 3];
      },
      /expected a shape, got \[-3,3\]/,
    ],
    [
      'a graph model',
      (json) => {
        json.format = 'graph-model';
      },
      /expected a layers model, got a graph model/,
    ],
    [
      'a topology without layers',
      (json) => {
        json.modelTopology.config = { name: 'x', layers: [] };
      },
      /expected a Sequential with layers, got none/,
    ],
    [
      'a topology that is none',
      (json) => {
        json.modelTopology = { hello: 1 };
      },
      /expected a model topology with a class name/,
    ],
    [
      'a layer that is unknown',
      (json) => {
        (json.modelTopology.config as { layers: { class_name: string }[] }).layers[1].class_name = 'BatchNormalisation';
      },
      /layer "norm": expected a layer class that has a converter, got BatchNormalisation \(near: BatchNormalization\)/,
    ],
    [
      'an option of the wrong type',
      (json) => {
        (json.modelTopology.config as { layers: { config: Record<string, unknown> }[] }).layers[0].config.kernel_size =
          'three';
      },
      /Conv2D "conv": expected kernelSize to be 2 integers, got "three"/,
    ],
    [
      'a kernel of another size',
      (json) => {
        const [kernel] = json.weightsManifest[0].weights;
        kernel.shape = [3, 2, 3, 3];
      },
      /kernel|channels|padded size/,
    ],
  ];

  test.each(cases)('%s is refused by name', async (_, change, message) => {
    const { json, data } = await save(smallModel());
    const files: Files = { 'weights.bin': data };
    change(json, files);
    expect(() => convert(json, files)).toThrow(message);
  });

  test('a key such as __proto__ changes nothing but the file', () => {
    const text =
      '{"modelTopology":{"class_name":"Sequential","config":{"name":"p","layers":[{"class_name":"Dense","config":{"__proto__":{"units":5},"constructor":1,"name":"d"}}]}}}';
    expect(() => convert(JSON.parse(text), {})).toThrow(FormatError);
    expect(({} as { units?: number }).units).toBeUndefined();
  });

  test('a configuration that is nested to exhaust the stack is refused', () => {
    const depth = 5000;
    const text = `{"modelTopology":{"class_name":"Sequential","config":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}}`;
    expect(() => convert(JSON.parse(text), {})).toThrow('configuration: expected at most 200 levels, got more');
  });

  test('a model whose calls form a circle is refused', () => {
    const layer = (name: string, from: string) => ({
      class_name: 'Activation',
      name,
      config: { name, activation: 'relu' },
      inbound_nodes: [[[from, 0, 0, {}]]],
    });
    const config = {
      name: 'circle',
      layers: [
        { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_input_shape: [null, 3] }, inbound_nodes: [] },
        layer('a', 'b'),
        layer('b', 'a'),
      ],
      input_layers: [['x', 0, 0]],
      output_layers: [['b', 0, 0]],
    };
    expect(() => convert({ modelTopology: { class_name: 'Model', config } }, {})).toThrow(
      /expected a model without cycles/,
    );
  });
});
