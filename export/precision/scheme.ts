// The numbers of 8-bit quantisation: scales and zero points of activations, one scale a channel of weights, biases at the
// product of both. By the definition of QuantizeLinear: q = saturate(round(x / scale) + zero), x ~ (q - zero) * scale.
import type { Constant } from '../graph/constant.ts';

/** Smallest and largest value that 8 bits must reach. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** How a value of the graph is rounded to int8. */
export interface ActivationScheme {
  /** float32 */
  readonly scale: number;
  /** The int8 that 0 becomes, exactly. */
  readonly zero: number;
}

/**
 * One scale and zero point for a range, which is widened to hold 0: padding and what is left of a ReLU must be exact.
 *
 * @param isSymmetric zero point 0 and codes -127 to 127, as TensorRT wants; else all 256 codes over the range
 */
export function activationScheme(range: Range, isSymmetric = false): ActivationScheme {
  const [min, max] = [Math.min(range.min, 0), Math.max(range.max, 0)];
  if (isSymmetric) return { scale: Math.fround(Math.max(-min, max) / 127) || 1, zero: 0 };
  const scale = Math.fround((max - min) / 255) || 1;
  return { scale, zero: Math.max(-128, Math.min(127, Math.round(-128 - min / scale))) };
}

const largestInt32 = 2 ** 31 - 1;

/** A weight as int8 with one symmetric scale a channel. */
export interface WeightScheme {
  readonly axis: number;
  /** [channels] */
  readonly scales: Float32Array;
  readonly values: Int8Array;
}

/** What the scales of a weight depend on beside it. */
export interface WeightOptions {
  /** 8 bits: -127 to 127; 7: -63 to 63. */
  readonly bits: 7 | 8;
  /** [channels] of the bias that is added to the products with values of `inputScale`. */
  readonly bias?: { readonly values: ArrayLike<number>; readonly inputScale: number } | undefined;
}

/**
 * Scales are max |w| of each channel over the largest code. Where a bias is so large beside its channel that it would leave
 * int32 at scale inputScale * weightScale, the channel's scale is raised until it fits.
 */
export function weightScheme(weight: Constant, axis: number, { bits, bias }: WeightOptions): WeightScheme {
  const limit = bits === 8 ? 127 : 63;
  const channels = weight.shape[axis];
  const inner = weight.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const largest = new Float64Array(channels);
  const { data } = weight;
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / inner) % channels;
    largest[channel] = Math.max(largest[channel], Math.abs(Number(data[i])));
  }
  const scales = Float32Array.from(largest, (value, channel) => {
    const least = bias === undefined ? 0 : Math.abs(bias.values[channel]) / (bias.inputScale * largestInt32);
    return Math.max(value / limit, least) || 1;
  });
  const values = new Int8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const code = Math.round(Number(data[i]) / scales[Math.floor(i / inner) % channels]);
    values[i] = Math.max(-limit, Math.min(limit, code));
  }
  return { axis, scales, values };
}

/** A bias as int32, at the scales of the products that it is added to. */
export function biasScheme(
  bias: ArrayLike<number>,
  inputScale: number,
  weightScales: Float32Array,
): { readonly scales: Float32Array; readonly values: Int32Array } {
  const scales = weightScales.map((scale) => scale * inputScale);
  const values = Int32Array.from(scales, (scale, channel) =>
    Math.max(-largestInt32, Math.min(largestInt32, Math.round(bias[channel] / scale))),
  );
  return { scales, values };
}
