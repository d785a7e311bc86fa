// Which tensors of a training graph can be looked at in a step that changes nothing.
import { type Graph, type GraphNode, type GraphTensor, nodeOf } from '../tensorflow/graph.ts';
import type { TrainingGraph } from './training-graph.ts';

/** A tensor of a training graph that is computed, and by what. */
export interface ProbedTensor extends GraphTensor {
  readonly operation: string;
  /** Names of the tensors that it is computed from. */
  readonly from: readonly string[];
}

/** What is read or given, not computed. */
const given = new Set(['Placeholder', 'Const', 'VarHandleOp', 'ReadVariableOp']);
/** FusedBatchNormV3 keeps what it likes for its own gradient in the outputs from this one on. */
const FIRST_RESERVE = 3;

/**
 * Losses, activations and gradients of a step, float32, in the order in which they are computed: all that does not wait for a variable to
 * change.
 */
export function probedTensors({ graph, result }: TrainingGraph): ProbedTensor[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const behind = new Set<string>();
  const stack = [nodeOf(result.name)];
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    if (behind.has(name)) continue;
    behind.add(name);
    for (const input of byName.get(name)?.inputs ?? []) stack.push(sourceOf(input));
  }
  const nodes = graph.nodes.filter(({ name }) => behind.has(name));
  // A node comes after those that it waits for.
  const waiting = new Set<string>();
  const hasOutput = ({ name }: GraphNode): boolean => graph.tensors.has(`${name}:0`);
  for (const node of nodes)
    if (!hasOutput(node) || node.inputs.some((input) => waiting.has(sourceOf(input)))) waiting.add(node.name);
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return nodes.flatMap(({ name, operation, inputs }): ProbedTensor[] => {
    if (given.has(operation) || waiting.has(name)) return [];
    const from = inputs.filter((input) => !input.startsWith('^'));
    return outputsOf(graph.tensors, name).flatMap((tensor, index) => {
      const isReserve = operation === 'FusedBatchNormV3' && index >= FIRST_RESERVE;
      const isProbed = tensor.type === 'float32' && !isReserve && (index === 0 || used.has(tensor.name));
      return isProbed ? [{ ...tensor, operation, from }] : [];
    });
  });
}

/**
 * Adds a node that reads `tensor`, and gives what to fetch in its place. Fetched itself, TensorFlow may lose it: with oneDNN it fuses mish
 * whether or not the Softplus within is fetched, but never a node that something else reads.
 */
export function addReader(graph: Graph, { name, type, shape }: GraphTensor): GraphTensor {
  return graph.add('Identity', [name], { T: { type } }, [{ type, shape }], { name: `probe/${nodeOf(name)}` })[0];
}

const sourceOf = (input: string): string => nodeOf(input.replace(/^\^/, ''));

function outputsOf(tensors: ReadonlyMap<string, GraphTensor>, node: string): GraphTensor[] {
  const outputs: GraphTensor[] = [];
  for (let tensor = tensors.get(`${node}:0`); tensor; tensor = tensors.get(`${node}:${outputs.length}`))
    outputs.push(tensor);
  return outputs;
}
