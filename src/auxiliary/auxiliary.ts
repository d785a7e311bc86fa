// The contract of an auxiliary function p (Yu et al., arXiv 2509.12249, section 3): what every observation is known to be
// at training time, how the head's output is compared with it, and how several of them stand side by side.
// Letters: S states, M numbers of one auxiliary, B batch, H W C image.
import type * as tf from '@tensorflow/tfjs';
import type { Environment } from '../environments/environment.ts';
import { JepaError } from '../error.ts';

/**
 * How the head's output is compared with p: squared error of values; cross-entropy of logits with 0/1 targets, each by itself; or
 * cross-entropy of a softmax over all M logits with a value that is shared out between the two nearest of M bins.
 */
export type AuxiliaryLoss = 'squared' | 'cross-entropy' | 'two-hot';

interface AuxiliaryBase {
  /** As in a configuration: `reward`, `random-projection`. */
  readonly name: string;
  /** M: how many numbers p has. */
  readonly size: number;
  readonly loss: AuxiliaryLoss;
  /** Weight of this auxiliary's loss (a mean over B and M) within c_aux. */
  readonly coefficient: number;
}

/** p is a function of the abstract state. */
export interface StateAuxiliary extends AuxiliaryBase {
  readonly of: 'state';
  /** [S, M] */
  readonly table: Float32Array;
  /** Share of the observations of which it is known while training; absent: all. */
  readonly labels?: number | undefined;
}

/** p is a function of the observation, given as a network that is never trained. */
export interface PixelAuxiliary extends AuxiliaryBase {
  readonly of: 'pixels';
  /** [B, H, W, C] float32 in 0..1 -> [B, M]; all its layers have `trainable: false`. Whoever asked for it disposes it. */
  readonly model: tf.LayersModel;
}

/** p was recorded with the observations. */
export interface ColumnAuxiliary extends AuxiliaryBase {
  readonly of: 'column';
  /** The recording's column; M numbers a row. */
  readonly column: string;
  /** Of each of the M numbers: squared errors are of standardised values. Absent for cross-entropy. */
  readonly statistics?: { readonly mean: readonly number[]; readonly deviation: readonly number[] } | undefined;
}

/** An auxiliary function p: a table over states, a frozen network over pixels, or a column of a recording. */
export type Auxiliary = StateAuxiliary | PixelAuxiliary | ColumnAuxiliary;

/** A recorded column of numbers. */
export interface ColumnDescription {
  readonly size: number;
  /** Whether it holds 0 and 1 alone. */
  readonly isBinary: boolean;
  /** Of each number of a row; without them values are taken as they are. */
  readonly mean?: readonly number[];
  /** Above 0. */
  readonly deviation?: readonly number[];
}

/** What an auxiliary may be built from: an environment or a recording, whichever yields the observations. */
export interface AuxiliaryContext {
  /** All randomness of an auxiliary is drawn from this seed. */
  readonly seed: number;
  /** [H, W, C] of images, [D] of vectors. */
  readonly observationShape: readonly number[];
  /** Absent for recordings. */
  readonly environment?: Environment;
  /** The columns of a recording by name; absent for environments. */
  readonly columns?: ReadonlyMap<string, ColumnDescription>;
  /** The recording's column of rewards, where it has one. */
  readonly rewardColumn?: string;
  /** Of every number of an observation that is no plain image: what makes numbers of different units comparable. */
  readonly deviation?: readonly number[];
  /** `count` observations as the training would see them, [count, ...observationShape], pixels as bytes: what p is standardised on. */
  sampleObservations(count: number): Uint8Array | Float32Array;
}

/** Where one auxiliary stands among the outputs of the head, which has the sizes' sum of outputs in the order given. */
export interface AuxiliarySlice {
  readonly auxiliary: Auxiliary;
  /** First output of the head that belongs to it. */
  readonly start: number;
}

/** Where each auxiliary stands among the M outputs of the head, in the order given. */
export function sliceAuxiliaries(auxiliaries: readonly Auxiliary[]): AuxiliarySlice[] {
  let start = 0;
  return auxiliaries.map((auxiliary) => {
    const slice = { auxiliary, start };
    start += auxiliary.size;
    return slice;
  });
}

/** Outputs of the head: the sum of all M. */
export function auxiliarySizeOf(auxiliaries: readonly Auxiliary[]): number {
  return auxiliaries.reduce((sum, auxiliary) => sum + auxiliary.size, 0);
}

/** The state auxiliaries' tables side by side, [S, sum of their M]; the others are left out. Size 0 where there are none. */
export function joinStateTables(
  auxiliaries: readonly Auxiliary[],
  stateCount: number,
): {
  readonly size: number;
  readonly table: Float32Array;
  /** Where those stand that are known of a share of the observations only. */
  readonly partlyLabelled: { readonly start: number; readonly size: number; readonly share: number }[];
} {
  const tables = auxiliaries.filter((auxiliary) => auxiliary.of === 'state');
  const size = auxiliarySizeOf(tables);
  const table = new Float32Array(stateCount * size);
  const partlyLabelled: { start: number; size: number; share: number }[] = [];
  let start = 0;
  for (const part of tables) {
    if (part.table.length !== stateCount * part.size)
      throw new JepaError(
        `auxiliary ${part.name}: expected ${stateCount} x ${part.size} numbers in its table, got ${part.table.length}`,
      );
    for (let state = 0; state < stateCount; state++)
      table.set(part.table.subarray(state * part.size, (state + 1) * part.size), state * size + start);
    if (part.labels !== undefined && part.labels < 1)
      partlyLabelled.push({ start, size: part.size, share: part.labels });
    start += part.size;
  }
  return { size, table, partlyLabelled };
}
