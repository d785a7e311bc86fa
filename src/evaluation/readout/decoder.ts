// What a decoder recovers of held-out observations: the error of its pixels, and what can be read from the images that it draws.
import type { Nuisance } from '../../environments/environment.ts';
import { FormatError } from '../../error.ts';
import type { Latents } from '../../measures/latents.ts';
import { randomFor } from '../../random.ts';
import type { RuntimeSession } from '../../runtimes/index.ts';
import { rootMeanSquareDeviation } from './probe.ts';
import { readImages } from './target.ts';

/** Bounds the memory of one run. */
const BATCH = 256;

/** Draws what `latents` stand for by an exported decoder: [N, D] -> [N, H, W, C] bytes; what leaves 0..1 is clipped. */
export async function decodeLatents(session: RuntimeSession, latents: Latents): Promise<Uint8Array> {
  const [input] = session.inputs;
  const [output] = session.outputs;
  const parts: Float32Array[] = [];
  for (let start = 0; start < latents.count; start += BATCH) {
    const end = Math.min(latents.count, start + BATCH);
    const data = latents.values.slice(start * latents.size, end * latents.size);
    const { [output.name]: drawn } = await session.run({
      [input.name]: { type: 'float32', data, shape: [end - start, latents.size] },
    });
    if (!(drawn.data instanceof Float32Array)) throw new FormatError(`decoder: expected float32, got ${drawn.type}`);
    parts.push(drawn.data);
  }
  const images = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) images[start + i] = Math.round(255 * Math.min(1, Math.max(0, part[i])));
    start += part.length;
  }
  return images;
}

/** Adds Gaussian noise of `noise` times the latents' root mean square deviation. */
export function withNoise(latents: Latents, noise: number, seed: number): Latents {
  if (noise === 0) return latents;
  const random = randomFor(seed, 'decoder test noise');
  const deviation = noise * rootMeanSquareDeviation(latents);
  return { ...latents, values: latents.values.map((value) => value + deviation * random.normal()) };
}

/** Mean squared error of pixels in 0..1. `drawn` is [N, size] bytes, or one image for all. */
export function pixelError(truth: Uint8Array, drawn: Uint8Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += ((truth[i] - drawn[i % drawn.length]) / 255) ** 2;
  return sum / truth.length;
}

/**
 * Reads a nuisance from the originals and from the drawn images, and compares: accuracy of a class, or the squared
 * correlation of values (the mean over its numbers), over the originals that show it. A drawn image that shows nothing has
 * the wrong class, and the mean of the values of the others.
 */
export function nuisanceScore(
  nuisance: Nuisance,
  truth: Uint8Array,
  drawn: Uint8Array,
  observationShape: readonly number[],
): number {
  const drawnReadings = readImages(nuisance, drawn, observationShape);
  const pairs = readImages(nuisance, truth, observationShape).flatMap((reading, n) =>
    reading === undefined ? [] : [{ reading, drawn: drawnReadings[n % drawnReadings.length] }],
  );
  if (nuisance.kind === 'class')
    return pairs.filter(({ reading, drawn }) => drawn?.[0] === reading[0]).length / pairs.length;
  const correlations = nuisance.names.flatMap((_, m) => {
    const shown = pairs.flatMap(({ drawn }) => drawn?.[m] ?? []);
    const mean = shown.reduce((sum, value) => sum + value, 0) / Math.max(1, shown.length);
    const squared = squaredCorrelation(
      pairs.map(({ reading }) => reading[m]),
      pairs.map(({ drawn }) => drawn?.[m] ?? mean),
    );
    return squared === undefined ? [] : [squared];
  });
  return correlations.reduce((sum, each) => sum + each, 0) / correlations.length;
}

/**
 * Pearson's r^2: the share of the truth's variance that the best straight line through the readings explains, so that an
 * image that is right but fainter is not held against the decoder. 0 for readings that are all one; undefined for such a truth.
 */
export function squaredCorrelation(truth: readonly number[], readings: readonly number[]): number | undefined {
  const centred = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const a = centred(truth);
  const b = centred(readings);
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  // Against rounding: a spread of less than a billionth of the size is none.
  const isFlat = (x: readonly number[], values: readonly number[]) =>
    dot(x, x) <= 1e-18 * Math.max(dot(values, values), Number.MIN_VALUE);
  if (isFlat(a, truth)) return undefined;
  if (isFlat(b, readings)) return 0;
  return dot(a, b) ** 2 / (dot(a, a) * dot(b, b));
}
