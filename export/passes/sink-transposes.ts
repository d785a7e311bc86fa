// Moves transposes towards the outputs through everything that can work on another layout, so that the pairs that
// converters put around convolutions and poolings meet and cancel. What the operators compute stays the same; only where
// the axes lie changes.
import { type Constant, integers, numbersOf, reshaped, transposed } from '../graph/constant.ts';
import { type Attribute, type Graph, intAttribute, intsAttribute, type Node } from '../graph/graph.ts';
import type { ValueType } from '../graph/type.ts';
import { GraphEditor } from './editor.ts';
import { beside } from './names.ts';
import {
  compose,
  inverse,
  isIdentity,
  type Permutation,
  samePermutation,
  withAxes,
  withoutAxes,
} from './permutation.ts';

export function sinkTransposes(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) sink(editor, node);
  return editor.finish();
}

/** Operators on one tensor that look at each element alone; further inputs are scalars. */
const unary = [
  ...['Abs', 'Cast', 'Ceil', 'Celu', 'Clip', 'Cos', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish'],
  ...['LeakyRelu', 'Log', 'Mish', 'Neg', 'Not', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Sin'],
  ...['Softplus', 'Softsign', 'Sqrt', 'Tanh', 'ThresholdedRelu'],
];

/** Operators on several tensors of one layout. */
const broadcasting = new Set([
  'Concat',
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Max', 'Min', 'Sum', 'Mean', 'PRelu', 'Where', 'And', 'Or', 'Xor'],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
]);

const reductions = [
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceSum',
  'ReduceProd',
  'ReduceL2',
  'ReduceLogSumExp',
  'ReduceSumSquare',
];

type Rule = (editor: GraphEditor, node: Node, moved: Moved) => void;

/** Operators on one layout-dependent input, and how each follows a transpose of that input. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...unary.map((operator): [string, Rule] => [operator, (editor, node, moved) => rewrite(editor, node, moved, {})]),
  ...reductions.map((operator): [string, Rule] => [operator, sinkThroughReduction]),
  ['Softmax', sinkAlongAxis],
  ['LogSoftmax', sinkAlongAxis],
  ['Split', sinkAlongAxis],
  ['Pad', sinkThroughPad],
  ['Slice', sinkThroughSlice],
  ['Resize', sinkThroughResize],
  ['Squeeze', sinkThroughUnitAxes],
  ['Unsqueeze', sinkThroughUnitAxes],
  ['Shape', sinkThroughShape],
  ['MatMul', sinkThroughProduct],
]);

function sink(editor: GraphEditor, node: Node): void {
  if (node.domain !== '') return;
  if (node.operator === 'Transpose') mergeTransposes(editor, node);
  else if (broadcasting.has(node.operator)) sinkThroughBroadcast(editor, node);
  const rule = rules.get(node.operator);
  const moved = rule && transposeOf(editor, node.inputs[0]);
  if (rule && moved) rule(editor, node, moved);
}

interface Moved {
  /** The value before the transpose. */
  readonly source: string;
  readonly permutation: Permutation;
}

/** The transpose that makes a value, if one does. */
function transposeOf(editor: GraphEditor, name: string): Moved | undefined {
  const producer = editor.producerOf(name);
  if (producer?.operator !== 'Transpose' || editor.isOutput(name)) return undefined;
  return { source: producer.inputs[0], permutation: intsAttribute(producer, 'perm') ?? [] };
}

const int = (value: number): Attribute => ({ type: 'int', value });
const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });

const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function mergeTransposes(editor: GraphEditor, node: Node): void {
  const moved = transposeOf(editor, node.inputs[0]);
  const own = intsAttribute(node, 'perm') ?? [];
  const permutation = moved ? compose(moved.permutation, own) : own;
  const source = moved?.source ?? node.inputs[0];
  if (isIdentity(permutation)) {
    editor.replaceValue(node.outputs[0], source);
    if (editor.has(node)) editor.remove(node);
  } else if (moved) {
    editor.update(node, { inputs: [source], attributes: { perm: ints(permutation) } });
  }
}

interface Changes {
  readonly inputs?: readonly string[];
  readonly attributes?: Node['attributes'];
}

/** The node on the untransposed value, the transpose behind it; `after` where the node changes the rank. */
function rewrite(
  editor: GraphEditor,
  node: Node,
  moved: Moved,
  changes: Changes,
  after: Permutation = moved.permutation,
): void {
  const inputs = changes.inputs ?? [moved.source, ...node.inputs.slice(1)];
  if (isIdentity(after)) {
    editor.update(node, { ...changes, inputs });
    return;
  }
  editor.relayout(node, { ...changes, inputs }, (inner, i) => restoring(inner, node.outputs[i], after));
}

function restoring(inner: string, output: string, permutation: Permutation): Node {
  return {
    name: `${output}/Transpose`,
    operator: 'Transpose',
    domain: '',
    inputs: [inner],
    outputs: [output],
    attributes: { perm: ints(permutation) },
  };
}

/** Whether a transpose of this value only moves axes of size 1: then it costs nothing. */
function isFree(type: ValueType, permutation: Permutation): boolean {
  const moving = permutation.filter((axis) => type.shape[axis] !== 1);
  return moving.every((axis, i) => i === 0 || axis > moving[i - 1]);
}

/** Broadcasting operators and Concat: all inputs get the layout of the transposed ones, if that makes fewer transposes. */
function sinkThroughBroadcast(editor: GraphEditor, node: Node): void {
  const rank = editor.type(node.outputs[0]).shape.length;
  const transposes = node.inputs.map((input) => transposeOf(editor, input));
  const first = transposes.find((moved) => moved?.permutation.length === rank);
  if (first === undefined) return;
  const { permutation } = first;
  const back = inverse(permutation);
  let removed = 0;
  let added = 1;
  const plans = node.inputs.map((input, i): (() => string) | undefined => {
    const moved = transposes[i];
    const type = editor.type(input);
    if (moved && samePermutation(moved.permutation, permutation)) {
      removed += 1;
      return () => moved.source;
    }
    const constant = editor.constantOf(input);
    if (constant) return () => relayConstant(editor, input, constant, rank, back);
    if (type.shape.every((size) => size === 1) && node.operator !== 'Concat') return () => input;
    if (type.shape.length !== rank) return undefined;
    if (!isFree(type, back)) added += 1;
    return () => editor.add('Transpose', [input], { perm: ints(back) }, { name: `${input}/Transpose`, before: node });
  });
  if (added > removed || plans.includes(undefined)) return;
  const inputs = plans.map((plan) => plan?.() ?? '');
  const axis = node.operator === 'Concat' ? positive(intAttribute(node, 'axis', 0), rank) : undefined;
  const attributes = axis === undefined ? node.attributes : { ...node.attributes, axis: int(permutation[axis]) };
  rewrite(editor, node, first, { inputs, attributes });
}

/** A constant in another layout: its shape is aligned on the right first, as broadcasting does. */
function relayConstant(
  editor: GraphEditor,
  name: string,
  constant: Constant,
  rank: number,
  order: Permutation,
): string {
  if (constant.data.length === 1) return name;
  const shape = [...new Array<number>(rank - constant.shape.length).fill(1), ...constant.shape];
  return editor.constant(name, transposed(reshaped(constant, shape), order));
}

function sinkAlongAxis(editor: GraphEditor, node: Node, moved: Moved): void {
  const axis = positive(intAttribute(node, 'axis', node.operator === 'Split' ? 0 : -1), moved.permutation.length);
  rewrite(editor, node, moved, { attributes: { ...node.attributes, axis: int(moved.permutation[axis]) } });
}

function sinkThroughReduction(editor: GraphEditor, node: Node, moved: Moved): void {
  const rank = moved.permutation.length;
  const constant = node.inputs.length > 1 ? editor.constantOf(node.inputs[1]) : undefined;
  const given = node.inputs.length > 1 ? constant && numbersOf(constant) : intsAttribute(node, 'axes');
  if (given === undefined) return;
  const axes = given.map((axis) => positive(axis, rank));
  const mapped = axes.map((axis) => moved.permutation[axis]).sort((a, b) => a - b);
  const after = intAttribute(node, 'keepdims', 1) === 0 ? withoutAxes(moved.permutation, axes) : moved.permutation;
  const changes: Changes =
    node.inputs.length > 1
      ? { inputs: [moved.source, editor.constant(node.inputs[1], integers(mapped))] }
      : { attributes: { ...node.attributes, axes: ints(mapped) } };
  rewrite(editor, node, moved, changes, after);
}

function sinkThroughPad(editor: GraphEditor, node: Node, moved: Moved): void {
  const pads = editor.constantOf(node.inputs[1]);
  if (pads === undefined || (node.inputs[3] ?? '') !== '') return;
  const rank = moved.permutation.length;
  const values = numbersOf(pads);
  const back = inverse(moved.permutation);
  const mapped = [...back.map((axis) => values[axis]), ...back.map((axis) => values[axis + rank])];
  rewrite(editor, node, moved, {
    inputs: [moved.source, editor.constant(node.inputs[1], integers(mapped)), ...node.inputs.slice(2)],
  });
}

function sinkThroughSlice(editor: GraphEditor, node: Node, moved: Moved): void {
  const axes = (node.inputs[3] ?? '') === '' ? undefined : editor.constantOf(node.inputs[3]);
  if (axes === undefined) return;
  const mapped = numbersOf(axes).map((axis) => moved.permutation[positive(axis, moved.permutation.length)]);
  const inputs = [moved.source, ...node.inputs.slice(1)];
  inputs[3] = editor.constant(node.inputs[3], integers(mapped));
  rewrite(editor, node, moved, { inputs });
}

/** Scales and sizes have one element an axis. */
function sinkThroughResize(editor: GraphEditor, node: Node, moved: Moved): void {
  const back = inverse(moved.permutation);
  if (node.attributes.axes !== undefined || (node.inputs[1] ?? '') !== '') return;
  const inputs = [moved.source, ...node.inputs.slice(1)];
  for (const index of [2, 3]) {
    if ((inputs[index] ?? '') === '') continue;
    const constant = editor.constantOf(inputs[index]);
    if (constant === undefined) {
      const order = editor.constant(beside(node, 'order'), integers(back));
      inputs[index] = editor.add(
        'Gather',
        [inputs[index], order],
        { axis: int(0) },
        { name: beside(node, 'Gather'), before: node },
      );
      continue;
    }
    const data = constant.data;
    const mapped: Constant =
      constant.type === 'float32'
        ? { ...constant, data: Float32Array.from(back, (axis) => Number(data[axis])) }
        : integers(back.map((axis) => Number(data[axis])));
    inputs[index] = editor.constant(inputs[index], mapped);
  }
  rewrite(editor, node, moved, { inputs });
}

function sinkThroughUnitAxes(editor: GraphEditor, node: Node, moved: Moved): void {
  const constant = node.inputs.length > 1 ? editor.constantOf(node.inputs[1]) : undefined;
  if (constant === undefined) return;
  if (node.operator === 'Squeeze') {
    const axes = numbersOf(constant).map((axis) => positive(axis, moved.permutation.length));
    const mapped = axes.map((axis) => moved.permutation[axis]);
    rewrite(
      editor,
      node,
      moved,
      { inputs: [moved.source, editor.constant(node.inputs[1], integers(mapped))] },
      withoutAxes(moved.permutation, axes),
    );
    return;
  }
  const rank = moved.permutation.length + constant.data.length;
  const axes = numbersOf(constant).map((axis) => positive(axis, rank));
  rewrite(editor, node, moved, {}, withAxes(moved.permutation, axes));
}

/** A product with a matrix works on the last axis alone, so a transpose that leaves that axis in place can come after it. */
function sinkThroughProduct(editor: GraphEditor, node: Node, moved: Moved): void {
  const matrix = editor.constantOf(node.inputs[1]);
  const last = moved.permutation.length - 1;
  if (matrix?.shape.length === 2 && moved.permutation[last] === last) rewrite(editor, node, moved, {});
}

/** The size of one axis is the size of another one before the transpose. */
function sinkThroughShape(editor: GraphEditor, node: Node, moved: Moved): void {
  const start = intAttribute(node, 'start', 0);
  const end = intAttribute(node, 'end', moved.permutation.length);
  if (end !== start + 1) return;
  const axis = moved.permutation[start];
  editor.update(node, { inputs: [moved.source], attributes: { start: int(axis), end: int(axis + 1) } });
}
