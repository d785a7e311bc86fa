// Softmax and layer norm: groups of numbers that are computed together.
import { sizeOf } from '../../graph/constant.ts';
import { floatAttribute, intAttribute } from '../../graph/graph.ts';
import { accuracyOf, u32, u64 } from '../hypotheses.ts';
import type { Row } from '../row.ts';
import { radiusOf } from '../tensor.ts';

/**
 * p_i = exp(x_i) / sum of exp(x_j), by exponentials of differences from any number between the least and the largest x.
 * With |e| <= a: p(x + e)_i = p_i exp(e_i - c), |c - sum p_j e_j| <= a^2 / 2 and |e_i - c| <= 2 a.
 */
const softmax: Row = (use) => {
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

/**
 * scale (x - mean) / s + offset, s = sqrt(variance + epsilon), in groups of n; d = x - mean.
 * The variance may be computed from the deviations or as mean square minus squared mean: off by (3 n + 8) u mean square at most.
 * With c the centred change and q its root mean square: s changes by at most q, and
 * |second derivative of d / s along c| <= 2 |c_i| q / s^2 + 2 |d_i| q^2 / s^3 on the way, where s is at least s - q.
 */
const layerNorm: Row = (use) => {
  const { node, input, fail } = use;
  const x = input(0);
  const scale = input(1);
  const offset = use.inputs[2];
  if (scale.radius || offset?.radius) throw fail('a scale and an offset that are constants', 'computed ones');
  if (node.outputs.slice(1).some((name) => name !== '')) throw fail('one output', 'the mean too');
  if (intAttribute(node, 'stash_type', 1) !== 1) throw fail('sums in float32', 'a stash_type of another kind');
  const given = intAttribute(node, 'axis', -1);
  const axis = given < 0 ? given + x.shape.length : given;
  const n = sizeOf(x.shape.slice(axis));
  for (const parameter of [scale, offset])
    if (parameter && parameter.values.length !== n)
      throw fail(`parameters of ${n} numbers`, String(parameter.values.length));
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const size = x.values.length;
  const radius = radiusOf(x);
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  const normalised = new Float64Array(size);
  const deviations = new Float64Array(size / n);
  // What a wrong mean and a wrong deviation do to a whole group.
  const groups = new Int32Array(size);
  const byMean = new Float64Array(size);
  const byDeviation = new Float64Array(size);
  const meanBounds = new Float64Array(size / n);
  const deviationBounds = new Float64Array(size / n);
  for (let g = 0; g < size / n; g++) {
    const at = g * n;
    let mean = 0;
    let meanMagnitude = 0;
    let meanRadius = 0;
    for (let k = at; k < at + n; k++) {
      mean += x.values[k] / n;
      meanMagnitude += (Math.abs(x.values[k]) + radius[k]) / n;
      meanRadius += radius[k] / n;
    }
    let variance = 0;
    let meanSquare = 0;
    let change = 0;
    for (let k = at; k < at + n; k++) {
      variance += (x.values[k] - mean) ** 2 / n;
      meanSquare += (Math.abs(x.values[k]) + radius[k]) ** 2 / n;
      change += radius[k] ** 2 / n;
    }
    const s = Math.sqrt(variance + epsilon);
    const q = Math.sqrt(change);
    const least = s - q;
    if (!(least > s / 2))
      throw fail(
        'inputs that are known better than they vary',
        `a deviation of ${s.toPrecision(3)}, known to ${q.toExponential(1)}`,
      );
    deviations[g] = s;
    let weighted = 0;
    for (let k = at; k < at + n; k++) {
      normalised[k] = (x.values[k] - mean) / s;
      weighted += (Math.abs(normalised[k]) * radius[k]) / n;
    }
    const meanError = (n + 2) * u32 * meanMagnitude;
    const relative = (0.5 * (3 * n + 8) * u32 * meanSquare) / (least * least);
    if (relative > 0.1)
      throw fail(
        'a variance above the rounding of its squares',
        `a deviation of ${s.toPrecision(3)} of numbers up to ${Math.sqrt(meanSquare).toPrecision(3)}`,
      );
    meanBounds[g] = meanError;
    deviationBounds[g] = 1.2 * relative;
    for (let k = at; k < at + n; k++) {
      const signed = scale.values[k - at];
      const factor = Math.abs(signed);
      const shift = offset?.values[k - at] ?? 0;
      groups[k] = g;
      byMean[k] = signed / s;
      byDeviation[k] = signed * normalised[k];
      values[k] = normalised[k] * scale.values[k - at] + shift;
      spread[k] = (factor / s) * (radius[k] + meanRadius + Math.abs(normalised[k]) * weighted);
      const moved = radius[k] + meanRadius;
      const deviation = Math.abs(x.values[k] - mean) + moved;
      const bend = (moved * q) / least ** 2 + (deviation * q * q) / least ** 3;
      // As (x - mean) / s or as x (scale / s) + (offset - mean scale / s).
      const parts = Math.abs(x.values[k]) + radius[k] + Math.abs(mean) + meanRadius;
      const steeper = q / (s * least);
      const rounding =
        (6 * u32 * parts) / least +
        (deviation / least) * 8 * u32 +
        // Both errors at once, and at the changed inputs.
        1.2 * relative * ((moved + Math.abs(normalised[k]) * q) / least + meanError / least) +
        meanError * steeper;
      local[k] =
        factor * (bend + 1.01 * rounding) +
        4 * u32 * (Math.abs(values[k]) + spread[k] + Math.abs(shift)) +
        (4 * n + 64) *
          u64 *
          ((factor * (Math.abs(x.values[k]) + meanMagnitude + Math.sqrt(meanSquare))) / least) *
          (meanSquare / least ** 2 + 1);
    }
  }
  return {
    shape: x.shape,
    values,
    spread,
    local,
    shared: [
      { direction: byMean, groups, bounds: meanBounds },
      { direction: byDeviation, groups, bounds: deviationBounds },
    ],
    terms: 2 * n + 8,
    isMixing: true,
    pull: (functionals, rows) => {
      for (let row = 0; row < rows; row++)
        for (let g = 0; g < size / n; g++) {
          const from = row * size + g * n;
          let sum = 0;
          let product = 0;
          let isZero = true;
          for (let k = 0; k < n; k++) {
            const f = functionals[from + k] * scale.values[k];
            if (f !== 0) isZero = false;
            functionals[from + k] = f;
            sum += f / n;
            product += (f * normalised[g * n + k]) / n;
          }
          if (isZero) continue;
          for (let k = 0; k < n; k++)
            functionals[from + k] = (functionals[from + k] - sum - normalised[g * n + k] * product) / deviations[g];
        }
      return [functionals];
    },
  };
};

export const normalizationRows: Readonly<Record<string, Row>> = { Softmax: softmax, LayerNormalization: layerNorm };
