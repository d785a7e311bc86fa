// Arithmetic on permutations of axes, as Transpose takes them: axis i of the result is axis p[i] of the input.

export type Permutation = readonly number[];

export const isIdentity = (p: Permutation): boolean => p.every((axis, i) => axis === i);

export const inverse = (p: Permutation): number[] => p.map((_, i) => p.indexOf(i));

/** First `a`, then `b`. */
export const compose = (a: Permutation, b: Permutation): number[] => b.map((axis) => a[axis]);

export const samePermutation = (a: Permutation, b: Permutation): boolean =>
  a.length === b.length && a.every((axis, i) => axis === b[i]);

/** What is left of `p` when some axes of its result are removed. */
export function withoutAxes(p: Permutation, removed: readonly number[]): number[] {
  const kept = p.filter((_, i) => !removed.includes(i));
  const order = [...kept].sort((a, b) => a - b);
  return kept.map((axis) => order.indexOf(axis));
}

/** `p` with new axes inserted at the given places of the result, and at the same places of the input. */
export function withAxes(p: Permutation, added: readonly number[]): number[] {
  const rank = p.length + added.length;
  const old = Array.from({ length: rank }, (_, i) => i).filter((i) => !added.includes(i));
  const result = new Array<number>(rank).fill(0);
  for (const axis of added) result[axis] = axis;
  for (const [i, place] of old.entries()) result[place] = old[p[i]];
  return result;
}
