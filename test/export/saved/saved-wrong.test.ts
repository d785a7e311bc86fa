// Saved models that are wrong: each is refused by name.
import { beforeAll, describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/error.ts';
import { useCpu } from '../harness.ts';
import { convert, type Files, type Json, save, smallModel } from './saved-json.ts';

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
