// What of a graph can be computed in 8 bits: its units, each a node with the activation that runtimes fuse into it, and the
// values that are rounded around them.
import { type Constant, numbersOf } from '../graph/constant.ts';
import { floatAttribute, intAttribute, type Node, type OnnxModel } from '../graph/graph.ts';
import { usesOf } from './prepare.ts';

/**
 * What becomes of a unit: `int8` computes in 8 bits; `weights` stores its weight in 8 bits and `half` in 16, and both compute in
 * float32; `float` is left as it is.
 */
export type Level = 'int8' | 'weights' | 'half' | 'float';

/** A node that can be computed in 8 bits. */
export interface Unit {
  /** The node's name, which is its alone. */
  readonly name: string;
  readonly operator: string;
  /** float32 values that are rounded in front of it. */
  readonly inputs: readonly string[];
  /** The value that is rounded behind it: of its activation, where it has one that is fused. */
  readonly output: string;
  /**
   * Whether runtimes compute it in integers only where its result is rounded too. A product of matrices gives float32 from
   * integers as well, so that what leaves the graph by one need not be rounded.
   */
  readonly roundsOutput: boolean;
  /** Its constant weight, [.., channels, ..] by axis. */
  readonly weight?: { readonly value: string; readonly axis: number } | undefined;
  /** Its constant bias, one number a channel. */
  readonly bias?: string | undefined;
  /** Bytes of its weight in float32. */
  readonly bytes: number;
}

/** Activations that the convolution, product or sum in front of them ends with. */
const fused = new Set(['Relu', 'Clip']);
/** Operators without a weight that runtimes have in 8 bits. */
const plain = new Set(['Add', 'Concat', 'AveragePool', 'GlobalAveragePool']);
/** Operators that only move numbers, or choose among them: 8-bit codes go through them as they are. */
const moving = new Set(['Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity', 'MaxPool']);

/**
 * The units of a model that runtimes have in 8 bits, in the order in which they run.
 * @param model as `prepareForQuantization` leaves it
 */
export function quantizableUnits(model: OnnxModel): Unit[] {
  const { graph } = model;
  const uses = usesOf(graph.nodes, model);
  const consumers = consumersOf(graph.nodes);
  return graph.nodes.flatMap((node) => {
    if (node.domain !== '') return [];
    const unit = weightedUnit(node, graph.constants) ?? plainUnit(node, graph.constants);
    return unit === undefined ? [] : [{ ...unit, output: fusedOutput(node, unit, uses, consumers) }];
  });
}

type Constants = ReadonlyMap<string, Constant>;

function weightedUnit(node: Node, constants: Constants): Unit | undefined {
  const weight = constants.get(node.inputs[1] ?? '');
  if (weight?.type !== 'float32' || constants.has(node.inputs[0])) return undefined;
  const axis = channelAxis(node, weight);
  if (axis === undefined) return undefined;
  const biasName = node.inputs[2] ?? '';
  const bias = constants.get(biasName);
  if (biasName !== '' && bias?.type !== 'float32') return undefined;
  return {
    name: node.name,
    operator: node.operator,
    inputs: [node.inputs[0]],
    output: node.outputs[0],
    roundsOutput: node.operator === 'Conv' || node.operator === 'ConvTranspose',
    weight: { value: node.inputs[1], axis },
    ...(bias === undefined ? {} : { bias: biasName }),
    bytes: weight.data.byteLength,
  };
}

/** Undefined where runtimes do not compute the node in integers with one scale a channel of its weight. */
function channelAxis(node: Node, weight: Constant): number | undefined {
  const rank = weight.shape.length;
  switch (node.operator) {
    case 'Conv':
      return 0;
    case 'ConvTranspose':
      return intAttribute(node, 'group', 1) === 1 ? 1 : undefined;
    case 'Gemm': {
      const isPlain =
        intAttribute(node, 'transA', 0) === 0 &&
        floatAttribute(node, 'alpha', 1) === 1 &&
        floatAttribute(node, 'beta', 1) === 1;
      return isPlain ? (intAttribute(node, 'transB', 0) === 0 ? 1 : 0) : undefined;
    }
    case 'MatMul':
      return rank === 2 ? 1 : undefined;
    default:
      return undefined;
  }
}

function plainUnit(node: Node, constants: Constants): Unit | undefined {
  const isProduct = node.operator === 'MatMul';
  if (!isProduct && !plain.has(node.operator)) return undefined;
  if (node.inputs.some((input) => constants.has(input))) return undefined;
  return {
    name: node.name,
    operator: node.operator,
    inputs: [...new Set(node.inputs)],
    output: node.outputs[0],
    roundsOutput: !isProduct,
    bytes: 0,
  };
}

function consumersOf(nodes: readonly Node[]): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const input of node.inputs) consumers.set(input, [...(consumers.get(input) ?? []), node]);
  return consumers;
}

function fusedOutput(
  node: Node,
  { output, operator }: Unit,
  uses: ReadonlyMap<string, number>,
  consumers: ReadonlyMap<string, readonly Node[]>,
): string {
  const [next] = uses.get(output) === 1 ? (consumers.get(output) ?? []) : [];
  const canEnd = node.operator !== 'Concat' && !operator.endsWith('Pool');
  return canEnd && next?.domain === '' && fused.has(next.operator) && next.inputs[0] === output
    ? next.outputs[0]
    : output;
}

/** The value whose numbers a value has, moved: what shares one scale. */
export function rootsOf({ graph }: OnnxModel): (value: string) => string {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  return (value) => {
    let root = value;
    for (;;) {
      const producer = producers.get(root);
      if (producer === undefined || producer.domain !== '' || !moving.has(producer.operator)) return root;
      if (producer.outputs[0] !== root) return root;
      [root] = producer.inputs;
    }
  };
}

/** The values whose ranges the units need: calibrate on these. */
export function calibratedValues(model: OnnxModel, units: readonly Unit[]): string[] {
  const rootOf = rootsOf(model);
  return [...new Set(units.flatMap(({ inputs, output }) => [...inputs, output]).map(rootOf))];
}

/** The numbers of a bias, one a channel, however it is written; undefined where it is something else. */
export function biasNumbers(bias: Constant, channels: number): Float32Array | undefined {
  const numbers = numbersOf(bias);
  if (numbers.length === 1) return new Float32Array(channels).fill(numbers[0]);
  const isRow = numbers.length === channels && bias.shape[bias.shape.length - 1] === channels;
  return isRow ? Float32Array.from(numbers) : undefined;
}
