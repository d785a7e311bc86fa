// Runs the training graph of a world model in TensorFlow, and owns the state of its optimizer.
import type { Auxiliary } from '../auxiliary/index.ts';
import type { TransitionBatch } from '../data/transition.ts';
import { JepaError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { NamedArray } from '../storage/safetensors.ts';
import { ADAM_SLOT_PREFIX, adamFeeds } from '../tensorflow/adam.ts';
import type { GraphTensor } from '../tensorflow/graph.ts';
import { type Feeds, GraphSession } from '../tensorflow/session.ts';
import { setNetworkWeights } from '../tensorflow/weight.ts';
import type { StepResult, StepState, TrainingBackend } from './backend.ts';
import type { ObjectiveConfiguration, OptimizationConfiguration } from './configuration.ts';
import { encodeRows, type InferenceBranch, jacobianGram } from './inference.ts';
import type { Networks } from './objective.ts';
import { addReader, type ProbedTensor, probedTensors } from './probe.ts';
import { sigregFeeds } from './regularizer.ts';
import { buildTrainingGraph, initialValues, type TrainingGraph, type TrainingStepShape } from './training-graph.ts';

export type { StepResult, StepState } from './backend.ts';
export type { TrainingStepShape } from './training-graph.ts';

/** Owns the training graph of `networks` and the state of their optimizer; the models' own variables change only in `copyToModels`. */
export class TrainingStep implements TrainingBackend {
  readonly #session: GraphSession;
  readonly #built: TrainingGraph;
  /** The same graph with readers of what is probed: apart, so that a step runs as it would if nothing were looked at. */
  readonly #openProbe: () => Probe;
  #probe: Probe | undefined;
  readonly #seed: number;
  readonly #optimization: OptimizationConfiguration;
  /** Numbers of an observation. */
  readonly rowSize: number;
  /** D */
  readonly latentSize: number;

  constructor(
    networks: Networks,
    shape: TrainingStepShape,
    options: {
      readonly objective: ObjectiveConfiguration;
      readonly optimization: OptimizationConfiguration;
      readonly auxiliaries: readonly Auxiliary[];
      /** Of what a step draws itself (SIGReg's directions). Default 0. */
      readonly seed?: number;
      /** Whether `encode` and `jacobianGram` are wanted. Default false. */
      readonly isMeasured?: boolean;
    },
  ) {
    this.#built = buildTrainingGraph(networks, shape, options);
    this.#openProbe = () => openProbe(buildTrainingGraph(networks, shape, options));
    this.#optimization = options.optimization;
    this.rowSize = elementCount(shape.observationShape);
    this.latentSize = this.#built.latentSize;
    this.#seed = options.seed ?? 0;
    this.#session = new GraphSession(this.#built.graph);
    // The models' own values, and a fresh optimizer.
    this.#session.setVariables(initialValues(this.#built));
  }

  /** Runs step number `step` (from 0) on `batch` with learning rate `rate`. */
  run(batch: TransitionBatch, step: number, rate: number): StepResult {
    const { result, termNames } = this.#built;
    const feeds = { ...this.#batchFeeds(batch, step), ...adamFeeds(step, rate, this.#optimization) };
    const [numbers] = this.#session.run(feeds, [result]);
    const terms = Object.fromEntries(termNames.map((name, index) => [name, numbers[index + 1]]));
    return { loss: numbers[0], terms, latentDeviation: numbers[numbers.length - 1] };
  }

  #batchFeeds(batch: TransitionBatch, step: number): Feeds {
    const { graph, hasTargets, observedNumbers } = this.#built;
    return {
      // Time-major: what is encoded comes first.
      observations: batch.observations.subarray(0, observedNumbers),
      actions: batch.actions,
      ...(hasTargets ? { targets: batch.auxiliary } : {}),
      ...sigregFeeds(graph, this.#seed, step),
    };
  }

  get probed(): readonly ProbedTensor[] {
    return probedTensors(this.#built);
  }

  /** The values of some of `probed`; no variable changes, since none of them waits for that. The networks must be there still. */
  probe(batch: TransitionBatch, step: number, tensors: readonly ProbedTensor[]): Float32Array[] {
    this.#probe ??= this.#openProbe();
    const { session, readers } = this.#probe;
    session.setVariables(this.#session.readVariables());
    const fetches = tensors.map(({ name }) => {
      const reader = readers.get(name);
      if (!reader) throw new JepaError(`probe: expected a tensor of the training graph, got ${name}`);
      return reader;
    });
    return session.run(this.#batchFeeds(batch, step), fetches);
  }

  /** [N, ...observation] -> [N, D]: latents of the encoder as it is now, batch norms by their moving averages. Changes nothing. */
  encode(observations: Uint8Array | Float32Array): Float32Array {
    return encodeRows(this.#session, this.#requireInference(), observations);
  }

  /** J J' [D, D] of the encoder's Jacobian J at one observation (pixels in 0..1), batch norms by their moving averages. */
  jacobianGram(observation: Uint8Array | Float32Array): Float32Array {
    return jacobianGram(this.#session, this.#requireInference(), observation);
  }

  #requireInference(): InferenceBranch {
    const { inference } = this.#built;
    if (!inference) throw new Error('training step: expected to be built with isMeasured');
    return inference;
  }

  /** Copies of the models' weights and of the optimizer's slots, by name. */
  read(): StepState {
    const weights = new Map<string, NamedArray>();
    const optimizer = new Map<string, NamedArray>();
    for (const [name, value] of this.#session.readVariables())
      (name.startsWith(ADAM_SLOT_PREFIX) ? optimizer : weights).set(name, value);
    return { weights, optimizer };
  }

  /** Goes on from a state that `read` returned, perhaps in another process. */
  restore(state: StepState): void {
    this.#session.setVariables(new Map([...state.weights, ...state.optimizer]));
  }

  /** Copies the trained weights into the models' own variables. */
  copyToModels(networks: Networks): void {
    setNetworkWeights(networks, this.read().weights);
  }

  dispose(): void {
    this.#session.dispose();
    this.#probe?.session.dispose();
  }
}

/** A session in which tensors inside of a step can be fetched: by the name of each, what reads it. */
interface Probe {
  readonly session: GraphSession;
  readonly readers: ReadonlyMap<string, GraphTensor>;
}

function openProbe(built: TrainingGraph): Probe {
  const readers = new Map(probedTensors(built).map((tensor) => [tensor.name, addReader(built.graph, tensor)]));
  return { session: new GraphSession(built.graph), readers };
}
