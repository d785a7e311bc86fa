// Attention: dot products of queries and keys, a softmax over the keys, the mean of the values.
import { type Constant, reshaped } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import { type Argument, inputOfRank, type LayerContext, type LayerConverter } from '../converter.ts';

/** What a masked score becomes: nothing is left of it behind the softmax. */
const masked = -1e9;

function tensorOf(argument: Argument | undefined): Value | undefined {
  return argument?.kind === 'tensor' ? argument.value : undefined;
}

function isOn(layer: LayerContext, name: string): boolean {
  const argument = layer.arguments.named.get(name);
  return argument?.kind === 'plain' && argument.value === true;
}

/** True where query i may look at key j <= i: [1, Tq, Tv], from the scores' own sizes. */
function causalMask(layer: LayerContext, scores: Value): Value {
  const { graph } = layer;
  const rank = scores.shape.length;
  const places = (axis: number): Value => {
    const size = graph.squeeze(graph.sizeOf(scores, axis), [0]);
    return graph.node('Range', [graph.integer(0, 'start'), size, graph.integer(1, 'step')]);
  };
  const rows = graph.unsqueeze(places(rank - 2), [1]);
  return graph.node('GreaterOrEqual', [rows, graph.unsqueeze(places(rank - 1), [0])]);
}

/** The last axis as probabilities, with nothing where the mask is false. */
function weightsOf(layer: LayerContext, scores: Value, mask: Value | undefined): Value {
  const { graph } = layer;
  const kept = mask ? graph.node('Where', [mask, scores, graph.scalar(masked, 'masked')]) : scores;
  return graph.node('Softmax', [kept], { axis: -1 });
}

function both(layer: LayerContext, masks: readonly (Value | undefined)[]): Value | undefined {
  const present = masks.filter((mask) => mask !== undefined);
  return present.length === 0 ? undefined : present.reduce((all, mask) => layer.graph.node('And', [all, mask]));
}

/** Attention and AdditiveAttention on [query, value, key]: of one head, without projections. */
function attention(isAdditive: boolean): LayerConverter {
  return {
    masking: 'pass',
    callArguments: ['useCausalMask', 'returnAttentionScores'],
    convert: (layer) => {
      const { graph, inputs, masks } = layer;
      const [query, value] = inputs;
      if (inputs.length < 2 || inputs.some((input) => input.shape.length !== 3))
        throw layer.unsupported('inputs other than [query, value] of rank 3', 'Give the layer sequences of vectors.');
      const key = inputs[2] ?? value;
      const scores =
        isAdditive || layer.config.text('scoreMode', 'dot') === 'concat'
          ? sums(layer, query, key, isAdditive)
          : products(layer, query, key);
      const valueMask = masks[1] && graph.unsqueeze(masks[1], [1]);
      const causal = isOn(layer, 'useCausalMask') ? causalMask(layer, scores) : undefined;
      const weights = weightsOf(layer, scores, both(layer, [valueMask, causal]));
      let result = graph.node('MatMul', [weights, value]);
      if (masks[0]) result = graph.node('Where', [graph.unsqueeze(masks[0], [2]), result, graph.scalar(0)]);
      return isOn(layer, 'returnAttentionScores') ? [result, weights] : result;
    },
    documentation: {
      operators: isAdditive ? 'Add, Tanh, ReduceSum, Softmax, MatMul' : 'MatMul, Softmax, MatMul',
      options: `${isAdditive ? 'use_scale' : 'use_scale, score_mode'}, masks, use_causal_mask, return_attention_scores`,
    },
  };
}

function products(layer: LayerContext, query: Value, key: Value): Value {
  const { graph, config } = layer;
  const scores = graph.node('MatMul', [query, graph.transpose(key, [0, 2, 1])]);
  return config.boolean('useScale', false)
    ? graph.node('Mul', [scores, graph.constant('scale', layer.weight('scale'))])
    : scores;
}

/** sum over features of scale * tanh(q + k); score_mode concat scales inside and weighs the sum. */
function sums(layer: LayerContext, query: Value, key: Value, isAdditive: boolean): Value {
  const { graph, config } = layer;
  const scale = config.boolean('useScale', isAdditive) ? graph.constant('scale', layer.weight('scale')) : undefined;
  let sum = graph.node('Add', [graph.unsqueeze(query, [2]), graph.unsqueeze(key, [1])]);
  if (scale && !isAdditive) sum = graph.node('Mul', [sum, scale]);
  let bent = graph.node('Tanh', [sum]);
  if (scale && isAdditive) bent = graph.node('Mul', [bent, scale]);
  const scores = graph.reduce('ReduceSum', bent, [-1], false);
  if (isAdditive) return scores;
  return graph.node('Mul', [scores, graph.constant('concat_score_weight', layer.weight('concat_score_weight'))]);
}

/** [N, T, D] -> [N, heads, T, size], by a kernel [D, heads, size]. */
function projected(layer: LayerContext, x: Value, part: string): Value {
  const { graph, config } = layer;
  const kernel = layer.weight(`${part}/kernel`);
  const [inputs, heads, size] = kernel.shape;
  return graph.within(part, () => {
    let y = graph.node('MatMul', [x, graph.constant('kernel', reshaped(kernel, [inputs, heads * size]))]);
    if (config.boolean('useBias', true))
      y = graph.node('Add', [y, graph.constant('bias', reshaped(layer.weight(`${part}/bias`), [heads * size]))]);
    const split = graph.reshapeTo(y, [0, 0, heads, size], [x.shape[0], x.shape[1], heads, size]);
    return graph.transpose(split, [0, 2, 1, 3]);
  });
}

/** [N, heads, T, size] -> [N, T, outputs], by a kernel [heads, size, outputs]. */
function joined(layer: LayerContext, x: Value): Value {
  const { graph, config } = layer;
  const kernel: Constant = layer.weight('attention_output/kernel');
  const [heads, size, ...rest] = kernel.shape;
  if (rest.length !== 1) throw layer.unsupported('an output_shape of several axes', 'Give output_shape one size.');
  return graph.within('attention_output', () => {
    const turned = graph.transpose(x, [0, 2, 1, 3]);
    const flat = graph.reshapeTo(turned, [0, 0, heads * size], [turned.shape[0], turned.shape[1], heads * size]);
    const y = graph.node('MatMul', [flat, graph.constant('kernel', reshaped(kernel, [heads * size, rest[0]]))]);
    if (!config.boolean('useBias', true)) return y;
    return graph.node('Add', [y, graph.constant('bias', layer.weight('attention_output/bias'))]);
  });
}

const attentionArguments = [
  'query',
  'value',
  'key',
  'queryMask',
  'valueMask',
  'keyMask',
  'attentionMask',
  'useCausalMask',
  'returnAttentionScores',
];

/** Query, value and key heads with their own projections; `repeats` query heads share one key and value. */
function multiHead(isGrouped: boolean): LayerConverter {
  return {
    masking: 'pass',
    callArguments: attentionArguments,
    convert: (layer) => {
      const { graph, config } = layer;
      const { positional, named } = layer.arguments;
      const argument = (name: string, at: number): Value | undefined => tensorOf(named.get(name) ?? positional[at]);
      const query = argument('query', 0);
      const value = argument('value', 1);
      if (query === undefined || value === undefined)
        throw layer.unsupported('a call without a query and a value', 'Call the layer with query and value.');
      const key = argument('key', 2) ?? value;
      for (const x of [query, value, key]) inputOfRank({ ...layer, input: x }, 3);
      const axes = config.value('attentionAxes');
      if (Array.isArray(axes) && (axes.length !== 1 || (axes[0] !== 1 && axes[0] !== -2)))
        throw layer.unsupported(`attention_axes ${JSON.stringify(axes)}`, 'Attend over axis 1.');
      for (const option of ['slidingWindow', 'useGate'])
        if (config.has(option) && config.value(option) !== false)
          throw layer.unsupported(option, 'Leave the option out.');
      let [k, v] = [projected(layer, key, 'key'), projected(layer, value, 'value')];
      const q = projected(layer, query, 'query');
      if (isGrouped) [k, v] = [repeated(layer, k, q), repeated(layer, v, q)];
      const size = q.shape[3];
      const scaled = graph.node('Mul', [q, graph.scalar(1 / Math.sqrt(Number(size)), 'scale')]);
      const scores = graph.node('MatMul', [scaled, graph.transpose(k, [0, 1, 3, 2])]);
      const weights = weightsOf(layer, scores, scoreMask(layer, scores));
      const result = joined(layer, graph.node('MatMul', [weights, v]));
      return isOn(layer, 'returnAttentionScores') ? [result, weights] : result;
    },
    documentation: {
      operators: 'MatMul, Add, Reshape, Transpose, Mul, Softmax',
      options: 'all sizes, use_bias, value, key, masks, attention_mask, use_causal_mask, return_attention_scores',
      refused: 'Several attention_axes, sliding windows, gates, inputs of other ranks than 3.',
    },
  };
}

/** The masks of query, value and key, the causal one and the call's own, over scores [N, heads, Tq, Tv]. */
function scoreMask(layer: LayerContext, scores: Value): Value | undefined {
  const { graph } = layer;
  const { named } = layer.arguments;
  // Masks that the tensors carry count as those that the call names.
  const over = (name: string, place: number, axes: readonly number[]): Value | undefined => {
    const mask = tensorOf(named.get(name)) ?? layer.masks[place];
    return mask && graph.unsqueeze(graph.cast(mask, 'bool'), axes);
  };
  const own = tensorOf(named.get('attentionMask'));
  const ownMask = own && graph.cast(own, 'bool');
  return both(layer, [
    over('queryMask', 0, [1, 3]),
    over('valueMask', 1, [1, 2]),
    over('keyMask', 2, [1, 2]),
    ownMask && ownMask.shape.length === 3 ? graph.unsqueeze(ownMask, [1]) : ownMask,
    isOn(layer, 'useCausalMask') ? causalMask(layer, scores) : undefined,
  ]);
}

/** Each key head as often as there are query heads for it: [N, G, T, S] -> [N, H, T, S]. */
function repeated(layer: LayerContext, x: Value, query: Value): Value {
  const [heads, groups] = [Number(query.shape[1]), Number(x.shape[1])];
  if (heads === groups) return x;
  const order = Array.from({ length: heads }, (_, i) => Math.floor((i * groups) / heads));
  return layer.graph.node('Gather', [x, layer.graph.integers(order, 'heads')], { axis: 1 });
}

export const attentions: Readonly<Record<string, LayerConverter>> = {
  Attention: attention(false),
  AdditiveAttention: attention(true),
  MultiHeadAttention: multiHead(false),
  GroupQueryAttention: multiHead(true),
  GroupedQueryAttention: multiHead(true),
};
