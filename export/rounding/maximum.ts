// The largest of several numbers: pooling, ReduceMax, Max and Min. Nothing is rounded; where the largest may be another one on another
// runtime, the difference is bounded.
import type { Outcome } from './row.ts';
import { type Bounded, radiusOf } from './tensor.ts';

/**
 * @param sources [outputs, taps]: elements of `x`; -1 is none
 * @param sign 1 for the largest, -1 for the smallest
 */
export function maximum(
  x: Bounded,
  sources: Int32Array,
  taps: number,
  shape: readonly number[],
  sign: 1 | -1,
): Outcome {
  const size = sources.length / taps;
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  const chosen = new Int32Array(size);
  const radius = radiusOf(x);
  for (let i = 0; i < size; i++) {
    let best = -1;
    for (let t = 0; t < taps; t++) {
      const source = sources[i * taps + t];
      if (source >= 0 && (best < 0 || sign * x.values[source] > sign * x.values[best])) best = source;
    }
    for (let t = 0; t < taps; t++) {
      const source = sources[i * taps + t];
      if (source < 0 || source === best) continue;
      const ahead = sign * (x.values[source] - x.values[best]) + radius[source] + radius[best];
      if (ahead > local[i]) local[i] = ahead;
    }
    chosen[i] = best;
    values[i] = x.values[best];
    spread[i] = radius[best];
  }
  return {
    shape,
    values,
    type: x.type,
    isExact: x.radius === undefined,
    spread,
    local,
    terms: taps,
    isMixing: false,
    pull: (functionals, rows) => {
      const pulled = new Float64Array(rows * x.values.length);
      for (let row = 0; row < rows; row++)
        for (let i = 0; i < size; i++) pulled[row * x.values.length + chosen[i]] += functionals[row * size + i];
      return [pulled];
    },
  };
}
