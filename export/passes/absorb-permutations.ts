// A transpose before a flattening reorders features, and so does one after the reverse of it: both can be had for nothing by
// reordering the rows or columns of the matrix on the other side. This is how an encoder's Flatten after a convolution and
// a decoder's Reshape before one cost no transpose.
import { type Constant, gathered, integers } from '../graph/constant.ts';
import { isEqual } from '../graph/dimension.ts';
import { type Attribute, type Graph, intAttribute, intsAttribute, type Node } from '../graph/graph.ts';
import { reshapeTarget } from '../graph/reshape.ts';
import { GraphEditor } from './editor.ts';
import { beside } from './names.ts';

/** Feature j of the value as the graph has it is feature order[j] of the value as it will be. */
type Order = Int32Array;

export function absorbPermutations(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) {
    if (node.operator === 'Reshape' || node.operator === 'Flatten') absorbForward(editor, node);
    else if (node.operator === 'Transpose') absorbBackward(editor, node);
  }
  return editor.finish();
}

/** Where each element of a row-major tensor comes from when its axes are permuted. */
function orderOf(shape: readonly number[], permutation: readonly number[]): Order {
  const size = shape.reduce((a, b) => a * b, 1);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const result = new Int32Array(size);
  const sizes = permutation.map((axis) => shape[axis]);
  for (let i = 0; i < size; i++) {
    let rest = i;
    let from = 0;
    for (let k = sizes.length - 1; k >= 0; k--) {
      from += (rest % sizes[k]) * strides[permutation[k]];
      rest = Math.floor(rest / sizes[k]);
    }
    result[i] = from;
  }
  return result;
}

function inverseOrder(order: Order): Order {
  const result = new Int32Array(order.length);
  for (const [i, from] of order.entries()) result[from] = i;
  return result;
}

/** The sizes behind the batch where they are all known. */
function featureSizes(editor: GraphEditor, value: string): number[] | undefined {
  const sizes = editor.type(value).shape.slice(1);
  return sizes.every((size) => typeof size === 'number') ? sizes.map(Number) : undefined;
}

/** Transpose -> Reshape to [N, features] -> ... -> matrix. */
function absorbForward(editor: GraphEditor, reshape: Node): void {
  const transpose = editor.producerOf(reshape.inputs[0]);
  if (transpose?.operator !== 'Transpose') return;
  const permutation = intsAttribute(transpose, 'perm') ?? [];
  const [source] = transpose.inputs;
  const sizes = featureSizes(editor, source);
  const result = editor.type(reshape.outputs[0]).shape;
  if (permutation[0] !== 0 || sizes === undefined || result.length !== 2) return;
  if (result[1] !== sizes.reduce((a, b) => a * b, 1)) return;
  const order = orderOf(
    sizes,
    permutation.slice(1).map((axis) => axis - 1),
  );
  const actions: (() => void)[] = [];
  if (!planForward(editor, reshape.outputs[0], order, actions)) return;
  for (const action of actions) action();
  const target = reshapeTarget(editor.type(source).shape, result);
  if (target === undefined) return;
  editor.update(reshape, {
    operator: 'Reshape',
    inputs: [source, editor.constant(beside(reshape, 'shape'), integers(target))],
    attributes: {},
  });
}

/** Plans the reordering of everything that the features reach; false where something needs their present order. */
function planForward(editor: GraphEditor, start: string, order: Order, actions: (() => void)[]): boolean {
  const orders = new Map<string, Order>([[start, order]]);
  const pending = new Set<Node>();
  const queue = [start];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (editor.isOutput(name)) return false;
    for (const consumer of editor.consumersOf(name)) {
      if (pending.has(consumer)) continue;
      pending.add(consumer);
      const follow = throughConsumer(editor, consumer, name, orders.get(name) ?? order, actions);
      if (follow === undefined) return false;
      if (follow.output !== undefined && !orders.has(follow.output)) {
        orders.set(follow.output, follow.order);
        queue.push(follow.output);
      }
    }
  }
  // A node that joins several reordered values must find all of them in the same order.
  return [...pending].every((node) => joinsAlike(editor, node, orders));
}

interface Follow {
  /** The output that is reordered now; undefined where the reordering ends. */
  readonly output: string | undefined;
  readonly order: Order;
}

function joinsAlike(editor: GraphEditor, node: Node, orders: ReadonlyMap<string, Order>): boolean {
  const found = node.inputs.filter((input) => orders.has(input));
  if (node.operator === 'Gemm' || node.operator === 'MatMul' || node.operator === 'Concat') return found.length === 1;
  const others = node.inputs.filter(
    (input) => input !== '' && !orders.has(input) && editor.constantOf(input) === undefined,
  );
  const alike = found.every((input) => sameOrder(orders.get(input), orders.get(found[0])));
  return alike && others.every((input) => editor.type(input).shape.at(-1) === 1);
}

function sameOrder(a: Order | undefined, b: Order | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((value, i) => value === b[i]);
}

const elementwise = new Set([
  ...[
    'Relu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'Softsign',
    'Elu',
    'Selu',
    'HardSigmoid',
    'HardSwish',
    'LeakyRelu',
    'ThresholdedRelu',
  ],
  ...['Mish', 'Gelu', 'Erf', 'Exp', 'Sqrt', 'Neg', 'Abs', 'Clip', 'Cast', 'Softmax', 'LogSoftmax'],
]);

const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'PRelu']);

function throughConsumer(
  editor: GraphEditor,
  node: Node,
  name: string,
  order: Order,
  actions: (() => void)[],
): Follow | undefined {
  const [output] = node.outputs;
  const reorder = inverseOrder(order);
  const { operator } = node;
  if (node.domain !== '') return undefined;
  if (operator === 'Gemm' || operator === 'MatMul') {
    const matrix = editor.constantOf(node.inputs[1]);
    const isRows = node.inputs[0] === name && node.inputs[1] !== name && node.inputs[2] !== name;
    if (!isRows || matrix?.shape.length !== 2 || intAttribute(node, 'transA', 0) !== 0) return undefined;
    const axis = intAttribute(node, 'transB', 0) === 0 ? 0 : 1;
    actions.push(() => setConstants(editor, node, new Map([[1, gathered(matrix, axis, reorder)]])));
    return { output: undefined, order };
  }
  if (elementwise.has(operator)) return isAlongFeatures(node) ? { output, order } : undefined;
  if (operator === 'BatchNormalization' || operator === 'LayerNormalization')
    return throughNormalization(editor, node, name, order, actions);
  if (broadcasting.has(operator)) {
    actions.push(() => setConstants(editor, node, reorderedInputs(editor, node, order.length, reorder)));
    return { output, order };
  }
  if (operator === 'Concat' && intAttribute(node, 'axis', 0) !== 0) return throughConcat(editor, node, name, order);
  return undefined;
}

/** A softmax looks along one axis; on a matrix that is the features or, never, the batch. */
function isAlongFeatures(node: Node): boolean {
  const isSoftmax = node.operator === 'Softmax' || node.operator === 'LogSoftmax';
  return !isSoftmax || intAttribute(node, 'axis', -1) !== 0;
}

function throughNormalization(
  editor: GraphEditor,
  node: Node,
  name: string,
  order: Order,
  actions: (() => void)[],
): Follow | undefined {
  const parameters = node.inputs.slice(1);
  const isConstant = parameters.every((input) => input === '' || editor.constantOf(input) !== undefined);
  const axis = intAttribute(node, 'axis', -1);
  if (!isConstant || node.inputs[0] !== name || (axis !== -1 && axis !== 1)) return undefined;
  actions.push(() => setConstants(editor, node, reorderedInputs(editor, node, order.length, inverseOrder(order))));
  return { output: node.outputs[0], order };
}

function throughConcat(editor: GraphEditor, node: Node, name: string, order: Order): Follow | undefined {
  if (node.inputs.filter((input) => input === name).length !== 1) return undefined;
  const parts = node.inputs.map((input) => (input === name ? [...order] : undefined));
  const result: number[] = [];
  for (const [i, input] of node.inputs.entries()) {
    const size = editor.type(input).shape[1];
    if (typeof size !== 'number' || editor.type(input).shape.length !== 2) return undefined;
    const base = result.length;
    const part = parts[i] ?? Array.from({ length: size }, (_, j) => j);
    result.push(...part.map((from) => base + from));
  }
  return { output: node.outputs[0], order: Int32Array.from(result) };
}

/** The constant inputs of a node whose last axis is the features, in a new order. */
function reorderedInputs(editor: GraphEditor, node: Node, size: number, order: Order): Map<number, Constant> {
  const result = new Map<number, Constant>();
  for (const [i, input] of node.inputs.entries()) {
    const constant = input === '' ? undefined : editor.constantOf(input);
    if (constant && constant.shape.at(-1) === size && size > 1)
      result.set(i, gathered(constant, constant.shape.length - 1, order));
  }
  return result;
}

function setConstants(editor: GraphEditor, node: Node, constants: ReadonlyMap<number, Constant>): void {
  const current = editor.producerOf(node.outputs[0]);
  if (current === undefined) return;
  const inputs = current.inputs.map((input, i) => {
    const constant = constants.get(i);
    return constant ? editor.constant(input, constant) : input;
  });
  editor.update(current, { inputs });
}

/** Matrix -> ... -> Reshape to [N, a, b, ...] -> Transpose. */
function absorbBackward(editor: GraphEditor, transpose: Node): void {
  const reshape = editor.producerOf(transpose.inputs[0]);
  if (reshape?.operator !== 'Reshape' || !editor.isUsedOnce(transpose.inputs[0])) return;
  const permutation = intsAttribute(transpose, 'perm') ?? [];
  const [features] = reshape.inputs;
  const sizes = featureSizes(editor, reshape.outputs[0]);
  const before = editor.type(features).shape;
  const batch = editor.type(reshape.outputs[0]).shape[0];
  if (permutation[0] !== 0 || sizes === undefined || before.length !== 2 || !isEqual(before[0], batch)) return;
  const order = orderOf(
    sizes,
    permutation.slice(1).map((axis) => axis - 1),
  );
  const actions: (() => void)[] = [];
  if (!planBackward(editor, features, reshape, order, actions)) return;
  for (const action of actions) action();
  const target = reshapeTarget(before, editor.type(transpose.outputs[0]).shape);
  if (target === undefined) return;
  const shape = editor.constant(beside(reshape, 'shape'), integers(target));
  const none: Record<string, Attribute> = {};
  editor.update(transpose, { operator: 'Reshape', inputs: [features, shape], attributes: none });
}

/** Plans a new order of the features of `start`, all of whose uses and sources must be able to follow. */
function planBackward(editor: GraphEditor, start: string, last: Node, order: Order, actions: (() => void)[]): boolean {
  const region = new Set<Node>([last]);
  const values = new Set<string>();
  const queue = [start];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (values.has(name)) continue;
    values.add(name);
    const producer = editor.producerOf(name);
    if (producer === undefined || producer.domain !== '' || editor.isOutput(name)) return false;
    region.add(producer);
    if (!reorderSource(editor, producer, order, actions, queue)) return false;
  }
  return [...values].every((name) => editor.consumersOf(name).every((consumer) => region.has(consumer)));
}

function reorderSource(
  editor: GraphEditor,
  node: Node,
  order: Order,
  actions: (() => void)[],
  queue: string[],
): boolean {
  const { operator, inputs } = node;
  if (operator === 'Gemm' || operator === 'MatMul') {
    const matrix = editor.constantOf(inputs[1]);
    const bias = (inputs[2] ?? '') === '' ? undefined : editor.constantOf(inputs[2]);
    if (matrix?.shape.length !== 2 || ((inputs[2] ?? '') !== '' && bias === undefined)) return false;
    const axis = intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
    const constants = new Map([[1, gathered(matrix, axis, order)]]);
    if (bias && bias.shape.at(-1) === order.length) constants.set(2, gathered(bias, bias.shape.length - 1, order));
    actions.push(() => setConstants(editor, node, constants));
    return true;
  }
  const normalizes = operator === 'BatchNormalization' || operator === 'LayerNormalization';
  if (!elementwise.has(operator) && !broadcasting.has(operator) && !normalizes) return false;
  if (!isAlongFeatures(node)) return false;
  const variable = inputs.filter((input) => input !== '' && editor.constantOf(input) === undefined);
  if (variable.some((input) => editor.type(input).shape.at(-1) !== order.length)) return false;
  if (normalizes && variable.length !== 1) return false;
  queue.push(...variable);
  actions.push(() => setConstants(editor, node, reorderedInputs(editor, node, order.length, order)));
  return true;
}
