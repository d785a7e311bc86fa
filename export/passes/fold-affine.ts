// Scales and shifts by constants, batch normalisation among them, go into the weights of the convolution or matrix product
// next to them. Computed in float64 and rounded once.
import { type Constant, numbersOf } from '../graph/constant.ts';
import { floatAttribute, type Graph, intAttribute, intsAttribute, type Node, stringAttribute } from '../graph/graph.ts';
import { GraphEditor } from './editor.ts';
import { beside } from './names.ts';

export function foldAffine(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) foldBehind(editor, node);
  for (const node of editor.each()) {
    let current: Node | undefined = node;
    while (current) current = foldInputScale(editor, current);
  }
  return editor.finish();
}

/** y = scale x + shift, one number a channel. */
interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Where the channels of a linear operator's output and weights lie. */
interface Linear {
  readonly channels: number;
  /** Axis of the channels in the output. */
  readonly outputAxis: number;
  /** Axes of output and input channels in the weight (input 1). */
  readonly weightOutputAxis: number;
  readonly weightInputAxis: number;
  readonly hasBias: boolean;
}

function linearOf(editor: GraphEditor, node: Node): Linear | undefined {
  if (node.domain !== '') return undefined;
  const weight = node.inputs.length > 1 ? editor.constantOf(node.inputs[1]) : undefined;
  if (weight === undefined || weight.type !== 'float32') return undefined;
  const bias = node.inputs[2] ?? '';
  if (bias !== '' && editor.constantOf(bias) === undefined) return undefined;
  const rank = editor.type(node.outputs[0]).shape.length;
  const { shape } = weight;
  switch (node.operator) {
    case 'Conv':
      return { channels: shape[0], outputAxis: 1, weightOutputAxis: 0, weightInputAxis: 1, hasBias: true };
    case 'ConvTranspose':
      if (intAttribute(node, 'group', 1) !== 1) return undefined;
      return { channels: shape[1], outputAxis: 1, weightOutputAxis: 1, weightInputAxis: 0, hasBias: true };
    case 'Gemm': {
      if (floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1) return undefined;
      const out = intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
      return { channels: shape[out], outputAxis: 1, weightOutputAxis: out, weightInputAxis: 1 - out, hasBias: true };
    }
    case 'MatMul':
      if (shape.length !== 2) return undefined;
      return { channels: shape[1], outputAxis: rank - 1, weightOutputAxis: 1, weightInputAxis: 0, hasBias: rank === 2 };
    default:
      return undefined;
  }
}

/**
 * What a node does to its input 0 (or the other one, where that is the constant), if it is one number a channel of `axis`.
 * Undefined where it is anything else.
 */
function affineOf(editor: GraphEditor, node: Node, source: string, axis: number, channels: number): Affine | undefined {
  if (node.domain !== '') return undefined;
  const rank = editor.type(source).shape.length;
  const ones = () => new Float64Array(channels).fill(1);
  const zeros = () => new Float64Array(channels);
  if (node.operator === 'BatchNormalization') {
    if (axis !== 1 || node.inputs[0] !== source) return undefined;
    const [gamma, beta, mean, variance] = node.inputs.slice(1).map((input) => editor.constantOf(input));
    if (!gamma || !beta || !mean || !variance) return undefined;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const scale = Float64Array.from(
      { length: channels },
      (_, c) => Number(gamma.data[c]) / Math.sqrt(Number(variance.data[c]) + epsilon),
    );
    return {
      scale,
      shift: Float64Array.from(scale, (factor, c) => Number(beta.data[c]) - Number(mean.data[c]) * factor),
    };
  }
  if (!['Add', 'Sub', 'Mul', 'Div'].includes(node.operator)) return undefined;
  const isFirst = node.inputs[0] === source;
  const other = editor.constantOf(node.inputs[isFirst ? 1 : 0]);
  const values = other && perChannel(other, rank, axis, channels);
  if (values === undefined || node.inputs[0] === node.inputs[1]) return undefined;
  if (node.operator === 'Add') return { scale: ones(), shift: values };
  if (node.operator === 'Mul') return { scale: values, shift: zeros() };
  if (node.operator === 'Sub')
    return isFirst
      ? { scale: ones(), shift: values.map((value) => -value) }
      : { scale: ones().fill(-1), shift: values };
  return isFirst ? { scale: values.map((value) => 1 / value), shift: zeros() } : undefined;
}

/** A constant as one number a channel; undefined where it varies along another axis or would make the tensor larger. */
function perChannel(constant: Constant, rank: number, axis: number, channels: number): Float64Array | undefined {
  if (constant.type !== 'float32' || constant.shape.length > rank) return undefined;
  if (constant.data.length === 1) return new Float64Array(channels).fill(Number(constant.data[0]));
  const at = axis - rank + constant.shape.length;
  const onlyChannels = constant.shape.every((size, i) => size === 1 || (i === at && size === channels));
  return onlyChannels ? Float64Array.from(numbersOf(constant)) : undefined;
}

/** What follows a linear operator and can be folded into it. */
interface Behind {
  /** In terms of the linear operator's channels. */
  readonly total: Affine;
  readonly folded: readonly Node[];
  /** The last value of the chain. */
  readonly last: string;
  /** A reshape of features to channels and space within the chain, which stays. */
  readonly reshape: Node | undefined;
}

function behind(editor: GraphEditor, node: Node, linear: Linear): Behind {
  const { channels } = linear;
  let total: Affine = { scale: new Float64Array(channels).fill(1), shift: new Float64Array(channels) };
  const folded: Node[] = [];
  let [last] = node.outputs;
  let reshape: Node | undefined;
  while (editor.isUsedOnce(last)) {
    const [next] = editor.consumersOf(last);
    if (next.operator === 'Reshape' && reshape === undefined && spreadsFeatures(editor, next, channels)) {
      const [after] = next.outputs;
      const [user] = editor.isUsedOnce(after) ? editor.consumersOf(after) : [];
      const size = Number(editor.type(after).shape[1]);
      if (user === undefined || affineOf(editor, user, after, 1, size) === undefined) break;
      reshape = next;
      last = after;
      continue;
    }
    const axis = reshape ? 1 : linear.outputAxis;
    const size = reshape ? Number(editor.type(last).shape[1]) : channels;
    const affine = affineOf(editor, next, last, axis, size);
    if (affine === undefined) break;
    const at = (c: number): number => Math.floor((c * size) / channels);
    total = {
      scale: total.scale.map((value, c) => value * affine.scale[at(c)]),
      shift: total.shift.map((value, c) => value * affine.scale[at(c)] + affine.shift[at(c)]),
    };
    folded.push(next);
    [last] = next.outputs;
  }
  return { total, folded, last, reshape };
}

/** [N, features] -> [N, channels, ...]: each channel is a run of features. */
function spreadsFeatures(editor: GraphEditor, reshape: Node, features: number): boolean {
  const from = editor.type(reshape.inputs[0]).shape;
  const to = editor.type(reshape.outputs[0]).shape;
  return from.length === 2 && from[1] === features && to.length > 2 && to[0] === from[0] && typeof to[1] === 'number';
}

/** Folds the scales and shifts behind a linear operator, as long as nothing else uses the values between. */
function foldBehind(editor: GraphEditor, node: Node): void {
  const linear = linearOf(editor, node);
  if (linear === undefined) return;
  const { total, folded, last, reshape } = behind(editor, node, linear);
  if (folded.length === 0) return;
  // A matrix product of a higher rank has no bias: one Add stays, so there is nothing to gain from a lone one.
  if (!linear.hasBias && folded.length === 1 && folded[0].operator === 'Add') return;
  const scaled = scaleWeight(editor, node, linear.weightOutputAxis, total.scale);
  const bias = (node.inputs[2] ?? '') === '' ? undefined : editor.constantOf(node.inputs[2]);
  const before = (c: number): number => (bias ? Number(bias.data[bias.data.length === 1 ? 0 : c]) : 0);
  const shift = total.shift.map((value, c) => value + total.scale[c] * before(c));
  const hasShift = shift.some((value) => value !== 0);
  const shiftName = (): string =>
    editor.constant((node.inputs[2] ?? '') === '' ? beside(node, 'bias') : node.inputs[2], {
      type: 'float32',
      shape: [linear.channels],
      data: Float32Array.from(shift),
    });
  const becomesGemm = node.operator === 'MatMul' && linear.hasBias && hasShift;
  const inputs = [node.inputs[0], scaled, ...(linear.hasBias && hasShift ? [shiftName()] : [])];
  const changed = editor.update(node, { operator: becomesGemm ? 'Gemm' : node.operator, inputs });
  let [end] = changed.outputs;
  if (!linear.hasBias && hasShift)
    end = editor.add('Add', [end, shiftName()], {}, { name: beside(node, 'Add'), after: changed });
  if (reshape) [end] = editor.update(reshape, { inputs: [end, reshape.inputs[1]] }).outputs;
  editor.replaceValue(last, end);
  for (const done of folded) if (editor.has(done)) editor.remove(done);
}

/** The weight with every slice along `axis` multiplied by its factor. Returns the new constant's name. */
function scaleWeight(editor: GraphEditor, node: Node, axis: number, scale: Float64Array): string {
  const weight = editor.constantOf(node.inputs[1]);
  if (weight === undefined || scale.every((value) => value === 1)) return node.inputs[1];
  const inner = weight.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const size = weight.shape[axis];
  const data = new Float32Array(weight.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Number(weight.data[i]) * scale[Math.floor(i / inner) % size];
  return editor.constant(node.inputs[1], { type: 'float32', shape: weight.shape, data });
}

/** A scale (and, without padding, a shift) in front of a linear operator that alone uses it. Returns the node as it is then. */
function foldInputScale(editor: GraphEditor, node: Node): Node | undefined {
  const linear = linearOf(editor, node);
  if (linear === undefined) return undefined;
  const before = editor.producerOf(node.inputs[0]);
  if (before === undefined || !editor.isUsedOnce(node.inputs[0]) || endsGelu(editor, before)) return undefined;
  const weight = editor.constantOf(node.inputs[1]);
  if (weight === undefined) return undefined;
  const inputType = editor.type(node.inputs[0]);
  const group = intAttribute(node, 'group', 1);
  const channels = weight.shape[linear.weightInputAxis] * group;
  const axis = node.operator === 'Conv' || node.operator === 'ConvTranspose' ? 1 : inputType.shape.length - 1;
  const source = before.inputs.find((input) => input !== '' && editor.constantOf(input) === undefined);
  const affine = source === undefined ? undefined : affineOf(editor, before, source, axis, channels);
  // The constant must not have made the tensor larger.
  if (affine === undefined || source === undefined || editor.type(source).shape.length !== inputType.shape.length)
    return undefined;
  if (editor.type(source).shape.some((size, i) => size !== inputType.shape[i])) return undefined;
  const isUniform = affine.scale.every((value) => value === affine.scale[0]);
  const hasShift = affine.shift.some((value) => value !== 0);
  if (group !== 1 && !isUniform) return undefined;
  if (hasShift && !(canShiftInput(node) && linear.hasBias && group === 1)) return undefined;
  const bias = hasShift ? shiftedBias(editor, node, linear, weight, affine.shift) : undefined;
  const scale = group === 1 ? affine.scale : affine.scale.slice(0, weight.shape[linear.weightInputAxis]);
  const scaled = scaleWeight(editor, node, linear.weightInputAxis, scale);
  const inputs = [source, scaled, ...node.inputs.slice(2)];
  if (bias !== undefined) inputs[2] = bias;
  const operator = node.operator === 'MatMul' && bias !== undefined ? 'Gemm' : node.operator;
  const changed = editor.update(node, { inputs, operator });
  if (editor.has(before)) editor.remove(before);
  return changed;
}

/**
 * Whether a node is the half of a GELU, x (1 + erf(x / sqrt 2)) / 2. onnxruntime knows the whole by its parts and runs them, and the
 * bias in front, as one kernel; without the half it finds nothing.
 */
function endsGelu(editor: GraphEditor, node: Node): boolean {
  const from = (value: string, operator: string): Node | undefined => {
    const producer = editor.producerOf(value);
    return producer?.operator === operator ? producer : undefined;
  };
  if (node.operator !== 'Mul') return false;
  const factors = node.inputs.flatMap((input) => from(input, 'Mul')?.inputs ?? []);
  const sums = factors.flatMap((factor) => from(factor, 'Add')?.inputs ?? []);
  return sums.some((term) => from(term, 'Erf') !== undefined);
}

/** Padding is 0 behind the shift, not in front of it, so a shift only goes through an operator without padding. */
function canShiftInput(node: Node): boolean {
  if (node.operator === 'Gemm' || node.operator === 'MatMul') return true;
  const isPlain = stringAttribute(node, 'auto_pad', 'NOTSET') === 'NOTSET';
  return node.operator === 'Conv' && isPlain && (intsAttribute(node, 'pads') ?? []).every((pad) => pad === 0);
}

/** bias + weight . shift, summed over input channels and the kernel. */
function shiftedBias(editor: GraphEditor, node: Node, linear: Linear, weight: Constant, shift: Float64Array): string {
  const bias = (node.inputs[2] ?? '') === '' ? undefined : editor.constantOf(node.inputs[2]);
  const sums = Float64Array.from({ length: linear.channels }, (_, c) =>
    bias ? Number(bias.data[bias.data.length === 1 ? 0 : c]) : 0,
  );
  const stride = (axis: number): number => weight.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const [outStride, inStride] = [stride(linear.weightOutputAxis), stride(linear.weightInputAxis)];
  for (let i = 0; i < weight.data.length; i++) {
    const out = Math.floor(i / outStride) % weight.shape[linear.weightOutputAxis];
    const channel = Math.floor(i / inStride) % weight.shape[linear.weightInputAxis];
    sums[out] += Number(weight.data[i]) * shift[channel];
  }
  return editor.constant(beside(node, 'bias'), {
    type: 'float32',
    shape: [linear.channels],
    data: Float32Array.from(sums),
  });
}
