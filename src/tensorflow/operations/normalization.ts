// Batch and layer normalization in training mode, forward and backward in as few TensorFlow operations as there are.

import { elementCount } from '../../shape.ts';
import type { Graph, GraphTensor } from '../graph.ts';
import { add, binary, multiply, unary } from './elementwise.ts';
import { reshape } from './shape.ts';

const T = { type: 'float32' } as const;

export interface BatchNormOutputs {
  readonly output: GraphTensor;
  /** [C] mean over the batch. */
  readonly mean: GraphTensor;
  /** [C] biased variance over the batch, as tfjs-layers' moving variance averages it. */
  readonly variance: GraphTensor;
}

/** Normalizes over all axes but the last: (x - mean) / sqrt(variance + epsilon) * gamma + beta (Ioffe and Szegedy, arXiv 1502.03167). */
export function batchNorm(
  graph: Graph,
  x: GraphTensor,
  gamma: GraphTensor,
  beta: GraphTensor,
  epsilon: number,
): BatchNormOutputs {
  const channels = x.shape[x.shape.length - 1];
  const rows = elementCount(x.shape.slice(0, -1));
  // The fused operation takes images; [B, C] is a batch of 1 x 1 images.
  const image = x.shape.length === 4 ? x : reshape(graph, x, [rows, 1, 1, channels]);
  const attributes = {
    T,
    U: T,
    epsilon: { float: epsilon },
    exponential_avg_factor: { float: 1 },
    data_format: { string: 'NHWC' },
    is_training: { bool: true },
  };
  const { exponential_avg_factor: _, ...gradientAttributes } = attributes;
  const vector = { type: 'float32' as const, shape: [channels] };
  const empty = graph.constant([]);
  // Outputs: y, mean, variance (unbiased), and two that only the gradient operation reads, and a sixth for the GPU.
  const [y, mean, unbiased, reserved1, reserved2, reserved3] = graph.add(
    'FusedBatchNormV3',
    [image, gamma, beta, empty, empty],
    attributes,
    [{ type: 'float32', shape: image.shape }, vector, vector, vector, vector, vector],
  );
  const recorded = graph.record([image, gamma, beta], y, (gradient) =>
    graph
      .add('FusedBatchNormGradV3', [gradient, image, gamma, reserved1, reserved2, reserved3], gradientAttributes, [
        { type: 'float32', shape: image.shape },
        vector,
        vector,
        vector,
        vector,
      ])
      .slice(0, 3),
  );
  return {
    output: image === x ? recorded : reshape(graph, recorded, x.shape),
    mean,
    variance: binary(graph, 'Mul', unbiased, rows > 1 ? graph.quotient(rows - 1, rows) : graph.constant(1)),
  };
}

/** Normalizes over the last axis with the biased variance (Ba et al., arXiv 1607.06450). */
export function layerNorm(
  graph: Graph,
  x: GraphTensor,
  gamma: GraphTensor,
  beta: GraphTensor,
  epsilon: number,
): GraphTensor {
  const axis = x.shape.length - 1;
  const kept = [...x.shape.slice(0, -1), 1];
  const rowMean = (tensor: GraphTensor) =>
    graph.add(
      'Mean',
      [tensor, graph.constant([axis], 'int32')],
      { T, Tidx: { type: 'int32' }, keep_dims: { bool: true } },
      [{ type: 'float32', shape: kept }],
    )[0];
  const mean = rowMean(x);
  const centred = binary(graph, 'Sub', x, mean);
  const variance = rowMean(unary(graph, 'Square', centred));
  const inverseDeviation = unary(graph, 'Rsqrt', binary(graph, 'AddV2', variance, graph.constant(epsilon)));
  const normalized = graph.record([x], binary(graph, 'Mul', centred, inverseDeviation), (gradient) => {
    // dx = r (g - mean(g) - n mean(g n)), for r the inverse deviation and n the normalized value.
    const alongMean = rowMean(gradient);
    const alongValue = binary(graph, 'Mul', normalized, rowMean(binary(graph, 'Mul', gradient, normalized)));
    const rest = binary(graph, 'Sub', binary(graph, 'Sub', gradient, alongMean), alongValue);
    return [binary(graph, 'Mul', rest, inverseDeviation)];
  });
  return add(graph, multiply(graph, normalized, gamma), beta);
}
