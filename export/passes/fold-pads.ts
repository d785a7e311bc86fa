// Zero padding in front of a convolution becomes the convolution's own; in front of a maximum pooling too, where nothing
// is negative, since the pooling's own padding is minus infinity.
import { numbersOf } from '../graph/constant.ts';
import { type Graph, intAttribute, intsAttribute, type Node, stringAttribute } from '../graph/graph.ts';
import { GraphEditor } from './editor.ts';

export function foldPads(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) if (node.domain === '') foldPad(editor, node);
  return editor.finish();
}

function foldPad(editor: GraphEditor, node: Node): void {
  const isConv = node.operator === 'Conv';
  if (!isConv && node.operator !== 'MaxPool') return;
  const pad = editor.producerOf(node.inputs[0]);
  if (
    pad?.operator !== 'Pad' ||
    stringAttribute(pad, 'mode', 'constant') !== 'constant' ||
    (pad.inputs[3] ?? '') !== ''
  )
    return;
  const value = (pad.inputs[2] ?? '') === '' ? 0 : editor.constantOf(pad.inputs[2])?.data[0];
  const amounts = editor.constantOf(pad.inputs[1]);
  if (Number(value) !== 0 || value === undefined || amounts === undefined) return;
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || intAttribute(node, 'ceil_mode', 0) !== 0) return;
  const all = numbersOf(amounts);
  const rank = all.length / 2;
  const [begins, ends] = [all.slice(0, rank), all.slice(rank)];
  if (all.some((amount) => amount < 0) || [begins[0], begins[1], ends[0], ends[1]].some((amount) => amount !== 0))
    return;
  const own = intsAttribute(node, 'pads') ?? new Array<number>(2 * (rank - 2)).fill(0);
  const pads = own.map((amount, i) => amount + [...begins.slice(2), ...ends.slice(2)][i]);
  if (!isConv && !(isNeverNegative(editor, pad.inputs[0]) && fitsPool(node, pads))) return;
  editor.update(node, {
    inputs: [pad.inputs[0], ...node.inputs.slice(1)],
    attributes: { ...node.attributes, pads: { type: 'ints', value: pads } },
  });
}

/** ONNX runtimes refuse a padding as large as the pool: a window could see nothing else. */
function fitsPool(node: Node, pads: readonly number[]): boolean {
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  return pads.every((amount, i) => amount < kernel[i % kernel.length]);
}

const neverNegative = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softplus', 'Softmax', 'Exp', 'Abs']);
const keepsSign = new Set(['MaxPool', 'AveragePool', 'Identity', 'Reshape', 'Transpose']);

function isNeverNegative(editor: GraphEditor, name: string): boolean {
  const node = editor.producerOf(name);
  if (node === undefined) return false;
  if (neverNegative.has(node.operator)) return true;
  if (node.operator === 'Clip') return Number(editor.constantOf(node.inputs[1] ?? '')?.data[0] ?? -1) >= 0;
  return keepsSign.has(node.operator) && isNeverNegative(editor, node.inputs[0]);
}
