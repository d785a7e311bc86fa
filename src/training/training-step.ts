// One optimisation step of a world model as one TensorFlow graph: forward, backward, Adam and moving averages.
import type { Auxiliary } from '../auxiliary/index.ts';
import type { TransitionBatch } from '../data/transition.ts';
import { elementCount } from '../shape.ts';
import type { NamedArray } from '../storage/safetensors.ts';
import { ADAM_SLOT_PREFIX, adamFeeds, addAdamUpdates } from '../tensorflow/adam.ts';
import { Graph, type GraphTensor, type GraphVariable } from '../tensorflow/graph.ts';
import { ModelVariables } from '../tensorflow/layers.ts';
import { binary } from '../tensorflow/operations/elementwise.ts';
import { pack } from '../tensorflow/operations/shape.ts';
import { GraphSession } from '../tensorflow/session.ts';
import { setNamedWeights } from '../tensorflow/weight.ts';
import type { ObjectiveConfiguration, OptimizationConfiguration } from './configuration.ts';
import { addInference, encodeRows, type InferenceBranch, jacobianGram } from './inference.ts';
import { addObjective, dynamicsHorizonOf, type Networks } from './objective.ts';
import { sigregFeeds } from './regularizer.ts';

export interface TrainingStepShape {
  readonly observationShape: readonly number[];
  readonly observationType: 'uint8' | 'float32';
  readonly actionSize: number;
  /** M': how many auxiliary numbers are fed; 0 where all are functions of the pixels, or there is none. */
  readonly auxiliarySize: number;
}

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

/** Owns the training graph of `networks` and the state of their optimizer; the models' own variables change only in `copyToModels`. */
export class TrainingStep {
  readonly #session: GraphSession;
  readonly #graph: Graph;
  readonly #seed: number;
  readonly #variables = new ModelVariables();
  readonly #optimization: OptimizationConfiguration;
  readonly #termNames: readonly string[];
  readonly #result: GraphTensor;
  readonly #hasTargets: boolean;
  /** Numbers of a batch's observations that are fed. */
  readonly #observedNumbers: number;
  readonly #inference: InferenceBranch | undefined;
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
    const { objective, optimization, auxiliaries } = options;
    const { batchSize } = optimization;
    const { horizon } = objective;
    const observationCount = (dynamicsHorizonOf(objective) + 1) * batchSize;
    const valueCount = (horizon + 1) * batchSize;
    const graph = new Graph();
    this.#optimization = optimization;
    this.rowSize = elementCount(shape.observationShape);
    this.#observedNumbers = observationCount * this.rowSize;
    this.latentSize = Number(networks.encoder.outputs[0].shape[1]);
    this.#hasTargets = shape.auxiliarySize > 0;
    const inputs = {
      observations: graph.placeholder('observations', shape.observationType, [
        observationCount,
        ...shape.observationShape,
      ]),
      actions: graph.placeholder('actions', 'float32', [horizon * batchSize, shape.actionSize]),
      ...(this.#hasTargets
        ? { targets: graph.placeholder('targets', 'float32', [valueCount, shape.auxiliarySize]) }
        : {}),
    };
    const outputs = addObjective(graph, networks, inputs, auxiliaries, objective, this.#variables);
    const trainable = [...this.#variables.trainable.values()];
    const gradients = graph.gradients(
      outputs.total,
      trainable.map((variable) => variable.value),
    );
    const trained = trainable.filter((_, index) => gradients[index] !== undefined);
    const updates = addAdamUpdates(
      graph,
      trained,
      gradients.filter((gradient) => gradient !== undefined),
      optimization,
      (variable) => (variable.name.startsWith('encoder/') ? optimization.encoderRateFactor : 1),
    );
    // Batch norms' averages among them: read while they change, they would be another step's now and then.
    const settled = [...updates, ...this.#variables.updates];
    const follows = addMovingTargets(graph, outputs.followed, objective.targetDecay, settled);
    this.#termNames = [...outputs.terms.keys()];
    const numbers = pack(graph, [outputs.total, ...outputs.terms.values(), outputs.latentDeviation], 'numbers');
    [this.#result] = graph.add(
      'Identity',
      [numbers],
      { T: { type: 'float32' } },
      [{ type: 'float32', shape: numbers.shape }],
      { name: 'step', after: [...settled, ...follows] },
    );
    this.#inference = options.isMeasured ? addInference(graph, networks.encoder, shape, this.#variables) : undefined;
    this.#graph = graph;
    this.#seed = options.seed ?? 0;
    this.#session = new GraphSession(graph);
    this.#initialize(graph);
  }

  /** Runs step number `step` (from 0) on `batch` with learning rate `rate`. */
  run(batch: TransitionBatch, step: number, rate: number): StepResult {
    const feeds = {
      // Time-major: what is encoded comes first.
      observations: batch.observations.subarray(0, this.#observedNumbers),
      actions: batch.actions,
      ...(this.#hasTargets ? { targets: batch.auxiliary } : {}),
      ...adamFeeds(step, rate, this.#optimization),
      ...sigregFeeds(this.#graph, this.#seed, step),
    };
    const [numbers] = this.#session.run(feeds, [this.#result]);
    const terms = Object.fromEntries(this.#termNames.map((name, index) => [name, numbers[index + 1]]));
    return { loss: numbers[0], terms, latentDeviation: numbers[numbers.length - 1] };
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
    if (!this.#inference) throw new Error('training step: expected to be built with isMeasured');
    return this.#inference;
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
    const { weights } = this.read();
    setNamedWeights(networks.encoder, 'encoder', weights);
    setNamedWeights(networks.predictor, 'predictor', weights);
    if (networks.auxiliary) setNamedWeights(networks.auxiliary, 'auxiliary', weights);
  }

  /** The models' own values, and a fresh optimizer. */
  #initialize(graph: Graph): void {
    const values = new Map<string, NamedArray>();
    for (const { name, shape } of graph.variables.values()) {
      const own = this.#variables.all.get(name);
      const initial = own ? Float32Array.from(own.layer.read().dataSync()) : new Float32Array(elementCount(shape));
      values.set(name, { shape, values: initial });
    }
    this.#session.setVariables(values);
  }

  dispose(): void {
    this.#session.dispose();
  }
}

/** target <- decay * target + (1 - decay) * encoder, with the encoder as it is after this step's updates. */
function addMovingTargets(
  graph: Graph,
  followed: ReadonlyMap<GraphVariable, GraphVariable>,
  decay: number,
  updates: readonly string[],
): string[] {
  const dtype = { dtype: { type: 'float32' as const } };
  return [...followed].map(([target, source]) => {
    const output = [{ type: 'float32' as const, shape: source.shape }];
    const [updated] = graph.add('ReadVariableOp', [source.handle], dtype, output, { after: updates });
    const change = binary(graph, 'Mul', binary(graph, 'Sub', updated, target.value), graph.constant(1 - decay));
    return graph.addEffect('AssignAddVariableOp', [target.handle, change], dtype);
  });
}
