// Simulators that are stepped together, each in a lane: what recording and acting need of a user's module and of Python's
// Gymnasium alike.
import type { Action, ActionSpace, ObservationSpace } from './simulator.ts';

export interface Situation {
  /** [H, W, C] bytes or [D] numbers; the caller may keep it. */
  readonly observation: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** Present where the pool knows states. */
  readonly state: number | undefined;
}

export interface Transition extends Situation {
  readonly reward: number;
  readonly isTerminal: boolean;
  readonly isTruncated: boolean;
  readonly auxiliary: Readonly<Record<string, number>>;
}

/** A transition whose end is kept. */
export interface Branch extends Transition {
  readonly handle: number;
}

/** Situations that are kept, to go on from them in several ways: how the true dynamics are planned in. */
export interface Branching {
  /** Keeps the situation of a lane. @returns its handle */
  save(lane: number): Promise<number>;
  /** [n] handles, [n] actions -> what comes of each; the lane itself stays where it is. Handles are of that lane. */
  branch(lane: number, handles: readonly number[], actions: readonly Action[]): Promise<readonly Branch[]>;
  /** Forgets all that was kept. */
  release(): Promise<void>;
}

/** Where the parts of a simulator's spaces went. */
export interface SpaceLayout {
  /** In the order of the numbers; a part of an image says its channels. */
  readonly observation: readonly { readonly name: string; readonly kind: 'image' | 'vector'; readonly size: number }[];
  /** The names of the choices, or of the numbers. */
  readonly action: readonly string[];
}

export interface SimulatorPool {
  /** As the user wrote it: `./my-env.ts`, `gym:CartPole-v1`. */
  readonly name: string;
  readonly observation: ObservationSpace;
  readonly action: ActionSpace;
  readonly hasState: boolean;
  readonly laneCount: number;
  /** What made it, for provenance: versions. */
  readonly provenance: Readonly<Record<string, string>>;
  /** What the numbers of observations and actions are called, where the simulator says so: for provenance. */
  readonly layout?: SpaceLayout | undefined;
  /** What of the simulator is not as one might expect, in one line each. */
  readonly notes?: readonly string[];
  /** Begins an episode in each of `lanes`, with the seed at the same place. */
  reset(lanes: readonly number[], seeds: readonly number[]): Promise<readonly Situation[]>;
  step(lanes: readonly number[], actions: readonly Action[]): Promise<readonly Transition[]>;
  /** Absent where situations cannot be kept. Whether they come back as they were: `findBranchingFault`. */
  readonly branching?: Branching | undefined;
  dispose(): Promise<void>;
}
