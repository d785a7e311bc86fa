// Encoders E: observation -> latent, as ordinary functional tf.LayersModels of stock layers.
// Letters: B batch, H W C image, D latent. Images are float32 in 0..1 (pixels / 255), NHWC.
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../../src/error.ts';
import type { EncoderConfiguration } from '../../src/training/configuration.ts';
import { buildConvolutionalEncoder } from './convolutional.ts';
import type { EncoderShape } from './encoder.ts';
import { buildPerceptronEncoder } from './mlp.ts';
import { buildPatchTransformerEncoder } from './patch-transformer.ts';
import { buildResNetEncoder } from './resnet.ts';

/** [B, ...observation] -> [B, D]; weights drawn from `seed`. Whoever calls this disposes the model. @throws UsageError of a module */
export function buildEncoder(configuration: EncoderConfiguration, shape: EncoderShape, seed: number): tf.LayersModel {
  switch (configuration.kind) {
    case 'convolutional':
      return buildConvolutionalEncoder(configuration, shape, seed);
    case 'resnet':
      return buildResNetEncoder(configuration, shape, seed);
    case 'patch-transformer':
      return buildPatchTransformerEncoder(configuration, shape, seed);
    case 'mlp':
      return buildPerceptronEncoder(configuration, shape, seed);
    case 'module':
      throw new UsageError(`encoder module ${configuration.path}: expected a network of ours to build, got a module`, {
        remedy: 'createModuleEncoder runs it; whole runs do so.',
      });
  }
}
