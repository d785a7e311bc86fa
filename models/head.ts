// The latent transition model T: (latent, action) -> next latent, and the auxiliary head P: latent -> auxiliary values.
// Both are multilayer perceptrons with layer norm and Mish between the layers (Yu et al., arXiv 2509.12249).
import * as tf from '@tensorflow/tfjs';
import type { HeadConfiguration } from '../src/training/configuration.ts';
import { layerFactory } from './layer.ts';
import { denormalize, normalize, type Statistics } from './normalization.ts';

/** [B, D], [B, A] -> [B, D]. */
export function buildPredictor(
  configuration: HeadConfiguration,
  shape: {
    readonly latentSize: number;
    readonly actionSize: number;
    /** What normalises actions that are numbers; [A] each. */
    readonly actionStatistics?: Statistics | undefined;
  },
  seed: number,
): tf.LayersModel {
  const layers = layerFactory('predictor', seed);
  const latent = tf.input({ shape: [shape.latentSize], name: 'latent' });
  const action = tf.input({ shape: [shape.actionSize], name: 'action' });
  const { actionStatistics } = shape;
  const normal = actionStatistics ? normalize(action, 'action_normal', actionStatistics) : action;
  const joined = layers.concatenate([latent, normal], 'latent_action');
  const next = buildPerceptron(layers, joined, configuration, { name: 'next_latent', units: shape.latentSize });
  return tf.model({ inputs: [latent, action], outputs: next, name: 'predictor' });
}

/** [B, D] -> [B, M]: logits where the auxiliary is binary, values otherwise. */
export function buildAuxiliaryHead(
  configuration: HeadConfiguration,
  shape: {
    readonly latentSize: number;
    readonly auxiliarySize: number;
    /** Of the auxiliary's values, [M] each: what turns standardised outputs into them. */
    readonly auxiliaryStatistics?: Statistics | undefined;
  },
  seed: number,
): tf.LayersModel {
  const layers = layerFactory('auxiliary', seed);
  const latent = tf.input({ shape: [shape.latentSize], name: 'latent' });
  const value = buildPerceptron(layers, latent, configuration, { name: 'auxiliary', units: shape.auxiliarySize });
  const { auxiliaryStatistics } = shape;
  const outputs = auxiliaryStatistics ? denormalize(value, 'auxiliary_units', auxiliaryStatistics) : value;
  return tf.model({ inputs: latent, outputs, name: 'auxiliary' });
}

function buildPerceptron(
  layers: ReturnType<typeof layerFactory>,
  input: tf.SymbolicTensor,
  { width, depth }: HeadConfiguration,
  output: { readonly name: string; readonly units: number },
): tf.SymbolicTensor {
  let x = input;
  for (let index = 1; index <= depth; index++) {
    x = layers.dense(x, { name: `hidden${index}`, units: width, bias: true });
    x = layers.layerNorm(x, `hidden${index}_norm`);
    x = layers.activation(x, 'mish', `hidden${index}_mish`);
  }
  return layers.dense(x, { ...output, bias: true });
}
