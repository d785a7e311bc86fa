// Upper bounds on Lipschitz constants of networks in one of their inputs, from their weights: layer by layer, in the Euclidean
// norm. Three kinds, all rigorous up to rounding:
//   everywhere  for any two inputs. Layer norm makes it large: its own constant is max |gamma| / sqrt(epsilon).
//   in a ball   for two inputs within a radius of a centre. Layer norm then divides by the smallest deviation in the
//               ball instead of sqrt(epsilon).
//   on a line   for its two ends: the mean over balls that cover the line, since the map of a line is no longer than the
//               maps of its pieces together. The more pieces, the tighter.
// What is measured on data (jacobian.ts) is none of these: it bounds the true constant from below.
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../../error.ts';
import { activationRule } from './activation-slope.ts';
import { spectralNormBound } from './spectral-norm.ts';

/** All inputs within `radius` of `centre`; other inputs of the network are fixed. */
export interface Ball {
  /** By input name: the centre of the moving one, the value of the fixed ones. */
  readonly centres: Readonly<Record<string, ArrayLike<number>>>;
  readonly radius: number;
}

export interface LipschitzBound {
  readonly constant: number;
  readonly isEverywhere: boolean;
  /** Each layer's own constant, in the order in which they were applied. */
  readonly layers: readonly { readonly name: string; readonly constant: number }[];
}

/** A tensor between layers, as a function of the moving input. */
interface Flow {
  /** Upper bound on its Lipschitz constant; 0 where the moving input does not reach it. */
  readonly constant: number;
  /** Parts that were concatenated, with a constant and a radius each; their sizes add up. */
  readonly parts: readonly { readonly size: number; readonly constant: number; readonly radius: number }[];
  /** Value at the centre of the ball; absent everywhere. */
  readonly centre?: Float64Array;
  /** How far it may be from `centre`; infinite everywhere. */
  readonly radius: number;
}

interface LayerContext {
  readonly layer: tf.layers.Layer;
  readonly config: tf.serialization.ConfigDict;
  weight(name: string): Float32Array;
  /** The bound on the spectral norm of rows `first` to `first + count` of the kernel, computed once. */
  kernelNorm(first: number, count: number, columns: number): number;
}

export interface LipschitzBounds {
  everywhere(): LipschitzBound;
  inBall(ball: Ball): LipschitzBound;
  /** Of the two ends of a line, covered by `pieces` balls; other inputs fixed. */
  onLine(from: ArrayLike<number>, to: ArrayLike<number>, fixed?: Ball['centres'], pieces?: number): number;
}

/** Balls that cover the line between two latents. Twice as many gained 3% on a trained predictor, half as many lost 7%. */
const PIECES_OF_LINE = 32;

/**
 * Bounds on |f(x) - f(y)| / |x - y| for the input named `moving`, with the weights that `model` has now.
 * Knows the layers of predictors and auxiliary heads (vectors); refuses others with a UsageError.
 */
export function lipschitzBounds(model: tf.LayersModel, moving: string): LipschitzBounds {
  const names = model.inputs.map((symbol) => symbol.sourceLayer.name);
  if (!names.includes(moving))
    throw new UsageError(`Lipschitz bound: expected an input (${names.join(', ')}), got "${moving}"`);
  const contextOf = contextsOfLayers();
  const bound = (ball?: Ball) => boundModel(model, moving, contextOf, ball);
  return {
    everywhere: () => bound(),
    inBall: bound,
    onLine(from, to, fixed = {}, pieces = PIECES_OF_LINE) {
      const radius = Math.hypot(...Array.from(from, (value, i) => value - to[i])) / (2 * pieces);
      const constants = Array.from({ length: pieces }, (_, piece) => {
        const part = (piece + 0.5) / pieces;
        const centre = Float64Array.from(from, (value, i) => value + part * (to[i] - value));
        return bound({ centres: { ...fixed, [moving]: centre }, radius }).constant;
      });
      return constants.reduce((sum, constant) => sum + constant, 0) / pieces;
    },
  };
}

type ContextOf = (layer: tf.layers.Layer) => LayerContext;

function contextsOfLayers(): ContextOf {
  const contexts = new Map<string, LayerContext>();
  return (layer) => {
    const known = contexts.get(layer.name);
    if (known) return known;
    const weights = new Map<string, Float32Array>();
    const norms = new Map<string, number>();
    const weight = (name: string): Float32Array => {
      const read = weights.get(name);
      if (read) return read;
      const index = layer.weights.findIndex((variable) => variable.originalName.split('/').pop() === name);
      if (index < 0)
        throw new UsageError(`Lipschitz bound: layer ${layer.name}: expected a weight "${name}", got none`);
      const values = Float32Array.from(layer.getWeights()[index].dataSync());
      weights.set(name, values);
      return values;
    };
    const kernelNorm = (first: number, count: number, columns: number): number => {
      const key = `${first}+${count}`;
      const norm =
        norms.get(key) ??
        spectralNormBound({
          values: weight('kernel').subarray(first * columns, (first + count) * columns),
          rows: count,
          columns,
        });
      norms.set(key, norm);
      return norm;
    };
    const context = { layer, config: layer.getConfig(), weight, kernelNorm };
    contexts.set(layer.name, context);
    return context;
  };
}

function boundModel(model: tf.LayersModel, moving: string, contextOf: ContextOf, ball?: Ball): LipschitzBound {
  const layers: { name: string; constant: number }[] = [];
  const known = new Map<number, Flow>();
  for (const symbol of model.inputs) {
    const { name } = symbol.sourceLayer;
    const size = Number(symbol.shape[symbol.shape.length - 1]);
    const constant = name === moving ? 1 : 0;
    const centre = ball?.centres[name];
    if (ball && centre?.length !== size)
      throw new UsageError(
        `Lipschitz bound: expected ${size} numbers for the input "${name}", got ${centre?.length ?? 'none'}`,
      );
    known.set(symbol.id, {
      constant,
      parts: [{ size, constant, radius: name === moving ? (ball?.radius ?? Number.POSITIVE_INFINITY) : 0 }],
      ...(centre ? { centre: Float64Array.from(centre) } : {}),
      radius: name === moving ? (ball?.radius ?? Number.POSITIVE_INFINITY) : 0,
    });
  }
  const evaluate = (symbol: tf.SymbolicTensor): Flow => {
    const done = known.get(symbol.id);
    if (done) return done;
    const { sourceLayer } = symbol;
    const inputs = sourceLayer.inboundNodes[symbol.nodeIndex].inputTensors.map(evaluate);
    const rule = rules[sourceLayer.getClassName()];
    if (!rule)
      throw new UsageError(
        `Lipschitz bound: layer ${sourceLayer.name}: expected one of ${Object.keys(rules).join(', ')}, got ${sourceLayer.getClassName()}`,
      );
    const flow = rule(contextOf(sourceLayer), inputs);
    layers.push({ name: sourceLayer.name, constant: flow.own });
    known.set(symbol.id, flow);
    return flow;
  };
  const { constant } = evaluate(model.outputs[0]);
  return { constant, isEverywhere: ball === undefined, layers };
}

type Rule = (context: LayerContext, inputs: readonly Flow[]) => Flow & { readonly own: number };

/** The flow behind a layer whose own constant is `own` everywhere on what `flow` may be. */
function behind(
  flow: Flow,
  own: number,
  centre: Float64Array | undefined,
  size: number,
): Flow & { readonly own: number } {
  const constant = flow.constant * own;
  const radius = timesRadius(flow.radius, own);
  return { constant, parts: [{ size, constant, radius }], ...(centre ? { centre } : {}), radius, own };
}

/** Not infinity times 0. */
const timesRadius = (radius: number, factor: number) => (factor === 0 ? 0 : radius * factor);

const sizeOf = (flow: Flow) => flow.parts.reduce((sum, part) => sum + part.size, 0);

const passThrough: Rule = (_context, [flow]) => ({ ...flow, own: 1 });

const rules: Readonly<Record<string, Rule>> = {
  Dense({ layer, config, weight, kernelNorm }, [flow]) {
    const kernel = weight('kernel');
    const rows = sizeOf(flow);
    const columns = kernel.length / rows;
    if (columns !== Number(config.units))
      throw new UsageError(
        `Lipschitz bound: layer ${layer.name}: expected ${kernel.length / Number(config.units)} inputs, got ${rows}`,
      );
    let constant = 0;
    let radius = 0;
    let first = 0;
    // Each part by its own rows of the kernel, so that an action beside a latent adds nothing. The radius too: what clips it (layer
    // norm) leaves the constant as it is, so that a part with the smaller constant can have the larger radius.
    for (const part of flow.parts) {
      const norm = kernelNorm(first, part.size, columns);
      constant += part.constant * norm;
      radius += timesRadius(part.radius, norm);
      first += part.size;
    }
    const norm = flow.constant > 0 ? constant / flow.constant : 0;
    const centre = flow.centre && affine(flow.centre, kernel, columns, config.useBias ? weight('bias') : undefined);
    const linear = { ...behind(flow, norm, centre, columns), parts: [{ size: columns, constant, radius }], radius };
    const activated = activate(linear, config.activation);
    return { ...activated, own: norm * activated.own };
  },
  Activation: ({ config }, [flow]) => activate(flow, config.activation),
  ReLU: (_context, [flow]) => activate(flow, 'relu'),
  LayerNormalization({ config, weight }, [flow]) {
    const gamma = weight('gamma');
    const beta = weight('beta');
    const epsilon = Number(config.epsilon);
    const size = gamma.length;
    const largestGamma = gamma.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    // The Jacobian of (x - mean) / s, s^2 = variance + epsilon, has the norm 1 / s; the deviation of x changes by at most
    // |dx| / sqrt(n).
    const deviation = flow.centre ? deviationOf(flow.centre) : 0;
    const smallest = Math.max(0, deviation - flow.radius / Math.sqrt(size));
    const own = largestGamma / Math.sqrt((Number.isFinite(smallest) ? smallest : 0) ** 2 + epsilon);
    const centre = flow.centre && normalize(flow.centre, gamma, beta, epsilon);
    const next = behind(flow, own, centre, size);
    // Normalized vectors have at most the length sqrt(n), so that two of them are never further apart than twice that.
    const radius = Math.min(next.radius, 2 * largestGamma * Math.sqrt(size));
    return { ...next, parts: [{ size, constant: next.constant, radius }], radius };
  },
  BatchNormalization({ config, weight }, [flow]) {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(weight);
    const scales = Float64Array.from(gamma, (value, i) => value / Math.sqrt(variance[i] + Number(config.epsilon)));
    const own = scales.reduce((largest, scale) => Math.max(largest, Math.abs(scale)), 0);
    const centre = flow.centre?.map((value, i) => (value - mean[i]) * scales[i] + beta[i]);
    return behind(flow, own, centre, gamma.length);
  },
  Add(_context, flows) {
    const constant = flows.reduce((sum, flow) => sum + flow.constant, 0);
    const size = sizeOf(flows[0]);
    const centres = flows.flatMap(({ centre }) => (centre ? [centre] : []));
    const centre =
      centres.length === flows.length
        ? centres.reduce((sum, values) => sum.map((value, i) => value + values[i]))
        : undefined;
    const radius = flows.reduce((sum, flow) => sum + flow.radius, 0);
    return { constant, parts: [{ size, constant, radius }], ...(centre ? { centre } : {}), radius, own: 1 };
  },
  Concatenate(_context, flows) {
    const centres = flows.flatMap(({ centre }) => (centre ? [...centre] : []));
    const parts = flows.flatMap((flow) => flow.parts);
    const isCentred = flows.every(({ centre }) => centre !== undefined);
    return {
      constant: Math.hypot(...flows.map((flow) => flow.constant)),
      parts,
      ...(isCentred ? { centre: Float64Array.from(centres) } : {}),
      radius: Math.hypot(...flows.map((flow) => flow.radius)),
      own: 1,
    };
  },
  Dropout: passThrough,
};

function activate(flow: Flow, activation: unknown): Flow & { readonly own: number } {
  const rule = activationRule(activation);
  const centre = flow.centre && rule.apply(flow.centre);
  return behind(flow, rule.slope, centre, sizeOf(flow));
}

function affine(x: Float64Array, kernel: Float32Array, columns: number, bias: Float32Array | undefined): Float64Array {
  const y = bias ? Float64Array.from(bias) : new Float64Array(columns);
  for (let i = 0; i < x.length; i++) for (let j = 0; j < columns; j++) y[j] += x[i] * kernel[i * columns + j];
  return y;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: Float64Array): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

function normalize(x: Float64Array, gamma: Float32Array, beta: Float32Array, epsilon: number): Float64Array {
  const mean = meanOf(x);
  const scale = 1 / Math.sqrt(deviationOf(x) ** 2 + epsilon);
  return x.map((value, i) => (value - mean) * scale * gamma[i] + beta[i]);
}
