// A small vision transformer (Dosovitskiy et al., arXiv 2010.11929): patches as tokens, learned positions, pre-norm blocks of
// attention and perceptron, the mean over the tokens. Batch norms stand at both ends, around the blocks: after the patches,
// and before the latent as in the heads of SimCLR (arXiv 2002.05709): see docs/training.md.
// Letters: B batch, H W C image, T tokens, W numbers of a token, D latent.
import * as tf from '@tensorflow/tfjs';
import { option, UsageError } from '../../src/error.ts';
import { layerFactory } from '../layer.ts';
import type { EncoderConfigurationOf, EncoderShape } from './encoder.ts';
import { joinVector, observationInputs, requireImages } from './observation.ts';

type Configuration = EncoderConfigurationOf<'patch-transformer'>;
type Layers = ReturnType<typeof layerFactory>;

/** Spread of the positions at the start, beside tokens of spread 1: small, as in the paper. */
const POSITION_DEVIATION = 0.02;

/**
 * [B, H, W, C] -> [B, D]
 * @throws UsageError where patches do not fill the image, or heads do not share the width evenly.
 */
export function buildPatchTransformerEncoder(
  configuration: Configuration,
  shape: EncoderShape,
  seed: number,
): tf.LayersModel {
  const { patch, width, heads, blocks, hidden } = configuration;
  const [height, columns, channels] = requireImages('patch-transformer', shape);
  if (height % patch !== 0 || columns % patch !== 0)
    throw new UsageError(
      `encoder patch-transformer: expected images whose sides are multiples of ${patch}, got [${[height, columns, channels]}]`,
      { remedy: `Choose another patch: ${option('assignments', 'model.encoder.patch=...')}` },
    );
  if (width % heads !== 0)
    throw new UsageError(`encoder patch-transformer: expected a width that ${heads} heads share evenly, got ${width}`, {
      remedy: `For example: ${heads * Math.ceil(width / heads)}.`,
    });
  const layers = layerFactory('encoder', seed);
  const { inputs, observation, vector } = observationInputs(shape);
  let x = layers.convolution(observation, { name: 'patch', filters: width, kernel: patch, stride: patch, bias: false });
  x = layers.activation(layers.batchNorm(x, 'patch_norm'), 'gelu', 'patch_gelu');
  x = layers.reshape(x, [(height / patch) * (columns / patch), width], 'tokens');
  x = layers.positions(x, { name: 'positions', deviation: POSITION_DEVIATION });
  for (let block = 1; block <= blocks; block++) {
    x = addAttention(layers, x, `block${block}`, configuration);
    x = addPerceptron(layers, x, `block${block}`, configuration);
  }
  x = layers.meanOverTokens(layers.layerNorm(x, 'final_norm'), 'mean');
  x = layers.dense(joinVector(layers, x, vector, hidden), { name: 'hidden', units: hidden, bias: false });
  x = layers.activation(layers.batchNorm(x, 'hidden_norm'), 'mish', 'hidden_mish');
  const latent = layers.dense(x, { name: 'latent', units: shape.latentSize, bias: true });
  return tf.model({ inputs, outputs: latent, name: 'encoder' });
}

/** [B, T, W] -> [B, T, W]: x + attention of every token to all tokens, behind a norm. */
function addAttention(
  layers: Layers,
  x: tf.SymbolicTensor,
  block: string,
  { width, heads }: Configuration,
): tf.SymbolicTensor {
  const size = width / heads;
  const normalized = layers.layerNorm(x, `${block}_attention_norm`);
  const attended = Array.from({ length: heads }, (_, index) => {
    const head = `${block}_head${index + 1}`;
    // Queries are scaled, not scores: fewer numbers, the same products.
    const query = layers.rescale(
      layers.dense(normalized, { name: `${head}_query`, units: size, bias: true }),
      1 / Math.sqrt(size),
      `${head}_scale`,
    );
    // A bias of the keys would add the same number to all scores of a query, which softmax does not see.
    const key = layers.dense(normalized, { name: `${head}_key`, units: size, bias: false });
    const value = layers.dense(normalized, { name: `${head}_value`, units: size, bias: true });
    const scores = layers.product([query, key], [2, 2], `${head}_scores`);
    const weights = layers.activation(scores, 'softmax', `${head}_softmax`);
    return layers.product([weights, value], [2, 1], `${head}_mix`);
  });
  const joined = heads > 1 ? layers.concatenate(attended, `${block}_heads`) : attended[0];
  const mixed = layers.dense(joined, { name: `${block}_attention`, units: width, bias: true });
  return layers.sum([x, mixed], `${block}_attention_add`);
}

/** [B, T, W] -> [B, T, W]: x + a perceptron on every token, behind a norm. */
function addPerceptron(
  layers: Layers,
  x: tf.SymbolicTensor,
  block: string,
  { width, expansion }: Configuration,
): tf.SymbolicTensor {
  const normalized = layers.layerNorm(x, `${block}_perceptron_norm`);
  const expanded = layers.dense(normalized, { name: `${block}_expand`, units: expansion * width, bias: true });
  const activated = layers.activation(expanded, 'gelu', `${block}_gelu`);
  const contracted = layers.dense(activated, { name: `${block}_contract`, units: width, bias: true });
  return layers.sum([x, contracted], `${block}_perceptron_add`);
}
