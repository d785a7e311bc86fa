// The target list of a Reshape: fixed where it can be, with 0 for a copied size and -1 for one that is left over.
import { isEqual } from './dimension.ts';
import type { Shape } from './type.ts';

/** A constant target that turns `from` into `to` at every size of the dynamic axes; undefined where there is none. */
export function reshapeTarget(from: Shape, to: Shape): number[] | undefined {
  const target = to.map((size, axis) => {
    if (typeof size === 'number') return size;
    return axis < from.length && isEqual(size, from[axis]) ? 0 : -1;
  });
  if (target.includes(0) && to.includes(0)) return undefined;
  return target.filter((size) => size === -1).length <= 1 ? target : undefined;
}
