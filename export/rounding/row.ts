// The contract of an operator's row: it computes the reference's values and, in the same place, what rounding can do to them.
//
// A runtime's number at an output is op(values + e) rounded, e being its error at the inputs. A row writes the change as
//     L e + r,   |r| <= local,
// where L is linear (the slope at the reference's values) and r holds the rounding of this operator and what the line leaves out.
// The engine then carries errors on in two ways: element by element with |L| (`spread`), or backwards with the signed L (`pull`).
import type { Node } from '../graph/graph.ts';
import type { TensorType } from '../graph/type.ts';
import type { Hypotheses } from './hypotheses.ts';
import type { Bounded } from './tensor.ts';

/**
 * A part of r that whole groups of outputs have in common: an error of a mean or of a deviation moves all of its group along one
 * known direction, and is taken away again where the next norm forgets that direction.
 */
export interface SharedError {
  /** [outputs] */
  readonly direction: Float64Array;
  /** [outputs]: the group of each. */
  readonly groups: Int32Array;
  /** [groups]: at most how far along the direction. */
  readonly bounds: Float64Array;
}

export interface Outcome {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Default: float32. */
  readonly type?: TensorType;
  /** The same number on every runtime: nothing below is needed. */
  readonly isExact?: boolean;
  /** |L| times the radii of the inputs. */
  readonly spread: Float64Array;
  readonly local: Float64Array;
  readonly shared?: readonly SharedError[];
  /** The most terms that a sum of L or of its transpose has. */
  readonly terms: number;
  /** Whether one output depends on several inputs: what makes |L| lose the most. */
  readonly isMixing: boolean;
  /**
   * The transpose of L: from [rows, outputs] to [rows, elements] of every input; undefined for inputs that are exact. May write into
   * what it is given, or hand it on.
   */
  readonly pull: (functionals: Float64Array, rows: number) => readonly (Float64Array | undefined)[];
  /** Of sums of products: see `Bounded`. */
  readonly mass?: Float64Array | undefined;
  readonly addends?: number | undefined;
}

export interface Use {
  readonly node: Node;
  readonly inputs: readonly (Bounded | undefined)[];
  readonly hypotheses: Hypotheses;
  readonly opset: number;
  /** A refusal that names the node. */
  readonly fail: (expected: string, got: string) => Error;
  /** The input, which must be there. */
  readonly input: (index: number) => Bounded;
  /** Work on a constant that is done once for all observations. */
  readonly once: <Made>(of: Bounded, what: string, make: () => Made) => Made;
}

export type Row = (use: Use) => Outcome | readonly Outcome[];

const nothing = new Float64Array(0);

/** A value that every runtime has exactly: integers, shapes, copies of exact numbers. */
export function exactOutcome(type: TensorType, shape: readonly number[], values: Float64Array): Outcome {
  return {
    type,
    shape,
    values,
    isExact: true,
    spread: nothing,
    local: nothing,
    terms: 0,
    isMixing: false,
    pull: () => [],
  };
}

export function isWhole(type: TensorType): boolean {
  return type !== 'float32' && type !== 'float64' && type !== 'float16' && type !== 'bfloat16';
}
