// What one observation went through, and how errors are carried back through it: for a linear functional of a value, the sum over
// all operators before it of |functional at its output| times what its own rounding and bend can be. Signed slopes are multiplied
// before anything is made positive, so that what cancels, cancels.
import { upward } from './hypotheses.ts';
import type { Outcome, SharedError } from './row.ts';
import type { Bounded } from './tensor.ts';

export interface Step {
  readonly node: string;
  readonly operator: string;
  readonly output: Bounded;
  readonly inputs: readonly (Bounded | undefined)[];
  readonly local: Float64Array;
  readonly shared: readonly SharedError[];
  readonly pull: Outcome['pull'];
}

export interface FunctionalBounds {
  /** [rows]: at most how far a functional of a runtime's value is from that of the reference's. */
  readonly bounds: Float64Array;
  /** [steps]: what each step adds to the sum of the bounds. */
  readonly shares: Float64Array;
}

/** Numbers that are held at once by one pass backwards, for each value of the graph. */
const MOST_HELD = 4_000_000;

/**
 * @param functionals [rows, elements of target], not changed
 * @param steps in the order of the graph
 * @param isEnd values at which going back ends: there the functional meets the radii
 */
export function boundFunctionals(
  steps: readonly Step[],
  target: Bounded,
  functionals: Float64Array,
  rows: number,
  isEnd: (value: Bounded) => boolean = () => false,
): FunctionalBounds {
  const size = target.values.length;
  const widest = steps.reduce((most, { output }) => Math.max(most, output.values.length), size);
  const most = Math.max(1, Math.floor(MOST_HELD / widest));
  const bounds = new Float64Array(rows);
  const shares = new Float64Array(steps.length);
  for (let start = 0; start < rows; start += most) {
    const count = Math.min(most, rows - start);
    const part = functionals.slice(start * size, (start + count) * size);
    sweep({ steps, target, isEnd, shares }, part, bounds.subarray(start, start + count));
  }
  for (let row = 0; row < rows; row++) bounds[row] = Math.min(bounds[row], direct(target, functionals, row)) * upward;
  return { bounds, shares };
}

/** By the radii alone. */
function direct({ radius, values }: Bounded, functionals: Float64Array, row: number): number {
  if (radius === undefined) return 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(functionals[row * values.length + i]) * radius[i];
  return sum;
}

interface Way {
  readonly steps: readonly Step[];
  readonly target: Bounded;
  readonly isEnd: (value: Bounded) => boolean;
  readonly shares: Float64Array;
}

function sweep({ steps, target, isEnd, shares }: Way, functionals: Float64Array, bounds: Float64Array): void {
  const rows = bounds.length;
  const pending = new Map<number, Float64Array>([[target.id, functionals]]);
  for (let s = steps.length - 1; s >= 0 && pending.size > 0; s--) {
    const { output, inputs, local, shared, pull } = steps[s];
    const own = pending.get(output.id);
    if (own === undefined) continue;
    pending.delete(output.id);
    const size = local.length;
    const isLast = output !== target && isEnd(output);
    const errors = isLast ? (output.radius ?? local) : local;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      const from = row * size;
      for (let i = 0; i < size; i++) sum += Math.abs(own[from + i]) * errors[i];
      if (!isLast) for (const each of shared) sum += alongShared(each, own, from);
      bounds[row] += sum;
      shares[s] += sum;
    }
    if (isLast) continue;
    if (inputs.every((input) => input?.radius === undefined)) continue;
    pull(own, rows).forEach((pulled, index) => {
      const input = inputs[index];
      if (pulled === undefined || input?.radius === undefined) return;
      const held = pending.get(input.id);
      if (held === undefined) pending.set(input.id, pulled);
      else for (let i = 0; i < held.length; i++) held[i] += pulled[i];
    });
  }
}

function alongShared({ direction, groups, bounds }: SharedError, functionals: Float64Array, from: number): number {
  const sums = new Float64Array(bounds.length);
  for (let i = 0; i < direction.length; i++) sums[groups[i]] += functionals[from + i] * direction[i];
  let total = 0;
  for (let g = 0; g < bounds.length; g++) total += Math.abs(sums[g]) * bounds[g];
  return total;
}
