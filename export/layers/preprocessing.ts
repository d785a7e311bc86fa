// Preprocessing layers: images to size and scale, indices to vectors.
import { floats } from '../graph/constant.ts';
import type { Value } from '../graph/graph.ts';
import { fixedSize, inputOfRank, type LayerContext, type LayerConverter } from './converter.ts';
import { toChannelsFirst, toChannelsLast } from './window.ts';

const rescaling: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config } = layer;
    const [scale, offset] = [config.number('scale'), config.number('offset', 0)];
    let x = graph.cast(layer.input, 'float32');
    if (scale !== 1) x = graph.node('Mul', [x, graph.scalar(scale, 'scale')]);
    if (offset !== 0) x = graph.node('Add', [x, graph.scalar(offset, 'offset')]);
    return x;
  },
  documentation: {
    operators: 'Mul, Add (and Cast of integers); nothing where they go into the next layer',
    options: 'scale, offset',
  },
};

/** [N, H, W, C] resized to fixed sizes. */
function resize(layer: LayerContext, mode: 'bilinear' | 'nearest', alignsCorners: boolean): Value {
  const { graph, config } = layer;
  const sizes = [config.integer('height'), config.integer('width')];
  const x = toChannelsFirst(layer, inputOfRank(layer, 4));
  const attributes = {
    mode: mode === 'nearest' ? 'nearest' : 'linear',
    coordinate_transformation_mode: alignsCorners ? 'align_corners' : 'asymmetric',
    nearest_mode: mode === 'nearest' ? (alignsCorners ? 'round_prefer_ceil' : 'floor') : undefined,
  };
  const shape = graph.node('Concat', [graph.node('Shape', [x], { start: 0, end: 2 }), graph.integers(sizes, 'sizes')], {
    axis: 0,
  });
  return toChannelsLast(layer, graph.node('Resize', [x, undefined, undefined, shape], attributes));
}

const resizing: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { config } = layer;
    const mode = config.choice('interpolation', ['bilinear', 'nearest'], 'bilinear');
    const crops = config.boolean('cropToAspectRatio', false);
    if (mode === 'bilinear') layer.warn('corners are aligned as TensorFlow.js does it (Keras centres pixels)');
    return resize(layer, mode, !crops);
  },
  documentation: {
    operators: 'Resize',
    options: 'height, width, interpolation (bilinear, nearest), cropToAspectRatio',
    refused: 'Other interpolations, which TensorFlow.js refuses too.',
    notes:
      'TensorFlow.js runs this layer only when it is called directly on a tensor, and takes cropToAspectRatio for "do not align corners"; exported so.',
  },
};

const centerCrop: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { config } = layer;
    const input = inputOfRank(layer, 4);
    const [height, width] = [config.integer('height'), config.integer('width')];
    const [fromHeight, fromWidth] = [fixedSize(layer, input, 1), fixedSize(layer, input, 2)];
    const top = fromHeight === height ? 0 : Math.floor((fromHeight - height) / 2);
    // A difference of one pixel makes this 1 rather than 0: TensorFlow.js does so for the width alone.
    const left = fromWidth === width ? 0 : Math.floor((fromWidth - width) / 2) || 1;
    if (top < 0 || left < 0) return resize(layer, 'bilinear', false);
    const rows = pick(layer, input, 1, samples(top, height, fromHeight));
    return pick(layer, rows, 2, samples(left, width, fromWidth));
  },
  documentation: {
    operators: 'Gather (and Mul) for cropping, Resize for enlarging',
    options: 'height, width',
    refused: 'Dynamic height and width: the pixels that are taken depend on them.',
    notes: 'TensorFlow.js takes pixels through cropAndResize, which is not quite a crop; the same pixels are taken.',
  },
};

/**
 * The source row of each output row in TensorFlow.js's cropAndResize with method nearest, in float32 as it computes;
 * undefined outside of the image, which becomes 0.
 */
function samples(start: number, size: number, from: number): (number | undefined)[] {
  const low = Math.fround(start / from);
  const high = Math.fround((size + start) / from);
  const step = size > 1 ? ((high - low) * (from - 1)) / (size - 1) : 0;
  return Array.from({ length: size }, (_, i) => {
    const at = size > 1 ? low * (from - 1) + i * step : 0.5 * (low + high) * (from - 1);
    return at < 0 || at > from - 1 ? undefined : Math.round(at);
  });
}

function pick(layer: LayerContext, x: Value, axis: number, rows: readonly (number | undefined)[]): Value {
  const { graph } = layer;
  const isAll = rows.length === x.shape[axis] && rows.every((row, i) => row === i);
  if (isAll) return x;
  const picked = graph.node(
    'Gather',
    [
      x,
      graph.integers(
        rows.map((row) => row ?? 0),
        'rows',
      ),
    ],
    { axis },
  );
  if (!rows.includes(undefined)) return picked;
  const shape = picked.shape.map((_, i) => (i === axis ? rows.length : 1));
  const kept = floats(
    shape,
    rows.map((row) => (row === undefined ? 0 : 1)),
  );
  return graph.node('Mul', [picked, graph.constant('inside', kept)]);
}

const categoryEncoding: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config, input } = layer;
    const mode = config.choice('outputMode', ['multiHot', 'oneHot', 'count', 'int', 'tfIdf'], 'multiHot');
    if (mode === 'int') return graph.cast(input, 'int32');
    if (mode === 'tfIdf')
      throw layer.unsupported('outputMode tfIdf', 'TensorFlow.js cannot run it without weights either.');
    const rank = input.shape.length;
    if (rank > 2 || (mode !== 'oneHot' && rank !== 2) || (mode === 'oneHot' && rank === 2 && input.shape[1] !== 1))
      throw layer.unsupported(
        `outputMode ${mode} on an input of shape [${input.shape.join(', ')}]`,
        'TensorFlow.js gives no such encoding.',
      );
    const whole = graph.cast(input, 'int64');
    const depth = graph.integers([config.integer('numTokens')], 'depth');
    const hot = graph.node('OneHot', [whole, depth, graph.constant('values', floats([2], [0, 1]))], { axis: -1 });
    if (rank === 1) return hot;
    return graph.reduce(mode === 'count' ? 'ReduceSum' : 'ReduceMax', hot, [1], false);
  },
  documentation: {
    operators: 'Cast, OneHot, ReduceMax or ReduceSum',
    options: 'numTokens, outputMode (multiHot, oneHot, count, int)',
    refused: 'tfIdf, and oneHot of several values: TensorFlow.js cannot run them in a model either.',
    notes:
      'A value out of range, at which TensorFlow.js throws, gives zeros. A model made in TensorFlow.js declares its input with numTokens elements, since the layer overwrites that size.',
  },
};

const randomWidth: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    throw layer.unsupported(
      'a width that is random at inference',
      'Take the layer out of the model before you export it.',
    );
  },
  documentation: { operators: 'none', refused: 'Always: TensorFlow.js draws the width at random in inference too.' },
};

export const preprocessing = {
  Rescaling: rescaling,
  Resizing: resizing,
  CenterCrop: centerCrop,
  CategoryEncoding: categoryEncoding,
  RandomWidth: randomWidth,
} as const satisfies Record<string, LayerConverter>;
