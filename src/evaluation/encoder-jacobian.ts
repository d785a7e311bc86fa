// In how many directions of its latent an encoder can move at an observation: the numerical rank of its Jacobian there.
// The whole Jacobian is [D, pixels]; its product with more random directions than D has the same rank almost surely (Halko,
// Martinsson and Tropp, SIAM Review 53, 2011), and costs two observations a direction instead of two a pixel.

import type { Latents } from '../measures/latents.ts';
import { rankOfGram } from '../measures/numerical-rank.ts';
import { measureSpectrum } from '../measures/spectrum.ts';
import { randomFor } from '../random.ts';
import { fixedBatchSize, type ObservationInput, type Observations, observationFeeds } from '../run/encode.ts';
import type { RuntimeSession, RuntimeTensor } from '../runtimes/index.ts';
import { elementCount } from '../shape.ts';

/** Directions over D: twice as many keep the singular values within a factor of about 3, where as many would lose the smallest. */
const OVERSAMPLING = 2;
/** Directions at all observations together; each costs two observations. */
const DIRECTION_BUDGET = 512;
const MAXIMAL_OBSERVATIONS = 8;
const MINIMAL_OBSERVATIONS = 2;

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
 * @returns undefined where the encoder takes bytes, which cannot be moved by less than a grey level, or a fixed number of
 * observations at once
 */
export async function measureEncoderRank(rank: EncoderRankInput): Promise<EncoderRank | undefined> {
  const { encoder, observations, observationShape, input, latentSize, seed } = rank;
  if (input.type === 'uint8' || fixedBatchSize(encoder, input) !== undefined) return undefined;
  const feedsOf = observationFeeds(encoder.inputs, observationShape, input);
  const rowSize = elementCount(observationShape);
  const directionCount = OVERSAMPLING * latentSize;
  const affordable = Math.max(MINIMAL_OBSERVATIONS, Math.floor(DIRECTION_BUDGET / directionCount));
  const count = Math.min(observations.length / rowSize, MAXIMAL_OBSERVATIONS, affordable);
  let directions: Float32Array | undefined;
  const ranks: number[] = [];
  const effectiveRanks: number[] = [];
  for (let n = 0; n < count; n++) {
    const feeds = feedsOf(observations.subarray(n * rowSize, (n + 1) * rowSize));
    directions ??= drawDirections(feeds, directionCount, seed);
    const { moved, lengths } = moveAlong(feeds, directions, directionCount);
    const { [encoder.outputs[0].name]: output } = await encoder.run(moved);
    const derivatives = derivativesOf(Float32Array.from(output.data, Number), lengths, latentSize);
    ranks.push(rankOfGram(gramOf(derivatives), latentSize));
    effectiveRanks.push(measureSpectrum(derivatives).effectiveRankUncentred);
  }
  return { minimal: Math.min(...ranks), ranks, minimalEffectiveRank: Math.min(...effectiveRanks) };
}

type Feeds = Readonly<Record<string, RuntimeTensor>>;

/** The same random directions at every observation: [m, numbers of all inputs], each of about the length STEP. */
function drawDirections(feeds: Feeds, count: number, seed: number): Float32Array {
  const random = randomFor(seed, 'encoder Jacobian');
  const size = Object.values(feeds).reduce((sum, { data }) => sum + data.length, 0);
  // Uniform in -1..1 has the variance 1/3.
  const scale = STEP * Math.sqrt(3 / size);
  return Float32Array.from({ length: count * size }, () => scale * (2 * random.uniform() - 1));
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

/** [D, D]: the sum of the products of every two numbers of a derivative. */
function gramOf({ values, count, size }: Latents): Float64Array {
  const gram = new Float64Array(size * size);
  for (let m = 0; m < count; m++)
    for (let a = 0; a < size; a++) {
      const left = values[m * size + a];
      for (let b = 0; b < size; b++) gram[a * size + b] += left * values[m * size + b];
    }
  return gram;
}

/** [m, D]: the derivative along each direction. */
function derivativesOf(latents: Float32Array, lengths: Float64Array, size: number): Latents {
  const values = new Float32Array(lengths.length * size);
  for (let m = 0; m < lengths.length; m++)
    for (let d = 0; d < size; d++)
      values[m * size + d] = (latents[2 * m * size + d] - latents[(2 * m + 1) * size + d]) / lengths[m];
  return { values, count: lengths.length, size };
}
