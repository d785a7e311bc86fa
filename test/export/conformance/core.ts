// Dense, activations, reshaping, normalisation.
import * as tf from '@tensorflow/tfjs';
import { type Case, chain, model, one } from './case.ts';

const { layers } = tf;

export const activationNames = [
  ...['elu', 'selu', 'relu', 'relu6', 'linear', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'tanh', 'softmax'],
  ...['logSoftmax', 'gelu', 'gelu_new', 'mish', 'swish'],
] as const;

type Activation = 'relu';

export const core: readonly Case[] = [
  ...activationNames.map((name) =>
    one(`Activation ${name}`, [7], () => layers.activation({ activation: name as Activation })),
  ),
  ...activationNames.map((name) =>
    one(`Dense with activation ${name}`, [5], () => layers.dense({ units: 4, activation: name as Activation })),
  ),
  one('Dense without bias', [5], () => layers.dense({ units: 4, useBias: false })),
  one('Dense on rank 3', [4, 5], () => layers.dense({ units: 3, activation: 'tanh' })),
  one('Dense on rank 3 with a dynamic axis', [null, 5], () => layers.dense({ units: 3 }), { dynamicSizes: [2, 7] }),
  one('Dense on rank 4 without bias', [2, 3, 5], () => layers.dense({ units: 4, useBias: false })),
  one('Flatten of an image', [3, 4, 2], () => layers.flatten()),
  one('Flatten of channels first', [3, 4, 2], () => layers.flatten({ dataFormat: 'channelsFirst' })),
  one('Flatten of rank 3', [4, 5], () => layers.flatten()),
  one('Reshape', [12], () => layers.reshape({ targetShape: [3, 4] })),
  one('Reshape with an open size', [3, 4], () => layers.reshape({ targetShape: [-1, 2] })),
  one('Reshape with an open size on a dynamic axis', [null, 4], () => layers.reshape({ targetShape: [-1, 2] }), {
    dynamicSizes: [2, 5],
  }),
  one('Permute two axes', [3, 4], () => layers.permute({ dims: [2, 1] })),
  one('Permute three axes', [3, 4, 5], () => layers.permute({ dims: [3, 1, 2] })),
  one('RepeatVector', [4], () => layers.repeatVector({ n: 3 })),
  one('Masking', [4, 3], () => layers.masking({ maskValue: 0 })),
  one('Dropout', [4], () => layers.dropout({ rate: 0.5 })),
  one('SpatialDropout1D', [4, 3], () => layers.spatialDropout1d({ rate: 0.5 })),
  one('GaussianNoise', [4], () => layers.gaussianNoise({ stddev: 1 })),
  one('GaussianDropout', [4], () => layers.gaussianDropout({ rate: 0.5 })),
  one('AlphaDropout', [4], () => layers.alphaDropout({ rate: 0.5 })),
  one('ReLU', [6], () => layers.reLU()),
  one('ReLU with maxValue', [6], () => layers.reLU({ maxValue: 0.7 })),
  one('LeakyReLU', [6], () => layers.leakyReLU()),
  one('LeakyReLU with alpha', [6], () => layers.leakyReLU({ alpha: 0.05 })),
  one('PReLU', [4, 3], () => layers.prelu({ alphaInitializer: 'randomNormal' })),
  one('PReLU with shared axes', [4, 3, 2], () => layers.prelu({ sharedAxes: [1, 2] })),
  one('ELU', [6], () => layers.elu()),
  one('ThresholdedReLU', [6], () => layers.thresholdedReLU()),
  one('ThresholdedReLU with theta', [6], () => layers.thresholdedReLU({ theta: 0.2 })),
  one('Softmax on its default axis', [6], () => layers.softmax()),
  one('Softmax on the last axis of rank 3', [4, 6], () => layers.softmax({ axis: -1 })),
  model('Softmax over several axes', () => {
    const input = tf.input({ shape: [4, 6], name: 'x' });
    const layer = layers.softmax();
    Object.assign(layer, { axis: [1, 2] });
    return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
  }),
  one('BatchNormalization on rank 2', [5], () => layers.batchNormalization()),
  one('BatchNormalization on rank 3', [4, 5], () => layers.batchNormalization()),
  one('BatchNormalization on rank 4', [3, 4, 5], () => layers.batchNormalization()),
  one('BatchNormalization without scale', [5], () => layers.batchNormalization({ scale: false })),
  one('BatchNormalization without center', [5], () => layers.batchNormalization({ center: false })),
  one('BatchNormalization with neither', [3, 4, 5], () => layers.batchNormalization({ scale: false, center: false })),
  one('BatchNormalization with epsilon', [5], () => layers.batchNormalization({ epsilon: 0.1 })),
  ...[1, 2].map(
    (axis): Case => ({
      // The cpu backend cycles through the parameters in memory order, whatever the axis.
      ...one(`BatchNormalization on axis ${axis} of rank 4`, [3, 4, 5], () => layers.batchNormalization({ axis })),
      reference: () => {
        const input = tf.input({ shape: [3, 4, 5] });
        const toLast = axis === 1 ? [2, 3, 1] : [1, 3, 2];
        const back = axis === 1 ? [3, 1, 2] : [1, 3, 2];
        const moved = layers.permute({ dims: toLast }).apply(input);
        const normalized = layers.batchNormalization().apply(moved);
        return tf.model({
          inputs: input,
          outputs: layers.permute({ dims: back }).apply(normalized) as tf.SymbolicTensor,
        });
      },
    }),
  ),
  chain('BatchNormalization after Dense folds', [5], () => [
    layers.dense({ units: 4, useBias: false }),
    layers.batchNormalization(),
  ]),
  chain('BatchNormalization after Dense with bias folds', [5], () => [
    layers.dense({ units: 4 }),
    layers.batchNormalization(),
    layers.activation({ activation: 'mish' as Activation }),
  ]),
  chain('BatchNormalization after Dense on rank 3', [4, 5], () => [
    layers.dense({ units: 4 }),
    layers.batchNormalization(),
  ]),
  one('LayerNormalization', [6], () => layers.layerNormalization()),
  one('LayerNormalization on rank 3', [4, 6], () => layers.layerNormalization()),
  one('LayerNormalization without scale', [6], () => layers.layerNormalization({ scale: false })),
  one('LayerNormalization without center', [6], () => layers.layerNormalization({ center: false })),
  one('LayerNormalization with epsilon', [6], () => layers.layerNormalization({ epsilon: 0.1 })),
  one('LayerNormalization over two trailing axes', [4, 6], () => layers.layerNormalization({ axis: [1, 2] })),
  one('LayerNormalization over trailing axes in another order', [4, 6], () =>
    layers.layerNormalization({ axis: [2, 1] }),
  ),
  one('LayerNormalization over an axis that is not the last', [4, 6], () => layers.layerNormalization({ axis: 1 })),
  one('LayerNormalization over the first two of three axes', [3, 4, 6], () =>
    layers.layerNormalization({ axis: [1, 2] }),
  ),
  one('LayerNormalization with a dynamic axis', [null, 6], () => layers.layerNormalization(), { dynamicSizes: [2, 5] }),
];
