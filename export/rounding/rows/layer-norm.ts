// Layer norm: a group of numbers that are computed together.
import { sizeOf } from '../../graph/constant.ts';
import { floatAttribute, intAttribute } from '../../graph/graph.ts';
import { u32, u64 } from '../hypotheses.ts';
import type { Row } from '../row.ts';
import { radiusOf } from '../tensor.ts';

/**
 * scale (x - mean) / s + offset, s = sqrt(variance + epsilon), in groups of n; d = x - mean.
 * The variance may be computed from the deviations or as mean square minus squared mean: off by (3 n + 8) u mean square at most.
 * With c the centred change and q its root mean square: s changes by at most q, and
 * |second derivative of d / s along c| <= 2 |c_i| q / s^2 + 2 |d_i| q^2 / s^3 on the way, where s is at least s - q.
 */
export const layerNorm: Row = (use) => {
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
