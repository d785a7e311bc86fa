// Matrix products in float64 on plain arrays, row-major: the only place where certifying takes time.

/**
 * result[m, n] += a[m, k] b[k, n], with rows of zeros in `a` left out: functionals of one token or one pixel are mostly zeros.
 * @param at where in the three arrays the matrices begin
 */
export function addProduct(
  a: Float64Array,
  b: Float64Array,
  result: Float64Array,
  [m, k, n]: readonly [number, number, number],
  [atA, atB, atResult]: readonly [number, number, number] = [0, 0, 0],
): void {
  const last = k - (k % 4);
  for (let i = 0; i < m; i++) {
    const row = atA + i * k;
    const to = atResult + i * n;
    for (let p = 0; p < last; p += 4) {
      const a0 = a[row + p];
      const a1 = a[row + p + 1];
      const a2 = a[row + p + 2];
      const a3 = a[row + p + 3];
      if (a0 === 0 && a1 === 0 && a2 === 0 && a3 === 0) continue;
      const b0 = atB + p * n;
      const b1 = b0 + n;
      const b2 = b1 + n;
      const b3 = b2 + n;
      for (let j = 0; j < n; j++) result[to + j] += a0 * b[b0 + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j];
    }
    for (let p = last; p < k; p++) {
      const factor = a[row + p];
      if (factor === 0) continue;
      const from = atB + p * n;
      for (let j = 0; j < n; j++) result[to + j] += factor * b[from + j];
    }
  }
}

/** [rows, columns] -> [columns, rows] */
export function transposeMatrix(values: Float64Array, rows: number, columns: number, at = 0): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[at + i * columns + j];
  return result;
}

export function absolute(values: Float64Array): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = Math.abs(values[i]);
  return result;
}

/** The same where it is `b` that has rows of zeros. */
export function addProductSparse(
  a: Float64Array,
  b: Float64Array,
  result: Float64Array,
  [m, k, n]: readonly [number, number, number],
  [atA, atB, atResult]: readonly [number, number, number] = [0, 0, 0],
): void {
  const used: number[] = [];
  for (let p = 0; p < k; p++) {
    const row = atB + p * n;
    let j = 0;
    while (j < n && b[row + j] === 0) j++;
    if (j < n) used.push(p);
  }
  const last = used.length - (used.length % 4);
  for (let i = 0; i < m; i++) {
    const row = atA + i * k;
    const to = atResult + i * n;
    for (let u = 0; u < last; u += 4) {
      const [p0, p1, p2, p3] = [used[u], used[u + 1], used[u + 2], used[u + 3]];
      const [a0, a1, a2, a3] = [a[row + p0], a[row + p1], a[row + p2], a[row + p3]];
      const [b0, b1, b2, b3] = [atB + p0 * n, atB + p1 * n, atB + p2 * n, atB + p3 * n];
      for (let j = 0; j < n; j++) result[to + j] += a0 * b[b0 + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j];
    }
    for (let u = last; u < used.length; u++) {
      const factor = a[row + used[u]];
      const from = atB + used[u] * n;
      for (let j = 0; j < n; j++) result[to + j] += factor * b[from + j];
    }
  }
}
