// Small local rewritings: nodes that do nothing go, reshapes in a row become one, shapes that are known become constants.
import { type Constant, integers, numbersOf, reshaped, transposed } from '../graph/constant.ts';
import { isEqual } from '../graph/dimension.ts';
import { type Attribute, type Graph, intAttribute, intsAttribute, type Node } from '../graph/graph.ts';
import { reshapeTarget } from '../graph/reshape.ts';
import type { Shape } from '../graph/type.ts';
import { GraphEditor } from './editor.ts';
import { beside } from './names.ts';
import { isIdentity } from './permutation.ts';

export function simplify(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) {
    if (node.domain !== '') continue;
    if (foldKnown(editor, node) || removeNothing(editor, node)) continue;
    if (reshaping.has(node.operator) && !keepReducedAxes(editor, node)) mergeReshapes(editor, node);
  }
  return editor.finish();
}

/** Transposes that only move axes of size 1 become reshapes. Only at the end: a transpose may still meet its inverse. */
export function reshapeTransposes(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) {
    const reshape = transposeAsReshape(editor, node);
    if (reshape) mergeReshapes(editor, reshape);
  }
  return editor.finish();
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => isEqual(size, b[axis]));
}

/** Nodes whose output is their input. An input of the graph that is an output too keeps its Identity. */
function removeNothing(editor: GraphEditor, node: Node): boolean {
  if (!doesNothing(editor, node)) return false;
  const [input] = node.inputs;
  const [output] = node.outputs;
  if (editor.isOutput(output) && (editor.producerOf(input) === undefined || editor.isOutput(input))) {
    if (node.operator !== 'Identity') editor.update(node, { operator: 'Identity', inputs: [input], attributes: {} });
    return true;
  }
  editor.replaceValue(output, input);
  if (editor.has(node)) editor.remove(node);
  return true;
}

function doesNothing(editor: GraphEditor, node: Node): boolean {
  if (node.outputs.length !== 1) return false;
  const from = editor.type(node.inputs[0] === '' ? node.outputs[0] : node.inputs[0]);
  const to = editor.type(node.outputs[0]);
  switch (node.operator) {
    case 'Identity':
      return true;
    case 'Cast':
      return from.type === to.type;
    case 'Transpose':
      return isIdentity(intsAttribute(node, 'perm') ?? []);
    case 'Reshape':
    case 'Flatten':
    case 'Expand':
    case 'Slice':
    case 'Tile':
      return sameShape(from.shape, to.shape) && !isReversal(editor, node);
    case 'Pad':
      return (
        sameShape(from.shape, to.shape) && (knownNumbers(editor, node.inputs[1])?.every((pad) => pad === 0) ?? false)
      );
    case 'Concat':
    case 'Max':
    case 'Min':
    case 'Sum':
    case 'Mean':
      return node.inputs.length === 1;
    default:
      return false;
  }
}

/** A Slice that keeps every element may still turn their order. */
function isReversal(editor: GraphEditor, node: Node): boolean {
  const steps =
    node.operator === 'Slice' && (node.inputs[4] ?? '') !== '' ? editor.constantOf(node.inputs[4]) : undefined;
  return steps !== undefined && numbersOf(steps).some((step) => step < 0);
}

function knownNumbers(editor: GraphEditor, name: string): number[] | undefined {
  const constant = editor.constantOf(name);
  return constant && numbersOf(constant);
}

/** Integers that inference knows (sizes of fixed axes and arithmetic on them), and moves of constants, become constants. */
function foldKnown(editor: GraphEditor, node: Node): boolean {
  const [output] = node.outputs;
  if (node.outputs.length !== 1 || editor.isOutput(output)) return false;
  const folded = knownIntegers(editor, node) ?? movedConstant(editor, node);
  if (folded === undefined) return false;
  editor.replaceValue(output, editor.constant(node.name, folded));
  editor.remove(node);
  return true;
}

function knownIntegers(editor: GraphEditor, node: Node): Constant | undefined {
  const { content, type, shape } = editor.type(node.outputs[0]);
  if (type !== 'int64' || content === undefined || !content.every((size) => typeof size === 'number')) return undefined;
  return reshaped(integers(content.map(Number)), shape.map(Number));
}

function movedConstant(editor: GraphEditor, node: Node): Constant | undefined {
  const constant = editor.constantOf(node.inputs[0]);
  if (constant === undefined) return undefined;
  if (node.operator === 'Transpose') return transposed(constant, intsAttribute(node, 'perm') ?? []);
  const { shape } = editor.type(node.outputs[0]);
  const onlyReshapes = ['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Identity'].includes(node.operator);
  return onlyReshapes && shape.every((size) => typeof size === 'number')
    ? reshaped(constant, shape.map(Number))
    : undefined;
}

/** The reshape that a node is now, if it is one. */
function transposeAsReshape(editor: GraphEditor, node: Node): Node | undefined {
  if (node.operator === 'Reshape') return node;
  if (node.operator !== 'Transpose') return undefined;
  const { shape } = editor.type(node.inputs[0]);
  const moving = (intsAttribute(node, 'perm') ?? []).filter((axis) => shape[axis] !== 1);
  if (moving.some((axis, i) => i > 0 && axis < moving[i - 1])) return undefined;
  const target = reshapeTarget(shape, editor.type(node.outputs[0]).shape);
  if (target === undefined) return undefined;
  const shapeName = editor.constant(beside(node, 'shape'), integers(target));
  return editor.update(node, { operator: 'Reshape', inputs: [node.inputs[0], shapeName], attributes: {} });
}

/** A reshape that only brings back the axes that a reduction dropped: the reduction keeps them instead. */
function keepReducedAxes(editor: GraphEditor, node: Node): boolean {
  const [input] = node.inputs;
  const reduction = editor.producerOf(input);
  if (reduction === undefined || !reduction.operator.startsWith('Reduce') || !editor.isUsedOnce(input)) return false;
  const keeps: Attribute = { type: 'int', value: 1 };
  const wanted = editor.type(node.outputs[0]).shape;
  const from = editor.type(reduction.inputs[0]).shape;
  const axes =
    reduction.inputs.length > 1 ? knownNumbers(editor, reduction.inputs[1]) : intsAttribute(reduction, 'axes');
  const reduced = axes?.map((axis) => (axis < 0 ? axis + from.length : axis));
  const kept = reduced && from.map((size, axis) => (reduced.includes(axis) ? 1 : size));
  if (kept === undefined || intAttribute(reduction, 'keepdims', 1) !== 0 || !sameShape(kept, wanted)) return false;
  const changed = editor.update(reduction, { attributes: { ...reduction.attributes, keepdims: keeps } });
  editor.replaceValue(node.outputs[0], changed.outputs[0]);
  if (editor.has(node)) editor.remove(node);
  return true;
}

const reshaping = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/** A reshape of a reshaped value reshapes the original; a target computed in the graph becomes fixed where it can be. */
function mergeReshapes(editor: GraphEditor, node: Node): void {
  let [source] = node.inputs;
  let producer = editor.producerOf(source);
  while (producer && reshaping.has(producer.operator)) {
    [source] = producer.inputs;
    producer = editor.producerOf(source);
  }
  const isFixed = node.operator !== 'Reshape' || editor.constantOf(node.inputs[1]) !== undefined;
  if (source === node.inputs[0] && isFixed) return;
  const to = editor.type(node.outputs[0]).shape;
  const from = editor.type(source).shape;
  if (sameShape(from, to) && !editor.isOutput(node.outputs[0])) {
    editor.replaceValue(node.outputs[0], source);
    editor.remove(node);
    return;
  }
  const target = reshapeTarget(from, to);
  if (target === undefined) return;
  const shape = editor.constant(beside(node, 'shape'), integers(target));
  editor.update(node, { operator: 'Reshape', inputs: [source, shape], attributes: {} });
}
