// Rows of one and two operands against TensorFlow.js' own kernels, over shapes that broadcast.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { elementwise } from '../../../export/tensorflow/operations/elementwise.ts';
import { type TestTensor, useCpu } from '../harness.ts';
import { expectSameAsStock, floats, ints, node } from './graph-json.ts';

beforeAll(useCpu);

type Name = keyof typeof elementwise;

const grid = (low: number, high: number): TestTensor =>
  floats(
    [2, 12],
    Array.from({ length: 24 }, (_, i) => low + ((high - low) * i) / 23),
  );

/** Where each function is defined, its kinks included. */
const unary: Partial<Record<Name, TestTensor>> = {
  Abs: grid(-3, 3),
  Acos: grid(-1, 1),
  Acosh: grid(1, 5),
  Asin: grid(-1, 1),
  Asinh: grid(-3, 3),
  Atan: grid(-5, 5),
  Atanh: grid(-0.9, 0.9),
  Ceil: grid(-2.3, 2.7),
  Cos: grid(-4, 4),
  Cosh: grid(-2, 2),
  Elu: grid(-3, 3),
  Erf: grid(-2, 2),
  Exp: grid(-3, 3),
  Expm1: grid(-2, 2),
  Floor: grid(-2.3, 2.7),
  IsFinite: floats([4], [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  IsInf: floats([4], [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  IsNan: floats([4], [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  LeakyRelu: grid(-3, 3),
  Log: grid(0.1, 5),
  Log1p: grid(-0.5, 5),
  Neg: grid(-3, 3),
  Reciprocal: grid(0.5, 3),
  Relu: grid(-3, 3),
  Relu6: grid(-3, 9),
  Round: floats([6], [-2.5, -1.5, -0.4, 0.5, 1.5, 2.5]),
  Rsqrt: grid(0.5, 4),
  Selu: grid(-3, 3),
  Sigmoid: grid(-5, 5),
  Sign: grid(-3, 3),
  Sin: grid(-4, 4),
  Sinh: grid(-2, 2),
  Softplus: grid(-5, 5),
  Sqrt: grid(0, 4),
  Square: grid(-3, 3),
  Tan: grid(-1.2, 1.2),
  Tanh: grid(-3, 3),
};

const arithmetic: readonly Name[] = ['Add', 'AddV2', 'Sub', 'Mul', 'Maximum', 'Minimum', 'SquaredDifference'];
const floatOnly: readonly Name[] = ['RealDiv', 'DivNoNan', 'Atan2'];
const integerToo: readonly Name[] = ['Div', 'FloorDiv', 'FloorMod', 'Mod'];
const comparisons: readonly Name[] = ['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual'];

describe('functions of one number', () => {
  test.each(Object.entries(unary))('%s', async (op, x) => {
    const slope = op === 'LeakyRelu' ? node(op, 'y', ['x'], { alpha: { float: 0.3 } }) : node(op, 'y', ['x']);
    await expectSameAsStock({ inputs: { x }, nodes: [slope], outputs: ['y'] }, { x });
  });

  test('integers stay integers', async () => {
    const x = ints([-3, 0, 4]);
    const nodes = (['Abs', 'Neg', 'Sign', 'Square'] as const).map((op) => node(op, op, ['x']));
    await expectSameAsStock({ inputs: { x }, nodes, outputs: nodes.map(({ name }) => name) }, { x });
  });
});

/** Two shapes that broadcast against each other: ones in places, axes left out in front. */
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((full) =>
  fc.record({
    a: fc
      .array(fc.boolean(), { minLength: full.length, maxLength: full.length })
      .map((ones) => full.map((size, i) => (ones[i] ? 1 : size))),
    b: fc.integer({ min: 0, max: full.length - 1 }).map((from) => full.slice(from)),
  }),
);

const filled = (shape: readonly number[], seed: number, type: 'float32' | 'int32'): TestTensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  const value = (i: number): number => ((i * 7 + seed * 5) % 11) - 5;
  return type === 'int32'
    ? ints(
        Array.from({ length: size }, (_, i) => value(i) || 3),
        shape,
      )
    : floats(
        shape,
        Array.from({ length: size }, (_, i) => value(i) + 0.25),
      );
};

describe('two operands', () => {
  test.each([...arithmetic, ...floatOnly, ...integerToo, ...comparisons])('%s broadcasts', async (op) => {
    // The cpu backend calls the floor of a float quotient an int32, others a float.
    const isIntegerOnly = op === 'FloorDiv';
    const types = floatOnly.includes(op)
      ? (['float32'] as const)
      : isIntegerOnly
        ? (['int32'] as const)
        : (['float32', 'int32'] as const);
    await fc.assert(
      fc.asyncProperty(shapes, fc.constantFrom(...types), async ({ a, b }, type) => {
        const feeds = { a: filled(a, 1, type), b: filled(b, 2, type) };
        await expectSameAsStock({ inputs: feeds, nodes: [node(op, 'y', ['a', 'b'])], outputs: ['y'] }, feeds);
      }),
      { numRuns: 8 },
    );
  });

  test('a division by zero that DivNoNan makes zero', async () => {
    const feeds = { a: floats([3], [1, 0, -2]), b: floats([3], [0, 0, 4]) };
    await expectSameAsStock({ inputs: feeds, nodes: [node('DivNoNan', 'y', ['a', 'b'])], outputs: ['y'] }, feeds);
  });

  test('Atan2 in all quadrants and on the axes', async () => {
    const feeds = {
      a: floats([9], [1, 1, -1, -1, 0, 0, 1, -1, 0]),
      b: floats([9], [1, -1, 1, -1, 1, -1, 0, 0, 0]),
    };
    await expectSameAsStock({ inputs: feeds, nodes: [node('Atan2', 'y', ['a', 'b'])], outputs: ['y'] }, feeds);
  });

  test('Pow, AddN, ClipByValue and Prelu', async () => {
    const x = floats([2, 3], [0.5, 1, 1.5, 2, 2.5, 3]);
    const z = floats([2, 3], [-1, 2, -3, 4, -5, 6]);
    const constants = {
      two: floats([], [2]),
      low: floats([], [-1.5]),
      high: floats([], [2.5]),
      slope: floats([3], [0.1, 0.2, 0.3]),
    };
    const nodes = [
      node('Pow', 'pow', ['x', 'two']),
      node('AddN', 'sum', ['x', 'z', 'x']),
      node('ClipByValue', 'clip', ['z', 'low', 'high']),
      node('Prelu', 'prelu', ['z', 'slope']),
    ];
    await expectSameAsStock({ inputs: { x, z }, constants, nodes, outputs: ['pow', 'sum', 'clip', 'prelu'] }, { x, z });
  });

  test('logic', async () => {
    const bool = (data: number[]): TestTensor => ({ type: 'bool', shape: [4], data: Uint8Array.from(data) });
    const feeds = { a: bool([0, 0, 1, 1]), b: bool([0, 1, 0, 1]) };
    const nodes = [
      node('LogicalAnd', 'and', ['a', 'b']),
      node('LogicalOr', 'or', ['a', 'b']),
      node('LogicalNot', 'not', ['a']),
    ];
    await expectSameAsStock({ inputs: feeds, nodes, outputs: ['and', 'or', 'not'] }, feeds);
  });
});

test('every row of this family is tested', () => {
  const tested = new Set<string>([
    ...Object.keys(unary),
    ...arithmetic,
    ...floatOnly,
    ...integerToo,
    ...comparisons,
    ...['Pow', 'AddN', 'ClipByValue', 'Prelu', 'LogicalAnd', 'LogicalOr', 'LogicalNot'],
  ]);
  expect(Object.keys(elementwise).filter((name) => !tested.has(name))).toEqual([]);
});
