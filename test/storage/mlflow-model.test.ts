import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ExportDescription, exportDescriptionSchema } from '../../src/storage/export-format.ts';
import { mlflowExample, mlflowModel } from '../../src/storage/mlflow-model.ts';

function description(encoder: Record<string, unknown>): ExportDescription {
  return exportDescriptionSchema.parse({
    format: 1,
    run: 'a',
    step: 5,
    configuration: {},
    encoder: { file: 'encoder.onnx', output: { name: 'latent', size: 6 }, ...encoder },
    predictor: {
      file: 'predictor.onnx',
      inputs: { latent: 'latent', action: 'action' },
      actionSize: 2,
      output: { name: 'next_latent' },
    },
  });
}

const image = { name: 'image', layout: 'nhwc', type: 'uint8', height: 1, width: 2, channels: 3 };

test('the signature has a free batch, the type and the layout of every input', () => {
  const model = parse(
    mlflowModel(description({ input: image, vector: { name: 'vector', size: 2 } }), new Uint8Array(1)),
  );
  expect(JSON.parse(model.signature.inputs)).toEqual([
    { name: 'image', type: 'tensor', 'tensor-spec': { dtype: 'uint8', shape: [-1, 1, 2, 3] } },
    { name: 'vector', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 2] } },
  ]);
  expect(JSON.parse(model.signature.outputs)).toEqual([
    { name: 'latent', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 6] } },
  ]);
  expect(model.flavors.onnx.data).toBe('encoder.onnx');
});

test('the identity follows the bytes of the encoder', () => {
  const uuid = (bytes: readonly number[]) =>
    parse(mlflowModel(description({ input: image }), Uint8Array.from(bytes))).model_uuid;
  expect(uuid([1, 2])).toBe(uuid([1, 2]));
  expect(uuid([1, 2])).not.toBe(uuid([1, 3]));
});

test('the example is nested as the shape says, one entry an input', () => {
  const both = description({ input: image, vector: { name: 'vector', size: 2 } });
  expect(JSON.parse(mlflowExample(both, [Uint8Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(0.1, -2)]))).toEqual({
    image: [
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
    ],
    vector: [[0.1, -2]],
  });
});
