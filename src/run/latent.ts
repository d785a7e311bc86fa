// What of an encoder's outputs is the latent of an observation: which output, how tokens or places become one vector, and its
// length. Letters: N observations, T tokens, H W places, C channels, D numbers of a latent.
import { FormatError, option, UsageError } from '../error.ts';
import { halfToFloat } from '../half.ts';
import { underMetric } from '../measures/latents.ts';
import type { RuntimeTensor } from '../runtimes/runtime.ts';

/**
 * How [N, T, D] tokens, or [N, C, H, W] places, become one vector. cls: the first token. mean, max: over tokens or places.
 * flatten: all numbers, one after the other. none: as it is, which must be [N, D].
 */
export type Pool = 'cls' | 'mean' | 'max' | 'none' | 'flatten';

export const pools: readonly Pool[] = ['cls', 'mean', 'max', 'none', 'flatten'];

/** Which output is taken, and what is made of it. */
export interface LatentChoice {
  /** The output's name. */
  readonly name: string;
  /** Default `flatten`. */
  readonly pool?: Pool | undefined;
  /** l2: latents of length 1, as retrieval compares them. Default: as they are. */
  readonly normalize?: 'l2' | undefined;
}

/** Where the channels of places are, [N, C, H, W] or [N, H, W, C]: as in the encoder's input. Default first. */
export type PlaceLayout = 'first' | 'last';

/** [N, D] of an output with one row an observation. @throws UsageError where its axes cannot be pooled so */
export function latentsOf(
  where: string,
  { data, shape, type }: RuntimeTensor,
  choice: Pick<LatentChoice, 'pool' | 'normalize'>,
  places: PlaceLayout = 'first',
): Float32Array {
  const values = floatsOf(where, 'latents', { data, type });
  const pooled = pool(where, values, shape, choice.pool ?? 'flatten', places);
  if (choice.normalize !== 'l2') return pooled;
  return underMetric({ values: pooled, count: shape[0], size: pooled.length / shape[0] }, 'cosine').values;
}

/** The numbers of an output. @param what it gives, for the message. @throws FormatError where they are not float32 or float16 */
export function floatsOf(
  where: string,
  what: string,
  { data, type }: Pick<RuntimeTensor, 'data' | 'type'>,
): Float32Array {
  if (data instanceof Float32Array) return data;
  if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, halfToFloat);
  throw new FormatError(`${where}: expected ${what} as float32 or float16, got ${type}`);
}

function pool(
  where: string,
  values: Float32Array,
  shape: readonly number[],
  how: Pool,
  places: PlaceLayout,
): Float32Array {
  if (how === 'flatten') return values;
  // [N, C, 1, 1] is [N, C].
  const [rows, ...axes] = shape;
  const real = axes.filter((side) => side !== 1);
  const described = `[${shape.join(', ')}]`;
  if (real.length <= 1 && how !== 'cls') return values;
  if (how === 'none')
    throw new UsageError(`${where}: expected a vector an observation for ${option('pool', 'none')}, got ${described}`, {
      remedy: `Make one of it: ${option('pool', 'mean')}, max, cls or flatten.`,
    });
  if (axes.length === 2) {
    const [tokens, size] = axes;
    if (how === 'cls') return firstTokens(values, rows, tokens, size);
    return reduce(values, { rows, places: tokens, size, placeStep: size, step: 1 }, how);
  }
  if (how === 'cls' || axes.length < 2)
    throw new UsageError(`${where}: expected tokens [N, T, D] for ${option('pool', how)}, got ${described}`, {
      remedy: axes.length < 2 ? 'It is a vector an observation already.' : `Take ${option('pool', 'mean')} or max.`,
    });
  // [N, C, H, W] or [N, H, W, C], and clips with more axes of places.
  const size = places === 'first' ? axes[0] : axes[axes.length - 1];
  const count = axes.reduce((product, side) => product * side, 1) / size;
  const [placeStep, step] = places === 'first' ? [1, count] : [size, 1];
  return reduce(values, { rows, places: count, size, placeStep, step }, how);
}

function firstTokens(values: Float32Array, rows: number, tokens: number, size: number): Float32Array {
  const first = new Float32Array(rows * size);
  for (let n = 0; n < rows; n++) first.set(values.subarray(n * tokens * size, n * tokens * size + size), n * size);
  return first;
}

interface PlaceGrid {
  readonly rows: number;
  readonly places: number;
  /** Numbers of a place. */
  readonly size: number;
  /** How far apart places, and the numbers of one place, are stored. */
  readonly placeStep: number;
  readonly step: number;
}

function reduce(
  values: Float32Array,
  { rows, places, size, placeStep, step }: PlaceGrid,
  how: 'mean' | 'max',
): Float32Array {
  const reduced = new Float32Array(rows * size);
  for (let n = 0; n < rows; n++)
    for (let k = 0; k < size; k++) {
      let sum = 0;
      let largest = Number.NEGATIVE_INFINITY;
      for (let place = 0; place < places; place++) {
        const value = values[n * places * size + place * placeStep + k * step];
        sum += value;
        largest = Math.max(largest, value);
      }
      reduced[n * size + k] = how === 'mean' ? sum / places : largest;
    }
  return reduced;
}
