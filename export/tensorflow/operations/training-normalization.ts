// Batch norm by the moments of the batch, forward and backward, as TensorFlow's CPU kernel computes it up to rounding.
import type { Value } from '../../graph/graph.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { asChannelsFirst, asLaidOut, knownSizes } from './window.ts';

/** [C] as [1, C, 1, 1]. */
const perChannel = (node: NodeContext, vector: Value): Value => {
  const channels = knownSizes(node, vector.shape, 'channels')[0];
  return node.graph.reshape(vector, [1, channels, 1, 1]);
};

/** 1 / sqrt(variance + epsilon). */
function inverseDeviation(node: NodeContext, variance: Value): Value {
  const { graph } = node;
  const epsilon = graph.scalar(node.number('epsilon', 0.001), 'epsilon');
  return graph.node('Reciprocal', [graph.node('Sqrt', [graph.node('Add', [variance, epsilon])])]);
}

/** One over the rows that a batch norm averages over, N H W; N may be any number. */
function shareOf(node: NodeContext, x: Value): Value {
  const { graph } = node;
  const [batch, ...rest] = x.shape;
  const [, height, width] = knownSizes(node, rest, 'an image');
  const pixels = height * width;
  if (typeof batch === 'number') return graph.scalar(1 / (batch * pixels), 'share');
  const count = graph.cast(graph.sizeOf(x, 0), 'float32');
  return graph.node('Div', [graph.scalar(1 / pixels, 'pixel_share'), count]);
}

/** The biased variance as the unbiased one: times rows / (rows - 1), or as it is for one row. */
function unbiasedVariance(node: NodeContext, variance: Value, x: Value): Value {
  const { graph } = node;
  const [one, share] = [graph.scalar(1, 'one'), shareOf(node, x)];
  const constant = graph.constantOf(share);
  if (constant && Number(constant.data[0]) === 1) return variance;
  return graph.node('Div', [variance, graph.node('Sub', [one, share])]);
}

/**
 * Batch norm by the moments of the batch, with TensorFlow's outputs: y, mean, unbiased variance, and for the gradient the mean and the
 * biased variance (as its CPU kernel keeps them), and a sixth that only a GPU needs.
 */
export function trainingBatchNorm(node: NodeContext): Value[] {
  const { graph } = node;
  const x = asChannelsFirst(node, node.input(0));
  const [gamma, beta] = node.inputs(1, 3);
  const mean = graph.reduce('ReduceMean', x, [0, 2, 3], false);
  const centred = graph.node('Sub', [x, perChannel(node, mean)]);
  const variance = graph.reduce('ReduceMean', graph.node('Mul', [centred, centred]), [0, 2, 3], false);
  const factor = graph.node('Mul', [gamma, inverseDeviation(node, variance)]);
  const scaled = graph.node('Mul', [centred, perChannel(node, factor)]);
  const y = asLaidOut(node, graph.node('Add', [scaled, perChannel(node, beta)]));
  const unbiased = unbiasedVariance(node, variance, x);
  return [y, mean, unbiased, mean, variance, variance];
}

/**
 * Of batch norm by the moments of the batch: with c = x - mean, r = 1 / sqrt(variance + epsilon), g = dL/dy and means over rows,
 *   dL/dx = gamma r (g - mean(g) - c r^2 mean(g c)),  dL/dgamma = r sum(g c),  dL/dbeta = sum(g).
 */
const fusedBatchNormGrad: Operation = {
  convert: (node) => {
    const { graph } = node;
    if (!node.flag('is_training', true)) throw node.unsupported('given moments (is_training false)');
    const gradient = asChannelsFirst(node, node.input(0));
    const x = asChannelsFirst(node, node.input(1));
    const [gamma, mean, variance] = node.inputs(2, 5);
    const share = shareOf(node, x);
    const r = inverseDeviation(node, variance);
    const centred = graph.node('Sub', [x, perChannel(node, mean)]);
    const sum = graph.reduce('ReduceSum', gradient, [0, 2, 3], false);
    const moment = graph.reduce('ReduceSum', graph.node('Mul', [gradient, centred]), [0, 2, 3], false);
    const dGamma = graph.node('Mul', [moment, r]);
    const slope = graph.node('Mul', [graph.node('Mul', [dGamma, r]), share]);
    const along = graph.node('Add', [
      graph.node('Mul', [centred, perChannel(node, slope)]),
      perChannel(node, graph.node('Mul', [sum, share])),
    ]);
    const rest = graph.node('Sub', [gradient, along]);
    const dx = graph.node('Mul', [rest, perChannel(node, graph.node('Mul', [gamma, r]))]);
    return [asLaidOut(node, dx), dGamma, sum];
  },
  documentation: {
    operators: 'ReduceSum, Mul, Sub, Add',
    notes: 'Of a training step: by the moments of the batch, whose variance comes as the CPU keeps it (biased).',
  },
};

export const normalizationGradients = {
  FusedBatchNormGradV3: fusedBatchNormGrad,
} as const satisfies Record<string, Operation>;
