// Batch normalisation only exists for channels on axis 1. Where a transpose would be needed to bring them there, it is a
// product and a sum instead, which work on any layout.
import { floats } from '../graph/constant.ts';
import { floatAttribute, type Graph, intsAttribute, type Node } from '../graph/graph.ts';
import { GraphEditor } from './editor.ts';
import { beside } from './names.ts';

export function splitNormalization(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) if (node.operator === 'BatchNormalization') split(editor, node);
  return editor.finish();
}

function split(editor: GraphEditor, node: Node): void {
  const transpose = editor.producerOf(node.inputs[0]);
  if (transpose?.operator !== 'Transpose') return;
  const permutation = intsAttribute(transpose, 'perm') ?? [];
  const [gamma, beta, mean, variance] = node.inputs.slice(1).map((input) => editor.constantOf(input));
  if (!gamma || !beta || !mean || !variance) return;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const aligned = permutation.map((_, axis) => (axis === permutation[1] ? gamma.data.length : 1));
  const factors = Array.from(
    { length: gamma.data.length },
    (_, c) => Number(gamma.data[c]) / Math.sqrt(Number(variance.data[c]) + epsilon),
  );
  const shifts = factors.map((factor, c) => Number(beta.data[c]) - Number(mean.data[c]) * factor);
  const constant = (name: string, values: readonly number[]): string =>
    editor.constant(beside(node, name), floats(aligned, values));
  const scaled = editor.add(
    'Mul',
    [transpose.inputs[0], constant('scale', factors)],
    {},
    { name: beside(node, 'Mul'), before: node },
  );
  const shifted = editor.add(
    'Add',
    [scaled, constant('shift', shifts)],
    {},
    { name: beside(node, 'Add'), before: node },
  );
  editor.update(node, {
    operator: 'Transpose',
    inputs: [shifted],
    attributes: { perm: { type: 'ints', value: permutation } },
  });
}
