// The largest elements, the true ones, and boxes that do not overlap.
import { floats, integers } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { NodeContext, Operation } from '../operation.ts';
import { asNumber } from './elementwise.ts';

const topK: Operation = {
  outputs: ['values', 'indices'],
  convert: (node) => {
    const { graph } = node;
    const known = node.dimensions(1);
    const count =
      typeof known?.[0] === 'number'
        ? graph.constant('k', integers([known[0]]))
        : graph.reshapeTo(node.int64(node.input(1)), [1], [1]);
    const [values, indices] = graph.nodes('TopK', [asNumber(graph, node.input(0)), count], { axis: -1, sorted: 1 }, 2);
    return [values, graph.cast(indices, 'int32')];
  },
  documentation: { operators: 'TopK, Cast', notes: 'Always sorted; of equal elements the first comes first.' },
};

/** Positions of the true elements, [count, rank]. */
const where: Operation = {
  convert: (node) => {
    const { graph } = node;
    const positions = graph.node('NonZero', [node.input(0)]);
    return graph.cast(graph.transpose(positions, [1, 0]), 'int32');
  },
  documentation: { operators: 'NonZero, Transpose' },
};

/** A number as ONNX's operator takes it: a list of one. */
function listOfOne(node: NodeContext, index: number, type: 'int64' | 'float32', fallback: number): Value {
  const { graph } = node;
  if (!node.has(index))
    return graph.constant('value', type === 'int64' ? integers([fallback]) : floats([1], [fallback]));
  const value = type === 'int64' ? node.int64(node.input(index)) : graph.cast(node.input(index), 'float32');
  return graph.reshapeTo(value, [1], [1]);
}

/** The numbers of the boxes that are kept, best first. */
function keptBoxes(node: NodeContext): Value {
  const { graph } = node;
  const boxes = graph.unsqueeze(node.input(0), [0]);
  const scores = graph.unsqueeze(node.input(1), [0, 1]);
  const threshold = node.has(4) && node.node.operation !== 'NonMaxSuppressionV2' ? 4 : Number.MAX_SAFE_INTEGER;
  const chosen = graph.node('NonMaxSuppression', [
    boxes,
    scores,
    listOfOne(node, 2, 'int64', 0),
    listOfOne(node, 3, 'float32', 0.5),
    listOfOne(node, threshold, 'float32', -3e38),
  ]);
  // [count, 3]: batch, class, box.
  return graph.squeeze(graph.slice(chosen, 1, 2, 3), [1]);
}

const nonMaxSuppression: Operation = {
  convert: (node) => node.graph.cast(keptBoxes(node), 'int32'),
  documentation: { operators: 'NonMaxSuppression' },
};

const paddedSuppression: Operation = {
  outputs: ['selected_indices', 'valid_outputs'],
  convert: (node) => {
    const { graph } = node;
    const kept = keptBoxes(node);
    const count = graph.node('Shape', [kept]);
    const whole = listOfOne(node, 2, 'int64', 0);
    const result = node.flag('pad_to_max_output_size')
      ? graph.node('Pad', [kept, graph.concat([graph.integers([0]), graph.node('Sub', [whole, count])], 0)], {
          mode: 'constant',
        })
      : kept;
    return [graph.cast(result, 'int32'), graph.cast(graph.squeeze(count, [0]), 'int32')];
  },
  documentation: { operators: 'NonMaxSuppression, Pad' },
};

/** With scores; they are lowered for overlaps only where sigma is above 0. */
const scoredSuppression: Operation = {
  outputs: ['selected_indices', 'selected_scores', 'valid_outputs'],
  convert: (node) => {
    const { graph } = node;
    const sigma = node.has(5) ? node.constant(5) : undefined;
    if (node.has(5) && (sigma === undefined || Number(sigma.data[0]) > 0))
      throw node.unsupported('a soft sigma above 0', 'Convert the model with hard suppression.');
    const kept = keptBoxes(node);
    return [
      graph.cast(kept, 'int32'),
      graph.node('Gather', [node.input(1), kept], { axis: 0 }),
      graph.cast(graph.squeeze(graph.node('Shape', [kept]), [0]), 'int32'),
    ];
  },
  documentation: { operators: 'NonMaxSuppression, Gather', notes: 'soft_nms_sigma above 0 is refused.' },
};

export const selection = {
  TopKV2: topK,
  Where: where,
  NonMaxSuppressionV2: nonMaxSuppression,
  NonMaxSuppressionV3: nonMaxSuppression,
  NonMaxSuppressionV4: paddedSuppression,
  NonMaxSuppressionV5: scoredSuppression,
} as const satisfies Record<string, Operation>;
