// The contract of a pixel environment with finitely many abstract states: a deterministic MDP on 0..stateCount-1, and a
// rendering of each state that also draws what the state does not say (shape, colour, position, noise).
import type { Random } from '../random.ts';

/** What one episode keeps fixed and the state does not say (a shape, a colour, a layout). Opaque to the callers. */
export type Appearance = Readonly<Record<string, number>>;

/** One of the things that a state is made of: a row, a phase, whether the key is held. */
export interface StateFactor {
  readonly name: string;
  /** Its values are 0..size-1. */
  readonly size: number;
  /** Its value in a state. */
  of(state: number): number;
}

/** Something that an observation shows and its state does not say (a shape, a colour, a place): a latent may drop it. */
export interface Nuisance {
  readonly name: string;
  /** `class`: one of `names`; `values`: a number for each of `names`. */
  readonly kind: 'class' | 'values';
  readonly names: readonly string[];
  /**
   * Reads it from an image, [H, W, C] bytes: the index of its class, or its values. Exact for what `render` drew; what a
   * decoder made of a latent is read in the same way. Undefined where the image shows nothing to read it from.
   */
  read(pixels: Uint8Array): readonly number[] | undefined;
}

/** Encoded actions that are numbers within bounds, instead of one-hot. */
export interface ContinuousActions {
  /** Bounds of each of the A numbers. */
  readonly low: number;
  readonly high: number;
  /** The action that A numbers mean: the inverse of `encodeAction`. */
  actionOf(encoded: Float32Array): number;
}

/** A pixel environment with finitely many states: its dynamics, its rewards, and images of its states. */
export interface Environment {
  readonly name: string;
  /** One line for `--help` and reports. */
  readonly description: string;
  /** The options that it was created with, all defaults filled in: what a run records to create it again. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /** H, W, C of an observation; pixels are uint8 in 0..255, row-major HWC. */
  readonly observationShape: readonly [height: number, width: number, channels: number];
  readonly actionNames: readonly string[];
  /** A: how many numbers an encoded action has (one per action for one-hot, 1 for a scalar). */
  readonly actionSize: number;
  /** Writes the A numbers of `action` to `encoded` at `offset`; a continuous variant draws within the action's interval. */
  encodeAction(action: number, random: Random, encoded: Float32Array, offset: number): void;
  /** Absent where encoded actions are one-hot. */
  readonly continuous?: ContinuousActions | undefined;
  readonly stateCount: number;
  /** Different for every state; without a comma, so that a pair of them can be written on a command line. */
  stateName(state: number): string;
  /** What a state is made of; absent where it is one number that has no parts. */
  readonly factors?: readonly StateFactor[];
  /** f on abstract states; where the world slips, what it does most often. */
  next(state: number, action: number): number;
  /**
   * What an action leads to where the world slips: drawn, and for every state and action most often `next`. Transitions of a
   * training are drawn by it; classes, words and plans are those of `next`. Absent where the world is deterministic.
   */
  drawNext?(state: number, action: number, random: Random): number;
  /**
   * Whether an episode ends in this state: no transition of a training starts there, and `next` stays there. Absent where
   * episodes never end by themselves.
   */
  isTerminal?(state: number): boolean;
  /** The reward of an observation of this state. */
  reward(state: number): number;
  /** True where the reward is 0 or 1 everywhere, so that cross-entropy applies. */
  readonly hasBinaryReward: boolean;
  /** What its images show beside the state, for probes and decoders; absent where nobody can say. */
  readonly nuisances?: readonly Nuisance[];
  /** Draws what an image shows beside the state. */
  drawAppearance(random: Random): Appearance;
  /** Draws one observation of `state` into `pixels` (H*W*C bytes); everything not fixed by the appearance is drawn anew. */
  render(state: number, appearance: Appearance, random: Random, pixels: Uint8Array): void;
  /**
   * Draws from `random` what `render` would, and no image: for observations that nobody looks at, in a stream that must not
   * change. Absent: they are rendered all the same.
   */
  skipImage?(state: number, random: Random): void;
}

/** Where a transition may start: everywhere but where an episode has ended. */
export function startingStates(environment: Environment): number[] {
  const states = Array.from({ length: environment.stateCount }, (_, state) => state);
  return states.filter((state) => !(environment.isTerminal?.(state) ?? false));
}

/** One-hot encoding, for environments whose actions are plain names. */
export function encodeOneHot(action: number, size: number, encoded: Float32Array, offset: number): void {
  encoded.fill(0, offset, offset + size);
  encoded[offset + action] = 1;
}
