// What the certificate takes for granted about a runtime, in one place: docs/certificate.md says it in words.
// u is the unit roundoff of float32 with rounding to nearest: one operation is off by at most u times its result.

/** Unit roundoff of float32, and of the float64 that the reference computes in. */
export const u32 = 2 ** -24;
export const u64 = 2 ** -53;

/** Beyond this a float32 overflows. */
export const largestFloat32 = (2 - 2 ** -23) * 2 ** 127;

/**
 * Takes the rounding of the bounds' own arithmetic up: sums of up to 2^22 positive numbers in float64 are below their exact value by
 * less than one part in 2^30.
 */
export const upward = 1 + 2 ** -30;

/**
 * What a runtime that flushes subnormal numbers to zero, on reading and on writing, adds to the error of one element, for operands
 * of at most 1: fewer than 2^50 operations, each off by at most 2^-126, stay far below it.
 */
export const flushed = 2 ** -70;

/** What is assumed of a runtime's arithmetic: docs/certificate.md. */
export interface Hypotheses {
  /**
   * At most how many additions lie between a product and the sum that it goes into. Infinite: any order of summation at all. A
   * runtime that sums in blocks or in pairs has a smaller number.
   */
  readonly additions: number;
}

export const anyOrder: Hypotheses = { additions: Number.POSITIVE_INFINITY };

/** Of an elementary function: |computed - f(x)| <= 2 u (ulps |f(x)| + absolute). */
export interface Accuracy {
  readonly ulps: number;
  readonly absolute: number;
}

const ulps = (count: number, absolute = 0): Accuracy => ({ ulps: count, absolute });

/** Assumed of every runtime; `test/export/rounding/accuracy.test.ts` measures it on those at hand. */
export const accuracyOf = {
  Exp: ulps(4),
  Log: ulps(4, 1),
  Sqrt: ulps(1),
  Reciprocal: ulps(2),
  Tanh: ulps(4, 1),
  Sigmoid: ulps(4, 4),
  Softplus: ulps(4, 1),
  Erf: ulps(4, 1),
  Sin: ulps(4, 1),
  Cos: ulps(4, 1),
  Pow: ulps(4),
} as const satisfies Record<string, Accuracy>;

/**
 * A bound on the rounding error of a sum of `terms` products in float32, in any order, with or without fused multiply-add.
 *
 * Every product is off by u of itself. Every partial sum is a sum of some of the terms, so that its absolute value is at most the
 * larger of the sum of the positive terms and that of the negative ones, (mass + |sum|) / 2; each of the terms - 1 additions is off
 * by u of the partial sum that it makes, computed ones being off by at most terms u mass more. Where at most h additions lie above
 * any product, the partial sums of one level are of disjoint terms: h u mass (Higham, Accuracy and Stability of Numerical
 * Algorithms, 2002, chapters 3 and 4).
 * @param sum what the reference found
 * @param mass sum of its absolute terms
 * @param moved by how much a runtime's terms may differ from the reference's, together
 */
export function sumError(sum: number, mass: number, moved: number, terms: number, { additions }: Hypotheses): number {
  const whole = mass + moved;
  const drift = 1.01 * terms * u32 * whole;
  const partial = (mass + Math.abs(sum)) / 2 + moved + drift;
  return u32 * (whole + Math.min((terms - 1) * partial, Math.min(additions, terms) * (whole + drift)));
}
