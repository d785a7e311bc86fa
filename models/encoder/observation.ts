// What encoders are given: one image, one vector, or both as two inputs; normalised where the statistics are known.
// Letters: B batch, H W C image, N numbers of a vector.
import * as tf from '@tensorflow/tfjs';
import { option, UsageError } from '../../src/error.ts';
import type { layerFactory } from '../layer.ts';
import { normalize } from '../normalization.ts';
import type { EncodedPart, EncoderShape } from './encoder.ts';

type Layers = ReturnType<typeof layerFactory>;

export interface ObservationInputs {
  /** `observation`, or `image` and `vector`. */
  readonly inputs: tf.SymbolicTensor[];
  /** The image, [B, H, W, C]; or the vector, [B, N], where there is no image. */
  readonly observation: tf.SymbolicTensor;
  /** The vector beside an image. */
  readonly vector?: tf.SymbolicTensor;
}

/** Inputs are raw numbers, and pixels in 0..1; what comes out is normalised where `parts` say how. */
export function observationInputs({ observationShape, parts }: EncoderShape): ObservationInputs {
  if (parts === undefined) {
    const observation = tf.input({ shape: [...observationShape], name: 'observation' });
    return { inputs: [observation], observation };
  }
  const nameOf = ({ kind }: EncodedPart) => (parts.length === 1 ? 'observation' : kind);
  const inputs = parts.map((part) => tf.input({ shape: [...part.shape], name: nameOf(part) }));
  const normal = parts.map((part, index) => normalize(inputs[index], `${nameOf(part)}_normal`, unitStatistics(part)));
  const [observation, vector] = normal;
  return { inputs, observation, ...(vector ? { vector } : {}) };
}

/** Pixels come in 0..1. */
function unitStatistics({ kind, mean, deviation }: EncodedPart) {
  if (kind === 'vector') return { mean, deviation };
  return { mean: mean.map((value) => value / 255), deviation: deviation.map((value) => value / 255) };
}

/** [B, F] features of an image, with those of the vector beside it where there is one: a dense layer of `width` with Mish. */
export function joinVector(
  layers: Layers,
  features: tf.SymbolicTensor,
  vector: tf.SymbolicTensor | undefined,
  width: number,
): tf.SymbolicTensor {
  if (vector === undefined) return features;
  let x = layers.dense(vector, { name: 'vector_hidden', units: width, bias: false });
  x = layers.activation(layers.batchNorm(x, 'vector_hidden_norm'), 'mish', 'vector_hidden_mish');
  return layers.concatenate([features, x], 'image_vector');
}

/** [H, W, C]; throws a UsageError where there is no image, which this encoder needs. */
export function requireImages(
  kind: string,
  { observationShape, parts }: EncoderShape,
): [height: number, width: number, channels: number] {
  const shape = parts === undefined ? observationShape : parts[0].shape;
  const [height, width, channels] = shape;
  if (shape.length !== 3)
    throw new UsageError(`encoder ${kind}: expected images [height, width, channels], got observations [${shape}]`, {
      remedy: `Vectors take the encoder mlp: ${option('assignments', `model.encoder='{"kind":"mlp"}'`)}.`,
    });
  return [height, width, channels];
}
