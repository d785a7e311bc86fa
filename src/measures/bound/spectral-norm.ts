// Upper bounds on the largest singular value of a matrix. Power iteration only approaches it from below, which bounds
// nothing; Gram iteration (Delattre et al., ICML 2023, arXiv 2305.16173) approaches it from above:
//   |W|_2 <= |(W^T W)^(2^t)|_F ^ (1 / 2^(t+1)), and for n columns too large by at most a factor n^(1 / 2^(t+2)).

export interface Matrix {
  /** [rows, columns], row-major. */
  readonly values: Float32Array | Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** Past this many squarings the factor is below 1.002 for any matrix that fits into memory here. */
const MAXIMAL_SQUARINGS = 12;

/**
 * An upper bound on the spectral norm, at most `1 + slack` times it, up to the rounding of float64 (some 1e-12).
 * Costs n^3 multiplications a squaring, n the smaller side.
 */
export function spectralNormBound(matrix: Matrix, slack = 1e-2): number {
  let gram = gramMatrix(matrix);
  const size = Math.min(matrix.rows, matrix.columns);
  // |W|_2 <= (exp(logScale) |gram|_F)^exponent; gram is kept at norm 1 so that powers neither overflow nor vanish.
  let logScale = 0;
  let exponent = 1 / 2;
  let bound = 0;
  for (let squarings = 0; ; squarings++) {
    const norm = frobeniusNorm(gram);
    if (norm === 0) return 0;
    logScale += Math.log(norm);
    bound = Math.exp(logScale * exponent);
    // The Frobenius norm is at most sqrt(n) times the spectral one.
    if (size ** (exponent / 2) <= 1 + slack || squarings === MAXIMAL_SQUARINGS) return bound;
    for (let i = 0; i < gram.length; i++) gram[i] /= norm;
    gram = squareSymmetric(gram, size);
    logScale *= 2;
    exponent /= 2;
  }
}

/** Rounds of power iteration: the estimate is short by less than 1% where the second singular value is below 0.97 of the first. */
const POWER_ROUNDS = 60;

/**
 * An estimate of the spectral norm from below, by power iteration: no bound, at a small part of the price of one.
 * For Jacobians that are measured, which are no bounds either.
 */
export function estimateSpectralNorm({ values, rows, columns }: Matrix): number {
  // The longest row is a start that no matrix but 0 is orthogonal to.
  let longest = 0;
  let longestSquares = 0;
  for (let i = 0; i < rows; i++) {
    let squares = 0;
    for (let j = 0; j < columns; j++) squares += values[i * columns + j] ** 2;
    if (squares > longestSquares) [longest, longestSquares] = [i, squares];
  }
  if (longestSquares === 0) return 0;
  const right = Float64Array.from(values.subarray(longest * columns, (longest + 1) * columns));
  const left = new Float64Array(rows);
  let norm = 0;
  for (let round = 0; round < POWER_ROUNDS; round++) {
    const length = frobeniusNorm(right);
    for (let j = 0; j < columns; j++) right[j] /= length;
    for (let i = 0; i < rows; i++) {
      left[i] = 0;
      for (let j = 0; j < columns; j++) left[i] += values[i * columns + j] * right[j];
    }
    norm = frobeniusNorm(left);
    right.fill(0);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) right[j] += values[i * columns + j] * left[i];
  }
  return norm;
}

/** W^T W or W W^T, whichever is smaller. */
function gramMatrix({ values, rows, columns }: Matrix): Float64Array {
  const isTall = rows >= columns;
  const size = isTall ? columns : rows;
  const inner = isTall ? rows : columns;
  const at = (vector: number, k: number) => (isTall ? values[k * columns + vector] : values[vector * columns + k]);
  const vectors = new Float64Array(size * inner);
  for (let i = 0; i < size; i++) for (let k = 0; k < inner; k++) vectors[i * inner + k] = at(i, k);
  return dotAllPairs(vectors, size, inner);
}

function squareSymmetric(matrix: Float64Array, size: number): Float64Array {
  return dotAllPairs(matrix, size, size);
}

/** [size, size] products of all pairs of the rows of [size, inner]. */
function dotAllPairs(vectors: Float64Array, size: number, inner: number): Float64Array {
  const products = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let a = i * inner, b = j * inner, end = a + inner; a < end; a++, b++) sum += vectors[a] * vectors[b];
      products[i * size + j] = sum;
      products[j * size + i] = sum;
    }
  return products;
}

function frobeniusNorm(matrix: Float64Array): number {
  let largest = 0;
  for (const value of matrix) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return 0;
  let sum = 0;
  for (const value of matrix) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}
