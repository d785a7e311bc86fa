// Blocks of pixels to depth and the convolution behind them are one convolution with a larger kernel and stride.
// Models write the first as Reshape, Permute, Reshape; what such a chain does is found by following the factors of the axes.
import type { Constant } from '../graph/constant.ts';
import { type Attribute, type Graph, intAttribute, intsAttribute, type Node, stringAttribute } from '../graph/graph.ts';
import { GraphEditor } from './editor.ts';
import { beside } from './names.ts';
import { isIdentity } from './permutation.ts';

export function mergeBlocks(graph: Graph, opset: number): Graph {
  const editor = new GraphEditor(graph, opset);
  for (const node of editor.each()) if (node.operator === 'Conv') mergeInto(editor, node);
  return editor.finish();
}

/** An indivisible factor of an axis: all of the chain's reshapes cut axes only between factors. */
interface Factor {
  size: number;
}

interface Chain {
  readonly source: string;
  /** Factors of each axis behind the batch, of the source and of the result. */
  readonly from: Factor[][];
  readonly to: Factor[][];
}

/** Follows reshapes and transposes back from a value, each used only once, with the batch kept in front. */
function chainOf(editor: GraphEditor, value: string): Chain | undefined {
  const steps: Node[] = [];
  let source = value;
  for (
    let node = editor.producerOf(source);
    node && isStep(editor, node) && editor.isUsedOnce(source);
    node = editor.producerOf(source)
  ) {
    steps.unshift(node);
    [source] = node.inputs;
  }
  const sizes = steps.length === 0 ? undefined : fixedSizes(editor, source);
  if (sizes === undefined) return undefined;
  const from = sizes.map((size): Factor[] => [{ size }]);
  let to = from.map((axis) => [...axis]);
  for (const step of steps) {
    if (step.operator === 'Transpose') {
      const order = (intsAttribute(step, 'perm') ?? []).slice(1);
      const before = to;
      to = order.map((axis) => before[axis - 1]);
    } else {
      const target = fixedSizes(editor, step.outputs[0]);
      const cut = target && regroup(to, target, from);
      if (cut === undefined) return undefined;
      to = cut;
    }
  }
  return { source, from, to };
}

function isStep(editor: GraphEditor, node: Node): boolean {
  if (node.operator === 'Transpose') return intsAttribute(node, 'perm')?.[0] === 0;
  const keepsBatch = editor.typeOf(node.inputs[0])?.shape[0] === editor.typeOf(node.outputs[0])?.shape[0];
  return node.operator === 'Reshape' && keepsBatch;
}

function fixedSizes(editor: GraphEditor, value: string): number[] | undefined {
  const sizes = editor.type(value).shape.slice(1);
  return sizes.every((size) => typeof size === 'number') ? sizes.map(Number) : undefined;
}

/** The same factors grouped into axes of new sizes, cutting a factor in two where an axis ends inside it. */
function regroup(axes: readonly Factor[][], sizes: readonly number[], from: Factor[][]): Factor[][] | undefined {
  const factors = axes.flat();
  const result: Factor[][] = [];
  for (const size of sizes) {
    const group: Factor[] = [];
    let rest = size;
    while (rest > 1) {
      const factor = factors.shift();
      if (factor === undefined) return undefined;
      if (rest % factor.size !== 0) {
        if (factor.size % rest !== 0) return undefined;
        const outer: Factor = { size: rest };
        const inner: Factor = { size: factor.size / rest };
        replaceFactor(from, factor, [outer, inner]);
        factors.unshift(inner);
        group.push(outer);
        rest = 1;
      } else {
        group.push(factor);
        rest /= factor.size;
      }
    }
    result.push(group);
  }
  return factors.every((factor) => factor.size === 1) ? result : undefined;
}

function replaceFactor(axes: Factor[][], factor: Factor, parts: readonly Factor[]): void {
  for (const axis of axes) {
    const at = axis.indexOf(factor);
    if (at >= 0) axis.splice(at, 1, ...parts);
  }
}

/** What the chain does, if it is blocks to depth: the source's axes as channels, height and width, and the block. */
interface Blocks {
  readonly source: string;
  /** Permutation of the source, batch included, to [N, C, H, W]. */
  readonly toChannelsFirst: readonly number[];
  readonly block: readonly [height: number, width: number];
  readonly channels: number;
  /** For each channel of the result: row and column in the block, and channel of the source. */
  readonly place: (channel: number) => readonly [row: number, column: number, channel: number];
}

function blocksOf({ source, from, to }: Chain): Blocks | undefined {
  if (from.length !== 3 || to.length !== 3) return undefined;
  const [depth, heights, widths] = to.map((axis) => axis.filter((factor) => factor.size > 1));
  if (heights.length !== 1 || widths.length !== 1) return undefined;
  const axes = from.map((axis) => axis.filter((factor) => factor.size > 1));
  const heightAxis = axes.findIndex((axis) => axis[0] === heights[0] && axis.length <= 2);
  const widthAxis = axes.findIndex((axis) => axis[0] === widths[0] && axis.length <= 2);
  if (heightAxis < 0 || widthAxis < 0 || heightAxis === widthAxis) return undefined;
  const channelAxis = 3 - heightAxis - widthAxis;
  const [rows, columns] = [axes[heightAxis][1], axes[widthAxis][1]];
  if (rows === undefined && columns === undefined) return undefined;
  const channelFactors = axes[channelAxis];
  const channels = channelFactors.reduce((size, factor) => size * factor.size, 1);
  const place = (channel: number): readonly [number, number, number] => {
    const at = new Map<Factor, number>();
    let rest = channel;
    for (const factor of [...depth].reverse()) {
      at.set(factor, rest % factor.size);
      rest = Math.floor(rest / factor.size);
    }
    const index = (factor: Factor | undefined): number => (factor ? (at.get(factor) ?? 0) : 0);
    return [index(rows), index(columns), channelFactors.reduce((sum, factor) => sum * factor.size + index(factor), 0)];
  };
  return {
    source,
    toChannelsFirst: [0, channelAxis + 1, heightAxis + 1, widthAxis + 1],
    block: [rows?.size ?? 1, columns?.size ?? 1],
    channels,
    place,
  };
}

function mergeInto(editor: GraphEditor, node: Node): void {
  const weight = editor.constantOf(node.inputs[1]);
  const dilations = intsAttribute(node, 'dilations') ?? [1, 1];
  const isPlain = intAttribute(node, 'group', 1) === 1 && stringAttribute(node, 'auto_pad', 'NOTSET') === 'NOTSET';
  if (
    weight?.shape.length !== 4 ||
    weight.type !== 'float32' ||
    !isPlain ||
    dilations.some((dilation) => dilation !== 1)
  )
    return;
  const chain = chainOf(editor, node.inputs[0]);
  const blocks = chain && blocksOf(chain);
  if (blocks === undefined) return;
  const { block } = blocks;
  const enlarged = enlargedKernel(weight, blocks);
  const strides = (intsAttribute(node, 'strides') ?? [1, 1]).map((stride, i) => stride * block[i]);
  const pads = (intsAttribute(node, 'pads') ?? [0, 0, 0, 0]).map((pad, i) => pad * block[i % 2]);
  const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
  const image = isIdentity(blocks.toChannelsFirst)
    ? blocks.source
    : editor.add(
        'Transpose',
        [blocks.source],
        { perm: ints(blocks.toChannelsFirst) },
        { name: beside(node, 'Transpose'), before: node },
      );
  editor.update(node, {
    inputs: [image, editor.constant(node.inputs[1], enlarged), ...node.inputs.slice(2)],
    attributes: {
      ...node.attributes,
      kernel_shape: ints(enlarged.shape.slice(2)),
      strides: ints(strides),
      pads: ints(pads),
    },
  });
}

/** [O, C bh bw, kh, kw] -> [O, C, kh bh, kw bw]. */
function enlargedKernel(weight: Constant, { block, channels, place }: Blocks): Constant {
  const [outputs, depth, height, width] = weight.shape;
  const shape = [outputs, channels, height * block[0], width * block[1]];
  const data = new Float32Array(weight.data.length);
  for (let channel = 0; channel < depth; channel++) {
    const [row, column, source] = place(channel);
    for (let output = 0; output < outputs; output++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const to = ((output * channels + source) * shape[2] + y * block[0] + row) * shape[3] + x * block[1] + column;
          data[to] = Number(weight.data[((output * depth + channel) * height + y) * width + x]);
        }
  }
  return { type: 'float32', shape, data };
}
