// Sums, means and extremes over axes.
import { sizeOf, stridesOf } from '../../graph/constant.ts';
import { intAttribute, intsAttribute } from '../../graph/graph.ts';
import { sumError, u32, u64 } from '../hypotheses.ts';
import { maximum } from '../maximum.ts';
import { exactOutcome, isWhole, type Row, type Use } from '../row.ts';
import { radiusOf, walk } from '../tensor.ts';

interface Reduction {
  readonly shape: readonly number[];
  /** [outputs, taps] elements of the input. */
  readonly sources: Int32Array;
  readonly taps: number;
}

function reductionOf(use: Use): Reduction {
  const { node } = use;
  const x = use.input(0);
  const rank = x.shape.length;
  const given = use.inputs[1] ? Array.from(use.inputs[1].values) : intsAttribute(node, 'axes');
  const isIdle = intAttribute(node, 'noop_with_empty_axes', 0) !== 0;
  const all = isIdle ? [] : [...x.shape.keys()];
  const axes = given === undefined || given.length === 0 ? all : given.map((axis) => (axis < 0 ? axis + rank : axis));
  const isKept = intAttribute(node, 'keepdims', 1) !== 0;
  const strides = stridesOf(x.shape);
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const pick = (chosen: readonly number[]): Int32Array =>
    walk(
      chosen.map((axis) => x.shape[axis]),
      chosen.map((axis) => strides[axis]),
      0,
    );
  const [starts, steps] = [pick(kept), pick(axes)];
  const sources = new Int32Array(starts.length * steps.length);
  for (let i = 0; i < starts.length; i++)
    for (let t = 0; t < steps.length; t++) sources[i * steps.length + t] = starts[i] + steps[t];
  const shape = isKept
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : kept.map((axis) => x.shape[axis]);
  return { shape, sources, taps: steps.length };
}

const additive =
  (isMean: boolean): Row =>
  (use) => {
    const x = use.input(0);
    const { shape, sources, taps } = reductionOf(use);
    const size = sizeOf(shape);
    const divisor = isMean ? taps : 1;
    const values = new Float64Array(size);
    const spread = new Float64Array(size);
    const local = new Float64Array(size);
    const radius = radiusOf(x);
    for (let i = 0; i < size; i++) {
      let mass = 0;
      for (let t = 0; t < taps; t++) {
        const source = sources[i * taps + t];
        values[i] += x.values[source];
        mass += Math.abs(x.values[source]);
        spread[i] += radius[source];
      }
      const error = sumError(values[i], mass, spread[i], taps, use.hypotheses) + (taps + 2) * u64 * mass;
      local[i] = (error + (isMean ? 3 * u32 * (mass + spread[i]) : 0)) / divisor;
      values[i] /= divisor;
      spread[i] /= divisor;
    }
    if (isWhole(x.type)) return exactOutcome(x.type, shape, values);
    return {
      shape,
      values,
      spread,
      local,
      terms: taps,
      isMixing: true,
      pull: (functionals, rows) => {
        const pulled = new Float64Array(rows * x.values.length);
        for (let row = 0; row < rows; row++)
          for (let i = 0; i < size; i++) {
            const share = functionals[row * size + i] / divisor;
            if (share === 0) continue;
            for (let t = 0; t < taps; t++) pulled[row * x.values.length + sources[i * taps + t]] += share;
          }
        return [pulled];
      },
    };
  };

const extreme =
  (sign: 1 | -1): Row =>
  (use) => {
    const { shape, sources, taps } = reductionOf(use);
    return maximum(use.input(0), sources, taps, shape, sign);
  };

/** The sum of squares: (x + e)^2 = x^2 + 2 x e + e^2. */
const squares: Row = (use) => {
  const x = use.input(0);
  const { shape, sources, taps } = reductionOf(use);
  const size = sizeOf(shape);
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  const radius = radiusOf(x);
  for (let i = 0; i < size; i++) {
    for (let t = 0; t < taps; t++) {
      const source = sources[i * taps + t];
      values[i] += x.values[source] ** 2;
      spread[i] += 2 * Math.abs(x.values[source]) * radius[source];
      local[i] += radius[source] ** 2;
    }
    // All terms are positive. A square may be computed by a power function.
    const moved = spread[i] + local[i];
    local[i] +=
      sumError(values[i], values[i], moved, taps, use.hypotheses) +
      8 * u32 * (values[i] + moved) +
      taps * u64 * values[i];
  }
  return {
    shape,
    values,
    spread,
    local,
    terms: taps,
    isMixing: true,
    pull: (functionals, rows) => {
      const pulled = new Float64Array(rows * x.values.length);
      for (let row = 0; row < rows; row++)
        for (let i = 0; i < size; i++)
          for (let t = 0; t < taps; t++) {
            const source = sources[i * taps + t];
            pulled[row * x.values.length + source] += 2 * x.values[source] * functionals[row * size + i];
          }
      return [pulled];
    },
  };
};

export const reductionRows: Readonly<Record<string, Row>> = {
  ReduceSum: additive(false),
  ReduceMean: additive(true),
  ReduceMax: extreme(1),
  ReduceMin: extreme(-1),
  ReduceSumSquare: squares,
};
