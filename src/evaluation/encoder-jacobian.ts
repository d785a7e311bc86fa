// In how many directions of its latent an encoder can move at an observation: the numerical rank of its Jacobian there.
// The whole Jacobian is [D, pixels]; its product with more random directions than D has the same rank almost surely (Halko,
// Martinsson and Tropp, SIAM Review 53, 2011), and costs two observations a direction instead of two a pixel. With fewer directions
// than D a smaller rank is found as well, and a larger one is known to be at least about as large as the directions.

import { rankOfGram } from '../measures/spectrum/numerical-rank.ts';
import { gramOfColumns, gramOfRows, measureSpectrum } from '../measures/spectrum/spectrum.ts';
import { randomFor } from '../random.ts';
import { fixedBatchSize, type ObservationInput, type Observations, observationFeeds } from '../run/encode.ts';
import { latentsOf } from '../run/latent.ts';
import type { RuntimeSession, RuntimeTensor } from '../runtimes/index.ts';
import { elementCount } from '../shape.ts';

/** Directions over D: twice as many keep the singular values within a factor of about 3, where as many would lose the smallest. */
const OVERSAMPLING = 2;
/** Directions at all observations together; each costs two observations. */
const DIRECTION_BUDGET = 512;
const MAXIMAL_OBSERVATIONS = 8;
const MINIMAL_OBSERVATIONS = 2;
/** At one observation: of a wider latent only a rank of up to this is found, and larger ones are known to be no smaller. */
const DIRECTION_LIMIT = 512;
/** Numbers of the moved observations that are encoded at once. */
const BATCH_NUMBERS = 2 ** 22;

/**
 * Euclidean length of a step, pixels being 0..1: a tenth of a grey level in each of 12,288. With 0.005 and 0.5 the ranks of
 * trained encoders were the same to within 3.
 */
const STEP = 0.05;

export interface EncoderRank {
  /** The smallest rank found. */
  readonly minimal: number;
  /** [observations] */
  readonly ranks: readonly number[];
  /** Smallest exponential entropy of the singular values: a rank without a threshold. */
  readonly minimalEffectiveRank: number;
  /** Random directions at each observation. */
  readonly directions: number;
  /** True where the smallest rank is more than half of the directions, which were fewer than twice D: it may be larger. */
  readonly isLowerBound: boolean;
}

export interface EncoderRankInput {
  readonly encoder: RuntimeSession;
  /** At least one; the first ones are taken. */
  readonly observations: Observations;
  readonly observationShape: readonly number[];
  readonly input: ObservationInput;
  /** D */
  readonly latentSize: number;
  readonly seed: number;
}

/**
 * @returns undefined where the encoder takes bytes or whole numbers, which cannot be moved by less than one, several inputs, or a
 * fixed number of observations at once
 */
export async function measureEncoderRank(rank: EncoderRankInput): Promise<EncoderRank | undefined> {
  const { encoder, observations, observationShape, input, latentSize, seed } = rank;
  if (input.type !== 'float32' || input.parts !== undefined || input.constants !== undefined) return undefined;
  if (fixedBatchSize(encoder, input) !== undefined) return undefined;
  const latent = input.latent ?? { name: encoder.outputs[0].name };
  const feedsOf = observationFeeds(encoder.inputs, observationShape, input);
  const rowSize = elementCount(observationShape);
  const wanted = OVERSAMPLING * Math.min(latentSize, rowSize);
  const directionCount = Math.min(wanted, DIRECTION_LIMIT);
  const affordable = Math.max(MINIMAL_OBSERVATIONS, Math.floor(DIRECTION_BUDGET / directionCount));
  const count = Math.min(observations.length / rowSize, MAXIMAL_OBSERVATIONS, affordable);
  const batchSize = Math.max(1, Math.floor(BATCH_NUMBERS / (2 * rowSize)));
  const ranks: number[] = [];
  const effectiveRanks: number[] = [];
  for (let n = 0; n < count; n++) {
    const feeds = feedsOf(observations.subarray(n * rowSize, (n + 1) * rowSize));
    // The same directions at every observation, drawn again instead of being kept.
    const draw = directionsOf(feeds, seed);
    const derivatives = new Float32Array(directionCount * latentSize);
    for (let start = 0; start < directionCount; start += batchSize) {
      const size = Math.min(batchSize, directionCount - start);
      const { moved, lengths } = moveAlong(feeds, draw(size), size);
      const { [latent.name]: output } = await encoder.run(moved);
      const latents = latentsOf('encoder', output, latent, input.layout === 'nhwc' ? 'last' : 'first');
      derivatives.set(derivativesOf(latents, lengths, latentSize), start * latentSize);
    }
    ranks.push(rankOf(derivatives, directionCount, latentSize));
    effectiveRanks.push(
      measureSpectrum({ values: derivatives, count: directionCount, size: latentSize }).effectiveRankUncentred,
    );
  }
  const minimal = Math.min(...ranks);
  return {
    minimal,
    ranks,
    minimalEffectiveRank: Math.min(...effectiveRanks),
    directions: directionCount,
    isLowerBound: directionCount < wanted && OVERSAMPLING * minimal > directionCount,
  };
}

type Feeds = Readonly<Record<string, RuntimeTensor>>;

/** Draws the next random directions: [m, numbers of all inputs], each of about the length STEP. */
function directionsOf(feeds: Feeds, seed: number): (count: number) => Float32Array {
  const random = randomFor(seed, 'encoder Jacobian');
  const size = Object.values(feeds).reduce((sum, { data }) => sum + data.length, 0);
  // Uniform in -1..1 has the variance 1/3.
  const scale = STEP * Math.sqrt(3 / size);
  return (count) => Float32Array.from({ length: count * size }, () => scale * (2 * random.uniform() - 1));
}

/** [2 m] copies of one observation, moved forth and back along each direction; and how far float32 really moved them. */
function moveAlong(feeds: Feeds, directions: Float32Array, count: number) {
  const size = directions.length / count;
  const squares = new Float64Array(count);
  const moved: Record<string, RuntimeTensor> = {};
  let start = 0;
  for (const [name, { data, shape }] of Object.entries(feeds)) {
    const all = new Float32Array(2 * count * data.length);
    for (let m = 0; m < count; m++)
      for (let i = 0; i < data.length; i++) {
        const value = Number(data[i]);
        const shift = directions[m * size + start + i];
        const forth = 2 * m * data.length + i;
        const back = forth + data.length;
        all[forth] = value + shift;
        all[back] = value - shift;
        squares[m] += (all[forth] - all[back]) ** 2;
      }
    moved[name] = { type: 'float32', data: all, shape: [2 * count, ...shape.slice(1)] };
    start += data.length;
  }
  return { moved, lengths: squares.map(Math.sqrt) };
}

/** Of derivatives [m, D], whose products with themselves are [m, m] or [D, D], whichever is smaller. */
function rankOf(derivatives: Float32Array, count: number, size: number): number {
  const rows = Float64Array.from(derivatives);
  return count < size
    ? rankOfGram(gramOfRows(rows, count, size), count)
    : rankOfGram(gramOfColumns(rows, count, size), size);
}

/** [m, D]: the derivative along each direction. */
function derivativesOf(latents: Float32Array, lengths: Float64Array, size: number): Float32Array {
  const values = new Float32Array(lengths.length * size);
  for (let m = 0; m < lengths.length; m++)
    for (let d = 0; d < size; d++)
      values[m * size + d] = (latents[2 * m * size + d] - latents[(2 * m + 1) * size + d]) / lengths[m];
  return values;
}
