// Matrix products: of the data with a weight, and of two computed matrices as in attention.
import { sizeOf } from '../../graph/constant.ts';
import { floatAttribute, intAttribute } from '../../graph/graph.ts';
import { type Hypotheses, sumError, u64 } from '../hypotheses.ts';
import { absolute, addProduct, addProductSparse, transposeMatrix } from '../product.ts';
import type { Outcome, Row, Use } from '../row.ts';
import { type Bounded, broadcastIndex, broadcastShape, radiusOf } from '../tensor.ts';

/** Gemm and MatMul by a constant matrix, for any number of rows. */
interface Affine {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** [inner, columns] */
  readonly weight: Float64Array;
  /** [columns, inner] */
  readonly transposed: Float64Array;
  readonly magnitude: Float64Array;
  readonly bias: Bounded | undefined;
  readonly hypotheses: Hypotheses;
}

function affine(x: Bounded, shape: readonly number[], product: Affine): Omit<Outcome, 'pull'> {
  const { rows, inner, columns, weight, magnitude, bias, hypotheses } = product;
  const sizes = [rows, inner, columns] as const;
  const values = new Float64Array(rows * columns);
  const mass = new Float64Array(rows * columns);
  const spread = new Float64Array(rows * columns);
  addProduct(x.values, weight, values, sizes);
  addProduct(absolute(x.values), magnitude, mass, sizes);
  if (x.radius) addProduct(x.radius, magnitude, spread, sizes);
  const local = new Float64Array(rows * columns);
  const index = bias && broadcastIndex(bias.shape, shape);
  const terms = inner + (bias ? 1 : 0);
  // A product with a number that is 0 on every runtime is 0, and adding it rounds nothing.
  const idle = new Int32Array(rows);
  for (let k = 0; k < x.values.length; k++)
    if (x.values[k] === 0 && (x.radius === undefined || x.radius[k] === 0)) idle[Math.floor(k / inner)]++;
  for (let i = 0; i < local.length; i++) {
    const used = terms - idle[Math.floor(i / columns)];
    if (bias) {
      const offset = bias.values[index ? index[i] : i];
      values[i] += offset;
      mass[i] += Math.abs(offset);
    }
    local[i] = sumError(values[i], mass[i], spread[i], Math.max(1, used), hypotheses) + (terms + 2) * u64 * mass[i];
  }
  return { shape, values, spread, local, terms: Math.max(terms, columns), isMixing: true, mass, addends: terms };
}

const gemm: Row = (use) => {
  const { node, fail, input, once, hypotheses } = use;
  const [x, w] = [input(0), input(1)];
  const bias = use.inputs[2];
  if (floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1)
    throw fail('alpha and beta of 1', `${floatAttribute(node, 'alpha', 1)} and ${floatAttribute(node, 'beta', 1)}`);
  if (intAttribute(node, 'transA', 0) !== 0) throw fail('a first matrix as it is', 'transA');
  if (w.radius || bias?.radius) return matmulComputed(use, x, w, bias);
  const isTransposed = intAttribute(node, 'transB', 0) !== 0;
  const [inner, columns] = isTransposed ? [w.shape[1], w.shape[0]] : [w.shape[0], w.shape[1]];
  const matrices = once(w, `gemm${isTransposed}`, () => {
    const other = transposeMatrix(w.values, w.shape[0], w.shape[1]);
    return isTransposed
      ? { weight: other, transposed: w.values, magnitude: absolute(other) }
      : { weight: w.values, transposed: other, magnitude: absolute(w.values) };
  });
  const rows = x.shape[0];
  const product = { rows, inner, columns, bias, hypotheses, ...matrices };
  return {
    ...affine(x, [rows, columns], product),
    pull: (functionals, count) => [pullAffine(functionals, count * rows, product)],
  };
};

function pullAffine(functionals: Float64Array, rows: number, { inner, columns, transposed }: Affine): Float64Array {
  const pulled = new Float64Array(rows * inner);
  addProduct(functionals, transposed, pulled, [rows, columns, inner]);
  return pulled;
}

const matmul: Row = (use) => {
  const { fail, input, once, hypotheses } = use;
  const [a, b] = [input(0), input(1)];
  if (a.shape.length < 2 || b.shape.length < 2)
    throw fail('matrices of rank 2 or more', `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  if (b.radius !== undefined || b.shape.length !== 2) return matmulComputed(use, a, b, undefined);
  const [inner, columns] = b.shape;
  const rows = a.values.length / inner;
  const matrices = once(b, 'matmul', () => ({
    weight: b.values,
    transposed: transposeMatrix(b.values, inner, columns),
    magnitude: absolute(b.values),
  }));
  const product = { rows, inner, columns, bias: undefined, hypotheses, ...matrices };
  return {
    ...affine(a, [...a.shape.slice(0, -1), columns], product),
    pull: (functionals, count) => [pullAffine(functionals, count * rows, product)],
  };
};

/** Both matrices computed, with broadcast batches. (a + e)(b + f) = a b + e b + a f + e f. */
function matmulComputed(use: Use, a: Bounded, b: Bounded, bias: Bounded | undefined): Outcome {
  if (bias !== undefined) throw use.fail('a weight and a bias that are constants', 'computed ones');
  if (use.node.operator === 'Gemm' && intAttribute(use.node, 'transB', 0) !== 0)
    throw use.fail('a computed second matrix as it is', 'transB');
  const [m, inner] = a.shape.slice(-2);
  const n = b.shape[b.shape.length - 1];
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (batch === undefined || b.shape[b.shape.length - 2] !== inner)
    throw use.fail('matrices that fit', `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  const count = sizeOf(batch);
  const indexA = broadcastIndex(a.shape.slice(0, -2), batch);
  const indexB = broadcastIndex(b.shape.slice(0, -2), batch);
  const at = (i: number) =>
    [(indexA ? indexA[i] : i) * m * inner, (indexB ? indexB[i] : i) * inner * n, i * m * n] as const;
  const [radiusA, radiusB] = [radiusOf(a), radiusOf(b)];
  const [magnitudeA, magnitudeB] = [absolute(a.values), absolute(b.values)];
  const size = count * m * n;
  const values = new Float64Array(size);
  const mass = new Float64Array(size);
  const spread = new Float64Array(size);
  const local = new Float64Array(size);
  const sizes = [m, inner, n] as const;
  for (let i = 0; i < count; i++) {
    addProduct(a.values, b.values, values, sizes, at(i));
    addProduct(magnitudeA, magnitudeB, mass, sizes, at(i));
    if (a.radius) addProduct(radiusA, magnitudeB, spread, sizes, at(i));
    if (b.radius) addProduct(magnitudeA, radiusB, spread, sizes, at(i));
    if (a.radius && b.radius) addProduct(radiusA, radiusB, local, sizes, at(i));
  }
  for (let i = 0; i < size; i++) {
    const moved = spread[i] + local[i];
    local[i] += sumError(values[i], mass[i], moved, inner, use.hypotheses) + (inner + 2) * u64 * mass[i];
  }
  return {
    shape: [...batch, m, n],
    values,
    spread,
    local,
    terms: Math.max(inner, m, n) * count,
    isMixing: true,
    pull: (functionals, rows) => {
      const pulledA = a.radius && new Float64Array(rows * a.values.length);
      const pulledB = b.radius && new Float64Array(rows * b.values.length);
      const transposedA = new Map<number, Float64Array>();
      const transposedB = new Map<number, Float64Array>();
      for (let i = 0; i < count; i++) {
        const [fromA, fromB, to] = at(i);
        const ta = transposedA.get(fromA) ?? transposeMatrix(a.values, m, inner, fromA);
        const tb = transposedB.get(fromB) ?? transposeMatrix(b.values, inner, n, fromB);
        transposedA.set(fromA, ta);
        transposedB.set(fromB, tb);
        for (let row = 0; row < rows; row++) {
          const from = row * size + to;
          if (pulledA) addProduct(functionals, tb, pulledA, [m, n, inner], [from, 0, row * a.values.length + fromA]);
          if (pulledB)
            addProductSparse(ta, functionals, pulledB, [inner, m, n], [0, from, row * b.values.length + fromB]);
        }
      }
      return [pulledA, pulledB];
    },
  };
}

export const linearRows: Readonly<Record<string, Row>> = { Gemm: gemm, MatMul: matmul };
