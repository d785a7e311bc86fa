// Whole networks with random weights, as their papers and Keras' applications describe them.
import * as tf from '@tensorflow/tfjs';

const { layers } = tf;
type Tensor = tf.SymbolicTensor;

const apply = (layer: tf.layers.Layer, x: Tensor | Tensor[]): Tensor => layer.apply(x) as Tensor;
const swish = (x: Tensor): Tensor => apply(layers.activation({ activation: 'swish' as 'relu' }), x);

interface ConvOptions {
  readonly strides?: number;
  readonly padding?: 'same' | 'valid';
  readonly useBias?: boolean;
}

function conv(x: Tensor, filters: number, kernelSize: number, options: ConvOptions = {}): Tensor {
  return apply(layers.conv2d({ filters, kernelSize, padding: 'same', useBias: false, ...options }), x);
}

const norm = (x: Tensor, epsilon = 1e-3): Tensor => apply(layers.batchNormalization({ epsilon }), x);
const relu = (x: Tensor): Tensor => apply(layers.reLU(), x);
const relu6 = (x: Tensor): Tensor => apply(layers.reLU({ maxValue: 6 }), x);

/** Keras pads by hand before a convolution of stride 2. */
function padded(x: Tensor, kernelSize: number): Tensor {
  const half = Math.floor(kernelSize / 2);
  return apply(
    layers.zeroPadding2d({
      padding: [
        [half - 1, half],
        [half - 1, half],
      ],
    }),
    x,
  );
}

/** Sandler et al. 2018, width 1. 3.5 million parameters. */
export function mobileNetV2(size: number, classes = 1000): tf.LayersModel {
  const input = tf.input({ shape: [size, size, 3], name: 'image' });
  let x = relu6(norm(conv(input, 32, 3, { strides: 2 })));
  const block = (from: Tensor, filters: number, stride: number, expansion: number): Tensor => {
    const channels = Number(from.shape[3]);
    let y = from;
    if (expansion > 1) y = relu6(norm(conv(y, channels * expansion, 1)));
    if (stride === 2) y = padded(y, 3);
    const padding = stride === 2 ? 'valid' : 'same';
    y = relu6(norm(apply(layers.depthwiseConv2d({ kernelSize: 3, strides: stride, padding, useBias: false }), y)));
    y = norm(conv(y, filters, 1));
    return stride === 1 && channels === filters ? apply(layers.add(), [from, y]) : y;
  };
  const plan = [
    [16, 1, 1, 1],
    [24, 2, 2, 6],
    [32, 3, 2, 6],
    [64, 4, 2, 6],
    [96, 3, 1, 6],
    [160, 3, 2, 6],
    [320, 1, 1, 6],
  ] as const;
  for (const [filters, repeats, stride, expansion] of plan)
    for (let i = 0; i < repeats; i++) x = block(x, filters, i === 0 ? stride : 1, expansion);
  x = relu6(norm(conv(x, 1280, 1)));
  x = apply(layers.globalAveragePooling2d({}), x);
  return tf.model({ inputs: input, outputs: apply(layers.dense({ units: classes, activation: 'softmax' }), x) });
}

/** He et al. 2015. 25.6 million parameters. */
export function resNet50(size: number, classes = 1000): tf.LayersModel {
  const input = tf.input({ shape: [size, size, 3], name: 'image' });
  const biased = { useBias: true };
  let x = apply(layers.zeroPadding2d({ padding: 3 }), input);
  x = relu(norm(conv(x, 64, 7, { strides: 2, padding: 'valid', ...biased }), 1.001e-5));
  x = apply(layers.zeroPadding2d({ padding: 1 }), x);
  x = apply(layers.maxPooling2d({ poolSize: 3, strides: 2 }), x);
  const block = (from: Tensor, filters: number, strides: number, projects: boolean): Tensor => {
    const shortcut = projects ? norm(conv(from, 4 * filters, 1, { strides, ...biased }), 1.001e-5) : from;
    let y = relu(norm(conv(from, filters, 1, { strides, ...biased }), 1.001e-5));
    y = relu(norm(conv(y, filters, 3, biased), 1.001e-5));
    y = norm(conv(y, 4 * filters, 1, biased), 1.001e-5);
    return relu(apply(layers.add(), [shortcut, y]));
  };
  for (const [filters, repeats, strides] of [
    [64, 3, 1],
    [128, 4, 2],
    [256, 6, 2],
    [512, 3, 2],
  ] as const)
    for (let i = 0; i < repeats; i++) x = block(x, filters, i === 0 ? strides : 1, i === 0);
  x = apply(layers.globalAveragePooling2d({}), x);
  return tf.model({ inputs: input, outputs: apply(layers.dense({ units: classes, activation: 'softmax' }), x) });
}

/** Tan and Le 2019. 5.3 million parameters. */
export function efficientNetB0(size: number, classes = 1000): tf.LayersModel {
  const input = tf.input({ shape: [size, size, 3], name: 'image' });
  let x = swish(norm(conv(padded(input, 3), 32, 3, { strides: 2, padding: 'valid' })));
  const block = (from: Tensor, filters: number, kernelSize: number, strides: number, expansion: number): Tensor => {
    const channels = Number(from.shape[3]);
    const wide = channels * expansion;
    let y = expansion === 1 ? from : swish(norm(conv(from, wide, 1)));
    if (strides === 2) y = padded(y, kernelSize);
    const padding = strides === 2 ? 'valid' : 'same';
    y = swish(norm(apply(layers.depthwiseConv2d({ kernelSize, strides, padding, useBias: false }), y)));
    let scale = apply(layers.globalAveragePooling2d({}), y);
    scale = apply(layers.reshape({ targetShape: [1, 1, wide] }), scale);
    const squeezed = { filters: Math.max(1, Math.floor(channels / 4)), kernelSize: 1 };
    scale = swish(apply(layers.conv2d(squeezed), scale));
    scale = apply(layers.conv2d({ filters: wide, kernelSize: 1, activation: 'sigmoid' }), scale);
    y = norm(conv(apply(layers.multiply(), [y, scale]), filters, 1));
    if (strides !== 1 || channels !== filters) return y;
    return apply(layers.add(), [apply(layers.dropout({ rate: 0.1, noiseShape: [null as never, 1, 1, 1] }), y), from]);
  };
  for (const [filters, repeats, kernelSize, strides, expansion] of [
    [16, 1, 3, 1, 1],
    [24, 2, 3, 2, 6],
    [40, 2, 5, 2, 6],
    [80, 3, 3, 2, 6],
    [112, 3, 5, 1, 6],
    [192, 4, 5, 2, 6],
    [320, 1, 3, 1, 6],
  ] as const)
    for (let i = 0; i < repeats; i++) x = block(x, filters, kernelSize, i === 0 ? strides : 1, expansion);
  x = swish(norm(conv(x, 1280, 1)));
  x = apply(layers.dropout({ rate: 0.2 }), apply(layers.globalAveragePooling2d({}), x));
  return tf.model({ inputs: input, outputs: apply(layers.dense({ units: classes, activation: 'softmax' }), x) });
}

/** Huang et al. 2017. 8.1 million parameters. */
export function denseNet121(size: number, classes = 1000): tf.LayersModel {
  const input = tf.input({ shape: [size, size, 3], name: 'image' });
  let x = apply(layers.zeroPadding2d({ padding: 3 }), input);
  x = relu(norm(conv(x, 64, 7, { strides: 2, padding: 'valid' }), 1.001e-5));
  x = apply(layers.zeroPadding2d({ padding: 1 }), x);
  x = apply(layers.maxPooling2d({ poolSize: 3, strides: 2 }), x);
  for (const [stage, repeats] of [6, 12, 24, 16].entries()) {
    for (let i = 0; i < repeats; i++) {
      let y = relu(norm(x, 1.001e-5));
      y = relu(norm(conv(y, 128, 1), 1.001e-5));
      x = apply(layers.concatenate(), [x, conv(y, 32, 3)]);
    }
    if (stage === 3) break;
    x = conv(relu(norm(x, 1.001e-5)), Number(x.shape[3]) / 2, 1);
    x = apply(layers.averagePooling2d({ poolSize: 2 }), x);
  }
  x = apply(layers.globalAveragePooling2d({}), relu(norm(x, 1.001e-5)));
  return tf.model({ inputs: input, outputs: apply(layers.dense({ units: classes, activation: 'softmax' }), x) });
}

/** Ronneberger et al. 2015, three levels, with batch normalisation. */
export function uNet(size: number): tf.LayersModel {
  const input = tf.input({ shape: [size, size, 3], name: 'image' });
  const twice = (from: Tensor, filters: number): Tensor =>
    relu(norm(conv(relu(norm(conv(from, filters, 3))), filters, 3)));
  const skips: Tensor[] = [];
  let x: Tensor = input;
  for (const filters of [16, 32, 64]) {
    x = twice(x, filters);
    skips.push(x);
    x = apply(layers.maxPooling2d({ poolSize: 2 }), x);
  }
  x = twice(x, 128);
  for (const [i, filters] of [64, 32, 16].entries()) {
    const up =
      i === 1
        ? conv(apply(layers.upSampling2d({}), x), filters, 2)
        : apply(layers.conv2dTranspose({ filters, kernelSize: 2, strides: 2 }), x);
    x = twice(apply(layers.concatenate(), [skips[2 - i], up]), filters);
  }
  return tf.model({
    inputs: input,
    outputs: apply(layers.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid' }), x),
  });
}

/** The generator of Radford et al. 2016 at 32 x 32. */
export function dcgan(): tf.LayersModel {
  const input = tf.input({ shape: [100], name: 'noise' });
  let x = apply(layers.dense({ units: 4 * 4 * 128, useBias: false }), input);
  x = apply(layers.reshape({ targetShape: [4, 4, 128] }), x);
  x = relu(norm(x));
  for (const filters of [64, 32])
    x = relu(
      norm(apply(layers.conv2dTranspose({ filters, kernelSize: 5, strides: 2, padding: 'same', useBias: false }), x)),
    );
  const last = layers.conv2dTranspose({ filters: 3, kernelSize: 5, strides: 2, padding: 'same', activation: 'tanh' });
  return tf.model({ inputs: input, outputs: apply(last, x) });
}

/** Tokens to a label through two bidirectional LSTMs, padding masked. */
export function textClassifier(): tf.LayersModel {
  const input = tf.input({ shape: [null], name: 'tokens', dtype: 'int32' });
  let x = apply(layers.embedding({ inputDim: 200, outputDim: 32, maskZero: true }), input);
  for (const returnSequences of [true, false])
    x = apply(
      layers.bidirectional({
        layer: layers.lstm({ units: 24, returnSequences, recurrentActivation: 'sigmoid' }) as tf.RNN,
        mergeMode: 'concat',
      }),
      x,
    );
  x = apply(layers.dropout({ rate: 0.5 }), apply(layers.dense({ units: 16, activation: 'relu' }), x));
  return tf.model({ inputs: input, outputs: apply(layers.dense({ units: 5, activation: 'softmax' }), x) });
}

/** Sutskever et al. 2014: the encoder's states start the decoder; both sequences of any length. */
export function sequenceToSequence(): tf.LayersModel {
  const source = tf.input({ shape: [null], name: 'source', dtype: 'int32' });
  const target = tf.input({ shape: [null], name: 'target', dtype: 'int32' });
  const embedded = apply(layers.embedding({ inputDim: 50, outputDim: 16 }), source);
  const encoder = layers.lstm({ units: 32, returnState: true, recurrentActivation: 'sigmoid' });
  const [, h, c] = encoder.apply(embedded) as Tensor[];
  const decoder = layers.lstm({ units: 32, returnSequences: true, recurrentActivation: 'sigmoid' });
  const decoded = apply(decoder, [apply(layers.embedding({ inputDim: 60, outputDim: 16 }), target), h, c]);
  const outputs = apply(layers.timeDistributed({ layer: layers.dense({ units: 60, activation: 'softmax' }) }), decoded);
  return tf.model({ inputs: [source, target], outputs });
}

/** Frames to the next frames through two ConvLSTM2D. */
export function videoPredictor(size: number): tf.LayersModel {
  const input = tf.input({ shape: [null, size, size, 1], name: 'frames' });
  let x: Tensor = input;
  for (const filters of [8, 8]) {
    const options = { filters, kernelSize: 3, padding: 'same', returnSequences: true };
    x = norm5(apply(layers.convLstm2d(options as never) as unknown as tf.layers.Layer, x));
  }
  const frame = layers.conv2d({ filters: 1, kernelSize: 3, padding: 'same', activation: 'sigmoid' });
  return tf.model({ inputs: input, outputs: apply(layers.timeDistributed({ layer: frame }), x) });
}

/** TensorFlow.js has no batch normalisation of rank 5: one frame at a time. */
function norm5(x: Tensor): Tensor {
  return apply(layers.timeDistributed({ layer: layers.batchNormalization() }), x);
}
