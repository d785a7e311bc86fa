// Merge layers, Dot, Embedding and preprocessing.
import * as tf from '@tensorflow/tfjs';
import { type Case, chain, model, one, several } from './case.ts';

const { layers } = tf;

const merges = [
  ['Add', layers.add],
  ['Multiply', layers.multiply],
  ['Average', layers.average],
  ['Maximum', layers.maximum],
  ['Minimum', layers.minimum],
] as const;

/** Layers that take integers: the input is int32, as it is when tokens are fed. */
function onTokens(name: string, shape: readonly (number | null)[], layer: () => tf.layers.Layer, limit: number): Case {
  return model(
    name,
    () => {
      const input = tf.input({ shape: [...shape], name: 'x', dtype: 'int32' });
      return tf.model({ inputs: input, outputs: layer().apply(input) as tf.SymbolicTensor });
    },
    { limit },
  );
}

export const merge: readonly Case[] = [
  ...merges.flatMap(([name, layer]) => [
    several(`${name} of two`, [[4], [4]], () => layer()),
    several(
      `${name} of three on rank 4`,
      [
        [2, 3, 4],
        [2, 3, 4],
        [2, 3, 4],
      ],
      () => layer(),
    ),
    several(
      `${name} that broadcasts`,
      [
        [3, 4],
        [1, 4],
      ],
      () => layer(),
    ),
    several(`${name} of different ranks`, [[2, 3, 4], [4]], () => layer()),
    several(`${name} of different ranks, the smaller first`, [[4], [3, 4]], () => layer()),
  ]),
  several(
    'Add on a dynamic axis',
    [
      [null, 4],
      [null, 4],
    ],
    () => layers.add(),
    { dynamicSizes: [3, 5] },
  ),
  several('Concatenate', [[4], [3]], () => layers.concatenate()),
  several('Concatenate of three', [[4], [3], [2]], () => layers.concatenate()),
  several(
    'Concatenate on axis 1 of rank 3',
    [
      [2, 4],
      [3, 4],
    ],
    () => layers.concatenate({ axis: 1 }),
  ),
  several(
    'Concatenate on the last axis of rank 4',
    [
      [2, 3, 4],
      [2, 3, 5],
    ],
    () => layers.concatenate({ axis: 3 }),
  ),
  several(
    'Concatenate on a negative axis',
    [
      [2, 3, 4],
      [2, 3, 5],
    ],
    () => layers.concatenate({ axis: -1 }),
  ),
  several(
    'Concatenate on a dynamic axis',
    [
      [null, 4],
      [null, 4],
    ],
    () => layers.concatenate({ axis: 1 }),
    {
      dynamicSizes: [3, 5],
    },
  ),
  several('Dot of vectors', [[4], [4]], () => layers.dot({ axes: 1 })),
  several('Dot of vectors, normalised', [[4], [4]], () => layers.dot({ axes: -1, normalize: true })),
  several(
    'Dot of matrices',
    [
      [3, 4],
      [5, 4],
    ],
    () => layers.dot({ axes: 2 }),
  ),
  several(
    'Dot of matrices on axis 1',
    [
      [4, 3],
      [4, 5],
    ],
    () => layers.dot({ axes: 1 }),
  ),
  several(
    'Dot of matrices on different axes',
    [
      [3, 4],
      [4, 5],
    ],
    () => layers.dot({ axes: [2, 1] }),
  ),
  several(
    'Dot of matrices, normalised',
    [
      [3, 4],
      [5, 4],
    ],
    () => layers.dot({ axes: -1, normalize: true }),
  ),
  several('Dot of a matrix and a vector', [[3, 4], [4]], () => layers.dot({ axes: [2, 1] })),
  several('Dot of a vector and a matrix', [[4], [4, 3]], () => layers.dot({ axes: [1, 1] })),
];

export const embedding: readonly Case[] = [
  onTokens('Embedding of integers', [6], () => layers.embedding({ inputDim: 5, outputDim: 3 }), 5),
  onTokens('Embedding of integers on a dynamic axis', [null], () => layers.embedding({ inputDim: 5, outputDim: 3 }), 5),
  onTokens('Embedding of rank 3', [2, 4], () => layers.embedding({ inputDim: 5, outputDim: 3 }), 5),
  onTokens(
    'Embedding with input length',
    [4],
    () => layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 4 }),
    5,
  ),
  model('Embedding of floats, which are truncated', () => {
    const input = tf.input({ shape: [6], name: 'x' });
    const positive = layers.activation({ activation: 'softplus' }).apply(input);
    const output = layers.embedding({ inputDim: 9, outputDim: 3 }).apply(positive);
    return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
  }),
];

export const preprocessing: readonly Case[] = [
  chain('Rescaling', [4], () => [layer('Rescaling', { scale: 0.5, offset: -1 })]),
  chain('Rescaling without offset', [4], () => [layer('Rescaling', { scale: 1 / 255 })]),
  chain('Rescaling goes into a valid convolution', [6, 6, 3], () => [
    layer('Rescaling', { scale: 1 / 127.5, offset: -1 }),
    layers.conv2d({ filters: 3, kernelSize: 3 }),
  ]),
  chain('Rescaling with an offset before a padded convolution', [6, 6, 3], () => [
    layer('Rescaling', { scale: 1 / 127.5, offset: -1 }),
    layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }),
  ]),
  chain('Rescaling goes into a Dense layer', [4], () => [
    layer('Rescaling', { scale: 2, offset: 3 }),
    layers.dense({ units: 3 }),
  ]),
  ...(['multiHot', 'count', 'int'] as const).map((outputMode) =>
    onTokens(`CategoryEncoding ${outputMode}`, [4], () => layer('CategoryEncoding', { numTokens: 5, outputMode }), 5),
  ),
  ...(
    [
      [8, 8, 4, 4],
      [9, 7, 4, 3],
      [8, 9, 8, 5],
      [7, 6, 7, 5],
      [6, 6, 6, 6],
      [5, 9, 1, 3],
    ] as const
  ).map(([height, width, toHeight, toWidth]) =>
    one(`CenterCrop of ${height}x${width} to ${toHeight}x${toWidth}`, [height, width, 2], () =>
      layer('CenterCrop', { height: toHeight, width: toWidth }),
    ),
  ),
];

/** A layer of a class that tf.layers has no function for. */
export function layer(className: string, config: Record<string, unknown>): tf.layers.Layer {
  const [layerClass] = tf.serialization.SerializationMap.getMap().classNameMap[className];
  return new layerClass({ ...config }) as tf.layers.Layer;
}
