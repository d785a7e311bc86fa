// One optimisation step of a world model as a graph: forward, backward, Adam and moving averages. Building it needs no native
// library: training-step.ts runs it in TensorFlow, and export/training writes it as an ONNX file.
import type { Auxiliary } from '../auxiliary/auxiliary.ts';
import { elementCount } from '../shape.ts';
import type { NamedArray } from '../storage/safetensors.ts';
import { addAdamUpdates } from '../tensorflow/adam.ts';
import { Graph, type GraphTensor, type GraphVariable } from '../tensorflow/graph.ts';
import { ModelVariables } from '../tensorflow/layers.ts';
import { binary } from '../tensorflow/operations/elementwise.ts';
import { pack } from '../tensorflow/operations/shape.ts';
import type { ObjectiveConfiguration, OptimizationConfiguration } from './configuration.ts';
import { addInference, type InferenceBranch } from './inference.ts';
import { addObjective, dynamicsHorizonOf, type Networks } from './objective.ts';

export interface TrainingStepShape {
  readonly observationShape: readonly number[];
  readonly observationType: 'uint8' | 'float32';
  readonly actionSize: number;
  /** M': how many auxiliary numbers are fed; 0 where all are functions of the pixels, or there is none. */
  readonly auxiliarySize: number;
}

export interface TrainingGraphOptions {
  readonly objective: ObjectiveConfiguration;
  readonly optimization: OptimizationConfiguration;
  readonly auxiliaries: readonly Auxiliary[];
  /** Whether the encoder as it would be exported now stands beside the step. Default false. */
  readonly isMeasured?: boolean;
  /** R of that encoder. Default: as many as measuring needs. */
  readonly measuredRows?: number;
}

export interface TrainingGraph {
  readonly graph: Graph;
  readonly variables: ModelVariables;
  /** [2 + terms]: the total, the terms in their order, the deviation; fetching it runs the whole step. */
  readonly result: GraphTensor;
  readonly termNames: readonly string[];
  /** The scalars of `result` by name: `loss`, each term, `latent_deviation`. */
  readonly losses: ReadonlyMap<string, GraphTensor>;
  readonly hasTargets: boolean;
  /** Numbers of a batch's observations that are fed. */
  readonly observedNumbers: number;
  /** D */
  readonly latentSize: number;
  readonly inference: InferenceBranch | undefined;
}

export function buildTrainingGraph(
  networks: Networks,
  shape: TrainingStepShape,
  options: TrainingGraphOptions,
): TrainingGraph {
  const { objective, optimization, auxiliaries } = options;
  const { batchSize } = optimization;
  const { horizon } = objective;
  const observationCount = (dynamicsHorizonOf(objective) + 1) * batchSize;
  const valueCount = (horizon + 1) * batchSize;
  const graph = new Graph();
  const variables = new ModelVariables();
  const hasTargets = shape.auxiliarySize > 0;
  const inputs = {
    observations: graph.placeholder('observations', shape.observationType, [
      observationCount,
      ...shape.observationShape,
    ]),
    actions: graph.placeholder('actions', 'float32', [horizon * batchSize, shape.actionSize]),
    ...(hasTargets ? { targets: graph.placeholder('targets', 'float32', [valueCount, shape.auxiliarySize]) } : {}),
  };
  const outputs = addObjective(graph, networks, inputs, auxiliaries, objective, variables);
  const trainable = [...variables.trainable.values()];
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
  const settled = [...updates, ...variables.updates];
  const follows = addMovingTargets(graph, outputs.followed, objective.targetDecay, settled);
  const numbers = pack(graph, [outputs.total, ...outputs.terms.values(), outputs.latentDeviation], 'numbers');
  const [result] = graph.add(
    'Identity',
    [numbers],
    { T: { type: 'float32' } },
    [{ type: 'float32', shape: numbers.shape }],
    { name: 'step', after: [...settled, ...follows] },
  );
  return {
    graph,
    variables,
    result,
    termNames: [...outputs.terms.keys()],
    losses: new Map([['loss', outputs.total], ...outputs.terms, ['latent_deviation', outputs.latentDeviation]]),
    hasTargets,
    observedNumbers: observationCount * elementCount(shape.observationShape),
    latentSize: Number(networks.encoder.outputs[0].shape[1]),
    inference: options.isMeasured
      ? addInference(graph, networks.encoder, shape, variables, options.measuredRows)
      : undefined,
  };
}

/** The values that a training starts from: the models' own, and a fresh optimizer. */
export function initialValues({ graph, variables }: TrainingGraph): Map<string, NamedArray> {
  const values = new Map<string, NamedArray>();
  for (const { name, shape } of graph.variables.values()) {
    const own = variables.all.get(name);
    const initial = own ? Float32Array.from(own.layer.read().dataSync()) : new Float32Array(elementCount(shape));
    values.set(name, { shape, values: initial });
  }
  return values;
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
