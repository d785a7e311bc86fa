// Recurrent layers: cells, directions, states, masks, stacks, wrappers.
import * as tf from '@tensorflow/tfjs';
import { type Case, chain, model, one, several } from './case.ts';

const { layers } = tf;
type Activation = 'relu';

const simple = [
  ['SimpleRNN', layers.simpleRNN],
  ['GRU', layers.gru],
  ['LSTM', layers.lstm],
] as const;

interface Recurrence {
  readonly units: number;
  readonly returnSequences?: boolean;
  readonly returnState?: boolean;
  readonly goBackwards?: boolean;
}

function make(layer: (typeof simple)[number][1], options: Recurrence): tf.layers.Layer {
  return layer({ recurrentActivation: 'sigmoid', ...options } as never);
}

/** A layer with all its outputs as outputs of the model. */
function withStates(name: string, layer: () => tf.layers.Layer, statesIn = 0): Case {
  return model(name, () => {
    const x = tf.input({ shape: [5, 4], name: 'x' });
    const states = Array.from({ length: statesIn }, (_, i) => tf.input({ shape: [3], name: `state${i}` }));
    const outputs = layer().apply(statesIn > 0 ? [x, ...states] : x) as tf.SymbolicTensor[];
    return tf.model({ inputs: [x, ...states], outputs });
  });
}

const nativeActivations = ['tanh', 'relu', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'elu', 'linear'];
const otherActivations = ['selu', 'relu6', 'gelu', 'mish', 'swish', 'softmax', 'logSoftmax'];

export const recurrent: readonly Case[] = [
  ...simple.flatMap(([name, layer]) => [
    one(`${name}, last output`, [5, 4], () => make(layer, { units: 3 })),
    one(`${name}, sequence`, [5, 4], () => make(layer, { units: 3, returnSequences: true })),
    one(`${name}, backwards`, [5, 4], () => make(layer, { units: 3, goBackwards: true })),
    one(`${name}, sequence backwards`, [5, 4], () =>
      make(layer, { units: 3, goBackwards: true, returnSequences: true }),
    ),
    one(`${name} on a dynamic axis`, [null, 4], () => make(layer, { units: 3, returnSequences: true }), {
      dynamicSizes: [1, 6],
    }),
    one(`${name} without bias`, [5, 4], () => layer({ units: 3, useBias: false } as never)),
    withStates(`${name} with its state`, () => make(layer, { units: 3, returnState: true })),
    withStates(`${name} with its state and sequence`, () =>
      make(layer, { units: 3, returnState: true, returnSequences: true, goBackwards: true }),
    ),
    withStates(
      `${name} with initial state`,
      () => make(layer, { units: 3, returnState: true }),
      name === 'LSTM' ? 2 : 1,
    ),
    chain(`${name}, two in a row`, [5, 4], () => [
      make(layer, { units: 3, returnSequences: true }),
      make(layer, { units: 2 }),
    ]),
    ...nativeActivations.map((activation) =>
      one(`${name} with activation ${activation}`, [4, 3], () =>
        layer({ units: 3, activation: activation as Activation, returnSequences: true } as never),
      ),
    ),
    ...otherActivations.map((activation) =>
      one(`${name} with activation ${activation}, which ONNX's operator lacks`, [4, 3], () =>
        layer({ units: 3, activation: activation as Activation, returnSequences: true } as never),
      ),
    ),
    one(
      `${name} without ONNX's operator, backwards with a dynamic axis`,
      [null, 4],
      () => layer({ units: 3, activation: 'selu', goBackwards: true, returnSequences: true } as never),
      { dynamicSizes: [1, 6] },
    ),
  ]),
  ...(['GRU', 'LSTM'] as const).flatMap((name) =>
    ['tanh', 'relu', 'softmax'].map((recurrentActivation) =>
      one(`${name} with recurrent activation ${recurrentActivation}`, [4, 3], () =>
        (name === 'GRU' ? layers.gru : layers.lstm)({
          units: 3,
          recurrentActivation: recurrentActivation as Activation,
        }),
      ),
    ),
  ),
  one('RNN over a GRU cell', [5, 4], () => layers.rnn({ cell: layers.gruCell({ units: 3 }), returnSequences: true })),
  one('RNN over an LSTM cell', [5, 4], () => layers.rnn({ cell: layers.lstmCell({ units: 3 }) })),
  one('RNN over a SimpleRNN cell', [5, 4], () =>
    layers.rnn({ cell: layers.simpleRNNCell({ units: 3 }), goBackwards: true }),
  ),
  ...[true, false].flatMap((returnSequences) =>
    [true, false].map((goBackwards) =>
      one(
        `RNN over a stack of cells, ${returnSequences ? 'sequence' : 'last'}, ${goBackwards ? 'backwards' : 'forwards'}`,
        [5, 4],
        () =>
          layers.rnn({
            cell: [layers.gruCell({ units: 2 }), layers.lstmCell({ units: 3 }), layers.simpleRNNCell({ units: 4 })],
            returnSequences,
            goBackwards,
          }),
      ),
    ),
  ),
  one('RNN over a stack that ONNX has no operators for', [5, 4], () =>
    layers.rnn({
      cell: [layers.gruCell({ units: 2, activation: 'selu' as never }), layers.lstmCell({ units: 3 })],
      returnSequences: true,
    }),
  ),
  model('RNN over stacked cells with all states', () => {
    const x = tf.input({ shape: [5, 4], name: 'x' });
    const cell = layers.stackedRNNCells({ cells: [layers.lstmCell({ units: 2 }), layers.gruCell({ units: 3 })] });
    return tf.model({ inputs: x, outputs: layers.rnn({ cell, returnState: true }).apply(x) as tf.SymbolicTensor[] });
  }),
  model('stateful LSTM starts from zeros', () => {
    const x = tf.input({ batchShape: [3, 5, 4], name: 'x' });
    const layer = layers.lstm({ units: 3, stateful: true });
    const built = tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor });
    const predict = built.predict.bind(built);
    // Each comparison is the first run after resetStates.
    built.predict = (...input) => {
      built.resetStates();
      return predict(...input);
    };
    return built;
  }),
];

const modes = ['concat', 'sum', 'ave', 'mul', null] as const;

export const wrapped: readonly Case[] = [
  ...simple.flatMap(([name, layer]) =>
    modes.flatMap((mergeMode) =>
      [true, false].map((returnSequences) =>
        model(`Bidirectional ${name}, ${mergeMode ?? 'both outputs'}, ${returnSequences ? 'sequence' : 'last'}`, () => {
          const x = tf.input({ shape: [5, 4], name: 'x' });
          const inner = make(layer, { units: 3, returnSequences }) as tf.RNN;
          const wrapper = layers.bidirectional({ layer: inner, mergeMode: mergeMode as 'concat' });
          return tf.model({ inputs: x, outputs: wrapper.apply(x) as tf.SymbolicTensor[] });
        }),
      ),
    ),
  ),
  ...simple.map(([name, layer]) =>
    model(`Bidirectional ${name} with states`, () => {
      const x = tf.input({ shape: [5, 4], name: 'x' });
      const inner = make(layer, { units: 3, returnState: true, returnSequences: true }) as tf.RNN;
      const wrapper = layers.bidirectional({ layer: inner, mergeMode: 'concat' });
      return tf.model({ inputs: x, outputs: wrapper.apply(x) as tf.SymbolicTensor[] });
    }),
  ),
  model('Bidirectional LSTM with initial states', () => {
    const x = tf.input({ shape: [5, 4], name: 'x' });
    const states = Array.from({ length: 4 }, (_, i) => tf.input({ shape: [3], name: `state${i}` }));
    const wrapper = layers.bidirectional({ layer: layers.lstm({ units: 3 }) as tf.RNN, mergeMode: 'concat' });
    return tf.model({ inputs: [x, ...states], outputs: wrapper.apply([x, ...states]) as tf.SymbolicTensor });
  }),
  one('Bidirectional of a layer that goes backwards itself', [5, 4], () =>
    layers.bidirectional({
      layer: layers.gru({ units: 3, goBackwards: true, returnSequences: true }) as tf.RNN,
      mergeMode: 'concat',
    }),
  ),
  one("Bidirectional without ONNX's operator", [5, 4], () =>
    layers.bidirectional({
      layer: layers.gru({ units: 3, activation: 'selu', returnSequences: true }) as tf.RNN,
      mergeMode: 'sum',
    }),
  ),
  one(
    'Bidirectional on a dynamic axis',
    [null, 4],
    () =>
      layers.bidirectional({ layer: layers.lstm({ units: 3, returnSequences: true }) as tf.RNN, mergeMode: 'concat' }),
    { dynamicSizes: [1, 6] },
  ),
  one('TimeDistributed Dense', [3, 4], () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) })),
  one(
    'TimeDistributed Dense on a dynamic axis',
    [null, 4],
    () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
    {
      dynamicSizes: [1, 6],
    },
  ),
  one('TimeDistributed Conv2D', [3, 6, 6, 2], () =>
    layers.timeDistributed({ layer: layers.conv2d({ filters: 3, kernelSize: 3 }) }),
  ),
  one(
    'TimeDistributed Conv2D on a dynamic axis',
    [null, 6, 6, 2],
    () => layers.timeDistributed({ layer: layers.conv2d({ filters: 3, kernelSize: 3 }) }),
    { dynamicSizes: [1, 4] },
  ),
  one('TimeDistributed Flatten', [3, 4, 2], () => layers.timeDistributed({ layer: layers.flatten() })),
  one('TimeDistributed LSTM', [3, 5, 2], () => layers.timeDistributed({ layer: layers.lstm({ units: 3 }) })),
  one('TimeDistributed BatchNormalization', [3, 5, 2], () =>
    layers.timeDistributed({ layer: layers.batchNormalization() }),
  ),
  one('TimeDistributed of TimeDistributed', [3, 4, 6, 6, 2], () =>
    layers.timeDistributed({ layer: layers.timeDistributed({ layer: layers.conv2d({ filters: 2, kernelSize: 3 }) }) }),
  ),
  one('TimeDistributed Bidirectional', [3, 5, 2], () =>
    layers.timeDistributed({
      layer: layers.bidirectional({ layer: layers.lstm({ units: 2 }) as tf.RNN, mergeMode: 'concat' }),
    }),
  ),
  one('TimeDistributed model', [3, 6], () =>
    layers.timeDistributed({
      layer: tf.sequential({
        layers: [layers.dense({ units: 4, inputShape: [6], activation: 'relu' }), layers.dense({ units: 2 })],
      }),
    }),
  ),
];

interface ConvRecurrence {
  readonly dataFormat?: 'channelsLast' | 'channelsFirst';
  readonly padding?: 'valid' | 'same';
  readonly strides?: number;
  readonly dilationRate?: number;
  readonly returnSequences?: boolean;
  readonly goBackwards?: boolean;
  readonly activation?: string;
  readonly useBias?: boolean;
}

const convLstm = (options: ConvRecurrence) => () =>
  layers.convLstm2d({ filters: 2, kernelSize: 3, ...options } as never) as tf.layers.Layer;

export const convolutionalRecurrent: readonly Case[] = [
  one('ConvLSTM2D valid', [3, 6, 6, 2], convLstm({})),
  one('ConvLSTM2D same, sequence', [3, 6, 5, 2], convLstm({ padding: 'same', returnSequences: true })),
  one('ConvLSTM2D with a stride', [3, 7, 6, 2], convLstm({ strides: 2, padding: 'same' })),
  one('ConvLSTM2D dilated', [3, 7, 7, 2], convLstm({ dilationRate: 2 })),
  one('ConvLSTM2D backwards, sequence', [3, 6, 6, 2], convLstm({ goBackwards: true, returnSequences: true })),
  one('ConvLSTM2D without bias', [3, 6, 6, 2], convLstm({ useBias: false })),
  one('ConvLSTM2D with softmax', [2, 5, 5, 2], convLstm({ activation: 'softmax', returnSequences: true })),
  one('ConvLSTM2D on a dynamic time', [null, 6, 6, 2], convLstm({ padding: 'same', returnSequences: true }), {
    dynamicSizes: [1, 4],
  }),
  one(
    'ConvLSTM2D on dynamic time and sizes',
    [null, null, null, 2],
    convLstm({ padding: 'same', returnSequences: true }),
    {
      dynamicSizes: [4, 5],
    },
  ),
  model('ConvLSTM2D with its states', () => {
    const x = tf.input({ shape: [3, 6, 6, 2], name: 'x' });
    const layer = layers.convLstm2d({ filters: 2, kernelSize: 3, returnState: true } as never) as tf.layers.Layer;
    return tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor[] });
  }),
  chain('ConvLSTM2D, two in a row', [3, 6, 6, 2], () => [
    convLstm({ padding: 'same', returnSequences: true })(),
    convLstm({ padding: 'same' })(),
  ]),
  one('Bidirectional ConvLSTM2D', [3, 6, 6, 2], () =>
    layers.bidirectional({
      layer: convLstm({ padding: 'same', returnSequences: true })() as tf.RNN,
      mergeMode: 'concat',
    }),
  ),
];

/** Sequences with padding: tokens where 0 is masked. */
function masked(name: string, after: (x: tf.SymbolicTensor) => tf.SymbolicTensor | tf.SymbolicTensor[]): Case {
  return model(
    name,
    () => {
      const input = tf.input({ shape: [6], name: 'x', dtype: 'int32' });
      const embedded = layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true }).apply(input);
      return tf.model({ inputs: input, outputs: after(embedded as tf.SymbolicTensor) });
    },
    { limit: 4 },
  );
}

const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor) => layer.apply(x) as tf.SymbolicTensor;

export const masks: readonly Case[] = [
  ...simple.flatMap(([name, layer]) => [
    masked(`${name} with a mask`, (x) => apply(make(layer, { units: 3 }), x)),
    masked(`${name} with a mask, sequence`, (x) => apply(make(layer, { units: 3, returnSequences: true }), x)),
    masked(`${name} with a mask, backwards`, (x) =>
      apply(make(layer, { units: 3, returnSequences: true, goBackwards: true }), x),
    ),
    masked(
      `${name} with a mask, states`,
      (x) => make(layer, { units: 3, returnState: true }).apply(x) as tf.SymbolicTensor[],
    ),
  ]),
  masked('a mask goes through Dense, Dropout, Activation and normalisation', (x) =>
    [
      layers.dense({ units: 4 }),
      layers.dropout({ rate: 0.1 }),
      layers.activation({ activation: 'tanh' }),
      layers.layerNormalization(),
      layers.batchNormalization(),
      layers.reLU(),
      layers.lstm({ units: 3 }),
    ].reduce((value, layer) => apply(layer, value), x),
  ),
  masked('a mask goes through a recurrent layer that returns its sequence', (x) =>
    apply(layers.gru({ units: 2 }), apply(layers.lstm({ units: 3, returnSequences: true }), x)),
  ),
  masked('a mask that ended sticks to the next recurrent layer', (x) =>
    apply(layers.lstm({ units: 2 }), apply(layers.leakyReLU(), x)),
  ),
  masked('a mask sticks to a recurrent layer after RepeatVector', (x) =>
    apply(layers.gru({ units: 2 }), apply(layers.repeatVector({ n: 6 }), apply(layers.lstm({ units: 3 }), x))),
  ),
  masked('a mask goes into a nested model', (x) => {
    const inner = tf.sequential({ layers: [layers.lstm({ units: 2, inputShape: [6, 3] })] });
    return apply(inner, x);
  }),
  ...modes.map((mergeMode) =>
    masked(`Bidirectional LSTM with a mask, ${mergeMode ?? 'both outputs'}`, (x) => {
      const inner = layers.lstm({ units: 3, returnSequences: true }) as tf.RNN;
      return layers.bidirectional({ layer: inner, mergeMode: mergeMode as 'concat' }).apply(x) as tf.SymbolicTensor[];
    }),
  ),
  masked('Bidirectional GRU with a mask, last', (x) =>
    apply(layers.bidirectional({ layer: layers.gru({ units: 3 }) as tf.RNN, mergeMode: 'concat' }), x),
  ),
  masked('RNN over a stack with a mask', (x) =>
    apply(
      layers.rnn({ cell: [layers.gruCell({ units: 2 }), layers.lstmCell({ units: 3 })], returnSequences: true }),
      x,
    ),
  ),
  masked('TimeDistributed hands the mask on', (x) =>
    apply(layers.lstm({ units: 2 }), apply(layers.timeDistributed({ layer: layers.dense({ units: 4 }) }), x)),
  ),
  masked('Concatenate of two masked tensors along the features', (x) =>
    apply(
      layers.lstm({ units: 2 }),
      layers.concatenate().apply([x, apply(layers.dense({ units: 2 }), x)]) as tf.SymbolicTensor,
    ),
  ),
  masked('Concatenate of a masked and an unmasked tensor', (x) =>
    apply(
      layers.lstm({ units: 2 }),
      layers.concatenate().apply([x, apply(layers.conv1d({ filters: 2, kernelSize: 1 }), x)]) as tf.SymbolicTensor,
    ),
  ),
  chain('Masking, then LSTM', [4, 3], () => [
    layers.activation({ activation: 'relu' }),
    layers.activation({ activation: 'relu' }),
    layers.masking({ maskValue: 0 }),
    layers.lstm({ units: 3, returnSequences: true }),
  ]),
  several('Masking with initial states', [[4, 3], [3], [3]], () => layers.lstm({ units: 3 })),
];
