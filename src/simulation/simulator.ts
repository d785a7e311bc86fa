// The contract of a user's own environment: a simulator that is reset and stepped, in a module that exports `createSimulator`.
// Letters: H W C image, D numbers of a vector, A numbers of a continuous action.

/** What a simulator observes: images [H, W, C] or vectors of numbers. */
export type ObservationSpace =
  /** [H, W, C] bytes, row by row, channels last: grey, colour, or frames side by side. */
  | { readonly kind: 'image'; readonly shape: readonly [height: number, width: number, channels: number] }
  /** D numbers of any unit: training standardises them. */
  | { readonly kind: 'vector'; readonly size: number }
  /** Both, one after the other: the image's bytes in 0..255, then D numbers. */
  | {
      readonly kind: 'image-and-vector';
      readonly shape: readonly [height: number, width: number, channels: number];
      readonly size: number;
    };

/** What a simulator takes: one of some named actions, or a vector of numbers. */
export type ActionSpace =
  /** An action is the index of its name. */
  | { readonly kind: 'discrete'; readonly names: readonly string[] }
  /** An action is A numbers, each within its own bounds. */
  | {
      readonly kind: 'continuous';
      readonly low: readonly number[];
      readonly high: readonly number[];
      /** Runs of numbers of which the largest is 1 and the others 0: choices beside numbers, or more than can be listed. */
      readonly choices?: readonly Choice[];
    };

/** What a policy chose. */
export interface Choice {
  /** Of the first of its numbers. */
  readonly offset: number;
  readonly count: number;
}

/** An index of a discrete space, or A numbers of a continuous one. */
export type Action = number | readonly number[];

/** What came of an action. */
export interface Outcome {
  /** After the action; copied before the next call, so that one array may be used for all. */
  readonly observation: ArrayLike<number>;
  /** Of the observation that the action led to. */
  readonly reward: number;
  /** Whether the episode ends here by itself. */
  readonly isTerminal: boolean;
  /** Whether it is cut off here, by a limit that the observation does not show. Default false. */
  readonly isTruncated?: boolean;
  /** Further numbers to predict from the latent, by name; the same names at every step. */
  readonly auxiliary?: Readonly<Record<string, number>>;
}

/** An environment of the user's own: episodes begin by `reset` and go on by `step`. */
export interface Simulator {
  readonly observation: ObservationSpace;
  readonly action: ActionSpace;
  /** Begins an episode, which the seed alone decides, and gives its first observation. Seeds are in 0..2^31-1. */
  reset(seed: number): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Takes an action in the current state; what came of it. */
  step(action: Action): Outcome | Promise<Outcome>;
  /** The number of the abstract state that it is in, in 0..2^31-1: classes of the evaluation are exact then. */
  stateId?(): number;
  /**
   * All that decides what happens next, generators included: a value that later steps do not change. With `restore`,
   * `jepa plan` compares what was learned with planning in the true dynamics.
   */
  save?(): unknown;
  /** Puts back what `save` gave, as often as it is asked to. */
  restore?(saved: unknown): void;
  /** Gives back what the simulator holds; nothing of it is called afterwards. */
  dispose?(): void | Promise<void>;
}

/** What a module exports as `createSimulator`. The options are those of the command line (`--option key=value`). */
export type SimulatorCreator = (options: Readonly<Record<string, unknown>>) => Simulator | Promise<Simulator>;
