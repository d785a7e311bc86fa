// What is said of one training in several places: losses and weights step by step, and where in the first step the difference starts.
import type { ProbedTensor } from '../training/probe.ts';

/** One place after one step. */
export interface TrainingComparison {
  readonly loss: number;
  /** |loss - reference| over the reference's. */
  readonly lossError: number;
  /** Largest difference of a trained weight from the reference's, over the largest change of one since the start. */
  readonly weightError: number;
}

/** All places after one step. */
export interface TrainingVerificationRow {
  /** From 1. */
  readonly step: number;
  /** By place, the reference first. */
  readonly places: Readonly<Record<string, TrainingComparison>>;
}

/** One tensor of the first step in one place. */
export interface TrainingDifference {
  /** The node of the training graph, and its output where it has several: `FusedBatchNormGradV3:1`. */
  readonly node: string;
  /** TensorFlow's name of what it does. */
  readonly operation: string;
  /** Largest difference from the reference, over the reference's largest number; null where only one of the two is finite. */
  readonly error: number | null;
  /** The largest such error of what it is computed from. */
  readonly inputError: number | null;
}

/** Where a place leaves the reference within the first step, from equal weights. */
export interface TrainingOrigin {
  /** Tensors that were compared. */
  readonly compared: number;
  /** In the order of computation, the first whose error is beyond rounding; null where none is. */
  readonly first: TrainingDifference | null;
  /** The one with the largest error. */
  readonly largest: TrainingDifference;
}

/** What `verifyTraining` measured. */
export interface TrainingVerification {
  readonly run: string;
  readonly reference: string;
  /** Name -> what ran: package and version. */
  readonly places: Readonly<Record<string, string>>;
  readonly rows: readonly TrainingVerificationRow[];
  /** By place, without the reference. */
  readonly origins: Readonly<Record<string, TrainingOrigin>>;
}

/** Errors above this are no rounding of a few hundred float32 sums: 84 units in the last place. */
export const BEYOND_ROUNDING = 1e-5;

/** Largest difference over the reference's largest number; Infinity where only one of them is finite. */
export function relativeError(values: Float32Array, reference: Float32Array): number {
  let difference = 0;
  let scale = 0;
  for (const [i, expected] of reference.entries()) {
    const found = values[i];
    // Equal infinities, and NaN in both, are no difference.
    if (Object.is(found, expected)) {
      if (Number.isFinite(expected)) scale = Math.max(scale, Math.abs(expected));
      continue;
    }
    if (!Number.isFinite(found) || !Number.isFinite(expected)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(found - expected));
    scale = Math.max(scale, Math.abs(expected));
  }
  if (difference === 0) return 0;
  return difference / Math.max(scale, Number.MIN_VALUE);
}

/**
 * @param tensors in the order of computation, at least one
 * @param errors of each, against the reference
 */
export function originOf(tensors: readonly ProbedTensor[], errors: readonly number[]): TrainingOrigin {
  const errorByName = new Map(tensors.map(({ name }, i) => [name, errors[i]]));
  const differenceAt = (i: number): TrainingDifference => {
    const { name, operation, from } = tensors[i];
    const inputError = Math.max(0, ...from.map((input) => errorByName.get(input) ?? 0));
    return {
      node: name.replace(/:0$/, ''),
      operation,
      error: finiteOrNull(errors[i]),
      inputError: finiteOrNull(inputError),
    };
  };
  const first = errors.findIndex((error) => error > BEYOND_ROUNDING);
  return {
    compared: tensors.length,
    first: first < 0 ? null : differenceAt(first),
    largest: differenceAt(errors.reduce((best, error, i) => (error > errors[best] ? i : best), 0)),
  };
}

/** JSON has no infinity: null stands for it. */
const finiteOrNull = (error: number): number | null => (Number.isFinite(error) ? error : null);
