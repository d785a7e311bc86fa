// What the files of a training step say of themselves, so that a stranger can train with them.
import type { TrainingGraph, TrainingGraphOptions } from '../../src/training/training-graph.ts';
import { nextName, type StateLayout, type StateSlot, stateNames } from './state.ts';

/** The JSON under `jepa_onnx.training_step` in the files' metadata, and in training-step.json. */
export interface TrainingStepDescription {
  readonly format: 1;
  /** Sequences of a batch in the run; the file takes any number unless it was written for this one. */
  readonly batchSize: number;
  /** Steps of a sequence. */
  readonly horizon: number;
  readonly objective: TrainingGraphOptions['objective'];
  readonly optimizer: {
    readonly name: 'adam';
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    /** The encoder's rate over that which is fed. */
    readonly encoderRateFactor: number;
  };
  /** What the rate that is fed was in this configuration. */
  readonly schedule: {
    readonly steps: number;
    readonly learningRate: number;
    readonly warmupSteps: number;
    readonly kind: 'cosine' | 'constant';
  };
  /** Inputs that come back: name of the input -> name of the output that is fed the next time. */
  readonly state: Readonly<Record<string, string>>;
  /** Names of the scalar outputs: `loss` is what is minimised, the others are its unweighted terms and `latent_deviation`. */
  readonly losses: readonly string[];
  /** Where each weight lies in `weights` and in both moments; kernels are [height, width, in, out]. */
  readonly weights: readonly StateSlot[];
  /** Where each average lies in `averages`. */
  readonly averages: readonly StateSlot[];
}

/** The same in training-start.onnx and training-step.json, which follow the weights. */
export interface TrainingStartDescription extends TrainingStepDescription {
  /** Steps that made this state, moments included: the next step is number `stepsDone + 1`. */
  readonly stepsDone: number;
}

export function describeTrainingStep(
  layout: StateLayout,
  { losses }: TrainingGraph,
  { objective, optimization }: TrainingGraphOptions,
): TrainingStepDescription {
  const { batchSize, beta1, beta2, epsilon, encoderRateFactor, steps, learningRate, warmupSteps, schedule } =
    optimization;
  const names = Object.values(stateNames).filter((name) => name !== stateNames.averages || layout.averages.length > 0);
  return {
    format: 1,
    batchSize,
    horizon: objective.horizon,
    objective,
    optimizer: { name: 'adam', beta1, beta2, epsilon, encoderRateFactor },
    schedule: { steps, learningRate, warmupSteps, kind: schedule },
    state: Object.fromEntries(names.map((name) => [name, nextName(name)])),
    losses: [...losses.keys()],
    weights: layout.weights,
    averages: layout.averages,
  };
}

/** One line for every input and output. */
export function portDocs(
  { losses, graph }: TrainingGraph,
  { objective: { horizon } }: TrainingGraphOptions,
): Readonly<Record<string, string>> {
  const isPixels = graph.placeholders.get('observations')?.type === 'uint8';
  const state = {
    [stateNames.weights]: 'all trained weights, one after another; the metadata says where each lies',
    [stateNames.first]: "Adam's first moment of each weight; zeros at the start",
    [stateNames.second]: "Adam's second moment of each weight; zeros at the start",
    [stateNames.averages]: 'what moves without being trained: averages of batch norms, a target encoder',
  };
  return {
    observations: `${isPixels ? 'pixels 0..255' : 'numbers as they were recorded'}; in a step time-major: the first observations of all sequences of the batch, then the second ones, ...`,
    actions: `encoded actions, time-major: the first of all sequences, ${horizon > 1 ? 'then the second ones, ...' : 'which have one each'}`,
    targets: 'what the auxiliary head learns of every observation, time-major',
    directions: 'random unit columns, drawn anew for every step',
    rate: 'learning rate of this step',
    step: 'number of this step, from 1; stepsDone + 1 after the state of training-start.onnx, whose metadata has stepsDone',
    latent: 'latents, batch norms by their averages',
    ...state,
    ...Object.fromEntries(Object.entries(state).map(([name, doc]) => [nextName(name), `after the step: ${doc}`])),
    ...Object.fromEntries([...losses.keys()].map((name) => [name, lossDocs[name] ?? 'unweighted term of the loss'])),
  };
}

const lossDocs: Readonly<Record<string, string>> = {
  loss: 'the weighted sum that is minimised',
  dynamics: 'mean squared error of the predicted latents',
  auxiliary: 'mean loss of the auxiliary head',
  latent_deviation:
    'mean standard deviation of a latent dimension over the batch: near 0 where the encoder has collapsed',
};
