// Operators that a runtime lacks, as simpler ones that every runtime has (ONNX operator specification, function bodies).
import { UsageError } from '../../src/error.ts';
import { floats, integers } from '../graph/constant.ts';
import { floatAttribute, type Graph, graphsOf, intAttribute, type Node } from '../graph/graph.ts';
import { GraphEditor } from './editor.ts';
import { beside } from './names.ts';

/** Each with the function that puts simpler nodes before a node and gives the value that replaces its output. */
const decompositions = { LayerNormalization: layerNormalization, Softplus: softplus } as const;
export type DecomposableOperator = keyof typeof decompositions;
export const decomposableOperators = Object.keys(decompositions) as readonly DecomposableOperator[];

/** @throws UsageError where one of them is inside a loop's body, which this pass leaves alone */
export function decompose(graph: Graph, opset: number, avoid: readonly DecomposableOperator[]): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) {
    for (const inner of graphsOf(node)) requireNone(inner, avoid);
    const operator = avoid.find((name) => name === node.operator);
    if (operator === undefined) continue;
    const value = decompositions[operator](editor, node);
    editor.replaceValue(node.outputs[0], value);
  }
  return editor.finish();
}

function requireNone(graph: Graph, avoid: readonly string[]): void {
  for (const node of graph.nodes) {
    if (avoid.includes(node.operator))
      throw new UsageError(`exportOnnx: expected no ${node.operator} within a loop, got ${node.name}`, {
        remedy:
          'A recurrent layer with a mask, or of a custom activation, cannot avoid this operator: change the layer.',
      });
    for (const inner of graphsOf(node)) requireNone(inner, avoid);
  }
}

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta with the biased variance, over the trailing axes. */
function layerNormalization(editor: GraphEditor, node: Node): string {
  const [x, gamma, beta] = node.inputs;
  const rank = editor.type(x).shape.length;
  const axis = intAttribute(node, 'axis', -1);
  const first = axis < 0 ? axis + rank : axis;
  // Counted from the end, which is the same for every rank.
  const axes = Array.from({ length: rank - first }, (_, i) => first + i - rank);
  const add = (operator: 'Sub' | 'Mul' | 'Add' | 'Sqrt' | 'Div', inputs: readonly string[]): string =>
    editor.add(operator, inputs, {}, { name: beside(node, operator), before: node });
  const mean = (value: string): string => {
    const keepdims = { keepdims: { type: 'int', value: 1 } } as const;
    const place = { name: beside(node, 'ReduceMean'), before: node };
    // From opset 18 on the axes are an input.
    if (editor.opset < 18)
      return editor.add('ReduceMean', [value], { ...keepdims, axes: { type: 'ints', value: axes } }, place);
    return editor.add('ReduceMean', [value, editor.constant(beside(node, 'axes'), integers(axes))], keepdims, place);
  };
  const epsilon = editor.constant(beside(node, 'epsilon'), floats([], [floatAttribute(node, 'epsilon', 1e-5)]));
  const centred = add('Sub', [x, mean(x)]);
  const deviation = add('Sqrt', [add('Add', [mean(add('Mul', [centred, centred])), epsilon])]);
  const scaled = add('Mul', [add('Div', [centred, deviation]), gamma]);
  return beta === undefined || beta === '' ? scaled : add('Add', [scaled, beta]);
}

/** log(1 + e^x) as max(x, 0) + log(1 + e^-|x|), which does not overflow. */
function softplus(editor: GraphEditor, node: Node): string {
  const [x] = node.inputs;
  const add = (operator: 'Relu' | 'Abs' | 'Neg' | 'Exp' | 'Log' | 'Add', inputs: readonly string[]): string =>
    editor.add(operator, inputs, {}, { name: beside(node, operator), before: node });
  const one = editor.constant(beside(node, 'one'), floats([], [1]));
  const small = add('Exp', [add('Neg', [add('Abs', [x])])]);
  return add('Add', [add('Relu', [x]), add('Log', [add('Add', [small, one])])]);
}
