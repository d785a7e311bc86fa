// Elements read from, and written to, positions that a tensor names.
import type { Value } from '../../graph/graph.ts';
import type { Dimension } from '../../graph/type.ts';
import { axisFrom, type NodeContext, type Operation } from '../operation.ts';

const gather: Operation = {
  convert: (node) => {
    const { graph } = node;
    const x = node.input(0);
    const indices = graph.cast(node.input(1), 'int32');
    const axis = node.has(2) ? axisFrom(node, node.integer(2, 'an axis'), x.shape.length) : 0;
    const batch = node.number('batch_dims', 0);
    const batches = batch < 0 ? batch + indices.shape.length : batch;
    if (batches === 0) return graph.node('Gather', [x, indices], { axis });
    if (axis !== batches) throw node.unsupported(`batch_dims ${batches} and axis ${axis}`);
    return graph.node('GatherND', [x, node.int64(graph.unsqueeze(indices, [indices.shape.length]))], {
      batch_dims: batches,
    });
  },
  documentation: { operators: 'Gather; GatherND with batch_dims' },
};

const gatherNd: Operation = {
  convert: (node) => {
    const indices = node.input(1);
    if (typeof indices.shape.at(-1) !== 'number') throw node.unsupported('indices of unknown length');
    return node.graph.node('GatherND', [node.input(0), node.int64(indices)]);
  },
  documentation: { operators: 'GatherND' },
};

/** A tensor of one value, of a shape that an input gives. */
function filled(node: NodeContext, shapeIndex: number, value: Value): Value {
  return node.graph.node('Expand', [value, node.int64(node.input(shapeIndex))]);
}

function zeroOf(node: NodeContext, type: Value['type']): Value {
  return node.graph.cast(node.graph.scalar(0, 'zero'), type);
}

const scatterNd: Operation = {
  convert: (node) => {
    const [indices, updates] = [node.input(0), node.input(1)];
    const base = filled(node, 2, zeroOf(node, updates.type));
    // Positions that come twice are summed.
    const reduction = node.graph.opset >= 16 ? 'add' : undefined;
    return node.graph.node('ScatterND', [base, node.int64(indices), updates], { reduction });
  },
  documentation: { operators: 'Expand, ScatterND' },
};

const tensorScatterUpdate: Operation = {
  convert: (node) => node.graph.node('ScatterND', [node.input(0), node.int64(node.input(1)), node.input(2)]),
  documentation: { operators: 'ScatterND' },
};

const sparseToDense: Operation = {
  convert: (node) => {
    const { graph } = node;
    const values = node.input(2);
    const filler = node.has(3) ? graph.cast(node.input(3), values.type) : zeroOf(node, values.type);
    const base = filled(node, 1, filler);
    const given = node.int64(node.input(0));
    // A list of positions on one axis; a single one is a number.
    const rank = given.shape.length;
    const indices = rank === 0 ? graph.unsqueeze(given, [0, 1]) : rank === 1 ? graph.unsqueeze(given, [1]) : given;
    const count = indices.shape[0];
    const updates = values.shape.length > 0 ? values : graph.node('Expand', [values, firstSize(node, indices, count)]);
    return graph.node('ScatterND', [base, indices, updates]);
  },
  documentation: { operators: 'Expand, ScatterND' },
};

function firstSize(node: NodeContext, x: Value, size: Dimension): Value {
  return typeof size === 'number' ? node.graph.integers([size]) : node.graph.sizeOf(x, 0);
}

export const gathers = {
  Gather: gather,
  GatherV2: gather,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
  TensorScatterUpdate: tensorScatterUpdate,
  SparseToDense: sparseToDense,
} as const satisfies Record<string, Operation>;
