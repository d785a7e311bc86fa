// ConvLSTM2D: the convolution of the inputs over all steps at once, then a Scan with the convolution of the state.
import type { GraphBuilder } from '../../graph/builder.ts';
import { type Constant, transposed } from '../../graph/constant.ts';
import { multiply } from '../../graph/dimension.ts';
import type { Value } from '../../graph/graph.ts';
import { activate, activationName } from '../activation.ts';
import { inputOfRank, type LayerContext, type LayerConverter } from '../converter.ts';
import { dataFormatOf, paddingAttributes, toChannelsFirst, toChannelsLast } from '../window.ts';
import { lstmStep } from './cell.ts';
import { initialStates, recurrentOptions, sequenceMask } from './layer.ts';
import { scan, zeroState } from './run.ts';

/** [kh, kw, in, out] -> [out, in, kh, kw]. */
const forConv = (kernel: Constant): Constant => transposed(kernel, [3, 2, 0, 1]);

/** The input's part of all four gates: [N, T, C, H, W] -> [N, T, 4 F, H', W']. */
function convolveInputs(layer: LayerContext, x: Value): Value {
  const { graph, config } = layer;
  const [batch, time, channels, height, width] = x.shape;
  const images = graph.reshape(x, [multiply(batch, time), channels, height, width]);
  const window = {
    kernel: config.tuple('kernelSize', 2),
    strides: config.tuple('strides', 2, 1),
    dilations: config.tuple('dilationRate', 2, 1),
  };
  const bias = config.boolean('useBias', true) ? graph.constant('bias', layer.weight('bias')) : undefined;
  const gates = graph.node('Conv', [images, graph.constant('kernel', forConv(layer.weight('kernel'))), bias], {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    group: 1,
    ...paddingAttributes(layer, [height, width], window),
  });
  return unfold(graph, gates, x);
}

/** [N T, ...] -> [N, T, ...], with the sizes read off the sequence that was folded. */
export function unfold(graph: GraphBuilder, folded: Value, sequence: Value): Value {
  const [batch, time] = sequence.shape;
  const rest = folded.shape.slice(1);
  if (rest.every((size) => typeof size === 'number') && (typeof batch === 'number' || typeof time === 'number')) {
    const target = [typeof batch === 'number' ? batch : -1, typeof time === 'number' ? time : -1, ...rest.map(Number)];
    return graph.reshapeTo(folded, target, [batch, time, ...rest]);
  }
  const sizes = graph.node(
    'Concat',
    [graph.node('Shape', [sequence], { start: 0, end: 2 }), graph.node('Shape', [folded], { start: 1 })],
    { axis: 0 },
  );
  return graph.reshapeAs(folded, sizes, [batch, time, ...rest]);
}

/** TensorFlow.js takes the last axis of its own layout, which here is the channels for channels last. */
function activator(layer: LayerContext, key: string, fallback: string): (graph: GraphBuilder, x: Value) => Value {
  const given = layer.config.value(key) ?? (layer.config.isNull(key) ? 'linear' : fallback);
  const name = activationName(given, layer.config.where);
  const apply = (graph: GraphBuilder, x: Value): Value =>
    activate(graph, x, given, layer.config.where, layer.activations);
  const looksAlongAxis = name === 'softmax' || name === 'logSoftmax';
  if (!looksAlongAxis || dataFormatOf(layer) === 'channelsFirst') return apply;
  return (graph, x) => graph.transpose(apply(graph, graph.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]);
}

const convLstm2D: LayerConverter = {
  masking: 'drop',
  mask: sequenceMask,
  convert: (layer) => {
    const { graph, config } = layer;
    const options = recurrentOptions(config);
    const filters = config.integer('filters');
    const isFirst = dataFormatOf(layer) === 'channelsFirst';
    const input = inputOfRank(layer, 5);
    if (layer.mask) layer.warn('has a mask: TensorFlow.js cannot run it, exported as Keras defines it');
    const gates = convolveInputs(layer, isFirst ? input : graph.transpose(input, [0, 1, 4, 2, 3]));
    const [height, width] = gates.shape.slice(3);
    const given = initialStates(layer, 2)?.map((state) => (isFirst ? state : toChannelsFirst(layer, state)));
    const zeros = (): Value => zeroState(graph, gates, [filters, height, width]);
    const recurrentKernel = layer.weight('recurrent_kernel');
    const inner = activator(layer, 'activation', 'tanh');
    const outer = activator(layer, 'recurrentActivation', 'hardSigmoid');
    const ran = scan(
      graph,
      gates,
      given ?? [zeros(), zeros()],
      { ...options, mask: layer.mask },
      (body, projected, [hidden, carry]) => {
        // The convolution of the state always keeps its size: SAME with stride 1.
        const [kh, kw] = recurrentKernel.shape;
        const pads = [
          Math.floor((kh - 1) / 2),
          Math.floor((kw - 1) / 2),
          Math.ceil((kh - 1) / 2),
          Math.ceil((kw - 1) / 2),
        ];
        const kernel = body.constant('recurrent_kernel', forConv(recurrentKernel));
        const recurrent = body.node('Conv', [hidden, kernel], { kernel_shape: [kh, kw], pads, strides: [1, 1] });
        const sum = body.node('Add', [projected, recurrent]);
        const pieces = body.split(sum, 1, [filters, filters, filters, filters]);
        return lstmStep(
          body,
          pieces,
          carry,
          (x) => outer(body, x),
          (x) => inner(body, x),
        );
      },
    );
    const states = ran.states.map((state) => (isFirst ? state : toChannelsLast(layer, state)));
    const isSequence = options.returnSequences;
    const output = isFirst
      ? ran.output
      : isSequence
        ? graph.transpose(ran.output, [0, 1, 3, 4, 2])
        : toChannelsLast(layer, ran.output);
    return options.returnState ? [output, ...states] : [output];
  },
  documentation: {
    operators: 'Conv, Scan (Conv, Split, activations)',
    options:
      'filters, kernelSize, strides, padding, dilationRate, dataFormat, returnSequences, returnState, goBackwards, initial states, every activation, useBias',
    notes: 'A mask, which TensorFlow.js cannot run here, is exported as Keras defines it.',
  },
};

const convLstm2DCell: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    throw layer.unsupported('a recurrent cell outside of an RNN layer', 'Use ConvLSTM2D.');
  },
  documentation: {
    operators: 'none',
    refused:
      'RNN over a ConvLSTM2DCell: TensorFlow.js itself makes states of the wrong shape for it. ConvLSTM2D is the layer to use.',
  },
};

export const convolutionalRecurrent = {
  ConvLSTM2D: convLstm2D,
  ConvLSTM2DCell: convLstm2DCell,
} as const satisfies Record<string, LayerConverter>;
