// The first convolution that an image meets in a model, with what is done to pixels before it: enough to tell which scale of pixels
// its weights were made for. Letters: O filters, I channels, kh kw kernel.
import type { Constant } from './graph/constant.ts';
import type { Node, OnnxModel } from './graph/graph.ts';

export interface FirstLayer {
  /** The node's name, for messages. */
  readonly name: string;
  /** [O, I, kh, kw] */
  readonly weights: Float64Array;
  readonly shape: readonly [filters: number, channels: number, height: number, width: number];
  /** [O]: what is added to the weighted pixels; undefined where nothing is. */
  readonly bias: Float64Array | undefined;
  /** [O]: variance of the weighted pixels while the network was trained, where a batch normalisation follows. */
  readonly variance: Float64Array | undefined;
  /** What a pixel is before the convolution: scale x value + offset, per channel or one for all. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** What leaves the order of pixels and channels alone, as far as the scale is concerned. */
const TRANSPARENT = new Set([
  'Cast',
  'Identity',
  'Transpose',
  'Pad',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Resize',
  'Clip',
]);
/** Steps before a convolution that are followed. */
const MAXIMAL_STEPS = 12;

/** @returns undefined where the input meets something else first, whose scale cannot be told */
export function firstLayerOf({ graph }: OnnxModel, input: string): FirstLayer | undefined {
  let value = input;
  let scale: readonly number[] = [1];
  let offset: readonly number[] = [0];
  for (let step = 0; step < MAXIMAL_STEPS; step++) {
    // Its shape says nothing of its values.
    const users = graph.nodes.filter((node) => node.inputs.includes(value) && node.operator !== 'Shape');
    const [node] = users;
    if (users.length !== 1) return undefined;
    if (node.operator === 'Conv') return convolutionOf(graph, node, scale, offset);
    if (TRANSPARENT.has(node.operator)) value = node.outputs[0];
    else {
      const affine = affineOf(graph, node, value);
      if (affine === undefined) return undefined;
      scale = combine(scale, affine.scale, (a, b) => a * b);
      offset = combine(
        combine(offset, affine.scale, (a, b) => a * b),
        affine.offset,
        (a, b) => a + b,
      );
      value = node.outputs[0];
    }
  }
  return undefined;
}

/** A sum, difference, product or quotient with a constant of the value. */
function affineOf(
  graph: OnnxModel['graph'],
  { operator, inputs }: Node,
  value: string,
): { readonly scale: readonly number[]; readonly offset: readonly number[] } | undefined {
  const [left, right] = inputs;
  const isFirst = left === value;
  const constant = numbersOf(graph.constants.get(isFirst ? right : left));
  if (constant === undefined || constant.length > 64) return undefined;
  const numbers = Array.from(constant);
  switch (operator) {
    case 'Add':
      return { scale: [1], offset: numbers };
    case 'Sub':
      return isFirst ? { scale: [1], offset: numbers.map((number) => -number) } : undefined;
    case 'Mul':
      return { scale: numbers, offset: [0] };
    case 'Div':
      return isFirst && numbers.every((number) => number !== 0)
        ? { scale: numbers.map((number) => 1 / number), offset: [0] }
        : undefined;
    default:
      return undefined;
  }
}

function convolutionOf(
  graph: OnnxModel['graph'],
  node: Node,
  scale: readonly number[],
  offset: readonly number[],
): FirstLayer | undefined {
  const kernel = graph.constants.get(node.inputs[1]);
  const weights = numbersOf(kernel);
  if (kernel === undefined || weights === undefined || kernel.shape.length !== 4) return undefined;
  const [filters, channels, height, width] = kernel.shape;
  const following = graph.nodes.filter(({ inputs }) => inputs.includes(node.outputs[0]));
  const next = following.length === 1 ? following[0] : undefined;
  const added =
    next?.operator === 'Add'
      ? numbersOf(graph.constants.get(next.inputs.find((name) => name !== node.outputs[0]) ?? ''))
      : undefined;
  return {
    name: node.name || node.outputs[0],
    weights,
    shape: [filters, channels, height, width],
    bias: numbersOf(graph.constants.get(node.inputs[2] ?? '')) ?? (added?.length === filters ? added : undefined),
    variance: next?.operator === 'BatchNormalization' ? numbersOf(graph.constants.get(next.inputs[4])) : undefined,
    scale,
    offset,
  };
}

function numbersOf(constant: Constant | undefined): Float64Array | undefined {
  if (constant === undefined || constant.data instanceof BigInt64Array) return undefined;
  return constant.type === 'float32' || constant.type === 'float64'
    ? Float64Array.from(constant.data, Number)
    : undefined;
}

function combine(a: readonly number[], b: readonly number[], by: (a: number, b: number) => number): readonly number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => by(a[i % a.length], b[i % b.length]));
}
