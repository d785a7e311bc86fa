// The networks of one world model, built together from a configuration.
import type * as tf from '@tensorflow/tfjs';
import type { ModelConfiguration } from '../src/training/configuration.ts';
import type { EncodedPart, EncoderShape } from './encoder/encoder.ts';
import { buildEncoder } from './encoder/index.ts';
import { buildAuxiliaryHead, buildPredictor } from './head.ts';
import type { Statistics } from './normalization.ts';

/** Sizes of observation, action and auxiliary that the networks are built for. */
export interface WorldModelShape {
  readonly observationShape: readonly number[];
  /** Parts of the observation with the statistics that normalise them, where it is not a plain image. */
  readonly observationParts?: readonly EncodedPart[] | undefined;
  readonly actionSize: number;
  /** [A] of each number of an encoded action; default: actions are taken as they are. */
  readonly actionStatistics?: Statistics | undefined;
  /** M; 0 means that there is no auxiliary, and no head. */
  readonly auxiliarySize: number;
  /** [M] of recorded auxiliaries, 0 and 1 for the others; default: the head gives values as they are. */
  readonly auxiliaryStatistics?: Statistics | undefined;
}

/** Encoder, predictor and auxiliary head. Whoever built it disposes them. */
export interface WorldModel {
  /** [B, ...observation] in 0..1 -> [B, D] */
  readonly encoder: tf.LayersModel;
  /** [B, D], [B, A] -> [B, D] */
  readonly predictor: tf.LayersModel;
  /** [B, D] -> [B, M] */
  readonly auxiliary?: tf.LayersModel;
}

export function encoderShapeOf({ latentSize }: ModelConfiguration, shape: WorldModelShape): EncoderShape {
  return { observationShape: shape.observationShape, parts: shape.observationParts, latentSize };
}

/** Builds all networks, but for an `encoder` that is there, with weights drawn from `seed`. Whoever calls this disposes the models. */
export function buildWorldModel(
  configuration: ModelConfiguration,
  shape: WorldModelShape,
  seed: number,
  encoder = buildEncoder(configuration.encoder, encoderShapeOf(configuration, shape), seed),
): WorldModel {
  const { latentSize } = configuration;
  const { actionSize, actionStatistics } = shape;
  const predictor = buildPredictor(configuration.predictor, { latentSize, actionSize, actionStatistics }, seed);
  if (shape.auxiliarySize === 0) return { encoder, predictor };
  const { auxiliarySize, auxiliaryStatistics } = shape;
  const headShape = { latentSize, auxiliarySize, auxiliaryStatistics };
  return { encoder, predictor, auxiliary: buildAuxiliaryHead(configuration.auxiliary, headShape, seed) };
}
