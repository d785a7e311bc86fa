// Batch and local normalisation, and what turns numbers into shares.
import type { Operation } from '../operation.ts';
import { trainingBatchNorm } from './training-normalization.ts';
import { onChannelsFirst } from './window.ts';

/** y = (x - mean) / sqrt(variance + epsilon) * scale + offset, with the moments that the node is given. */
const fusedBatchNorm: Operation = {
  convert: (node) => {
    if (node.flag('is_training', false) && node.constant(3)?.data.length === 0) return trainingBatchNorm(node);
    if (node.flag('is_training', false) && node.constant(3) === undefined)
      throw node.unsupported('moments of the batch (is_training)', 'Convert the model for inference.');
    const epsilon = node.number('epsilon', 0.001);
    const parameters = node.inputs(1, 5);
    return onChannelsFirst(node, node.input(0), (x) =>
      node.graph.node('BatchNormalization', [x, ...parameters], { epsilon }),
    );
  },
  documentation: {
    operators: 'BatchNormalization; nothing where it is folded into the convolution before it',
    notes:
      'At inference only the first output. In a training step by the moments of the batch: ReduceMean, Sub, Mul, Add.',
  },
};

const localResponseNormalization: Operation = {
  convert: (node) => {
    const size = 2 * node.number('depth_radius', 5) + 1;
    return onChannelsFirst(node, node.input(0), (x) =>
      node.graph.node('LRN', [x], {
        size,
        // ONNX divides alpha by the size.
        alpha: node.number('alpha', 1) * size,
        beta: node.number('beta', 0.5),
        bias: node.number('bias', 1),
      }),
    );
  },
  documentation: { operators: 'LRN' },
};

function softmax(operator: 'Softmax' | 'LogSoftmax'): Operation {
  return {
    convert: (node) => node.graph.node(operator, [node.graph.cast(node.input(0), 'float32')], { axis: -1 }),
    documentation: { operators: operator },
  };
}

export const normalization = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  LRN: localResponseNormalization,
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
} as const satisfies Record<string, Operation>;
