// The objective of Yu et al. (arXiv 2509.12249, eq. 1) as nodes of a training graph:
//   L = c_dyn mean |T(E(o), a) - E(f(o, a))|^2 + c_aux mean l(P(E(o)), p(o)).
// By default gradients flow through both sides of the dynamics term: no stop-gradient, no target network, no contrastive
// or variance term. Means are over the batch, the steps and the latent's dimensions.
// Letters: B sequences, K steps (the horizon; 1 in the paper), J of them with a dynamics term (K by default), D latent,
// A action, M auxiliary numbers.
import type * as tf from '@tensorflow/tfjs';
import { type Auxiliary, sliceAuxiliaries } from '../auxiliary/auxiliary.ts';
import { elementCount } from '../shape.ts';
import type { Graph, GraphTensor, GraphVariable } from '../tensorflow/graph.ts';
import { applyModel, ModelVariables } from '../tensorflow/layers.ts';
import { softplus } from '../tensorflow/operations/activation.ts';
import {
  add,
  binary,
  divide,
  multiply,
  scale,
  square,
  stopGradient,
  subtract,
} from '../tensorflow/operations/elementwise.ts';
import {
  castToFloat,
  concatenate,
  mean,
  reshape,
  slice,
  softmaxCrossEntropy,
  spread,
  sum,
} from '../tensorflow/operations/shape.ts';
import type { ObjectiveConfiguration } from './configuration.ts';
import { covarianceTerm, sigregTerm, varianceTerm } from './regularizer.ts';

/** The networks that are trained together. */
export interface Networks {
  /** [B, ...observation] in 0..1 -> [B, D] */
  readonly encoder: tf.LayersModel;
  /** [B, D], [B, A] -> [B, D] */
  readonly predictor: tf.LayersModel;
  /** [B, D] -> [B, M]; absent where there is no auxiliary function. */
  readonly auxiliary?: tf.LayersModel;
}

export interface ObjectiveInputs {
  /** [(J+1) B, ...observation], time-major: uint8 pixels, or float32 values. */
  readonly observations: GraphTensor;
  /** [K B, A], time-major. */
  readonly actions: GraphTensor;
  /** [(K+1) B, M']: p of every observation, for the auxiliaries that are not functions of the pixels. */
  readonly targets?: GraphTensor;
}

export interface ObjectiveOutputs {
  /** The scalar that is minimised. */
  readonly total: GraphTensor;
  /** Unweighted terms by name; scalars. */
  readonly terms: ReadonlyMap<string, GraphTensor>;
  /** Mean standard deviation of a latent dimension over the batch: near 0 where the encoder has collapsed. */
  readonly latentDeviation: GraphTensor;
  /** Variables of the target encoder (`target/...`) and what each follows; empty unless the target is a moving average. */
  readonly followed: ReadonlyMap<GraphVariable, GraphVariable>;
}

/** J: the steps of a sequence whose observations are encoded. */
export function dynamicsHorizonOf({ horizon, dynamicsHorizon }: ObjectiveConfiguration): number {
  return Math.min(horizon, dynamicsHorizon ?? horizon);
}

/** uint8 pixels are scaled to 0..1 before the encoder; float observations are taken as they are. */
export const PIXEL_SCALE = 1 / 255;

export function addObjective(
  graph: Graph,
  networks: Networks,
  inputs: ObjectiveInputs,
  auxiliaries: readonly Auxiliary[],
  configuration: ObjectiveConfiguration,
  variables: ModelVariables,
): ObjectiveOutputs {
  const { horizon } = configuration;
  const dynamicsHorizon = dynamicsHorizonOf(configuration);
  const batchSize = inputs.actions.shape[0] / horizon;
  const pixels = castToFloat(graph, inputs.observations, inputs.observations.type === 'uint8' ? PIXEL_SCALE : 1);
  const encoded = encoderInputs(graph, networks.encoder, pixels);
  const [latents] = applyModel(graph, networks.encoder, encoded, 'encoder', variables);

  const predictions: GraphTensor[] = [];
  let latent = slice(graph, latents, 0, 0, batchSize);
  for (let k = 0; k < horizon; k++) {
    const action = horizon === 1 ? inputs.actions : slice(graph, inputs.actions, 0, k * batchSize, batchSize);
    [latent] = applyModel(graph, networks.predictor, [latent, action], 'predictor', variables);
    predictions.push(latent);
  }
  const predicted = concatenate(graph, predictions, 0);
  const { latents: targets, followed } = encodeTargets(
    graph,
    networks.encoder,
    encoded,
    latents,
    configuration,
    variables,
  );
  const compared = dynamicsHorizon * batchSize;
  const target = slice(graph, targets, 0, batchSize, compared);
  const comparable = dynamicsHorizon === horizon ? predicted : slice(graph, predicted, 0, 0, compared);

  const terms = new Map<string, GraphTensor>();
  const dynamics = mean(graph, square(graph, subtract(graph, comparable, target)));
  terms.set('dynamics', dynamics);
  let total = scale(graph, dynamics, configuration.dynamics);
  if (networks.auxiliary) {
    const targets = auxiliaryTargets(graph, pixels, inputs.targets, auxiliaries, variables);
    const now = { latents, firstRow: 0 };
    const rolled = { latents: predicted, firstRow: batchSize };
    const parts = { encoded: [now], predicted: [rolled], both: [now, rolled] }[configuration.auxiliaryOn];
    const head = networks.auxiliary;
    const losses = parts.flatMap((part) => {
      const [values] = applyModel(graph, head, [part.latents], 'auxiliary', variables);
      return auxiliaryLosses(graph, values, targets, part.firstRow, auxiliaries);
    });
    const sum = losses.reduce((left, right) => add(graph, left, right));
    // A mean over encoded and predicted latents, so that c_aux means the same for all three choices.
    const auxiliary = scale(graph, sum, 1 / parts.length);
    terms.set('auxiliary', auxiliary);
    total = add(graph, total, scale(graph, auxiliary, configuration.auxiliary));
  }
  const regularizers = { variance: varianceTerm, covariance: covarianceTerm, sigreg: sigregTerm };
  for (const name of ['variance', 'covariance', 'sigreg'] as const) {
    if (configuration[name] === 0) continue;
    const term = regularizers[name](graph, latents);
    terms.set(name, term);
    total = add(graph, total, scale(graph, term, configuration[name]));
  }
  return { total, terms, latentDeviation: spread(graph, latents), followed };
}

/** The observation itself; or, for an encoder of several inputs, their parts of a packed observation, pixels in 0..1. */
export function encoderInputs(graph: Graph, encoder: tf.LayersModel, observations: GraphTensor): GraphTensor[] {
  if (encoder.inputs.length === 1) return [observations];
  let start = 0;
  return encoder.inputs.map((input) => {
    const shape = input.shape.slice(1).map(Number);
    const size = elementCount(shape);
    const part = slice(graph, observations, 1, start, size);
    start += size;
    if (shape.length === 1) return part;
    return scale(graph, reshape(graph, part, [observations.shape[0], ...shape]), PIXEL_SCALE);
  });
}

/** What the dynamics term compares predictions with: the latents themselves, without gradient, or of a slowly following encoder. */
function encodeTargets(
  graph: Graph,
  encoder: tf.LayersModel,
  inputs: readonly GraphTensor[],
  latents: GraphTensor,
  { dynamicsTarget }: ObjectiveConfiguration,
  variables: ModelVariables,
): { readonly latents: GraphTensor; readonly followed: ReadonlyMap<GraphVariable, GraphVariable> } {
  const followed = new Map<GraphVariable, GraphVariable>();
  if (dynamicsTarget === 'both-sides') return { latents, followed };
  if (dynamicsTarget === 'stop-gradient') return { latents: stopGradient(graph, latents), followed };
  const target = new ModelVariables();
  const [encoded] = applyModel(graph, encoder, inputs, 'target', target);
  for (const [name, variable] of target.all) {
    // Known, so that it starts from the encoder's own values; not trainable, and its batch norms keep no averages of their own.
    variables.all.set(name, variable);
    const own = variables.all.get(name.replace(/^target/, 'encoder'));
    if (own) followed.set(variable.graph, own.graph);
  }
  return { latents: stopGradient(graph, encoded), followed };
}

/** Each auxiliary's p for every observation: columns of what is fed, or a frozen network applied to the pixels. */
function auxiliaryTargets(
  graph: Graph,
  pixels: GraphTensor,
  fed: GraphTensor | undefined,
  auxiliaries: readonly Auxiliary[],
  variables: ModelVariables,
): GraphTensor[] {
  let column = 0;
  return auxiliaries.map((auxiliary, index) => {
    if (auxiliary.of === 'pixels') {
      const prefix = `frozen/${index}`;
      const [values] = applyModel(graph, auxiliary.model, [pixels], prefix, variables);
      return stopGradient(graph, values);
    }
    if (!fed) throw new Error(`auxiliary ${auxiliary.name}: expected fed targets`);
    const values = fed.shape[1] === auxiliary.size ? fed : slice(graph, fed, 1, column, auxiliary.size);
    column += auxiliary.size;
    return values;
  });
}

/**
 * coefficient * mean loss of each auxiliary, for head outputs `values` whose first row belongs to target row `firstRow`.
 * Those of the pixels have no targets for steps that are not observed (J < K): these are left out of their mean.
 */
function auxiliaryLosses(
  graph: Graph,
  values: GraphTensor,
  targets: readonly GraphTensor[],
  firstRow: number,
  auxiliaries: readonly Auxiliary[],
): GraphTensor[] {
  return sliceAuxiliaries(auxiliaries).map(({ auxiliary, start }, index) => {
    const whole = targets[index];
    const rows = Math.min(values.shape[0], whole.shape[0] - firstRow);
    const target = whole.shape[0] === rows ? whole : slice(graph, whole, 0, firstRow, rows);
    const known = values.shape[0] === rows ? values : slice(graph, values, 0, 0, rows);
    const own = known.shape[1] === auxiliary.size ? known : slice(graph, known, 1, start, auxiliary.size);
    return scale(graph, auxiliaryTerm(graph, own, target, auxiliary), auxiliary.coefficient);
  });
}

/** Squared errors of recorded values are taken over their deviations, so that a unit of measurement does not matter. */
function auxiliaryTerm(graph: Graph, value: GraphTensor, target: GraphTensor, auxiliary: Auxiliary): GraphTensor {
  const isPartlyLabelled = auxiliary.of === 'state' && auxiliary.labels !== undefined && auxiliary.labels < 1;
  if (!isPartlyLabelled) return mean(graph, elementLoss(graph, value, target, auxiliary));
  // The mean over what has a label; 0 where nothing of the batch has.
  const { known, filled } = splitLabels(graph, target);
  const each = elementLoss(graph, value, filled, auxiliary);
  const mask = each.shape.length === 1 ? reshape(graph, slice(graph, known, 1, 0, 1), each.shape) : known;
  const losses = multiply(graph, each, mask);
  const count = binary(graph, 'Maximum', sum(graph, mask), graph.constant(1));
  return divide(graph, sum(graph, losses), count);
}

/** Of each number by itself, [R, M]; of a softmax of each row, [R]. */
function elementLoss(graph: Graph, value: GraphTensor, target: GraphTensor, auxiliary: Auxiliary): GraphTensor {
  if (auxiliary.loss === 'squared') {
    const error = subtract(graph, value, target);
    const deviation = auxiliary.of === 'column' ? auxiliary.statistics?.deviation : undefined;
    const inverse = deviation && graph.constant(deviation.map((each) => 1 / each));
    return square(graph, inverse ? multiply(graph, error, inverse) : error);
  }
  if (auxiliary.loss === 'two-hot') return softmaxCrossEntropy(graph, value, target);
  // -log p(target) for p = sigmoid(value): softplus(value) - value * target, without overflow for any value.
  return subtract(graph, softplus(graph, value), multiply(graph, value, target));
}

/** 1 where there is a label and 0 where there is NaN; and the labels with 0 in the place of NaN. No gradient. */
function splitLabels(graph: Graph, target: GraphTensor): { readonly known: GraphTensor; readonly filled: GraphTensor } {
  const T = { type: 'float32' as const };
  const { shape } = target;
  const [isMissing] = graph.add('IsNan', [target], { T }, [{ type: 'bool', shape }]);
  const missing = castToFloat(graph, isMissing);
  const zeros = binary(graph, 'Sub', missing, missing);
  const [filled] = graph.add('SelectV2', [isMissing, zeros, target], { T }, [{ type: 'float32', shape }]);
  return { known: binary(graph, 'Sub', graph.constant(1), missing), filled };
}
