// Which elements of the input a window sees at every place that it stands at: for convolutions and pooling over any number of axes.
import { sizeOf, stridesOf } from '../graph/constant.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../graph/graph.ts';
import type { Use } from './row.ts';

export interface Window {
  /** Sizes of the output's spatial axes. */
  readonly sizes: readonly number[];
  /** [places, taps]: offset in the input's plane; -1 in the padding, -2 beyond it (where sizes were rounded up). */
  readonly offsets: Int32Array;
  readonly places: number;
  readonly taps: number;
}

export function windowOf(use: Use, plane: readonly number[], kernel: readonly number[]): Window {
  const { node, fail } = use;
  const rank = kernel.length;
  if (plane.length !== rank) throw fail(`${rank} spatial axes`, String(plane.length));
  const strides = intsAttribute(node, 'strides') ?? new Array<number>(rank).fill(1);
  const dilations = intsAttribute(node, 'dilations') ?? new Array<number>(rank).fill(1);
  const isUp = intAttribute(node, 'ceil_mode', 0) !== 0;
  const reach = kernel.map((size, i) => (size - 1) * dilations[i] + 1);
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET');
  const pads = padsOf(automatic, plane, reach, strides, intsAttribute(node, 'pads'));
  const sizes = plane.map((size, i) => {
    const room = (size + pads[i] + pads[i + rank] - reach[i]) / strides[i];
    const count = (isUp ? Math.ceil(room) : Math.floor(room)) + 1;
    // A window that would begin beyond the input and its first padding is left out.
    return isUp && (count - 1) * strides[i] >= size + pads[i] ? count - 1 : count;
  });
  const places = sizeOf(sizes);
  const taps = sizeOf(kernel);
  const offsets = new Int32Array(places * taps);
  const steps = stridesOf(plane);
  const [placeSteps, tapSteps] = [stridesOf(sizes), stridesOf(kernel)];
  for (let p = 0; p < places; p++)
    for (let t = 0; t < taps; t++) {
      let offset = 0;
      let outside = 0;
      for (let i = 0; i < rank; i++) {
        const place = Math.floor(p / placeSteps[i]) % sizes[i];
        const tap = Math.floor(t / tapSteps[i]) % kernel[i];
        const position = place * strides[i] - pads[i] + tap * dilations[i];
        if (position < 0 || position >= plane[i])
          outside = Math.min(outside, position >= plane[i] + pads[i + rank] ? -2 : -1);
        offset += position * steps[i];
      }
      offsets[p * taps + t] = outside < 0 ? outside : offset;
    }
  return { sizes, offsets, places, taps };
}

function padsOf(
  automatic: string,
  plane: readonly number[],
  reach: readonly number[],
  strides: readonly number[],
  given: readonly number[] | undefined,
): readonly number[] {
  const rank = plane.length;
  if (automatic !== 'SAME_UPPER' && automatic !== 'SAME_LOWER')
    return automatic === 'VALID' || given === undefined ? new Array<number>(2 * rank).fill(0) : given;
  const total = plane.map((size, i) => Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + reach[i] - size));
  const short = total.map((pad) => Math.floor(pad / 2));
  const long = total.map((pad) => Math.ceil(pad / 2));
  return automatic === 'SAME_UPPER' ? [...short, ...long] : [...long, ...short];
}
