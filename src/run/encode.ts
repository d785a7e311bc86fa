// Runs observations through an encoder behind any runtime, in batches, in whatever layout and type the encoder takes.
import { FormatError } from '../error.ts';
import { createLatents, type Latents } from '../measures/latents.ts';
import type { RuntimeSession, RuntimeTensor, TensorSpec } from '../runtimes/runtime.ts';
import { elementCount } from '../shape.ts';

/** Bounds the memory of one run, where the session names no size of its own. */
const BATCH = 256;

/** How an encoder takes its observations: images (uint8, or float32 in 0..1), numbers as they are, or both. */
export interface ObservationInput {
  /** The input's name. */
  readonly name: string;
  /** `flat`: numbers, [N, D] float32. */
  readonly layout: 'nhwc' | 'nchw' | 'flat';
  readonly type: 'uint8' | 'float32';
  /** Name of a second input, for the numbers beside an image: [N, D] float32, as they are. */
  readonly vector?: string | undefined;
  /** What a float32 image is fed as: (value in 0..1 - mean) / deviation, of each channel. Default: as it is. */
  readonly normalization?: PixelNormalization | undefined;
}

/** Of each channel, or one number for all of them. */
export interface PixelNormalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Bytes of images, numbers, or images (0..255) and numbers packed one after the other as float32. */
export type Observations = Uint8Array | Float32Array;

/**
 * The latents of `observations`, by the session's first output.
 * @param shape [H, W, C] of images, [D] of vectors, [H W C + D] where an image and a vector are packed
 */
export async function encodeObservations(
  session: RuntimeSession,
  observations: Observations,
  shape: readonly number[],
  input: ObservationInput,
): Promise<Latents> {
  const feedsOf = observationFeeds(session.inputs, shape, input);
  const rowSize = elementCount(shape);
  const count = observations.length / rowSize;
  const output = session.outputs[0].name;
  const fixedSize = fixedBatchSize(session, input);
  const batchSize = fixedSize ?? session.batchSize ?? BATCH;
  let latents: Float32Array | undefined;
  let size = 0;
  for (let start = 0; start < count; start += batchSize) {
    const end = Math.min(count, start + batchSize);
    const rows = observations.subarray(start * rowSize, end * rowSize);
    const fed = fixedSize === undefined ? rows : paddedRows(rows, fixedSize * rowSize);
    const { [output]: encoded } = await session.run(feedsOf(fed));
    if (!(encoded.data instanceof Float32Array))
      throw new FormatError(`encoder: expected float32 latents, got ${encoded.type}`);
    expectRows(session, output, encoded.shape, fed.length / rowSize);
    size = (encoded.data.length * rowSize) / fed.length;
    latents ??= new Float32Array(count * size);
    latents.set(encoded.data.subarray(0, (end - start) * size), start * size);
  }
  return createLatents(latents ?? new Float32Array(0), size || 1);
}

/** A latent a row: with another first axis (tokens, time) numbers of different observations would be mixed. */
function expectRows(session: RuntimeSession, output: string, shape: readonly number[], rows: number): void {
  if (shape[0] === rows) return;
  const others =
    session.outputs.length > 1 ? ` (its outputs: ${session.outputs.map(({ name }) => name).join(', ')})` : '';
  throw new FormatError(
    `encoder: expected "${output}" to have a row for each of ${rows} observations, got shape [${shape.join(', ')}]${others}`,
    { remedy: 'Export the encoder so that the first axis of its first output is the batch.' },
  );
}

/** Rows that the file takes at once, where it says a number: exporters often fix it, mostly at 1. */
export function fixedBatchSize(session: RuntimeSession, { name }: ObservationInput): number | undefined {
  const [rows] = session.inputs.find((spec) => spec.name === name)?.shape ?? [];
  return typeof rows === 'number' && rows > 0 ? rows : undefined;
}

/** The rows, and zeros behind them up to `length` numbers. */
export function paddedRows(rows: Observations, length: number): Observations {
  if (rows.length === length) return rows;
  const padded = rows instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  padded.set(rows);
  return padded;
}

/**
 * How some observations become what the encoder is fed with.
 * @param specs the encoder's inputs
 * @throws FormatError where the inputs are not those that `input` describes
 */
export function observationFeeds(
  specs: readonly TensorSpec[],
  shape: readonly number[],
  input: ObservationInput,
): (observations: Observations) => Record<string, RuntimeTensor> {
  const specOf = (name: string): TensorSpec => {
    const spec = specs.find((each) => each.name === name);
    if (spec !== undefined) return spec;
    throw new FormatError(`encoder: expected an input "${name}", got ${specs.map((each) => each.name).join(', ')}`);
  };
  const spec = specOf(input.name);
  if (input.vector !== undefined) return packedFeeds(spec, specOf(input.vector), shape, input, input.vector);
  const rowSize = elementCount(shape);
  if (input.layout === 'flat') {
    checkSpec(spec, 'float32', shape);
    return (observations) => ({
      [input.name]: {
        type: 'float32',
        data: Float32Array.from(observations),
        shape: [observations.length / rowSize, rowSize],
      },
    });
  }
  const [height, width, channels] = shape;
  checkSpec(spec, input.type, input.layout === 'nchw' ? [channels, height, width] : shape);
  return (observations) => {
    const count = observations.length / rowSize;
    return { [input.name]: observationTensor(bytesOf(observations), [count, height, width, channels], input) };
  };
}

/** An image and a vector, packed as float32 one after the other; the image's sides are the file's. */
function packedFeeds(
  image: TensorSpec,
  vector: TensorSpec,
  [rowSize]: readonly number[],
  input: ObservationInput,
  vectorName: string,
): (observations: Observations) => Record<string, RuntimeTensor> {
  const sides = image.shape.slice(1).map(Number);
  const [height, width, channels] = input.layout === 'nchw' ? [sides[1], sides[2], sides[0]] : sides;
  const pixelCount = height * width * channels;
  checkSpec(vector, 'float32', [rowSize - pixelCount]);
  return (observations) => {
    const count = observations.length / rowSize;
    const pixels = new Uint8Array(count * pixelCount);
    const numbers = new Float32Array(count * (rowSize - pixelCount));
    for (let n = 0; n < count; n++) {
      const row = observations.subarray(n * rowSize, (n + 1) * rowSize);
      pixels.set(row.subarray(0, pixelCount), n * pixelCount);
      numbers.set(row.subarray(pixelCount), n * (rowSize - pixelCount));
    }
    return {
      [input.name]: observationTensor(pixels, [count, height, width, channels], input),
      [vectorName]: { type: 'float32', data: numbers, shape: [count, rowSize - pixelCount] },
    };
  };
}

function bytesOf(observations: Observations): Uint8Array {
  if (observations instanceof Uint8Array) return observations;
  throw new FormatError('encoder: expected images as bytes, got numbers');
}

/** [N, H, W, C] bytes as the encoder takes them: in its layout, as bytes or as float32, in 0..1 unless it is normalised. */
export function observationTensor(
  pixels: Uint8Array,
  [count, height, width, channels]: readonly [number, number, number, number],
  { layout, type, normalization }: Pick<ObservationInput, 'layout' | 'type' | 'normalization'>,
): RuntimeTensor {
  const ordered = layout === 'nchw' ? toPlanes(pixels, height * width, channels) : pixels;
  const shape = layout === 'nchw' ? [count, channels, height, width] : [count, height, width, channels];
  if (type === 'uint8') return { type, data: ordered, shape };
  const data = new Float32Array(ordered.length);
  for (let i = 0; i < data.length; i++) data[i] = ordered[i] / 255;
  if (normalization === undefined) return { type, data, shape };
  const { mean, deviation } = normalization;
  const area = height * width;
  for (let i = 0; i < data.length; i++) {
    const channel = layout === 'nchw' ? Math.floor(i / area) % channels : i % channels;
    data[i] = (data[i] - mean[channel % mean.length]) / deviation[channel % deviation.length];
  }
  return { type, data, shape };
}

/** [n, pixels, C] -> [n, C, pixels] */
export function toPlanes(pixels: Uint8Array, area: number, channels: number): Uint8Array {
  const planes = new Uint8Array(pixels.length);
  for (let start = 0; start < pixels.length; start += area * channels)
    for (let c = 0; c < channels; c++) {
      const plane = start + c * area;
      const first = start + c;
      for (let p = 0; p < area; p++) planes[plane + p] = pixels[first + p * channels];
    }
  return planes;
}

function checkSpec(spec: TensorSpec, type: ObservationInput['type'], shape: readonly number[]): void {
  const expected = `${type} [N, ${shape.join(', ')}]`;
  const found = `${spec.type} [${spec.shape.join(', ')}]`;
  const fits =
    spec.shape.length === shape.length + 1 && shape.every((side, axis) => fitsSide(spec.shape[axis + 1], side));
  if (!fits || spec.type !== type)
    throw new FormatError(`encoder: expected input "${spec.name}" to be ${expected}, got ${found}`, {
      remedy: 'The model and its description do not belong together: export the run again.',
    });
}

function fitsSide(side: number | string, size: number): boolean {
  return typeof side === 'string' || side === size;
}
