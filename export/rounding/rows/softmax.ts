// Softmax: a group of numbers that are computed together.
import { sizeOf } from '../../graph/constant.ts';
import { intAttribute } from '../../graph/graph.ts';
import { accuracyOf, u32, u64 } from '../hypotheses.ts';
import type { Row } from '../row.ts';
import { radiusOf } from '../tensor.ts';

/**
 * p_i = exp(x_i) / sum of exp(x_j), by exponentials of differences from any number between the least and the largest x.
 * With |e| <= a: p(x + e)_i = p_i exp(e_i - c), |c - sum p_j e_j| <= a^2 / 2 and |e_i - c| <= 2 a.
 */
export const softmax: Row = (use) => {
  const x = use.input(0);
  const rank = x.shape.length;
  const given = intAttribute(use.node, 'axis', -1);
  const axis = given < 0 ? given + rank : given;
  const length = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const size = x.values.length;
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  const radius = radiusOf(x);
  const groups = new Int32Array(size);
  const sharedBounds = new Float64Array(size / length);
  const starts = Int32Array.from(
    { length: size / length },
    (_, g) => Math.floor(g / inner) * length * inner + (g % inner),
  );
  for (const [g, start] of starts.entries()) {
    let largest = Number.NEGATIVE_INFINITY;
    let wide = 0;
    for (let k = 0; k < length; k++) {
      largest = Math.max(largest, x.values[start + k * inner]);
      wide = Math.max(wide, radius[start + k * inner]);
    }
    let total = 0;
    for (let k = 0; k < length; k++) {
      const i = start + k * inner;
      values[i] = Math.exp(x.values[i] - largest);
      total += values[i];
    }
    let meanRadius = 0;
    let meanDistance = 0;
    for (let k = 0; k < length; k++) {
      const i = start + k * inner;
      values[i] /= total;
      meanRadius += values[i] * radius[i];
      meanDistance += values[i] * (largest - x.values[i]);
    }
    // Differences are rounded, which exp turns into relative errors; those of the sum are the same for all of the group.
    const ofExp = 2 * accuracyOf.Exp.ulps;
    sharedBounds[g] = 1.01 * u32 * (1.01 * (meanDistance + 4 * wide) + ofExp + length + 1);
    for (let k = 0; k < length; k++) {
      const i = start + k * inner;
      const p = values[i];
      groups[i] = g;
      spread[i] = p * (radius[i] + meanRadius);
      const bend = Math.min(p * wide * wide * (0.5 + 2 * Math.exp(Math.min(2 * wide, 50))), 1 + p * 2 * wide);
      const distance = largest - x.values[i] + 4 * wide;
      const relative = u32 * (1.01 * distance + ofExp + 4);
      const moved = Math.min(1, spread[i] + bend);
      local[i] =
        bend +
        1.01 * relative * Math.min(1, p + moved) +
        sharedBounds[g] * (moved + relative) +
        u64 * (length + 16 + 4 * (distance + meanDistance)) * p;
    }
  }
  return {
    shape: x.shape,
    values,
    spread,
    local,
    shared: [{ direction: values, groups, bounds: sharedBounds }],
    terms: length + 4,
    isMixing: true,
    pull: (functionals, rows) => {
      for (let row = 0; row < rows; row++)
        for (const start of starts) {
          const from = row * size + start;
          let mean = 0;
          for (let k = 0; k < length; k++) mean += values[start + k * inner] * functionals[from + k * inner];
          if (mean === 0 && functionals[from] === 0) {
            let isZero = true;
            for (let k = 0; isZero && k < length; k++) isZero = functionals[from + k * inner] === 0;
            if (isZero) continue;
          }
          for (let k = 0; k < length; k++) {
            const i = from + k * inner;
            functionals[i] = values[start + k * inner] * (functionals[i] - mean);
          }
        }
      return [functionals];
    },
  };
};
