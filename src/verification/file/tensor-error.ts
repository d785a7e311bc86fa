// How far one tensor is from another that should be the same: errors, cosine, signal to noise. Pure functions.
import { halfToFloat } from '../../half.ts';
import { isBigTensorData, type RuntimeTensor } from '../../runtimes/runtime.ts';

/** Elements smaller than this part of the scale have no relative error worth telling. */
const SMALLEST_RELATIVE = 1e-3;
/** Errors, as parts of the scale, are counted by decades: below 1e-9 (0 among them), below 1e-8 ... below 1, and above. */
export const ERROR_DECADES = 11;

/** What is wrong with a tensor; numbers that are infinite are null, as JSON has no infinity. */
export interface TensorError {
  readonly elements: number;
  /** Largest difference of two elements; null where one of them is not finite and the other is another. */
  readonly maxAbsolute: number | null;
  readonly meanAbsolute: number | null;
  /** Largest difference as a part of the reference's element, of elements of at least 1/1000 of the scale. */
  readonly maxRelative: number | null;
  /** The largest finite element of the reference, without its sign. */
  readonly scale: number;
  /** maxAbsolute / scale: what tolerances are of. */
  readonly partOfScale: number | null;
  /** Of the rows along the first axis, or of the whole; a row of zeros has a cosine of 1 with zeros and of 0 with others. */
  readonly cosine: { readonly smallest: number; readonly mean: number };
  /** 10 log10(sum of squares of the reference / sum of squared errors), in dB; null where there is no error. */
  readonly sqnrDb: number | null;
  /** 10 log10((largest - smallest element of the reference)^2 / mean squared error), in dB; null where there is no error. */
  readonly psnrDb: number | null;
  /** Elements that are NaN or infinite, there and here; and those that are so on one side only, or differ. */
  readonly nonFinite: { readonly reference: number; readonly here: number; readonly differing: number };
  /** Where the largest error is; null where there is none. */
  readonly worst: { readonly index: readonly number[]; readonly expected: number; readonly got: number } | null;
  /** Elements by the decade of their error as a part of the scale. */
  readonly decades: readonly number[];
}

/**
 * Compares tensors of one shape, whatever their element types.
 * @param isBatched whether the first axis is that of the observations: cosines are of its rows then
 */
export function tensorError(reference: RuntimeTensor, here: RuntimeTensor, isBatched: boolean): TensorError {
  const [expected, got] = [numbersOf(reference), numbersOf(here)];
  const scale = scaleOf(expected);
  const decades = new Array<number>(ERROR_DECADES).fill(0);
  const nonFinite = { reference: 0, here: 0, differing: 0 };
  let [worstError, worst] = [0, -1];
  let [sum, signal, noise, maxRelative] = [0, 0, 0, 0];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [expected[i], got[i]];
    const areFinite = Number.isFinite(a) && Number.isFinite(b);
    if (!Number.isFinite(a)) nonFinite.reference++;
    if (!Number.isFinite(b)) nonFinite.here++;
    // The same infinity, or NaN, on both is no difference between them.
    const error = areFinite ? Math.abs(a - b) : Object.is(a, b) ? 0 : Number.POSITIVE_INFINITY;
    if (!areFinite && error > 0) nonFinite.differing++;
    if (error > worstError) [worstError, worst] = [error, i];
    decades[decadeOf(error, scale)]++;
    if (!areFinite) continue;
    sum += error;
    signal += a * a;
    noise += error * error;
    low = Math.min(low, a);
    high = Math.max(high, a);
    if (Math.abs(a) >= SMALLEST_RELATIVE * scale && a !== 0) maxRelative = Math.max(maxRelative, error / Math.abs(a));
  }
  const finite = expected.length - nonFinite.differing;
  const isInfinite = nonFinite.differing > 0;
  return {
    elements: expected.length,
    maxAbsolute: isInfinite ? null : worstError,
    meanAbsolute: isInfinite ? null : finite > 0 ? sum / finite : 0,
    maxRelative: isInfinite ? null : maxRelative,
    scale,
    partOfScale: partOf(worstError, scale),
    cosine: cosines(expected, got, isBatched ? (reference.shape[0] ?? 1) : 1),
    sqnrDb: decibel(signal, noise),
    psnrDb: decibel(Math.max(0, high - low) ** 2 * finite, noise),
    nonFinite,
    worst: worst < 0 ? null : { index: indexOf(worst, reference.shape), expected: expected[worst], got: got[worst] },
    decades,
  };
}

/** The elements as numbers: halves decoded, 64-bit integers rounded to doubles. */
export function numbersOf({ type, data }: RuntimeTensor): ArrayLike<number> {
  if (isBigTensorData(data)) return Float64Array.from(data, Number);
  return type === 'float16' ? Float32Array.from(data, halfToFloat) : data;
}

/** The largest finite number, without its sign. */
export function scaleOf(values: ArrayLike<number>): number {
  let scale = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size > scale && size < Number.POSITIVE_INFINITY) scale = size;
  }
  return scale;
}

/** An error as a part of a scale; null where it is infinite. */
export function partOf(error: number, scale: number): number | null {
  if (error === 0) return 0;
  return Number.isFinite(error) && scale > 0 ? error / scale : null;
}

function decadeOf(error: number, scale: number): number {
  const part = partOf(error, scale);
  if (part === null) return ERROR_DECADES - 1;
  if (part < 1e-9) return 0;
  return Math.min(ERROR_DECADES - 1, Math.max(1, Math.floor(Math.log10(part)) + ERROR_DECADES - 1));
}

function decibel(signal: number, noise: number): number | null {
  if (noise === 0) return null;
  // No signal at all: as far below the noise as a double says.
  return signal === 0 ? -Number.MAX_VALUE : 10 * Math.log10(signal / noise);
}

function cosines(expected: ArrayLike<number>, got: ArrayLike<number>, rows: number): TensorError['cosine'] {
  const size = rows > 0 ? expected.length / rows : 0;
  let [smallest, sum] = [1, 0];
  for (let row = 0; row < rows; row++) {
    let [dot, a, b] = [0, 0, 0];
    for (let i = row * size; i < (row + 1) * size; i++) {
      if (!Number.isFinite(expected[i]) || !Number.isFinite(got[i])) continue;
      dot += expected[i] * got[i];
      a += expected[i] * expected[i];
      b += got[i] * got[i];
    }
    const cosine = a === 0 && b === 0 ? 1 : a === 0 || b === 0 ? 0 : Math.max(-1, Math.min(1, dot / Math.sqrt(a * b)));
    smallest = Math.min(smallest, cosine);
    sum += cosine;
  }
  return { smallest, mean: rows > 0 ? sum / rows : 1 };
}

function indexOf(place: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = place;
  for (const side of [...shape].reverse()) {
    index.unshift(rest % side);
    rest = Math.floor(rest / side);
  }
  return index;
}
