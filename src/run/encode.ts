// Runs observations through an encoder behind any runtime, in batches, in whatever layout and type the encoder takes.
import { FormatError } from '../error.ts';
import { createLatents, type Latents } from '../measures/latents.ts';
import type { RuntimeSession, RuntimeTensor, TensorSpec } from '../runtimes/runtime.ts';
import { elementCount } from '../shape.ts';
import {
  arrangedShape,
  type ConstantPort,
  constantFeeds,
  type EncoderPort,
  imageTensor,
  type PackedPort,
  portTensor,
} from './input.ts';
import { type LatentChoice, latentsOf } from './latent.ts';

/** Bounds the memory of one run, where the session names no size of its own. */
const BATCH = 256;

/** How an encoder takes its observations, images or numbers or several of them, and what of its outputs is the latent. */
export interface ObservationInput extends EncoderPort {
  /** Name of a second input, for the numbers beside an image: [N, D] float32, as they are. */
  readonly vector?: string | undefined;
  /**
   * All inputs that take observations, where they are several: each takes its part of a packed row, one after the other. The first
   * is the one above.
   */
  readonly parts?: readonly PackedPort[] | undefined;
  /** Inputs that take the same numbers whatever is observed. */
  readonly constants?: readonly ConstantPort[] | undefined;
  /** What the latent is. Default: the first output, flattened. */
  readonly latent?: LatentChoice | undefined;
}

export type { PixelNormalization } from './input.ts';

/** Bytes of images, numbers, or images (0..255) and numbers packed one after the other as float32. */
export type Observations = Uint8Array | Float32Array;

/** One after the other: bytes where all are, else float32. */
export function joinObservations(parts: readonly Observations[]): Observations {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const areBytes = parts.length > 0 && parts.every((part) => part instanceof Uint8Array);
  const all = areBytes ? new Uint8Array(length) : new Float32Array(length);
  let start = 0;
  for (const part of parts) {
    all.set(part, start);
    start += part.length;
  }
  return all;
}

/**
 * The latents of `observations`: the output that the input's description names, else the session's first.
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
  const latent: LatentChoice = input.latent ?? { name: session.outputs[0].name };
  const output = latent.name;
  expectBatchFirst(session, output);
  const fixedSize = fixedBatchSize(session, input);
  const batchSize = fixedSize ?? session.batchSize ?? BATCH;
  let latents: Float32Array | undefined;
  let size = 0;
  for (let start = 0; start < count; start += batchSize) {
    const end = Math.min(count, start + batchSize);
    const rows = observations.subarray(start * rowSize, end * rowSize);
    const fed = fixedSize === undefined ? rows : paddedRows(rows, fixedSize * rowSize);
    const { [output]: encoded } = await session.run(feedsOf(fed));
    expectRows(session, output, encoded?.shape ?? [], fed.length / rowSize);
    const values = latentsOf(
      `encoder: output "${output}"`,
      encoded,
      latent,
      input.layout === 'nhwc' ? 'last' : 'first',
    );
    size = (values.length * rowSize) / fed.length;
    latents ??= new Float32Array(count * size);
    latents.set(values.subarray(0, (end - start) * size), start * size);
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
    { remedy: 'Export the encoder so that the first axis of its output is the batch.' },
  );
}

/** An input [6, N] beside an output [N, D] has its observations in columns: fed as six rows they would be mixed. */
function expectBatchFirst({ inputs, outputs }: RuntimeSession, output: string): void {
  const [rows] = outputs.find(({ name }) => name === output)?.shape ?? [];
  if (typeof rows !== 'string' || rows === '' || inputs.some(({ shape }) => shape[0] === rows)) return;
  for (const { name, shape } of inputs)
    if (typeof shape[0] === 'number' && shape.indexOf(rows) > 0)
      throw new FormatError(
        `encoder: expected the observations along the first axis of "${name}", got [${shape.join(', ')}], whose ${rows} is the first of "${output}"`,
        { remedy: 'Export the encoder so that the first axis of its input is the batch.' },
      );
}

/** Rows that the file takes at once, where it says a number: exporters often fix it, mostly at 1. */
export function fixedBatchSize(
  session: Pick<RuntimeSession, 'inputs'>,
  { name, parts }: ObservationInput,
): number | undefined {
  for (const { name: each } of parts ?? [{ name }]) {
    const [rows] = session.inputs.find((spec) => spec.name === each)?.shape ?? [];
    if (typeof rows === 'number' && rows > 0) return rows;
  }
  return undefined;
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
  const fill = constantFeeds(specs, input.constants ?? []);
  if (input.vector !== undefined) return packedFeeds(spec, specOf(input.vector), shape, input, input.vector);
  const rowSize = elementCount(shape);
  if (input.parts !== undefined) {
    const ofParts = input.parts.map((part) => {
      checkPort(specOf(part.name), part, part.shape);
      return { part, size: elementCount(part.shape), spec: specOf(part.name) };
    });
    return (observations) => {
      const count = observations.length / rowSize;
      let offset = 0;
      const feeds: Record<string, RuntimeTensor> = {};
      for (const { part, size, spec } of ofParts) {
        feeds[part.name] = portTensor(columnsOf(observations, count, offset, size), part.shape, part, spec);
        offset += size;
      }
      return fill(feeds, count);
    };
  }
  checkPort(spec, input, shape);
  return (observations) => {
    const count = observations.length / rowSize;
    if (input.layout !== 'flat') bytesOf(observations);
    return fill({ [input.name]: portTensor(observations, shape, input, spec) }, count);
  };
}

/** [N, size]: the numbers of one part of packed rows. */
function columnsOf(packed: Observations, count: number, offset: number, size: number): Float32Array {
  const own = new Float32Array(count * size);
  const rowSize = packed.length / count;
  for (let n = 0; n < count; n++) own.set(packed.subarray(n * rowSize + offset, n * rowSize + offset + size), n * size);
  return own;
}

/** @throws FormatError where the file's input is not what the description says */
function checkPort(spec: TensorSpec, port: EncoderPort, shape: readonly number[]): void {
  if (port.layout === 'flat') {
    const sides = spec.shape.slice(1);
    const product = elementCount(shape);
    // Any axes that hold as many numbers: [N, D], [N, L, F].
    const fixed = sides.filter((side) => typeof side === 'number').reduce((all, side) => all * side, 1);
    const isOpen = sides.some((side) => typeof side === 'string');
    const fits = spec.shape.length > 1 && (isOpen ? product % fixed === 0 : product === fixed);
    if (fits && spec.type === port.type) return;
    checkSpec(spec, port.type, shape);
    return;
  }
  checkSpec(spec, port.type, arrangedShape(shape, port));
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
  port: Pick<ObservationInput, 'layout' | 'type' | 'normalization'>,
): RuntimeTensor {
  return imageTensor(pixels, [count, height, width, channels], port);
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
