// Sums, differences, products and quotients of two tensors, broadcast; and the same of whole numbers, which are exact.

import { reciprocal } from '../curve.ts';
import { u32, u64 } from '../hypotheses.ts';
import { maximum } from '../maximum.ts';
import { exactOutcome, isWhole, type Outcome, type Row, type Use } from '../row.ts';
import { type Bounded, broadcastIndex, broadcastShape, exactTensor, radiusOf } from '../tensor.ts';
import { alongCurve } from './activation.ts';

interface Operands {
  readonly shape: readonly number[];
  readonly size: number;
  readonly a: Side;
  readonly b: Side;
}

interface Side {
  readonly tensor: Bounded;
  readonly at: (i: number) => number;
  readonly radius: Float64Array;
}

function operandsOf(use: Use, first: Bounded, second: Bounded): Operands {
  const shape = broadcastShape(first.shape, second.shape);
  if (shape === undefined)
    throw use.fail('shapes that broadcast', `[${first.shape.join(', ')}] and [${second.shape.join(', ')}]`);
  const side = (tensor: Bounded): Side => {
    const index = broadcastIndex(tensor.shape, shape);
    return { tensor, at: index ? (i) => index[i] : (i) => i, radius: radiusOf(tensor) };
  };
  return { shape, size: shape.reduce((product, n) => product * n, 1), a: side(first), b: side(second) };
}

/** The transpose of a broadcast product with `factors`: sums over what one element was broadcast to. */
function pullSide(
  { tensor, at }: Side,
  functionals: Float64Array,
  rows: number,
  size: number,
  factor: (i: number) => number,
): Float64Array | undefined {
  if (tensor.radius === undefined) return undefined;
  const own = tensor.values.length;
  const pulled = new Float64Array(rows * own);
  const [indices, factors] = [new Int32Array(size), new Float64Array(size)];
  for (let i = 0; i < size; i++) {
    indices[i] = at(i);
    factors[i] = factor(i);
  }
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < size; i++) pulled[row * own + indices[i]] += functionals[row * size + i] * factors[i];
  return pulled;
}

type Whole = (a: number, b: number) => number;

const wholeArithmetic: Readonly<Record<string, Whole>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
  Mod: (a, b) => a - b * Math.floor(a / b),
};

const comparisons: Readonly<Record<string, Whole>> = {
  Equal: (a, b) => Number(a === b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  And: (a, b) => Number(a !== 0 && b !== 0),
  Or: (a, b) => Number(a !== 0 || b !== 0),
};

function exactly({ shape, size, a, b }: Operands, type: Bounded['type'], f: Whole): Outcome {
  const values = Float64Array.from({ length: size }, (_, i) => f(a.tensor.values[a.at(i)], b.tensor.values[b.at(i)]));
  return exactOutcome(type, shape, values);
}

/** a + sign b */
function combine(use: Use, first: Bounded, second: Bounded, sign: 1 | -1): Outcome {
  const operands = operandsOf(use, first, second);
  const { shape, size, a, b } = operands;
  if (isWhole(first.type)) return exactly(operands, first.type, (x, y) => x + sign * y);
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  // A bias or a second branch may be where a runtime begins the sum of products before it: then all partial sums have it.
  const [ofFirst, ofSecond] = [second.addends ?? 0, first.addends ?? 0];
  for (let i = 0; i < size; i++) {
    const [p, q] = [a.at(i), b.at(i)];
    values[i] = a.tensor.values[p] + sign * b.tensor.values[q];
    spread[i] = a.radius[p] + b.radius[q];
    const begun =
      ofFirst * (Math.abs(a.tensor.values[p]) + a.radius[p]) + ofSecond * (Math.abs(b.tensor.values[q]) + b.radius[q]);
    local[i] = (u32 + u64) * (Math.abs(values[i]) + spread[i] + 1.01 * begun);
  }
  return {
    shape,
    values,
    spread,
    local,
    terms: Math.max(2, Math.ceil(size / Math.min(first.values.length, second.values.length))),
    isMixing: false,
    pull: (functionals, rows) => {
      const right = pullSide(b, functionals, rows, size, () => sign);
      if (first.radius && first.values.length === size) return [right ? functionals.slice() : functionals, right];
      return [pullSide(a, functionals, rows, size, () => 1), right];
    },
  };
}

/** (a + e)(b + f) = a b + b e + a f + e f */
function multiply(use: Use, first: Bounded, second: Bounded, roundings: number): Outcome {
  const operands = operandsOf(use, first, second);
  const { shape, size, a, b } = operands;
  if (isWhole(first.type)) return exactly(operands, first.type, wholeArithmetic.Mul);
  const values = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const [p, q] = [a.at(i), b.at(i)];
    const [x, y] = [a.tensor.values[p], b.tensor.values[q]];
    values[i] = x * y;
    spread[i] = Math.abs(x) * b.radius[q] + Math.abs(y) * a.radius[p];
    const both = a.radius[p] * b.radius[q];
    local[i] = both + roundings * (u32 + u64) * (Math.abs(values[i]) + spread[i] + both);
  }
  return {
    shape,
    values,
    spread,
    local,
    terms: Math.max(2, Math.ceil(size / Math.min(first.values.length, second.values.length))),
    isMixing: false,
    pull: (functionals, rows) => {
      const left = pullSide(a, functionals, rows, size, (i) => b.tensor.values[b.at(i)]);
      return [left, pullSide(b, functionals, rows, size, (i) => a.tensor.values[a.at(i)])];
    },
  };
}

/** The quotient as a product with the reciprocal, of which the rounding is then counted as one of the quotient. */
const divide: Row = (use) => {
  const [first, second] = [use.input(0), use.input(1)];
  if (isWhole(first.type)) return exactly(operandsOf(use, first, second), first.type, wholeArithmetic.Div);
  const inverse = alongCurve(use, second, (x, radius) => {
    const line = reciprocal(x, radius);
    return line && { ...line, rounding: 0 };
  }) as Outcome;
  const isConstant = second.radius === undefined;
  const divisor: Bounded = {
    ...exactTensor(-1, second.type, second.shape, inverse.values),
    radius: Float64Array.from(inverse.spread, (own, i) => own + inverse.local[i]),
  };
  // A runtime rounds the quotient once; some round the reciprocal and the product.
  const quotient = multiply(use, first, divisor, 3);
  if (isConstant)
    return {
      ...quotient,
      // What the reference's reciprocal is off by is no error of the input.
      local: quotient.local.map(
        (own, i) => own + quotient.spread[i] * u64 * 4 + Math.abs(quotient.values[i]) * u64 * 64,
      ),
      pull: (functionals, rows) => [quotient.pull(functionals, rows)[0], undefined],
    };
  const bends = broadcastIndex(second.shape, quotient.shape);
  const numerators = broadcastIndex(first.shape, quotient.shape);
  const firstRadius = radiusOf(first);
  return {
    ...quotient,
    // What the reciprocal's own line leaves out, times the numerator.
    local: quotient.local.map((own, i) => {
      const p = numerators ? numerators[i] : i;
      return own + inverse.local[bends ? bends[i] : i] * (Math.abs(first.values[p]) + firstRadius[p]);
    }),
    pull: (functionals, rows) => {
      const [left, right] = quotient.pull(functionals, rows);
      return [left, right && inverse.pull(right, rows)[0]];
    },
  };
};

const whole =
  (table: Readonly<Record<string, Whole>>, type?: 'bool'): Row =>
  (use) => {
    const [a, b] = [use.input(0), use.input(1)];
    if (a.radius || b.radius) throw use.fail('numbers that every runtime has exactly', 'computed ones');
    return exactly(operandsOf(use, a, b), type ?? a.type, table[use.node.operator]);
  };

/** Max and Min of several tensors, one after the other. */
const extreme =
  (sign: 1 | -1): Row =>
  (use) => {
    if (use.inputs.length === 1) return copy(use.input(0));
    if (use.inputs.length !== 2) throw use.fail('one or two tensors', `${use.inputs.length}`);
    const { shape, size, a, b } = operandsOf(use, use.input(0), use.input(1));
    const split = a.tensor.values.length;
    const joined = new Float64Array(split + b.tensor.values.length);
    joined.set(a.tensor.values);
    joined.set(b.tensor.values, split);
    const isExact = a.tensor.radius === undefined && b.tensor.radius === undefined;
    const both = exactTensor(-1, a.tensor.type, [joined.length], joined);
    if (!isExact) {
      both.radius = new Float64Array(joined.length);
      both.radius.set(a.radius);
      both.radius.set(b.radius, split);
    }
    const sources = new Int32Array(2 * size);
    for (let i = 0; i < size; i++) {
      sources[2 * i] = a.at(i);
      sources[2 * i + 1] = split + b.at(i);
    }
    const outcome = maximum(both, sources, 2, shape, sign);
    return {
      ...outcome,
      terms: Math.max(2, size),
      pull: (functionals, rows) => {
        const [pulled] = outcome.pull(functionals, rows);
        if (pulled === undefined) return [];
        const part = (from: number, length: number): Float64Array => {
          const own = new Float64Array(rows * length);
          for (let row = 0; row < rows; row++)
            own.set(pulled.subarray(row * joined.length + from, row * joined.length + from + length), row * length);
          return own;
        };
        return [a.tensor.radius && part(0, split), b.tensor.radius && part(split, joined.length - split)];
      },
    };
  };

/** The same numbers. */
export function copy(x: Bounded): Outcome {
  return {
    ...exactOutcome(x.type, x.shape, x.values),
    isExact: x.radius === undefined,
    spread: radiusOf(x),
    local: new Float64Array(x.values.length),
    terms: 1,
    pull: (functionals) => [functionals],
  };
}

/** The sum of one or two tensors. */
const sum: Row = (use) => {
  if (use.inputs.length === 1) return copy(use.input(0));
  if (use.inputs.length !== 2) throw use.fail('one or two tensors', `${use.inputs.length}`);
  return combine(use, use.input(0), use.input(1), 1);
};

/** A condition that every runtime has exactly picks from two tensors. */
const where: Row = (use) => {
  const [condition, yes, no] = [0, 1, 2].map(use.input);
  if (condition.radius) throw use.fail('a condition that every runtime has exactly', 'a computed one');
  const { shape, size, a, b } = operandsOf(use, yes, no);
  const own = broadcastShape(shape, condition.shape);
  if (own === undefined || own.length !== shape.length || own.some((n, i) => n !== shape[i]))
    throw use.fail('a condition of the shape of the branches', `[${condition.shape.join(', ')}]`);
  const index = broadcastIndex(condition.shape, shape);
  const isYes = (i: number): boolean => condition.values[index ? index[i] : i] !== 0;
  const pick = (of: (side: Side) => Float64Array): Float64Array =>
    Float64Array.from({ length: size }, (_, i) => (isYes(i) ? of(a)[a.at(i)] : of(b)[b.at(i)]));
  const values = pick((side) => side.tensor.values);
  return {
    ...exactOutcome(yes.type, shape, values),
    isExact: yes.radius === undefined && no.radius === undefined,
    spread: pick((side) => side.radius),
    local: new Float64Array(size),
    terms: size,
    pull: (functionals, rows) => [
      undefined,
      pullSide(a, functionals, rows, size, (i) => (isYes(i) ? 1 : 0)),
      pullSide(b, functionals, rows, size, (i) => (isYes(i) ? 0 : 1)),
    ],
  };
};

export const arithmeticRows: Readonly<Record<string, Row>> = {
  Add: (use) => combine(use, use.input(0), use.input(1), 1),
  Sub: (use) => combine(use, use.input(0), use.input(1), -1),
  Mul: (use) => multiply(use, use.input(0), use.input(1), 1),
  Div: divide,
  Sum: sum,
  Max: extreme(1),
  Min: extreme(-1),
  Where: where,
  Mod: whole(wholeArithmetic),
  ...Object.fromEntries(Object.keys(comparisons).map((name): [string, Row] => [name, whole(comparisons, 'bool')])),
};
