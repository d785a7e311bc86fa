// Eigenvalues of a symmetric matrix, and the vectors of the largest few: Householder's tridiagonal form, then implicit QL for the
// values and inverse iteration for the vectors (Golub and Van Loan, Matrix Computations, 8.3). All vectors, which no measure
// needs, are what makes a general decomposition some ten times as slow.

export interface SymmetricEigen {
  /** [n], falling. */
  readonly values: Float64Array;
  /** [wanted, n], orthonormal rows, of the largest values. */
  readonly vectors: Float64Array;
}

/** Sweeps of implicit QL for one value; two or three are usual. */
const MOST_SWEEPS = 60;
/** Solutions of inverse iteration: the first is already exact to a few digits. */
const INVERSE_ITERATIONS = 4;

/**
 * @param matrix [n, n] row-major, symmetric, finite; it is overwritten
 * @param wanted how many vectors, at most n
 */
export function symmetricEigen(matrix: Float64Array, size: number, wanted = 0): SymmetricEigen {
  const scale = matrix.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  if (scale === 0) return { values: new Float64Array(size), vectors: unitVectors(Math.min(wanted, size), size) };
  // A power of two is exact: products of denormal or huge numbers neither vanish nor overflow.
  const unit = 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(scale))));
  for (let i = 0; i < size * size; i++) matrix[i] *= unit;
  const { diagonal, below, factors } = tridiagonalise(matrix, size);
  const values = tridiagonalValues(diagonal, below).sort((a, b) => b - a);
  const count = Math.min(wanted, size);
  const vectors = new Float64Array(count * size);
  for (let index = 0; index < count; index++) {
    const vector = tridiagonalVector(diagonal, below, values[index], vectors.subarray(0, index * size));
    vectors.set(vector, index * size);
  }
  for (let index = 0; index < count; index++)
    reflectBack(matrix, size, factors, vectors.subarray(index * size, (index + 1) * size));
  return { values: values.map((value) => value / unit), vectors };
}

function unitVectors(count: number, size: number): Float64Array {
  const vectors = new Float64Array(count * size);
  for (let index = 0; index < count; index++) vectors[index * size + index] = 1;
  return vectors;
}

/**
 * T = Q' A Q of the lower half of A. Row i of A then holds the Householder vector v of step i in its first i numbers, and
 * factors[i] is 2 / v'v (0 where nothing was reflected).
 */
function tridiagonalise(a: Float64Array, n: number) {
  const diagonal = new Float64Array(n);
  const below = new Float64Array(n);
  const factors = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i >= 1; i--) {
    const row = i * n;
    const v = a.subarray(row, row + i);
    const norm = lengthOf(v);
    diagonal[i] = a[row + i];
    let rest = 0;
    for (let k = 0; k < i - 1; k++) rest = Math.max(rest, Math.abs(v[k]));
    if (rest === 0) {
      below[i] = v[i - 1];
      continue;
    }
    const alpha = v[i - 1] > 0 ? -norm : norm;
    below[i] = alpha;
    for (let k = 0; k < i; k++) v[k] /= norm;
    v[i - 1] -= alpha / norm;
    let square = 0;
    for (let k = 0; k < i; k++) square += v[k] * v[k];
    const factor = 2 / square;
    factors[i] = factor;
    // p = factor A v, of the lower half only: each row is read once.
    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      const start = j * n;
      const vj = v[j];
      let sum = a[start + j] * vj;
      for (let k = 0; k < j; k++) {
        const value = a[start + k];
        sum += value * v[k];
        p[k] += value * vj;
      }
      p[j] += sum;
    }
    let along = 0;
    for (let k = 0; k < i; k++) {
      p[k] *= factor;
      along += p[k] * v[k];
    }
    const half = (factor * along) / 2;
    for (let k = 0; k < i; k++) p[k] -= half * v[k];
    for (let j = 0; j < i; j++) {
      const start = j * n;
      const vj = v[j];
      const pj = p[j];
      for (let k = 0; k <= j; k++) a[start + k] -= vj * p[k] + pj * v[k];
    }
  }
  diagonal[0] = a[0];
  return { diagonal, below, factors };
}

/** Eigenvalues of the tridiagonal matrix; below[i] couples i - 1 and i. */
function tridiagonalValues(diagonal: Float64Array, below: Float64Array): Float64Array {
  const n = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = new Float64Array(n);
  for (let i = 1; i < n; i++) e[i - 1] = below[i];
  for (let l = 0; l < n; l++)
    for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      // Wilkinson's shift.
      const step = (d[l + 1] - d[l]) / (2 * e[l]);
      let g = d[m] - d[l] + e[l] / (step + Math.sign(step || 1) * Math.hypot(step, 1));
      let s = 1;
      let c = 1;
      let shift = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= shift;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        const q = d[i + 1] - shift;
        const t = (d[i] - q) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = q + shift;
        g = c * t - b;
      }
      if (i >= l) continue;
      d[l] -= shift;
      e[l] = g;
      e[m] = 0;
    }
  return d;
}

/** A unit vector of (T - value) x = 0, orthogonal to the `found` ones [k, n]. */
function tridiagonalVector(
  diagonal: Float64Array,
  below: Float64Array,
  value: number,
  found: Float64Array,
): Float64Array {
  const n = diagonal.length;
  const norm = diagonal.reduce((largest, d, i) => Math.max(largest, Math.abs(d) + Math.abs(below[i])), 0);
  const tiny = Number.EPSILON * norm;
  // Some fixed vector without a pattern: the values of a multiplicative sequence.
  let state = found.length / n + 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  for (let k = 0; k < 20; k++) next();
  const x = Float64Array.from({ length: n }, next);
  for (let iteration = 0; iteration < INVERSE_ITERATIONS; iteration++) {
    orthogonalise(x, found, n);
    normalise(x);
    x.set(solveShifted(diagonal, below, value, x, tiny));
    normalise(x);
  }
  orthogonalise(x, found, n);
  orthogonalise(x, found, n);
  normalise(x);
  return x;
}

/** (T - value) x = right by elimination with row exchanges; a vanishing pivot is taken as `tiny`. */
function solveShifted(
  diagonal: Float64Array,
  below: Float64Array,
  value: number,
  right: Float64Array,
  tiny: number,
): Float64Array {
  const n = diagonal.length;
  // Upper triangle with two bands above the diagonal.
  const u = new Float64Array(n);
  const u1 = new Float64Array(n);
  const u2 = new Float64Array(n);
  const x = Float64Array.from(right);
  let pivot = diagonal[0] - value;
  let above = n > 1 ? below[1] : 0;
  for (let i = 0; i + 1 < n; i++) {
    const lower = below[i + 1];
    const d = diagonal[i + 1] - value;
    const after = i + 2 < n ? below[i + 2] : 0;
    if (Math.abs(lower) > Math.abs(pivot)) {
      const factor = pivot / lower;
      u[i] = lower;
      u1[i] = d;
      u2[i] = after;
      const swapped = x[i];
      x[i] = x[i + 1];
      x[i + 1] = swapped - factor * x[i];
      pivot = above - factor * d;
      above = -factor * after;
    } else {
      if (Math.abs(pivot) < tiny) pivot = tiny;
      const factor = lower / pivot;
      u[i] = pivot;
      u1[i] = above;
      x[i + 1] -= factor * x[i];
      pivot = d - factor * above;
      above = after;
    }
  }
  u[n - 1] = Math.abs(pivot) < tiny ? tiny : pivot;
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i];
    if (i + 1 < n) sum -= u1[i] * x[i + 1];
    if (i + 2 < n) sum -= u2[i] * x[i + 2];
    x[i] = sum / u[i];
  }
  return x;
}

function orthogonalise(x: Float64Array, found: Float64Array, n: number): void {
  for (let start = 0; start < found.length; start += n) {
    let along = 0;
    for (let k = 0; k < n; k++) along += found[start + k] * x[k];
    for (let k = 0; k < n; k++) x[k] -= along * found[start + k];
  }
}

function normalise(x: Float64Array): void {
  const length = lengthOf(x);
  if (length > 0) for (let k = 0; k < x.length; k++) x[k] /= length;
}

/** Without overflow, and without the loss of what is small as a whole. */
function lengthOf(x: Float64Array): number {
  let largest = 0;
  for (let k = 0; k < x.length; k++) largest = Math.max(largest, Math.abs(x[k]));
  if (largest === 0) return 0;
  let square = 0;
  for (let k = 0; k < x.length; k++) square += (x[k] / largest) ** 2;
  return largest * Math.sqrt(square);
}

/** From an eigenvector of T to one of A, in place: the reflections in the reverse of their order. */
function reflectBack(a: Float64Array, n: number, factors: Float64Array, x: Float64Array): void {
  for (let i = 1; i < n; i++) {
    if (factors[i] === 0) continue;
    const start = i * n;
    let along = 0;
    for (let k = 0; k < i; k++) along += a[start + k] * x[k];
    along *= factors[i];
    for (let k = 0; k < i; k++) x[k] -= along * a[start + k];
  }
}
