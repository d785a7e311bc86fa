// Models of models: nesting, sharing, several inputs and outputs, inputs that are outputs.
import * as tf from '@tensorflow/tfjs';
import { type Case, model } from './case.ts';

const { layers } = tf;
type Tensor = tf.SymbolicTensor;

const input = (shape: (number | null)[], name: string): Tensor => tf.input({ shape, name });

export const topology: readonly Case[] = [
  model('Sequential', () =>
    tf.sequential({
      layers: [layers.dense({ units: 4, inputShape: [3], activation: 'relu' }), layers.dense({ units: 2 })],
    }),
  ),
  model('Sequential that starts with a convolution', () =>
    tf.sequential({
      layers: [
        layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2] }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 2, activation: 'softmax' }),
      ],
    }),
  ),
  model('Sequential that starts with an input layer', () =>
    tf.sequential({ layers: [layers.inputLayer({ inputShape: [3] }), layers.dense({ units: 2 })] }),
  ),
  model('Sequential that starts with a model', () => {
    const first = tf.sequential({ layers: [layers.dense({ units: 4, inputShape: [3] })] });
    return tf.sequential({ layers: [first, layers.dense({ units: 2 })] });
  }),
  model(
    'Sequential that starts with an embedding',
    () => tf.sequential({ layers: [layers.embedding({ inputDim: 4, outputDim: 3 }), layers.globalMaxPooling1d()] }),
    { limit: 1 },
  ),
  // onnxruntime takes a padding by +0 for the pooling's own, which is minus infinity, or nothing at all.
  ...(['maximum', 'average'] as const).map((kind) =>
    model(`zero padding of numbers below zero, then their ${kind}`, () => {
      const x = input([5, 5, 2], 'x');
      const negative = layers.conv2d({ filters: 3, kernelSize: 1, useBias: false }).apply(x);
      const padded = layers.zeroPadding2d({ padding: 1 }).apply(negative);
      const pool = kind === 'maximum' ? layers.maxPooling2d({ poolSize: 2 }) : layers.averagePooling2d({ poolSize: 2 });
      return tf.model({ inputs: x, outputs: pool.apply(padded) as Tensor });
    }),
  ),
  model('a layer used twice', () => {
    const [a, b] = [input([3], 'a'), input([3], 'b')];
    const shared = layers.dense({ units: 4, activation: 'tanh' });
    const outputs = layers.add().apply([shared.apply(a) as Tensor, shared.apply(b) as Tensor]) as Tensor;
    return tf.model({ inputs: [a, b], outputs });
  }),
  model('a layer used on its own output', () => {
    const x = input([3], 'x');
    const shared = layers.dense({ units: 3, activation: 'tanh' });
    return tf.model({ inputs: x, outputs: shared.apply(shared.apply(shared.apply(x))) as Tensor });
  }),
  model('a model used twice', () => {
    const [a, b] = [input([6, 6, 2], 'a'), input([6, 6, 2], 'b')];
    const image = input([6, 6, 2], 'image');
    const convolved = layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' }).apply(image);
    const features = layers.globalAveragePooling2d({}).apply(convolved) as Tensor;
    const tower = tf.model({ inputs: image, outputs: features });
    const outputs = layers.concatenate().apply([tower.apply(a) as Tensor, tower.apply(b) as Tensor]) as Tensor;
    return tf.model({ inputs: [a, b], outputs });
  }),
  model('a model inside a model inside a model', () => {
    const innermost = tf.sequential({ layers: [layers.dense({ units: 4, inputShape: [3] })] });
    const middle = tf.sequential({ layers: [innermost, layers.dense({ units: 5, activation: 'relu' })] });
    const x = input([3], 'x');
    return tf.model({ inputs: x, outputs: layers.dense({ units: 2 }).apply(middle.apply(x)) as Tensor });
  }),
  model('a nested model of two inputs and two outputs', () => {
    const [a, b] = [input([3], 'a'), input([4], 'b')];
    const left = layers.dense({ units: 2 }).apply(a) as Tensor;
    const right = layers.dense({ units: 2 }).apply(b) as Tensor;
    const inner = tf.model({ inputs: [a, b], outputs: [left, layers.add().apply([left, right]) as Tensor] });
    const [x, y] = [input([3], 'x'), input([4], 'y')];
    const outputs = inner.apply([x, y]) as Tensor[];
    return tf.model({
      inputs: [x, y],
      outputs: [outputs[1], layers.activation({ activation: 'relu' }).apply(outputs[0]) as Tensor],
    });
  }),
  model('several outputs, one of them on the way to another', () => {
    const x = input([3], 'x');
    const hidden = layers.dense({ units: 4, activation: 'relu' }).apply(x) as Tensor;
    return tf.model({ inputs: x, outputs: [hidden, layers.dense({ units: 2 }).apply(hidden) as Tensor] });
  }),
  model('an output that is only a reshaping of another', () => {
    const x = input([2, 3], 'x');
    const hidden = layers.dense({ units: 4 }).apply(x) as Tensor;
    return tf.model({ inputs: x, outputs: [hidden, layers.flatten().apply(hidden) as Tensor] });
  }),
  model('dropout as an output', () => {
    const x = input([3], 'x');
    const hidden = layers.dense({ units: 4 }).apply(x) as Tensor;
    return tf.model({ inputs: x, outputs: [layers.dropout({ rate: 0.5 }).apply(hidden) as Tensor, hidden] });
  }),
  model('residual block with a projection', () => {
    const x = input([6, 6, 3], 'x');
    const main = layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', useBias: false }).apply(x);
    const normalized = layers.batchNormalization().apply(main) as Tensor;
    const shortcut = layers.conv2d({ filters: 4, kernelSize: 1, strides: 2 }).apply(x) as Tensor;
    return tf.model({ inputs: x, outputs: layers.reLU().apply(layers.add().apply([normalized, shortcut])) as Tensor });
  }),
  model('squeeze and excitation', () => {
    const x = input([6, 6, 4], 'x');
    const convolved = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x) as Tensor;
    let scale = layers.globalAveragePooling2d({}).apply(convolved) as Tensor;
    scale = layers.reshape({ targetShape: [1, 1, 4] }).apply(scale) as Tensor;
    scale = layers.conv2d({ filters: 2, kernelSize: 1, activation: 'relu' }).apply(scale) as Tensor;
    scale = layers.conv2d({ filters: 4, kernelSize: 1, activation: 'sigmoid' }).apply(scale) as Tensor;
    const scaled = layers.multiply().apply([convolved, scale]);
    return tf.model({ inputs: x, outputs: layers.conv2d({ filters: 2, kernelSize: 1 }).apply(scaled) as Tensor });
  }),
  model('dense block that concatenates channels', () => {
    const x = input([6, 6, 3], 'x');
    let features = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x) as Tensor;
    for (let i = 0; i < 2; i++) {
      const normalized = layers.reLU().apply(layers.batchNormalization().apply(features));
      const grown = layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same' }).apply(normalized) as Tensor;
      features = layers.concatenate().apply([features, grown]) as Tensor;
    }
    return tf.model({ inputs: x, outputs: layers.globalMaxPooling2d({}).apply(features) as Tensor });
  }),
  model('blocks to depth before a convolution', () => {
    const x = input([8, 8, 3], 'x');
    let y = layers.reshape({ targetShape: [4, 2, 4, 2, 3] }).apply(x);
    y = layers.permute({ dims: [1, 3, 2, 4, 5] }).apply(y);
    y = layers.reshape({ targetShape: [4, 4, 12] }).apply(y);
    return tf.model({
      inputs: x,
      outputs: layers.conv2d({ filters: 4, kernelSize: 2, padding: 'same' }).apply(y) as Tensor,
    });
  }),
  model('image patches to tokens', () => {
    const x = input([8, 8, 3], 'x');
    let y = layers.conv2d({ filters: 6, kernelSize: 4, strides: 4 }).apply(x);
    y = layers.reshape({ targetShape: [4, 6] }).apply(y);
    return tf.model({ inputs: x, outputs: layers.layerNormalization().apply(y) as Tensor });
  }),
  model('encoder and decoder with a skip connection', () => {
    const x = input([8, 8, 2], 'x');
    const down = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(x) as Tensor;
    const pooled = layers.maxPooling2d({ poolSize: 2 }).apply(down);
    const deep = layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(pooled);
    const up = layers.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 2 }).apply(deep) as Tensor;
    const joined = layers.concatenate().apply([up, down]);
    return tf.model({
      inputs: x,
      outputs: layers.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid' }).apply(joined) as Tensor,
    });
  }),
  model('latent to image through Dense and Reshape', () => {
    const x = input([5], 'x');
    let y = layers.dense({ units: 3 * 3 * 4 }).apply(x);
    y = layers.batchNormalization().apply(y);
    y = layers.activation({ activation: 'swish' as never }).apply(y);
    y = layers.reshape({ targetShape: [3, 3, 4] }).apply(y);
    return tf.model({
      inputs: x,
      outputs: layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 2, padding: 'same' }).apply(y) as Tensor,
    });
  }),
  model('flattened features that are joined with others', () => {
    const [x, action] = [input([4, 4, 2], 'x'), input([3], 'action')];
    const convolved = layers.conv2d({ filters: 3, kernelSize: 3 }).apply(x);
    const joined = layers.concatenate().apply([layers.flatten().apply(convolved) as Tensor, action]);
    return tf.model({ inputs: [x, action], outputs: layers.dense({ units: 4 }).apply(joined) as Tensor });
  }),
  model('flattened features that are an output', () => {
    const x = input([4, 4, 2], 'x');
    const flat = layers.flatten().apply(layers.conv2d({ filters: 3, kernelSize: 3 }).apply(x)) as Tensor;
    return tf.model({ inputs: x, outputs: [flat, layers.dense({ units: 4 }).apply(flat) as Tensor] });
  }),
  model('flattened features through normalisation and mish', () => {
    const x = input([4, 4, 2], 'x');
    let y = layers.flatten().apply(layers.conv2d({ filters: 3, kernelSize: 3 }).apply(x)) as Tensor;
    y = layers.layerNormalization().apply(y) as Tensor;
    y = layers.activation({ activation: 'mish' as never }).apply(y) as Tensor;
    return tf.model({ inputs: x, outputs: layers.dense({ units: 4 }).apply(y) as Tensor });
  }),
  model('a transformer block of one head, out of Dot layers', () => {
    const x = input([6, 8], 'x');
    const normalized = layers.layerNormalization().apply(x) as Tensor;
    const [q, k, v] = Array.from({ length: 3 }, () => layers.dense({ units: 8 }).apply(normalized) as Tensor);
    const scores = layers.dot({ axes: 2 }).apply([q, k]) as Tensor;
    const weights = layers.softmax({ axis: -1 }).apply(scores) as Tensor;
    const attended = layers.dot({ axes: [2, 1] }).apply([weights, v]) as Tensor;
    const once = layers.add().apply([x, layers.dense({ units: 8 }).apply(attended) as Tensor]) as Tensor;
    let wide = layers.layerNormalization().apply(once) as Tensor;
    wide = layers.dense({ units: 16, activation: 'gelu' as 'relu' }).apply(wide) as Tensor;
    return tf.model({
      inputs: x,
      outputs: layers.add().apply([once, layers.dense({ units: 8 }).apply(wide) as Tensor]) as Tensor,
    });
  }),
  model('encoder and decoder of sequences with states', () => {
    const [source, target] = [input([null, 3], 'source'), input([null, 2], 'target')];
    const [, h, c] = layers.lstm({ units: 4, returnState: true }).apply(source) as Tensor[];
    const decoded = layers.lstm({ units: 4, returnSequences: true }).apply([target, h, c]);
    return tf.model({
      inputs: [source, target],
      outputs: layers.dense({ units: 2, activation: 'softmax' }).apply(decoded) as Tensor,
    });
  }),
];
