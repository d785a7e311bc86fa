// Activations and other functions of one number, along their curves.
import type { Node } from '../../graph/graph.ts';
import { floatAttribute, stringAttribute } from '../../graph/graph.ts';
import {
  bent,
  type Curve,
  exponential,
  exponentialUnit,
  hardSwish,
  logarithm,
  power,
  reciprocal,
  smoothCurves,
  squareRoot,
} from '../curve.ts';
import { u32, u64 } from '../hypotheses.ts';
import { exactOutcome, isWhole, type Row, type Use } from '../row.ts';
import { type Bounded, radiusOf } from '../tensor.ts';

type CurveOf = (node: Node) => Curve | undefined;

const curves: Readonly<Record<string, CurveOf>> = {
  ...Object.fromEntries(Object.entries(smoothCurves).map(([name, curve]): [string, CurveOf] => [name, () => curve])),
  GeluTanh: () => undefined,
  Gelu: (node) => (stringAttribute(node, 'approximate', 'none') === 'tanh' ? smoothCurves.GeluTanh : smoothCurves.Gelu),
  Exp: () => exponential,
  Log: () => logarithm,
  Sqrt: () => squareRoot,
  Reciprocal: () => reciprocal,
  Neg: () => bent((x) => -x, [], [-1], 0),
  Abs: () => bent(Math.abs, [0], [-1, 1], 0),
  Relu: () => bent((x) => Math.max(x, 0), [0], [0, 1], 0),
  LeakyRelu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 0.01);
    return bent((x) => (x > 0 ? x : alpha * x), [0], [alpha, 1], 1);
  },
  HardSigmoid: (node) => {
    const [alpha, beta] = [floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)];
    if (!(alpha > 0)) return undefined;
    const f = (x: number): number => Math.min(1, Math.max(0, alpha * x + beta));
    const curve = bent(f, [-beta / alpha, (1 - beta) / alpha], [0, alpha, 0], 3);
    return (x, radius) => {
      const line = curve(x, radius);
      return line && { ...line, rounding: 3 * u32 * (1 + Math.abs(beta)) * 2 };
    };
  },
  HardSwish: () => hardSwish,
  Elu: (node) => exponentialUnit(1, floatAttribute(node, 'alpha', 1), 1),
  Celu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    return alpha > 0 ? exponentialUnit(1, alpha, alpha) : undefined;
  },
  Selu: (node) => {
    const [alpha, gamma] = [floatAttribute(node, 'alpha', 1.6732632), floatAttribute(node, 'gamma', 1.050701)];
    return exponentialUnit(gamma, gamma * alpha, 1);
  },
};

/** `curve` at every element. */
export function alongCurve(use: Use, x: Bounded, curve: Curve): ReturnType<Row> {
  const size = x.values.length;
  const radius = radiusOf(x);
  const values = new Float64Array(size);
  const slopes = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const line = curve(x.values[i], radius[i]);
    if (line === undefined)
      throw use.fail(
        'numbers where the function is defined and smooth on every runtime',
        `${x.values[i]}, known to ${radius[i].toExponential(1)}`,
      );
    values[i] = line.value;
    slopes[i] = line.slope;
    spread[i] = Math.abs(line.slope) * radius[i];
    // The reference's own value and slope are good to a few units of float64. What relu makes 0 is 0 on every runtime.
    const own = line.isExact ? 0 : 16 * u64 * (Math.abs(line.value) + 1 + radius[i] * (1 + Math.abs(line.slope)));
    local[i] = line.bend + line.rounding + own;
  }
  return {
    shape: x.shape,
    values,
    spread,
    local,
    terms: 1,
    isMixing: false,
    pull: (functionals, rows) => {
      for (let row = 0; row < rows; row++) for (let i = 0; i < size; i++) functionals[row * size + i] *= slopes[i];
      return [functionals];
    },
  };
}

const unary: Row = (use) => {
  const curve = curves[use.node.operator](use.node);
  if (curve === undefined) throw use.fail('attributes that are known here', 'others');
  return alongCurve(use, use.input(0), curve);
};

/** A limit may be left out; both are constants. */
const clip: Row = (use) => {
  const limits = [use.inputs[1], use.inputs[2]];
  if (limits.some((limit) => limit?.radius)) throw use.fail('limits that are constants', 'computed ones');
  const x = use.input(0);
  const low = limits[0]?.values[0] ?? Number.NEGATIVE_INFINITY;
  const high = Math.max(low, limits[1]?.values[0] ?? Number.POSITIVE_INFINITY);
  const f = (value: number): number => Math.min(high, Math.max(low, value));
  if (isWhole(x.type)) return exactOutcome(x.type, x.shape, x.values.map(f));
  const kinks = [low, high];
  const slopes = [0, 1, 0];
  return alongCurve(use, x, bent(f, kinks, slopes, 0));
};

const power2: Row = (use) => {
  const exponent = use.input(1);
  if (exponent.radius || exponent.values.length !== 1)
    throw use.fail('a constant number as exponent', 'something else');
  return alongCurve(use, use.input(0), power(exponent.values[0]));
};

/** Slope 1 above 0; below, the constant slope of each element. */
const leaky: Row = (use) => {
  const [x, slope] = [use.input(0), use.input(1)];
  if (slope.radius) throw use.fail('slopes that are constants', 'computed ones');
  const distinct = new Set(slope.values);
  if (distinct.size !== 1) throw use.fail('one slope for all channels', `${distinct.size} slopes`);
  const alpha = slope.values[0];
  return alongCurve(
    use,
    x,
    bent((value) => (value > 0 ? value : alpha * value), [0], [alpha, 1], 1),
  );
};

export const activationRows: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(
    Object.keys(curves)
      .filter((name) => name !== 'GeluTanh')
      .map((name): [string, Row] => [name, unary]),
  ),
  Clip: clip,
  Pow: power2,
  PRelu: leaky,
};
