// What Keras has and TensorFlow.js refuses to load: converted from Keras' own configuration.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildOnnx, decodeModel, describeModelFile, expectReadWeights } from '../../../export/index.ts';
import { randomFor } from '../../../src/random.ts';
import { expectClose, openSession, runSession, type TestTensor, useCpu } from '../harness.ts';
import { convert, type Files, type Json } from './saved-json.ts';

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

/** A Keras 3 model of one Dense layer behind an input, whose weights are `layer/NAME`. */
function keras3Dense(config: object, names: readonly string[]): [Json, Files] {
  const inbound = { args: [{ class_name: '__keras_tensor__', config: { keras_history: ['x', 0, 0] } }], kwargs: {} };
  const json: Json = {
    modelTopology: {
      keras_version: '3.15.0',
      model_config: {
        class_name: 'Functional',
        config: {
          name: 'k',
          layers: [
            { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_shape: [null, 2] }, inbound_nodes: [] },
            {
              class_name: 'Dense',
              name: 'layer',
              config: { name: 'layer', trainable: true, units: 2, use_bias: false, ...config },
              inbound_nodes: [inbound],
            },
          ],
          input_layers: [['x', 0, 0]],
          output_layers: [['layer', 0, 0]],
        },
      },
    },
    weightsManifest: [{ paths: ['w'], weights: names.map((name) => ({ name, shape: [2, 2], dtype: 'float32' })) }],
  };
  return [json, { w: new Uint8Array(16 * names.length) }];
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

  test('a layer that Keras 3 has quantised is refused: its kernel is codes', () => {
    const policy = { class_name: 'QuantizedDTypePolicy', config: { mode: 'int8', source_name: 'float32' } };
    const [json, files] = keras3Dense({ dtype: policy }, ['layer/kernel']);
    expect(() => convert(json, files)).toThrow(
      'model.json: Dense "layer": expected weights of floats, got a layer that Keras has quantised (int8)',
    );
  });

  test('adapters of LoRA are refused, other weights that no layer reads are told, and the state of an optimizer is not', () => {
    const told = (...more: string[]): string[] => {
      const [json, files] = keras3Dense({}, ['layer/kernel', ...more]);
      const file = describeModelFile(json, (name) => files[name], 'trained.h5');
      buildOnnx(file.description);
      const lines: string[] = [];
      expectReadWeights(file, 'trained.h5', (line) => lines.push(line));
      return lines;
    };
    expect(() => told('layer/lora_kernel_a', 'layer/lora_kernel_b')).toThrow(
      'trained.h5: expected weights without adapters, got "layer/lora_kernel_a" of LoRA',
    );
    expect(told('optimizer/vars/0', 'layer/count')).toEqual(['weight "layer/count" of the file belongs to no layer']);
  });

  test('inputs in a dictionary are taken in the order of its keys, whatever these are', () => {
    const [json, files] = keras3Dense({}, ['layer/kernel']);
    const { config } = json.modelTopology.model_config as { config: { layers: object[]; input_layers: unknown } };
    for (const name of ['p', 'q'])
      config.layers.push({
        class_name: 'InputLayer',
        name,
        config: { name, batch_shape: [null, 1] },
        inbound_nodes: [],
      });
    config.input_layers = { x_1: ['x', 0, 0], b: [['p', 0, 0]], x1: ['q', 0, 0] };
    const { graph } = decodeModel(convert(json, files), 'm');
    expect(graph.inputs.map(({ name }) => name)).toEqual(['p', 'q', 'x']);
  });

  test.each(['GroupNormalization', 'LayerNormalization', 'PReLU', 'RMSNormalization', 'SpectralNormalization'])(
    'a %s of integers is refused, since Keras 3 truncates what it computes',
    (className) => {
      const [json, files] = keras3Dense({}, ['layer/kernel']);
      const { config } = json.modelTopology.model_config as {
        config: { layers: { class_name: string; config: Record<string, unknown> }[] };
      };
      config.layers[0].config.dtype = 'int32';
      config.layers[1].class_name = className;
      expect(() => convert(json, files)).toThrow(
        `${className} "layer": expected an input of floats, got int32, in which Keras truncates what this layer computes`,
      );
    },
  );
});
