// Operations that move values without changing them, reductions, and their gradients.

import { elementCount } from '../../shape.ts';
import type { Graph, GraphTensor } from '../graph.ts';
import { binary, multiply, unary } from './elementwise.ts';

const T = { type: 'float32' } as const;
const INDEX = { type: 'int32' } as const;

function reshapeNode(graph: Graph, x: GraphTensor, shape: readonly number[]): GraphTensor {
  return graph.add('Reshape', [x, graph.constant(shape, 'int32')], { T, Tshape: INDEX }, [
    { type: 'float32', shape },
  ])[0];
}

export function reshape(graph: Graph, x: GraphTensor, shape: readonly number[]): GraphTensor {
  if (elementCount(x.shape) !== elementCount(shape))
    throw new Error(`graph: cannot reshape [${x.shape}] to [${shape}]`);
  return graph.record([x], reshapeNode(graph, x, shape), (gradient) => [reshapeNode(graph, gradient, x.shape)]);
}

function transposeNode(graph: Graph, x: GraphTensor, axes: readonly number[]): GraphTensor {
  const shape = axes.map((axis) => x.shape[axis]);
  return graph.add('Transpose', [x, graph.constant(axes, 'int32')], { T, Tperm: INDEX }, [
    { type: 'float32', shape },
  ])[0];
}

export function transpose(graph: Graph, x: GraphTensor, axes: readonly number[]): GraphTensor {
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  return graph.record([x], transposeNode(graph, x, axes), (gradient) => [transposeNode(graph, gradient, inverse)]);
}

export function concatenate(graph: Graph, tensors: readonly GraphTensor[], axis: number): GraphTensor {
  if (tensors.length === 1) return tensors[0];
  const at = axis < 0 ? axis + tensors[0].shape.length : axis;
  const shape = tensors[0].shape.map((side, i) =>
    i === at ? tensors.reduce((sum, tensor) => sum + tensor.shape[at], 0) : side,
  );
  const attributes = { N: { int: tensors.length }, T, Tidx: INDEX };
  const inputs = [...tensors, graph.constant(at, 'int32')];
  const [joined] = graph.add('ConcatV2', inputs, attributes, [{ type: 'float32', shape }]);
  return graph.record(tensors, joined, (gradient, isWanted) => {
    let begin = 0;
    return tensors.map((tensor, index) => {
      const from = begin;
      begin += tensor.shape[at];
      return isWanted(index) ? sliceNode(graph, gradient, at, from, tensor.shape[at]) : undefined;
    });
  });
}

function sliceNode(graph: Graph, x: GraphTensor, axis: number, begin: number, size: number): GraphTensor {
  const shape = x.shape.map((side, i) => (i === axis ? size : side));
  const begins = graph.constant(
    x.shape.map((_, i) => (i === axis ? begin : 0)),
    'int32',
  );
  return graph.add('Slice', [x, begins, graph.constant(shape, 'int32')], { T, Index: INDEX }, [
    { type: 'float32', shape },
  ])[0];
}

/** x[begin : begin + size] along `axis`. */
export function slice(graph: Graph, x: GraphTensor, axis: number, begin: number, size: number): GraphTensor {
  return graph.record([x], sliceNode(graph, x, axis, begin, size), (gradient) => {
    const paddings = x.shape.flatMap((side, i) => (i === axis ? [begin, side - begin - size] : [0, 0]));
    const data = Int32Array.from(paddings);
    const attributes = {
      dtype: INDEX,
      value: { tensor: { type: 'int32' as const, shape: [x.shape.length, 2], data } },
    };
    const [table] = graph.add('Const', [], attributes, [{ type: 'int32', shape: [x.shape.length, 2] }]);
    return graph.add('Pad', [gradient, table], { T, Tpaddings: INDEX }, [{ type: 'float32', shape: x.shape }]);
  });
}

/** x[:, ::s, ::t, :] of images [B, H, W, C]. */
export function everyNthPixel(graph: Graph, x: GraphTensor, strides: readonly [number, number]): GraphTensor {
  const zeros = graph.constant([0, 0, 0, 0], 'int32');
  const steps = graph.constant([1, strides[0], strides[1], 1], 'int32');
  const everything = { int: 0b1111 };
  const attributes = {
    T,
    Index: INDEX,
    begin_mask: everything,
    end_mask: everything,
    ellipsis_mask: { int: 0 },
    new_axis_mask: { int: 0 },
    shrink_axis_mask: { int: 0 },
  };
  const [batch, height, width, channels] = x.shape;
  const shape = [batch, Math.ceil(height / strides[0]), Math.ceil(width / strides[1]), channels];
  const [y] = graph.add('StridedSlice', [x, zeros, zeros, steps], attributes, [{ type: 'float32', shape }]);
  return graph.record([x], y, (gradient) =>
    graph.add('StridedSliceGrad', [graph.constant(x.shape, 'int32'), zeros, zeros, steps, gradient], attributes, [
      { type: 'float32', shape: x.shape },
    ]),
  );
}

function reduce(graph: Graph, operation: 'Sum' | 'Mean', x: GraphTensor, axes: readonly number[]): GraphTensor {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const attributes = { T, Tidx: INDEX, keep_dims: { bool: false } };
  return graph.add(operation, [x, graph.constant(axes, 'int32')], attributes, [{ type: 'float32', shape }])[0];
}

function broadcastBack(graph: Graph, gradient: GraphTensor, x: GraphTensor, axes: readonly number[]): GraphTensor {
  const kept = reshapeNode(
    graph,
    gradient,
    x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side)),
  );
  const attributes = { T, Tidx: INDEX };
  return graph.add('BroadcastTo', [kept, graph.constant(x.shape, 'int32')], attributes, [
    { type: 'float32', shape: x.shape },
  ])[0];
}

const allAxes = (x: GraphTensor): number[] => x.shape.map((_, axis) => axis);

export function sum(graph: Graph, x: GraphTensor, axes: readonly number[] = allAxes(x)): GraphTensor {
  return graph.record([x], reduce(graph, 'Sum', x, axes), (gradient) => [broadcastBack(graph, gradient, x, axes)]);
}

export function mean(graph: Graph, x: GraphTensor, axes: readonly number[] = allAxes(x)): GraphTensor {
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  return graph.record([x], reduce(graph, 'Mean', x, axes), (gradient) => [
    broadcastBack(graph, binary(graph, 'Mul', gradient, graph.quotient(1, count)), x, axes),
  ]);
}

/** uint8 or int32 to float32, times `factor`. No gradient: pixels are not trained. */
export function castToFloat(graph: Graph, x: GraphTensor, factor = 1): GraphTensor {
  const attributes = { SrcT: { type: x.type }, DstT: T, Truncate: { bool: false } };
  const [floats] =
    x.type === 'float32' ? [x] : graph.add('Cast', [x], attributes, [{ type: 'float32', shape: x.shape }]);
  return factor === 1 ? floats : binary(graph, 'Mul', floats, graph.constant(factor));
}

/** Mean over all elements of the squared difference from the mean over axis 0, as a number to watch: no gradient. */
export function spread(graph: Graph, x: GraphTensor): GraphTensor {
  const centre = reduce(graph, 'Mean', x, [0]);
  const deviation = binary(graph, 'Sub', x, reshapeNode(graph, centre, [1, ...centre.shape]));
  const variance = reduce(graph, 'Mean', unary(graph, 'Square', deviation), [0]);
  return reduce(graph, 'Mean', unary(graph, 'Sqrt', variance), allAxes(variance));
}

/** Softmax over the last axis. */
export function softmax(graph: Graph, x: GraphTensor): GraphTensor {
  const y = unary(graph, 'Softmax', x);
  return graph.record([x], y, (gradient) => {
    const weighted = binary(graph, 'Mul', gradient, y);
    const axis = x.shape.length - 1;
    const total = reduce(graph, 'Sum', weighted, [axis]);
    const kept = reshapeNode(graph, total, [...total.shape, 1]);
    return [binary(graph, 'Sub', weighted, binary(graph, 'Mul', y, kept))];
  });
}

/** -sum_m target_m log softmax(logits)_m of each row: [R, M], [R, M] -> [R]. No gradient for the targets. */
export function softmaxCrossEntropy(graph: Graph, logits: GraphTensor, targets: GraphTensor): GraphTensor {
  const rows = { type: 'float32' as const, shape: [logits.shape[0]] };
  const whole = { type: 'float32' as const, shape: logits.shape };
  const [losses, slopes] = graph.add('SoftmaxCrossEntropyWithLogits', [logits, targets], { T }, [rows, whole]);
  return graph.record([logits], losses, (gradient) => [
    binary(graph, 'Mul', slopes, reshapeNode(graph, gradient, [logits.shape[0], 1])),
  ]);
}

/** Sum of a[i] b[i] over all elements, as a scalar. */
export function dot(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  return sum(graph, multiply(graph, a, b));
}

/** Several scalars as one vector [n]; for fetching, no gradient. */
export function pack(graph: Graph, scalars: readonly GraphTensor[], name: string): GraphTensor {
  const attributes = { N: { int: scalars.length }, T, axis: { int: 0 } };
  return graph.add('Pack', scalars, attributes, [{ type: 'float32', shape: [scalars.length] }], { name })[0];
}
