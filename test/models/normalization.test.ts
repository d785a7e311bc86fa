// Fixed normalisation inside the networks: raw numbers and pixels give the same in stock tfjs, in the training graph, and in
// the exported file under onnxruntime.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../../export/index.ts';
import type { EncodedPart } from '../../models/encoder/encoder.ts';
import { buildEncoder } from '../../models/encoder/index.ts';
import { normalize } from '../../models/normalization.ts';
import { randomFor } from '../../src/random.ts';
import { openRuntime } from '../../src/runtimes/index.ts';
import { Graph } from '../../src/tensorflow/graph.ts';
import { applyModel, ModelVariables } from '../../src/tensorflow/layers.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { GraphSession } from '../../src/tensorflow/session.ts';
import type { EncoderConfiguration } from '../../src/training/configuration.ts';
import { expectClose } from '../matcher/close.ts';

// A few float32 operations on numbers of about 1.
const TOLERANCE = { absolute: 5e-6, relative: 1e-5 };

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

/** The model's output in the training graph, at its own weights. */
function outputInTraining(model: tf.LayersModel, inputs: readonly Float32Array[], batch: number): Float32Array {
  const graph = new Graph();
  const variables = new ModelVariables();
  const placeholders = model.inputs.map((input, i) =>
    graph.placeholder(`input${i}`, 'float32', [batch, ...input.shape.slice(1).map(Number)]),
  );
  const [output] = applyModel(graph, model, placeholders, 'model', variables);
  const session = new GraphSession(graph);
  try {
    session.setVariables(
      new Map(
        [...variables.all].map(([name, { graph: variable, layer }]) => [
          name,
          { shape: variable.shape, values: Float32Array.from(layer.read().dataSync()) },
        ]),
      ),
    );
    const feeds = Object.fromEntries(inputs.map((values, i) => [`input${i}`, values]));
    return session.run(feeds, [output])[0];
  } finally {
    session.dispose();
  }
}

describe('normalize', () => {
  const mean = [100, -0.25, 3e-4];
  const deviation = [12, 0.5, 1e-4];
  const raw = Float32Array.from([112, 0.25, 4e-4, 88, -0.75, 1e-4]);
  const normal = Float32Array.from([1, 1, 1, -1, -1, -2]);

  function buildModel(): tf.LayersModel {
    const input = tf.input({ shape: [3], name: 'observation' });
    return tf.model({ inputs: input, outputs: normalize(input, 'observation_normal', { mean, deviation }) });
  }

  test('takes the mean away and divides by the deviation, in tfjs and in the training graph', () => {
    const model = buildModel();
    const predicted = model.predict(tf.tensor2d(raw, [2, 3])) as tf.Tensor;
    expectClose(predicted.dataSync(), normal, TOLERANCE);
    expectClose(outputInTraining(model, [raw], 2), normal, TOLERANCE);
  });

  test('has nothing to train', () => {
    expect(buildModel().trainableWeights).toEqual([]);
  });

  test('is part of the exported file', async () => {
    const runtime = await openRuntime('cpu', { threads: 1 });
    const session = await runtime.load(exportOnnx(buildModel(), { outputNames: ['normal'] }));
    try {
      const { normal: found } = await session.run({ observation: { type: 'float32', data: raw, shape: [2, 3] } });
      expectClose(found.data as Float32Array, normal, TOLERANCE);
    } finally {
      await session.dispose();
      await runtime.dispose();
    }
  });
});

describe('an encoder of an image and a vector', () => {
  const parts: readonly EncodedPart[] = [
    { kind: 'image', shape: [8, 8, 2], mean: [120, 30], deviation: [60, 10] },
    { kind: 'vector', shape: [3], mean: [100, 0, 0], deviation: [10, 1, 1] },
  ];
  const configurations: readonly EncoderConfiguration[] = [
    { kind: 'convolutional', convolutions: [{ filters: 3, kernel: 3, stride: 2 }], hidden: 5 },
    { kind: 'resnet', blocks: 1, channels: 2, blocksPerStage: 1, hidden: 5 },
    { kind: 'patch-transformer', patch: 4, width: 4, heads: 2, blocks: 1, expansion: 2, hidden: 5 },
    { kind: 'mlp', width: 6, depth: 1 },
  ];

  test.each(configurations)('$kind: takes both as inputs, and the exported file agrees', async (configuration) => {
    const model = buildEncoder(configuration, { observationShape: [131], latentSize: 4, parts }, 0);
    expect(model.inputs.map(({ sourceLayer, shape }) => [sourceLayer.name, shape])).toEqual([
      ['image', [null, 8, 8, 2]],
      ['vector', [null, 3]],
    ]);
    const random = randomFor('joined');
    const image = Uint8Array.from({ length: 256 }, () => random.integer(256));
    const vector = Float32Array.from({ length: 6 }, (_, i) => (i % 3 === 0 ? 100 : 0) + random.normal());
    const unit = Float32Array.from(image, (byte) => byte / 255);
    const latent = model.predict([tf.tensor4d(unit, [2, 8, 8, 2]), tf.tensor2d(vector, [2, 3])]) as tf.Tensor;
    const other = vector.map((value) => value + 5);
    const moved = model.predict([tf.tensor4d(unit, [2, 8, 8, 2]), tf.tensor2d(other, [2, 3])]) as tf.Tensor;
    expect(tf.max(tf.abs(tf.sub(latent, moved))).dataSync()[0]).toBeGreaterThan(0.01);
    const runtime = await openRuntime('cpu', { threads: 1 });
    const session = await runtime.load(exportOnnx(model, { layout: 'nhwc', pixels: 'uint8' }));
    try {
      const { latent: found } = await session.run({
        image: { type: 'uint8', data: image, shape: [2, 8, 8, 2] },
        vector: { type: 'float32', data: vector, shape: [2, 3] },
      });
      expectClose(found.data as Float32Array, latent.dataSync(), TOLERANCE);
    } finally {
      await session.dispose();
      await runtime.dispose();
    }
  });
});
