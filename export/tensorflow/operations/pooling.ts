// Pooling over windows.
import type { Operation } from '../operation.ts';
import { onChannelsFirst, paddingAttributes, spatialOf } from './window.ts';

function pool(rank: number, operator: 'MaxPool' | 'AveragePool'): Operation {
  return {
    convert: (node) => {
      const kernel = spatialOf(node, 'ksize', rank);
      const window = { kernel, strides: spatialOf(node, 'strides', rank), dilations: kernel.map(() => 1) };
      // ONNX's defaults are TensorFlow's: padding never wins a maximum and does not count in a mean.
      return onChannelsFirst(node, node.input(0), (x) =>
        node.graph.node(operator, [x], {
          kernel_shape: kernel,
          strides: window.strides,
          ...paddingAttributes(node, x.shape.slice(2), window),
        }),
      );
    },
    documentation: { operators: operator, notes: 'NHWC and NCHW; SAME, VALID and explicit padding.' },
  };
}

export const pooling = {
  MaxPool: pool(2, 'MaxPool'),
  MaxPool3D: pool(3, 'MaxPool'),
  AvgPool: pool(2, 'AveragePool'),
  AvgPool3D: pool(3, 'AveragePool'),
} as const satisfies Record<string, Operation>;
