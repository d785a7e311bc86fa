// IEEE 754 half precision, as 16-bit patterns.

/** The largest finite half. */
export const largestHalf = 65504;

export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const float = new Float32Array(1);
const pattern = new Uint32Array(float.buffer);

/** The nearest half, ties to even; beyond the largest, infinity. */
export function floatToHalf(value: number): number {
  float[0] = value;
  const bits = pattern[0];
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const half = exponent - 127 + 15;
  if (half >= 0x1f) return sign | 0x7c00;
  // Below the smallest normal half the fraction shifts out, its leading 1 made explicit.
  const mantissa = half > 0 ? fraction : fraction | 0x800000;
  const shift = half > 0 ? 13 : 14 - half;
  if (shift > 24) return sign;
  const kept = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const rounded = kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0);
  // A carry out of the fraction raises the exponent, up to infinity, which is what rounding should do.
  return sign | ((half > 0 ? half << 10 : 0) + rounded);
}
