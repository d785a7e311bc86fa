// What a latent says of its image: the mean of known images, those weighted most whose latents lie nearest. It has no weights of its own that
// would have to be trained, and cannot show what the latents do not tell apart: of collapsed latents it shows one grey mean for all.
// Letters: N known observations, D latent, P numbers of an image.
import type { Latents } from '../../src/measures/latents.ts';

/** Width of the weights, over the typical distance of two latents before training: what is nearer than this looks the same. */
const WIDTH = 0.08;
/** How many times brighter a dream is shown at most. */
const BRIGHTEST = 6;

export interface KnownImages {
  /** N D */
  readonly latents: Latents;
  /** [N, P], 0..255 */
  readonly observations: Uint8Array;
  /** Typical distance of two latents before training. */
  readonly untrainedDistance: number;
}

/**
 * The image [P] of one latent [D]: the known images by weights exp(-d^2 / 2 w^2), w a fixed share of the distance before training.
 * @param without the observation that is not to help, since the latent is its own
 */
export function dreamOf(
  latent: Float32Array,
  { latents, observations, untrainedDistance }: KnownImages,
  without: number,
): Uint8Array {
  const { values, size } = latents;
  const count = values.length / size;
  const length = observations.length / count;
  const squares = Float64Array.from({ length: count }, (_, n) => {
    if (n === without) return Number.POSITIVE_INFINITY;
    let sum = 0;
    for (let d = 0; d < size; d++) sum += (values[n * size + d] - latent[d]) ** 2;
    return sum;
  });
  // Of the nearest the weight is 1, however far away it is.
  const least = squares.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const scale = 1 / (2 * (WIDTH * untrainedDistance) ** 2);
  const weights = squares.map((square) => Math.exp((least - square) * scale));
  const total = weights.reduce((a, b) => a + b, 0);
  const image = new Float64Array(length);
  for (let n = 0; n < count; n++) {
    const weight = weights[n] / total;
    if (weight < 1e-5) continue;
    for (let p = 0; p < length; p++) image[p] += weight * observations[n * length + p];
  }
  // Means of few bright pixels are dark: brightened until the largest number is white, or as far as BRIGHTEST.
  const largest = image.reduce((a, b) => Math.max(a, b), 1);
  const gain = Math.min(BRIGHTEST, 255 / largest);
  return Uint8Array.from(image, (value) => Math.round(gain * value));
}
