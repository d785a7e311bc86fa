// Padding, cropping and upsampling of images.
import { floats } from '../graph/constant.ts';
import type { Value } from '../graph/graph.ts';
import { inputOfRank, type LayerContext, type LayerConverter } from './converter.ts';
import { dataFormatOf, toChannelsFirst, toChannelsLast } from './window.ts';

type Pairs = readonly [readonly [number, number], readonly [number, number]];

/** One number, one a side [h, w], or [[top, bottom], [left, right]]. */
function pairsOf(layer: LayerContext, key: string, fallback: number): Pairs {
  const given = layer.config.value(key) ?? fallback;
  const pair = (value: unknown): readonly [number, number] => {
    const list = Array.isArray(value) ? value : [value, value];
    if (list.length !== 2 || !list.every((item) => Number.isInteger(item) && item >= 0))
      throw layer.config.fail(key, 'sizes of at least 0');
    return [list[0], list[1]];
  };
  if (typeof given === 'number') return [pair(given), pair(given)];
  if (!Array.isArray(given) || given.length !== 2) throw layer.config.fail(key, 'a number or two');
  return [pair(given[0]), pair(given[1])];
}

const zeroPadding2D: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const [height, width] = pairsOf(layer, 'padding', 1);
    const none = [0, 0] as const;
    const input = inputOfRank(layer, 4);
    return layer.graph.pad(
      input,
      dataFormatOf(layer) === 'channelsFirst' ? [none, none, height, width] : [none, height, width, none],
    );
  },
  documentation: {
    operators: 'Pad; nothing where it goes into the convolution behind it',
    options: 'padding, dataFormat',
  },
};

const cropping2D: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const [height, width] = pairsOf(layer, 'cropping', 0);
    const first = dataFormatOf(layer) === 'channelsFirst' ? 2 : 1;
    const crop = (x: Value, axis: number, [before, after]: readonly [number, number]): Value =>
      before === 0 && after === 0 ? x : layer.graph.slice(x, axis, before, after === 0 ? undefined : -after);
    return crop(crop(inputOfRank(layer, 4), first, height), first + 1, width);
  },
  documentation: { operators: 'Slice', options: 'cropping, dataFormat' },
};

const upSampling2D: LayerConverter = {
  masking: 'drop',
  convert: (layer) => {
    const { graph, config } = layer;
    const input = inputOfRank(layer, 4);
    const isFirst = dataFormatOf(layer) === 'channelsFirst';
    const [height, width] = config.tuple('size', 2, 2);
    const mode = config.choice('interpolation', ['nearest', 'bilinear'], 'nearest');
    if (mode === 'bilinear')
      layer.warn('bilinear: corners are placed as in TensorFlow.js (asymmetric); Keras centres pixels');
    const x = isFirst ? input : toChannelsFirst(layer, input);
    const scales = graph.constant('scales', floats([4], [1, 1, height, width]));
    const attributes = {
      mode: mode === 'nearest' ? 'nearest' : 'linear',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: mode === 'nearest' ? 'floor' : undefined,
    };
    const y = graph.node('Resize', [x, undefined, scales], attributes);
    return isFirst ? y : toChannelsLast(layer, y);
  },
  documentation: {
    operators: 'Resize',
    options: 'size, interpolation (nearest, bilinear), dataFormat, dynamic height and width',
    notes: 'Bilinear is asymmetric as in TensorFlow.js, with a warning: Keras uses half-pixel centres.',
  },
};

export const spatial = {
  ZeroPadding2D: zeroPadding2D,
  Cropping2D: cropping2D,
  UpSampling2D: upSampling2D,
} as const satisfies Record<string, LayerConverter>;
