// Convolutions of every rank with their options, and pooling.
import * as tf from '@tensorflow/tfjs';
import { type Case, chain, one } from './case.ts';

const { layers } = tf;
const paddings = ['valid', 'same'] as const;
const formats = ['channelsLast', 'channelsFirst'] as const;

/** Sizes at which SAME padding is even, odd and nothing. */
const image = (format: string, size = 7): number[] =>
  format === 'channelsFirst' ? [3, size, size + 1] : [size, size + 1, 3];
const volume = (format: string): number[] => (format === 'channelsFirst' ? [2, 5, 6, 4] : [5, 6, 4, 2]);

export const convolution: readonly Case[] = [
  ...paddings.flatMap((padding) =>
    [1, 2, 3].flatMap((strides) =>
      [1, 2].map((kernelSize) =>
        one(`Conv1D ${padding}, stride ${strides}, kernel ${kernelSize + 1}`, [9, 3], () =>
          layers.conv1d({ filters: 4, kernelSize: kernelSize + 1, strides, padding }),
        ),
      ),
    ),
  ),
  one('Conv1D dilated', [9, 3], () => layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same' })),
  one('Conv1D without bias, with activation', [9, 3], () =>
    layers.conv1d({ filters: 4, kernelSize: 3, useBias: false, activation: 'relu' }),
  ),
  one('Conv1D on a dynamic axis', [null, 3], () => layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same' }), {
    dynamicSizes: [5, 8],
  }),
  one(
    'Conv1D on a dynamic axis with a stride',
    [null, 3],
    () => layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }),
    { dynamicSizes: [5, 8] },
  ),
  ...paddings.flatMap((padding) =>
    formats.flatMap((dataFormat) =>
      [1, 2, 3].map((strides) =>
        one(`Conv2D ${padding}, stride ${strides}, ${dataFormat}`, image(dataFormat), () =>
          layers.conv2d({ filters: 4, kernelSize: [3, 2], strides, padding, dataFormat }),
        ),
      ),
    ),
  ),
  ...paddings.map((padding) =>
    one(`Conv2D ${padding}, dilated`, image('channelsLast'), () =>
      layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: [2, 1], padding }),
    ),
  ),
  one('Conv2D with an even kernel, same', [8, 8, 3], () =>
    layers.conv2d({ filters: 4, kernelSize: 4, strides: 2, padding: 'same' }),
  ),
  one('Conv2D with different strides', [8, 9, 3], () =>
    layers.conv2d({ filters: 4, kernelSize: 3, strides: [2, 3], padding: 'same' }),
  ),
  one('Conv2D 1x1 with a stride larger than the kernel', [8, 9, 3], () =>
    layers.conv2d({ filters: 4, kernelSize: 1, strides: 2, padding: 'same' }),
  ),
  one('Conv2D without bias', [6, 6, 3], () => layers.conv2d({ filters: 4, kernelSize: 3, useBias: false })),
  ...(['relu', 'relu6', 'elu', 'sigmoid', 'tanh', 'softmax'] as const).flatMap((activation) =>
    formats.map((dataFormat) =>
      one(`Conv2D ${dataFormat} with activation ${activation}`, image(dataFormat), () =>
        layers.conv2d({ filters: 4, kernelSize: 3, activation, dataFormat }),
      ),
    ),
  ),
  one(
    'Conv2D on dynamic height and width',
    [null, null, 3],
    () => layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }),
    {
      dynamicSizes: [5, 8],
    },
  ),
  one(
    'Conv2D on dynamic sizes with a stride, same',
    [null, null, 3],
    () => layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }),
    { dynamicSizes: [5, 8] },
  ),
  one(
    'Conv2D on dynamic sizes with a stride, valid',
    [null, null, 3],
    () => layers.conv2d({ filters: 4, kernelSize: 3, strides: 2 }),
    { dynamicSizes: [5, 8] },
  ),
  chain('Conv2D, BatchNormalization, ReLU, twice', [8, 8, 3], () => [
    layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', useBias: false }),
    layers.batchNormalization(),
    layers.reLU(),
    layers.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same' }),
    layers.batchNormalization({ scale: false }),
    layers.leakyReLU(),
  ]),
  ...paddings.flatMap((padding) =>
    formats.map((dataFormat) =>
      one(`Conv3D ${padding}, ${dataFormat}`, volume(dataFormat), () =>
        layers.conv3d({ filters: 3, kernelSize: [2, 3, 2], strides: [1, 2, 1], padding, dataFormat }),
      ),
    ),
  ),
  one('Conv3D with activation', volume('channelsLast'), () =>
    layers.conv3d({ filters: 3, kernelSize: 2, activation: 'relu' }),
  ),
  ...paddings.flatMap((padding) =>
    formats.flatMap((dataFormat) =>
      (
        [
          [3, 1],
          [3, 2],
          [4, 2],
          [2, 3],
          [5, 2],
        ] as const
      ).map(([kernelSize, strides]) =>
        one(
          `Conv2DTranspose ${padding}, kernel ${kernelSize}, stride ${strides}, ${dataFormat}`,
          image(dataFormat, 4),
          () => layers.conv2dTranspose({ filters: 2, kernelSize, strides, padding, dataFormat }),
        ),
      ),
    ),
  ),
  one('Conv2DTranspose without bias, with activation', [4, 4, 3], () =>
    layers.conv2dTranspose({
      filters: 2,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
      activation: 'tanh',
    }),
  ),
  one(
    'Conv2DTranspose on dynamic sizes',
    [null, null, 3],
    () => layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 2, padding: 'same' }),
    { dynamicSizes: [3, 4] },
  ),
  ...paddings.map((padding) =>
    one(`Conv3DTranspose ${padding}`, [3, 4, 2, 2], () =>
      layers.conv3dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding }),
    ),
  ),
  one('Conv3DTranspose channels first', [2, 3, 4, 2], () =>
    layers.conv3dTranspose({ filters: 3, kernelSize: 2, strides: 1, padding: 'valid', dataFormat: 'channelsFirst' }),
  ),
  ...paddings.flatMap((padding) =>
    [1, 2].map((depthMultiplier) =>
      one(`DepthwiseConv2D ${padding}, multiplier ${depthMultiplier}`, image('channelsLast'), () =>
        layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier, strides: depthMultiplier, padding }),
      ),
    ),
  ),
  one('DepthwiseConv2D channels first', image('channelsFirst'), () =>
    layers.depthwiseConv2d({ kernelSize: 3, dataFormat: 'channelsFirst', activation: 'relu' }),
  ),
  one('DepthwiseConv2D without bias', image('channelsLast'), () =>
    layers.depthwiseConv2d({ kernelSize: 3, useBias: false }),
  ),
  one('DepthwiseConv2D with a dilation that TensorFlow.js ignores', [8, 8, 3], () =>
    layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, padding: 'same' }),
  ),
  ...paddings.flatMap((padding) =>
    [1, 2].map((depthMultiplier) =>
      one(`SeparableConv2D ${padding}, multiplier ${depthMultiplier}`, image('channelsLast'), () =>
        layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier, strides: depthMultiplier, padding }),
      ),
    ),
  ),
  one('SeparableConv2D dilated, with activation', [8, 8, 3], () =>
    layers.separableConv2d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'relu' }),
  ),
  one('SeparableConv2D without bias', [8, 8, 3], () =>
    layers.separableConv2d({ filters: 4, kernelSize: 3, useBias: false }),
  ),
  one('SeparableConv2D channels first without bias', [3, 8, 8], () =>
    layers.separableConv2d({
      filters: 4,
      kernelSize: 3,
      useBias: false,
      dataFormat: 'channelsFirst',
      activation: 'softmax',
    }),
  ),
  one('SeparableConv2D channels first, its bias along the height', [3, 6, 6], () =>
    layers.separableConv2d({ filters: 4, kernelSize: 3, dataFormat: 'channelsFirst' }),
  ),
];

const pool2 = [
  ['max', layers.maxPooling2d],
  ['average', layers.averagePooling2d],
] as const;

export const pooling: readonly Case[] = [
  ...paddings.flatMap((padding) =>
    pool2.flatMap(([kind, layer]) =>
      formats.flatMap((dataFormat) =>
        [undefined, 1, 2].map((strides) =>
          one(
            `${kind} pooling 2D ${padding}, strides ${strides ?? 'as the pool'}, ${dataFormat}`,
            image(dataFormat),
            () => layer({ poolSize: [3, 2], strides, padding, dataFormat }),
          ),
        ),
      ),
    ),
  ),
  ...paddings.flatMap((padding) => [
    one(`MaxPooling1D ${padding}`, [7, 3], () => layers.maxPooling1d({ poolSize: 3, strides: 2, padding })),
    one(`AveragePooling1D ${padding}`, [7, 3], () => layers.averagePooling1d({ poolSize: 3, strides: 2, padding })),
    one(`MaxPooling3D ${padding}`, [5, 4, 6, 2], () =>
      layers.maxPooling3d({ poolSize: 2, strides: [1, 2, 2], padding }),
    ),
    one(`AveragePooling3D ${padding}`, [5, 4, 6, 2], () => layers.averagePooling3d({ poolSize: 2, padding })),
  ]),
  {
    // The cpu backend takes a negative padding here and starts each window one element late.
    ...one('MaxPooling3D same with a stride larger than the pool', [4, 4, 6, 2], () =>
      layers.maxPooling3d({ poolSize: 2, strides: [2, 2, 3], padding: 'same' }),
    ),
    reference: () => {
      const input = tf.input({ shape: [4, 4, 6, 2] });
      const pool = layers.maxPooling3d({ poolSize: 2, strides: [2, 2, 3], padding: 'valid' });
      return tf.model({ inputs: input, outputs: pool.apply(input) as tf.SymbolicTensor });
    },
  },
  one('MaxPooling3D channels first', [2, 5, 4, 6], () =>
    layers.maxPooling3d({ poolSize: 2, dataFormat: 'channelsFirst' }),
  ),
  one(
    'AveragePooling2D on dynamic sizes, same',
    [null, null, 3],
    () => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    {
      dynamicSizes: [5, 8],
    },
  ),
  one('GlobalAveragePooling1D', [4, 3], () => layers.globalAveragePooling1d()),
  one('GlobalMaxPooling1D', [4, 3], () => layers.globalMaxPooling1d()),
  one('GlobalMaxPooling1D on a dynamic axis', [null, 3], () => layers.globalMaxPooling1d(), { dynamicSizes: [2, 5] }),
  ...formats.flatMap((dataFormat) => [
    one(`GlobalAveragePooling2D ${dataFormat}`, image(dataFormat), () => layers.globalAveragePooling2d({ dataFormat })),
    one(`GlobalMaxPooling2D ${dataFormat}`, image(dataFormat), () => layers.globalMaxPooling2d({ dataFormat })),
    one(`ZeroPadding2D ${dataFormat}`, image(dataFormat), () =>
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
        dataFormat,
      }),
    ),
    one(`Cropping2D ${dataFormat}`, image(dataFormat), () =>
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
        dataFormat,
      }),
    ),
    one(`UpSampling2D nearest ${dataFormat}`, image(dataFormat), () =>
      layers.upSampling2d({ size: [2, 3], dataFormat }),
    ),
    one(`UpSampling2D bilinear ${dataFormat}`, image(dataFormat), () =>
      layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear', dataFormat }),
    ),
  ]),
  one('ZeroPadding2D by default', [4, 4, 2], () => layers.zeroPadding2d()),
  one('ZeroPadding2D of one number', [4, 4, 2], () => layers.zeroPadding2d({ padding: 2 })),
  one('Cropping2D of one number', [6, 6, 2], () => layers.cropping2D({ cropping: 1 as never })),
  one(
    'Cropping2D on dynamic sizes',
    [null, null, 2],
    () =>
      layers.cropping2D({
        cropping: [
          [1, 0],
          [2, 1],
        ],
      }),
    { dynamicSizes: [5, 8] },
  ),
  one('UpSampling2D on dynamic sizes', [null, null, 2], () => layers.upSampling2d({}), { dynamicSizes: [3, 4] }),
  chain('ZeroPadding2D goes into the convolution', [6, 6, 3], () => [
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [1, 0],
      ],
    }),
    layers.conv2d({ filters: 4, kernelSize: 3, strides: 2 }),
  ]),
  chain('ZeroPadding2D before a MaxPooling2D of anything stays', [6, 6, 3], () => [
    layers.zeroPadding2d({ padding: 1 }),
    layers.maxPooling2d({ poolSize: 3, strides: 2 }),
  ]),
  chain('ZeroPadding2D goes into a MaxPooling2D of what is never negative', [6, 6, 3], () => [
    layers.reLU(),
    layers.zeroPadding2d({ padding: 1 }),
    layers.maxPooling2d({ poolSize: 3, strides: 2 }),
  ]),
];
