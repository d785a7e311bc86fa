// Whether the pixels that an encoder is fed have the scale that its first convolution was made for. What a filter makes of these
// observations is compared with what the file itself says of its size: the variance that a batch normalisation kept, or the
// filters' biases. It is a note and no correction: weights can be of any scale.
import { readModel } from '../../export/files.ts';
import { type FirstLayer, firstLayerOf } from '../../export/first-layer.ts';
import { JepaError, option } from '../../src/error.ts';
import { randomFor } from '../../src/random.ts';
import type { ObservationInput, Observations, PixelNormalization } from '../../src/run/encode.ts';
import { elementCount } from '../../src/shape.ts';

/** The usual scales of pixels, by the names that `pixels` has for them. What lies within a factor of 3 cannot be told apart. */
const SCALES: readonly (readonly [name: string, normalization: PixelNormalization])[] = [
  ['unit', { mean: [0], deviation: [1] }],
  ['bytes', { mean: [0], deviation: [1 / 255] }],
];
/** Places that are looked at; the deviation of a filter's answers is then known to a few per cent. */
const PLACES = 1024;
/** Of answers over kept deviations, which are 1 where all is right. */
const BY_VARIANCE = { suspicious: 16, fitting: 4 };
/** Of answers over biases, which are of one size within an order of magnitude. */
const BY_BIAS = { suspicious: 50, fitting: 12 };

/**
 * What is odd about the scale of the pixels, in one line; undefined where nothing is, or nothing can be told.
 * @param observations bytes, [N, H, W, C]
 */
export function pixelScaleNote(
  path: string,
  where: string,
  input: ObservationInput,
  observations: Observations,
  shape: readonly number[],
): string | undefined {
  if (input.parts !== undefined || !(observations instanceof Uint8Array) || observations.length === 0) return undefined;
  if (input.type !== 'float32' && input.type !== 'float16') return undefined;
  const layer = layerOf(path, input.name);
  if (layer === undefined || layer.shape[1] > shape[2] || layer.shape[2] > shape[0] || layer.shape[3] > shape[1])
    return undefined;
  const given = input.normalization ?? SCALES[0][1];
  const ratioOf = (normalization: PixelNormalization) => answerRatio(layer, observations, shape, normalization);
  const own = ratioOf(given);
  if (own === undefined) return undefined;
  const { suspicious, fitting } = layer.variance === undefined ? BY_BIAS : BY_VARIANCE;
  const distance = (ratio: number) => Math.max(ratio, 1 / ratio);
  if (!(own > 0) || distance(own) < suspicious) return undefined;
  const better = SCALES.map(([name, normalization]) => ({ name, ratio: ratioOf(normalization) ?? own }))
    .filter(({ ratio }) => distance(ratio) <= fitting)
    .sort((a, b) => distance(a.ratio) - distance(b.ratio));
  if (better.length === 0) return undefined;
  const measure = layer.variance === undefined ? 'its biases' : 'what it kept of its training';
  const times = (ratio: number) =>
    ratio >= 1 ? `${Number(ratio.toPrecision(2))} times` : `1/${Number((1 / ratio).toPrecision(2))} of`;
  return (
    `${where}: are the pixels of the scale that it was trained on? What its first convolution "${layer.name}" makes of them is ${times(own)} ${measure}; ` +
    `with ${option('pixels', better[0].name)} it would be ${times(better[0].ratio)} ${measure}`
  );
}

function layerOf(path: string, input: string): FirstLayer | undefined {
  try {
    return firstLayerOf(readModel(path), input);
  } catch (error) {
    // What this reader does not know may well run.
    if (error instanceof JepaError) return undefined;
    throw error;
  }
}

/** Deviation of the filters' answers at random places, over kept deviations or biases; undefined where there are neither. */
function answerRatio(
  layer: FirstLayer,
  observations: Uint8Array,
  [height, width, channels]: readonly number[],
  { mean, deviation }: PixelNormalization,
): number | undefined {
  const { weights, bias, variance, scale, offset } = layer;
  const [filters, depth, rows, columns] = layer.shape;
  const yardstick = variance?.map(Math.sqrt) ?? bias;
  if (yardstick === undefined || yardstick.every((value) => value === 0)) return undefined;
  const random = randomFor(0, 'pixel scale');
  const size = elementCount([height, width, channels]);
  const count = observations.length / size;
  const [sums, squares] = [new Float64Array(filters), new Float64Array(filters)];
  const patch = new Float64Array(depth * rows * columns);
  for (let place = 0; place < PLACES; place++) {
    const start = random.integer(count) * size;
    const [top, left] = [random.integer(height - rows + 1), random.integer(width - columns + 1)];
    let next = 0;
    for (let c = 0; c < depth; c++)
      for (let y = 0; y < rows; y++)
        for (let x = 0; x < columns; x++) {
          const byte = observations[start + ((top + y) * width + left + x) * channels + c];
          const fed = (byte / 255 - mean[c % mean.length]) / deviation[c % deviation.length];
          patch[next++] = scale[c % scale.length] * fed + offset[c % offset.length];
        }
    for (let f = 0; f < filters; f++) {
      let answer = 0;
      for (let i = 0; i < patch.length; i++) answer += weights[f * patch.length + i] * patch[i];
      sums[f] += answer;
      squares[f] += answer * answer;
    }
  }
  const deviations = sums.map((sum, f) => Math.sqrt(Math.max(0, squares[f] / PLACES - (sum / PLACES) ** 2)));
  const rms = (values: Float64Array) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  return rms(deviations) / rms(yardstick);
}
