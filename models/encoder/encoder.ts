// What all encoders E: observation -> latent share. Letters: B batch, H W C image, D latent.
import type { EncoderConfiguration } from '../../src/training/configuration.ts';

/** A part of an observation by itself, with the statistics of its raw values. */
export interface EncodedPart {
  readonly kind: 'image' | 'vector';
  /** [H, W, C] or [N] */
  readonly shape: readonly number[];
  /** Of each channel, in 0..255, or of each number. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Sizes of the observation that an encoder takes and of the latent that it gives. */
export interface EncoderShape {
  /** [H, W, C] of images, [N] of vectors. */
  readonly observationShape: readonly number[];
  /** Image, vector, or image and vector, with the statistics that normalise them. Default: the observation, as it is. */
  readonly parts?: readonly EncodedPart[] | undefined;
  readonly latentSize: number;
}

export type EncoderConfigurationOf<Kind extends EncoderConfiguration['kind']> = Extract<
  EncoderConfiguration,
  { kind: Kind }
>;
