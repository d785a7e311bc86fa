// Lists of tensors: TensorList of TensorFlow 2 and TensorArray of TensorFlow 1. A list is one tensor in ONNX, its elements
// along the first axis; what TensorArray calls the flow is that tensor, and its handle nothing.
import { integers } from '../../graph/constant.ts';
import type { Value } from '../../graph/graph.ts';
import type { ValueType } from '../../graph/type.ts';
import { emptyList, learnElement, type PendingList } from '../list.ts';
import type { Flow, NodeContext, Operation } from '../operation.ts';

/** A number as a list of one. */
function listOfOne(node: NodeContext, index: number): Value {
  const known = node.dimensions(index);
  if (typeof known?.[0] === 'number') return node.graph.constant('count', integers([known[0]]));
  return node.graph.reshapeTo(node.int64(node.input(index)), [1], [1]);
}

/** What the elements are, where the node says all of it. */
function elementOf(type: PendingList['type'], sizes: readonly unknown[] | undefined): ValueType | undefined {
  const shape = sizes?.map(Number);
  return shape?.every((size) => Number.isInteger(size) && size >= 0) ? { type, shape } : undefined;
}

const reserve: Operation = {
  convert: (node) => {
    const type = node.type('element_dtype', 'float32');
    const sizes = node.constant(0)?.shape.length === 1 ? node.dimensions(0) : undefined;
    const pending = { where: node.where, count: listOfOne(node, 1), type, element: elementOf(type, sizes) };
    return { pending };
  },
  documentation: { operators: 'Expand: zeros', notes: 'Elements must have one known shape.' },
};

const emptyTensorList: Operation = {
  convert: (node) => {
    const type = node.type('element_dtype', 'float32');
    const sizes = node.constant(0)?.shape.length === 1 ? node.dimensions(0) : undefined;
    const count = node.graph.integers([0], 'count');
    return { pending: { where: node.where, count, type, element: elementOf(type, sizes) } };
  },
  documentation: { operators: 'Expand: no elements yet' },
};

const array: Operation = {
  outputs: ['handle', 'flow'],
  convert: (node) => {
    const type = node.type('dtype', 'float32');
    const element = elementOf(type, node.shape('element_shape'));
    const pending = { where: node.where, count: listOfOne(node, 0), type, element };
    return [{ pending }, { pending }];
  },
  documentation: { operators: 'Expand: zeros', notes: 'Elements must have one known shape.' },
};

/** The list with one element replaced. */
function write(node: NodeContext, list: number, index: number, item: number): Flow | Value {
  const { graph } = node;
  const { pending } = node.flow(list);
  const value = node.input(item);
  if (pending) {
    const isOpen = pending.element === undefined;
    learnElement(pending, value);
    // The first time is only to find out: the loop around starts again with a list of the right kind.
    if (isOpen) return { pending };
  }
  const held = pending ? emptyList(graph, pending) : node.input(list);
  const at = graph.reshapeTo(node.int64(node.input(index)), [1, 1], [1, 1]);
  return graph.node('ScatterND', [held, at, graph.unsqueeze(graph.cast(value, held.type), [0])]);
}

/** One element. */
function read(node: NodeContext, list: number, index: number): Value {
  return node.graph.node('Gather', [node.input(list), node.int64(node.input(index))], { axis: 0 });
}

const pushBack: Operation = {
  convert: (node) => {
    const { pending } = node.flow(0);
    const value = node.input(1);
    if (pending) learnElement(pending, value);
    const held = pending ? emptyList(node.graph, pending) : node.input(0);
    return node.graph.concat([held, node.graph.unsqueeze(value, [0])], 0);
  },
  documentation: { operators: 'Unsqueeze, Concat' },
};

const scatterArray: Operation = {
  convert: (node) => {
    const { graph } = node;
    const { pending } = node.flow(3);
    const values = node.input(2);
    if (!pending) {
      const places = graph.unsqueeze(node.int64(node.input(1)), [1]);
      return graph.node('ScatterND', [node.input(3), places, values]);
    }
    learnElement(pending, { type: values.type, shape: values.shape.slice(1) });
    // Elements scattered into a fresh array: those that are not hit are zeros.
    const inner = graph.node('Shape', [values], { start: 1 });
    const zero = graph.cast(graph.scalar(0, 'zero'), values.type);
    const base = graph.node('Expand', [zero, graph.concat([pending.count, inner], 0)]);
    return graph.node('ScatterND', [base, graph.unsqueeze(node.int64(node.input(1)), [1]), values]);
  },
  documentation: { operators: 'Expand, ScatterND' },
};

function length(node: NodeContext, list: number): Value {
  const { graph } = node;
  const { pending } = node.flow(list);
  return graph.cast(graph.squeeze(pending ? pending.count : graph.sizeOf(node.input(list), 0), [0]), 'int32');
}

const same = (index: number): Operation => ({
  convert: (node) => node.input(index),
  documentation: { operators: 'none' },
});

const gathers = (list: number, index: number): Operation => ({
  convert: (node) => read(node, list, index),
  documentation: { operators: 'Gather' },
});

export const lists = {
  TensorListReserve: reserve,
  EmptyTensorList: emptyTensorList,
  TensorListFromTensor: same(0),
  TensorListGetItem: gathers(0, 1),
  TensorListSetItem: {
    convert: (node) => write(node, 0, 1, 2),
    documentation: { operators: 'ScatterND' },
  },
  TensorListPushBack: pushBack,
  TensorListStack: same(0),
  TensorListGather: gathers(0, 1),
  TensorListLength: { convert: (node) => length(node, 0), documentation: { operators: 'Shape' } },
  TensorArrayV3: array,
  TensorArrayReadV3: gathers(2, 1),
  TensorArrayWriteV3: {
    convert: (node) => write(node, 3, 1, 2),
    documentation: { operators: 'ScatterND' },
  },
  TensorArrayGatherV3: gathers(2, 1),
  TensorArrayScatterV3: scatterArray,
  TensorArraySizeV3: { convert: (node) => length(node, 1), documentation: { operators: 'Shape' } },
} as const satisfies Record<string, Operation>;
