// Moves the transposes that are left in front of what only prepares an input (scales, padding), so that the preparation
// comes right before the convolution that it can be folded into. Elsewhere a transpose stays behind: an activation must
// stay next to its convolution, where runtimes fuse the two.
import { integers, numbersOf, reshaped, transposed } from '../graph/constant.ts';
import { type Attribute, type Graph, intsAttribute, type Node } from '../graph/graph.ts';
import { GraphEditor } from './editor.ts';
import type { Permutation } from './permutation.ts';

export function hoistTransposes(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) if (node.operator === 'Transpose') hoist(editor, node);
  return editor.finish();
}

const unary = new Set(['Cast', 'Relu', 'Clip', 'Neg', 'Abs', 'Sqrt', 'Sigmoid', 'Tanh']);
const binary = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** The one input that a node prepares, the others being constants; undefined for anything else. */
function preparedInput(editor: GraphEditor, node: Node): string | undefined {
  if (node.domain !== '') return undefined;
  const [first, ...rest] = node.inputs;
  const isConstant = (name: string): boolean => name === '' || editor.constantOf(name) !== undefined;
  if (unary.has(node.operator) || node.operator === 'Pad') {
    const hasAxes = node.operator === 'Pad' && (node.inputs[3] ?? '') !== '';
    return rest.every(isConstant) && !hasAxes ? first : undefined;
  }
  if (!binary.has(node.operator)) return undefined;
  const variable = node.inputs.filter((input) => !isConstant(input));
  const [input] = variable;
  const isSameRank =
    input !== undefined && editor.type(input).shape.length === editor.type(node.outputs[0]).shape.length;
  return variable.length === 1 && isSameRank ? input : undefined;
}

function hoist(editor: GraphEditor, transpose: Node): void {
  const permutation = intsAttribute(transpose, 'perm') ?? [];
  const chain: Node[] = [];
  let [value] = transpose.inputs;
  for (let node = editor.producerOf(value); node && editor.isUsedOnce(value); node = editor.producerOf(value)) {
    const input = preparedInput(editor, node);
    if (input === undefined) return;
    chain.unshift(node);
    value = input;
  }
  if (chain.length === 0 || editor.producerOf(value) !== undefined) return;
  const perm: Attribute = { type: 'ints', value: permutation };
  let moved = editor.add('Transpose', [value], { perm }, { name: transpose.name, before: chain[0] });
  for (const node of chain) {
    const source = preparedInput(editor, node) ?? '';
    const inputs = node.inputs.map((input, i) => (input === source ? moved : relaid(editor, node, i, permutation)));
    [moved] = editor.update(node, { inputs }).outputs;
  }
  editor.replaceValue(transpose.outputs[0], moved);
  if (editor.has(transpose)) editor.remove(transpose);
}

/** A constant input of the node for its new layout. */
function relaid(editor: GraphEditor, node: Node, index: number, permutation: Permutation): string {
  const name = node.inputs[index];
  const constant = name === '' ? undefined : editor.constantOf(name);
  if (constant === undefined || constant.data.length === 1 || unary.has(node.operator)) return name;
  const rank = permutation.length;
  if (node.operator === 'Pad') {
    if (index !== 1) return name;
    const pads = numbersOf(constant);
    return editor.constant(
      name,
      integers([...permutation.map((axis) => pads[axis]), ...permutation.map((axis) => pads[axis + rank])]),
    );
  }
  const shape = [...new Array<number>(rank - constant.shape.length).fill(1), ...constant.shape];
  return editor.constant(name, transposed(reshaped(constant, shape), permutation));
}
