// Tensors out of nothing but numbers and shapes, and changes of type.
import { type Constant, numbersOf } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { NodeContext, Operation } from '../operation.ts';

/** Small constants are cast when the file is written: what sizes are computed from must be known then. */
const foldLimit = 64;

function castConstant(constant: Constant, type: 'float32' | 'int32'): Constant {
  const values = numbersOf(constant);
  const data = type === 'int32' ? Int32Array.from(values, Math.trunc) : Float32Array.from(values);
  return { type, shape: constant.shape, data };
}

const cast: Operation = {
  convert: (node) => {
    const type = node.type('DstT', 'float32');
    const constant = node.constant(0);
    if (constant && type !== 'bool' && constant.data.length <= foldLimit && constant.type !== type)
      return node.graph.constant('value', castConstant(constant, type));
    return node.graph.cast(node.input(0), type);
  },
  documentation: { operators: 'Cast', notes: 'Between float32, int32 and bool, the types that TensorFlow.js has.' },
};

const fill: Operation = {
  convert: (node) => {
    const dims = node.dimensions(0);
    if (dims?.length === 0) return node.input(1);
    return node.graph.node('Expand', [node.input(1), node.int64(node.input(0))]);
  },
  documentation: { operators: 'Expand' },
};

function like(number: number): Operation {
  return {
    convert: (node) => {
      const { graph } = node;
      const x = node.input(0);
      const value = graph.cast(graph.scalar(number), x.type);
      return x.shape.length === 0
        ? graph.node('Identity', [value])
        : graph.node('Expand', [value, graph.node('Shape', [x])]);
    },
    documentation: { operators: 'Shape, Expand' },
  };
}

const range: Operation = {
  convert: (node) => {
    const { graph } = node;
    const known = [0, 1, 2].map((index) => node.constant(index));
    const [start, limit, step] = known.map((constant) => constant && Number(constant.data[0]));
    if (start !== undefined && limit !== undefined && step !== undefined && step !== 0) {
      const count = Math.max(0, Math.ceil((limit - start) / step));
      const isInteger = known[0]?.type === 'int32';
      const values = Array.from({ length: count }, (_, i) => start + i * step);
      return graph.constant('range', {
        type: isInteger ? 'int32' : 'float32',
        shape: [count],
        data: isInteger ? Int32Array.from(values) : Float32Array.from(values),
      });
    }
    return graph.node('Range', node.inputs(0, 3));
  },
  documentation: { operators: 'Range; none where the limits are known' },
};

const linSpace: Operation = {
  convert: (node) => {
    const [start, stop] = [node.constant(0), node.constant(1)].map((constant) => constant && Number(constant.data[0]));
    const count = node.integer(2, 'a number of points');
    if (start === undefined || stop === undefined) throw node.unsupported('ends computed in the graph');
    const step = count > 1 ? (stop - start) / (count - 1) : 0;
    const data = Float32Array.from({ length: count }, (_, i) => start + i * step);
    return node.graph.constant('points', { type: 'float32', shape: [count], data });
  },
  documentation: { operators: 'none: the points are written into the file' },
};

const oneHot: Operation = {
  convert: (node) => {
    const { graph } = node;
    const depth = node.integer(1, 'a depth');
    const type = node.type('T', node.input(2).type === 'int32' ? 'int32' : 'float32');
    const [on, off] = [node.input(2), node.input(3)].map((value) => graph.cast(value, 'float32'));
    const values = graph.concat(
      [off, on].map((value) => graph.reshapeTo(value, [1], [1])),
      0,
    );
    // ONNX counts negative numbers from the end; TensorFlow gives no hot element for them.
    const indices = node.int64(node.input(0));
    const inside = graph.node('Where', [
      graph.node('Less', [indices, graph.integer(0)]),
      graph.integer(depth),
      indices,
    ]);
    const result = graph.node('OneHot', [inside, graph.integer(depth, 'depth'), values], {
      axis: node.number('axis', -1),
    });
    return graph.cast(result, type);
  },
  documentation: { operators: 'OneHot' },
};

const same = (what: string): Operation => ({
  convert: (node: NodeContext): Value => node.input(0),
  documentation: { operators: 'none', notes: what },
});

const identityN: Operation = { convert: (node) => node.inputs(), documentation: { operators: 'none' } };

export const creation = {
  Cast: cast,
  Fill: fill,
  ZerosLike: like(0),
  OnesLike: like(1),
  Range: range,
  LinSpace: linSpace,
  OneHot: oneHot,
  Identity: same('The tensor itself.'),
  IdentityN: identityN,
  Snapshot: same('The tensor itself.'),
  StopGradient: same('The tensor itself.'),
  EnsureShape: same('The tensor itself: the shape is not checked.'),
  Print: same('The tensor itself: nothing is printed.'),
  FakeQuantWithMinMaxVars: same('The tensor itself, as in TensorFlow.js: nothing is rounded.'),
} as const satisfies Record<string, Operation>;
