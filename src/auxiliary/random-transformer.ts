// p = a random patch transformer that is never trained (after Dosovitskiy et al., arXiv 2010.11929), standardised: a
// non-linear function of all the pixels. Built of stock tfjs layers alone.
import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { UsageError } from '../error.ts';
import { hashSeed, randomFor } from '../random.ts';
import { elementCount } from '../shape.ts';
import type { Auxiliary, AuxiliaryContext } from './auxiliary.ts';
import { coefficientOption } from './option.ts';

export const randomTransformerConfiguration = z.strictObject({
  kind: z.literal('random-transformer'),
  size: z.int().min(1).default(256).describe('M, numbers of p'),
  patch: z.int().min(1).default(8).describe('side of a square patch in pixels'),
  width: z.int().min(1).default(32).describe('numbers of a token'),
  heads: z.int().min(1).default(2).describe('attention heads; they share the width'),
  blocks: z.int().min(1).default(2).describe('blocks of attention and perceptron'),
  samples: z.int().min(2).default(128).describe('observations that mean and variance are taken over'),
  coefficient: coefficientOption,
});

type RandomTransformerOptions = z.output<typeof randomTransformerConfiguration>;
type TensorFlow = typeof tf;
type Symbol = tf.SymbolicTensor;

/** Spread of the positions beside tokens of spread 1. */
const POSITION_DEVIATION = 0.5;
/**
 * Scale of query and key weights, each: random scores would be nearly equal otherwise, and attention a mean over all
 * patches.
 */
const ATTENTION_SCALE = 1.5;

export async function createRandomTransformer(
  options: RandomTransformerOptions,
  context: AuxiliaryContext,
): Promise<Auxiliary> {
  const { observationShape, seed } = context;
  const { patch, width, heads, size } = options;
  const [height, columns, channels] = observationShape;
  if (observationShape.length !== 3 || height % patch !== 0 || columns % patch !== 0)
    throw new UsageError(
      `auxiliary random-transformer: expected images whose sides are multiples of ${patch}, got [${observationShape}]`,
      { remedy: 'Choose another patch, or the auxiliary "random-projection".' },
    );
  if (width % heads !== 0)
    throw new UsageError(`auxiliary random-transformer: expected a width that ${heads} heads share, got ${width}`);
  const tensorflow = await import('@tensorflow/tfjs');
  const layers = frozenLayers(tensorflow, seed);
  const tokenCount = (height / patch) * (columns / patch);

  const observation = tensorflow.input({ shape: [height, columns, channels], name: 'observation' });
  let tokens = layers.apply(
    tensorflow.layers.conv2d({ name: 'patch', filters: width, kernelSize: patch, strides: patch, useBias: false }),
    observation,
  );
  tokens = layers.apply(tensorflow.layers.reshape({ name: 'tokens', targetShape: [tokenCount, width] }), tokens);
  // A norm over the whole grid of tokens, whose offsets, one for each token and number, are the positions.
  const position = tensorflow.layers.layerNormalization({ name: 'position', axis: [1, 2], epsilon: 1e-5 });
  tokens = layers.apply(position, tokens);
  for (let block = 1; block <= options.blocks; block++) {
    tokens = layers.attention(tokens, `block${block}`, { width, heads });
    tokens = layers.perceptron(tokens, `block${block}`, width);
  }
  tokens = layers.norm(tokens, 'final_norm');
  const flat = layers.apply(tensorflow.layers.flatten({ name: 'flatten' }), tokens);
  const readout = tensorflow.layers.dense({ name: 'readout', units: size });
  const output = layers.apply(readout, flat);
  const model = tensorflow.model({ inputs: observation, outputs: output, name: 'random_transformer' });
  layers.drawWeights(model);
  for (const layer of model.layers) layer.trainable = false;
  await standardizeReadout(tensorflow, model, readout, options, context);
  return { name: 'random-transformer', of: 'pixels', size, loss: 'squared', coefficient: options.coefficient, model };
}

/** The layers of one frozen network; weights are drawn from (seed, layer, weight) afterwards, in one place. */
function frozenLayers(tensorflow: TensorFlow, seed: number) {
  const apply = (layer: tf.layers.Layer, x: Symbol | Symbol[]) => layer.apply(x) as Symbol;
  const dense = (x: Symbol, name: string, units: number) =>
    apply(tensorflow.layers.dense({ name, units, useBias: false }), x);
  const norm = (x: Symbol, name: string) =>
    apply(tensorflow.layers.layerNormalization({ name, axis: -1, epsilon: 1e-5 }), x);
  const sum = (a: Symbol, b: Symbol, name: string) => apply(tensorflow.layers.add({ name }), [a, b]);
  return {
    apply,
    norm,
    /** [B, T, W] -> [B, T, W]: x + attention of all tokens to all tokens, behind a norm. */
    attention(x: Symbol, name: string, { width, heads }: { width: number; heads: number }): Symbol {
      const normalized = norm(x, `${name}_attention_norm`);
      const attended = Array.from({ length: heads }, (_, index) => {
        const head = `${name}_head${index + 1}`;
        const query = dense(normalized, `${head}_query`, width / heads);
        const key = dense(normalized, `${head}_key`, width / heads);
        const value = dense(normalized, `${head}_value`, width / heads);
        const scores = apply(tensorflow.layers.dot({ name: `${head}_scores`, axes: [2, 2] }), [query, key]);
        const weights = apply(tensorflow.layers.activation({ name: `${head}_softmax`, activation: 'softmax' }), scores);
        return apply(tensorflow.layers.dot({ name: `${head}_mix`, axes: [2, 1] }), [weights, value]);
      });
      const joined =
        heads > 1 ? apply(tensorflow.layers.concatenate({ name: `${name}_heads`, axis: -1 }), attended) : attended[0];
      return sum(x, dense(joined, `${name}_attention`, width), `${name}_attention_add`);
    },
    /** [B, T, W] -> [B, T, W]: x + a perceptron on every token, behind a norm. */
    perceptron(x: Symbol, name: string, width: number): Symbol {
      let y = dense(norm(x, `${name}_perceptron_norm`), `${name}_expand`, 2 * width);
      y = apply(tensorflow.layers.activation({ name: `${name}_mish`, activation: 'mish' }), y);
      return sum(x, dense(y, `${name}_contract`, width), `${name}_perceptron_add`);
    },
    /** Kernels of variance 1 / fan in, attention's sharper; random positions; the other norms as they are. */
    drawWeights(model: tf.LayersModel): void {
      for (const layer of model.layers) {
        const drawn = layer.getWeights().map((weight, index) => {
          const random = randomFor(hashSeed(seed, 'random-transformer', layer.name, index));
          const isKernel = weight.shape.length > 1 && layer.name !== 'position';
          const isPosition = layer.name === 'position' && index === 1;
          if (!isKernel && !isPosition) return weight.clone();
          const fanIn = elementCount(weight.shape.slice(0, -1));
          const isScore = layer.name.endsWith('_query') || layer.name.endsWith('_key');
          // Scores are sums over a head's numbers: their spread is divided by its root, shared by query and key.
          const sharpness = isScore ? ATTENTION_SCALE / (weight.shape.at(-1) ?? 1) ** 0.25 : 1;
          const deviation = isPosition ? POSITION_DEVIATION : sharpness / Math.sqrt(fanIn);
          const values = Float32Array.from({ length: weight.size }, () => deviation * random.normal());
          return tensorflow.tensor(values, weight.shape);
        });
        layer.setWeights(drawn);
        for (const weight of drawn) weight.dispose();
      }
    },
  };
}

/** Folds mean 0 and variance 1 over a sample into the last dense layer. */
async function standardizeReadout(
  tensorflow: TensorFlow,
  model: tf.LayersModel,
  readout: tf.layers.Layer,
  { samples, size }: RandomTransformerOptions,
  context: AuxiliaryContext,
): Promise<void> {
  const observations = context.sampleObservations(samples);
  const factor = observations instanceof Uint8Array ? 1 / 255 : 1;
  const pixels = Float32Array.from(observations, (value) => value * factor);
  const outputs = tensorflow.tidy(() => {
    const images = tensorflow.tensor(pixels, [samples, ...context.observationShape]);
    return model.predict(images, { batchSize: 32 }) as tf.Tensor;
  });
  const values = await outputs.data();
  outputs.dispose();
  const scale = new Float32Array(size);
  const bias = new Float32Array(size);
  for (let m = 0; m < size; m++) {
    const column = Float64Array.from({ length: samples }, (_, n) => values[n * size + m]);
    const mean = column.reduce((sum, value) => sum + value, 0) / samples;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / samples;
    scale[m] = variance > 0 ? 1 / Math.sqrt(variance) : 1;
    bias[m] = -mean * scale[m];
  }
  // The readout had no bias so far: its initial one is 0.
  tensorflow.tidy(() => readout.setWeights([readout.getWeights()[0].mul(scale), tensorflow.tensor1d(bias)]));
}
