// What all encoders E: observation -> latent share. Letters: B batch, H W C image, D latent.
import { UsageError } from '../../src/error.ts';
import type { EncoderConfiguration } from '../../src/training/configuration.ts';

export interface EncoderShape {
  /** [H, W, C] of images, [N] of vectors. */
  readonly observationShape: readonly number[];
  readonly latentSize: number;
}

export type EncoderConfigurationOf<Kind extends EncoderConfiguration['kind']> = Extract<
  EncoderConfiguration,
  { kind: Kind }
>;

/** @throws UsageError where observations are not images, which this encoder takes only. */
export function requireImages(
  kind: string,
  shape: readonly number[],
): [height: number, width: number, channels: number] {
  const [height, width, channels] = shape;
  if (shape.length !== 3)
    throw new UsageError(`encoder ${kind}: expected images [height, width, channels], got observations [${shape}]`, {
      remedy: 'Vectors take the encoder mlp: --set model.encoder=\'{"kind":"mlp"}\'.',
    });
  return [height, width, channels];
}
