// Layers around another layer: Bidirectional and TimeDistributed.
import { multiply } from '../graph/dimension.ts';
import type { Value } from '../graph/graph.ts';
import type { LayerDescription } from '../model/description.ts';
import type { LayerContext, LayerConverter, NativeCell } from './converter.ts';
import { unfold } from './recurrent/conv-lstm.ts';
import { recurrentOptions } from './recurrent/layer.ts';
import { recurrentNode } from './recurrent/run.ts';

type MergeMode = 'concat' | 'sum' | 'ave' | 'mul' | 'none';

function mergeModeOf({ config }: LayerContext): MergeMode {
  if (config.isNull('mergeMode')) return 'none';
  return config.choice('mergeMode', ['concat', 'sum', 'ave', 'mul'], 'concat');
}

function partOf(layer: LayerContext, role: string): LayerDescription {
  const part = layer.layer.parts.get(role);
  if (part === undefined) throw layer.config.fail('layer', 'a layer');
  return part;
}

const bidirectional: LayerConverter = {
  masking: 'drop',
  mask: (layer) => (partOf(layer, 'forward').config.boolean('returnSequences', false) ? layer.masks[0] : undefined),
  convert: (layer) => {
    const [forward, backward] = [partOf(layer, 'forward'), partOf(layer, 'backward')];
    return bothInOne(layer, forward, backward) ?? oneByOne(layer, forward, backward);
  },
  documentation: {
    operators: 'RNN, GRU or LSTM with direction bidirectional; two layers with a mask, or where ONNX has no such cell',
    options:
      'mergeMode (concat, sum, ave, mul, null), initial states, masks, returnState, every recurrent layer inside',
  },
};

/** One bidirectional operator for two plain layers: the outputs of both directions come in the order of time. */
function bothInOne(layer: LayerContext, forward: LayerDescription, backward: LayerDescription): Value[] | undefined {
  const { graph } = layer;
  const isPlain = ['SimpleRNN', 'GRU', 'LSTM'].includes(forward.className);
  const options = recurrentOptions(forward.config);
  const turns = !options.goBackwards && recurrentOptions(backward.config).goBackwards;
  const mode = mergeModeOf(layer);
  if (!isPlain || !turns || layer.mask || forward.className !== backward.className || mode === 'none') return undefined;
  const cells = [layer.cell(forward).native, layer.cell(backward).native];
  const natives = cells.filter((cell): cell is NativeCell => cell !== undefined);
  if (natives.length !== 2 || natives[0].hidden !== natives[1].hidden) return undefined;
  const given = layer.inputs.slice(1);
  const half = given.length / 2;
  const initial = Array.from({ length: half }, (_, i) =>
    graph.concat([graph.unsqueeze(given[i], [0]), graph.unsqueeze(given[i + half], [0])], 0),
  );
  const timeMajor = graph.transpose(layer.input, [1, 0, 2]);
  const [y, ...finals] = recurrentNode(graph, timeMajor, natives, half > 0 ? initial : undefined, 'bidirectional');
  const { hidden } = natives[0];
  const merged = options.returnSequences
    ? graph.transpose(mergeAxis(layer, y, 1, hidden, mode), [1, 0, 2])
    : mergeAxis(layer, finals[0], 0, hidden, mode);
  if (!options.returnState) return [merged];
  const states = finals.map((state) => graph.split(state, 0, [1, 1]).map((each) => graph.squeeze(each, [0])));
  return [merged, ...states.map(([first]) => first), ...states.map(([, second]) => second)];
}

/** Joins the two directions, which lie on `axis`: [..., 2, N, hidden] -> [..., N, merged]. */
function mergeAxis(layer: LayerContext, y: Value, axis: number, hidden: number, mode: MergeMode): Value {
  const { graph } = layer;
  if (mode === 'sum') return graph.reduce('ReduceSum', y, [axis], false);
  if (mode === 'ave') return graph.reduce('ReduceMean', y, [axis], false);
  if (mode === 'mul') return graph.reduce('ReduceProd', y, [axis], false);
  const swapped = graph.transpose(y, axis === 1 ? [0, 2, 1, 3] : [1, 0, 2]);
  return graph.reshape(swapped, [...swapped.shape.slice(0, -2), 2 * hidden]);
}

/** Two layers on the same input. The backward one's sequence is turned back to the order of time. */
function oneByOne(layer: LayerContext, forward: LayerDescription, backward: LayerDescription): Value[] {
  const { graph, input } = layer;
  const options = recurrentOptions(forward.config);
  const given = layer.inputs.slice(1);
  const half = given.length / 2;
  const masks = [layer.mask];
  const run = (part: LayerDescription, states: readonly Value[], name: string): readonly Value[] =>
    graph.within(name, () => layer.apply(part, [input, ...states], masks));
  const [ahead, ...aheadStates] = run(forward, given.slice(0, half), 'forward');
  const [back, ...backStates] = run(backward, given.slice(half), 'backward');
  const turned = options.returnSequences ? graph.reverse(back, 1) : back;
  const states = options.returnState ? [...aheadStates, ...backStates] : [];
  switch (mergeModeOf(layer)) {
    case 'none':
      return [ahead, turned, ...states];
    case 'sum':
      return [graph.node('Add', [ahead, turned]), ...states];
    case 'mul':
      return [graph.node('Mul', [ahead, turned]), ...states];
    case 'ave':
      return [graph.node('Mul', [graph.node('Add', [ahead, turned]), graph.scalar(0.5)]), ...states];
    case 'concat':
      return [graph.concat([ahead, turned], ahead.shape.length - 1), ...states];
  }
}

const timeDistributed: LayerConverter = {
  masking: 'pass',
  convert: (layer) => {
    const { graph, input } = layer;
    const inner = partOf(layer, 'layer');
    if (layer.mask) layer.warn('has a mask, which the layer inside does not get');
    const [batch, time, ...rest] = input.shape;
    // Layers that treat the last axis alone need no folding.
    if (actsOnLastAxis(inner)) return [...layer.apply(inner, [input])];
    const folded = graph.reshape(input, [multiply(batch, time), ...rest]);
    const outputs = layer.apply(inner, [folded]);
    return [unfold(graph, outputs[0], input)];
  },
  documentation: {
    operators: 'Reshape, the layer inside, Reshape; nothing extra around Dense, Activation and Dropout',
    options: 'any layer or model with one input and one output',
    notes: 'The layer inside gets no mask.',
  },
};

function actsOnLastAxis(layer: LayerDescription): boolean {
  const isNormalization = layer.className === 'BatchNormalization' || layer.className === 'LayerNormalization';
  if (isNormalization) return (layer.config.value('axis') ?? -1) === -1;
  return ['Dense', 'Activation', 'Dropout', 'ReLU', 'LeakyReLU', 'ELU', 'ThresholdedReLU'].includes(layer.className);
}

export const wrappers = {
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
} as const satisfies Record<string, LayerConverter>;
