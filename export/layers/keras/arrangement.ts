// Functions of keras.ops that move elements, and join and cut tensors.
import type { Value } from '../../graph/graph.ts';
import type { Argument, LayerContext, LayerConverter } from '../converter.ts';
import { axesOf, axisOf, isFloat, listOf, operandOf, operandsOf, operation, tensorFrom } from './operands.ts';

/** The new shape names every axis, the batch too; an open size is what is left over. */
function reshapedTo(layer: LayerContext, x: Value, target: readonly unknown[]): Value {
  const sizes = target.map((size) => (typeof size === 'number' ? size : -1));
  if (sizes.filter((size) => size === -1).length > 1)
    throw layer.unsupported(`a new shape with several open sizes (${JSON.stringify(target)})`, 'Leave one size open.');
  return layer.graph.node('Reshape', [x, layer.graph.integers(sizes, 'shape')]);
}

const reshape = operation('Reshape', (layer) => reshapedTo(layer, operandOf(layer), layer.config.list('newshape')), {
  options: 'newshape with one open size',
});

const ravel = operation('Reshape', (layer) => reshapedTo(layer, operandOf(layer), [-1]));

const transpose = operation(
  'Transpose',
  (layer) => {
    const x = operandOf(layer);
    const rank = x.shape.length;
    const given = layer.config.value('axes');
    const axes = Array.isArray(given) ? given.map((axis) => axisOf(layer, axis, rank)) : [...x.shape.keys()].reverse();
    return layer.graph.transpose(x, axes);
  },
  { options: 'axes' },
);

const swapAxes = operation('Transpose', (layer) => {
  const x = operandOf(layer);
  const order = [...x.shape.keys()];
  const [a, b] = ['axis1', 'axis2'].map((key) => axisOf(layer, layer.config.value(key), order.length));
  [order[a], order[b]] = [order[b], order[a]];
  return layer.graph.transpose(x, order);
});

const moveAxis = operation('Transpose', (layer) => {
  const x = operandOf(layer);
  const rank = x.shape.length;
  const list = (key: string): number[] => {
    const value = layer.config.value(key);
    return (Array.isArray(value) ? value : [value]).map((axis) => axisOf(layer, axis, rank));
  };
  const [source, destination] = [list('source'), list('destination')];
  const order = [...x.shape.keys()].filter((axis) => !source.includes(axis));
  const moves = destination.map((to, i) => [to, source[i]] as const).sort((a, b) => a[0] - b[0]);
  for (const [to, from] of moves) order.splice(to, 0, from);
  return layer.graph.transpose(x, order);
});

const expandDims = operation('Unsqueeze', (layer) => {
  const x = operandOf(layer);
  const given = layer.config.value('axis');
  const list = Array.isArray(given) ? given : [given];
  const rank = x.shape.length + list.length;
  return layer.graph.unsqueeze(
    x,
    list.map((axis) => axisOf(layer, axis, rank)),
  );
});

const squeeze = operation('Squeeze', (layer) => {
  const x = operandOf(layer);
  const all = [...x.shape.keys()].filter((axis) => x.shape[axis] === 1);
  return layer.graph.squeeze(x, layer.config.has('axis') ? axesOf(layer, x.shape.length) : all);
});

export function asOneType(layer: LayerContext, values: readonly Value[]): Value[] {
  const type = values.find(isFloat)?.type ?? values[0].type;
  return values.map((value) => layer.graph.cast(value, type));
}

const concatenate = operation(
  'Concat',
  (layer) => {
    const values = asOneType(layer, listOf(layer, 'xs'));
    return layer.graph.concat(values, axisOf(layer, layer.config.value('axis') ?? 0, values[0].shape.length));
  },
  { options: 'axis' },
);

const stack = operation(
  'Unsqueeze, Concat',
  (layer) => {
    const values = asOneType(layer, listOf(layer, 'x'));
    const axis = axisOf(layer, layer.config.value('axis') ?? 0, values[0].shape.length + 1);
    return layer.graph.concat(
      values.map((value) => layer.graph.unsqueeze(value, [axis])),
      axis,
    );
  },
  { options: 'axis' },
);

const split = operation(
  'Split',
  (layer) => {
    const x = operandOf(layer);
    const axis = axisOf(layer, layer.config.value('axis') ?? 0, x.shape.length);
    const size = x.shape[axis];
    if (typeof size !== 'number') throw layer.unsupported('a split of an open axis', 'Give the axis a fixed size.');
    const given = layer.config.value('indicesOrSections');
    if (typeof given === 'number') return layer.graph.split(x, axis, new Array<number>(given).fill(size / given));
    const ends = [...layer.config.integers('indicesOrSections'), size];
    return layer.graph.split(
      x,
      axis,
      ends.map((end, i) => end - (ends[i - 1] ?? 0)),
    );
  },
  { options: 'indices_or_sections, axis' },
);

const pad = operation(
  'Pad',
  (layer) => {
    const operands = operandsOf(layer, ['x', 'constantValues']);
    const x = tensorFrom(layer, 'x', operands.get('x'));
    const mode = layer.config.text('mode', 'constant');
    const filler = operands.get('constantValues');
    const value = filler?.kind === 'plain' && typeof filler.value === 'number' ? filler.value : 0;
    if (mode !== 'constant' || filler?.kind === 'tensor')
      throw layer.unsupported(`padding by ${mode}`, 'Pad with a number.');
    const given = layer.config.value('padWidth');
    const pairs = typeof given === 'number' ? x.shape.map(() => [given, given]) : layer.config.list('padWidth');
    const pads = x.shape.map((_, axis): readonly [number, number] => {
      const pair = pairs[pairs.length === 1 ? 0 : axis];
      if (!Array.isArray(pair) || !pair.every((size) => Number.isInteger(size)))
        throw layer.config.fail('padWidth', 'pairs of sizes');
      return [pair[0], pair[1] ?? pair[0]];
    });
    return layer.graph.pad(x, pads, value);
  },
  { options: 'pad_width, constant_values' },
);

const repeat = operation('Unsqueeze, Expand, Reshape', (layer) => {
  const { graph, config } = layer;
  const x = operandOf(layer);
  if (!config.has('axis')) throw layer.unsupported('a repetition of all elements', 'Give an axis.');
  const axis = axisOf(layer, config.value('axis'), x.shape.length);
  const size = x.shape[axis];
  if (typeof size !== 'number')
    throw layer.unsupported('a repetition along an open axis', 'Give the axis a fixed size.');
  const times = config.integer('repeats');
  return graph.node(
    'Gather',
    [
      x,
      graph.integers(
        Array.from({ length: size * times }, (_, i) => Math.floor(i / times)),
        'rows',
      ),
    ],
    { axis },
  );
});

const tile = operation('Tile', (layer) => {
  const x = operandOf(layer);
  const repeats = layer.config.tuple(
    'repeats',
    Array.isArray(layer.config.value('repeats')) ? layer.config.list('repeats').length : 1,
  );
  const missing = x.shape.length - repeats.length;
  if (missing < 0) throw layer.unsupported('a tile of more axes than the tensor has', 'Add the axes before.');
  const whole = [...new Array<number>(missing).fill(1), ...repeats];
  return layer.graph.node('Tile', [x, layer.graph.integers(whole, 'repeats')]);
});

const flip = operation('Slice', (layer) => {
  const x = operandOf(layer);
  return axesOf(layer, x.shape.length).reduce((value, axis) => layer.graph.reverse(value, axis), x);
});

const roll = operation('Slice, Concat', (layer) => {
  const { graph, config } = layer;
  const x = operandOf(layer);
  const axis = axisOf(layer, config.value('axis'), x.shape.length);
  const size = x.shape[axis];
  if (typeof size !== 'number') throw layer.unsupported('a roll of an open axis', 'Give the axis a fixed size.');
  const shift = ((config.integer('shift') % size) + size) % size;
  if (shift === 0) return x;
  return graph.concat([graph.slice(x, axis, size - shift), graph.slice(x, axis, 0, size - shift)], axis);
});

const broadcastTo = operation('Expand', (layer) => {
  const sizes = layer.config.list('shape').map((size) => (typeof size === 'number' && size > 0 ? size : 1));
  return layer.graph.node('Expand', [operandOf(layer), layer.graph.integers(sizes, 'shape')]);
});

const take = operation(
  'Gather',
  (layer) => {
    const { graph } = layer;
    const operands = operandsOf(layer, ['x', 'indices']);
    const x = tensorFrom(layer, 'x', operands.get('x'));
    const indices = graph.cast(tensorFrom(layer, 'indices', operands.get('indices'), 'int64'), 'int64');
    if (!layer.config.has('axis')) throw layer.unsupported('a choice among all elements', 'Give an axis.');
    return graph.node('Gather', [x, indices], { axis: axisOf(layer, layer.config.value('axis'), x.shape.length) });
  },
  { options: 'axis' },
);

/** x[key] with whole numbers, slices, new axes and an ellipsis. */
const getItem = operation('Slice, Squeeze, Unsqueeze', (layer) => {
  const { graph } = layer;
  const operands = operandsOf(layer, ['x', 'key']);
  let x = tensorFrom(layer, 'x', operands.get('x'));
  const key = operands.get('key');
  const items: Argument[] = key?.kind === 'list' ? [...key.items] : key ? [key] : [];
  const plain = items.map((item): unknown => {
    if (item.kind !== 'plain') throw layer.unsupported('an index that is a tensor or a list', 'Use keras.ops.take.');
    return item.value;
  });
  const isEllipsis = (value: unknown): boolean => hasKey(value, 'ellipsis');
  const used = plain.filter((value) => value !== null && !isEllipsis(value)).length;
  const skipped = x.shape.length - used;
  const removed: number[] = [];
  const added: number[] = [];
  let [axis, result] = [0, 0];
  for (const value of plain) {
    if (isEllipsis(value)) [axis, result] = [axis + skipped, result + skipped];
    else if (value === null) added.push(result++);
    else if (typeof value === 'number') {
      x = graph.slice(x, axis, value, value === -1 ? undefined : value + 1);
      removed.push(axis++);
    } else if (hasKey(value, 'slice')) {
      x = sliced(layer, x, axis++, value.slice);
      result++;
    } else throw layer.unsupported(`an index ${JSON.stringify(value)}`, 'Use whole numbers and slices.');
  }
  if (removed.length > 0) x = graph.squeeze(x, removed);
  return added.length > 0 ? graph.unsqueeze(x, added) : x;
});

function hasKey<Key extends string>(value: unknown, key: Key): value is Readonly<Record<Key, unknown>> {
  return typeof value === 'object' && value !== null && key in value;
}

function sliced(layer: LayerContext, x: Value, axis: number, bounds: unknown): Value {
  const part = (key: string): number | undefined => {
    const value = hasKey(bounds, key) ? bounds[key] : undefined;
    if (value === null || value === undefined) return undefined;
    if (typeof value !== 'number')
      throw layer.unsupported(`a slice with ${key} = ${JSON.stringify(value)}`, 'Use whole numbers.');
    return value;
  };
  const [start, stop, step = 1] = [part('start'), part('stop'), part('step')];
  if (start === undefined && stop === undefined && step === 1) return x;
  const { graph } = layer;
  const end = 2 ** 31 - 1;
  const [from, to] = step > 0 ? [start ?? 0, stop ?? end] : [start ?? end, stop ?? -end];
  return graph.node('Slice', [x, ...[from, to, axis, step].map((value) => graph.integers([value]))]);
}

const oneHot = operation(
  'OneHot',
  (layer) => {
    const { graph, config } = layer;
    const indices = graph.cast(operandOf(layer), 'int64');
    const values = graph.constant('values', { type: 'float32', shape: [2], data: Float32Array.from([0, 1]) });
    return graph.node('OneHot', [indices, graph.integers([config.integer('numClasses')], 'depth'), values], {
      axis: config.integer('axis', -1),
    });
  },
  { options: 'num_classes, axis' },
);

export const arrangement: Readonly<Record<string, LayerConverter>> = {
  'ops.Reshape': reshape,
  'ops.Ravel': ravel,
  'ops.Transpose': transpose,
  'ops.Swapaxes': swapAxes,
  'ops.Moveaxis': moveAxis,
  'ops.ExpandDims': expandDims,
  'ops.Squeeze': squeeze,
  'ops.Concatenate': concatenate,
  'ops.Stack': stack,
  'ops.Split': split,
  'ops.Pad': pad,
  'ops.Repeat': repeat,
  'ops.Tile': tile,
  'ops.Flip': flip,
  'ops.Roll': roll,
  'ops.BroadcastTo': broadcastTo,
  'ops.Take': take,
  'ops.GetItem': getItem,
  'ops.OneHot': oneHot,
};
