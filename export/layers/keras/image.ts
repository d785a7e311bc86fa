// Padding, cropping, enlarging and pooling as Keras 3 defines them, for one, two and three spatial axes.
import { floats } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import { fixedSize, inputOfRank, type LayerContext, type LayerConverter } from '../converter.ts';
import { dataFormatOf, paddingAttributes, toChannelsFirst, toChannelsLast } from '../window.ts';

type Pair = readonly [before: number, after: number];

/** One number, one an axis, or a pair an axis. */
function pairsOf(layer: LayerContext, key: string, rank: number, fallback: number): Pair[] {
  const given = layer.config.value(key) ?? fallback;
  const pair = (value: unknown): Pair => {
    const list = Array.isArray(value) ? value : [value, value];
    if (list.length !== 2 || !list.every((size) => Number.isInteger(size) && size >= 0))
      throw layer.config.fail(key, 'sizes of at least 0');
    return [list[0], list[1]];
  };
  if (rank === 1 && Array.isArray(given) && given.length === 2 && !Array.isArray(given[0])) return [pair(given)];
  const list = Array.isArray(given) ? given : new Array<unknown>(rank).fill(given);
  if (list.length !== rank) throw layer.config.fail(key, `a number or ${rank}`);
  return list.map(pair);
}

function firstSpatial(layer: LayerContext): number {
  return dataFormatOf(layer) === 'channelsFirst' ? 2 : 1;
}

function zeroPadding(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const input = inputOfRank(layer, rank + 2);
      const first = firstSpatial(layer);
      const pads = pairsOf(layer, 'padding', rank, 1);
      return layer.graph.pad(
        input,
        input.shape.map((_, axis): Pair => pads[axis - first] ?? [0, 0]),
      );
    },
    documentation: { operators: 'Pad', options: 'padding, data_format' },
  };
}

function cropping(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) =>
      pairsOf(layer, 'cropping', rank, 1).reduce(
        (x, [before, after], i) => cropped(layer, x, firstSpatial(layer) + i, before, after),
        inputOfRank(layer, rank + 2),
      ),
    documentation: { operators: 'Slice', options: 'cropping, data_format' },
  };
}

function cropped(layer: LayerContext, x: Value, axis: number, before: number, after: number): Value {
  return before === 0 && after === 0 ? x : layer.graph.slice(x, axis, before, after === 0 ? undefined : -after);
}

/** Every element `size` times along each axis; or between pixels, whose centres stay. */
function upSampling(rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const { graph, config } = layer;
      const input = inputOfRank(layer, rank + 2);
      const isFirst = dataFormatOf(layer) === 'channelsFirst';
      const sizes = config.tuple('size', rank, 2);
      const mode = config.text('interpolation', 'nearest');
      if (mode !== 'nearest' && mode !== 'bilinear') throw otherInterpolation(layer, mode);
      const x = isFirst ? input : toChannelsFirst(layer, input);
      const scales = graph.constant('scales', floats([rank + 2], [1, 1, ...sizes]));
      const y = graph.node('Resize', [x, undefined, scales], resizeMode(mode, 'asymmetric'));
      return isFirst ? y : toChannelsLast(layer, y);
    },
    documentation: {
      operators: 'Resize',
      options: 'size, interpolation (nearest, bilinear), data_format',
      refused: 'Other interpolations, on which the backends of Keras disagree.',
    },
  };
}

function otherInterpolation(layer: LayerContext, mode: string): Error {
  return layer.unsupported(
    `the interpolation ${mode}, which the backends of Keras compute differently`,
    'Use nearest or bilinear.',
  );
}

function resizeMode(mode: 'nearest' | 'bilinear', nearestPlaces: string): Record<string, string> {
  if (mode === 'bilinear') return { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
  return {
    mode: 'nearest',
    coordinate_transformation_mode: nearestPlaces,
    nearest_mode: nearestPlaces === 'asymmetric' ? 'floor' : 'round_prefer_ceil',
  };
}

/** To fixed sizes, pixel centres staying; cropped or padded to the aspect ratio before where asked. */
function resized(layer: LayerContext, image: Value, keepsRatio: 'crop' | 'pad' | 'none'): Value {
  const { graph, config } = layer;
  const sizes = [config.integer('height'), config.integer('width')];
  const mode = config.text('interpolation', 'bilinear');
  if (mode !== 'nearest' && mode !== 'bilinear') throw otherInterpolation(layer, mode);
  const isFirst = dataFormatOf(layer) === 'channelsFirst';
  const first = isFirst ? 2 : 1;
  let input = image;
  if (keepsRatio !== 'none') {
    const from = [fixedSize(layer, input, first), fixedSize(layer, input, first + 1)];
    input = inRatio(layer, input, first, from, sizes, keepsRatio);
  }
  if (
    config.boolean('antialias', false) &&
    input.shape.slice(first, first + 2).some((size, i) => Number(size) > sizes[i])
  )
    throw layer.unsupported('antialias while shrinking', 'Turn antialias off.');
  const x = isFirst ? input : toChannelsFirst(layer, input);
  const start = graph.node('Shape', [x], { start: 0, end: 2 });
  const shape = graph.node('Concat', [start, graph.integers(sizes, 'sizes')], { axis: 0 });
  const y = graph.node(
    'Resize',
    [graph.cast(x, 'float32'), undefined, undefined, shape],
    resizeMode(mode, 'half_pixel'),
  );
  return isFirst ? y : toChannelsLast(layer, y);
}

/** The largest part of the image in the ratio of the result, or the smallest image around it. */
function inRatio(
  layer: LayerContext,
  x: Value,
  first: number,
  from: readonly number[],
  to: readonly number[],
  how: 'crop' | 'pad',
): Value {
  const [height, width] = from;
  const fitting = [Math.trunc((width * to[0]) / to[1]), Math.trunc((height * to[1]) / to[0])];
  if (how === 'crop')
    return fitting.reduce((value, size, i) => {
      const kept = Math.max(Math.min(from[i], size), 1);
      const before = Math.trunc((from[i] - kept) / 2);
      return cropped(layer, value, first + i, before, from[i] - kept - before);
    }, x);
  const pads = x.shape.map((_, axis): Pair => {
    const i = axis - first;
    if (i !== 0 && i !== 1) return [0, 0];
    const whole = Math.max(from[i], fitting[i]);
    const before = Math.trunc((whole - from[i]) / 2);
    return [before, whole - from[i] - before];
  });
  if (layer.config.text('fillMode', 'constant') !== 'constant')
    throw layer.unsupported('a fill_mode other than constant', 'Use fill_mode="constant".');
  return layer.graph.pad(x, pads, layer.config.number('fillValue', 0));
}

const resizing: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { config } = layer;
    const crops = config.boolean('cropToAspectRatio', false);
    const pads = config.boolean('padToAspectRatio', false);
    return resized(layer, inputOfRank(layer, 4), crops ? 'crop' : pads ? 'pad' : 'none');
  },
  documentation: {
    operators: 'Resize (with Slice or Pad before it to keep the ratio)',
    options: 'height, width, interpolation (nearest, bilinear), crop_to_aspect_ratio, pad_to_aspect_ratio, data_format',
    refused: 'Other interpolations, on which the backends of Keras disagree; antialias while shrinking.',
  },
};

const centerCrop: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const input = inputOfRank(layer, 4);
    const first = firstSpatial(layer);
    const sizes = [layer.config.integer('height'), layer.config.integer('width')];
    const from = [fixedSize(layer, input, first), fixedSize(layer, input, first + 1)];
    if (from.some((size, i) => size < sizes[i])) return resized(layer, input, 'crop');
    return sizes.reduce((x, size, i) => {
      const before = Math.floor((from[i] - size) / 2);
      return cropped(layer, x, first + i, before, from[i] - size - before);
    }, input);
  },
  documentation: { operators: 'Slice; Resize for enlarging', options: 'height, width, data_format' },
};

function globalPool(operator: 'ReduceMean' | 'ReduceMax', rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const input = inputOfRank(layer, rank + 2);
      const first = firstSpatial(layer);
      const axes = Array.from({ length: rank }, (_, i) => first + i);
      const keeps = layer.config.boolean('keepdims', false);
      if (layer.mask && rank === 1 && operator === 'ReduceMean') return maskedMean(layer, layer.mask, first, keeps);
      return layer.graph.reduce(operator, input, axes, keeps);
    },
    documentation: {
      operators: rank === 1 && operator === 'ReduceMean' ? 'ReduceMean; Mul, ReduceSum, Div with a mask' : operator,
      options: 'data_format, keepdims',
    },
  };
}

/** The mean of the steps that count. */
function maskedMean(layer: LayerContext, mask: Value, axis: number, keeps: boolean): Value {
  const { graph, input } = layer;
  const weights = graph.unsqueeze(graph.cast(mask, input.type), [axis === 1 ? 2 : 1]);
  const sum = graph.reduce('ReduceSum', graph.node('Mul', [input, weights]), [axis], keeps);
  return graph.node('Div', [sum, graph.reduce('ReduceSum', weights, [axis], keeps)]);
}

function pool(rank: number, operator: 'MaxPool' | 'AveragePool'): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const { graph, config } = layer;
      const input = inputOfRank(layer, rank + 2);
      const isFirst = dataFormatOf(layer) === 'channelsFirst';
      const kernel = config.tuple('poolSize', rank, 2);
      const strides = config.tuple('strides', rank, kernel);
      const x = isFirst ? input : toChannelsFirst(layer, input);
      const window = { kernel, strides, dilations: kernel.map(() => 1) };
      const pads = paddingAttributes(layer, x.shape.slice(2), window);
      const y = graph.node(operator, [x], { kernel_shape: kernel, strides, ...pads });
      return isFirst ? y : toChannelsLast(layer, y);
    },
    documentation: { operators: operator, options: 'pool_size, strides, padding, data_format' },
  };
}

/** Output i takes the elements from floor(i n / m) to ceil((i + 1) n / m), axis by axis. */
function adaptivePool(operator: 'ReduceMean' | 'ReduceMax', rank: number): LayerConverter {
  return {
    masking: 'drop',
    convert: (layer) => {
      const { graph } = layer;
      const first = firstSpatial(layer);
      return layer.config.tuple('outputSize', rank).reduce(
        (x, count, i) => {
          const axis = first + i;
          const size = fixedSize(layer, x, axis);
          const parts = Array.from({ length: count }, (_, k) => {
            const part = graph.slice(x, axis, Math.floor((k * size) / count), Math.ceil(((k + 1) * size) / count));
            return graph.reduce(operator, part, [axis], true);
          });
          return graph.concat(parts, axis);
        },
        inputOfRank(layer, rank + 2),
      );
    },
    documentation: { operators: `Slice, ${operator}, Concat`, options: 'output_size, data_format' },
  };
}

const ranks = [1, 2, 3] as const;

function ofEveryRank(
  name: (rank: number) => string,
  make: (rank: number) => LayerConverter,
): [string, LayerConverter][] {
  return ranks.map((rank) => [name(rank), make(rank)]);
}

export const images: Readonly<Record<string, LayerConverter>> = Object.fromEntries([
  ...ofEveryRank((rank) => `ZeroPadding${rank}D`, zeroPadding),
  ...ofEveryRank((rank) => `Cropping${rank}D`, cropping),
  ...ofEveryRank((rank) => `UpSampling${rank}D`, upSampling),
  ...ofEveryRank(
    (rank) => `GlobalAveragePooling${rank}D`,
    (rank) => globalPool('ReduceMean', rank),
  ),
  ...ofEveryRank(
    (rank) => `GlobalMaxPooling${rank}D`,
    (rank) => globalPool('ReduceMax', rank),
  ),
  ...ofEveryRank(
    (rank) => `MaxPooling${rank}D`,
    (rank) => pool(rank, 'MaxPool'),
  ),
  ...ofEveryRank(
    (rank) => `AveragePooling${rank}D`,
    (rank) => pool(rank, 'AveragePool'),
  ),
  ...ofEveryRank(
    (rank) => `AdaptiveAveragePooling${rank}D`,
    (rank) => adaptivePool('ReduceMean', rank),
  ),
  ...ofEveryRank(
    (rank) => `AdaptiveMaxPooling${rank}D`,
    (rank) => adaptivePool('ReduceMax', rank),
  ),
  ['Resizing', resizing],
  ['CenterCrop', centerCrop],
]);
