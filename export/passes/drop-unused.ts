// Outputs that nobody uses are left out, where the operator lets them be: the sequence or the states of a recurrence.
import type { Graph, Node } from '../graph/graph.ts';
import { usedNames } from './names.ts';

const optionalOutputs = new Set(['RNN', 'GRU', 'LSTM']);

/** Runs last: the passes before it expect every output to have a name. */
export function dropUnused(graph: Graph): Graph {
  const used = new Set([...graph.nodes.flatMap(usedNames), ...graph.outputs.map((output) => output.name)]);
  const nodes = graph.nodes.map((node): Node => {
    if (!optionalOutputs.has(node.operator)) return node;
    const outputs = node.outputs.map((output) => (used.has(output) ? output : ''));
    while (outputs.at(-1) === '') outputs.pop();
    return { ...node, outputs };
  });
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const inputs = new Set(graph.inputs.map((input) => input.name));
  return { ...graph, nodes, types: new Map([...graph.types].filter(([name]) => made.has(name) || inputs.has(name))) };
}
