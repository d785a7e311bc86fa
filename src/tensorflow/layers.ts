// Turns a tf.LayersModel into nodes of a training graph: the same mathematics as the model's own `apply(x, {training:
// true})`, in fewer and faster operations. What is trained and saved stays the model's own variables.
import * as tf from '@tensorflow/tfjs';
import { JepaError } from '../error.ts';
import { elementCount } from '../shape.ts';
import type { Graph, GraphTensor, GraphVariable } from './graph.ts';
import { gelu, mish, relu, sigmoid, softplus, tanh } from './operations/activation.ts';
import { averagePool, conv2d, conv2dTranspose, maxPool } from './operations/convolution.ts';
import { add, binary, multiply, scale, stopGradient, subtract, unary } from './operations/elementwise.ts';
import { biasAdd, matmul } from './operations/matrix.ts';
import { batchNorm, layerNorm } from './operations/normalization.ts';
import { concatenate, mean, reshape, softmax, transpose } from './operations/shape.ts';
import { weightName } from './weight.ts';

/** Where a model's variables stand in a graph, and what a training step must update. */
export class ModelVariables {
  /** Graph variables by name (`encoder/conv1/kernel`), with the model's own variable. */
  readonly all = new Map<string, { readonly graph: GraphVariable; readonly layer: tf.LayerVariable }>();
  readonly trainable = new Map<string, GraphVariable>();
  /** Nodes that update moving averages: to be run with every training step. */
  readonly updates: string[] = [];
}

interface LayerCall {
  readonly graph: Graph;
  readonly layer: tf.layers.Layer;
  readonly config: tf.serialization.ConfigDict;
  readonly inputs: readonly GraphTensor[];
  /** The layer's variable `kernel`, `bias`, ... as a graph variable. */
  readonly variable: (name: string) => GraphVariable;
  readonly updates: string[];
  readonly mode: LayerMode;
}

/** inference: batch norms take their moving averages, and update nothing. */
export type LayerMode = 'training' | 'inference';

type LayerRule = (call: LayerCall) => GraphTensor;

/** Applies `model` to `inputs` (one per model input); `prefix` names its variables, shared between calls. */
export function applyModel(
  graph: Graph,
  model: tf.LayersModel,
  inputs: readonly GraphTensor[],
  prefix: string,
  variables: ModelVariables,
  mode: LayerMode = 'training',
): GraphTensor[] {
  const known = new Map<number, GraphTensor>();
  model.inputs.forEach((symbol, index) => {
    known.set(symbol.id, inputs[index]);
  });
  const evaluate = (symbol: tf.SymbolicTensor): GraphTensor => {
    const done = known.get(symbol.id);
    if (done) return done;
    const node = symbol.sourceLayer.inboundNodes[symbol.nodeIndex];
    const arguments_ = node.inputTensors.map(evaluate);
    const outputs = applyLayer(graph, symbol.sourceLayer, arguments_, prefix, variables, mode);
    node.outputTensors.forEach((output, index) => {
      known.set(output.id, outputs[index]);
    });
    return outputs[symbol.tensorIndex ?? 0];
  };
  return model.outputs.map(evaluate);
}

/** Classes of layers that a training graph can be built of. */
export const trainableLayerNames = (): readonly string[] => Object.keys(rules);

function applyLayer(
  graph: Graph,
  layer: tf.layers.Layer,
  inputs: readonly GraphTensor[],
  prefix: string,
  variables: ModelVariables,
  mode: LayerMode,
): GraphTensor[] {
  if (layer instanceof tf.LayersModel)
    return applyModel(graph, layer, inputs, `${prefix}/${layer.name}`, variables, mode);
  const rule = rules[layer.getClassName()];
  if (!rule)
    throw new JepaError(
      `training: layer ${layer.name}: expected one of ${trainableLayerNames().join(', ')}, got ${layer.getClassName()}`,
      { remedy: 'Build the model from these layers.' },
    );
  const variable = (name: string): GraphVariable => {
    const own = layer.weights.find((weight) => weightName(weight) === name);
    if (!own) throw new JepaError(`training: layer ${layer.name}: expected a weight "${name}", got none`);
    const fullName = `${prefix}/${layer.name}/${name}`;
    const variable = graph.variable(fullName, own.shape.map(Number));
    variables.all.set(fullName, { graph: variable, layer: own });
    if (layer.trainable && layer.trainableWeights.includes(own)) variables.trainable.set(fullName, variable);
    return variable;
  };
  const call = { graph, layer, config: layer.getConfig(), inputs, variable, updates: variables.updates, mode };
  return [graph.scoped(`${prefix}/${layer.name}`, () => rule(call))];
}

const activations: Readonly<Record<string, (graph: Graph, x: GraphTensor) => GraphTensor>> = {
  linear: (_graph, x) => x,
  relu,
  tanh,
  sigmoid,
  softplus,
  mish,
  gelu,
  softmax,
  swish: (graph, x) => multiply(graph, x, sigmoid(graph, x)),
};

function activate(call: LayerCall, x: GraphTensor, activation: unknown): GraphTensor {
  const name = typeof activation === 'string' ? activation : 'linear';
  const apply = activations[name];
  if (!apply)
    throw new JepaError(
      `training: layer ${call.layer.name}: expected an activation among ${Object.keys(activations).join(', ')}, got ${name}`,
    );
  return apply(call.graph, x);
}

function windowOf(config: tf.serialization.ConfigDict) {
  const [first, second] = pair(config.strides);
  return {
    strides: [first, second] as const,
    padding: config.padding === 'same' ? ('same' as const) : ('valid' as const),
  };
}

function pair(value: unknown): [number, number] {
  return Array.isArray(value) ? [Number(value[0]), Number(value[1] ?? value[0])] : [Number(value), Number(value)];
}

const lastAxis = (call: LayerCall) => call.inputs[0].shape.length - 1;

/** How many of the last axes a configuration names; others are refused, and so is the batch. */
function trailingAxes(call: LayerCall): number {
  const rank = call.inputs[0].shape.length;
  const named = Array.isArray(call.config.axis) ? call.config.axis : [call.config.axis];
  const axes = named.map((axis) => (Number(axis) < 0 ? Number(axis) + rank : Number(axis))).sort((a, b) => a - b);
  if (axes.length === 0 || axes[0] < 1 || axes.some((axis, index) => axis !== rank - axes.length + index))
    throw new JepaError(
      `training: layer ${call.layer.name}: expected the last axis or axes, got ${JSON.stringify(call.config.axis)}`,
    );
  return axes.length;
}

/** Axis -1, however a configuration spells it; another axis is refused. */
function requireLastAxis(call: LayerCall): void {
  const axis = Array.isArray(call.config.axis) ? call.config.axis[0] : call.config.axis;
  const last = lastAxis(call);
  if (axis !== -1 && axis !== last)
    throw new JepaError(
      `training: layer ${call.layer.name}: expected axis -1, got ${JSON.stringify(call.config.axis)}`,
    );
}

/** One rule per layer class that models here are built from. Config keys are tfjs's own (camel case). */
const rules: Readonly<Record<string, LayerRule>> = {
  InputLayer: ({ inputs }) => inputs[0],
  Dense(call) {
    const { graph, config, inputs, variable } = call;
    const kernel = variable('kernel').value;
    const [x] = inputs;
    const rows = elementCount(x.shape.slice(0, -1));
    const flat = x.shape.length === 2 ? x : reshape(graph, x, [rows, x.shape[lastAxis(call)]]);
    let y = matmul(graph, flat, kernel);
    if (config.useBias) y = biasAdd(graph, y, variable('bias').value);
    if (x.shape.length !== 2) y = reshape(graph, y, [...x.shape.slice(0, -1), kernel.shape[1]]);
    return activate(call, y, config.activation);
  },
  Conv2D(call) {
    const { graph, config, inputs, variable } = call;
    let y = conv2d(graph, inputs[0], variable('kernel').value, windowOf(config));
    if (config.useBias) y = biasAdd(graph, y, variable('bias').value);
    return activate(call, y, config.activation);
  },
  Conv2DTranspose(call) {
    const { graph, config, inputs, variable } = call;
    let y = conv2dTranspose(graph, inputs[0], variable('kernel').value, windowOf(config));
    if (config.useBias) y = biasAdd(graph, y, variable('bias').value);
    return activate(call, y, config.activation);
  },
  BatchNormalization(call) {
    const { graph, layer, config, inputs, variable, updates, mode } = call;
    requireLastAxis(call);
    // A layer that is not trainable keeps its statistics, as in Keras.
    if (!layer.trainable || mode === 'inference')
      return fixedNorm(
        graph,
        inputs[0],
        [variable('gamma'), variable('beta'), variable('moving_mean'), variable('moving_variance')],
        Number(config.epsilon),
      );
    const momentum = Number(config.momentum);
    const {
      output,
      mean: batchMean,
      variance,
    } = batchNorm(graph, inputs[0], variable('gamma').value, variable('beta').value, Number(config.epsilon));
    updates.push(
      addMovingAverage(graph, variable('moving_mean'), batchMean, momentum),
      addMovingAverage(graph, variable('moving_variance'), variance, momentum),
    );
    return output;
  },
  LayerNormalization(call) {
    const { graph, config, inputs, variable } = call;
    const [x] = inputs;
    const axes = trailingAxes(call);
    // The norm over several last axes is the norm over one, of them all.
    const flat = axes === 1 ? x : reshape(graph, x, [...x.shape.slice(0, -axes), elementCount(x.shape.slice(-axes))]);
    const vector = (name: string) => {
      const { value } = variable(name);
      return axes === 1 ? value : reshape(graph, value, [elementCount(value.shape)]);
    };
    const normalized = layerNorm(graph, flat, vector('gamma'), vector('beta'), Number(config.epsilon));
    return axes === 1 ? normalized : reshape(graph, normalized, x.shape);
  },
  Dot(call) {
    const { graph, config, inputs } = call;
    const [first, second] = pair(config.axes).map((axis) => (axis < 0 ? axis + inputs[0].shape.length : axis));
    // [B, M, K] with [B, N, K] or [B, K, N]: what attention needs.
    if (inputs.some((input) => input.shape.length !== 3) || config.normalize === true || first !== 2 || second === 0)
      throw new JepaError(
        `training: layer ${call.layer.name}: expected tensors of rank 3 and axes [2, 1] or [2, 2] without normalization, got axes ${JSON.stringify(config.axes)}`,
      );
    return matmul(graph, inputs[0], inputs[1], second === 2);
  },
  Activation: (call) => activate(call, call.inputs[0], call.config.activation),
  ReLU: ({ graph, inputs }) => relu(graph, inputs[0]),
  Flatten: ({ graph, inputs: [x] }) => reshape(graph, x, [x.shape[0], x.shape.slice(1).reduce((a, b) => a * b, 1)]),
  Reshape({ graph, layer, inputs: [x] }) {
    const shape = layer.outputShape as (number | null)[];
    return reshape(graph, x, [x.shape[0], ...shape.slice(1).map(Number)]);
  },
  Permute: ({ graph, config, inputs }) => transpose(graph, inputs[0], [0, ...(config.dims as number[])]),
  Add: ({ graph, inputs }) => inputs.reduce((total, input) => add(graph, total, input)),
  Concatenate: ({ graph, config, inputs }) => concatenate(graph, inputs, Number(config.axis)),
  GlobalAveragePooling1D: ({ graph, inputs }) => mean(graph, inputs[0], [1]),
  GlobalAveragePooling2D: ({ graph, inputs }) => mean(graph, inputs[0], [1, 2]),
  MaxPooling2D: ({ graph, config, inputs }) =>
    maxPool(graph, inputs[0], { ...windowOf(config), size: pair(config.poolSize) }),
  AveragePooling2D: ({ graph, config, inputs }) =>
    averagePool(graph, inputs[0], { ...windowOf(config), size: pair(config.poolSize) }),
  Rescaling: ({ graph, config, inputs }) =>
    add(graph, scale(graph, inputs[0], Number(config.scale)), graph.constant(Number(config.offset))),
};

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta with given statistics, of which nothing is learned. */
function fixedNorm(
  graph: Graph,
  x: GraphTensor,
  [gamma, beta, mean, variance]: readonly GraphVariable[],
  epsilon: number,
): GraphTensor {
  const inverse = unary(graph, 'Rsqrt', binary(graph, 'AddV2', variance.value, graph.constant(epsilon)));
  const factor = stopGradient(graph, binary(graph, 'Mul', inverse, gamma.value));
  return add(
    graph,
    multiply(graph, subtract(graph, x, stopGradient(graph, mean.value)), factor),
    stopGradient(graph, beta.value),
  );
}

/** moving <- momentum * moving + (1 - momentum) * batch, as stock tfjs averages. Returns the update node. */
function addMovingAverage(graph: Graph, moving: GraphVariable, batch: GraphTensor, momentum: number): string {
  const change = binary(graph, 'Mul', binary(graph, 'Sub', batch, moving.value), graph.constant(1 - momentum));
  return graph.addEffect('AssignAddVariableOp', [moving.handle, change], { dtype: { type: 'float32' } });
}
