// What one input of an encoder is fed with: images and clips in its own order of axes and its own element type, numbers, and
// constants. Letters: N observations, T frames, H W C image, D numbers.
import { FormatError, UsageError } from '../error.ts';
import { floatToHalf } from '../half.ts';
import type { ElementType, RuntimeTensor, TensorSpec } from '../runtimes/runtime.ts';
import { elementCount } from '../shape.ts';

/** The order of an input's axes; `flat`: numbers as they are, [N, D] or any axes that hold as many. */
export type InputLayout = 'nhwc' | 'nchw' | 'ntchw' | 'ncthw' | 'nthwc' | 'flat';

/** How one input takes observations. */
export interface EncoderPort {
  /** The input's name. */
  readonly name: string;
  readonly layout: InputLayout;
  readonly type: 'uint8' | 'float32' | 'float16' | 'int32' | 'int64';
  /** Of a clip, T: the channels of an observation are those of T frames side by side, the oldest first. */
  readonly frames?: number | undefined;
  /** What an image of floats is fed as: (value in 0..1 - mean) / deviation, of each channel. Default: as it is. */
  readonly normalization?: PixelNormalization | undefined;
}

/** Of each channel, or one number for all of them. */
export interface PixelNormalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** An input that takes a part of a packed row. */
export interface PackedPort extends EncoderPort {
  /** Of the part: [H, W, C] of an image as 0..255, else of numbers. */
  readonly shape: readonly number[];
  /** Of the recording that it was read from, where it was one. */
  readonly columns?: readonly string[] | undefined;
}

/** An input that always takes the same numbers: one that fills it, those of one observation, or all of them. */
export interface ConstantPort {
  readonly name: string;
  readonly values: readonly number[];
}

/** Axes of an image [H, W, C] in the input's own order, without the first. */
export function arrangedShape(
  [height, width, channels]: readonly number[],
  { layout, frames = 1 }: Pick<EncoderPort, 'layout' | 'frames'>,
): readonly number[] {
  switch (layout) {
    case 'nchw':
      return [channels, height, width];
    case 'ntchw':
      return [frames, channels / frames, height, width];
    case 'ncthw':
      return [channels / frames, frames, height, width];
    case 'nthwc':
      return [frames, height, width, channels / frames];
    default:
      return [height, width, channels];
  }
}

/** [N, ...shape] values as an input takes them. @param spec of the input, whose open axes numbers fill */
export function portTensor(
  values: Uint8Array | Float32Array,
  shape: readonly number[],
  port: EncoderPort,
  spec: Pick<TensorSpec, 'shape'>,
): RuntimeTensor {
  const count = values.length / elementCount(shape);
  if (port.layout !== 'flat') {
    const [height, width, channels] = shape;
    return imageTensor(values, [count, height, width, channels], port);
  }
  const sides = spec.shape.slice(1);
  const size = elementCount(shape);
  const fixed = sides.filter((side) => typeof side === 'number').reduce((all, side) => all * side, 1);
  // The first open axis takes what is left; others, which could not be told apart, are 1.
  const open = sides.findIndex((side) => typeof side === 'string');
  const filled = sides.map((side, axis) => (typeof side === 'number' ? side : axis === open ? size / fixed : 1));
  return { ...typed(Float32Array.from(values), port.type), shape: [count, ...filled] };
}

/** [N, H, W, C] of 0..255 in the input's layout and type: floats in 0..1, or normalised. */
export function imageTensor(
  pixels: Uint8Array | Float32Array,
  [count, height, width, channels]: readonly [number, number, number, number],
  { layout, type, normalization, frames = 1 }: Pick<EncoderPort, 'layout' | 'type' | 'normalization' | 'frames'>,
): RuntimeTensor {
  const area = height * width;
  const shape = [count, ...arrangedShape([height, width, channels], { layout, frames })];
  const target = type === 'uint8' ? new Uint8Array(pixels.length) : new Float32Array(pixels.length);
  // Whole numbers are the bytes themselves.
  const scale = type === 'float32' || type === 'float16' ? 255 : 1;
  const { mean, deviation } = (type === 'uint8' ? undefined : normalization) ?? { mean: [0], deviation: [1] };
  for (let channel = 0; channel < channels; channel++) {
    const [first, step] = placeOf(channel, { layout, area, channels, frames });
    const run: ChannelRun = { pixels, target, count, area, channels, channel, first, step };
    const normalize = (value: number) =>
      (Math.fround(value / scale) - mean[channel % mean.length]) / deviation[channel % deviation.length];
    if (pixels instanceof Float32Array) moveNumbers(run, normalize);
    else if (target instanceof Uint8Array) moveBytes(run);
    // A byte has 256 values: one division each instead of one a pixel.
    else
      lookUpBytes(
        run,
        Float32Array.from({ length: 256 }, (_, byte) => normalize(byte)),
      );
  }
  return { ...(target instanceof Uint8Array ? { type, data: target } : typed(target, type)), shape };
}

/** Where a channel lies in an image of the input's order of axes: its first number, and the step to the next pixel's. */
function placeOf(
  channel: number,
  { layout, area, channels, frames }: Pick<EncoderPort, 'layout'> & Record<'area' | 'channels' | 'frames', number>,
): readonly [first: number, step: number] {
  // The channels of the first frame come first, then those of the second.
  const own = channels / frames;
  const [frame, ofFrame] = [Math.floor(channel / own), channel % own];
  switch (layout) {
    case 'nchw':
    case 'ntchw':
      return [channel * area, 1];
    case 'ncthw':
      return [(ofFrame * frames + frame) * area, 1];
    case 'nthwc':
      return [frame * area * own + ofFrame, own];
    default:
      return [channel, channels];
  }
}

/** One channel of all images. The three loops over it are three functions, each of one kind of arrays: they are most of feeding an encoder. */
interface ChannelRun {
  /** [count, area, channels] */
  readonly pixels: Uint8Array | Float32Array;
  readonly target: Uint8Array | Float32Array;
  readonly count: number;
  readonly area: number;
  readonly channels: number;
  readonly channel: number;
  readonly first: number;
  readonly step: number;
}

function moveBytes({ pixels, target, count, area, channels, channel, first, step }: ChannelRun): void {
  for (let image = 0; image < count; image++) {
    let to = image * area * channels + first;
    const end = (image + 1) * area * channels;
    for (let from = image * area * channels + channel; from < end; from += channels, to += step)
      target[to] = pixels[from];
  }
}

function lookUpBytes(
  { pixels, target, count, area, channels, channel, first, step }: ChannelRun,
  table: Float32Array,
): void {
  for (let image = 0; image < count; image++) {
    let to = image * area * channels + first;
    const end = (image + 1) * area * channels;
    for (let from = image * area * channels + channel; from < end; from += channels, to += step)
      target[to] = table[pixels[from]];
  }
}

function moveNumbers(
  { pixels, target, count, area, channels, channel, first, step }: ChannelRun,
  convert: (value: number) => number,
): void {
  for (let image = 0; image < count; image++) {
    let to = image * area * channels + first;
    const end = (image + 1) * area * channels;
    for (let from = image * area * channels + channel; from < end; from += channels, to += step)
      target[to] = convert(pixels[from]);
  }
}

/** Numbers in the element type of an input. */
export function typed(values: Float32Array, type: ElementType): Pick<RuntimeTensor, 'type' | 'data'> {
  switch (type) {
    case 'float32':
      return { type, data: values };
    case 'float16':
      return { type, data: Uint16Array.from(values, floatToHalf) };
    case 'int64':
      return { type, data: BigInt64Array.from(values, (value) => BigInt(Math.round(value))) };
    case 'int32':
      return { type, data: Int32Array.from(values) };
    default:
      return { type, data: Uint8Array.from(values) };
  }
}

/**
 * Adds the constants of a run to its feeds: each in the shape of its input, whose open axes are those of the same name that
 * observations have, and else the observations themselves (the first) or 1.
 * @throws UsageError where the numbers do not fill an input
 */
export function constantFeeds(
  specs: readonly TensorSpec[],
  constants: readonly ConstantPort[],
): (feeds: Record<string, RuntimeTensor>, count: number) => Record<string, RuntimeTensor> {
  if (constants.length === 0) return (feeds) => feeds;
  const wanted = constants.map(({ name, values }) => {
    const spec = specs.find((each) => each.name === name);
    if (spec === undefined)
      throw new FormatError(`encoder: expected an input "${name}", got ${specs.map((each) => each.name).join(', ')}`);
    return { spec, values };
  });
  return (feeds, count) => {
    const sizes = new Map<string, number>();
    for (const { name, shape } of specs) {
      const given = Object.hasOwn(feeds, name) ? feeds[name].shape : [];
      shape.forEach((side, axis) => {
        if (typeof side === 'string' && side !== '' && given[axis] !== undefined) sizes.set(side, given[axis]);
      });
    }
    const all = { ...feeds };
    for (const { spec, values } of wanted) {
      const shape = spec.shape.map((side, axis) =>
        typeof side === 'number' ? side : (sizes.get(side) ?? (axis === 0 ? count : 1)),
      );
      all[spec.name] = { ...typed(filled(spec, shape, values), spec.type), shape };
    }
    return all;
  };
}

function filled({ name, shape: open }: TensorSpec, shape: readonly number[], values: readonly number[]): Float32Array {
  const total = elementCount(shape);
  const ofOne = elementCount(shape.slice(1));
  if (values.length !== 1 && values.length !== total && (shape.length === 0 || values.length !== ofOne))
    throw new UsageError(
      `encoder: expected 1, ${ofOne} or ${total} numbers for the input "${name}" [${open.join(', ')}], got ${values.length}`,
    );
  return Float32Array.from({ length: total }, (_, i) => values[i % values.length]);
}
