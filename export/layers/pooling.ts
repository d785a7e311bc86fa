// Pooling over windows and over everything.
import type { Value } from '../graph/graph.ts';
import { inputOfRank, type LayerContext, type LayerConverter } from './converter.ts';
import { dataFormatOf, paddingAttributes, toChannelsFirst, toChannelsLast } from './window.ts';

function pool(rank: number, operator: 'MaxPool' | 'AveragePool'): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const { graph, config } = layer;
      const input = inputOfRank(layer, rank + 2);
      const isFirst = rank > 1 && dataFormatOf(layer) === 'channelsFirst';
      const kernel = config.tuple('poolSize', rank, 2);
      const strides = config.tuple('strides', rank, kernel);
      const x = isFirst ? input : toChannelsFirst(layer, input);
      const window = { kernel, strides, dilations: kernel.map(() => 1) };
      // ONNX's defaults are TensorFlow's: padding never wins a maximum and does not count in a mean.
      const y = graph.node(operator, [x], {
        kernel_shape: kernel,
        strides,
        ...paddingAttributes(layer, x.shape.slice(2), window),
      });
      return isFirst ? y : toChannelsLast(layer, y);
    },
    documentation: { operators: operator, options: `poolSize, strides, padding${rank > 1 ? ', dataFormat' : ''}` },
  };
}

function globalPool(operator: 'ReduceMean' | 'ReduceMax', rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer): Value => {
      const input = inputOfRank(layer, rank + 2);
      const isFirst = rank > 1 && dataFormatOf(layer) === 'channelsFirst';
      warnOfKeras(layer, rank);
      const axes = Array.from({ length: rank }, (_, i) => i + (isFirst ? 2 : 1));
      return layer.graph.reduce(operator, input, axes, false);
    },
    documentation: {
      operators: operator,
      ...(rank > 1 ? { options: 'dataFormat' } : {}),
      notes:
        rank === 1 && operator === 'ReduceMean'
          ? 'The mean is over all steps, masked ones too: so does TensorFlow.js, while Keras leaves them out.'
          : 'keepdims of Keras files is ignored with a warning, as TensorFlow.js ignores it.',
    },
  };
}

function warnOfKeras(layer: LayerContext, rank: number): void {
  if (layer.config.value('keepdims') === true)
    layer.warn('keepdims is ignored, as TensorFlow.js ignores it (Keras does not)');
  if (rank === 1 && layer.mask)
    layer.warn('masked steps count, as in TensorFlow.js (Keras leaves them out of the mean)');
}

export const pooling = {
  MaxPooling1D: pool(1, 'MaxPool'),
  MaxPooling2D: pool(2, 'MaxPool'),
  MaxPooling3D: pool(3, 'MaxPool'),
  AveragePooling1D: pool(1, 'AveragePool'),
  AveragePooling2D: pool(2, 'AveragePool'),
  AveragePooling3D: pool(3, 'AveragePool'),
  GlobalAveragePooling1D: globalPool('ReduceMean', 1),
  GlobalAveragePooling2D: globalPool('ReduceMean', 2),
  GlobalMaxPooling1D: globalPool('ReduceMax', 1),
  GlobalMaxPooling2D: globalPool('ReduceMax', 2),
} as const satisfies Record<string, LayerConverter>;
