// Static quantisation in the QDQ form: Quantize and Dequantize nodes around the operators that runtimes have in 8 bits,
// weights stored as int8 with one scale a channel. The runtime fuses the pairs away; a runtime that knows no quantised
// operators still computes the rounded values.
import { type Constant, scalar } from '../graph/constant.ts';
import { type Attribute, intAttribute, type Node, type OnnxModel } from '../graph/graph.ts';
import { GraphEditor } from '../passes/editor.ts';
import { activationScheme, biasScheme, type Range, weightScheme } from './scheme.ts';

/** Operators with a weight that is stored in 8 bits. */
const weighted = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
/** Operators that runtimes have in 8 bits without a weight. */
const plain = new Set(['Add', 'Concat', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'ReduceMean']);
/** Activations that a runtime fuses into the convolution or product in front of them. */
const fused = new Set(['Relu', 'Clip']);

/** The values whose ranges have to be known, in the graph's order: calibrate on these. */
export function quantizedValues(model: OnnxModel): string[] {
  const editor = new GraphEditor(model.graph, model.opset);
  const found = new Set<string>();
  for (const node of editor.nodes()) for (const value of valuesAround(editor, node)) found.add(value);
  return [...found];
}

function isQuantizable(editor: GraphEditor, node: Node): boolean {
  if (node.domain !== '') return false;
  if (weighted.has(node.operator)) return isWeighted(editor, node);
  return (
    plain.has(node.operator) &&
    editor.type(node.outputs[0]).type === 'float32' &&
    node.inputs.every(
      (input) => input === '' || editor.constantOf(input) === undefined || editor.type(input).type === 'int64',
    )
  );
}

function isWeighted(editor: GraphEditor, node: Node): boolean {
  const weight = editor.constantOf(node.inputs[1]);
  const bias = node.inputs[2] ?? '';
  const isPlain =
    intAttribute(node, 'transA', 0) === 0 &&
    (node.operator !== 'ConvTranspose' || intAttribute(node, 'group', 1) === 1);
  return (
    weight?.type === 'float32' &&
    weight.shape.length >= 2 &&
    isPlain &&
    (bias === '' || editor.constantOf(bias) !== undefined)
  );
}

/** Inputs and outputs of a node that become 8-bit values; an activation that fuses with the node comes before the rounding. */
function valuesAround(editor: GraphEditor, node: Node): string[] {
  if (!isQuantizable(editor, node)) return [];
  const inputs = (weighted.has(node.operator) ? node.inputs.slice(0, 1) : node.inputs).filter(
    (input) => input !== '' && editor.constantOf(input) === undefined && editor.type(input).type === 'float32',
  );
  const outputs = node.outputs.map((output) => {
    const [next] = editor.isUsedOnce(output) ? editor.consumersOf(output) : [];
    return weighted.has(node.operator) && next && fused.has(next.operator) && next.inputs[0] === output
      ? next.outputs[0]
      : output;
  });
  return [...inputs, ...outputs];
}

/** How the weights of a quantised model are stored. */
export interface Int8Options {
  /**
   * How many of the 8 bits the weights use. 7 is safe everywhere: on x86 processors without VNNI the 8-bit kernels add
   * pairs of products in 16 bits, which overflow at 8 bits (measured on such a processor on a U-Net: largest error 0.030
   * of the scale with 8 bits, 0.012 with 7; without the overflow 8 bits would give 0.007). Default 7.
   */
  readonly weightBits?: 7 | 8;
}

/**
 * The model with 8-bit activations and 7- or 8-bit weights, as QDQ nodes around what ONNX runtimes compute in integers.
 *
 * @param ranges of every value that `quantizedValues` lists; a value without one stays float32
 */
export function toInt8(model: OnnxModel, ranges: ReadonlyMap<string, Range>, options: Int8Options = {}): OnnxModel {
  const editor = new GraphEditor(model.graph, model.opset);
  const values = quantizedValues(model);
  const scales = new Map<string, number>();
  for (const value of values) {
    const range = ranges.get(value);
    if (range) scales.set(value, roundValue(editor, value, range));
  }
  for (const node of editor.each())
    if (isQuantizable(editor, node) && weighted.has(node.operator))
      quantizeWeight(editor, node, scales, options.weightBits ?? 7);
  return { ...model, graph: editor.finish() };
}

/** One scale for the range, which always holds 0 exactly, in int8. Returns the scale. */
function roundValue(editor: GraphEditor, value: string, range: Range): number {
  const { scale, zero } = activationScheme(range);
  const scaleName = editor.constant(`${value}/scale`, scalar(scale));
  const zeroName = editor.constant(`${value}/zero`, { type: 'int8', shape: [], data: Int8Array.of(zero) });
  const producer = editor.producerOf(value);
  const isOutput = editor.isOutput(value);
  const consumers = editor.consumersOf(value);
  const place = producer ? { after: producer } : consumers[0] ? { before: consumers[0] } : {};
  const quantized = editor.add(
    'QuantizeLinear',
    [value, scaleName, zeroName],
    {},
    { name: `${value}/QuantizeLinear`, ...place },
  );
  const maker = editor.producerOf(quantized);
  const restored = editor.add(
    'DequantizeLinear',
    [quantized, scaleName, zeroName],
    {},
    {
      name: `${value}/DequantizeLinear`,
      ...(maker ? { after: maker } : {}),
    },
  );
  for (const consumer of consumers) {
    const inputs = consumer.inputs.map((input) => (input === value ? restored : input));
    if (editor.has(consumer)) editor.update(consumer, { inputs });
  }
  if (isOutput && producer) editor.exposeAs(value, restored);
  return scale;
}

/** The weight as int8, one symmetric scale a channel of the output; the bias as int32 at the product of both scales. */
function quantizeWeight(editor: GraphEditor, node: Node, scales: ReadonlyMap<string, number>, bits: 7 | 8): void {
  const weight = editor.constantOf(node.inputs[1]);
  if (weight === undefined) return;
  const axis = channelAxis(node, weight);
  const channels = weight.shape[axis];
  const inputs = [...node.inputs];
  const inputScale = scales.get(originOf(editor, node.inputs[0]));
  const bias = (inputs[2] ?? '') === '' ? undefined : editor.constantOf(inputs[2]);
  const isVector = bias?.shape.length === 1 && bias.shape[0] === channels;
  const beside =
    bias && isVector && inputScale !== undefined
      ? { values: Float32Array.from(bias.data, Number), inputScale }
      : undefined;
  const scheme = weightScheme(weight, axis, { bits, bias: beside });
  const integers: Constant = { type: 'int8', shape: weight.shape, data: scheme.values };
  inputs[1] = stored(editor, node, node.inputs[1], integers, scheme.scales, axis);
  if (beside) {
    const rounded = biasScheme(beside.values, beside.inputScale, scheme.scales);
    const values: Constant = { type: 'int32', shape: [channels], data: rounded.values };
    inputs[2] = stored(editor, node, inputs[2], values, rounded.scales, 0);
  }
  editor.update(node, { inputs });
}

/** The value that a dequantised one was rounded from. */
function originOf(editor: GraphEditor, name: string): string {
  const dequantize = editor.producerOf(name);
  const quantize = dequantize?.operator === 'DequantizeLinear' ? editor.producerOf(dequantize.inputs[0]) : undefined;
  return quantize?.operator === 'QuantizeLinear' ? quantize.inputs[0] : name;
}

function channelAxis(node: Node, weight: Constant): number {
  if (node.operator === 'Conv') return 0;
  if (node.operator === 'ConvTranspose') return 1;
  if (node.operator === 'Gemm') return intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
  return weight.shape.length - 1;
}

/** An integer constant and its DequantizeLinear. Returns the float value's name. */
function stored(
  editor: GraphEditor,
  node: Node,
  name: string,
  integers: Constant,
  scales: Float32Array,
  axis: number,
): string {
  const zeros: Constant =
    integers.type === 'int8'
      ? { type: 'int8', shape: [scales.length], data: new Int8Array(scales.length) }
      : { type: 'int32', shape: [scales.length], data: new Int32Array(scales.length) };
  const values = editor.constant(`${name}/quantized`, integers);
  const scale = editor.constant(`${name}/scale`, { type: 'float32', shape: [scales.length], data: scales });
  const zero = editor.constant(`${name}/zero`, zeros);
  const attributes: Record<string, Attribute> = { axis: { type: 'int', value: axis } };
  return editor.add('DequantizeLinear', [values, scale, zero], attributes, {
    name: `${name}/DequantizeLinear`,
    before: node,
  });
}
