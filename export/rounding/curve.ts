// Functions of one number: for each its slope, how far it bends away from the line with that slope, and the stated accuracy with
// which a runtime computes it.
import { type Accuracy, accuracyOf, u32, u64 } from './hypotheses.ts';
import { erf } from './special.ts';

export interface Line {
  readonly value: number;
  readonly slope: number;
  /** At most |f(x + e) - f(x) - slope e| for all |e| <= radius. */
  readonly bend: number;
  /** At most |computed - f| for a runtime's f at any of them. */
  readonly rounding: number;
  /** Value and slope are copied or compared, not computed. */
  readonly isExact?: boolean;
}

/** Undefined where the function is not defined, or jumps, somewhere in the interval. */
export type Curve = (x: number, radius: number) => Line | undefined;

/** A function whose slope is at most `steepest` and whose second derivative is at most `curvature` in absolute value. */
function smooth(
  f: (x: number) => number,
  slope: (x: number) => number,
  steepest: number,
  curvature: number,
  accuracy: Accuracy,
): Curve {
  return (x, radius) => {
    const value = f(x);
    const own = slope(x);
    const bend = Math.min(0.5 * curvature * radius * radius, (steepest + Math.abs(own)) * radius);
    return { value, slope: own, bend, rounding: errorOf(Math.abs(value) + steepest * radius, accuracy) };
  };
}

export function errorOf(magnitude: number, { ulps, absolute }: Accuracy): number {
  return 2 * u32 * (ulps * magnitude + absolute);
}

/** Straight between `kinks`, where the slope changes from one of `slopes` to the next. One operation, or `roundings` of them. */
export function bent(
  f: (x: number) => number,
  kinks: readonly number[],
  slopes: readonly number[],
  roundings: number,
): Curve {
  const steepest = Math.max(...slopes.map(Math.abs));
  return (x, radius) => {
    const piece = kinks.filter((kink) => x > kink).length;
    const slope = slopes[piece];
    let bend = 0;
    kinks.forEach((kink, i) => {
      bend += Math.abs(slopes[i + 1] - slopes[i]) * Math.max(0, radius - Math.abs(x - kink));
    });
    const value = f(x);
    const magnitude = Math.max(Math.abs(value), Math.abs(x) * steepest) + steepest * radius;
    return { value, slope, bend, rounding: roundings * u32 * magnitude, isExact: roundings === 0 };
  };
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const normal = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));

/** x g(x) with g between 0 and 1, computed from g by up to six more roundings: their error is relative to |x|, not to the product. */
function gated(f: (x: number) => number, slope: (x: number) => number, steepest: number, curvature: number): Curve {
  const curve = smooth(f, slope, steepest, curvature, { ulps: 0, absolute: 0 });
  return (x, radius) => {
    const line = curve(x, radius);
    return line && { ...line, rounding: errorOf(Math.abs(x) + radius, { ulps: 8, absolute: 1 }) };
  };
}

const geluSlope = (x: number): number => normal(x) + x * density(x);
const root = Math.sqrt(2 / Math.PI);
const tanhGate = (x: number): number => 0.5 * (1 + Math.tanh(root * (x + 0.044715 * x ** 3)));
const tanhGeluSlope = (x: number): number => {
  const inner = Math.tanh(root * (x + 0.044715 * x ** 3));
  return 0.5 * (1 + inner) + 0.5 * x * (1 - inner * inner) * root * (1 + 3 * 0.044715 * x * x);
};
const mish = (x: number): number => x * Math.tanh(softplus(x));
const mishSlope = (x: number): number => {
  const inner = Math.tanh(softplus(x));
  return inner + x * (1 - inner * inner) * sigmoid(x);
};

/** Curvature and slope are least upper bounds rounded up; a test looks for larger ones on a fine grid. */
export const smoothCurves = {
  Tanh: smooth(Math.tanh, (x) => 1 - Math.tanh(x) ** 2, 1, 0.7699, accuracyOf.Tanh),
  Sigmoid: smooth(sigmoid, (x) => sigmoid(x) * sigmoid(-x), 0.25, 0.0963, accuracyOf.Sigmoid),
  Softplus: smooth(softplus, sigmoid, 1, 0.25, accuracyOf.Softplus),
  Erf: smooth(erf, (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x), 1.1284, 0.968, accuracyOf.Erf),
  Gelu: gated((x) => x * normal(x), geluSlope, 1.1291, 0.7979),
  GeluTanh: gated((x) => x * tanhGate(x), tanhGeluSlope, 1.13, 0.8),
  Mish: gated(mish, mishSlope, 1.0885, 0.65),
  Sin: smooth(Math.sin, Math.cos, 1, 1, accuracyOf.Sin),
  Cos: smooth(Math.cos, (x) => -Math.sin(x), 1, 1, accuracyOf.Cos),
  Softsign: smooth(
    (x) => x / (1 + Math.abs(x)),
    (x) => 1 / (1 + Math.abs(x)) ** 2,
    1,
    2,
    { ulps: 2, absolute: 0 },
  ),
} as const satisfies Record<string, Curve>;

/** exp, log, sqrt, 1/x and powers: their curvature is bounded at the end of the interval where it is largest. */
export const exponential: Curve = (x, radius) => {
  const value = Math.exp(x);
  return {
    value,
    slope: value,
    bend: value * (Math.expm1(radius) - radius) * 1.01 + value * u64 * radius,
    rounding: errorOf(value * Math.exp(radius), accuracyOf.Exp),
  };
};

function onPositive(
  f: (x: number) => number,
  slope: (x: number) => number,
  second: (x: number) => number,
  accuracy: Accuracy,
): Curve {
  return (x, radius) => {
    const low = x - radius;
    // Far from 0, and from subnormal numbers that a runtime may read as 0.
    if (!(low > 2 ** -60)) return undefined;
    const value = f(x);
    const bend = 0.5 * second(low) * radius * radius;
    const largest = Math.max(Math.abs(f(low)), Math.abs(f(x + radius)));
    return { value, slope: slope(x), bend, rounding: errorOf(largest, accuracy) };
  };
}

export const logarithm = onPositive(
  Math.log,
  (x) => 1 / x,
  (x) => 1 / (x * x),
  accuracyOf.Log,
);
export const squareRoot = onPositive(
  Math.sqrt,
  (x) => 0.5 / Math.sqrt(x),
  (x) => 0.25 * x ** -1.5,
  accuracyOf.Sqrt,
);

export const reciprocal: Curve = (x, radius) => {
  const low = Math.abs(x) - radius;
  if (!(low > 2 ** -60)) return undefined;
  return {
    value: 1 / x,
    slope: -1 / (x * x),
    bend: (radius * radius) / (low * x * x),
    rounding: errorOf(1 / low, accuracyOf.Reciprocal),
  };
};

/** x ** exponent. */
export function power(exponent: number): Curve {
  if (exponent === 1) return bent((x) => x, [], [1], 0);
  if (exponent === 2)
    return (x, radius) => ({
      value: x * x,
      slope: 2 * x,
      bend: radius * radius,
      rounding: errorOf((Math.abs(x) + radius) ** 2, accuracyOf.Pow),
    });
  if (exponent === 3)
    return (x, radius) => {
      const largest = Math.abs(x) + radius;
      return {
        value: x ** 3,
        slope: 3 * x * x,
        bend: 3 * largest * radius * radius,
        rounding: errorOf(largest ** 3, accuracyOf.Pow),
      };
    };
  const second = (x: number): number => Math.abs(exponent * (exponent - 1)) * x ** (exponent - 2);
  return (x, radius) => {
    const low = x - radius;
    if (!(low > 2 ** -60)) return undefined;
    const bend = 0.5 * Math.max(second(low), second(x + radius)) * radius * radius;
    const largest = Math.max(low ** exponent, (x + radius) ** exponent);
    return {
      value: x ** exponent,
      slope: exponent * x ** (exponent - 1),
      bend,
      rounding: errorOf(largest, accuracyOf.Pow),
    };
  };
}

/** scale (exp(x) - 1) below 0, `above` x above; exp(x) - 1 may be computed by subtraction. */
export function exponentialUnit(above: number, scale: number, divisor: number): Curve {
  return (x, radius) => {
    const value = x > 0 ? above * x : scale * Math.expm1(x / divisor);
    const slope = x > 0 ? above : (scale / divisor) * Math.exp(x / divisor);
    const steepest = Math.max(Math.abs(above), Math.abs(scale / divisor));
    const jump = Math.abs(above - scale / divisor) * Math.max(0, radius - Math.abs(x));
    const curvature = x - radius > 0 ? 0 : Math.abs(scale) / (divisor * divisor);
    const bend = Math.min(jump + 0.5 * curvature * radius * radius, (steepest + Math.abs(slope)) * radius);
    const magnitude = Math.abs(value) + steepest * radius + Math.abs(scale);
    return { value, slope, bend, rounding: errorOf(magnitude, { ulps: 6, absolute: 0 }) };
  };
}

/** x clip(x / 6 + 1/2, 0, 1) */
export const hardSwish: Curve = (x, radius) => {
  const gate = Math.min(1, Math.max(0, x / 6 + 0.5));
  const isInner = Math.abs(x) < 3;
  const jumps = 0.5 * (Math.max(0, radius - Math.abs(x - 3)) + Math.max(0, radius - Math.abs(x + 3)));
  return {
    value: x * gate,
    slope: isInner ? x / 3 + 0.5 : gate,
    bend: (radius * radius) / 6 + jumps,
    rounding: errorOf(Math.abs(x) + radius, { ulps: 4, absolute: 0 }),
  };
};
