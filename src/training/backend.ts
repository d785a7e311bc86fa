// The contract of whatever runs a training: TensorFlow's graph (training-step.ts), or the step as an ONNX file on a runtime
// (pipeline/train/onnx-step.ts). A state that one of them read can be restored into another; within one the bits are the same.
import type { TransitionBatch } from '../data/transition.ts';
import type { NamedArray } from '../storage/safetensors.ts';
import type { Networks } from './objective.ts';
import type { ProbedTensor } from './probe.ts';
import type { TrainingGraphOptions, TrainingStepShape } from './training-graph.ts';

export interface StepResult {
  /** The weighted total. */
  readonly loss: number;
  /** Unweighted terms: dynamics, auxiliary. */
  readonly terms: Readonly<Record<string, number>>;
  readonly latentDeviation: number;
}

/** Everything that a step changes. */
export interface StepState {
  readonly weights: ReadonlyMap<string, NamedArray>;
  readonly optimizer: ReadonlyMap<string, NamedArray>;
}

export interface TrainingBackend {
  /** Numbers of an observation. */
  readonly rowSize: number;
  /** D */
  readonly latentSize: number;
  /** Runs step number `step` (from 0) on `batch` with learning rate `rate`. */
  run(batch: TransitionBatch, step: number, rate: number): StepResult | Promise<StepResult>;
  /** What `probe` can give: losses, activations and gradients of a step, in the order in which they are computed. */
  readonly probed: readonly ProbedTensor[];
  /** The values of some of `probed` in step number `step` on `batch`, each laid out as TensorFlow does. Changes nothing. */
  probe(
    batch: TransitionBatch,
    step: number,
    tensors: readonly ProbedTensor[],
  ): readonly Float32Array[] | Promise<readonly Float32Array[]>;
  /** [N, ...observation] -> [N, D]: latents of the encoder as it is now, batch norms by their moving averages. Changes nothing. */
  encode(observations: Uint8Array | Float32Array): Float32Array | Promise<Float32Array>;
  /** J J' [D, D] of the encoder's Jacobian J at one observation (pixels in 0..1), batch norms by their moving averages. */
  jacobianGram(observation: Uint8Array | Float32Array): Float32Array | Promise<Float32Array>;
  /** Copies of the models' weights and of the optimizer's slots, by name. */
  read(): StepState | Promise<StepState>;
  /** Goes on from a state that `read` returned, perhaps in another process or of another backend. */
  restore(state: StepState): void;
  /** Copies the trained weights into the models' own variables. */
  copyToModels(networks: Networks): void | Promise<void>;
  dispose(): void | Promise<void>;
}

/** Opens a backend with the networks' own weights and a fresh optimizer. */
export type OpenTrainingBackend = (
  networks: Networks,
  shape: TrainingStepShape,
  options: TrainingGraphOptions & {
    /** Of what a step draws itself (SIGReg's directions). Default 0. */
    readonly seed?: number;
  },
) => TrainingBackend | Promise<TrainingBackend>;
