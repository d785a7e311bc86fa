// Every row by itself: the change of its values under a change of its inputs is its line and no more than its remainder, the spread is
// the line in absolute values, and its constants are what they claim to be.
import { describe, expect, test } from 'vitest';
import type { Attribute, Node } from '../../../export/graph/graph.ts';
import { type Curve, smoothCurves } from '../../../export/rounding/curve.ts';
import { anyOrder, sumError, u32 } from '../../../export/rounding/hypotheses.ts';
import type { Outcome } from '../../../export/rounding/row.ts';
import { rows } from '../../../export/rounding/rows/index.ts';
import { erf } from '../../../export/rounding/special.ts';
import { type Bounded, exactTensor, radiusOf } from '../../../export/rounding/tensor.ts';
import { type Random, randomFor } from '../../../src/random.ts';

interface Given {
  readonly shape: readonly number[];
  /** Default: numbers of either sign around 0. */
  readonly draw?: (random: Random) => number;
  readonly isExact?: boolean;
  readonly type?: 'float32' | 'int64';
}

interface Case {
  readonly operator: string;
  readonly inputs: readonly Given[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
}

const int = (value: number): Attribute => ({ type: 'int', value });
const ints = (...value: number[]): Attribute => ({ type: 'ints', value });
const float = (value: number): Attribute => ({ type: 'float', value });
const whole = (...values: number[]): Given => ({
  shape: [values.length],
  draw: (() => {
    let next = 0;
    return () => values[next++ % values.length];
  })(),
  isExact: true,
  type: 'int64',
});
const positive = (random: Random): number => 0.5 + random.uniform();
const weight = (...shape: number[]): Given => ({ shape, isExact: true });
const values = (...shape: number[]): Given => ({ shape });
const windowed = { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) };

const unary = [
  'Tanh',
  'Sigmoid',
  'Softplus',
  'Erf',
  'Gelu',
  'Mish',
  'Sin',
  'Cos',
  'Softsign',
  'Exp',
  'Neg',
  'Abs',
  'Relu',
  'LeakyRelu',
  'HardSigmoid',
  'HardSwish',
  'Elu',
  'Celu',
  'Selu',
];

const cases: readonly Case[] = [
  ...unary.map((operator): Case => ({ operator, inputs: [values(40)] })),
  { operator: 'Gelu', inputs: [values(40)], attributes: { approximate: { type: 'string', value: 'tanh' } } },
  { operator: 'Elu', inputs: [values(40)], attributes: { alpha: float(0.3) } },
  ...['Log', 'Sqrt', 'Reciprocal'].map((operator): Case => ({ operator, inputs: [{ shape: [40], draw: positive }] })),
  { operator: 'Clip', inputs: [values(40), { ...weight(), draw: () => -0.5 }, { ...weight(), draw: () => 0.7 }] },
  ...[2, 3, 0.5, -1.5].map(
    (exponent): Case => ({
      operator: 'Pow',
      inputs: [
        { shape: [40], draw: positive },
        { ...weight(), draw: () => exponent },
      ],
    }),
  ),
  { operator: 'PRelu', inputs: [values(40), { ...weight(1), draw: () => 0.2 }] },
  { operator: 'Gemm', inputs: [values(2, 5), weight(5, 3), weight(3)] },
  { operator: 'Gemm', inputs: [values(2, 5), weight(3, 5)], attributes: { transB: int(1) } },
  { operator: 'MatMul', inputs: [values(2, 4, 5), weight(5, 3)] },
  { operator: 'MatMul', inputs: [values(2, 3, 4), values(2, 4, 5)] },
  { operator: 'MatMul', inputs: [values(3, 4), values(2, 4, 5)] },
  { operator: 'Conv', inputs: [values(1, 4, 7, 6), weight(3, 4, 3, 3), weight(3)], attributes: windowed },
  {
    operator: 'Conv',
    inputs: [values(2, 4, 5, 5), weight(6, 2, 3, 2)],
    attributes: { group: int(2), dilations: ints(1, 2), auto_pad: { type: 'string', value: 'SAME_UPPER' } },
  },
  { operator: 'Conv', inputs: [values(1, 3, 9), weight(2, 3, 4)], attributes: { strides: ints(3) } },
  {
    operator: 'BatchNormalization',
    inputs: [values(1, 3, 2, 2), weight(3), weight(3), weight(3), { ...weight(3), draw: positive }],
  },
  { operator: 'AveragePool', inputs: [values(1, 2, 6, 6)], attributes: windowed },
  { operator: 'AveragePool', inputs: [values(1, 2, 6, 6)], attributes: { ...windowed, count_include_pad: int(1) } },
  {
    operator: 'AveragePool',
    inputs: [values(1, 2, 6, 6)],
    attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2), ceil_mode: int(1) },
  },
  { operator: 'GlobalAveragePool', inputs: [values(1, 3, 4, 4)] },
  { operator: 'MaxPool', inputs: [values(1, 2, 6, 6)], attributes: windowed },
  { operator: 'GlobalMaxPool', inputs: [values(1, 3, 4, 4)] },
  ...['Add', 'Sub', 'Mul', 'Max', 'Min'].flatMap((operator): Case[] => [
    { operator, inputs: [values(3, 4), values(3, 4)] },
    { operator, inputs: [values(2, 3, 4), values(3, 1)] },
    { operator, inputs: [weight(4), values(3, 4)] },
  ]),
  { operator: 'Div', inputs: [values(3, 4), { shape: [3, 1], draw: positive }] },
  { operator: 'Div', inputs: [values(3, 4), { ...weight(4), draw: positive }] },
  ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSumSquare'].flatMap((operator): Case[] => [
    { operator, inputs: [values(2, 3, 4)], attributes: { axes: ints(1), keepdims: int(0) } },
    { operator, inputs: [values(2, 3, 4), whole(-1, 0)] },
  ]),
  { operator: 'Softmax', inputs: [values(3, 5)] },
  { operator: 'Softmax', inputs: [values(2, 5, 3)], attributes: { axis: int(1) } },
  { operator: 'LayerNormalization', inputs: [values(3, 8), weight(8), weight(8)] },
  { operator: 'LayerNormalization', inputs: [values(2, 3, 4), weight(3, 4)], attributes: { axis: int(1) } },
  { operator: 'Reshape', inputs: [values(2, 6), whole(0, 3, -1)] },
  { operator: 'Flatten', inputs: [values(2, 3, 2)] },
  { operator: 'Transpose', inputs: [values(2, 3, 4)], attributes: { perm: ints(2, 0, 1) } },
  { operator: 'Squeeze', inputs: [values(2, 1, 3), whole(1)] },
  { operator: 'Unsqueeze', inputs: [values(2, 3), whole(1)] },
  { operator: 'Concat', inputs: [values(2, 3), weight(2, 2), values(2, 1)], attributes: { axis: int(1) } },
  { operator: 'Slice', inputs: [values(4, 5), whole(-1, 1), whole(-5, 4), whole(0, 1), whole(-2, 2)] },
  { operator: 'Split', inputs: [values(2, 5), whole(2, 3)], attributes: { axis: int(1) }, outputs: 2 },
  { operator: 'Gather', inputs: [values(4, 3), whole(2, 0, 2)] },
  ...['constant', 'edge', 'reflect'].map(
    (mode): Case => ({
      operator: 'Pad',
      inputs: [values(3, 4), whole(1, 0, 1, 2)],
      attributes: { mode: { type: 'string', value: mode } },
    }),
  ),
  { operator: 'Expand', inputs: [values(3, 1), whole(2, 3, 4)] },
  { operator: 'Tile', inputs: [values(2, 3), whole(2, 2)] },
  { operator: 'SpaceToDepth', inputs: [values(1, 2, 4, 4)], attributes: { blocksize: int(2) } },
  { operator: 'DepthToSpace', inputs: [values(1, 8, 2, 2)], attributes: { blocksize: int(2) } },
  {
    operator: 'DepthToSpace',
    inputs: [values(1, 8, 2, 2)],
    attributes: { blocksize: int(2), mode: { type: 'string', value: 'CRD' } },
  },
  { operator: 'Where', inputs: [{ ...weight(3, 4), draw: (random) => random.integer(2) }, values(3, 4), values(4)] },
];

function tensorOf(
  { shape, draw = (random) => 1.5 * random.normal(), isExact, type = 'float32' }: Given,
  random: Random,
  id: number,
): Bounded {
  const size = shape.reduce((product, n) => product * n, 1);
  const tensor = exactTensor(
    id,
    type,
    shape,
    Float64Array.from({ length: size }, () => draw(random)),
  );
  if (!isExact) tensor.radius = Float64Array.from({ length: size }, () => 10 ** -(1 + 3 * random.uniform()));
  return tensor;
}

function run({ operator, attributes = {}, outputs = 1 }: Case, inputs: readonly Bounded[]): readonly Outcome[] {
  const names = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const node: Node = {
    name: 'node',
    operator,
    domain: '',
    inputs: inputs.map((_, i) => `in${i}`),
    outputs: names,
    attributes,
  };
  const row = rows.get(operator);
  if (row === undefined) throw new Error(`no row for ${operator}`);
  const fail = (expected: string, got: string): Error => new Error(`expected ${expected}, got ${got}`);
  const input = (index: number): Bounded => inputs[index];
  return [row({ node, inputs, hypotheses: anyOrder, opset: 20, fail, input, once: (_, __, make) => make() })].flat();
}

/** The remainder's bound: what is an output's own, and what it shares with a group. */
function remainders({ local, shared = [] }: Outcome): Float64Array {
  return local.map((own, i) =>
    shared.reduce((sum, { direction, groups, bounds }) => sum + Math.abs(direction[i]) * bounds[groups[i]], own),
  );
}

describe('a row changes by its line and no more than its remainder', () => {
  test.each(cases.map((each, i) => [`${each.operator} (${i})`, each] as const))('%s', (_, each) => {
    const random = randomFor('row', each.operator);
    const inputs = each.inputs.map((given, id) => tensorOf(given, random, id));
    run(each, inputs).forEach((outcome, index) => {
      const size = outcome.values.length;
      const identity = Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
      const pulled = outcome.pull(identity, size);
      const bounds = remainders(outcome);
      const line = (of: (input: number, k: number) => number): Float64Array =>
        Float64Array.from({ length: size }, (_, i) =>
          pulled.reduce((sum, matrix, input) => {
            const own = inputs[input];
            if (matrix === undefined || own.radius === undefined) return sum;
            let total = sum;
            for (let k = 0; k < own.values.length; k++)
              total += of(input, i * own.values.length + k) * matrixAt(matrix, i, k, own);
            return total;
          }, 0),
        );
      // |L| radius, from the transpose.
      const absolute = Float64Array.from({ length: size }, (_, i) =>
        pulled.reduce((sum, matrix, input) => {
          const own = inputs[input];
          if (matrix === undefined || own.radius === undefined) return sum;
          return sum + own.radius.reduce((total, r, k) => total + r * Math.abs(matrixAt(matrix, i, k, own)), 0);
        }, 0),
      );
      expect(absolute.filter((value, i) => !(outcome.spread[i] >= value * (1 - 1e-12)))).toEqual(new Float64Array(0));
      for (let trial = 0; trial < 24; trial++) {
        const moves = inputs.map((own) =>
          radiusOf(own).map(
            (r) => r * (trial % 2 === 0 ? Math.sign(random.uniform() - 0.5) : 2 * random.uniform() - 1),
          ),
        );
        const moved = inputs.map((own, i) =>
          exactTensor(
            own.id,
            own.type,
            own.shape,
            own.values.map((value, k) => value + moves[i][k]),
          ),
        );
        const there = run(each, moved)[index].values;
        const expected = line((input, flat) => moves[input][flat % inputs[input].values.length]);
        const beyond = bounds.map((bound, i) => {
          const remainder = Math.abs(there[i] - outcome.values[i] - expected[i]);
          return remainder - bound - 1e-13 * (1 + Math.abs(there[i]));
        });
        const worst = beyond.findIndex((excess) => !(excess <= 0));
        expect(beyond[worst], `output ${worst}`).toBeUndefined();
      }
    });
  });

  test('every operator that has a row is among the cases, but those that move nothing', () => {
    const idle = [
      'Shape',
      'ConstantOfShape',
      'Constant',
      'Range',
      'Cast',
      'Identity',
      'Dropout',
      'Sum',
      'Mod',
      'Equal',
      'Greater',
      'GreaterOrEqual',
      'Less',
      'LessOrEqual',
      'And',
      'Or',
    ];
    expect(
      [...rows.keys()].filter((name) => !idle.includes(name) && !cases.some((each) => each.operator === name)),
    ).toEqual([]);
  });
});

function matrixAt(matrix: Float64Array, i: number, k: number, { values: own }: Bounded): number {
  return matrix[i * own.length + k];
}

test.each(Object.entries(smoothCurves))('%s is nowhere steeper or more bent than its constants', (_, curve: Curve) => {
  // The farthest beyond its line's bend, and where: one expectation for 48,006 places.
  let worst = { excess: Number.NEGATIVE_INFINITY, x: 0, e: 0 };
  for (let i = -4000; i <= 4000; i++) {
    const x = i / 400;
    for (const radius of [1e-3, 0.05, 0.4]) {
      const line = curve(x, radius);
      for (const e of [-radius, radius]) {
        const there = curve(x + e, 0);
        if (line === undefined || there === undefined) throw new Error('undefined');
        const excess = Math.abs(there.value - line.value - line.slope * e) - line.bend;
        if (!(excess <= worst.excess)) worst = { excess, x, e };
      }
    }
  }
  expect(worst.excess, `at ${worst.x} + ${worst.e}`).toBeLessThanOrEqual(1e-14);
});

test('the error function is that of tables', () => {
  const table: readonly (readonly [number, number])[] = [
    [0, 0],
    [0.1, 0.11246291601828488],
    [1, 0.8427007929497149],
    [2.4, 0.999311486103355],
    [2.6, 0.9997639655834707],
    [-3.5, -0.9999992569016276],
    [7, 1],
  ];
  for (const [x, value] of table) expect(Math.abs(erf(x) - value), `erf(${x})`).toBeLessThan(4e-16);
});

describe('the bound of a sum', () => {
  test('is what the formula says', () => {
    // Three products 2, 3 and -1: mass 6, sum 4; partial sums of at most 5, two additions, three roundings of products.
    expect(sumError(4, 6, 0, 3, anyOrder) / u32).toBeCloseTo(6 + 2 * 5, 4);
    // One addition above every product: its partial sums are of disjoint terms.
    expect(sumError(4, 6, 0, 3, { additions: 1 }) / u32).toBeCloseTo(6 + 6, 4);
  });

  test('is nearly reached: by a 1 and thousands of terms that are each rounded away', () => {
    const term = Math.fround(2 ** -24 * (1 - 2 ** -20));
    const count = 4096;
    let sum = 1;
    for (let i = 1; i < count; i++) sum = Math.fround(sum + term);
    const exact = 1 + (count - 1) * term;
    const bound = sumError(exact, exact, 0, count, anyOrder);
    expect(sum).toBe(1);
    expect(exact - sum).toBeLessThanOrEqual(bound);
    expect((exact - sum) / bound).toBeGreaterThan(0.99);
  });
});
