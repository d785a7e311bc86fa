// Layers of attention in the training graph: the value of stock tfjs, and its gradients.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomFor } from '../../src/random.ts';
import { Graph } from '../../src/tensorflow/graph.ts';
import { applyModel, ModelVariables } from '../../src/tensorflow/layers.ts';
import { loadTensorFlow } from '../../src/tensorflow/load.ts';
import { square } from '../../src/tensorflow/operations/elementwise.ts';
import { mean } from '../../src/tensorflow/operations/shape.ts';
import { GraphSession } from '../../src/tensorflow/session.ts';
import { expectClose } from '../matcher/close.ts';

// float32 sums of a few dozen products in another order.
const TOLERANCE = { absolute: 2e-5, relative: 2e-4 };
const SHAPE = [3, 4, 6] as const;

beforeAll(async () => {
  await loadTensorFlow({ threads: 1 });
});

/** Attention of four tokens of six numbers, behind a norm over the whole grid with random offsets. */
function buildAttention(): tf.LayersModel {
  const tokens = tf.input({ shape: [4, 6] });
  const dense = (x: tf.SymbolicTensor, name: string, seed: number) =>
    tf.layers
      .dense({ name, units: 5, kernelInitializer: tf.initializers.glorotUniform({ seed }) })
      .apply(x) as tf.SymbolicTensor;
  const norm = tf.layers.layerNormalization({
    name: 'grid_norm',
    axis: [1, 2],
    epsilon: 1e-5,
    gammaInitializer: tf.initializers.randomUniform({ minval: 0.5, maxval: 2, seed: 1 }),
    betaInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 2 }),
  });
  const x = norm.apply(tokens) as tf.SymbolicTensor;
  const scores = tf.layers.dot({ axes: [2, 2] }).apply([dense(x, 'query', 3), dense(x, 'key', 4)]);
  const weights = tf.layers.activation({ activation: 'softmax' }).apply(scores) as tf.SymbolicTensor;
  const mixed = tf.layers.dot({ axes: [2, 1] }).apply([weights, dense(x, 'value', 5)]) as tf.SymbolicTensor;
  return tf.model({ inputs: tokens, outputs: mixed });
}

describe('attention in the training graph', () => {
  test('has the value and the gradients of stock tfjs', () => {
    const model = buildAttention();
    const random = randomFor('attention');
    const input = Float32Array.from({ length: 72 }, () => random.normal());
    const graph = new Graph();
    const variables = new ModelVariables();
    const placeholder = graph.placeholder('tokens', 'float32', SHAPE);
    const [output] = applyModel(graph, model, [placeholder], 'attention', variables);
    const loss = mean(graph, square(graph, output));
    const trainable = [...variables.trainable.values()];
    const gradients = graph.gradients(
      loss,
      trainable.map(({ value }) => value),
    );
    const fetched = gradients.filter((gradient) => gradient !== undefined);
    expect(fetched).toHaveLength(trainable.length);
    const session = new GraphSession(graph);
    session.setVariables(
      new Map(
        [...variables.all].map(
          ([
            name,
            {
              graph: { shape },
              layer,
            },
          ]) => [name, { shape, values: Float32Array.from(layer.read().dataSync()) }],
        ),
      ),
    );
    const [value, ...actual] = session.run({ tokens: input }, [output, ...fetched]);
    session.dispose();

    const tensor = tf.tensor(input, [...SHAPE]);
    expectClose(value, (model.apply(tensor) as tf.Tensor).dataSync(), TOLERANCE);
    const { grads } = tf.variableGrads(() => (model.apply(tensor) as tf.Tensor).square().mean().asScalar());
    [...variables.trainable.keys()].forEach((name, index) => {
      const own = variables.all.get(name)?.layer.name ?? '';
      expect(Object.keys(grads)).toContain(own);
      expectClose(actual[index], grads[own].dataSync(), TOLERANCE);
    });
    // Two norm weights, and kernel and bias of query, key and value; only the key's bias cannot matter to a softmax.
    const isZero = [...variables.trainable.keys()].filter((_, index) =>
      Array.from(actual[index]).every((number) => Math.abs(number) < 1e-6),
    );
    expect(isZero).toEqual(['attention/key/bias']);
  });

  test.each([
    [{ axes: [1, 1] as [number, number] }, 'expected tensors of rank 3 and axes [2, 1] or [2, 2]'],
    [{ axes: [2, 2] as [number, number], normalize: true }, 'without normalization'],
  ])('refuses other products: %j', (config, message) => {
    const [a, b] = [tf.input({ shape: [4, 6] }), tf.input({ shape: [4, 6] })];
    const model = tf.model({ inputs: [a, b], outputs: tf.layers.dot(config).apply([a, b]) as tf.SymbolicTensor });
    const graph = new Graph();
    const inputs = ['a', 'b'].map((name) => graph.placeholder(name, 'float32', SHAPE));
    expect(() => applyModel(graph, model, inputs, 'products', new ModelVariables())).toThrow(message);
  });

  test('refuses a norm over an axis that is not among the last', () => {
    const tokens = tf.input({ shape: [4, 6] });
    const norm = tf.layers.layerNormalization({ axis: 1 }).apply(tokens) as tf.SymbolicTensor;
    const model = tf.model({ inputs: tokens, outputs: norm });
    const graph = new Graph();
    const placeholder = graph.placeholder('tokens', 'float32', SHAPE);
    expect(() => applyModel(graph, model, [placeholder], 'norm', new ModelVariables())).toThrow(
      'expected the last axis or axes, got [1]',
    );
  });
});
