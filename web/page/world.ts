// The contract of what an export was trained on, in the page: an environment that is made again there (environment-world.ts),
// or held-out observations of a recording that lie beside the export (recording-world.ts).
import type { Auxiliary } from '../../src/auxiliary/auxiliary.ts';
import type { Environment } from '../../src/environments/index.ts';
import type { NamedClasses } from '../../src/evaluation/class/bisimulation.ts';
import type { ActionSpace } from '../../src/planning/action-space.ts';
import type { ObservationSet } from '../observation-set.ts';

/** What an export was trained on, as far as the page has it: observations, classes, actions, and what it is known to do. */
export interface World {
  /** Of the environment or the recording. */
  readonly name: string;
  readonly classes: NamedClasses;
  /** Actions that can be pressed. */
  readonly actionNames: readonly string[];
  /** The A numbers of an action. */
  encodeAction(action: number): Float32Array;
  /** What a plan is made of. */
  readonly actionSpace: ActionSpace;
  /** The action that A numbers of a plan mean. */
  actionOf(encoded: Float32Array): number;
  /** Where actions really lead; undefined for a recording. */
  readonly environment: Environment | undefined;
  /** What the head's outputs are, in their order; undefined where it is not known of some of them. */
  readonly auxiliaries: readonly Auxiliary[] | undefined;
  /** Of each number of a vector, in their order. */
  readonly vectorColumns: readonly VectorColumn[];
  /** Judged observations that there are; undefined where as many can be drawn as are wanted. */
  readonly available: number | undefined;
  /** At least so many are measured, so that every class is seen a few times. */
  readonly leastObservations: number;
  /** How the observations came to be, and what cannot be done with them: sentences. */
  readonly notes: (count: number) => readonly string[];
  /** Up to `count` observations of a stream, the same for the same name. */
  draw(count: number, stream: 'evaluation' | 'evaluation centroids'): ObservationSet;
}

/** One number of a vector, and what it was in the training data. */
export interface VectorColumn {
  readonly name: string;
  readonly mean: number;
  readonly deviation: number;
}
