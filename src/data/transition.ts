// Batches of transitions, and the contract of whatever yields them: an environment, or a recording.
// Letters: B sequences, K steps of a sequence (1 for plain transitions), A action size, M auxiliary size.

/** K consecutive transitions of B sequences, time-major. */
export interface TransitionBatch {
  readonly size: number;
  readonly horizon: number;
  /** [K+1, B, ...observationShape]; only the first J+1, where a source was asked for no more. */
  readonly observations: Uint8Array | Float32Array;
  /** [K, B, A]: one-hot for discrete actions. */
  readonly actions: Float32Array;
  /** [K+1, B, M]: the auxiliary function p of every observation. */
  readonly auxiliary: Float32Array;
  /** [K+1, B]: the abstract state of every observation, where it is known. */
  readonly states?: Int32Array;
  /** [B]: the episode of each sequence, where it is of a recording. */
  readonly episodes?: Int32Array;
  /** [B]: the row of its episode that each sequence begins with, where it is of a recording. */
  readonly rows?: Int32Array;
}

/** Where training takes its batches of transitions (observation, action, next observation, p) from. */
export interface TransitionSource {
  /** [H, W, C] of images, [D] of vectors. */
  readonly observationShape: readonly number[];
  readonly observationType: 'uint8' | 'float32';
  readonly actionSize: number;
  readonly auxiliarySize: number;
  /** The batch of one training step: a function of the source's seed, `step` and `size` alone, so that a resumed run sees what it would have seen. */
  batch(step: number, size: number, horizon: number): TransitionBatch | Promise<TransitionBatch>;
  /** Gives back what the source holds; no batch is asked for afterwards. */
  dispose?(): void | Promise<void>;
}

/** Observations with the labels that an evaluation compares them by. */
export interface LabelledObservations {
  /** [N, ...observationShape] */
  readonly observations: Uint8Array | Float32Array;
  /** [N] abstract states. */
  readonly states: Int32Array;
  /** [N]: the recorded episode of each; absent where observations are independent. */
  readonly episodes?: Int32Array;
}
